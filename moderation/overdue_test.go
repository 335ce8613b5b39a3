package moderation_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// danger reports that somebody may be in danger.
func (w *world) danger(by account.Actor, s moderation.Subject) {
	w.t.Helper()
	require.NoError(w.t, w.FileReport(w.t.Context(), by, moderation.Report{Subject: s, Reason: moderation.ReasonDanger}))
}

func (w *world) only(actor account.Actor) moderation.Case {
	w.t.Helper()
	queue, err := w.Queue(w.t.Context(), actor)
	require.NoError(w.t, err)
	require.Len(w.t, queue, 1)
	return queue[0]
}

// lapse lets a case have lain for its time.
func (w *world) lapse() {
	w.t.Helper()
	w.exec(`update moderation_cases set due_at = now(), claimed_until = case when claimed_by is not null then now() end where state = 'open' and due_at is not null`)
}

func (w *world) violations() []moderation.Violation {
	w.t.Helper()
	v, err := moderation.Check(w.t.Context(), w.pool)
	require.NoError(w.t, err)
	return v
}

// TestRedCase: a report of danger that nobody claims for five minutes is an alert to tutors, once, and it is closed by a human alone.
func TestRedCase(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna := w.newTutor("Anna")
	author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	post := w.newPost(author)
	w.danger(reader, post)
	assert.True(t, w.hints.has(bus.Account(anna.ID.String()), bus.Escalations), "an open queue hears of it")
	c := w.only(anna)
	assert.Equal(t, triage.Red, c.Level)
	assert.False(t, c.Overdue)
	assert.InDelta(t, (5 * time.Minute).Seconds(), c.DueAt.Sub(c.Now).Seconds(), 30)

	require.NoError(t, w.Claim(ctx, anna, c.ID))
	assert.InDelta(t, (15 * time.Minute).Seconds(), w.only(anna).DueAt.Sub(c.Now).Seconds(), 30, "not while somebody is at it")
	w.exec(`update moderation_cases set claimed_until = now() - interval '6 minutes', due_at = now() - interval '1 minute'`)
	assert.Contains(t, w.violations(), moderation.Violation{Rule: "unclaimed", Object: "case:" + c.ID.String()})

	w.Start(ctx)
	defer w.Stop()
	count := func() int { return scalar[int](w, `select count(*) from moderation_escalations`) }
	w.until("the alert", func() bool { return count() == 1 })
	id := scalar[moderation.EscalationID](w, `select id from moderation_escalations where subject_kind = 'post' and level = 'red' and subject_id = $1`, post.ID)
	w.until("a tutor is asked", func() bool { return len(w.routed(id)) == 1 })
	assert.Empty(t, w.violations())

	require.NoError(t, w.Acknowledge(ctx, anna, id))
	shown, err := w.ShowEscalation(ctx, anna, id)
	require.NoError(t, err)
	assert.Equal(t, author.Alias, shown.Person)
	require.Len(t, shown.Causes, 1)
	assert.Equal(t, moderation.CauseModerator, shown.Causes[0].Kind)
	assert.Equal(t, c.ID, shown.Causes[0].Case, "from the alert to the report")
	assert.Equal(t, "un testo", shown.Causes[0].Excerpt.Text)
	opened, err := w.ShowCase(ctx, anna, c.ID)
	require.NoError(t, err)
	assert.Equal(t, &moderation.Alert{ID: id, State: moderation.StateAcknowledged, Mine: true}, opened.Alert, "and back")
	assert.True(t, opened.Overdue)

	w.lapse()
	w.danger(w.newActor(account.RoleMember, "Sole"), post)
	require.NoError(t, w.Claim(ctx, anna, c.ID))
	require.NoError(t, w.Decide(ctx, anna, c.ID, moderation.Decision{Kind: moderation.DecideNone}))
	assert.Equal(t, 1, count(), "once")
	assert.Equal(t, "acknowledged", w.state(id), "a decision about a text closes no alert about a person")
	assert.Contains(t, scalar[[]string](w, `select array_agg(kind) from moderation_steps where escalation_id = $1`, id), "acted", "but it shows that its owner is at it")
}

