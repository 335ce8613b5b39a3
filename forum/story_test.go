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
	"ponti/internal/pg"
	"ponti/moderation"
)

// told is a story that waits, by somebody, in the category for members.
func (w *town) told(actor account.Actor, title string) PostID {
	w.t.Helper()
	r, err := w.opens(actor, "members", KindStory, title)
	require.NoError(w.t, err)
	require.True(w.t, r.Held)
	return r.Post
}

// published is a story that two people let appear.
func (w *town) published(actor account.Actor, title string) Receipt {
	w.t.Helper()
	id := w.told(actor, title)
	for _, role := range []account.Role{account.RoleTutor, account.RoleESP} {
		r, err := w.ApproveHeld(w.t.Context(), w.as(role), id, 1)
		require.NoError(w.t, err)
		if !r.Held {
			return r
		}
	}
	require.FailNow(w.t, "two said yes")
	return Receipt{}
}

func TestEnough(t *testing.T) {
	t.Parallel()
	esp, senior, tutor := approval{account.ID{1}, account.RoleESP}, approval{account.ID{2}, account.RoleSenior}, approval{account.ID{3}, account.RoleTutor}
	for _, c := range []struct {
		list []approval
		want bool
	}{{nil, false}, {[]approval{esp}, false}, {[]approval{tutor}, false}, {[]approval{tutor, tutor}, false}, {[]approval{esp, tutor}, true}, {[]approval{tutor, senior}, true}, {[]approval{esp, senior}, true}} {
		assert.Equal(t, c.want, enough(c.list), "%v", c.list)
	}
}

