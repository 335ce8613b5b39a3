// Package e2e tells the stories of Ponti from outside: the real program as processes of its own, a real PostgreSQL that
// syncs to disk, a real Redis, real kills. It sees what a person's browser and an operator's terminal see, and holds it
// against what the database has. What is proved where:
//
//	history_test.go     what a room has stored, for internal/history, which finds each breach of invariant I1
//	faults_test.go      conversations over two instances while one is killed again and again or asked to stop, Redis is
//	                    gone, Redis hangs, PostgreSQL is killed (F1, F3, F7, F8; I1, I3, I4, I6)
//	withstand_test.go   conversations over three instances behind proxies: Redis emptied, lied in, cut off, slow; PostgreSQL
//	                    slow, a room locked (F4, F5, F6, F10, F17, F18 in part, F34)
//	hostile_test.go     a window that does not read, frames that are none (F15, F20, F21)
//	escalation_test.go  a crisis that nobody acknowledges climbs on time though every instance is killed (F2; I2)
//	decisions_test.go   one winner among ESPs who accept at once; sockets fall silent when a session ends (I5, I7)
//	load_test.go        ponti-load against real instances: nothing lost under load; with PONTI_LOAD set, the figures of docs/performance.md
//	embedded_test.go    ponti demo with its own stores: killed, started again, ended by Ctrl-C
//
// The means: cluster_test.go and process_test.go run programs, browser_test.go opens pages and sends forms, device_test.go
// is a client of docs/protocol.md, proxy_test.go puts
// proxies between instances and their stores and reads their figures, people_test.go knows the ways through the site, talk_test.go has people talk while
// outsiders of every role listen at the door.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program and loader are the built binaries. Set before the first test.
var program, loader string

// measuring is true when speed is to be measured: then nothing is built with the race detector, which costs five times.
var measuring = os.Getenv("PONTI_LOAD") != ""

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ponti-bin")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	program, loader = filepath.Join(dir, "ponti"), filepath.Join(dir, "ponti-load")
	for _, binary := range []string{program, loader} {
		build := exec.Command("go", "build", fmt.Sprintf("-race=%t", !measuring), "-buildvcs=false", "-o", binary, "./cmd/"+filepath.Base(binary)) //nolint:noctx // as long as it takes
		build.Dir = ".."
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "e2e: it does not build: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}
