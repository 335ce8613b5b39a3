package moderation_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// pager is somebody else's receiver of our webhook.
type pager struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []call
	answer func(n int, w http.ResponseWriter, r *http.Request) // n counts from 1
}

type call struct {
	delivery, signature string
	body                []byte
}

func newPager(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *pager {
	t.Helper()
	p := &pager{answer: answer}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.calls = append(p.calls, call{r.Header.Get(moderation.HeaderDelivery), r.Header.Get(moderation.HeaderSignature), body})
		n := len(p.calls)
		p.mu.Unlock()
		if p.answer != nil {
			p.answer(n, w, r)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *pager) all() []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

func (w *world) setWebhook(url string) string {
	w.t.Helper()
	secret, err := w.SetWebhook(w.t.Context(), account.System(w.service), url)
	require.NoError(w.t, err)
	return secret
}

func (w *world) kinds(id moderation.EscalationID, kind string) int {
	w.t.Helper()
	return scalar[int](w, `select count(*) from moderation_steps where escalation_id = $1 and kind = $2`, id, kind)
}

func (w *world) checked() {
	w.t.Helper()
	v, err := moderation.Check(w.t.Context(), w.pool)
	require.NoError(w.t, err)
	assert.Empty(w.t, v)
}

func TestLadderClimbs(t *testing.T) {
	w := newWorld(t, fast())
	p := newPager(t, nil)
	w.setWebhook(p.URL)
	anna, bruno, carla := w.newTutor("Anna"), w.newTutor("Bruno"), w.newTutor("Carla")
	esp, person := w.newESP("Marta", carla), w.newActor(account.RoleGuest, "Mare")
	w.Start(t.Context())
	defer w.Stop()
	id := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, esp)).ID
	w.until("the end of the ladder, again and again", func() bool { return scalar[int](w, `select round from moderation_escalations where id = $1`, id) >= 3 })

	rungs := make([]int16, 0, 8)
	rows, err := w.pool.Query(t.Context(), `select rung from moderation_steps where escalation_id = $1 and kind = 'rung' order by fence limit 6`, id)
	require.NoError(t, err)
	for rows.Next() {
		var r int16
		require.NoError(t, rows.Scan(&r))
		rungs = append(rungs, r)
	}
	require.NoError(t, rows.Err())
	assert.Equal(t, []int16{2, 3, 4, 5, 5, 5}, rungs, "own tutor, another, all, outside, and on and on")
	assert.Equal(t, carla.ID, w.routed(id)[0], "the own tutor was asked first")
	assert.ElementsMatch(t, []account.ID{anna.ID, bruno.ID, carla.ID}, w.routed(id), "never the peer")

	require.NoError(t, w.Acknowledge(t.Context(), bruno, id))
	require.NoError(t, w.CloseEscalation(t.Context(), bruno, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "Al telefono."}))
	w.until("delivered", func() bool {
		return scalar[int](w, `select count(*) from moderation_notifications where state = 'pending'`) == 0
	})
	w.checked()
	steps := scalar[int](w, `select count(*) from moderation_steps where escalation_id = $1`, id)
	before := scalar[time.Time](w, `select clock_timestamp()`)
	w.until("the worker went on looking", func() bool {
		return scalar[time.Time](w, `select clock_timestamp()`).Sub(before) > 200*time.Millisecond
	})
	assert.Equal(t, steps, scalar[int](w, `select count(*) from moderation_steps where escalation_id = $1`, id), "closed is final")
}

