package web

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/ids"
)

// answerTo finds the number that a browser would find.
func answerTo(work string, bits int) string {
	for n := 0; ; n++ {
		if proof := strconv.Itoa(n); zeros(work+":"+proof) >= bits {
			return proof
		}
	}
}

func TestCost_price(t *testing.T) {
	c := newCost([]byte("secret"), Limits{Entering: Allowance{Free: 3, Half: 12 * time.Hour}, EnteringAll: Allowance{Free: 60, Half: time.Minute}})
	ward, home := account.Network{1}, account.Network{2}
	now := time.Now()
	for range 3 {
		assert.Zero(t, c.price(wayIn, ward, now))
		require.True(t, c.admit(wayIn, ward, now, 0))
	}
	assert.Equal(t, leastBits, c.price(wayIn, ward, now), "the fourth of a day works for it")
	assert.False(t, c.admit(wayIn, ward, now, 0))
	assert.True(t, c.admit(wayIn, ward, now, leastBits))
	assert.Zero(t, c.price(wayIn, home, now), "others do not")
	assert.Zero(t, c.price(wayWaiting, ward, now), "nor in another place: this one has no bound")
	assert.Zero(t, c.price(wayIn, ward, now.Add(24*time.Hour)), "a day later it is forgotten")

	for range 200 {
		c.admit(wayIn, ward, now, mostBits)
	}
	assert.Equal(t, mostBits, c.price(wayIn, ward, now), "more who come, more work, up to a bound")
	assert.Equal(t, leastBits+1, c.price(wayIn, home, now), "very many, and everybody works a little")
	assert.Zero(t, c.price(wayIn, home, now.Add(3*time.Minute)))
}

func TestCost_paid(t *testing.T) {
	c := newCost([]byte("secret"), DefaultLimits())
	now, anna := time.Now(), ids.New[account.Account]()
	raw := c.puzzle(wayWaiting, anna, 10, now)
	token := base64.RawURLEncoding.EncodeToString(raw)
	proof := answerTo(workOf(raw), 10)
	paid := func(c *cost, w way, who account.ID, token, proof string, at time.Time) int {
		n, _ := c.paid(w, who, token, proof, at)
		return n
	}
	assert.Equal(t, 10, paid(c, wayWaiting, anna, token, proof, now))
	assert.Equal(t, 10, paid(newCost([]byte("secret"), Limits{}), wayWaiting, anna, token, proof, now), "another instance knows it, too")
	assert.Zero(t, paid(newCost([]byte("guess"), Limits{}), wayWaiting, anna, token, proof, now))
	assert.Zero(t, paid(c, wayIn, anna, token, proof, now), "made for another way")
	assert.Zero(t, paid(c, wayWaiting, ids.New[account.Account](), token, proof, now), "made for another person")
	assert.Zero(t, paid(c, wayWaiting, anna, token, proof+"0", now))
	assert.Zero(t, paid(c, wayWaiting, anna, token, "", now))
	assert.Zero(t, paid(c, wayWaiting, anna, token, proof, now.Add(puzzleLife+time.Second)))
	raw[1] = 1
	assert.Zero(t, paid(c, wayWaiting, anna, base64.RawURLEncoding.EncodeToString(raw), proof, now), "made easier")
	for _, bad := range []string{"", "x", "€", strings.Repeat("A", 1<<20), base64.RawURLEncoding.EncodeToString(make([]byte, puzzleSize))} {
		assert.Zero(t, paid(c, wayWaiting, anna, bad, proof, now))
	}
	assert.Zero(t, paid(c, wayWaiting, anna, token, strings.Repeat("0", 1<<20), now))

	var wins sync.Map
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if c.spend(token, now) {
				wins.Store(i, true)
			}
		})
	}
	all.Wait()
	n := 0
	wins.Range(func(any, any) bool { n++; return true })
	assert.Equal(t, 1, n, "used once, by whoever is first")
}

// A flood from very many networks does not fill the memory.
func TestCost_bounded(t *testing.T) {
	c := newCost([]byte("secret"), DefaultLimits())
	now := time.Now()
	for i := range 3 * limiterSize {
		c.admit(wayIn, account.Network{byte(i), byte(i >> 8), byte(i >> 16), 1}, now, mostBits)
		c.spend(strconv.Itoa(i), now)
	}
	assert.LessOrEqual(t, len(c.pressure), limiterSize)
	assert.LessOrEqual(t, len(c.spent), limiterSize)
	assert.Equal(t, mostBits, c.price(wayIn, account.Network{9, 9, 9, 9}, now), "what everybody's count says is not forgotten")
}

// from makes a browser's requests come from an address.
func (b *browser) from(address string) *browser {
	b.headers.Set("X-Forwarded-For", address)
	return b
}

// newSiteBehindProxy is the site where browsers come from addresses of their own, and are counted by them.
func newSiteBehindProxy(t *testing.T) *site {
	t.Helper()
	st := newSite(t)
	st.cost = newCost(st.cost.secret, DefaultLimits())
	st.Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // httptest's own address
	return st
}

func enterBy(b *browser, more ...string) answer {
	return b.post("/enter/name", append([]string{"adult", "true", "consent", "true", "version", account.ConsentVersion}, more...)...)
}

