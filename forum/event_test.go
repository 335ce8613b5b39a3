package forum

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// clock is how the form writes an hour of a day to come.
func clock(days int, hour string) string {
	return time.Now().AddDate(0, 0, days).Format(time.DateOnly) + "T" + hour
}

func newEvent(slug, title string) NewEvent {
	return NewEvent{Category: slug, Title: title, Text: calm, CID: newCID(), EventTime: EventTime{From: clock(7, "15:00"), To: clock(7, "17:00"), Place: "Sala del Comune, via Roma 1"}}
}

// plans opens an event.
func (w *town) plans(actor account.Actor, slug, title string) Receipt {
	w.t.Helper()
	r, err := w.OpenEvent(w.t.Context(), actor, newEvent(slug, title))
	require.NoError(w.t, err)
	return r
}

// upcoming are the titles of the events that somebody sees ahead.
func (w *town) upcoming(actor account.Actor) (titles []string) {
	w.t.Helper()
	list, err := w.UpcomingEvents(w.t.Context(), actor, 50)
	require.NoError(w.t, err)
	for _, u := range list {
		require.NotNil(w.t, u.Thread.Event)
		titles = append(titles, u.Thread.Title)
	}
	return titles
}

// TestOpenEvent: who works here opens one where they may open a thread; nobody else does, on this way or another.
func TestOpenEvent(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	for slug, allowed := range map[string][]account.Role{
		"members": {account.RoleESP, account.RoleSenior, account.RoleTutor}, "family": {account.RoleESP, account.RoleSenior, account.RoleTutor}, "staff": {account.RoleESP, account.RoleSenior, account.RoleTutor},
	} {
		for role, actor := range w.roles {
			c, _, err := selectCategory(ctx, w.pool, actor, slug)
			require.NoError(t, err)
			_, err = w.OpenEvent(ctx, actor, newEvent(slug, "Incontro"))
			if actor.Is(allowed...) {
				require.NoError(t, err, "%s in %s", role, slug)
				assert.True(t, MayOpenEvent(actor, c))
			} else {
				assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, errs.KindOf(err), "%s in %s", role, slug)
				assert.False(t, MayOpenEvent(actor, c))
			}
			_, err = w.opens(actor, slug, KindEvent, "Senza data")
			require.Error(t, err, "an event without a day")
		}
	}
	_, err := w.OpenEvent(ctx, w.other, newEvent("members", "Altrove"))
	require.ErrorIs(t, err, account.ErrNotFound)
	assert.Equal(t, 9, w.count(`select count(*) from forum_events`))
	assert.Equal(t, 9, w.count(`select count(*) from forum_threads where kind = 'event'`))
	assert.Len(t, w.upcoming(w.as(account.RoleMember)), 3)
	assert.Len(t, w.upcoming(w.as(account.RoleFamily)), 6)
	assert.Len(t, w.upcoming(w.as(account.RoleTutor)), 9)
	assert.Empty(t, w.upcoming(w.other))
	for _, role := range []account.Role{account.RoleVisitor, account.RoleGuest, account.RoleAdmin, account.RoleAuditor} {
		_, err := w.UpcomingEvents(ctx, w.as(role), 5)
		require.Error(t, err, role)
	}
	e := newEvent("members", "Due volte")
	first, err := w.OpenEvent(ctx, w.as(account.RoleESP), e)
	require.NoError(t, err)
	again, err := w.OpenEvent(ctx, w.as(account.RoleESP), e)
	require.NoError(t, err)
	assert.Equal(t, first, again, "the same form sent twice is stored once")
}

