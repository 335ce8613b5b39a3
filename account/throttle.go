package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"math"
	"net/netip"
	"sync"
	"time"

	"ponti/internal/errs"
)

// Network is where a request came from, as a salted hash of its network: enough to count by, nothing to find anybody by.
// The zero Network is "not known".
type Network [16]byte

// Network makes the bucket of an address: its /24, or /64 for IPv6, under a key that lives as long as the process.
func (a *Accounts) Network(addr netip.Addr) Network { return a.throttle.network(addr) }

// Budgets of wrong answers. They are spent before the password is looked at and given back when it was right.
var (
	// Of one network for one account: slow enough that guessing is hopeless, short enough that nobody waits long.
	pairBudget = budget{size: 6, refill: 20 * time.Second}
	// Of one account from networks where it never signed in. Guessing from many places ends here; where the owner
	// has signed in before, it does not count, so nobody is locked out by somebody else's guessing.
	accountBudget = budget{size: 20, refill: 6 * time.Second}
	// Of one network for all accounts. A ward or a library shares one.
	networkBudget = budget{size: 60, refill: 5 * time.Second}
)

// budget is a token bucket: size at most, one back per refill.
type budget struct {
	size   float64
	refill time.Duration
}

// maxCounted bounds the memory of a throttle. When so many are counted, those that are full again go first.
const maxCounted = 100_000

// throttle counts wrong answers in the memory of this instance, so its limits hold with Redis and its peers gone.
type throttle struct {
	now  func() time.Time
	salt [32]byte // static after newThrottle

	mu     sync.Mutex
	counts map[countKey]*count
	known  map[countKey]time.Time // networks where an account has signed in; guarded by mu
}

type countKey [17]byte

type count struct {
	left float64
	at   time.Time
	of   budget
}

func newThrottle(now func() time.Time) *throttle {
	t := &throttle{now: now, counts: map[countKey]*count{}, known: map[countKey]time.Time{}}
	_, _ = rand.Read(t.salt[:]) // never fails: crypto/rand ends the program instead
	return t
}

func (t *throttle) network(addr netip.Addr) Network {
	addr = addr.Unmap()
	if !addr.IsValid() {
		return Network{}
	}
	bits := 24
	if addr.Is6() {
		bits = 64
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return Network{}
	}
	b := prefix.Addr().As16()
	return Network(t.sum(b[:]))
}

func (t *throttle) sum(parts ...[]byte) [16]byte {
	h := hmac.New(sha256.New, t.salt[:])
	for _, p := range parts {
		h.Write([]byte{byte(len(p))})
		h.Write(p)
	}
	return [16]byte(h.Sum(nil))
}

// attempt is one try to sign in. Exactly one of its ends is called, or none when it was wrong.
type attempt struct {
	t      *throttle
	spent  []countKey
	remain countKey // the pair, remembered when it was right
}

// begin spends one try, or says how long to wait.
func (t *throttle) begin(service ServiceID, aliasKey string, from Network) (*attempt, error) {
	who := t.sum(service[:], []byte(aliasKey))
	pair := key('p', t.sum(who[:], from[:]))
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.sweep(now)
	type spend struct {
		key countKey
		of  budget
	}
	spends := []spend{{pair, pairBudget}}
	if _, known := t.known[pair]; !known {
		spends = append(spends, spend{key('a', who), accountBudget})
	}
	if from != (Network{}) {
		spends = append(spends, spend{key('n', from), networkBudget})
	}
	var wait time.Duration
	for _, s := range spends {
		wait = max(wait, t.at(s.key, s.of, now).wait())
	}
	if wait > 0 {
		return nil, &errs.Error{Kind: errs.TooMany, Key: "account.too_many_tries", Params: map[string]any{"Seconds": int(math.Ceil(wait.Seconds()))}}
	}
	a := &attempt{t: t, remain: pair}
	for _, s := range spends {
		t.counts[s.key].left--
		a.spent = append(a.spent, s.key)
	}
	return a, nil
}

// right gives the try back and remembers that the account signs in from this network.
func (a *attempt) right() {
	a.giveBack()
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	if len(a.t.known) >= maxCounted {
		clear(a.t.known)
	}
	a.t.known[a.remain] = a.t.now()
}

// giveBack is for tries that told nothing about the password, such as an unreachable database.
func (a *attempt) giveBack() {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	for _, k := range a.spent {
		if c := a.t.counts[k]; c != nil {
			c.left = min(c.of.size, c.left+1)
		}
	}
	a.spent = nil
}

func key(kind byte, sum [16]byte) (k countKey) {
	k[0] = kind
	copy(k[1:], sum[:])
	return k
}

// at is the count of a key as of now. mu is held.
func (t *throttle) at(k countKey, of budget, now time.Time) *count {
	c := t.counts[k]
	if c == nil {
		c = &count{left: of.size, at: now, of: of}
		t.counts[k] = c
	}
	c.refill(now)
	return c
}

func (c *count) refill(now time.Time) {
	c.left = min(c.of.size, c.left+now.Sub(c.at).Seconds()/c.of.refill.Seconds())
	c.at = now
}

func (c *count) wait() time.Duration {
	if c.left >= 1 {
		return 0
	}
	return time.Duration((1 - c.left) * float64(c.of.refill))
}

// sweep drops counts that are full again once there are too many; mu is held. If a flood leaves too few to drop, it starts afresh:
// forgetting is better than refusing everybody or growing without end.
func (t *throttle) sweep(now time.Time) {
	if len(t.counts) < maxCounted {
		return
	}
	for k, c := range t.counts {
		if c.refill(now); c.left >= c.of.size {
			delete(t.counts, k)
		}
	}
	if len(t.counts) >= maxCounted*3/4 {
		clear(t.counts)
	}
}
