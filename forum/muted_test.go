package forum

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/moderation"
)

// TestMuted: who may not write for a time opens, answers and edits nothing, reads and deletes as before, and others write on.
func TestMuted(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, reader, tutor := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleTutor)
	r := w.open(member, "members", "Un titolo", "Un insulto.")
	require.NoError(t, w.moderation.FileReport(ctx, reader, moderation.Report{Subject: subject(r.Post), Reason: moderation.ReasonHarassment}))
	queue, err := w.moderation.Queue(ctx, tutor)
	require.NoError(t, err)
	require.NoError(t, w.moderation.Claim(ctx, tutor, queue[0].ID))
	require.NoError(t, w.moderation.Decide(ctx, tutor, queue[0].ID, moderation.Decision{Kind: moderation.DecideNone, Sanction: moderation.SanctionMute, Reason: "Insulta."}))

	posts := w.count(`select count(*) from forum_posts`)
	_, err = w.WritePost(ctx, member, NewPost{Thread: r.Thread, Text: "Ancora.", CID: newCID()})
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	_, err = w.OpenThread(ctx, member, NewThread{Category: "members", Title: "Altro", Text: "Ancora.", CID: newCID()})
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	_, err = w.EditPost(ctx, member, Edit{Post: r.Post, Title: "Un titolo", Text: "Peggio.", Version: 1})
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	theirs := w.open(reader, "members", "Di un altro", calm)
	_, err = w.React(ctx, member, theirs.Post, Thanks, true)
	assert.Equal(t, errs.Invalid, errs.KindOf(err), "a kind word can be meant unkindly")
	_, err = w.React(ctx, member, theirs.Post, Thanks, false)
	require.NoError(t, err, "to take something back is always theirs")
	posts++
	assert.Equal(t, posts, w.count(`select count(*) from forum_posts`))
	assert.Equal(t, 2, w.count(`select count(*) from forum_threads`))

	// What sounds like danger is read by somebody at once all the same, and by nobody else.
	got, err := w.WritePost(ctx, member, NewPost{Thread: r.Thread, Text: crisis, CID: newCID()})
	require.NoError(t, err)
	require.True(t, got.Held)
	assert.Equal(t, moderation.CareAlerting, got.Care)
	assert.Equal(t, HoldMuted, w.own(member)[0].Why)
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations where subject_id = $1 and level = 'crisis'`, got.Post.String()))
	assert.Equal(t, posts, w.count(`select count(*) from forum_posts`))

	// Also when they put it where something else stood: that stays as it was, and the edit sent again is the same one.
	for range 2 {
		got, err = w.EditPost(ctx, member, Edit{Post: r.Post, Title: crisis, Text: "Non ce la faccio.", Version: 1})
		require.NoError(t, err)
		require.True(t, got.Held)
	}
	assert.Equal(t, moderation.CareAlerting, got.Care)
	assert.NotEqual(t, r.Post, got.Post)
	require.Len(t, w.own(member), 2)
	held, err := w.HeldPost(ctx, tutor, got.Post)
	require.NoError(t, err)
	assert.Contains(t, held.HTML, crisis, "the title is in it")
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations where subject_id = $1 and level = 'crisis'`, got.Post.String()))
	assert.Equal(t, 1, w.count(`select count(*) from forum_posts where id = $1 and version = 1`, r.Post))
	w.seen(member, r)
	w.answer(reader, r.Thread, "Io scrivo.")
	_, err = w.DeletePost(ctx, member, r.Post)
	require.NoError(t, err, "to take something away is always theirs")

	require.NoError(t, w.moderation.Lift(ctx, tutor, queue[0].ID))
	_, err = w.WritePost(ctx, member, NewPost{Thread: r.Thread, Text: "Eccomi.", CID: newCID()})
	assert.NoError(t, err)
}
