package forum

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pushtest"
)

// TestDigestQuiet: within quiet hours nothing of the forum is told, by mail or push; what was due comes behind them, once.
func TestDigestQuiet(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	b := newMailbox(t)
	p := pushtest.New(t, nil)
	w.tells(b, p.Sender(t))
	ctx := t.Context()
	me, esp := w.as(account.RoleMember), w.as(account.RoleESP)
	river := w.open(esp, "members", "Il fiume", calm).Thread
	require.NoError(t, w.Subscribe(ctx, me, river, true))
	w.mailed(b, me, "mirto@example.org")
	require.NoError(t, w.AddBrowser(ctx, me, p.Subscription(t, "1"), "it"))
	zone, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	now := w.count(`select (extract(hour from now() at time zone 'Europe/Rome') * 60 + extract(minute from now() at time zone 'Europe/Rome'))::int`)
	at := func(minutes int) int { return ((now+minutes)%minutesOfDay + minutesOfDay) % minutesOfDay }
	told := func(q Quiet) int {
		t.Helper()
		require.NoError(t, w.ChangeQuiet(ctx, me, q))
		_, err := w.pool.Exec(ctx, `update forum_digest_ways set told_at = null`)
		require.NoError(t, err)
		w.due()
		before := len(p.Calls())
		letters := w.sends(b, "mirto@example.org")
		_, err = w.SendDigests(ctx, ByPush)
		require.NoError(t, err)
		require.Equal(t, letters, len(p.Calls())-before)
		return letters
	}
	assert.Equal(t, 1, told(Quiet{}))
	assert.Equal(t, 1, told(Quiet{at(60), at(120)}))
	assert.Equal(t, 1, told(Quiet{at(60), at(-60)}), "hours over midnight end")
	assert.Equal(t, 0, told(Quiet{at(-60), at(-120)}), "and begin")
	assert.Equal(t, 0, told(Quiet{at(-60), at(60)}))
	var due time.Time
	var tries int
	require.NoError(t, w.pool.QueryRow(ctx, `select due_at, tries from forum_digest_ways where channel = 'mail'`).Scan(&due, &tries))
	assert.Equal(t, at(60), due.In(zone).Hour()*60+due.In(zone).Minute(), "it comes behind them")
	assert.Zero(t, tries, "waiting is no try")
	for _, wrong := range []Quiet{{-1, 60}, {0, minutesOfDay}} {
		assert.Equal(t, errs.Invalid, errs.KindOf(w.ChangeQuiet(ctx, me, wrong)))
	}

	t.Run("a try that failed is not made again within them", func(t *testing.T) {
		require.NoError(t, w.ChangeQuiet(ctx, me, Quiet{at(2), at(90)}))
		w.due()
		b.breaks(true)
		_, err := w.SendDigests(ctx, ByMail)
		b.breaks(false)
		require.ErrorIs(t, err, errUndelivered)
		require.NoError(t, w.pool.QueryRow(ctx, `select due_at from forum_digest_ways where channel = 'mail'`).Scan(&due))
		next := When{Every: EveryDay, Hour: 9, Quiet: Quiet{at(2), at(90)}}.next(time.Now(), zone)
		if next.After(time.Now().Add(90 * time.Minute)) {
			assert.Equal(t, at(90), due.In(zone).Hour()*60+due.In(zone).Minute())
		} else {
			assert.Equal(t, next.UTC(), due.UTC(), "the next one is not later")
		}
	})
	t.Run("only one's own", func(t *testing.T) {
		require.NoError(t, w.ChangeQuiet(ctx, me, Quiet{1, 2}))
		assert.Equal(t, Quiet{}, w.digests(esp).Quiet)
		for _, role := range []account.Role{account.RoleVisitor, account.RoleGuest, account.RoleAdmin, account.RoleAuditor} {
			require.Error(t, w.ChangeQuiet(ctx, w.as(role), Quiet{1, 2}), role)
		}
	})
}
