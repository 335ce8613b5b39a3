package pgtest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// FreePort is a port of the loopback interface that nobody listens on. It lies
// below those that the system gives to outgoing connections, so that nobody
// gets it while the server that used it is stopped.
func FreePort(t testing.TB) int {
	t.Helper()
	var err error
	for range 20 {
		port := 10_000 + rand.IntN(20_000) //nolint:gosec // no secret
		var l net.Listener
		if l, err = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err != nil {
			continue
		}
		if err = l.Close(); err == nil {
			return port
		}
	}
	t.Fatal("pgtest: no free port: ", err)
	return 0
}
