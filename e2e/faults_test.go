package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/internal/history"
	"ponti/web/wire"
)

// TestConversationSurvives puts a person and an ESP on two instances, has both write, and breaks things under them. After
// each story nothing acknowledged is lost, doubled or out of order on any side, the last message is there, and nobody outside heard anything.
// A story whose fault did not bite fails: it would have proved nothing.
func TestConversationSurvives(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	a, b := c.instances[0], c.instances[1]
	others := listeners(t, c)
	marta, _ := staffed(t, b, a, "Marta", "Tommaso")
	for _, story := range []struct {
		name string
		tell func(t *testing.T, k *conversation)
	}{
		{"calm", tellCalm},
		{"an_instance_is_killed_again_and_again", tellKills},
		{"an_instance_is_asked_to_stop", tellStop},
		{"redis_is_gone_for_ten_seconds", tellRedisGone},
		{"the_last_message_while_redis_hangs", tellRedisHangs},
		{"postgresql_is_killed_and_comes_back", tellPostgresKilled},
	} {
		ok := t.Run(story.name, func(t *testing.T) {
			k := meet(t, enter(t, a), marta, others)
			story.tell(t, k)
			k.settle(t)
		})
		if !ok {
			t.FailNow() // what comes after would meet the same broken cluster
		}
	}
}

// tellCalm is the measure for the others: without a fault, nobody even connects again.
func tellCalm(t *testing.T, k *conversation) {
	begin := time.Now()
	stop := k.talk()
	k.awaitAcks(t, 10)
	stop()
	for _, d := range k.inside() {
		require.Equal(t, 1, d.opened(), "%s connected again: %v", d.name, d.met())
	}
	for _, late := range k.delays(begin, time.Now()) {
		waitsAtMost(t, 2*time.Second, late, "from the acknowledgement to the other side's screen")
	}
}

func tellKills(t *testing.T, k *conversation) {
	stop := k.talk()
	defer stop()
	k.awaitAcks(t, 4)
	for i := range times(6, 20) {
		in := k.cluster.instances[i%2]
		lines := map[*device]int{}
		for _, d := range k.inside() {
			if d.at() == in {
				lines[d] = d.opened()
			}
		}
		require.NotEmpty(t, lines, "nobody was on instance %s: its end proves nothing", in.name)
		for d := range lines {
			k.say(d, 1000+2*i) // on their way when it dies: stored or not, nobody knows
			k.say(d, 1001+2*i)
		}
		in.kill()
		for d, n := range lines {
			require.NoError(t, within(converged, func() error {
				if d.opened() == n || !d.isLive() {
					return fmt.Errorf("%s did not come back", d.name)
				}
				return nil
			}))
		}
		k.awaitAcks(t, 3) // while it is down
		in.launch("serve")
		in.awaitReady()
		// Everybody is on the other one, which the next kill hits; one goes back.
		k.inside()[i%3].moveTo(in)
	}
	k.awaitAcks(t, 4)
	var again int
	for _, d := range k.inside() {
		again += d.repeated()
	}
	require.Positive(t, again, "no kill ever came between a message and its answer")
}

func tellStop(t *testing.T, k *conversation) {
	stop := k.talk()
	defer stop()
	k.awaitAcks(t, 4)
	in := k.person.at()
	require.NotNil(t, in)
	lines := k.person.opened()
	in.signal(syscall.SIGTERM)
	require.Zero(t, in.awaitEnd(t, patience), "exit code")
	k.awaitAcks(t, 4)
	require.Greater(t, k.person.opened(), lines, "the person's line never ended")
	require.Contains(t, k.person.met(), wire.CloseRestart)
	byes := k.person.frames("bye")
	require.NotEmpty(t, byes, "the end of the line was not announced")
	require.Contains(t, string(byes[0].data), `"restart"`)
	in.launch("serve")
	in.awaitReady()
}

func tellRedisGone(t *testing.T, k *conversation) {
	stop := k.talk()
	defer stop()
	k.awaitAcks(t, 4)
	require.NotEqual(t, k.person.at(), k.esp.at(), "both are on one instance: nothing had to cross")
	lines := k.person.opened() + k.esp.opened()
	begin := time.Now()
	k.cluster.redis.Stop()
	pass(lasts(10*time.Second, time.Minute))
	stop()
	last := k.say(k.esp, 1000)
	k.shownTo(t, k.person, last, 4*time.Second)
	last = k.say(k.person, 1001)
	k.shownTo(t, k.esp, last, 4*time.Second)
	end := time.Now()
	require.NotEqual(t, k.person.at(), k.esp.at())
	k.cluster.redis.Start()
	delays := k.delays(begin, end)
	require.GreaterOrEqual(t, len(delays), 10, "too little was said while Redis was gone")
	for _, late := range delays {
		waitsAtMost(t, 3*time.Second, late, "from the acknowledgement to the other side's screen, without Redis")
	}
	require.Equal(t, lines, k.person.opened()+k.esp.opened(), "lines broke though only Redis was gone")
	for _, d := range k.inside() {
		require.Empty(t, d.frames("refused"), "%s was refused something", d.name)
	}
}

