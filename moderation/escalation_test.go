package moderation_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// slow has the times of production: nothing climbs while a test runs.
func slow() moderation.Options {
	o := fast()
	o.Ladder = moderation.DefaultLadder()
	return o
}

func TestRaise(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	person := w.newActor(account.RoleGuest, "Mare")
	room := newRoom()

	broken := errors.New("the message was refused")
	err := pg.InTx(ctx, w.pool, func(ctx context.Context, tx pgx.Tx) error {
		_, err := w.Raise(ctx, tx, w.flagged(room, 1, triage.Red, person, account.Actor{}))
		require.NoError(t, err)
		return broken
	})
	require.ErrorIs(t, err, broken)
	assert.Zero(t, scalar[int](w, `select count(*) from moderation_escalations`), "no message, no escalation: they commit together")

	first := w.raise(w.flagged(room, 1, triage.Red, person, account.Actor{}))
	again := w.raise(w.flagged(room, 1, triage.Red, person, account.Actor{}))
	assert.Equal(t, first.ID, again.ID, "the same cause raises once")
	second := w.raise(w.flagged(room, 2, triage.Amber, person, account.Actor{}))
	assert.Equal(t, first.ID, second.ID, "a lower level joins the conversation's open one")
	assert.Equal(t, triage.Red, second.Level)
	lifted := w.raise(w.flagged(room, 3, triage.Crisis, person, account.Actor{}))
	assert.Equal(t, first.ID, lifted.ID)
	assert.Equal(t, triage.Crisis, lifted.Level, "a higher level lifts it")
	other := w.raise(w.flagged(newRoom(), 1, triage.Amber, person, account.Actor{}))
	assert.NotEqual(t, first.ID, other.ID, "another conversation has its own")

	assert.Equal(t, 3, scalar[int](w, `select count(*) from moderation_causes where escalation_id = $1`, first.ID), "every flagged message maps to its escalation")
	bad := w.flagged(room, 4, triage.None, person, account.Actor{})
	_, err = w.Raise(ctx, w.pool, bad)
	require.Error(t, err)
	violations, err := moderation.Check(ctx, w.pool)
	require.NoError(t, err)
	assert.Empty(t, violations)
}

