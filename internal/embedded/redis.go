package embedded

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// redisTick is how late a key may expire. The server in this process has no
// clock of its own: without a tick nothing would ever expire, and one that
// looks at every key before each command would make commands slow.
const redisTick = 100 * time.Millisecond

// Redis is a Redis server in this process, for one instance of Ponti. What it
// holds ends with it.
type Redis struct {
	server   *miniredis.Miniredis
	password string

	stop    chan struct{} // closed by Stop
	stopped chan struct{} // closed when the clock has ended
	once    sync.Once
}

// StartRedis starts the server on a free port of the loopback interface, with
// a random password, because every user of the machine reaches that port.
func StartRedis() (*Redis, error) {
	r := &Redis{
		server: miniredis.NewMiniRedis(), password: rand.Text(),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	r.server.RequireAuth(r.password)
	if err := r.server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("embedded Redis: %w", err)
	}
	go r.runClock()
	return r, nil
}

func (r *Redis) runClock() {
	defer close(r.stopped)
	tick := time.NewTicker(redisTick)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-r.stop:
			return
		case <-tick.C:
			now := time.Now()
			r.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

// URL is the connection string, as REDIS_URL would give it. It holds the
// password: never log it.
func (r *Redis) URL() string {
	u := url.URL{Scheme: "redis", User: url.UserPassword("", r.password), Host: r.server.Addr(), Path: "/0"}
	return u.String()
}

// Stop ends the server and its connections; calling it again does nothing.
func (r *Redis) Stop() {
	r.once.Do(func() {
		close(r.stop)
		<-r.stopped
		r.server.Close()
	})
}
