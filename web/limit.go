package web

import (
	"math"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"ponti/account"
)

// Limit is a bucket: so many requests at once, and one more each Every.
type Limit struct {
	Burst int
	Every time.Duration
}

// Limits bound requests, in the memory of this instance: they hold with Redis stopped. Everybody behind one network shares
// Network and Visitor, which may be a whole ward; who has entered has a bucket of their own.
type Limits struct {
	Network                       Limit // before anything is looked up
	Visitor, Guest, Member, Staff Limit
	Handshake                     Limit // sockets opened, of an account, or of a network's visitors

	Entering, Waiting       Allowance // of a network: accounts begun, places taken in the waiting room
	EnteringAll, WaitingAll Allowance // of everybody together
}

// DefaultLimits are the start values of the security checklist.
func DefaultLimits() Limits {
	return Limits{
		Network: Limit{Burst: 600, Every: 50 * time.Millisecond},
		Visitor: Limit{Burst: 60, Every: 5 * time.Second},
		Guest:   Limit{Burst: 120, Every: time.Second},
		Member:  Limit{Burst: 240, Every: 500 * time.Millisecond},
		Staff:   Limit{Burst: 600, Every: 200 * time.Millisecond},
		// A line that comes and goes reconnects often, and several windows do so at once.
		Handshake: Limit{Burst: 60, Every: time.Second},
		// About three a day, and two an hour, as long as they come one by one.
		Entering: Allowance{Free: 3, Half: 12 * time.Hour}, Waiting: Allowance{Free: 2, Half: 30 * time.Minute},
		// Forty a minute, for as long as they like.
		EnteringAll: Allowance{Free: 60, Half: time.Minute}, WaitingAll: Allowance{Free: 60, Half: time.Minute},
	}
}

// Times is the limits so many times as wide: for a hospital behind one address, or for a load test.
func (l Limits) Times(n int) Limits {
	for _, limit := range []*Limit{&l.Network, &l.Visitor, &l.Guest, &l.Member, &l.Staff, &l.Handshake} {
		limit.Burst *= n
		limit.Every /= time.Duration(n)
	}
	for _, a := range []*Allowance{&l.Entering, &l.Waiting, &l.EnteringAll, &l.WaitingAll} {
		a.Free *= n
	}
	return l
}

// limiterSize bounds the memory of a flood from many networks: about 150 bytes each.
const limiterSize = 100_000

// limiter counts by account, or by the salted hash of a network: no address can be found from it.
type limiter struct {
	limits Limits

	mu      sync.Mutex // guards what follows
	buckets map[bucketKey]*rate.Limiter
}

// bucketKey is what a bucket counts and whom it counts.
type bucketKey struct {
	kind byte // 'n' all of a network, 'v' its visitors, 'a' an account, 'h' handshakes
	who  [16]byte
}

func newLimiter(l Limits) *limiter {
	return &limiter{limits: l, buckets: map[bucketKey]*rate.Limiter{}}
}

// network takes from the bucket that everybody in a network shares.
func (l *limiter) network(n account.Network) error {
	return l.take(bucketKey{'n', n}, l.limits.Network)
}

// actor takes from the bucket of who asks.
func (l *limiter) actor(a account.Actor, n account.Network) error {
	switch {
	case a.Is(account.RoleVisitor):
		return l.take(bucketKey{'v', n}, l.limits.Visitor)
	case a.Is(account.RoleGuest):
		return l.take(bucketKey{'a', a.ID}, l.limits.Guest)
	case a.IsPerson():
		return l.take(bucketKey{'a', a.ID}, l.limits.Member)
	}
	return l.take(bucketKey{'a', a.ID}, l.limits.Staff)
}

// handshake takes from the bucket of sockets.
func (l *limiter) handshake(a account.Actor, n account.Network) error {
	if a.Is(account.RoleVisitor) {
		return l.take(bucketKey{'h', n}, l.limits.Handshake)
	}
	return l.take(bucketKey{'h', a.ID}, l.limits.Handshake)
}

func (l *limiter) take(who bucketKey, limit Limit) error {
	now := time.Now()
	b := l.bucket(now, who, limit)
	if b.AllowN(now, 1) {
		return nil
	}
	wait := limit.Every.Seconds() * (1 - b.TokensAt(now))
	return &refusal{status: http.StatusTooManyRequests, retryAfter: max(1, int(math.Ceil(wait)))}
}

func (l *limiter) bucket(now time.Time, who bucketKey, limit Limit) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.buckets[who]; ok {
		return b
	}
	if len(l.buckets) >= limiterSize {
		l.forgetFull(now)
	}
	b := rate.NewLimiter(rate.Every(limit.Every), limit.Burst)
	l.buckets[who] = b
	return b
}

// forgetFull drops the buckets that refilled, which is as good as new; and when a flood left none, everything.
func (l *limiter) forgetFull(now time.Time) {
	for who, b := range l.buckets {
		if b.TokensAt(now) >= float64(b.Burst()) {
			delete(l.buckets, who)
		}
	}
	if len(l.buckets) >= limiterSize {
		clear(l.buckets)
	}
}

// address is the last hop that is not a proxy of ours. What a stranger wrote into the header is not believed.
func (s *Server) address(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.isProxy(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
	}
	return addr.WithZone("")
}

func (s *Server) isProxy(a netip.Addr) bool {
	for _, p := range s.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
