package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ponti/internal/history"
)

// TestConversationWithstands has a conversation over three instances while their lines to the stores are slow, swallow
// everything or carry lies, and while others misbehave at the door. The rules are those of TestConversationSurvives.
func TestConversationWithstands(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, behindProxies(t))
	a, b := c.instances[0], c.instances[1]
	others := listeners(t, c)
	marta, _ := staffed(t, b, a, "Marta", "Tommaso")
	for _, story := range []struct {
		name string
		tell func(t *testing.T, k *conversation)
	}{
		{"redis_is_emptied_and_somebody_lies_there", tellLies},
		{"every_hint_comes_again_and_again", tellRepeats},
		{"one_instance_cannot_reach_redis", tellPartition},
		{"redis_is_slow_and_cuts_its_listeners", tellSlowRedis},
		{"postgresql_is_slow", tellSlowPostgres},
		{"somebody_does_not_read", tellSlowReader},
		{"frames_that_are_none", tellHostileFrames},
		{"one_room_is_locked", tellLockedRoom},
		{"lines_of_people_fall_silent", tellHalfOpen},
	} {
		ok := t.Run(story.name, func(t *testing.T) {
			k := meet(t, enter(t, a), marta, others)
			story.tell(t, k)
			k.settle(t)
			require.Zero(t, c.metric(t, "ponti_live_panics_total"))
		})
		if !ok {
			t.FailNow() // what comes after would meet the same broken cluster
		}
	}
}

// lasts is how long a fault goes on: briefly in every run, as long as RELIABILITY says with make faults.
func lasts(brief, long time.Duration) time.Duration {
	if inFull() {
		return long
	}
	return brief
}

// times is how often, likewise.
func times(few, many int) int {
	if inFull() {
		return many
	}
	return few
}

func inFull() bool { return os.Getenv("PONTI_FAULTS") == "long" }

// tellLies is F4: nothing lives in Redis, and what a stranger writes there only makes Ponti look at the database.
func tellLies(t *testing.T, k *conversation) {
	ctx := t.Context()
	redis := k.cluster.redis.Client()
	stop := k.talk()
	defer stop()
	k.awaitAcks(t, 4)
	unopened := k.cluster.metric(t, "ponti_live_events_unopened_total")
	begin := time.Now()
	heard := redis.PSubscribe(ctx, "ponti:room:*")
	defer heard.Close() //nolint:errcheck // its end is the test's
	news := heard.Channel()
	for end := begin.Add(lasts(6*time.Second, time.Minute)); time.Now().Before(end); pass(100 * time.Millisecond) {
		require.NoError(t, redis.FlushAll(ctx).Err())
		channels, err := redis.PubSubChannels(ctx, "ponti:*").Result()
		require.NoError(t, err)
		lies := []string{"", "{", "session", "\x00\xff", strings.Repeat("x", 70_000), strings.Repeat("x", 200), `{"i":"zz","n":[1,2,3]}`}
		select {
		case m := <-news: // a real one, with another number in it
			if forged := []byte(m.Payload); len(forged) > 0 { // or it is one of our own
				forged[len(forged)/2] ^= 1
				lies = append(lies, string(forged))
			}
		default:
		}
		for _, ch := range channels {
			require.NoError(t, redis.Publish(ctx, ch, lies[rand.IntN(len(lies))]).Err())
			require.NoError(t, redis.Publish(ctx, ch, lies[len(lies)-1]).Err())
		}
	}
	stop()
	require.Greater(t, k.cluster.metric(t, "ponti_live_events_unopened_total"), unopened+10, "the lies reached nobody")
	k.crossed(t, begin, 3*time.Second)
}