func TestLadderWithNobodyOnCall(t *testing.T) {
	w := newWorld(t, slow())
	p := newPager(t, nil)
	secret := w.setWebhook(p.URL)
	person := w.newActor(account.RoleMember, "Mare")
	post := w.newPost(person)
	w.Start(t.Context())
	defer w.Stop()
	raise := moderation.Raise{Service: w.service, Subject: post, Cause: moderation.Cause{Kind: moderation.CausePost, Ref: post.ID + "/1"},
		Level: triage.Red, Category: triage.CategorySuicide, Person: person.ID}
	id := w.raise(raise).ID
	w.until("the outside channel is told at once", func() bool { return len(p.all()) == 1 })
	c := p.all()[0]
	assert.NotContains(t, string(c.body), "testo", "no content leaves")
	assert.NotContains(t, string(c.body), "Mare")
	assert.Contains(t, string(c.body), `"level":"red"`)
	assert.Contains(t, string(c.body), "/console/"+id.String())
	signedAt := scalar[time.Time](w, `select date_trunc('second', now())`)
	valid := false
	for ago := range 60 {
		valid = valid || moderation.Sign([]byte(secret), c.body, signedAt.Add(-time.Duration(ago)*time.Second)) == c.signature
	}
	assert.True(t, valid, "the receiver can check who calls and when")
	assert.Empty(t, w.routed(id))

	anna := w.newTutor("Anna")
	w.until("who comes on call is asked at once, not at the next rung", func() bool { return slices.Contains(w.routed(id), anna.ID) })
	assert.Equal(t, 1, w.kinds(id, "arrived"))
	shown, err := w.ShowEscalation(t.Context(), anna, id)
	require.NoError(t, err)
	require.NotNil(t, shown.Causes[0].Excerpt, "a post's cause names its version; its text is found")
	w.checked()
}

func TestLadderPassesOverTheSilent(t *testing.T) {
	w := newWorld(t, slow())
	anna, bruno := w.newTutor("Anna"), w.newTutor("Bruno")
	esp, person := w.newESP("Marta", anna), w.newActor(account.RoleGuest, "Mare")
	w.silence(anna)
	w.Start(t.Context())
	defer w.Stop()
	id := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, esp)).ID
	w.until("somebody who was heard of in the last minute is asked", func() bool { return len(w.routed(id)) > 0 })
	assert.Equal(t, []account.ID{bruno.ID}, w.routed(id), "not the own tutor, whose heartbeat is old")
}

func TestLadderWithoutOutsideChannel(t *testing.T) {
	w := newWorld(t, slow())
	person := w.newActor(account.RoleGuest, "Mare")
	w.Start(t.Context())
	defer w.Stop()
	id := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, account.Actor{})).ID
	w.until("the step says so", func() bool {
		return scalar[int](w, `select count(*) from moderation_notifications where escalation_id = $1 and state = 'unconfigured'`, id) == 1
	})
	v, err := moderation.Check(t.Context(), w.pool)
	require.NoError(t, err)
	assert.Equal(t, []moderation.Violation{{Rule: "unreachable", Object: "service:" + w.service.String()}}, v)
}

func TestLadderOfAmber(t *testing.T) {
	w := newWorld(t, fast())
	anna := w.newTutor("Anna")
	marta, leo, writer := w.newESP("Marta", anna), w.newESP("Leo", anna), w.newActor(account.RoleMember, "Mare")
	post := w.newPost(writer)
	w.board.moderators = []account.ID{leo.ID}
	w.Start(t.Context())
	defer w.Stop()
	id := w.raise(moderation.Raise{Service: w.service, Subject: post, Cause: moderation.Cause{Kind: moderation.CausePost, Ref: post.ID + "/1"}, Level: triage.Amber, Person: writer.ID}).ID
	w.until("who moderates the category is asked", func() bool { return len(w.routed(id)) > 0 })
	assert.Equal(t, leo.ID, w.routed(id)[0])
	w.until("then a tutor", func() bool { return slices.Contains(w.routed(id), anna.ID) })
	assert.NotContains(t, w.routed(id), marta.ID, "not a peer who does not moderate there")
	require.NoError(t, w.Acknowledge(t.Context(), leo, id))
	w.until("it stays with its owner while they are on shift", func() bool { return w.kinds(id, "kept") > 2 })
	assert.Equal(t, "acknowledged", w.state(id))
	require.NoError(t, w.roster.GoOff(t.Context(), leo))
	w.until("and is offered to those who are there when the shift is over", func() bool { return w.state(id) == "offered" })
	assert.Equal(t, errs.NotFound, errs.KindOf(w.CloseEscalation(t.Context(), leo, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "nota"})))
}