// TestRedCase_room: what is reported in a conversation is an alert about the conversation.
func TestRedCase_room(t *testing.T) {
	w := newWorld(t, slow())
	w.newTutor("Anna")
	person, esp, room := w.newActor(account.RoleGuest, "Mare"), w.newActor(account.RoleESP, "Marta"), newRoom()
	w.flagged(room, 1, triage.Amber, person, esp)
	w.danger(esp, moderation.Subject{Kind: moderation.SubjectMessage, ID: room + "/1"})
	w.lapse()
	w.Start(t.Context())
	defer w.Stop()
	w.until("the alert", func() bool {
		return scalar[int](w, `select count(*) from moderation_escalations where subject_kind = 'room' and subject_id = $1 and person_id = $2`, room, person.ID) == 1
	})
}

// TestCaseLevel: what triage reads counts as much as what the reporter chose, and the worst of all reports.
func TestCaseLevel(t *testing.T) {
	w := newWorld(t, slow())
	tutor, author := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare")
	first, second := w.newActor(account.RoleMember, "Luna"), w.newActor(account.RoleMember, "Sole")
	post := w.newPost(author)
	w.board.mu.Lock()
	grave := w.board.texts[post.ID]
	grave.Text = "Ho già preso tutte le pastiglie, fra poco è finita."
	w.board.texts[post.ID] = grave
	w.board.mu.Unlock()
	w.report(first, post)
	assert.GreaterOrEqual(t, w.only(tutor).Level, triage.Red)
	w.exec(`delete from moderation_cases`)

	plain := w.newPost(author)
	w.report(first, plain)
	c := w.only(tutor)
	assert.Equal(t, triage.Amber, c.Level)
	assert.InDelta(t, (30 * time.Minute).Seconds(), c.DueAt.Sub(c.Now).Seconds(), 30)
	w.danger(second, plain)
	c = w.only(tutor)
	assert.Equal(t, triage.Red, c.Level)
	assert.InDelta(t, (5 * time.Minute).Seconds(), c.DueAt.Sub(c.Now).Seconds(), 30)
}

// TestAmberCase: what lies for too long stands first among its like, and those who moderate are told, then the tutors.
func TestAmberCase(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna := w.newTutor("Anna")
	leo, luca := w.newESP("Leo", anna), w.newESP("Luca", anna)
	author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	w.board.moderators = []account.ID{leo.ID, luca.ID}
	w.exec(`insert into moderation_policies (service_id, version, times, state, asked_by, approved_by, approved_at) values ($1, 1,
		'{"crisis_within": 60, "crisis_idle": 300, "red_within": 600, "red_idle": 900, "amber_within": 3600}', 'active', $2, $3, now())`, w.service, anna.ID, leo.ID)
	require.NoError(t, w.FileReport(ctx, luca, moderation.Report{Subject: w.newPost(author), Reason: moderation.ReasonHarassment}))
	lies := w.openCase()
	assert.InDelta(t, time.Hour.Seconds(), w.only(anna).DueAt.Sub(w.only(anna).Now).Seconds(), 30, "as long as the service says")
	w.lapse()
	w.Start(ctx)
	defer w.Stop()

	told := func(a account.Actor) bool {
		list, err := w.Notices(ctx, a)
		require.NoError(t, err)
		return len(list) == 1 && list[0].Kind == moderation.NoticeCaseOverdue && list[0].Case == lies
	}
	w.until("who moderates is told", func() bool { return told(leo) })
	assert.False(t, told(luca), "not who reported it")
	assert.False(t, told(anna), "tutors come after")
	assert.True(t, w.hints.has(bus.Account(leo.ID.String()), bus.Notices))
	assert.True(t, w.only(anna).Overdue)
	require.NoError(t, w.FileReport(ctx, reader, moderation.Report{Subject: w.newPost(author), Reason: moderation.ReasonPrivacy}))
	w.exec(`update moderation_cases set opened_at = opened_at - interval '1 hour' where id <> $1`, lies)
	queue, err := w.Queue(ctx, anna)
	require.NoError(t, err)
	assert.Equal(t, lies, queue[0].ID)

	w.exec(`update moderation_cases set due_at = now() where id = $1`, lies)
	w.until("the tutors are told", func() bool { return told(anna) })
	assert.Zero(t, scalar[int](w, `select count(*) from moderation_escalations`), "it is no alert")
	assert.Empty(t, w.violations())
}