func TestRaiseAtOnce(t *testing.T) {
	w := newWorld(t, slow())
	person := w.newActor(account.RoleGuest, "Mare")
	room := newRoom()
	var all sync.WaitGroup
	for i := range 24 {
		r := w.flagged(room, 1+i%12, []triage.Level{triage.Amber, triage.Red, triage.Crisis}[i%3], person, account.Actor{})
		all.Go(func() {
			assert.NoError(t, pg.InTx(t.Context(), w.pool, func(ctx context.Context, tx pgx.Tx) error {
				_, err := w.Raise(ctx, tx, r)
				return err
			}))
		})
	}
	all.Wait()
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_escalations`))
	assert.Equal(t, 12, scalar[int](w, `select count(*) from moderation_causes`))
	assert.Equal(t, "crisis", scalar[string](w, `select level::text from moderation_escalations`))
	violations, err := moderation.Check(t.Context(), w.pool)
	require.NoError(t, err)
	assert.Empty(t, violations)
}

func TestCareFor(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	w.Start(ctx)
	defer w.Stop()
	person, tutor := w.newActor(account.RoleGuest, "Mare"), w.newTutor("Paola")
	room := newRoom()
	care := func() moderation.Care {
		c, _, err := w.CareFor(ctx, w.pool, moderation.Subject{Kind: moderation.SubjectRoom, ID: room})
		require.NoError(t, err)
		return c
	}
	assert.Equal(t, moderation.CareNone, care())
	w.raise(w.flagged(room, 1, triage.Amber, person, account.Actor{}))
	assert.Equal(t, moderation.CareNone, care(), "amber is not told")
	id := w.raise(w.flagged(room, 2, triage.Crisis, person, account.Actor{})).ID
	assert.Equal(t, moderation.CareAlerting, care())
	w.until("routed", func() bool { return len(w.routed(id)) == 1 })
	require.NoError(t, w.Acknowledge(ctx, tutor, id))
	assert.Equal(t, moderation.CareSeen, care())
	assert.True(t, w.hints.has(bus.Account(person.ID.String()), bus.Rooms), "the person's page hears of it")
	require.NoError(t, w.CloseEscalation(ctx, tutor, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "Abbiamo parlato."}))
	assert.Equal(t, moderation.CareSeen, care())
	w.raise(w.flagged(room, 3, triage.Red, person, account.Actor{}))
	assert.Equal(t, moderation.CareAlerting, care(), "a new one after the close is not seen yet")
}

func TestAcknowledgeAndClose(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	w.Start(ctx)
	defer w.Stop()
	anna, bruno := w.newTutor("Anna"), w.newTutor("Bruno")
	esp, person, admin := w.newESP("Marta", anna), w.newActor(account.RoleGuest, "Mare"), w.newActor(account.RoleAdmin, "Capo")
	foreign := w.newActorOf(w.newService("other.example"), account.RoleTutor, "Altrove")
	id := w.raise(w.flagged(newRoom(), 1, triage.Red, person, esp)).ID
	w.until("routed to the own tutor", func() bool { return len(w.routed(id)) == 1 })
	require.Equal(t, []account.ID{anna.ID}, w.routed(id))
	w.until("the console is told", func() bool { return w.hints.has(bus.Account(anna.ID.String()), bus.Escalations) })

	for name, actor := range map[string]account.Actor{"not routed": bruno, "the peer": esp, "the person": person, "admin": admin, "another service": foreign} {
		_, err := w.ShowEscalation(ctx, actor, id)
		assert.Equal(t, errs.NotFound, errs.KindOf(err), name)
		assert.Equal(t, errs.NotFound, errs.KindOf(w.Acknowledge(ctx, actor, id)), name)
		assert.Equal(t, errs.NotFound, errs.KindOf(w.CloseEscalation(ctx, actor, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "nota"})), name)
	}
	assert.ErrorIs(t, w.Acknowledge(ctx, account.Visitor(w.service), id), account.ErrSignInFirst)
	assert.Zero(t, scalar[int](w, `select count(*) from audit_entries where action in ('escalation.see', 'escalation.acknowledge')`), "refusals read nothing")

	shown, err := w.ShowEscalation(ctx, anna, id)
	require.NoError(t, err)
	require.Len(t, shown.Causes, 1)
	require.NotNil(t, shown.Causes[0].Excerpt)
	assert.Contains(t, shown.Causes[0].Excerpt.Text, "testo")
	assert.Equal(t, "Mare", shown.Person)
	assert.Equal(t, 1, scalar[int](w, `select count(*) from audit_entries where action = 'escalation.see' and actor_id = $1`, anna.ID))

	require.ErrorIs(t, w.CloseEscalation(ctx, anna, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "nota"}), moderation.ErrNotOwner, "first it needs an owner")
	require.NoError(t, w.Acknowledge(ctx, anna, id))
	require.NoError(t, w.Acknowledge(ctx, anna, id), "again is no mistake")
	assert.Equal(t, errs.Invalid, errs.KindOf(w.CloseEscalation(ctx, anna, id, moderation.Closing{Outcome: "", Note: "nota"})))
	assert.Equal(t, errs.Invalid, errs.KindOf(w.CloseEscalation(ctx, anna, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "  "})))
	require.NoError(t, w.CloseEscalation(ctx, anna, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "Abbiamo parlato a lungo."}))
	require.ErrorIs(t, w.Acknowledge(ctx, anna, id), moderation.ErrClosed)
	require.ErrorIs(t, w.CloseEscalation(ctx, anna, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "ancora"}), moderation.ErrClosed)

	shown, err = w.ShowEscalation(ctx, anna, id)
	require.NoError(t, err)
	assert.Equal(t, moderation.ClosingNote{Done: "Abbiamo parlato a lungo."}, shown.Note)
	assert.Nil(t, shown.Causes[0].Excerpt, "once closed the text is no more theirs to read")
	assert.NotContains(t, scalar[string](w, `select encode(note, 'escape') from moderation_escalations where id = $1`, id), "parlato", "the note is sealed")
	assert.Empty(t, w.routed(id))
}

// TestAcknowledgeAtOnce: of two who take the same at one moment exactly one has it, a thousand times.
func TestAcknowledgeAtOnce(t *testing.T) {
	const races, lanes = 1000, 3
	w := newWorld(t, slow())
	ctx := t.Context()
	person := w.newActor(account.RoleGuest, "Mare")
	tutors := []account.Actor{w.newTutor("Anna"), w.newTutor("Bruno")}
	w.exec(`with e as (insert into moderation_escalations (id, service_id, subject_kind, subject_id, level, category, person_id)
				select gen_random_uuid(), $1::uuid, 'room', gen_random_uuid()::text, 'red', 'suicide', $2::uuid from generate_series(1, $5::int) returning id),
			c as (insert into moderation_causes (service_id, escalation_id, kind, ref, level, category) select $1, id, 'message', id || '/1', 'red', 'suicide' from e),
			s as (insert into moderation_steps (service_id, escalation_id, fence, kind, level, rung, round, due_at) select $1, id, 1, 'raised', 'red', 0, 0, now() from e)
		insert into moderation_routes (service_id, escalation_id, account_id, role, level) select $1, e.id, a, 'tutor', 'red' from e, unnest(array[$3::uuid, $4::uuid]) a`,
		w.service, person.ID, tutors[0].ID, tutors[1].ID, races)
	rows, err := w.pool.Query(ctx, `select id from moderation_escalations`)
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[moderation.EscalationID])
	require.NoError(t, err)
	require.Len(t, list, races)

	race := func(id moderation.EscalationID) {
		var won atomic.Int32
		var both sync.WaitGroup
		for _, who := range tutors {
			both.Go(func() {
				// The loser is told that it is taken, or finds it gone.
				if err := w.Acknowledge(ctx, who, id); err == nil {
					won.Add(1)
				} else {
					assert.True(t, errors.Is(err, moderation.ErrTaken) || errs.KindOf(err) == errs.NotFound, "%v", err)
				}
			})
		}
		both.Wait()
		assert.EqualValues(t, 1, won.Load())
	}
	var all sync.WaitGroup
	for lane := range lanes {
		all.Go(func() {
			for i := lane; i < races; i += lanes {
				race(list[i])
			}
		})
	}
	all.Wait()
	assert.Zero(t, scalar[int](w, `select count(*) from moderation_escalations e where e.state <> 'acknowledged'
		or (select array_agg(r.account_id) from moderation_routes r where r.escalation_id = e.id and r.until is null) <> array[e.owner_id]`), "the owner alone reads on")
	w.checked()
}

func TestConsole(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	w.Start(ctx)
	defer w.Stop()
	anna, bruno := w.newTutor("Anna"), w.newTutor("Bruno")
	marta := w.newESP("Marta", anna)
	person := w.newActor(account.RoleGuest, "Mare")
	red := w.raise(w.flagged(newRoom(), 1, triage.Red, person, marta)).ID
	crisis := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, marta)).ID
	amber := w.raise(w.flagged(newRoom(), 1, triage.Amber, person, marta)).ID
	w.until("all routed", func() bool { return len(w.routed(red)) == 1 && len(w.routed(crisis)) == 1 && len(w.routed(amber)) == 1 })

	c, err := w.Console(ctx, anna)
	require.NoError(t, err)
	require.Len(t, c.Waiting, 2)
	assert.Equal(t, []moderation.EscalationID{crisis, red}, []moderation.EscalationID{c.Waiting[0].ID, c.Waiting[1].ID}, "the gravest first")
	c, err = w.Console(ctx, marta)
	require.NoError(t, err)
	require.Len(t, c.Waiting, 1, "the peer has the amber of their conversation, nothing graver")
	assert.Equal(t, amber, c.Waiting[0].ID)
	c, err = w.Console(ctx, bruno)
	require.NoError(t, err)
	assert.Empty(t, c.Waiting)

	require.NoError(t, w.Acknowledge(ctx, anna, crisis))
	c, err = w.Console(ctx, anna)
	require.NoError(t, err)
	require.Len(t, c.Mine, 1)
	c, err = w.Console(ctx, bruno)
	require.NoError(t, err)
	require.Len(t, c.Taken, 1)
	assert.Equal(t, "Anna", c.Taken[0].Owner)
	assert.Empty(t, c.Taken[0].Person, "who it is about stays with the owner")
	assert.Empty(t, c.Taken[0].Subject)
	c, err = w.Console(ctx, marta)
	require.NoError(t, err)
	assert.Empty(t, c.Taken, "peers see only what is routed to them")

	for _, role := range []account.Role{account.RoleGuest, account.RoleMember, account.RoleAdmin, account.RoleAuditor} {
		_, err := w.Console(ctx, w.newActor(role, string(role)))
		assert.Equal(t, errs.Forbidden, errs.KindOf(err), role)
	}
	was := anna
	was.Role = account.RoleESP
	_, err = w.ShowEscalation(ctx, was, red)
	assert.Equal(t, errs.NotFound, errs.KindOf(err), "who is no tutor any more sees no red")
}

// TestCloseWhatWasSeen: a cause that joins while the owner writes the note is not closed unread, and a note must say something.
func TestCloseWhatWasSeen(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna, person := w.newTutor("Anna"), w.newActor(account.RoleGuest, "Mare")
	w.Start(ctx)
	defer w.Stop()
	room := newRoom()
	id := w.raise(w.flagged(room, 1, triage.Crisis, person, account.Actor{})).ID
	w.until("Anna is asked", func() bool { return slices.Contains(w.routed(id), anna.ID) })
	require.NoError(t, w.Acknowledge(ctx, anna, id))
	shown, err := w.ShowEscalation(ctx, anna, id)
	require.NoError(t, err)
	require.Positive(t, shown.Seen)
	assert.Equal(t, []string{"Anna " + room}, w.board.opened, "who keeps the conversation is told before it is shown")

	w.raise(w.flagged(room, 2, triage.Crisis, person, account.Actor{}))
	closing := moderation.Closing{Outcome: moderation.OutcomeNoRisk, Note: "Sta meglio.", Seen: shown.Seen}
	err = w.CloseEscalation(ctx, anna, id, closing)
	require.Equal(t, errs.Invalid, errs.KindOf(err))
	assert.Equal(t, "acknowledged", w.state(id))
	shown, err = w.ShowEscalation(ctx, anna, id)
	require.NoError(t, err)
	closing.Seen = shown.Seen
	for _, nothing := range []string{"\u200b\u2060", "…", " \u00a0"} {
		closing.Note = nothing
		assert.Equal(t, errs.Invalid, errs.KindOf(w.CloseEscalation(ctx, anna, id, closing)), "%q", nothing)
	}
	closing.Note = "Ho letto anche il secondo messaggio."
	require.NoError(t, w.CloseEscalation(ctx, anna, id, closing))
}