// TestEventForm: every mistake of the form is said at once; the nights in which the clocks change have their say.
func TestEventForm(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	bad := newEvent("members", "")
	bad.Text, bad.EventTime = " ", EventTime{From: "domani", To: "", Place: " "}
	_, err := w.OpenEvent(t.Context(), w.as(account.RoleESP), bad)
	var fields errs.Fields
	require.ErrorAs(t, err, &fields)
	var names []string
	for _, f := range fields {
		names = append(names, f.Field)
	}
	assert.ElementsMatch(t, []string{"title", "text", "from", "to", "place"}, names)
	past := newEvent("members", "Ieri")
	past.From, past.To = clock(-2, "10:00"), clock(-2, "11:00")
	_, err = w.OpenEvent(t.Context(), w.as(account.RoleESP), past)
	require.ErrorAs(t, err, &fields)
	assert.Equal(t, "event.over", fields[0].Key)
	rome, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	now := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ name, from, to, place, wrong, begins, ends string }{
		{name: "winter", from: "2026-02-01T10:00", to: "2026-02-01T12:00", place: "Sala", begins: "2026-02-01T09:00:00Z", ends: "2026-02-01T11:00:00Z"},
		{name: "summer", from: "2026-07-01T10:00", to: "2026-07-01T12:00", place: "Sala", begins: "2026-07-01T08:00:00Z", ends: "2026-07-01T10:00:00Z"},
		{name: "across the spring night", from: "2026-03-28T22:00", to: "2026-03-29T10:00", place: "Sala", begins: "2026-03-28T21:00:00Z", ends: "2026-03-29T08:00:00Z"},
		{name: "across the autumn night", from: "2026-10-24T22:00", to: "2026-10-25T10:00", place: "Sala", begins: "2026-10-24T20:00:00Z", ends: "2026-10-25T09:00:00Z"},
		{name: "in the hour that comes twice", from: "2026-10-25T02:15", to: "2026-10-25T02:45", place: "Sala", begins: "2026-10-25T00:15:00Z", ends: "2026-10-25T01:45:00Z"},
		{name: "in the hour that does not exist", from: "2026-03-29T02:30", to: "2026-03-29T04:00", place: "Sala", wrong: "from: roster.time_skipped"},
		{name: "ends first", from: "2026-02-01T10:00", to: "2026-02-01T10:00", place: "Sala", wrong: "to: event.ends_before_start"},
		{name: "longer than a month", from: "2026-02-01T10:00", to: "2026-04-01T10:00", place: "Sala", wrong: "to: event.too_long"},
		{name: "in another life", from: "2062-02-01T10:00", to: "2062-02-01T12:00", place: "Sala", wrong: "from: event.too_far"},
		{name: "nowhere", from: "2026-02-01T10:00", to: "2026-02-01T12:00", wrong: "place: event.place_missing"},
		{name: "a place like a book", from: "2026-02-01T10:00", to: "2026-02-01T12:00", place: strings.Repeat("a", MaxPlace+1), wrong: "place: event.place_long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := EventTime{From: c.from, To: c.to, Place: c.place}.read(rome, now)
			if c.wrong != "" {
				require.ErrorAs(t, err, &fields)
				assert.Equal(t, c.wrong, fields[0].Field+": "+fields[0].Key)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.begins, e.StartsAt.UTC().Format(time.RFC3339))
			assert.Equal(t, c.ends, e.EndsAt.UTC().Format(time.RFC3339))
		})
	}
}