func TestLadderReopensIdle(t *testing.T) {
	w := newWorld(t, fast())
	anna, person := w.newTutor("Anna"), w.newActor(account.RoleGuest, "Mare")
	w.Start(t.Context())
	defer w.Stop()
	room := newRoom()
	id := w.raise(w.flagged(room, 1, triage.Crisis, person, account.Actor{})).ID
	w.until("routed", func() bool { return len(w.routed(id)) == 1 })
	require.NoError(t, w.Acknowledge(t.Context(), anna, id))
	subject := moderation.Subject{Kind: moderation.SubjectRoom, ID: room}
	due := scalar[time.Time](w, `select due_at from moderation_escalations where id = $1`, id)
	require.NoError(t, w.Acted(t.Context(), w.pool, subject, anna.ID))
	assert.True(t, scalar[time.Time](w, `select due_at from moderation_escalations where id = $1`, id).After(due), "acting gives the full time again")
	require.NoError(t, w.Acted(t.Context(), w.pool, subject, person.ID), "for anybody else it does nothing")
	w.until("an idle owner loses it", func() bool { return w.kinds(id, "reopened") == 1 })
	assert.Contains(t, w.routed(id), anna.ID, "and is asked again with the others")
	care, _, err := w.CareFor(t.Context(), w.pool, subject)
	require.NoError(t, err)
	assert.Equal(t, moderation.CareAlerting, care, "nobody is told that it is seen to")
}

func TestLiftedWhileOwned(t *testing.T) {
	w := newWorld(t, slow())
	anna := w.newTutor("Anna")
	marta, person := w.newESP("Marta", anna), w.newActor(account.RoleGuest, "Mare")
	w.Start(t.Context())
	defer w.Stop()
	room := newRoom()
	id := w.raise(w.flagged(room, 1, triage.Amber, person, marta)).ID
	w.until("amber to the peer", func() bool { return slices.Equal(w.routed(id), []account.ID{marta.ID}) })
	require.NoError(t, w.Acknowledge(t.Context(), marta, id))
	w.raise(w.flagged(room, 2, triage.Red, person, marta))
	w.until("red leaves the peer and goes to the tutor", func() bool { return slices.Equal(w.routed(id), []account.ID{anna.ID}) })
	require.NoError(t, w.Acknowledge(t.Context(), anna, id))
	w.raise(w.flagged(room, 3, triage.Crisis, person, marta))
	assert.Equal(t, "offered", w.state(id), "a crisis must be acknowledged anew")
	assert.Equal(t, []account.ID{anna.ID}, w.routed(id), "and the tutor who is there keeps seeing it")
	require.NoError(t, w.Acknowledge(t.Context(), anna, id))
	w.checked()
}

// TestKilledInstances has several instances at work at once, ended and replaced while the ladder climbs.
func TestKilledInstances(t *testing.T) {
	w := newWorld(t, fast())
	p := newPager(t, nil)
	w.setWebhook(p.URL)
	w.newTutor("Anna")
	person := w.newActor(account.RoleGuest, "Mare")
	var list []moderation.EscalationID
	for range 10 {
		list = append(list, w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, account.Actor{})).ID)
	}
	rounds := func() int { return scalar[int](w, `select min(round) from moderation_escalations`) }
	for life := range 4 {
		pools := []*moderation.Moderation{w.newInstance(w.newPool()), w.newInstance(w.newPool())}
		for _, m := range pools {
			m.Start(t.Context())
		}
		w.until("each life goes on where the last one ended", func() bool { return rounds() > life })
		for _, m := range pools {
			m.Stop()
			m.Stop()
		}
	}
	for _, id := range list {
		assert.Equal(t, scalar[int64](w, `select fence from moderation_escalations where id = $1`, id),
			scalar[int64](w, `select count(*) from moderation_steps where escalation_id = $1`, id), "each step exactly once, although four instances took them")
	}
	assert.Zero(t, scalar[int](w, `select count(*) from (select from moderation_notifications where channel = 'webhook' group by escalation_id, fence having count(*) > 1) twice`))

	w.Start(t.Context())
	defer w.Stop()
	w.until("every rung fired its effect at least once", func() bool {
		return scalar[int](w, `select count(*) from moderation_notifications where state = 'pending' and created_at < now() - interval '1 second'`) == 0
	})
}