// TestKeepClaim: a claim lasts as long as somebody works on the case.
func TestKeepClaim(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna, bruno := w.newTutor("Anna"), w.newTutor("Bruno")
	w.report(w.newActor(account.RoleMember, "Luna"), w.newPost(w.newActor(account.RoleMember, "Mare")))
	id := w.openCase()
	require.ErrorIs(t, w.KeepClaim(ctx, anna, id), moderation.ErrClaimFirst)
	require.NoError(t, w.Claim(ctx, anna, id))
	left := func() float64 {
		return scalar[float64](w, `select extract(epoch from claimed_until - now())::float8 from moderation_cases`)
	}
	for name, work := range map[string]func() error{
		"keeping": func() error { return w.KeepClaim(ctx, anna, id) },
		"opening": func() error { _, err := w.ShowCase(ctx, anna, id); return err },
		"noting":  func() error { return w.NoteOnCase(ctx, anna, id, "Ne ho parlato con Bruno.") },
	} {
		w.exec(`update moderation_cases set claimed_until = now() + interval '1 minute'`)
		require.NoError(t, work(), name)
		assert.InDelta(t, 600, left(), 30, name)
	}
	w.exec(`update moderation_cases set claimed_until = now() + interval '1 minute'`)
	_, err := w.ShowCase(ctx, bruno, id)
	require.NoError(t, err)
	require.ErrorIs(t, w.KeepClaim(ctx, bruno, id), moderation.ErrClaimFirst)
	assert.InDelta(t, 60, left(), 30, "not by whoever reads it")
	w.exec(`update moderation_cases set claimed_until = now()`)
	require.ErrorIs(t, w.KeepClaim(ctx, anna, id), moderation.ErrClaimFirst, "what ran out is free for all")
}

// TestTakeBack: what was hidden is shown again by who hid it or another moderator, with a reason for its author.
func TestTakeBack(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna, bruno := w.newTutor("Anna"), w.newTutor("Bruno")
	author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	hide := func() (moderation.CaseID, moderation.Subject) {
		post := w.newPost(author)
		w.report(reader, post)
		id := w.openCase()
		require.NoError(t, w.Claim(ctx, anna, id))
		require.NoError(t, w.Decide(ctx, anna, id, moderation.Decision{Kind: moderation.DecideHide, Reason: "Contiene un telefono."}))
		return id, post
	}
	id, post := hide()
	list, err := w.Hidden(ctx, bruno)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, errs.NotFound, errs.KindOf(w.TakeBack(ctx, reader, id, "No.")))
	require.Error(t, w.TakeBack(ctx, bruno, id, " "))
	require.NoError(t, w.TakeBack(ctx, bruno, id, "Il telefono era del Servizio."))
	ex, err := w.board.Excerpt(ctx, w.pool, w.service, post.ID)
	require.NoError(t, err)
	assert.False(t, ex.Hidden)
	told, err := w.Notices(ctx, author)
	require.NoError(t, err)
	assert.Equal(t, moderation.NoticeTakenBack, told[0].Kind)
	assert.Equal(t, "Il telefono era del Servizio.", told[0].Statement)
	assert.False(t, told[0].Hidden)
	assert.Equal(t, "Contiene un telefono.", told[1].Statement, "what they were told first stays")
	assert.Empty(t, told[1].Appeal, "there is nothing left to appeal")
	told, err = w.Notices(ctx, reader)
	require.NoError(t, err)
	assert.Equal(t, moderation.NoticeReportTakenBack, told[0].Kind)
	assert.Empty(t, told[0].Statement)
	require.ErrorIs(t, w.TakeBack(ctx, anna, id, "Ancora."), moderation.ErrNotHidden)
	list, err = w.Hidden(ctx, anna)
	require.NoError(t, err)
	assert.Empty(t, list)

	id, _ = hide()
	require.NoError(t, w.FileAppeal(ctx, author, id, "Non è un telefono."))
	require.ErrorIs(t, w.TakeBack(ctx, anna, id, "Hai ragione."), moderation.ErrBeingLooked, "an appeal is decided by somebody else")
}