// tellRepeats is F17, and F18 as far as a stranger at Redis can: each hint comes three times more, and older ones after newer
// ones; and one message is sent by six windows at once.
func tellRepeats(t *testing.T, k *conversation) {
	ctx := t.Context()
	redis := k.cluster.redis.Client()
	heard := redis.PSubscribe(ctx, "ponti:room:*")
	_, err := heard.Receive(ctx)
	require.NoError(t, err)
	var all sync.WaitGroup
	again := 0
	all.Go(func() {
		seen := map[string]bool{}
		var kept [][2]string
		for m := range heard.Channel() {
			if seen[m.Payload] {
				continue
			}
			seen[m.Payload] = true
			if kept = append(kept, [2]string{m.Channel, m.Payload}); len(kept) > 20 {
				kept = kept[1:]
			}
			for _, i := range rand.Perm(len(kept)) {
				for range 3 {
					if redis.Publish(ctx, kept[i][0], kept[i][1]).Err() == nil {
						again++
					}
				}
			}
		}
	})
	begin := time.Now()
	stop := k.talk()
	defer stop()
	k.awaitAcks(t, 12)
	windows := []*device{k.person, k.second}
	for i := range 4 {
		w := openDevice(t, k.guest, fmt.Sprintf("window %d", i), k.history, k.room, places(k.cluster.instances[i%3]))
		w.awaitLive(t)
		windows = append(windows, w)
	}
	cid, text := uuid.NewString(), "sei volte: "+canary
	k.history.Add(history.Event{Step: history.Sent, Device: k.person.name, CID: cid, Text: text})
	var once sync.WaitGroup
	for _, w := range windows {
		once.Go(func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			o := &outgoing{cid: cid, text: text}
			w.outbox = append(w.outbox, o)
			_ = w.send(o) // failing, it leaves on the next line
		})
	}
	once.Wait()
	for _, w := range windows {
		require.NoError(t, within(converged, func() error {
			if n := w.waiting(); n > 0 {
				return fmt.Errorf("%s waits for %d answers", w.name, n)
			}
			return nil
		}))
	}
	stop()
	answers := 0
	for _, e := range k.history.All() {
		if e.Step == history.Acked && e.CID == cid {
			answers++
		}
	}
	require.GreaterOrEqual(t, answers, len(windows), "not every window had its answer")
	k.crossed(t, begin, 3*time.Second)
	require.NoError(t, heard.Close())
	all.Wait()
	require.Greater(t, again, 100, "hardly a hint was repeated")
}

// tellPartition is F5.
func tellPartition(t *testing.T, k *conversation) {
	cut := k.person.at()
	require.NotEqual(t, cut, k.esp.at(), "both are on one instance: nothing had to cross")
	for _, in := range k.cluster.instances {
		in.reaches(t, "ponti_live_bus_degraded", 0, 10*time.Second)
	}
	stop := k.talk()
	defer stop()
	k.awaitAcks(t, 4)
	cut.redis.hole(t)
	begin := time.Now()
	cut.reaches(t, "ponti_live_bus_degraded", 1, 4*time.Second)
	waitsAtMost(t, 3500*time.Millisecond, time.Since(begin), "from the hole to polling") // 3 s, and what looking takes
	pass(lasts(6*time.Second, time.Minute))
	for _, in := range k.cluster.instances {
		if in != cut {
			require.Zero(t, in.metric(t, "ponti_live_bus_degraded"), "instance %s minds that another has no Redis", in.name)
		}
	}
	stop()
	k.crossed(t, begin, 3*time.Second)
	require.Equal(t, cut, k.person.at(), "the line broke though only Redis was gone")
	cut.redis.heal()
	cut.reaches(t, "ponti_live_bus_degraded", 0, 15*time.Second)
}

// tellSlowRedis is F6: answers never wait for Redis, and listeners that it cuts find what they missed.
func tellSlowRedis(t *testing.T, k *conversation) {
	ctx := t.Context()
	stop := k.talk()
	defer stop()
	calm := time.Now()
	k.awaitAcks(t, 12)
	before := k.answered(calm, time.Now())
	dropped := k.cluster.metric(t, "ponti_live_bus_dropped_total")
	for _, in := range k.cluster.instances {
		in.redis.slow(t, 800*time.Millisecond)
	}
	begin := time.Now()
	pass(lasts(7*time.Second, time.Minute))
	stop()
	after := k.answered(begin, time.Now())
	k.crossed(t, begin, 3*time.Second)
	require.Greater(t, k.cluster.metric(t, "ponti_live_bus_dropped_total"), dropped, "Redis was not slow")
	// A fifth, and what a machine with two processors for all of this adds by itself; had one answer waited, it would be 800 ms.
	waitsAtMost(t, highest(before)*6/5+300*time.Millisecond, highest(after), "answers while Redis is slow")
	for _, in := range k.cluster.instances {
		in.redis.heal()
	}

	redis := k.cluster.redis.Client()
	require.NoError(t, redis.ConfigSet(ctx, "client-output-buffer-limit", "pubsub 64kb 32kb 1").Err())
	defer func() {
		require.NoError(t, redis.ConfigSet(context.WithoutCancel(ctx), "client-output-buffer-limit", "pubsub 32mb 8mb 60").Err())
	}()
	stop = k.talk()
	defer stop()
	k.awaitAcks(t, 2)
	listened := redisListeners(t, k.cluster)
	begin = time.Now()
	for end := begin.Add(lasts(3*time.Second, 30*time.Second)); time.Now().Before(end); pass(300 * time.Millisecond) {
		pipe := redis.Pipeline()
		for range 100 {
			pipe.Publish(ctx, "ponti:room:"+k.room, strings.Repeat("x", 60_000))
		}
		_, err := pipe.Exec(ctx)
		require.NoError(t, err)
	}
	k.awaitAcks(t, 4)
	stop()
	kept := redisListeners(t, k.cluster)
	cut := slices.DeleteFunc(listened, func(id string) bool { return slices.Contains(kept, id) })
	require.NotEmpty(t, cut, "no listener was ever cut")
	k.crossed(t, begin, 3*time.Second)
}

