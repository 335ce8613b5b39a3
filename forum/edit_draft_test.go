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

// editDraft is the draft that an edit of a post begins with.
func (w *town) editDraft(actor account.Actor, id PostID) Draft {
	w.t.Helper()
	d, err := w.EditDraft(w.t.Context(), actor, id, DraftID{})
	require.NoError(w.t, err)
	return d
}

// TestEditDraft: what somebody types over their own post is kept, is theirs alone, and goes when it is saved or says what the post says.
func TestEditDraft(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me, other := w.as(account.RoleMember), w.as(account.RoleFamily)
	opening := w.open(me, "members", "Il fiume", calm)
	mine, theirs := w.answer(me, opening.Thread, "Una riga."), w.answer(other, opening.Thread, "Un'altra.")

	k := Keep{Post: mine.Post, Base: 1, Text: "Una riga col glicine 🌿", CID: newCID(), DraftMark: DraftMark{Writer: "window one"}}
	k.Version = w.keep(me, k)
	d := w.editDraft(me, mine.Post)
	assert.Equal(t, []any{k.CID, 1, k.Text, "Il fiume", true, false}, []any{d.CID, d.Version, d.Text, d.Place, d.Open, d.Edit.Changed()})
	assert.Equal(t, DraftedEdit{Post: mine.Post, Number: 2, Base: 1, Version: 1}, d.Edit)
	assert.Zero(t, w.count(`select count(*) from forum_drafts d where d::text like '%glicine%'`), "sealed")
	answer, err := w.DraftOf(ctx, me, opening.Thread, "", DraftID{})
	require.NoError(t, err)
	assert.Empty(t, answer, "it is no answer")
	begun := w.drafts(me)
	require.Len(t, begun, 1)
	answer, err = w.DraftOf(ctx, me, opening.Thread, "", begun[0].ID)
	require.NoError(t, err)
	assert.Empty(t, answer)

	// Nobody else's, and of nobody else's post.
	got, err := w.EditDraft(ctx, other, mine.Post, begun[0].ID)
	require.NoError(t, err)
	assert.Empty(t, got)
	for name, in := range map[string]Keep{"another's": {Post: theirs.Post, Base: 1}, "none": {Post: PostID{9}, Base: 1}} {
		in.Text, in.CID = "Io.", newCID()
		_, err := w.KeepDraft(ctx, me, in)
		assert.ErrorIs(t, err, account.ErrNotFound, name)
	}
	for role, actor := range w.roles {
		if role != account.RoleMember {
			_, err := w.KeepDraft(ctx, actor, Keep{Post: mine.Post, Base: 1, Text: "Io.", CID: newCID()})
			assert.Error(t, err, role)
		}
	}
	for _, base := range []int{0, -1, 2} {
		_, err := w.KeepDraft(ctx, me, Keep{Post: mine.Post, Base: base, Text: "Io.", CID: newCID()})
		assert.ErrorIs(t, err, ErrForm)
	}
	_, err = w.KeepDraft(ctx, me, Keep{Post: mine.Post, Base: 1, Text: strings.Repeat("à", MaxDraft+1), CID: newCID()})
	assert.Equal(t, errs.Invalid, errs.KindOf(err))

	// Saved it is gone, and a late request does not bring it back; put back to what the post says, too.
	_, err = w.EditPost(ctx, me, Edit{Post: mine.Post, Version: 1, Text: k.Text, EditForm: EditForm{CID: k.CID, DraftMark: k.DraftMark}})
	require.NoError(t, err)
	assert.Empty(t, w.drafts(me))
	_, err = w.KeepDraft(ctx, me, k)
	require.ErrorIs(t, err, ErrDraftElsewhere)
	assert.Empty(t, w.drafts(me))
	o := Keep{Post: opening.Post, Base: 1, Title: "Il lago", Text: calm, CID: newCID()}
	o.Version = w.keep(me, o)
	assert.Equal(t, "Il lago", w.editDraft(me, opening.Post).Title)
	o.Title = "Il fiume"
	assert.Zero(t, w.keep(me, o))
	assert.Empty(t, w.drafts(me))

	// Another window's is not what was saved.
	one := Keep{Post: mine.Post, Base: 2, Text: "Dalla prima", CID: newCID(), DraftMark: DraftMark{Writer: "one"}}
	one.Version = w.keep(me, one)
	two := one
	two.Writer, two.Text = "two", "Dalla seconda"
	w.keep(me, two)
	_, err = w.EditPost(ctx, me, Edit{Post: mine.Post, Version: 2, Text: one.Text, EditForm: EditForm{CID: one.CID, DraftMark: one.DraftMark}})
	require.NoError(t, err)
	left := w.editDraft(me, mine.Post)
	assert.Equal(t, []any{"Dalla seconda", true}, []any{left.Text, left.Edit.Changed()}, "and says that the post changed since")
	_, err = w.EditPost(ctx, me, Edit{Post: mine.Post, Version: 2, Text: left.Text, EditForm: EditForm{CID: left.CID, DraftMark: DraftMark{Version: left.Version}}})
	require.ErrorIs(t, err, ErrEdited)
	assert.Equal(t, "Dalla seconda", w.editDraft(me, mine.Post).Text, "what is refused stays")
	require.True(t, w.forget(me, false))
	assert.Empty(t, w.drafts(me))
}

