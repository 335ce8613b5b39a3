package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"
	"math/bits"
	"net/http"
	"sync"
	"time"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/web/page/parts"
)

// Coming in costs nothing while few do. When more come from one network than usual, or to the whole instance, it costs a proof of
// work: a number to be found by the browser by trying, in a second or so, which a thousand hostile entries a minute must find a
// thousand times. It is no refusal, since a ward shares one address, and no picture to be solved by a person. A browser
// without JavaScript pays with patience instead: its form counts once it has been open for a while, a few of a network at a time.

// Allowance is how many come in for nothing, 0 for as many as like; what came before counts half as much after each Half.
type Allowance struct {
	Free int
	Half time.Duration
}

// way is what is entered; it is part of each puzzle.
type way byte

const (
	wayIn      way = 'e' // an account begins: guest or member
	wayWaiting way = 'w' // a place in the waiting room
)

// everybodys is the kind of the counts that are of no network.
const everybodys = 'A'

const (
	leastBits  = 16               // 65,000 tries on average: under a second on a phone
	mostBits   = 21               // thirty times that, in a raid of one's own network
	puzzleLife = 30 * time.Minute // a form that is open for longer gets another puzzle
	patience   = 20 * time.Second // how long a form without an answer must have been open
)

// patients is how many of a network may come in by patience.
var patients = Limit{Burst: 3, Every: 20 * time.Second}

// puzzleSize: way, bits, when it was made, a nonce, and the sum that proves that we made it.
const (
	puzzleHead = 1 + 1 + 8 + 8
	puzzleSize = puzzleHead + sha256.Size
)

// cost counts who came in and checks what they paid, in the memory of this instance. Puzzles are valid on every instance.
type cost struct {
	secret []byte
	limits Limits

	mu       sync.Mutex             // guards what follows
	pressure map[bucketKey]pressure // bounded by limiterSize
	spent    map[[16]byte]time.Time // puzzles that were used, until they expire; bounded by limiterSize
}

// pressure is how many came in, of late more than of old.
type pressure struct {
	n  float64
	at time.Time
}

func newCost(secret []byte, l Limits) *cost {
	return &cost{secret: secret, limits: l, pressure: map[bucketKey]pressure{}, spent: map[[16]byte]time.Time{}}
}

// gates are the two counts an entry meets: of its network, and of everybody.
func (c *cost) gates(w way, n account.Network) [2]gate {
	own, all := c.limits.Entering, c.limits.EnteringAll
	if w == wayWaiting {
		own, all = c.limits.Waiting, c.limits.WaitingAll
	}
	return [2]gate{{bucketKey{byte(w), n}, own}, {bucketKey{everybodys, [16]byte{byte(w)}}, all}}
}

type gate struct {
	key       bucketKey
	allowance Allowance
}

// price is how many bits one more entry costs now; 0 is nothing.
func (c *cost) price(w way, n account.Network, now time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.priceLocked(w, n, now)
}

func (c *cost) priceLocked(w way, n account.Network, now time.Time) int {
	most := 0
	for _, g := range c.gates(w, n) {
		if g.allowance.Free == 0 {
			continue // no bound
		}
		if over := (c.pressure[g.key].now(now, g.allowance) + 1) / float64(g.allowance.Free); over > 1 {
			most = max(most, min(leastBits+int(math.Log2(over)), mostBits))
		}
	}
	return most
}

func (p pressure) now(now time.Time, a Allowance) float64 {
	return p.n * math.Exp2(-now.Sub(p.at).Hours()/a.Half.Hours())
}

// admit counts one entry that paid so many bits, or says that it costs more.
func (c *cost) admit(w way, n account.Network, now time.Time, paid int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A bit more than when the puzzle was made is let pass: the price rose while it was being worked on.
	if price := c.priceLocked(w, n, now); price > 0 && paid < price-1 {
		return false
	}
	for _, g := range c.gates(w, n) {
		if len(c.pressure) >= limiterSize {
			c.forget()
		}
		c.pressure[g.key] = pressure{c.pressure[g.key].now(now, g.allowance) + 1, now}
	}
	return true
}

// forget drops one half of the counts, any: whoever is counted anew has a few entries for nothing.
func (c *cost) forget() {
	for key := range c.pressure {
		if len(c.pressure) < limiterSize/2 {
			return
		}
		if key.kind != everybodys {
			delete(c.pressure, key)
		}
	}
}

