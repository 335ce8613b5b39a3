package forum

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation/triage"
)

// TestContentNotes: what the author says that a text speaks of goes with it wherever it is shown.
func TestContentNotes(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, other := w.as(account.RoleMember), w.as(account.RoleTutor)
	r, err := w.OpenThread(ctx, member, NewThread{Category: "members", Title: "Un anno dopo", Text: calm, CID: newCID(), Notes: []ContentNote{NoteLoss, "<b>", NoteSuicide, NoteLoss}})
	require.NoError(t, err)
	want := []ContentNote{NoteSuicide, NoteLoss}
	assert.Equal(t, want, w.seen(other, r).Notes, "in one order, each once, and none that does not exist")
	list, err := w.Threads(ctx, other, "members", Cursor{}, 10)
	require.NoError(t, err)
	assert.Equal(t, want, list.Threads[0].Notes)
	_, err = w.IndexPosts(ctx)
	require.NoError(t, err)
	assert.Equal(t, want, w.look(other, Query{Text: "anno"}).Found[0].Notes)

	t.Run("an edit may change them alone, and those who read see it", func(t *testing.T) {
		before, err := w.ThreadMark(ctx, other, r.Thread, 0)
		require.NoError(t, err)
		_, err = w.EditPost(ctx, member, Edit{Post: r.Post, Version: 1, Title: "Un anno dopo", Text: calm, Notes: []ContentNote{NoteLoss}})
		require.NoError(t, err)
		after, err := w.ThreadMark(ctx, other, r.Thread, 0)
		require.NoError(t, err)
		assert.NotEqual(t, before, after)
		assert.Equal(t, []ContentNote{NoteLoss}, w.seen(other, r).Notes)
		_, versions, err := w.PostHistory(ctx, other, r.Post)
		require.NoError(t, err)
		require.Len(t, versions, 2)
		assert.Equal(t, []ContentNote{NoteLoss}, versions[0].Notes)
		assert.Equal(t, want, versions[1].Notes)
	})
	t.Run("a note alone is no text to be read again", func(t *testing.T) {
		r := w.open(member, "members", "Ancora", worried)
		alarms := w.count(`select count(*) from moderation_escalations`)
		w.holds(account.Holding{First: 20})
		_, err := w.EditPost(ctx, member, Edit{Post: r.Post, Version: 1, Title: "Ancora", Text: worried, Notes: []ContentNote{NoteOther}})
		require.NoError(t, err, "nobody has to wait for it")
		w.holds(account.Holding{})
		assert.Equal(t, []ContentNote{NoteOther}, w.seen(other, r).Notes)
		assert.Equal(t, alarms, w.count(`select count(*) from moderation_escalations`))
		assert.Equal(t, 1, w.count(`select count(*) from moderation_causes where ref like $1 || '/%'`, r.Post.String()))
		assert.Equal(t, triage.Amber, w.seen(member, r).Level, "what was read in the text stays")
	})
	t.Run("a draft keeps them", func(t *testing.T) {
		cid := newCID()
		_, err := w.KeepDraft(ctx, member, Keep{Thread: r.Thread, Text: calm, CID: cid, Notes: []ContentNote{NoteOther}})
		require.NoError(t, err)
		d, err := w.DraftOf(ctx, member, r.Thread, "", DraftID{})
		require.NoError(t, err)
		assert.Equal(t, []ContentNote{NoteOther}, d.Notes)
	})
	t.Run("a post that is read first keeps them", func(t *testing.T) {
		w.holds(account.Holding{First: 1})
		held, err := w.WritePost(ctx, w.as(account.RoleFamily), NewPost{Thread: r.Thread, Text: calm, CID: newCID(), Notes: []ContentNote{NoteEating}})
		require.NoError(t, err)
		require.True(t, held.Held)
		h, err := w.HeldPost(ctx, other, held.Post)
		require.NoError(t, err)
		assert.Equal(t, []ContentNote{NoteEating}, h.Notes)
		shown, err := w.PublishHeld(ctx, other, held.Post)
		require.NoError(t, err)
		assert.Equal(t, []ContentNote{NoteEating}, w.seen(other, shown).Notes)
	})
	t.Run("they go with the text", func(t *testing.T) {
		_, err := w.DeletePost(ctx, member, r.Post)
		require.NoError(t, err)
		assert.Empty(t, w.seen(other, r).Notes)
		list, err := w.Threads(ctx, other, "members", Cursor{}, 10)
		require.NoError(t, err)
		assert.Empty(t, list.Threads[0].Notes)
	})
}

