package live_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/ids"
)

func (in *instance) threadMark(ctx context.Context, actor account.Actor, thread string, from int) (id, mark string, err error) {
	t, err := ids.Parse[forum.Thread](thread)
	if err != nil {
		return "", "", err
	}
	mark, err = in.forum.ThreadMark(ctx, actor, t, from)
	return t.String(), mark, err
}

// square is a category and a thread in it that an ESP opened.
func (w *world) square(slug string, audience forum.Audience) (esp account.Actor, opened forum.Receipt) {
	w.Helper()
	_, err := w.one.forum.CreateCategory(w.Context(), account.System(w.service), forum.NewCategory{Slug: slug, Audience: audience, Title: "Piazza"})
	require.NoError(w, err)
	esp = w.someone(account.RoleESP)
	opened, err = w.one.forum.OpenThread(w.Context(), esp, forum.NewThread{Category: slug, Title: "Il fiume", Text: "Una passeggiata.", CID: ids.New[forum.Post]().String()})
	require.NoError(w, err)
	return esp, opened
}

func (w *world) answerIn(in *instance, a account.Actor, thread forum.ThreadID) forum.Receipt {
	w.Helper()
	r, err := in.forum.WritePost(w.Context(), a, forum.NewPost{Thread: thread, Text: "Anch'io.", CID: ids.New[forum.Post]().String()})
	require.NoError(w, err)
	return r
}

// follow has a client follow a thread whose page it has.
func (w *world) follow(c *client, a account.Actor, thread forum.ThreadID) {
	w.Helper()
	_, mark, err := w.one.threadMark(w.Context(), a, thread.String(), 0)
	require.NoError(w, err)
	c.send(map[string]any{"t": "follow", "thread": thread.String(), "from": 0, "known": mark})
}

func isThread(f map[string]any) bool { return f["view"] == "thread" }

// TestFollow: whoever has a thread open is told of every change of it, through any instance at once and soon where the bus said nothing, and of nothing else.
func TestFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	esp, opened := w.square("piazza", forum.ForMembers)
	reader := w.someone(account.RoleMember)
	c := w.connect(w.one, reader)
	w.follow(c, reader, opened.Thread)
	c.send(map[string]any{"t": "beat"})
	c.next("heads", nil)
	require.NotContains(t, c.everything(), `"changed"`, "the page has it all")

	second := w.answerIn(w.other, esp, opened.Thread)
	c.within(2*time.Second, "changed", isThread)
	_, err := w.other.forum.EditPost(ctx, esp, forum.Edit{Post: second.Post, Version: 1, Text: "Anch'io, ogni giorno."})
	require.NoError(t, err)
	c.within(2*time.Second, "changed", isThread)
	require.NoError(t, w.one.forum.Content().Hide(ctx, w.pool, w.service, second.Post.String(), "Un nome vero", w.tutor.ID))
	c.within(2*converge, "changed", isThread)
	require.NoError(t, w.one.forum.Content().Restore(ctx, w.pool, w.service, second.Post.String()))
	c.within(2*converge, "changed", isThread)
	w.answerIn(w.quiet, esp, opened.Thread)
	c.within(2*converge, "changed", isThread)

	// A page that is older than the thread learns so at once; what it followed before is told no more.
	_, other := w.square("altra", forum.ForMembers)
	c.send(map[string]any{"t": "follow", "thread": other.Thread.String(), "from": 0, "known": "old"})
	c.within(2*time.Second, "changed", isThread)
	still := w.connect(w.one, reader)
	w.follow(still, reader, opened.Thread)
	before := strings.Count(c.everything(), `"changed"`)
	w.answerIn(w.one, esp, opened.Thread)
	still.within(2*time.Second, "changed", isThread)
	c.drain()
	require.Equal(t, before, strings.Count(c.everything(), `"changed"`))
}

// TestFollowRights: who may not read a thread learns nothing from following it, and who may no more is told once, and then nothing.
func TestFollowRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	esp, opened := w.square("famiglie", forum.ForFamily)
	reader := w.someone(account.RoleFamily)
	told := w.connect(w.one, reader)
	w.follow(told, reader, opened.Thread)
	for _, role := range []account.Role{account.RoleMember, account.RoleGuest, account.RoleAdmin, account.RoleAuditor} {
		c := w.connect(w.one, w.someone(role))
		for _, thread := range []string{opened.Thread.String(), w.service.String(), "x", ""} {
			c.send(map[string]any{"t": "follow", "thread": thread, "from": 0, "known": ""})
			require.Equal(t, "error.not_found", c.next("refused", nil)["key"], role)
		}
		w.answerIn(w.other, esp, opened.Thread)
		told.within(2*time.Second, "changed", isThread)
		c.drain()
		require.NotContains(t, c.everything(), `"changed"`, role)
	}
	staff, err := w.one.forum.CreateCategory(ctx, account.System(w.service), forum.NewCategory{Slug: "noi", Audience: forum.ForStaff, Title: "Noi"})
	require.NoError(t, err)
	w.exec(`update forum_threads set category_id = $1 where id = $2`, staff, opened.Thread)
	told.within(2*converge, "changed", isThread)
	before := strings.Count(told.everything(), `"changed"`)
	colleague := w.connect(w.one, esp)
	w.follow(colleague, esp, opened.Thread)
	w.answerIn(w.other, esp, opened.Thread)
	colleague.within(2*time.Second, "changed", isThread)
	told.drain()
	require.Equal(t, before, strings.Count(told.everything(), `"changed"`))
}