// redisListeners names the connections on which Redis has listeners now.
func redisListeners(t *testing.T, c *cluster) (ids []string) {
	t.Helper()
	list, err := c.redis.Client().Do(t.Context(), "client", "list", "type", "pubsub").Text()
	require.NoError(t, err)
	for l := range strings.Lines(list) {
		id, _, _ := strings.Cut(l, " ")
		ids = append(ids, id)
	}
	return ids
}

// tellSlowPostgres is the first half of F10: everything takes longer, and nothing fails.
func tellSlowPostgres(t *testing.T, k *conversation) {
	stop := k.talkEvery(3*time.Second, 2*time.Second) // as people write
	defer stop()
	k.awaitAcks(t, 4)
	for _, in := range k.cluster.instances {
		in.postgres.slow(t, 300*time.Millisecond)
		defer in.postgres.heal()
	}
	pass(2 * time.Second) // what was under way is answered
	begin := time.Now()
	pass(lasts(24*time.Second, time.Minute)) // enough answers for the few that meet a connection that is new
	stop()
	took := k.answered(begin, time.Now())
	require.GreaterOrEqual(t, len(took), 8, "too few answers")
	require.GreaterOrEqual(t, slices.Min(took), 300*time.Millisecond, "PostgreSQL was not slow")
	// At worst it waits for a batch under way and then for its own: six journeys, where one more asks whether the connection lives and one prepares a
	// statement that this connection has not met; and what two processors for all of this add.
	waitsAtMost(t, 2400*time.Millisecond, highest(took), "the slowest answer while PostgreSQL takes 300 ms longer")
	waitsAtMost(t, 1500*time.Millisecond, percentile(took, 80), fmt.Sprintf("answers while PostgreSQL takes 300 ms longer: %v", took))
}

// tellLockedRoom is its second half: a room that somebody holds is told so in time, and no other room notices.
func tellLockedRoom(t *testing.T, k *conversation) {
	a, b := k.cluster.instances[0], k.cluster.instances[1]
	nico := signIn(t, b, "localhost", "Nico")
	goOn(t, nico)
	other := meet(t, enter(t, a), nico, nil)
	before := k.talk()
	k.awaitAcks(t, 6)
	before()
	conn := k.cluster.connect(t)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "select 1 from chat_rooms where id = $1 for update", k.room)
	require.NoError(t, err)
	held := time.Now()
	stop := other.talk()
	defer stop()
	cid := k.say(k.esp, 1)
	var refused time.Time
	require.NoError(t, within(3*time.Second, func() error {
		for _, f := range k.esp.frames("refused") {
			if strings.Contains(string(f.data), cid) {
				require.Contains(t, string(f.data), `"later":true`)
				refused = f.at
				return nil
			}
		}
		return errors.New("nobody was told that it does not work now")
	}))
	waitsAtMost(t, time.Second, refused.Sub(held), "until the locked room's sender was told")
	pass(lasts(8*time.Second, time.Minute))
	stop()
	took := other.answered(held, time.Now())
	require.NoError(t, tx.Rollback(t.Context()))
	require.GreaterOrEqual(t, len(took), 8, "too few answers")
	waitsAtMost(t, 1500*time.Millisecond, percentile(took, 99), "answers in another room")
	other.settle(t)
}

// crossed holds how long what was acknowledged since a moment took to the other side's screen.
func (k *conversation) crossed(t *testing.T, since time.Time, limit time.Duration) {
	t.Helper()
	pass(limit) // the last ones are on their way
	delays := k.delays(since, time.Now().Add(-limit))
	require.GreaterOrEqual(t, len(delays), 4, "too little was said")
	waitsAtMost(t, limit, highest(delays), "from the acknowledgement to the other side's screen")
}

// answered is how long each message that left between two moments waited for its first acknowledgement.
func (k *conversation) answered(from, to time.Time) []time.Duration {
	sent := map[string]time.Time{}
	var list []time.Duration
	for _, e := range k.history.All() {
		switch e.Step {
		case history.Sent:
			if e.At.After(from) && e.At.Before(to) {
				sent[e.CID] = e.At
			}
		case history.Acked:
			if at, ok := sent[e.CID]; ok {
				list = append(list, e.At.Sub(at))
				delete(sent, e.CID)
			}
		default:
		}
	}
	return list
}

func highest(list []time.Duration) time.Duration { return percentile(list, 100) }

func percentile(list []time.Duration, p int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[min(len(list)-1, len(list)*p/100)]
}
