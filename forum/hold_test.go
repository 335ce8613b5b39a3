package forum

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// holds has the first service hold posts back.
func (w *town) holds(h account.Holding) {
	w.t.Helper()
	require.NoError(w.t, w.accounts.ChangeHolding(w.t.Context(), w.as(account.RoleAdmin), h))
}

// write is a text of actor's that is held.
func (w *town) write(actor account.Actor, thread ThreadID, text string) PostID {
	w.t.Helper()
	var r Receipt
	var err error
	if thread.IsZero() {
		r, err = w.OpenThread(w.t.Context(), actor, NewThread{Category: "members", Title: "Un titolo " + newCID()[:8], Text: text, CID: newCID()})
	} else {
		r, err = w.WritePost(w.t.Context(), actor, NewPost{Thread: thread, Text: text, CID: newCID()})
	}
	require.NoError(w.t, err)
	require.True(w.t, r.Held)
	require.Zero(w.t, r.Number)
	return r.Post
}

// TestHold_first: the first three posts of a member are read before they appear, whoever is on call; the fourth is not, and staff's never are.
func TestHold_first(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.holds(account.Holding{First: 3})
	member, esp := w.as(account.RoleMember), w.as(account.RoleESP)
	thread := w.open(esp, "members", "Di che cosa si parla", calm).Thread
	for range 3 {
		id := w.write(member, thread, calm)
		_, err := w.PublishHeld(ctx, esp, id)
		require.NoError(t, err)
	}
	r := w.answer(member, thread, "Il quarto.")
	require.False(t, r.Held)
	assert.Equal(t, 5, r.Number)
	hidden := w.answer(member, thread, "Il quinto.")
	w.hide(hidden, "Offende.")
	w.holds(account.Holding{First: 5})
	assert.True(t, w.write(member, thread, "Non conta chi fu nascosto.") != PostID{})
	w.holds(account.Holding{})
	assert.False(t, w.answer(w.as(account.RoleFamily), thread, calm).Held)
}

// TestHold_uncovered: while nobody is on call every post of a member waits.
func TestHold_uncovered(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.holds(account.Holding{Uncovered: true})
	thread := w.open(w.as(account.RoleTutor), "members", "Di notte", calm).Thread
	w.write(w.as(account.RoleMember), thread, calm)
	assert.Equal(t, HoldUncovered, w.own(w.as(account.RoleMember))[0].Why)
	_, err := w.pool.Exec(t.Context(), `update forum_held set written_at = now() - interval '30 h'`)
	require.NoError(t, err)
	waits, err := w.HeldFor(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, 30, waits.Hours(), 0.1)
}

// TestHold_edit: who is read before they appear does not get around that by changing what was read; what sounds like danger is stored and raised all the same.
func TestHold_edit(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member := w.as(account.RoleMember)
	r := w.open(member, "members", "Il fiume", calm)
	edit := func(actor account.Actor, version int, text string) error {
		_, err := w.EditPost(ctx, actor, Edit{Post: r.Post, Version: version, Title: "Il fiume", Text: text})
		return err
	}
	w.holds(account.Holding{First: 3})
	require.ErrorIs(t, edit(member, 1, "Tutt'altro."), ErrEditUnread)
	w.holds(account.Holding{Uncovered: true})
	require.ErrorIs(t, edit(member, 1, "Tutt'altro."), ErrEditUnread)
	assert.Contains(t, w.seen(member, r).HTML, "passeggiata")
	require.NoError(t, edit(member, 1, crisis))
	assert.Equal(t, moderation.CareAlerting, w.seen(member, r).Care)
	w.holds(account.Holding{First: 1})
	require.NoError(t, edit(member, 2, "Con calma."), "as many posts of theirs were read as must be")
}

func (w *town) own(actor account.Actor) []Held {
	w.t.Helper()
	own, _, err := w.HeldPosts(w.t.Context(), actor)
	require.NoError(w.t, err)
	return own
}