// TestStory_twoReaders: a story appears when two people have said yes, one of them an ESP; never its author, never one person twice, and nobody who has no say there.
func TestStory_twoReaders(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, esp, senior, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleSenior), w.as(account.RoleTutor)
	second := w.newAccount(w.a, account.RoleTutor, "Teresa")
	yes := func(a account.Actor, id PostID) error {
		_, err := w.ApproveHeld(ctx, a, id, 1)
		return err
	}
	id := w.told(member, "Come ne sono uscita")
	require.Equal(t, HoldStory, w.own(member)[0].Why)
	assert.Empty(t, w.titles(esp, "members", ""), "nobody reads it yet")
	for role, a := range w.roles {
		if role != account.RoleESP && role != account.RoleTutor {
			require.Contains(t, []errs.Kind{errs.NotFound, errs.Unauthenticated}, errs.KindOf(yes(a, id)), role)
		}
	}
	require.Equal(t, errs.NotFound, errs.KindOf(yes(w.newAccount(w.b, account.RoleTutor, "Altrove"), id)))
	_, err := w.PublishHeld(ctx, esp, id)
	require.ErrorIs(t, err, ErrHeldEdited, "not by the way of one")
	require.NoError(t, yes(tutor, id))
	assert.Empty(t, w.titles(esp, "members", ""))
	require.ErrorIs(t, yes(tutor, id), ErrApproved)
	require.ErrorIs(t, yes(second, id), ErrNeedsPeer, "two tutors are not enough")
	h, err := w.HeldPost(ctx, tutor, id)
	require.NoError(t, err)
	assert.True(t, h.Approved)
	assert.False(t, h.MayApprove)
	h, err = w.HeldPost(ctx, second, id)
	require.NoError(t, err)
	assert.True(t, h.NeedsPeer)
	assert.False(t, h.MayApprove)
	h, err = w.HeldPost(ctx, esp, id)
	require.NoError(t, err)
	assert.True(t, h.MayApprove)
	assert.Equal(t, 1, h.Approvals)
	assert.Empty(t, w.toRead(tutor), "it has this reader's yes")
	assert.Len(t, w.toRead(esp), 1)
	require.NoError(t, yes(esp, id))
	assert.Equal(t, []string{"Come ne sono uscita"}, w.titles(senior, "members", KindStory))
	require.ErrorIs(t, yes(esp, id), ErrHeldDecided)
	assert.Equal(t, 1, w.count(`select count(*) from forum_threads where kind = 'story' and approved_by = $1 and approved_with = $2`, esp.ID, tutor.ID))
	assert.Zero(t, w.count(`select count(*) from forum_approvals`))
	assert.Equal(t, 2, w.count(`select count(*) from audit_entries where action = 'post.approve'`))
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'post.publish'`))

	mine := w.told(esp, "La mia, da ESP")
	require.Equal(t, errs.NotFound, errs.KindOf(yes(esp, mine)), "an ESP's own is read by others")
	require.NoError(t, yes(tutor, mine))
	assert.Equal(t, []string{"Come ne sono uscita"}, w.titles(senior, "members", KindStory), "and needs an ESP still")
	require.NoError(t, w.AssignModerator(ctx, w.as(account.RoleAdmin), w.members, senior.ID))
	require.NoError(t, yes(senior, mine))
	assert.Len(t, w.titles(senior, "members", KindStory), 2)
}

// TestStory_constraints: what the use-cases refuse, the tables refuse as well.
func TestStory_constraints(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, esp, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor)
	id := w.told(member, "Una storia")
	approve := func(who, author account.ID, role string) string {
		_, err := w.pool.Exec(ctx, `insert into forum_approvals (held_id, account_id, service_id, author_id, account_role) values ($1, $2, $3, $4, $5)`, id, who, w.a, author, role)
		return pg.Constraint(err)
	}
	assert.Empty(t, approve(tutor.ID, member.ID, "tutor"))
	assert.Equal(t, "forum_approvals_once", approve(tutor.ID, member.ID, "tutor"))
	assert.Equal(t, "forum_approvals_never_own", approve(member.ID, member.ID, "esp"))
	assert.Equal(t, "forum_approvals_held", approve(member.ID, esp.ID, "esp"), "the author that it names is the one who told it")
	assert.Equal(t, "forum_approvals_by_readers", approve(esp.ID, member.ID, "member"))
	assert.Equal(t, "forum_approvals_account", approve(w.other.ID, member.ID, "esp"))
	_, err := w.ApproveHeld(ctx, esp, id, 1)
	require.NoError(t, err)
	for _, by := range [][2]any{{esp.ID, esp.ID}, {esp.ID, member.ID}, {member.ID, tutor.ID}} {
		_, err := w.pool.Exec(ctx, `update forum_threads set approved_by = $1, approved_with = $2`, by[0], by[1])
		assert.Equal(t, "forum_threads_approved_by_two", pg.Constraint(err))
	}
	_, err = w.pool.Exec(ctx, `update forum_threads set approved_with = null`)
	assert.Equal(t, "forum_threads_approved_by_two", pg.Constraint(err))
	_, err = w.pool.Exec(ctx, `update forum_threads set kind = 'discussion'`)
	assert.Equal(t, "forum_threads_approved_by_two", pg.Constraint(err))
}

// TestStory_atOnce: many yeses in one moment are one each, and the story appears once.
func TestStory_atOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	id := w.told(w.as(account.RoleMember), "Una storia")
	var appeared atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		for _, a := range []account.Actor{w.as(account.RoleESP), w.as(account.RoleTutor)} {
			all.Go(func() {
				r, err := w.ApproveHeld(ctx, a, id, 1)
				switch {
				case err == nil && !r.Held:
					appeared.Add(1)
				case err != nil:
					assert.Contains(t, []error{ErrApproved, ErrHeldDecided}, err)
				}
			})
		}
	}
	all.Wait()
	assert.Equal(t, int32(1), appeared.Load())
	assert.Equal(t, 1, w.count(`select count(*) from forum_threads`))
	assert.Equal(t, 2, w.count(`select count(*) from audit_entries where action = 'post.approve'`))
}

// TestStory_edit: its author changes a story while it waits; who said yes to what it said before has not said yes to this, and a yes to what was read before counts for nothing.
func TestStory_edit(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, esp, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor)
	id := w.told(member, "Una storia")
	edit := func(a account.Actor, version int, text string) (Receipt, error) {
		return w.EditHeld(ctx, a, HeldEdit{Post: id, Version: version, Title: "Una storia", Text: text})
	}
	_, err := w.ApproveHeld(ctx, tutor, id, 1)
	require.NoError(t, err)
	r, err := edit(member, 1, calm)
	require.NoError(t, err)
	assert.True(t, r.Held)
	assert.Equal(t, 1, w.own(member)[0].Approvals, "nothing was changed")
	for _, a := range []account.Actor{esp, tutor, w.as(account.RoleFamily), w.other} {
		_, err = edit(a, 1, "Un'altra.")
		require.Equal(t, errs.NotFound, errs.KindOf(err))
	}
	_, err = edit(member, 1, "Con **altre** parole.")
	require.NoError(t, err)
	h := w.own(member)[0]
	assert.Zero(t, h.Approvals)
	assert.Equal(t, 2, h.Version)
	assert.Contains(t, h.HTML, "<strong>altre</strong>")
	_, err = edit(member, 1, "Da un'altra finestra.")
	require.ErrorIs(t, err, ErrEdited)
	_, err = w.ApproveHeld(ctx, esp, id, 1)
	require.ErrorIs(t, err, ErrHeldEdited)
	for _, a := range []account.Actor{esp, tutor} {
		r, err = w.ApproveHeld(ctx, a, id, 2)
		require.NoError(t, err)
	}
	require.False(t, r.Held)
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'post.change_held'`))

	// Since it appeared it stays as it was read; what sounds like danger is read beside it.
	_, err = edit(member, 2, "Tutt'altro.")
	require.ErrorIs(t, err, ErrStoryRead)
	_, err = w.EditPost(ctx, member, Edit{Post: r.Post, Version: 1, Title: "Una storia", Text: "Tutt'altro."})
	require.ErrorIs(t, err, ErrStoryRead)
	_, err = w.EditPost(ctx, member, Edit{Post: r.Post, Version: 1, Title: "Una storia", Text: "Con **altre** parole.", Notes: []ContentNote{"loss"}})
	require.NoError(t, err, "a content note spares readers")
	beside, err := edit(member, 2, crisis)
	require.NoError(t, err)
	assert.True(t, beside.Held)
	assert.Equal(t, moderation.CareAlerting, beside.Care)
	assert.Contains(t, w.seen(esp, r).HTML, "<strong>altre</strong>")

	// Not every held post can be changed: one person reads it, and it appears.
	w.holds(account.Holding{First: 5})
	id = w.write(member, ThreadID{}, calm)
	_, err = edit(member, 1, "Altro.")
	require.Equal(t, errs.NotFound, errs.KindOf(err))
}