// TestClosingParts: what an owner writes at the end is sealed in parts; a note from before there were any is read as it was.
func TestClosingParts(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna, person := w.newTutor("Anna"), w.newActor(account.RoleGuest, "Mare")
	w.Start(ctx)
	defer w.Stop()
	id := w.raise(w.flagged(newRoom(), 1, triage.Red, person, account.Actor{})).ID
	w.until("asked", func() bool { return len(w.routed(id)) == 1 })
	require.NoError(t, w.Acknowledge(ctx, anna, id))
	require.NoError(t, w.CloseEscalation(ctx, anna, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "Ho chiamato.", Protective: "Il fratello è con lui.", AfterCare: " Domani alle 9. "}))
	assert.NotContains(t, scalar[string](w, `select encode(note, 'escape') from moderation_escalations`), "fratello")
	shown, err := w.ShowEscalation(ctx, anna, id)
	require.NoError(t, err)
	assert.Equal(t, moderation.ClosingNote{Done: "Ho chiamato.", Protective: "Il fratello è con lui.", AfterCare: "Domani alle 9."}, shown.Note)

	old, err := w.keys.SealAlone([]byte("Una nota di prima."), "escalation note|"+id.String())
	require.NoError(t, err)
	w.exec(`update moderation_escalations set note = $1, note_wrapped = $2, note_key_id = $3, note_form = default`, old.Text, old.Wrapped, old.KeyID)
	shown, err = w.ShowEscalation(ctx, anna, id)
	require.NoError(t, err)
	assert.Equal(t, moderation.ClosingNote{Done: "Una nota di prima."}, shown.Note)
}

// TestMigrateClock: what was open before has a clock, and what was decided or closed has none.
func TestMigrateClock(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna, author, reader := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	w.report(reader, w.newPost(author))
	decided := w.openCase()
	require.NoError(t, w.Claim(ctx, anna, decided))
	require.NoError(t, w.Decide(ctx, anna, decided, moderation.Decision{Kind: moderation.DecideNone}))
	w.report(reader, w.newPost(author))
	amber := w.openCase()
	w.danger(reader, w.newPost(author))
	e := w.raise(w.flagged(newRoom(), 1, triage.Crisis, author, account.Actor{}))
	w.exec(`insert into moderation_notices (id, service_id, account_id, escalation_id, kind) values (gen_random_uuid(), $1, $2, $3, 'revealed')`, w.service, author.ID, e.ID)
	w.exec(withoutClock + `delete from moderation_migrations where version_id >= 15`)
	require.NoError(t, pg.Migrate(ctx, w.url, moderation.Migrations()))
	queue, err := w.Queue(ctx, anna)
	require.NoError(t, err)
	require.Len(t, queue, 2)
	assert.Equal(t, triage.Red, queue[0].Level)
	assert.Equal(t, amber, queue[1].ID)
	for i, lies := range []time.Duration{5 * time.Minute, 30 * time.Minute} {
		assert.InDelta(t, lies.Seconds(), queue[i].DueAt.Sub(queue[i].Now).Seconds(), 30)
	}
	assert.True(t, scalar[bool](w, `select due_at is null from moderation_cases where id = $1`, decided))
}
