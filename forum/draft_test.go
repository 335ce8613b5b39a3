package forum

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

// keep is KeepDraft that succeeds.
func (w *town) keep(actor account.Actor, k Keep) (version int) {
	w.t.Helper()
	version, err := w.KeepDraft(w.t.Context(), actor, k)
	require.NoError(w.t, err)
	return version
}

func (w *town) drafts(actor account.Actor) []Draft {
	w.t.Helper()
	list, err := w.Drafts(w.t.Context(), actor)
	require.NoError(w.t, err)
	return list
}

// TestDraft: what somebody began is there on any device, sealed in the tables, and goes when it is published or thrown away.
func TestDraft(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me := w.as(account.RoleMember)
	thread := w.open(w.as(account.RoleFamily), "members", "Il fiume", calm).Thread

	k := Keep{Thread: thread, Text: "Comincio col glicine 🌿", CID: newCID(), DraftMark: DraftMark{Writer: "window one"}}
	k.Version = w.keep(me, k)
	k.Text += " e finisco"
	k.Version = w.keep(me, k)
	assert.Equal(t, 2, k.Version)
	opening := Keep{Category: "members", Title: "Un titolo", Text: "Altro glicine", CID: newCID()}
	w.keep(me, opening)

	d, err := w.DraftOf(ctx, me, thread, "", DraftID{})
	require.NoError(t, err)
	assert.Equal(t, "Comincio col glicine 🌿 e finisco", d.Text)
	assert.Equal(t, []any{k.CID, 2, "Il fiume", true}, []any{d.CID, d.Version, d.Place, d.Open})
	list := w.drafts(me)
	require.Len(t, list, 2)
	assert.Equal(t, "Un titolo", list[0].Title, "the latest first")
	for _, said := range []string{"glicine", "Un titolo"} {
		var readable bool
		require.NoError(t, w.pool.QueryRow(ctx, `select bool_or(position($1::bytea in text_sealed) > 0 or d::text like '%' || convert_from($1, 'utf8') || '%') from forum_drafts d`,
			[]byte(said)).Scan(&readable))
		assert.False(t, readable, said)
	}

	_, err = w.WritePost(ctx, me, NewPost{Thread: thread, Text: d.Text, CID: d.CID, DraftMark: DraftMark{Version: d.Version}})
	require.NoError(t, err)
	require.Len(t, w.drafts(me), 1)
	_, err = w.KeepDraft(ctx, me, k)
	require.ErrorIs(t, err, ErrDraftElsewhere, "a late request does not bring back what was published")
	require.Len(t, w.drafts(me), 1)

	require.NoError(t, w.ThrowDraftAway(ctx, me, list[0].ID))
	require.NoError(t, w.ThrowDraftAway(ctx, me, list[0].ID), "again is no mistake")
	assert.Empty(t, w.drafts(me))
	k = Keep{Category: "members", Text: "Ancora", CID: newCID()}
	k.Version = w.keep(me, k)
	k.Text = " \n "
	assert.Zero(t, w.keep(me, k), "emptied, it is thrown away")
	assert.Empty(t, w.drafts(me))
}

// TestDraftWindows: two windows with the same draft lose nothing to each other, and an answer that was lost costs nothing either.
func TestDraftWindows(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me := w.as(account.RoleMember)
	one := Keep{Category: "members", Text: "Dalla prima", CID: newCID(), DraftMark: DraftMark{Writer: "one"}}
	w.keep(me, one) // its answer is lost on the way
	one.Text = "Dalla prima, avanti"
	one.Version = w.keep(me, one)
	two := one
	two.Writer, two.Text = "two", "Dalla seconda"
	two.Version = w.keep(me, two)
	one.Text = "Dalla prima, ancora"
	_, err := w.KeepDraft(ctx, me, one)
	require.ErrorIs(t, err, ErrDraftElsewhere)
	one.CID, one.Version = newCID(), 0
	w.keep(me, one)
	var texts []string
	for _, d := range w.drafts(me) {
		texts = append(texts, d.Text)
	}
	assert.Equal(t, []string{"Dalla prima, ancora", "Dalla seconda"}, texts)

	// The first window publishes under the client id that the second one keeps under.
	_, err = w.OpenThread(ctx, me, NewThread{Category: "members", Title: "Un titolo", Text: "Dalla prima", CID: two.CID, DraftMark: DraftMark{Version: 1, Writer: "one"}})
	require.NoError(t, err)
	list := w.drafts(me)
	require.Len(t, list, 2, "what the second window wrote is not what was published")
	assert.NotEqual(t, two.CID, list[1].CID, "and can be published, too")
}

