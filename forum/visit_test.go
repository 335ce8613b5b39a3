package forum

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// TestVisit: who comes back is shown what came meanwhile beside what they follow, as long as this visit lasts, on whatever device.
func TestVisit(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me, family, esp := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP)
	since := func(actor account.Actor) (titles []string, v Visit) {
		t.Helper()
		v, err := w.Visit(ctx, actor)
		require.NoError(t, err)
		for _, n := range v.Threads {
			titles = append(titles, n.Thread.Title)
		}
		return titles, v
	}
	later := func() {
		t.Helper()
		_, err := w.pool.Exec(ctx, `update forum_visits set seen_at = seen_at - interval '61 minutes', before_at = before_at - interval '61 minutes'`)
		require.NoError(t, err)
	}
	w.open(family, "members", "Di prima", calm)
	titles, v := since(me)
	assert.Empty(t, titles, "on the first visit everything is new")
	assert.Zero(t, v.Since)
	later()
	river := w.open(family, "members", "Il fiume", calm)
	w.open(family, "family", "Tra noi", calm)
	w.open(esp, "staff", "Turni", calm)
	w.open(me, "members", "Mio", calm)
	followed := w.open(family, "members", "Seguito", calm)
	require.NoError(t, w.Subscribe(ctx, me, followed.Thread, true))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			_, err := w.Visit(ctx, me)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	titles, v = since(me)
	assert.NotZero(t, v.Since)
	assert.Contains(t, titles, "Il fiume")
	for _, not := range []string{"Tra noi", "Turni", "Mio", "Seguito"} {
		assert.NotContains(t, titles, not)
	}
	again, same := since(me)
	assert.Equal(t, titles, again, "as long as the visit lasts")
	assert.Equal(t, v.Since, same.Since)
	require.NoError(t, w.MarkRead(ctx, me, river.Thread, 1))
	titles, _ = since(me)
	assert.NotContains(t, titles, "Il fiume", "what was read is not new")

	later()
	_, err := w.pool.Exec(ctx, `update forum_threads set created_at = created_at - interval '2 hours', last_post_at = last_post_at - interval '2 hours'`)
	require.NoError(t, err)
	for i := range VisitLength + 1 {
		w.open(family, "members", fmt.Sprintf("Titolo %d", i), calm)
	}
	titles, v = since(me)
	assert.Len(t, titles, VisitLength)
	assert.True(t, v.More)
	assert.Equal(t, fmt.Sprintf("Titolo %d", VisitLength), titles[0], "the latest first")
	_, err = w.MuteAuthor(ctx, me, river.Post)
	require.NoError(t, err)
	_, v = since(me)
	assert.Equal(t, MutedPerson, v.Threads[0].Thread.Muted)

	for _, role := range []account.Role{account.RoleVisitor, account.RoleGuest, account.RoleAdmin, account.RoleAuditor} {
		_, err := w.Visit(ctx, w.as(role))
		require.Error(t, err, role)
	}
	require.True(t, w.forget(me, false))
	assert.Zero(t, w.count(`select count(*) from forum_visits where account_id = $1`, me.ID))
}

// TestMigrateVisits: for people of before it is their first visit.
func TestMigrateVisits(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.open(w.as(account.RoleFamily), "members", "Di prima", calm)
	w.migrateFrom(21)
	v, err := w.Visit(ctx, w.as(account.RoleMember))
	require.NoError(t, err)
	assert.Equal(t, Visit{}, v)
}