// TestEditDraft_gone: of a post that was deleted, hidden, closed or split off meanwhile the text is still there.
func TestEditDraft_gone(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me, tutor := w.as(account.RoleMember), w.as(account.RoleTutor)
	opening := w.open(w.as(account.RoleFamily), "members", "Il fiume", calm)
	alone := w.open(me, "members", "Da sola", calm)
	a, b, c := w.answer(me, opening.Thread, "Una."), w.answer(me, opening.Thread, "Due."), w.answer(me, opening.Thread, "Tre.")
	for _, r := range []Receipt{a, b, c, alone} {
		w.keep(me, Keep{Post: r.Post, Base: 1, Title: "Un titolo", Text: "Ci scrivevo sopra.", CID: newCID()})
	}
	for _, r := range []Receipt{a, alone} {
		_, err := w.DeletePost(ctx, me, r.Post)
		require.NoError(t, err)
	}
	w.hide(b, "Contiene un numero di telefono.")
	to := w.splitOff(tutor, w.splits(opening.Thread, "4"))
	for _, r := range []Receipt{a, b, alone} {
		d := w.editDraft(me, r.Post)
		assert.Equal(t, []any{"Ci scrivevo sopra.", false}, []any{d.Text, d.Open})
		d.Version++
		w.keep(me, Keep{Post: r.Post, Base: 1, Text: "Ci scrivo ancora.", CID: newCID()})
	}
	d := w.editDraft(me, c.Post)
	assert.Equal(t, []any{"Una cosa a parte", true, 1}, []any{d.Place, d.Open, d.Edit.Number}, "it went along")
	require.NoError(t, w.LockThread(ctx, tutor, to, why))
	assert.False(t, w.editDraft(me, c.Post).Open)
	wrote, err := w.Wrote(ctx, me, alone.Post)
	require.NoError(t, err)
	assert.True(t, wrote)
	for _, actor := range []account.Actor{tutor, w.other} {
		wrote, err := w.Wrote(ctx, actor, alone.Post)
		require.NoError(t, err)
		assert.False(t, wrote)
	}
}

// TestEditDraft_whileSaved: however a last keeping and the saving meet, nothing is left over and nothing fails.
func TestEditDraft_whileSaved(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me := w.as(account.RoleMember)
	r := w.open(me, "members", "Un titolo", calm)
	for i := range 15 {
		k := Keep{Post: r.Post, Base: i + 1, Title: "Un titolo", Text: "Quasi finito " + strings.Repeat("i", i), CID: newCID(), DraftMark: DraftMark{Writer: "one"}}
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := w.KeepDraft(t.Context(), me, k); err != nil {
				assert.ErrorIs(t, err, ErrDraftElsewhere)
			}
		})
		both.Go(func() {
			_, err := w.EditPost(t.Context(), me, Edit{
				Post: r.Post, Version: i + 1, Title: "Un titolo", Text: "Finito " + strings.Repeat("i", i), EditForm: EditForm{CID: k.CID, DraftMark: k.DraftMark},
			})
			assert.NoError(t, err)
		})
		both.Wait()
		require.Empty(t, w.drafts(me))
	}
}

// TestEditDraft_aside: what is read by somebody before it appears, in place of the edit, is no draft any more.
func TestEditDraft_aside(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me := w.as(account.RoleMember)
	opening := w.open(w.as(account.RoleFamily), "members", "Un titolo", calm)
	r := w.answer(me, opening.Thread, "Una riga.")
	k := Keep{Post: r.Post, Base: 1, Text: harmful, CID: newCID()}
	k.Version = w.keep(me, k)
	got, err := w.EditPost(t.Context(), me, Edit{Post: r.Post, Version: 1, Text: harmful, EditForm: EditForm{CID: k.CID, DraftMark: k.DraftMark}})
	require.NoError(t, err)
	require.True(t, got.Held)
	assert.Empty(t, w.drafts(me))
}

// TestMigrateEditDrafts: drafts and versions of before stay, and edits are kept beside them.
func TestMigrateEditDrafts(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me := w.as(account.RoleMember)
	r := w.open(me, "members", "Un titolo", calm)
	_, err := w.EditPost(ctx, me, Edit{Post: r.Post, Version: 1, Title: "Un titolo", Text: "Di prima."})
	require.NoError(t, err)
	w.keep(me, Keep{Thread: r.Thread, Text: "Stavo scrivendo.", CID: newCID()})
	w.migrateFrom(24)
	w.keep(me, Keep{Post: r.Post, Base: 2, Title: "Un titolo", Text: "Di adesso.", CID: newCID()})
	assert.Len(t, w.drafts(me), 2)
	_, list, err := w.PostHistory(ctx, me, r.Post)
	require.NoError(t, err)
	assert.Len(t, list, 2)
}