// TestNotePost: who moderates puts notes on other people's posts, beside the author's, and nobody else does.
func TestNotePost(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, esp, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor)
	r, err := w.OpenThread(ctx, member, NewThread{Category: "members", Title: "Un titolo", Text: calm, CID: newCID(), Notes: []ContentNote{NoteLoss}})
	require.NoError(t, err)
	note := func(actor account.Actor, r Receipt, notes ...ContentNote) error {
		_, err := w.NotePost(ctx, actor, r.Post, notes)
		return err
	}
	before, err := w.ThreadMark(ctx, member, r.Thread, 0)
	require.NoError(t, err)
	require.NoError(t, note(esp, r, NoteSuicide))
	after, err := w.ThreadMark(ctx, member, r.Thread, 0)
	require.NoError(t, err)
	assert.NotEqual(t, before, after, "those who read see it")
	require.NoError(t, note(esp, r, NoteOther))
	other, err := w.ThreadMark(ctx, member, r.Thread, 0)
	require.NoError(t, err)
	assert.NotEqual(t, after, other, "one in place of another, too")
	page, err := w.Posts(ctx, member, r.Thread, 0, PostsPerPage)
	require.NoError(t, err)
	assert.Equal(t, other, page.Mark)
	require.NoError(t, note(esp, r, NoteSuicide))
	require.NoError(t, note(esp, r, NoteSuicide), "again is no mistake")
	assert.Equal(t, 3, w.count(`select count(*) from audit_entries where action = 'post.note'`))
	seen := w.seen(w.as(account.RoleFamily), r)
	assert.Equal(t, []ContentNote{NoteSuicide, NoteLoss}, seen.Notes)
	assert.Equal(t, 1, seen.Version, "the text is the one its author wrote")

	_, err = w.EditPost(ctx, member, Edit{Post: r.Post, Version: 1, Title: "Un titolo", Text: calm + " E basta."})
	require.NoError(t, err)
	assert.Equal(t, []ContentNote{NoteSuicide}, w.seen(member, r).Notes, "an author's edit leaves a moderator's note alone")
	require.NoError(t, note(tutor, r))
	assert.Empty(t, w.seen(member, r).Notes)

	for name, c := range map[string]struct {
		actor account.Actor
		want  error
	}{
		"a member": {w.as(account.RoleFamily), account.ErrNotFound}, "its author": {member, account.ErrForbidden},
		"who moderates elsewhere": {w.as(account.RoleSenior), account.ErrNotFound}, "an administrator": {w.as(account.RoleAdmin), account.ErrNotFound},
		"another service": {w.other, account.ErrNotFound}, "a visitor": {w.as(account.RoleVisitor), account.ErrSignInFirst},
	} {
		assert.ErrorIs(t, note(c.actor, r, NoteLoss), c.want, name)
	}
	own := w.answer(tutor, r.Thread, calm)
	require.ErrorIs(t, note(tutor, own, NoteLoss), account.ErrForbidden, "nobody moderates themselves")
	hers := w.open(w.as(account.RoleSenior), "staff", "Fra noi", calm)
	require.ErrorIs(t, note(w.as(account.RoleESP), hers, NoteLoss), account.ErrNotFound, "not her category")
	_, err = w.DeletePost(ctx, member, r.Post)
	require.NoError(t, err)
	require.ErrorIs(t, note(tutor, r, NoteLoss), ErrDeleted)
}