func tellRedisHangs(t *testing.T, k *conversation) {
	stop := k.talk()
	k.awaitAcks(t, 4)
	stop()
	require.NoError(t, within(converged, func() error {
		if k.esp.waiting()+k.person.waiting()+k.second.waiting() > 0 {
			return errors.New("messages wait for an answer")
		}
		return nil
	}))
	require.NotEqual(t, k.person.at(), k.esp.at(), "both are on one instance: nothing had to cross")
	k.cluster.redis.Freeze()
	defer k.cluster.redis.Thaw()
	last := k.say(k.esp, 1000)
	k.shownTo(t, k.person, last, converged)
	require.NotEqual(t, k.person.at(), k.esp.at())
}

func tellPostgresKilled(t *testing.T, k *conversation) {
	stop := k.talk()
	defer stop()
	k.awaitAcks(t, 4)
	numbers := watchNumbers(k.cluster)
	k.cluster.killPostgres()
	down := time.Now()
	pass(4 * time.Second)
	up := time.Now()
	k.cluster.startPostgres()
	for _, in := range k.cluster.instances {
		in.awaitReady()
	}
	ready := time.Now()
	k.awaitAcks(t, 4)
	stop()
	asked, wrong := numbers()
	require.GreaterOrEqual(t, asked, 20, "the page with the numbers was hardly asked for")
	require.Empty(t, wrong, "the page with the numbers must always be there")

	var refused int
	for _, d := range k.inside() {
		for _, f := range d.frames("refused") {
			if f.at.After(down) && f.at.Before(ready) {
				refused++
			}
		}
	}
	require.Positive(t, refused, "nobody was told that it does not work now")
	first := time.Time{}
	for _, e := range k.history.All() {
		if e.Step != history.Acked {
			continue
		}
		require.False(t, e.At.After(down.Add(300*time.Millisecond)) && e.At.Before(up), "acknowledged while there was no database")
		if e.At.After(up) && first.IsZero() {
			first = e.At
		}
	}
	waitsAtMost(t, 5*time.Second, first.Sub(ready), "from the database's return to the first acknowledgement")
}

// watchNumbers asks every instance for the page with the emergency numbers until the returned function is called, which says
// how often it asked and what was wrong.
func watchNumbers(c *cluster) func() (asked int, wrong []string) {
	var mu sync.Mutex
	var asked int
	var wrong []string
	quit := make(chan struct{})
	var all sync.WaitGroup
	for _, in := range c.instances {
		all.Go(func() {
			b := newBrowser(in, "localhost")
			tick := time.NewTicker(200 * time.Millisecond)
			defer tick.Stop()
			for n := 0; ; n++ {
				path := []string{"/", "/numbers"}[n%2]
				p, err := b.get(path)
				mu.Lock()
				asked++
				switch {
				case err != nil:
					wrong = append(wrong, fmt.Sprintf("%s%s: %v", in.name, path, err))
				case p.status != http.StatusOK || p.doc.Find(`a[href="tel:112"]`).Length() == 0:
					wrong = append(wrong, fmt.Sprintf("%s%s: %d", in.name, path, p.status))
				}
				mu.Unlock()
				select {
				case <-tick.C:
				case <-quit:
					return
				}
			}
		})
	}
	return func() (int, []string) {
		close(quit)
		all.Wait()
		slices.Sort(wrong)
		return asked, slices.Compact(wrong)
	}
}

// tellHalfOpen is F14: lines to one instance swallow everything. Who is behind them notices and is back by another way; the ESP among them is neither lost nor offered anybody
// else, and the server keeps none of the old lines. That it hangs up by itself where nobody tells it is TestHalfOpen of web/live.
func tellHalfOpen(t *testing.T, k *conversation) {
	in := k.esp.at()
	require.NotNil(t, in)
	front := newLine(t, in.listen)
	in.front.Store(front)
	defer in.front.Store(nil)
	behind := []*device{k.esp, k.second}
	lines := map[*device]int{}
	for _, d := range behind {
		lines[d] = d.opened()
		d.moveTo(in)
		require.NoError(t, within(patience, func() error {
			if d.opened() == lines[d] || !d.isLive() {
				return fmt.Errorf("%s is not behind the line yet", d.name)
			}
			return nil
		}))
		lines[d] = d.opened()
	}
	before := in.metric(t, "ponti_live_sockets")
	stop := k.talkEvery(1300*time.Millisecond, 4*time.Second)
	defer stop()
	k.awaitAcks(t, 4)
	began := time.Now()
	front.hole(t)
	for _, d := range behind {
		require.NoError(t, within(35*time.Second, func() error {
			if d.opened() == lines[d] || !d.isLive() {
				return fmt.Errorf("%s did not notice", d.name)
			}
			return nil
		}))
		waitsAtMost(t, 30*time.Second, time.Since(began), "until "+d.name+" was back by another way")
	}
	waiting := enter(t, k.guest.at)
	ask(t, waiting)
	k.awaitAcks(t, 4)
	require.NotContains(t, k.helper.open(t, "/desk").text("main"), "vuole parlare", "somebody else was offered to an ESP who talks")
	require.NoError(t, within(70*time.Second-time.Since(began), func() error {
		if n := in.metric(t, "ponti_live_sockets"); n > before-2 {
			return fmt.Errorf("instance %s has %v sockets, %v before", in.name, n, before)
		}
		return nil
	}))
	waitsAtMost(t, 65*time.Second, time.Since(began), "until the server hung up")
	waiting.open(t, "/waiting").form(t, `form[action="/waiting/leave"]`).submit(t)
}