func (w *town) toRead(actor account.Actor) []Held {
	w.t.Helper()
	_, list, err := w.HeldPosts(w.t.Context(), actor)
	require.NoError(w.t, err)
	return list
}

// TestHeld_nobodyReads: what is held is seen by its author and by who decides; for everybody else it is not there, by whatever way they look.
func TestHeld_nobodyReads(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.holds(account.Holding{First: 3})
	member, esp, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor)
	thread := w.open(esp, "members", "Di che cosa si parla", calm).Thread
	answer, opening := w.write(member, thread, "zafferano"), w.write(member, ThreadID{}, "zafferano anche qui")
	_, err := w.IndexPosts(ctx)
	require.NoError(t, err)
	for role, a := range w.roles {
		sees := role == account.RoleMember || role == account.RoleESP || role == account.RoleTutor
		for _, id := range []PostID{answer, opening} {
			h, err := w.HeldPost(ctx, a, id)
			if sees {
				require.NoError(t, err, role)
				assert.Contains(t, h.HTML, "zafferano")
				assert.Equal(t, role != account.RoleMember, h.MayDecide)
				assert.NoError(t, w.Content().MayRead(ctx, w.pool, a, id.String()))
			} else {
				assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, errs.KindOf(err), role)
				assert.Error(t, w.Content().MayRead(ctx, w.pool, a, id.String()), role)
				_, err = w.PublishHeld(ctx, a, id)
				assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, errs.KindOf(err), role)
				assert.Error(t, w.RefuseHeld(ctx, a, id, "No."), role)
			}
			if role != account.RoleMember {
				assert.Error(t, w.WithdrawHeld(ctx, a, id), role)
			}
		}
		if sees || role == account.RoleFamily || role == account.RoleSenior {
			list, err := w.Threads(ctx, a, "members", Cursor{}, ThreadsPerPage)
			require.NoError(t, err)
			require.Len(t, list.Threads, 1, "%s: no thread without a reader", role)
			assert.Equal(t, 1, list.Threads[0].Posts, "and no count of what nobody reads")
			posts, err := w.Posts(ctx, a, thread, 0, PostsPerPage)
			require.NoError(t, err)
			assert.Len(t, posts.Posts, 1)
			found, err := w.Search(ctx, a, Query{Text: "zafferano"})
			require.NoError(t, err)
			assert.Empty(t, found.Found, role)
		}
	}
	for _, a := range []account.Actor{w.other, w.newAccount(w.b, account.RoleTutor, "Altrove")} {
		_, err := w.HeldPost(ctx, a, answer)
		assert.Equal(t, errs.NotFound, errs.KindOf(err))
		assert.Equal(t, errs.NotFound, errs.KindOf(w.RefuseHeld(ctx, a, answer, "No.")))
	}
	assert.Len(t, w.own(member), 2)
	assert.Len(t, w.toRead(esp), 2)
	assert.Len(t, w.toRead(tutor), 2)
	assert.Empty(t, w.toRead(w.as(account.RoleSenior)), "only where one moderates")
	assert.Empty(t, w.toRead(member))
	_, err = w.PublishHeld(ctx, member, answer)
	assert.Equal(t, errs.NotFound, errs.KindOf(err), "never one's own")
}

// TestHeld_published: it appears once, however many say so at once, as its author's and as if it were written now.
func TestHeld_published(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.holds(account.Holding{First: 3})
	member, esp, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor)
	thread := w.open(esp, "members", "Di che cosa si parla", calm).Thread
	answer, opening := w.write(member, thread, calm), w.write(member, ThreadID{}, calm)
	for _, id := range []PostID{answer, opening} {
		var won atomic.Int64
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				by := []account.Actor{esp, tutor}[i%2]
				r, err := w.PublishHeld(ctx, by, id)
				if err == nil {
					won.Add(1)
					assert.Equal(t, id, r.Post, "what pointed at it points at it still")
				} else {
					assert.Equal(t, errs.Conflict, errs.KindOf(err))
				}
			})
		}
		all.Wait()
		assert.Equal(t, int64(1), won.Load())
	}
	assert.Equal(t, 1, w.count(`select count(*) from forum_posts where author_id = $1 and number = 2`, member.ID))
	assert.Equal(t, 2, w.count(`select count(*) from forum_threads`))
	assert.Zero(t, w.count(`select count(*) from forum_held`))
	assert.Equal(t, 2, w.count(`select count(*) from audit_entries where action = 'post.publish'`))
	assert.ErrorIs(t, w.RefuseHeld(ctx, tutor, answer, "Troppo tardi."), ErrHeldDecided)

	waits := w.write(member, thread, calm)
	require.NoError(t, w.LockThread(ctx, tutor, thread, why))
	_, err := w.PublishHeld(ctx, tutor, waits)
	require.ErrorIs(t, err, ErrLocked)
	assert.Len(t, w.own(member), 1, "it is not lost by that")
}