func TestOutsideChannelThatFails(t *testing.T) {
	tests := map[string]func(n int, w http.ResponseWriter, r *http.Request){
		"answers 500": func(n int, w http.ResponseWriter, _ *http.Request) {
			if n < 3 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		},
		"hangs": func(n int, _ http.ResponseWriter, r *http.Request) {
			if n < 3 {
				<-r.Context().Done()
			}
		},
		"loses the connection": func(n int, w http.ResponseWriter, _ *http.Request) {
			if n < 3 {
				c, _, err := http.NewResponseController(w).Hijack()
				if err == nil {
					_ = c.Close()
				}
			}
		},
		"redirects": func(n int, w http.ResponseWriter, r *http.Request) {
			if n < 3 {
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			}
		},
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			o := slow()
			w := newWorld(t, o)
			p := newPager(t, answer)
			w.setWebhook(p.URL)
			person := w.newActor(account.RoleGuest, "Mare")
			w.Start(t.Context())
			defer w.Stop()
			id := w.raise(w.flagged(newRoom(), 1, triage.Red, person, account.Actor{})).ID
			w.until("it is delivered in the end", func() bool {
				return scalar[int](w, `select count(*) from moderation_notifications where escalation_id = $1 and channel = 'webhook' and state = 'sent'`, id) == 1
			})
			calls := p.all()
			require.Len(t, calls, 3)
			assert.Equal(t, calls[0].delivery, calls[2].delivery, "each attempt names the same delivery")
			assert.Equal(t, calls[0].body, calls[2].body)
			w.checked()
		})
	}
}

func TestOutsideChannelThatStaysDown(t *testing.T) {
	o := slow()
	o.Webhook.GiveUp = 300 * time.Millisecond
	w := newWorld(t, o)
	p := newPager(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	w.setWebhook(p.URL)
	person := w.newActor(account.RoleGuest, "Mare")
	w.Start(t.Context())
	defer w.Stop()
	id := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, account.Actor{})).ID
	w.until("the delivery ends as failed", func() bool {
		return scalar[int](w, `select count(*) from moderation_notifications where escalation_id = $1 and state = 'failed'`, id) == 1
	})
	assert.Equal(t, "offered", w.state(id), "and the escalation goes on without it")
	anna := w.newTutor("Anna")
	w.until("somebody on call still gets it", func() bool { return slices.Contains(w.routed(id), anna.ID) })
}

func TestSetWebhook(t *testing.T) {
	o := slow()
	o.Webhook.Plain = false
	w := newWorld(t, o)
	for _, bad := range []string{"http://example.org/x", "ftp://example.org", "https://user:pw@example.org", "nonsense", "https://"} {
		_, err := w.SetWebhook(t.Context(), account.System(w.service), bad)
		assert.Equal(t, errs.Invalid, errs.KindOf(err), bad)
	}
	for _, role := range []account.Role{account.RoleTutor, account.RoleAuditor, account.RoleESP, account.RoleMember} {
		_, err := w.SetWebhook(t.Context(), w.newActor(role, string(role)), "https://example.org")
		assert.Equal(t, errs.Forbidden, errs.KindOf(err), role)
	}
	secret, err := w.SetWebhook(t.Context(), w.newActor(account.RoleAdmin, "Capo"), "https://example.org/ponti")
	require.NoError(t, err)
	assert.NotEmpty(t, secret)
	assert.NotContains(t, scalar[string](w, `select encode(webhook_secret, 'escape') from moderation_settings`), secret, "it is stored sealed")
}

// broken is a keeper of texts with a mistake in it.
type broken struct{ *board }

func (broken) Moderators(context.Context, pg.Querier, account.ServiceID, string) ([]account.ID, error) {
	panic("as a bug would")
}

// TestLadderSurvivesPanic: one row that nobody can work on ends neither the worker nor the way of the others.
func TestLadderSurvivesPanic(t *testing.T) {
	w := newWorld(t, fast())
	w.Use(moderation.SubjectPost, broken{w.board})
	anna := w.newTutor("Anna")
	person := w.newActor(account.RoleMember, "Mare")
	w.Start(t.Context())
	defer w.Stop()
	s := w.newPost(person)
	bad := w.raise(moderation.Raise{Service: w.service, Subject: s, Cause: moderation.Cause{Kind: moderation.CausePost, Ref: s.ID + "/1"},
		Level: triage.Amber, Category: triage.CategoryNone, Person: person.ID}).ID
	good := w.raise(w.flagged(newRoom(), 1, triage.Amber, person, account.Actor{})).ID
	w.until("the other is asked about", func() bool { return slices.Contains(w.routed(good), anna.ID) })
	w.until("and so is this one, by tutors", func() bool { return slices.Contains(w.routed(bad), anna.ID) })
}