// TestChangeEvent: its author and its moderators change and cancel it; nobody else does, and of two at once one is told.
func TestChangeEvent(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	esp, senior, tutor, member := w.as(account.RoleESP), w.as(account.RoleSenior), w.as(account.RoleTutor), w.as(account.RoleMember)
	r := w.plans(senior, "members", "Incontro")
	other := EventTime{From: clock(8, "10:00"), To: clock(8, "11:00"), Online: true}
	for _, who := range []account.Actor{member, w.as(account.RoleFamily), w.other, w.as(account.RoleAdmin), w.as(account.RoleVisitor)} {
		require.Error(t, w.ChangeEvent(ctx, who, r.Thread, 0, other))
		require.Error(t, w.CancelEvent(ctx, who, r.Thread, "Non si fa più."))
		l, err := w.Posts(ctx, who, r.Thread, 0, 10)
		if err == nil {
			assert.False(t, l.MayEvent)
		}
	}
	mark, err := w.ThreadMark(ctx, member, r.Thread, 0)
	require.NoError(t, err)
	require.NoError(t, w.ChangeEvent(ctx, senior, r.Thread, 0, other))
	changed, err := w.ThreadMark(ctx, member, r.Thread, 0)
	require.NoError(t, err)
	assert.NotEqual(t, mark, changed, "an open page looks again")
	l, err := w.Posts(ctx, member, r.Thread, 0, 10)
	require.NoError(t, err)
	assert.Equal(t, changed, l.Mark)
	require.NotNil(t, l.Thread.Event)
	assert.Equal(t, 1, l.Thread.Event.Sequence)
	assert.True(t, l.Thread.Event.Online)
	require.ErrorIs(t, w.ChangeEvent(ctx, esp, r.Thread, 0, other), ErrEventChanged)
	require.NoError(t, w.ChangeEvent(ctx, esp, r.Thread, 1, other), "what changes nothing")
	assert.Equal(t, 1, w.count(`select sequence from forum_events where thread_id = $1`, r.Thread))
	// Two at once: one of them is told.
	var wg sync.WaitGroup
	results := make([]error, 2)
	for i, who := range []account.Actor{esp, tutor} {
		wg.Go(func() {
			in := other
			in.Place = "Stanza " + who.Alias
			results[i] = w.ChangeEvent(context.WithoutCancel(ctx), who, r.Thread, 1, in)
		})
	}
	wg.Wait()
	require.NotEqual(t, results[0] == nil, results[1] == nil)
	assert.Equal(t, 2, w.count(`select sequence from forum_events where thread_id = $1`, r.Thread))

	require.Error(t, w.CancelEvent(ctx, tutor, r.Thread, "no"))
	require.NoError(t, w.CancelEvent(ctx, tutor, r.Thread, "Chi lo teneva sta male."))
	require.NoError(t, w.CancelEvent(ctx, senior, r.Thread, "Un'altra ragione ancora."))
	require.ErrorIs(t, w.ChangeEvent(ctx, senior, r.Thread, 3, other), ErrEventCancelled)
	v, err := w.EventOf(ctx, member, r.Thread)
	require.NoError(t, err)
	assert.True(t, v.Thread.Event.Cancelled)
	assert.Equal(t, "Chi lo teneva sta male.", v.Thread.Event.Reason)
	assert.Equal(t, []string{"Incontro"}, w.upcoming(member), "it stays to be seen")
	front, err := w.Front(ctx, member, false, 1)
	require.NoError(t, err)
	assert.Empty(t, front.Ahead, "and takes no place where there is room for a few")
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'event.cancel'`))

	// What is no event is none to change; what is locked, hidden or deleted stays as it is.
	talk := w.open(esp, "members", "Parole", calm)
	require.ErrorIs(t, w.ChangeEvent(ctx, esp, talk.Thread, 0, other), account.ErrNotFound)
	_, err = w.EventOf(ctx, esp, talk.Thread)
	require.ErrorIs(t, err, account.ErrNotFound)
	r = w.plans(esp, "members", "Chiusa")
	require.NoError(t, w.LockThread(ctx, tutor, r.Thread, why))
	require.ErrorIs(t, w.ChangeEvent(ctx, esp, r.Thread, 0, other), ErrLocked)
	require.NoError(t, w.ChangeEvent(ctx, tutor, r.Thread, 0, other))
	require.NoError(t, w.UnlockThread(ctx, tutor, r.Thread))
	w.hide(r, "Nomina una persona.")
	require.ErrorIs(t, w.ChangeEvent(ctx, esp, r.Thread, 1, other), ErrHidden)
	assert.Equal(t, []string{"Incontro"}, w.upcoming(member))
	assert.Equal(t, []string{"Incontro"}, w.upcoming(tutor))
	_, err = w.EventOf(ctx, member, r.Thread)
	require.ErrorIs(t, err, account.ErrNotFound, "its place is hidden with it")
	r = w.plans(esp, "members", "Cancellata")
	_, err = w.DeletePost(ctx, esp, r.Post)
	require.NoError(t, err)
	assert.Equal(t, []string{"Incontro"}, w.upcoming(member))
}

// TestEventMuted: who may not write for a time opens no event, and what sounds like danger is read all the same.
func TestEventMuted(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	in := newEvent("members", "Incontro")
	in.Place = crisis
	r, err := w.OpenEvent(t.Context(), w.as(account.RoleESP), in)
	require.NoError(t, err)
	assert.Equal(t, "crisis", r.Level.String(), "its place is read too")
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations`))
	assert.Equal(t, KindDiscussion, KindEvent.held(), "what is held of one is words like any other")
}