// TestHeld_refused: its author is told why and may have somebody else look again, who may publish it after all.
func TestHeld_refused(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.holds(account.Holding{First: 3})
	member, esp, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor)
	thread := w.open(esp, "members", "Di che cosa si parla", calm).Thread
	id := w.write(member, thread, "Il mio numero è 333 1234567.")
	assert.Equal(t, errs.Invalid, errs.KindOf(w.RefuseHeld(ctx, esp, id, " \u200b")))
	assert.Equal(t, errs.Invalid, errs.KindOf(w.RefuseHeld(ctx, esp, id, strings.Repeat("è", moderation.MaxNote+1))))
	require.NoError(t, w.RefuseHeld(ctx, esp, id, "C'è un numero di telefono."))
	assert.ErrorIs(t, w.RefuseHeld(ctx, tutor, id, "Anche per me."), ErrHeldDecided)
	_, err := w.PublishHeld(ctx, tutor, id)
	require.ErrorIs(t, err, ErrHeldDecided, "first the author asks")
	own := w.own(member)
	require.Len(t, own, 1)
	assert.True(t, own[0].Refused)
	assert.Empty(t, w.toRead(tutor))

	notices, err := w.moderation.Notices(ctx, member)
	require.NoError(t, err)
	require.Len(t, notices, 1)
	assert.Equal(t, "C'è un numero di telefono.", notices[0].Statement)
	assert.Equal(t, HeldPath(id), notices[0].URL)
	require.NoError(t, w.moderation.FileAppeal(ctx, member, notices[0].Case, "È quello di un servizio."))
	queue, err := w.moderation.Queue(ctx, tutor)
	require.NoError(t, err)
	require.Len(t, queue, 1)
	require.NoError(t, w.moderation.Claim(ctx, tutor, queue[0].ID))
	shown, err := w.moderation.ShowCase(ctx, tutor, queue[0].ID)
	require.NoError(t, err)
	assert.Contains(t, shown.Excerpt.Text, "333 1234567")
	require.NoError(t, w.moderation.Decide(ctx, tutor, queue[0].ID, moderation.Decision{Kind: moderation.DecideNone}))
	posts, err := w.Posts(ctx, w.as(account.RoleFamily), thread, 0, PostsPerPage)
	require.NoError(t, err)
	require.Len(t, posts.Posts, 2)
	assert.Contains(t, posts.Posts[1].HTML, "333 1234567")
	assert.Empty(t, w.own(member))

	old := w.write(member, thread, "Un altro.")
	require.NoError(t, w.RefuseHeld(ctx, esp, old, "No."))
	require.NoError(t, w.EraseRefused(ctx))
	assert.Len(t, w.own(member), 1)
	_, err = w.pool.Exec(ctx, `update forum_held set refused_at = now() - interval '25 months'`)
	require.NoError(t, err)
	require.NoError(t, w.EraseRefused(ctx))
	assert.Empty(t, w.own(member))
}