// TestStory_danger: a story that waits is read for risk like anything else, at each change of it, and cannot be taken from under who answers.
func TestStory_danger(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member := w.as(account.RoleMember)
	r, err := w.OpenThread(ctx, member, NewThread{Category: "members", Kind: KindStory, Title: "Basta", Text: crisis, CID: newCID()})
	require.NoError(t, err)
	assert.True(t, r.Held)
	assert.Equal(t, moderation.CareAlerting, r.Care)
	require.ErrorIs(t, w.WithdrawHeld(ctx, member, r.Post), ErrHeldAnswered)
	id := w.told(member, "Calma")
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations`))
	edited, err := w.EditHeld(ctx, member, HeldEdit{Post: id, Version: 1, Title: "Calma", Text: crisis})
	require.NoError(t, err)
	assert.Equal(t, moderation.CareAlerting, edited.Care)
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations where subject_id = $1 and level = 'crisis'`, id.String()))
}

// TestStory_refused: the author reads why; when somebody else finds otherwise, it waits again for who had not said yes to it.
func TestStory_refused(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, esp, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor)
	id := w.told(member, "Una storia")
	_, err := w.ApproveHeld(ctx, tutor, id, 1)
	require.NoError(t, err)
	require.NoError(t, w.RefuseHeld(ctx, esp, id, "C'è il nome di un'altra persona."))
	_, err = w.ApproveHeld(ctx, esp, id, 1)
	require.ErrorIs(t, err, ErrHeldDecided)
	_, err = w.EditHeld(ctx, member, HeldEdit{Post: id, Version: 1, Title: "Una storia", Text: "Altro."})
	require.ErrorIs(t, err, ErrHeldDecided)
	notices, err := w.moderation.Notices(ctx, member)
	require.NoError(t, err)
	require.Len(t, notices, 1)
	assert.Equal(t, "C'è il nome di un'altra persona.", notices[0].Statement)
	require.NoError(t, w.moderation.FileAppeal(ctx, member, notices[0].Case, "È il mio."))
	queue, err := w.moderation.Queue(ctx, tutor)
	require.NoError(t, err)
	require.NoError(t, w.moderation.Claim(ctx, tutor, queue[0].ID))
	require.NoError(t, w.moderation.Decide(ctx, tutor, queue[0].ID, moderation.Decision{Kind: moderation.DecideNone}))
	assert.Empty(t, w.titles(esp, "members", ""), "one person lets no story appear, not on an appeal either")
	require.Len(t, w.own(member), 1)
	assert.False(t, w.own(member)[0].Refused)
	assert.Equal(t, 1, w.own(member)[0].Approvals, "the tutor's yes was to what it says")
	assert.Empty(t, w.toRead(tutor), "and they are asked anew about a new version only")
	_, err = w.ApproveHeld(ctx, tutor, id, 1)
	require.ErrorIs(t, err, ErrApproved)
	assert.Len(t, w.toRead(esp), 1)
	_, err = w.ApproveHeld(ctx, esp, id, 1)
	require.NoError(t, err)
	assert.Equal(t, []string{"Una storia"}, w.titles(esp, "members", KindStory))
}

