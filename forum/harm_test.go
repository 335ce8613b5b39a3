package forum

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation/triage"
)

const harmful = "Ammazzati, tanto non frega a nessuno."

// TestHold_harm: what harms those who read it is read before it appears, and its alarm is raised all the same; what people write of themselves never is held, nor
// what staff writes.
func TestHold_harm(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, esp := w.as(account.RoleMember), w.as(account.RoleESP)
	thread := w.open(esp, "members", "Insieme", calm).Thread
	id := w.write(member, thread, harmful)
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations where level = 'red'`))
	_, list, err := w.HeldPosts(ctx, esp)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, HoldHarm, list[0].Why)
	_, err = w.PublishHeld(ctx, esp, id)
	require.NoError(t, err)

	for _, text := range []string{crisis, worried, "Mi taglio da settimane e non riesco a smettere.", "Voglio morire. " + harmful, "Ho smesso le medicine da solo.", "Mio marito mi picchia."} {
		r, err := w.WritePost(ctx, member, NewPost{Thread: thread, Text: text, CID: newCID()})
		require.NoError(t, err)
		assert.False(t, r.Held, text)
	}
	r, err := w.WritePost(ctx, esp, NewPost{Thread: thread, Text: harmful, CID: newCID()})
	require.NoError(t, err)
	assert.False(t, r.Held)
}

// TestHold_harm_edit: who edits a post into something harmful has it read beside the post, which readers keep as it was.
func TestHold_harm_edit(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member := w.as(account.RoleMember)
	first := w.open(member, "members", "Il titolo", calm)
	for range 2 { // sent twice, it is one
		r, err := w.EditPost(ctx, member, Edit{Post: first.Post, Version: 1, Title: "Il titolo", Text: harmful})
		require.NoError(t, err)
		assert.True(t, r.Held)
		assert.Equal(t, triage.Red, r.Level)
	}
	assert.Equal(t, 1, w.count(`select count(*) from forum_held where why = 'harm'`))
	assert.Contains(t, w.seen(w.as(account.RoleMember), first).HTML, "passeggiata")
	_, err := w.EditPost(ctx, member, Edit{Post: first.Post, Version: 1, Title: "Il titolo", Text: "Ho cambiato idea."})
	require.NoError(t, err)
}