// TestHeld_danger: nothing waits with what triage finds in a held text: who answers for it reads it at once, and the author sees what is done. It cannot
// be taken from under them.
func TestHeld_danger(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.holds(account.Holding{First: 3, Uncovered: true})
	member := w.as(account.RoleMember)
	r, err := w.OpenThread(ctx, member, NewThread{Category: "members", Title: "Basta", Text: crisis, CID: newCID()})
	require.NoError(t, err)
	require.True(t, r.Held)
	assert.Equal(t, triage.Crisis, r.Level)
	assert.Equal(t, moderation.CareAlerting, r.Care)
	assert.Equal(t, moderation.CareAlerting, w.own(member)[0].Care)
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations where subject_id = $1 and level = 'crisis' and state <> 'closed'`, r.Post.String()))
	e, err := w.Content().Excerpt(ctx, w.pool, w.a, r.Post.String())
	require.NoError(t, err)
	assert.Contains(t, e.Text, "mi ammazzo")
	who, err := w.Content().Moderators(ctx, w.pool, w.a, r.Post.String())
	require.NoError(t, err)
	assert.Equal(t, []account.ID{w.as(account.RoleESP).ID}, who)
	require.ErrorIs(t, w.WithdrawHeld(ctx, member, r.Post), ErrHeldAnswered)
	done, err := w.Forget(ctx, member, true)
	require.NoError(t, err)
	assert.False(t, done, "it is erased once somebody has answered")
	_, err = w.pool.Exec(ctx, `delete from moderation_causes; delete from moderation_steps; delete from moderation_escalations`)
	require.NoError(t, err)
	done, err = w.Forget(ctx, member, true)
	require.NoError(t, err)
	assert.True(t, done)
	assert.Zero(t, w.count(`select count(*) from forum_held`))
}

// TestHeld_sentTwice: the same form again is the same post, held or published since; another text under it is another post.
func TestHeld_sentTwice(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.holds(account.Holding{First: 3})
	member, esp := w.as(account.RoleMember), w.as(account.RoleESP)
	in := NewThread{Category: "members", Title: "Un titolo", Text: calm, CID: newCID()}
	first, err := w.OpenThread(ctx, member, in)
	require.NoError(t, err)
	again, err := w.OpenThread(ctx, member, in)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	other := in
	other.Text = "Tutt'altro."
	another, err := w.OpenThread(ctx, member, other)
	require.NoError(t, err)
	assert.NotEqual(t, first.Post, another.Post)
	_, err = w.PublishHeld(ctx, esp, first.Post)
	require.NoError(t, err)
	again, err = w.OpenThread(ctx, member, in)
	require.NoError(t, err)
	assert.Equal(t, first.Post, again.Post)
	assert.False(t, again.Held)
	assert.Equal(t, 1, again.Number)
	w.holds(account.Holding{})
	again, err = w.OpenThread(ctx, member, NewThread{Category: "members", Title: other.Title, Text: other.Text, CID: w.cid(another.Post)})
	require.NoError(t, err)
	assert.Equal(t, another.Post, again.Post, "held before, and not held now")
	assert.True(t, again.Held)
	require.NoError(t, w.WithdrawHeld(ctx, member, another.Post))
	assert.Empty(t, w.own(member))
}

func (w *town) cid(id PostID) (cid string) {
	w.t.Helper()
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), `select cid from forum_held where id = $1`, id).Scan(&cid))
	return cid
}

func TestChangeHolding(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	for role, a := range w.roles {
		err := w.accounts.ChangeHolding(ctx, a, account.Holding{First: 2})
		assert.Equal(t, role == account.RoleAdmin, err == nil, role)
	}
	for _, n := range []int{-1, account.MaxHoldFirst + 1} {
		assert.Equal(t, errs.Invalid, errs.KindOf(w.accounts.ChangeHolding(ctx, w.as(account.RoleAdmin), account.Holding{First: n})))
	}
	s, err := w.accounts.Service(ctx, w.a)
	require.NoError(t, err)
	assert.Equal(t, account.Holding{First: 2}, s.Holding)
	s, err = w.accounts.Service(ctx, w.b)
	require.NoError(t, err)
	assert.Equal(t, account.Holding{}, s.Holding, "another service's own")
}
