package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"io"
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

// Limits bound requests, in the memory of this instance: they hold with Redis stopped. Everybody behind one address shares
// Address and Visitor, which may be a whole ward; who has entered has a bucket of their own.
type Limits struct {
	Address                       Limit // before anything is looked up
	Visitor, Guest, Member, Staff Limit
}

// DefaultLimits are the start values of the security checklist.
func DefaultLimits() Limits {
	return Limits{
		Address: Limit{Burst: 600, Every: 50 * time.Millisecond},
		Visitor: Limit{Burst: 60, Every: 5 * time.Second},
		Guest:   Limit{Burst: 120, Every: time.Second},
		Member:  Limit{Burst: 240, Every: 500 * time.Millisecond},
		Staff:   Limit{Burst: 600, Every: 200 * time.Millisecond},
	}
}

// limiterSize bounds the memory of a flood from many addresses: about 100 bytes each.
const limiterSize = 100_000

// limiter counts by a keyed hash of who asks; the key lives a day, in memory only, so that no address can be found from it.
type limiter struct {
	limits Limits
	random io.Reader

	mu      sync.Mutex // guards what follows
	key     [32]byte
	keyed   time.Time
	buckets map[[16]byte]*rate.Limiter
}

func newLimiter(l Limits, random io.Reader) *limiter {
	return &limiter{limits: l, random: random}
}

// address takes from the bucket that everybody behind one address shares.
func (l *limiter) address(prefix string) error { return l.take("address", prefix, l.limits.Address) }

// actor takes from the bucket of who asks. A page that is always open takes nothing from a visitor.
func (l *limiter) actor(a account.Actor, prefix string, always bool) error {
	switch {
	case always:
		return nil
	case a.Is(account.RoleVisitor):
		return l.take("visitor", prefix, l.limits.Visitor)
	case a.Is(account.RoleGuest):
		return l.take("account", a.ID.String(), l.limits.Guest)
	case a.IsPerson():
		return l.take("account", a.ID.String(), l.limits.Member)
	}
	return l.take("account", a.ID.String(), l.limits.Staff)
}

func (l *limiter) take(kind, who string, limit Limit) error {
	now := time.Now()
	b := l.bucket(now, kind+" "+who, limit)
	if b.AllowN(now, 1) {
		return nil
	}
	wait := limit.Every.Seconds() * (1 - b.TokensAt(now))
	return &refusal{status: http.StatusTooManyRequests, retryAfter: max(1, int(math.Ceil(wait)))}
}

func (l *limiter) bucket(now time.Time, who string, limit Limit) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.keyed) >= 24*time.Hour {
		_, _ = io.ReadFull(l.random, l.key[:]) // crypto/rand never fails
		l.keyed, l.buckets = now, map[[16]byte]*rate.Limiter{}
	}
	mac := hmac.New(sha256.New, l.key[:])
	_, _ = mac.Write([]byte(who))
	id := [16]byte(mac.Sum(nil))
	if b, ok := l.buckets[id]; ok {
		return b
	}
	if len(l.buckets) >= limiterSize {
		l.forgetFull(now)
	}
	b := rate.NewLimiter(rate.Every(limit.Every), limit.Burst)
	l.buckets[id] = b
	return b
}

// forgetFull drops the buckets that refilled, which is as good as new; and when a flood left none, everything.
func (l *limiter) forgetFull(now time.Time) {
	for id, b := range l.buckets {
		if b.TokensAt(now) >= float64(b.Burst()) {
			delete(l.buckets, id)
		}
	}
	if len(l.buckets) >= limiterSize {
		clear(l.buckets)
	}
}

// bucket is the network an address belongs to: /24 of IPv4, /64 of IPv6, as one household or ward has.
func (s *Server) bucket(r *http.Request) string {
	addr := s.address(r)
	bits := 64
	if addr.Is4() {
		bits = 24
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// address is where a request comes from: the last hop that is not a proxy of ours. What a stranger wrote into the header is not believed.
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
