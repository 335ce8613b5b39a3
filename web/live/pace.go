package live

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"ponti/account"
)

// pacesKept bounds the memory of the paces: about 150 bytes each.
const pacesKept = 20_000

// pace counts what each account sends through this instance, over all its sockets and forms: who opens more of them, or comes back on
// a new one, sends no more for it. It holds with Redis stopped.
type pace struct {
	times int // static
	mu    sync.Mutex
	all   map[account.ID]*rate.Limiter // guarded by mu
}

func newPace(times int) *pace { return &pace{times: times, all: map[account.ID]*rate.Limiter{}} }

// messagesPerMinute is how much somebody may send, and twice that within their first minute.
func messagesPerMinute(a account.Actor) int {
	switch {
	case a.Is(account.RoleGuest):
		return 30
	case a.IsStaff():
		return 120
	}
	return 60
}

func (p *pace) allow(a account.Actor) bool {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.all[a.ID]
	if l == nil {
		if len(p.all) >= pacesKept {
			p.forget(now)
		}
		n := messagesPerMinute(a) * p.times
		l = rate.NewLimiter(rate.Every(time.Minute/time.Duration(n)), n)
		p.all[a.ID] = l
	}
	return l.AllowN(now, 1)
}

// forget drops those that have sent nothing for a while, and if there are none, all; mu is held.
func (p *pace) forget(now time.Time) {
	for id, l := range p.all {
		if l.TokensAt(now) >= float64(l.Burst()) {
			delete(p.all, id)
		}
	}
	if len(p.all) >= pacesKept {
		clear(p.all)
	}
}

// MaySend counts one message of an account, by whatever way it comes; TooMany when it comes too fast.
func (h *Hub) MaySend(a account.Actor) error {
	if h.pace.allow(a) {
		return nil
	}
	h.counts.refused("messages").Inc()
	return errTooFast
}
