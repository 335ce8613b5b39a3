package forum

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/ids"
)

var plainWords = CalendarWords{Name: "Calendario", Online: "Online"}

// TestCalendar: what is written is what RFC 5545 asks for, whatever is in the texts; and another program reads the same from it.
func TestCalendar(t *testing.T) {
	t.Parallel()
	rome, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	changed := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02T15:04", s, rome)
		require.NoError(t, err)
		return v
	}
	event := func(title string, e Event) Upcoming {
		e.ChangedAt = changed
		return Upcoming{Thread: Thread{ID: ids.New[Thread](), Title: title, Event: &e}}
	}
	hostile := `Pane, olio; "sale" \ e: 🫶🏽 ` + strings.Repeat("è🙂", 60) + " \\nEND:VEVENT"
	list := []Upcoming{
		event(hostile, Event{StartsAt: at("2026-10-24T22:00"), EndsAt: at("2026-10-25T10:00"), Place: "Via Roma 1, Lecco; piano 2"}),
		event("Primavera", Event{StartsAt: at("2026-03-29T10:00"), EndsAt: at("2026-03-29T11:00"), Online: true, Sequence: 2}),
		event("Annullato", Event{StartsAt: at("2026-11-01T10:00"), EndsAt: at("2026-11-01T11:00"), Online: true, Place: "stanza 3", Sequence: 3, Cancelled: true, Reason: "Perché sì."}),
		{Thread: Thread{ID: ids.New[Thread](), Title: "Senza data"}},
	}
	text := string(Calendar(plainWords, list))
	assert.Equal(t, text, string(Calendar(plainWords, list)), "the same events make the same bytes")
	assert.Equal(t, strings.Count(text, "\n"), strings.Count(text, "\r\n"))
	assert.True(t, strings.HasSuffix(text, "END:VCALENDAR\r\n"))
	for line := range strings.SplitSeq(text, "\r\n") {
		assert.LessOrEqual(t, len(line), 75, line)
		assert.True(t, utf8.ValidString(line), "a letter is not cut in two: %q", line)
	}
	assert.Equal(t, 3, strings.Count(text, "\r\nEND:VEVENT\r\n"))
	assert.NotContains(t, strings.ToLower(text), "ponti", "nothing says what it is of")
	assert.NotContains(t, text, "Senza data")
	assert.NotContains(t, text, "Perché")
	plain := strings.ReplaceAll(text, "\r\n ", "")
	assert.Contains(t, plain, `SUMMARY:Pane\, olio\; "sale" \\ e: `)
	assert.Contains(t, plain, `LOCATION:Via Roma 1\, Lecco\; piano 2`)
	assert.Contains(t, plain, "DTSTART:20261024T200000Z\r\n")
	assert.Contains(t, plain, "DTEND:20261025T090000Z\r\n")
	assert.Contains(t, plain, "DTSTART:20260329T080000Z\r\n")
	assert.Equal(t, 3, strings.Count(plain, "DTSTAMP:20260901T080000Z\r\n"))
	assert.Contains(t, plain, "X-WR-CALNAME:Calendario\r\n")

	cal, err := ics.ParseCalendar(strings.NewReader(text))
	require.NoError(t, err)
	require.Len(t, cal.Events(), 3)
	for i, v := range cal.Events() {
		value := func(p ics.ComponentProperty) string { return v.GetProperty(p).Value }
		assert.Equal(t, list[i].Thread.ID.String(), v.Id())
		assert.Equal(t, list[i].Thread.Title, value(ics.ComponentPropertySummary))
		from, err := v.GetStartAt()
		require.NoError(t, err)
		assert.True(t, list[i].Thread.Event.StartsAt.Equal(from))
		assert.Equal(t, []string{"CONFIRMED", "CONFIRMED", "CANCELLED"}[i], value(ics.ComponentPropertyStatus))
		assert.Equal(t, []string{"0", "2", "3"}[i], value(ics.ComponentPropertySequence))
		assert.Equal(t, []string{"Via Roma 1, Lecco; piano 2", "Online", "Online: stanza 3"}[i], value(ics.ComponentPropertyLocation))
	}
}

