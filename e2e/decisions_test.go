package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/internal/history"
	"ponti/web/wire"
)

// TestOneWinner has two ESPs, each on both instances, accept at once what one of them is offered. (A thousand rounds of it
// without HTTP are told in package chat.)
func TestOneWinner(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	a, b := c.instances[0], c.instances[1]
	marta, _ := staffed(t, a, b, "Marta", "Tommaso")
	nico := signIn(t, b, "localhost", "Nico")
	goOn(t, nico)
	openDevice(t, nico, "Nico at the desk", &history.History{}, "", places(b), wire.Desk)
	martaToo, nicoToo := signIn(t, b, "localhost", "Marta"), signIn(t, a, "localhost", "Nico")
	esps := []*browser{marta, martaToo, nico, nicoToo}
	conn := c.connect(t)
	for round := range 6 {
		guest := enter(t, c.instances[round%2])
		ask(t, guest)
		var offer string
		require.NoError(t, within(patience, func() error {
			for _, esp := range esps {
				p, err := esp.get("/desk")
				if err != nil {
					return err
				}
				if f := p.doc.Find(acceptForm); f.Length() == 1 {
					offer = f.AttrOr("action", "")
					return nil
				}
			}
			return errors.New("nobody was offered the waiting person")
		}))
		var all sync.WaitGroup
		pages, errs := make([]*page, len(esps)), make([]error, len(esps))
		for i, esp := range esps {
			all.Go(func() { pages[i], errs[i] = esp.do(http.MethodPost, offer, nil) })
		}
		all.Wait()
		var won []string
		room := ""
		for i, p := range pages {
			require.NoError(t, errs[i])
			require.Less(t, p.status, 500, p.text("main"))
			if p.status == http.StatusOK && strings.HasPrefix(p.url.Path, "/rooms/") {
				won = append(won, []string{"Marta", "Marta", "Nico", "Nico"}[i])
				room = path.Base(p.url.Path)
			}
		}
		require.NotEmpty(t, won, "round %d: nobody won", round)
		for _, who := range won {
			require.Equal(t, won[0], who, "round %d: two ESPs won", round)
		}
		var helpers, accepted int
		require.NoError(t, conn.QueryRow(t.Context(), "select count(*) from chat_participants where room_id = $1 and part = 'esp'", room).Scan(&helpers))
		require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from chat_offers o join chat_places p on p.id = o.place_id
			where p.room_id = $1 and o.state = 'accepted'`, room).Scan(&accepted))
		require.Equal(t, 1, helpers)
		require.Equal(t, 1, accepted)
		leave(t, guest, room)
	}
	c.holdInvariants(t)
}

// TestSignedOutEverywhere has somebody with windows on both instances sign out everywhere: within 5 s all of them are silent
// for good, and without Redis too.
func TestSignedOutEverywhere(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	a, b := c.instances[0], c.instances[1]
	marta, _ := staffed(t, b, a, "Marta", "Tommaso")
	for _, redis := range []bool{true, false} {
		t.Run(map[bool]string{true: "with_redis", false: "without_redis"}[redis], func(t *testing.T) {
			phone, laptop := signIn(t, a, "localhost", "Girasole"), signIn(t, b, "localhost", "Girasole")
			k := meet(t, phone, marta, nil)
			k.second.close() // the laptop has a session of its own
			k.second = openDevice(t, laptop, "laptop", k.history, k.room, places(b))
			k.second.awaitLive(t)
			windows := []*device{k.person, k.second}
			for n := range 2 {
				k.say(k.esp, n)
				k.shownTo(t, k.person, k.say(k.person, n), converged)
			}
			require.NotEqual(t, k.person.at(), k.second.at(), "both windows are on one instance")
			if !redis {
				c.redis.Stop()
				defer c.redis.Start()
			}
			phone.open(t, "/access").form(t, `form[action="/sign-out-everywhere"]`).submit(t)
			begin := time.Now()
			require.NoError(t, within(5*time.Second, func() error {
				for _, d := range windows {
					if !d.stays() || d.at() != nil {
						return fmt.Errorf("%s is still open %s after signing out", d.name, time.Since(begin))
					}
				}
				return nil
			}))
			for _, d := range windows {
				require.Contains(t, d.met(), wire.CloseSessionEnded, "%s", d.name)
			}
			before := []int64{k.person.seen(), k.second.seen()}
			k.shownTo(t, k.esp, k.say(k.esp, 1000), converged) // the room goes on
			for i, d := range windows {
				require.Equal(t, before[i], d.seen())
				p, err := d.browser.get("/rooms/" + k.room)
				require.NoError(t, err)
				require.NotContains(t, string(p.body), canary, "%s can still read", d.name)
			}
			c.holdInvariants(t)
		})
	}
}