// Coming in when many do: with the puzzle's answer, with patience, and not without.
func TestEnter_whenManyCome(t *testing.T) {
	t.Parallel()
	st := newSiteBehindProxy(t)
	for i := range 3 {
		require.Equal(t, http.StatusSeeOther, enterBy(st.browser(t).from("198.51.100.7"), "alias", fmt.Sprintf("Airone %d", i)).StatusCode)
	}
	b := st.browser(t).from("198.51.100.7")
	a := enterBy(b, "alias", "Cicogna")
	require.Equal(t, http.StatusTooManyRequests, a.StatusCode)
	assert.Equal(t, "20", a.Header.Get("Retry-After"))
	assert.Equal(t, "Cicogna", a.Find("[name=alias]").AttrOr("value", ""), "nothing is lost")
	assert.Contains(t, a.text(".error-summary"), "Non hai sbagliato niente")

	token, work := a.Find("[name=puzzle]").AttrOr("value", ""), a.Find("[data-work]").AttrOr("data-work", "")
	bits, err := strconv.Atoi(a.Find("[data-bits]").AttrOr("data-bits", ""))
	require.NoError(t, err)
	assert.Equal(t, http.StatusTooManyRequests, enterBy(b, "alias", "Cicogna", "puzzle", token).StatusCode, "no answer, and no patience")
	proof := answerTo(work, bits)
	require.Equal(t, http.StatusSeeOther, enterBy(b, "alias", "Cicogna", "puzzle", token, "proof", proof).StatusCode)
	assert.Equal(t, http.StatusTooManyRequests, enterBy(st.browser(t).from("198.51.100.7"), "alias", "Rondine", "puzzle", token, "proof", proof).StatusCode,
		"an answer serves once")

	assert.Zero(t, st.browser(t).from("203.0.113.5").post("/enter", "adult", "true", "consent", "true").Find("[name=puzzle]").Length(), "elsewhere it costs nothing")
	a = st.browser(t).from("198.51.100.7").get("/sign-up")
	assert.Equal(t, 1, a.Find("[name=puzzle]").Length(), "members come in by the same door")

	old := st.cost.puzzle(wayIn, account.ID{}, leastBits, time.Now().Add(-patience))
	for i := range patients.Burst + 1 {
		alias, token := fmt.Sprintf("Merlo %d", i), st.cost.puzzle(wayIn, account.ID{}, leastBits, time.Now().Add(-patience))
		if i == 0 {
			token = old
		}
		got := enterBy(st.browser(t).from("198.51.100.7"), "alias", alias, "puzzle", base64.RawURLEncoding.EncodeToString(token), "proof", "").StatusCode
		if i < patients.Burst {
			assert.Equal(t, http.StatusSeeOther, got, "whoever kept the form open comes in")
		} else {
			assert.Equal(t, http.StatusTooManyRequests, got, "a few at a time")
		}
	}
}

// A raid: a thousand hostile entries from ten networks, in the time of this test. Who waited keeps their place, who comes meanwhile gets
// the place behind them, and ESPs are offered to them.
func TestRaid(t *testing.T) {
	t.Parallel()
	st := newSiteBehindProxy(t)
	_, _, who := st.open(t)
	waits := func(address string) account.Actor {
		person := st.someGuest(t)
		b := st.signedIn(t, person.ID).from(address)
		require.Equal(t, http.StatusSeeOther, b.post("/waiting", "topic", "non dormo più").StatusCode)
		return person
	}
	position := func(person account.Actor) int {
		p, err := st.Chat.Place(t.Context(), person)
		require.NoError(t, err)
		return p.Position
	}
	var before []account.Actor
	var them []account.ID
	for i := range 5 {
		before = append(before, waits(fmt.Sprintf("203.0.%d.1", i)))
		them = append(them, before[i].ID)
	}
	var late account.Actor
	came := 0
	for i := range 1000 {
		b := st.browser(t).from(fmt.Sprintf("198.51.%d.1", i%10))
		if enterBy(b, "alias", fmt.Sprintf("Corvo %d", i)).StatusCode == http.StatusSeeOther {
			came++
			b.post("/waiting", "topic", "")
		}
		if i == 500 {
			late = waits("192.88.99.1")
		}
	}
	assert.Positive(t, came)
	assert.LessOrEqual(t, came, 30, "three of each network, and then they would have to work")
	for i, person := range before {
		assert.Equal(t, i+1, position(person))
	}
	ahead := position(late) - 1 - len(before)
	assert.LessOrEqual(t, ahead, 20, "two of each network were in before")

	for range before {
		desk, err := st.Chat.Desk(t.Context(), who.esp)
		require.NoError(t, err)
		room, err := st.Chat.AcceptOffer(t.Context(), who.esp, desk.Offer.ID)
		require.NoError(t, err)
		view, err := st.Chat.Room(t.Context(), who.esp, room)
		require.NoError(t, err)
		require.Equal(t, chat.Open, view.State)
		require.NoError(t, st.Chat.EndConversation(t.Context(), who.esp, room))
	}
	var others int
	require.NoError(t, st.pool.QueryRow(t.Context(), `select count(*) from chat_offers o join chat_places p on p.id = o.place_id
		where o.state = 'accepted' and p.person_id <> all($1)`, them).Scan(&others))
	assert.Zero(t, others, "the ESP met those who were there first")
}