// TestDraftPublishedWhileKept: however a last keeping and the publishing meet, nothing is left over and nothing fails.
func TestDraftPublishedWhileKept(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me := w.as(account.RoleMember)
	thread := w.open(me, "members", "Un titolo", calm).Thread
	for range 20 {
		k := Keep{Thread: thread, Text: "Quasi finito", CID: newCID(), DraftMark: DraftMark{Writer: "one"}}
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := w.KeepDraft(t.Context(), me, k); err != nil {
				assert.ErrorIs(t, err, ErrDraftElsewhere)
			}
		})
		both.Go(func() {
			_, err := w.WritePost(t.Context(), me, NewPost{Thread: thread, Text: "Finito", CID: k.CID, DraftMark: DraftMark{Writer: "one"}})
			assert.NoError(t, err)
		})
		both.Wait()
		require.Empty(t, w.drafts(me))
	}
}

// TestDraftRights: nobody reads or touches another's draft; nobody keeps one where they may not write; and who may not read a place any more
// keeps their words and learns nothing of it.
func TestDraftRights(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	family := w.as(account.RoleFamily)
	thread := w.open(family, "family", "Cose di famiglia", calm).Thread
	k := Keep{Thread: thread, Text: "Tra noi", CID: newCID()}
	w.keep(family, k)
	mine := w.drafts(family)[0]
	for role, actor := range w.roles {
		if role == account.RoleFamily {
			continue
		}
		list, err := w.Drafts(ctx, actor)
		assert.Empty(t, list, role)
		d, err2 := w.DraftOf(ctx, actor, thread, "", mine.ID)
		assert.Empty(t, d, role)
		err3 := w.ThrowDraftAway(ctx, actor, mine.ID)
		if role == account.RoleVisitor || role == account.RoleGuest || role == account.RoleAdmin || role == account.RoleAuditor {
			assert.Error(t, err, role)
			assert.Error(t, err2, role)
			assert.Error(t, err3, role)
		}
		if role == account.RoleMember {
			_, err := w.KeepDraft(ctx, actor, Keep{Thread: thread, Text: "Qui no", CID: newCID()})
			assert.ErrorIs(t, err, account.ErrNotFound)
			_, err = w.KeepDraft(ctx, actor, Keep{Category: "family", Text: "Qui no", CID: newCID()})
			assert.ErrorIs(t, err, account.ErrNotFound)
		}
	}
	require.Len(t, w.drafts(family), 1)
	other := w.as(account.RoleMember)
	w.keep(other, Keep{Category: "members", Text: "Lo stesso nome", CID: k.CID}) // a client id says nothing of another's draft
	require.Equal(t, "Tra noi", w.drafts(family)[0].Text)

	require.NoError(t, w.LockThread(ctx, w.as(account.RoleSenior), thread, why))
	k.Version, k.Text = 1, "Tra noi, ancora"
	w.keep(family, k)
	assert.False(t, w.drafts(family)[0].Open, "it is kept, and cannot be published now")

	moved := family
	moved.Role = account.RoleMember
	d := w.drafts(moved)[0]
	assert.Equal(t, "Tra noi, ancora", d.Text)
	assert.False(t, d.Open)
	assert.Equal(t, Category{}, d.Category)
	assert.Empty(t, d.Place)
}

// TestDraftBounds: too long and too many are refused in words, and age and wish erase.
func TestDraftBounds(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me := w.as(account.RoleMember)
	w.keep(me, Keep{Category: "members", Text: strings.Repeat("à", MaxDraft), CID: newCID()})
	_, err := w.KeepDraft(ctx, me, Keep{Category: "members", Text: strings.Repeat("à", MaxDraft+1), CID: newCID()})
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	_, err = w.KeepDraft(ctx, me, Keep{Category: "members", Text: "x", CID: "short"})
	require.ErrorIs(t, err, ErrForm)
	for range MaxDrafts - 1 {
		w.keep(me, Keep{Category: "members", Text: "Uno", CID: newCID()})
	}
	_, err = w.KeepDraft(ctx, me, Keep{Category: "members", Text: "Uno di troppo", CID: newCID()})
	require.ErrorIs(t, err, ErrDraftsFull)

	_, err = w.pool.Exec(ctx, `update forum_drafts set kept_at = now() - interval '6 months 1 day' where id in (select id from forum_drafts limit 10)`)
	require.NoError(t, err)
	require.NoError(t, w.EraseDrafts(ctx))
	require.Len(t, w.drafts(me), MaxDrafts-10)
	require.True(t, w.forget(me, false))
	require.Empty(t, w.drafts(me))
}