// puzzle makes one for a subject, the only one whom it serves; zeros serve anybody.
func (c *cost) puzzle(w way, subject account.ID, n int, now time.Time) []byte {
	p := make([]byte, puzzleHead, puzzleSize)
	p[0], p[1] = byte(w), byte(n)
	binary.BigEndian.PutUint64(p[2:], uint64(now.UnixNano()))
	_, _ = rand.Read(p[10:])
	return append(p, c.sum(p, subject)...)
}

func (c *cost) sum(head []byte, subject account.ID) []byte {
	m := hmac.New(sha256.New, c.secret)
	m.Write(head)
	m.Write(subject[:])
	return m.Sum(nil)
}

// paid is how many bits an answer to a puzzle pays, and since when the puzzle is known; 0 when it is no answer, and no time when
// the puzzle is not ours, not for this subject, or expired.
func (c *cost) paid(w way, subject account.ID, token, proof string, now time.Time) (n int, since time.Time) {
	p, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(p) != puzzleSize || p[0] != byte(w) || !hmac.Equal(p[puzzleHead:], c.sum(p[:puzzleHead], subject)) {
		return 0, time.Time{}
	}
	made := time.Unix(0, int64(binary.BigEndian.Uint64(p[2:])))
	if now.Sub(made) > puzzleLife {
		return 0, time.Time{}
	}
	if proof == "" || len(proof) > 16 || zeros(workOf(p)+":"+proof) < int(p[1]) {
		return 0, made
	}
	return int(p[1]), made
}

// workOf is what the answer is appended to. It fits with the answer into one block of the hash, so that browsers are quick about it.
func workOf(p []byte) string { return base64.RawURLEncoding.EncodeToString(p[puzzleHead:]) }

// zeros counts the leading zero bits of a text's SHA-256.
func zeros(text string) int {
	sum := sha256.Sum256([]byte(text))
	n := 0
	for _, b := range sum {
		if b != 0 {
			return n + bits.LeadingZeros8(b)
		}
		n += 8
	}
	return n
}

// spend uses a puzzle up; false when it was used before.
func (c *cost) spend(token string, now time.Time) bool {
	var key [16]byte
	sum := sha256.Sum256([]byte(token))
	copy(key[:], sum[:])
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, used := c.spent[key]; used {
		return false
	}
	if len(c.spent) >= limiterSize {
		for old, until := range c.spent {
			if now.After(until) {
				delete(c.spent, old)
			}
		}
		if len(c.spent) >= limiterSize {
			clear(c.spent) // each was worked for; used twice they are still half the work
		}
	}
	c.spent[key] = now.Add(puzzleLife)
	return true
}

// price is the puzzle a form must carry now; nil while coming in costs nothing.
func (s *Server) price(r *http.Request, w way) *parts.Puzzle {
	now := time.Now()
	n := s.cost.price(w, s.Accounts.Network(s.address(r)), now)
	if n == 0 {
		return nil
	}
	p := s.cost.puzzle(w, s.actor(r).ID, n, now)
	return &parts.Puzzle{Token: base64.RawURLEncoding.EncodeToString(p), Work: workOf(p), Bits: n}
}

// pay lets an entry pass, or answers TooMany with "Seconds" to wait: the form is then shown again, with a puzzle.
func (s *Server) pay(r *http.Request, w way) error {
	var in struct {
		Puzzle string `form:"puzzle"`
		Proof  string `form:"proof"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	now, network := time.Now(), s.Accounts.Network(s.address(r))
	paid, since := s.cost.paid(w, s.actor(r).ID, in.Puzzle, in.Proof, now)
	price := s.cost.price(w, network, now)
	if price > 0 && !since.IsZero() {
		if paid == 0 && now.Sub(since) >= patience && s.limiter.take(bucketKey{'p', network}, patients) == nil {
			paid = mostBits
		}
		if paid > 0 && !s.cost.spend(in.Puzzle, now) {
			paid = 0
		}
	}
	if !s.cost.admit(w, network, now, paid) {
		s.metrics.unpaid.Inc()
		return &errs.Error{Kind: errs.TooMany, Key: "form.many_come", Params: map[string]any{"Seconds": int(patience.Seconds())}}
	}
	return nil
}