// TestEventTravels: an export holds when and where, and what is brought in is what left.
func TestEventTravels(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.plans(w.as(account.RoleESP), "members", "Rimandato")
	gone := w.plans(w.as(account.RoleESP), "members", "Annullato")
	require.NoError(t, w.CancelEvent(ctx, w.as(account.RoleTutor), gone.Thread, "Chi lo teneva sta male."))
	deleted := w.plans(w.as(account.RoleESP), "members", "Cancellato")
	w.answer(w.as(account.RoleMember), deleted.Thread, calm)
	_, err := w.DeletePost(ctx, w.as(account.RoleESP), deleted.Post)
	require.NoError(t, err)
	var first, second bytes.Buffer
	_, err = w.Export(ctx, account.System(w.a), &first)
	require.NoError(t, err)
	w.newAccount(w.b, account.RoleESP, "Marta")
	text := strings.ReplaceAll(first.String(), `"Mirto"`, `"Mirto due"`)
	_, wrong, err := w.CheckImport(ctx, account.System(w.b), "a", strings.NewReader(text))
	require.NoError(t, err)
	require.Empty(t, wrong)
	_, err = w.Import(ctx, account.System(w.b), "a", strings.NewReader(text), func(string, string) error { return nil })
	require.NoError(t, err)
	_, err = w.Export(ctx, account.System(w.b), &second)
	require.NoError(t, err)
	assert.Equal(t, plainRecords(t, text), plainRecords(t, second.String()))
	assert.ElementsMatch(t, []string{"Rimandato", "Annullato"}, w.upcoming(w.other))

	for _, bad := range []string{
		`"thread_kind":"event"`,
		`"thread_kind":"question","event":{"from":"2026-01-01T10:00:00Z","to":"2026-01-01T11:00:00Z","place":"Sala"}`,
		`"thread_kind":"event","event":{"from":"2026-01-01T10:00:00Z","to":"2026-01-01T10:00:00Z","place":"Sala"}`,
		`"thread_kind":"event","event":{"from":"2026-01-01T10:00:00Z","to":"2026-01-01T11:00:00Z"}`,
		`"thread_kind":"event","event":{"from":"0026-01-01T10:00:00Z","to":"0026-01-01T11:00:00Z","place":"Sala","sequence":-1}`,
	} {
		line := moving + `{"kind":"thread","id":"t9","category":"c1","author":"u1","title":"Incontro","text":"Venite.","at":"2019-05-01T10:00:00Z",` + bad + "}\n"
		_, wrong, err := w.CheckImport(ctx, account.System(w.a), "altrove", strings.NewReader(line))
		require.NoError(t, err)
		assert.NotEmpty(t, wrong, bad)
	}
}

// TestMigrateEvents: threads of before have no event, and the tables hold what the use-cases promise.
func TestMigrateEvents(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.open(w.as(account.RoleMember), "members", "Di prima", calm)
	w.migrateFrom(25)
	assert.Equal(t, []string{"Di prima"}, w.titles(w.as(account.RoleTutor), "members", ""))
	w.plans(w.as(account.RoleESP), "members", "Di adesso")
	for sql, constraint := range map[string]string{
		`update forum_events set ends_at = starts_at`:                 "forum_events_ends_later",
		`update forum_events set place = ''`:                          "forum_events_somewhere",
		`update forum_events set cancelled_at = now()`:                "forum_events_cancelled_why",
		`update forum_events set service_id = '` + w.b.String() + `'`: "forum_events_thread",
		`insert into forum_events select * from forum_events`:         "forum_events_pkey",
		`insert into forum_feeds (account_id, service_id, token_hash) values ('` + w.other.ID.String() + `', '` + w.a.String() + `', '')`: "forum_feeds_account",
	} {
		_, err := w.pool.Exec(ctx, sql)
		assert.Equal(t, constraint, pg.Constraint(err), sql)
	}
}