// TestWithdrawStory: one act, and nobody finds it by any way, nor what was answered; its text is nowhere. Only its author can.
func TestWithdrawStory(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, esp, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor)
	r := w.published(member, "Il glicine rifiorito")
	w.answer(esp, r.Thread, "Grazie per il glicine.")
	require.NoError(t, w.Subscribe(ctx, tutor, r.Thread, true))
	_, err := w.IndexPosts(ctx)
	require.NoError(t, err)
	require.Len(t, w.look(tutor, Query{Text: "glicine"}).Found, 2)
	require.Len(t, w.news(tutor), 1)
	for _, a := range w.roles {
		if a.ID != member.ID {
			require.Contains(t, []errs.Kind{errs.NotFound, errs.Unauthenticated, errs.Forbidden}, errs.KindOf(w.WithdrawStory(ctx, a, r.Thread)))
		}
	}
	talk := w.open(member, "members", "Una discussione", "Due parole.")
	require.Equal(t, errs.NotFound, errs.KindOf(w.WithdrawStory(ctx, member, talk.Thread)), "what others answered in stays")
	require.Equal(t, errs.NotFound, errs.KindOf(w.WithdrawStory(ctx, member, ThreadID{9})))

	require.NoError(t, w.LockThread(ctx, tutor, r.Thread, why))
	require.NoError(t, w.WithdrawStory(ctx, member, r.Thread))
	require.NoError(t, w.WithdrawStory(ctx, member, r.Thread), "again is no mistake")
	for _, a := range []account.Actor{member, esp, tutor} {
		assert.Equal(t, []string{"Una discussione"}, w.titles(a, "members", ""))
		_, err := w.Posts(ctx, a, r.Thread, 0, 10)
		require.ErrorIs(t, err, account.ErrNotFound)
		_, err = w.Post(ctx, a, r.Post)
		require.ErrorIs(t, err, account.ErrNotFound)
		_, _, err = w.PostHistory(ctx, a, r.Post)
		require.ErrorIs(t, err, account.ErrNotFound)
		_, err = w.ThreadMark(ctx, a, r.Thread, 0)
		require.ErrorIs(t, err, account.ErrNotFound, "open pages are led away")
		assert.Empty(t, w.look(a, Query{Text: "glicine"}).Found)
		_, err = w.WritePost(ctx, a, NewPost{Thread: r.Thread, Text: calm, CID: newCID()})
		require.ErrorIs(t, err, account.ErrNotFound)
	}
	assert.Empty(t, w.news(tutor))
	boards, err := w.Categories(ctx, tutor)
	require.NoError(t, err)
	for _, b := range boards {
		assert.NotContains(t, b.LatestTitle, "glicine")
	}
	assert.Zero(t, w.count(`select count(*) from forum_posts where source like '%passeggiata%'`))
	assert.Zero(t, w.count(`select count(*) from forum_post_versions`))
	assert.Zero(t, w.count(`select count(*) from forum_threads where title like '%glicine%'`))
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'post.delete' and actor_id = $1`, member.ID))

	// Who answered in it is forgotten like anybody, and a restored backup loses it again.
	done, err := w.Forget(ctx, member, true)
	require.NoError(t, err)
	assert.True(t, done)
	other := w.published(w.as(account.RoleFamily), "Un'altra")
	w.answer(member, other.Thread, "La mia risposta, con le mie parole.")
	did, err := w.DeleteAgain(ctx, w.a, other.Post)
	require.NoError(t, err)
	assert.True(t, did)
	assert.Empty(t, w.titles(tutor, "members", KindStory))
	did, err = w.DeleteAgain(ctx, w.a, other.Post)
	require.NoError(t, err)
	assert.False(t, did)
	done, err = w.Forget(ctx, member, true)
	require.NoError(t, err, "what stands in a thread that is gone can be erased")
	assert.True(t, done)
	assert.NotContains(t, w.texts(), "con le mie parole")
}

// TestWithdrawStory_answered: while somebody answers for a danger in it, what it said stays for them alone.
func TestWithdrawStory_answered(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member := w.as(account.RoleMember)
	r, err := w.OpenThread(ctx, member, NewThread{Category: "members", Kind: KindStory, Title: "Basta", Text: crisis, CID: newCID()})
	require.NoError(t, err)
	for _, role := range []account.Role{account.RoleESP, account.RoleTutor} {
		r, err = w.ApproveHeld(ctx, w.as(role), r.Post, 1)
		require.NoError(t, err)
	}
	require.NoError(t, w.WithdrawStory(ctx, member, r.Thread))
	_, err = w.Posts(ctx, w.as(account.RoleTutor), r.Thread, 0, 1)
	require.ErrorIs(t, err, account.ErrNotFound)
	e, err := w.Content().Excerpt(ctx, w.pool, w.a, r.Post.String())
	require.NoError(t, err)
	assert.Contains(t, e.Text, "mi ammazzo")
}

// TestWithdrawStory_deleted: to delete the opening by the common way is to take it all back.
func TestWithdrawStory_deleted(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	member := w.as(account.RoleMember)
	r := w.published(member, "Una storia")
	w.answer(w.as(account.RoleESP), r.Thread, "Grazie.")
	_, err := w.DeletePost(t.Context(), member, r.Post)
	require.NoError(t, err)
	assert.Empty(t, w.titles(member, "members", ""))
	assert.False(t, strings.Contains(w.texts(), "passeggiata"))
}

// TestMigrateStories: what waited before waits on, and long texts find room.
func TestMigrateStories(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.open(w.as(account.RoleMember), "members", "Di prima", calm)
	w.holds(account.Holding{First: 5})
	id := w.write(w.as(account.RoleMember), ThreadID{}, calm)
	w.migrateFrom(18)
	_, err := w.PublishHeld(ctx, w.as(account.RoleESP), id)
	require.NoError(t, err)
	assert.Len(t, w.titles(w.as(account.RoleTutor), "members", KindDiscussion), 2)
}