// TestFeed: an address shows what its owner may read at that moment, ends with it, and is stored as nothing that could be used.
func TestFeed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	esp, tutor, member, family := w.as(account.RoleESP), w.as(account.RoleTutor), w.as(account.RoleMember), w.as(account.RoleFamily)
	open, relatives, inside := w.plans(esp, "members", "Per tutti"), w.plans(tutor, "family", "Per i familiari"), w.plans(tutor, "staff", "Tra di noi")
	titles := func(s account.ServiceID, token string) (list []string, err error) {
		events, err := w.Feed(ctx, s, token)
		for _, u := range events {
			list = append(list, u.Thread.Title)
		}
		return list, err
	}
	tokens := map[account.Role]string{}
	for role, want := range map[account.Role][]string{
		account.RoleMember: {"Per tutti"}, account.RoleFamily: {"Per tutti", "Per i familiari"}, account.RoleESP: {"Per tutti", "Per i familiari", "Tra di noi"},
	} {
		token, err := w.MakeFeed(ctx, w.as(role))
		require.NoError(t, err)
		got, err := titles(w.a, token)
		require.NoError(t, err)
		assert.ElementsMatch(t, want, got, role)
		tokens[role] = token
		assert.Zero(t, w.count(`select count(*) from forum_feeds f where f::text like '%' || $1 || '%' or encode(token_hash, 'escape') like '%' || $1 || '%'`, token), "only its hash is kept")
	}
	for _, role := range []account.Role{account.RoleVisitor, account.RoleGuest, account.RoleAdmin, account.RoleAuditor} {
		_, err := w.MakeFeed(ctx, w.as(role))
		require.Error(t, err, role)
		require.Error(t, w.WithdrawFeed(ctx, w.as(role)))
	}
	nothing := func(s account.ServiceID, token string) {
		t.Helper()
		_, err := titles(s, token)
		require.ErrorIs(t, err, account.ErrNotFound)
		assert.Equal(t, account.ErrNotFound.Error(), err.Error(), "one says no more than another")
	}
	nothing(w.b, tokens[account.RoleMember])
	nothing(w.a, "")
	nothing(w.a, strings.Repeat("a", 1<<20))
	nothing(w.a, tokens[account.RoleMember]+"a")

	// What moves, is hidden or cancelled is so at once.
	_, err := w.pool.Exec(ctx, `update forum_threads set category_id = $2 where id = $1`, open.Thread, w.family)
	require.NoError(t, err)
	got, err := titles(w.a, tokens[account.RoleMember])
	require.NoError(t, err)
	assert.Empty(t, got)
	w.hide(relatives, "Nomina una persona.")
	got, err = titles(w.a, tokens[account.RoleFamily])
	require.NoError(t, err)
	assert.Equal(t, []string{"Per tutti"}, got)
	require.NoError(t, w.CancelEvent(ctx, esp, open.Thread, "Chi lo teneva sta male."))
	events, err := w.Feed(ctx, w.a, tokens[account.RoleESP])
	require.NoError(t, err)
	require.Len(t, events, 2)
	assert.Contains(t, string(Calendar(plainWords, events)), "STATUS:CANCELLED\r\n")
	_, err = w.pool.Exec(ctx, `update forum_events set starts_at = now() - interval '40 days', ends_at = now() - interval '31 days' where thread_id = $1`, inside.Thread)
	require.NoError(t, err)
	got, err = titles(w.a, tokens[account.RoleESP])
	require.NoError(t, err)
	assert.Equal(t, []string{"Per tutti"}, got, "what is long over is gone")

	// A new address ends the old one; withdrawn, suspended, shut out and erased, there is none.
	at, err := w.FeedMade(ctx, member)
	require.NoError(t, err)
	require.NotNil(t, at)
	again, err := w.MakeFeed(ctx, member)
	require.NoError(t, err)
	nothing(w.a, tokens[account.RoleMember])
	_, err = titles(w.a, again)
	require.NoError(t, err)
	require.NoError(t, w.WithdrawFeed(ctx, member))
	require.NoError(t, w.WithdrawFeed(ctx, member))
	nothing(w.a, again)
	at, err = w.FeedMade(ctx, member)
	require.NoError(t, err)
	assert.Nil(t, at)
	_, err = w.pool.Exec(ctx, `update account_accounts set suspended_until = now() + interval '1 hour' where id = $1`, family.ID)
	require.NoError(t, err)
	nothing(w.a, tokens[account.RoleFamily])
	_, err = w.pool.Exec(ctx, `update account_accounts set suspended_until = null, disabled_at = now() where id = $1`, family.ID)
	require.NoError(t, err)
	nothing(w.a, tokens[account.RoleFamily])
	_, err = w.Forget(ctx, esp, false)
	require.NoError(t, err)
	nothing(w.a, tokens[account.RoleESP])
	assert.Equal(t, 1, w.count(`select count(*) from forum_feeds`))
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'feed.withdraw'`))
	for _, token := range tokens {
		assert.Zero(t, w.count(`select count(*) from audit_entries a where a::text like '%' || $1 || '%'`, token))
	}
}
