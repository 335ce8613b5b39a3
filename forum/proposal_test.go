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
)

// TestProposeCategory: one administrator proposes, another approves, and from that moment whoever it is for finds it where it was to stand; nobody else does.
func TestProposeCategory(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, second := w.as(account.RoleAdmin), w.secondAdmin()
	w.category(w.b, "perche-no", ForMembers) // a slug of another service is free
	id, err := w.ProposeCategory(ctx, admin, NewCategory{Title: " Perché\u202e no? 🙂 ", Audience: ForFamily, Rules: "Con calma.\r\nSenza nomi.", Position: 2}, whyNew)
	require.NoError(t, err)
	d := w.desk(second)
	require.Len(t, d.Asked, 1)
	p := d.Asked[0]
	assert.Equal(t, []any{"perche-no", "Perché no? 🙂", ForFamily, "Con calma.\nSenza nomi.", 2, whyNew, "Amina", false},
		[]any{p.Slug, p.Title, p.Audience, p.Rules, p.Place, p.Why, p.AskedBy, p.Mine})
	assert.True(t, w.desk(admin).Asked[0].Mine)
	_, err = w.Category(ctx, w.as(account.RoleFamily), "perche-no")
	require.ErrorIs(t, err, account.ErrNotFound, "one is not enough")
	_, err = w.ApproveProposal(ctx, admin, id)
	require.ErrorIs(t, err, ErrProposalOwn)
	require.ErrorIs(t, w.DeclineProposal(ctx, admin, id, "Ho cambiato idea, non serve."), ErrProposalOwn)
	require.ErrorIs(t, w.WithdrawProposal(ctx, second, id), account.ErrForbidden)

	_, err = w.ApproveProposal(ctx, second, id)
	require.NoError(t, err)
	c, err := w.Category(ctx, w.as(account.RoleFamily), "perche-no")
	require.NoError(t, err)
	assert.Equal(t, []string{"Perché no? 🙂", "Con calma.\nSenza nomi."}, []string{c.Title, c.Rules})
	_, err = w.Category(ctx, w.as(account.RoleMember), "perche-no")
	require.ErrorIs(t, err, account.ErrNotFound)
	w.open(w.as(account.RoleFamily), "perche-no", "Il primo titolo", calm)
	open, _ := w.slugs(admin)
	assert.Equal(t, []string{"family", "perche-no", "members", "staff"}, open)
	d = w.desk(admin)
	assert.Equal(t, []any{ProposalApproved, "Berta"}, []any{d.Past[0].State, d.Past[0].SettledBy})
	for action, actor := range map[string]account.Actor{"forum_category.ask_to_create": admin, "forum_category.create": second} {
		assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = $1 and actor_id = $2`, action, actor.ID), action)
	}
	assert.Zero(t, w.count(`select count(*) from audit_entries where object || reason like '%molti%'`), "what people write stays out of the audit log")

	for _, err := range []error{w.DeclineProposal(ctx, second, id, whyNew), w.WithdrawProposal(ctx, admin, id)} {
		require.ErrorIs(t, err, ErrProposalGone)
	}
	_, err = w.ProposeCategory(ctx, second, NewCategory{Slug: "PERCHE-NO", Title: "Un'altra", Audience: ForMembers}, whyNew)
	assert.Equal(t, []string{"slug"}, fieldsOf(t, err))
}

// TestProposeCategory_mistakes: all of them at once, each with its field, and nothing is stored.
func TestProposeCategory_mistakes(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin := w.as(account.RoleAdmin)
	good := NewCategory{Slug: "nuova", Title: "Nuova", Audience: ForMembers}
	huge := strings.Repeat("🙂", 1<<18)
	t.Run("each", func(t *testing.T) {
		for name, tt := range map[string]struct {
			change func(*NewCategory)
			why    string
			want   []string
		}{
			"nothing": {func(c *NewCategory) { *c = NewCategory{} }, "", []string{"title", "audience", "slug", "why"}},
			"a megabyte": {func(c *NewCategory) {
				*c = NewCategory{Slug: huge, Audience: "members", Title: huge, Rules: huge, Position: 1 << 30}
			}, huge, []string{"title", "rules", "slug", "why"}},
			"another audience": {func(c *NewCategory) { c.Audience = "everybody" }, whyNew, []string{"audience"}},
			"emoji alone":      {func(c *NewCategory) { c.Slug, c.Title = "", "🙂🙂🙂" }, whyNew, []string{"slug"}},
			"accents":          {func(c *NewCategory) { c.Slug = "perché" }, whyNew, []string{"slug"}},
			"a path":           {func(c *NewCategory) { c.Slug = "../new" }, whyNew, []string{"slug"}},
			"a hyphen first":   {func(c *NewCategory) { c.Slug = "-nuova" }, whyNew, []string{"slug"}},
			"a line break":     {func(c *NewCategory) { c.Slug = "nuova\nx" }, whyNew, []string{"slug"}},
			"too long":         {func(c *NewCategory) { c.Slug = strings.Repeat("a", MaxSlug+1) }, whyNew, []string{"slug"}},
			"taken":            {func(c *NewCategory) { c.Slug = "members" }, whyNew, []string{"slug"}},
			"no reason":        {func(*NewCategory) {}, " \u2800 \u200b perché ", []string{"why"}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				in := good
				tt.change(&in)
				_, err := w.ProposeCategory(ctx, admin, in, tt.why)
				assert.Equal(t, tt.want, fieldsOf(t, err))
			})
		}
	})
	assert.Zero(t, w.count(`select count(*) from forum_proposals`))
}

// TestProposeCategory_again: two proposals for one slug do not wait beside each other; declined, taken back or lapsed it is free.
func TestProposeCategory_again(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, second := w.as(account.RoleAdmin), w.secondAdmin()
	in := NewCategory{Slug: strings.Repeat("a", MaxSlug), Title: "Nuova", Audience: ForStaff, Position: 99}
	ask := func(actor account.Actor) ProposalID {
		t.Helper()
		id, err := w.ProposeCategory(ctx, actor, in, whyNew)
		require.NoError(t, err)
		_, err = w.ProposeCategory(ctx, second, in, whyNew)
		assert.Equal(t, []string{"slug"}, fieldsOf(t, err))
		return id
	}
	first := ask(admin)
	assert.Equal(t, []string{"reason"}, fieldsOf(t, w.DeclineProposal(ctx, second, first, "no")))
	require.NoError(t, w.DeclineProposal(ctx, second, first, "Il titolo non dice di che cosa si parla."))
	p, err := w.desk(admin).Proposal(first)
	require.NoError(t, err)
	assert.Equal(t, []any{ProposalDeclined, "Berta", "Il titolo non dice di che cosa si parla."}, []any{p.State, p.SettledBy, p.Reason})
	require.NoError(t, w.WithdrawProposal(ctx, admin, ask(admin)))
	stale := ask(admin)
	_, err = w.pool.Exec(ctx, `update forum_proposals set asked_at = asked_at - interval '8 days' where state = 'asked'`)
	require.NoError(t, err)
	p, err = w.desk(second).Proposal(stale)
	require.NoError(t, err)
	assert.Equal(t, ProposalLapsed, p.State)
	_, err = w.ApproveProposal(ctx, second, stale)
	require.ErrorIs(t, err, ErrProposalGone, "nobody approves what was forgotten")

	// An import makes a category of that name while a proposal waits.
	last := ask(admin)
	w.category(w.a, in.Slug, ForMembers)
	_, err = w.ApproveProposal(ctx, second, last)
	require.ErrorIs(t, err, ErrSlugTaken)
	c, err := w.desk(admin).Category(in.Slug)
	require.NoError(t, err)
	assert.Equal(t, ForMembers, c.Audience)
	p, err = w.desk(admin).Proposal(last)
	require.NoError(t, err)
	assert.Equal(t, ProposalAsked, p.State, "what failed leaves all as it was")
}

// TestApproveProposal_atOnce: of many who decide at once one does, and the category is made once or not at all.
func TestApproveProposal_atOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, second, third := w.as(account.RoleAdmin), w.secondAdmin(), w.newAccount(w.a, account.RoleAdmin, "Carla")
	id, err := w.ProposeCategory(ctx, admin, NewCategory{Slug: "nuova", Title: "Nuova", Audience: ForMembers}, whyNew)
	require.NoError(t, err)
	var done, made atomic.Int64
	var all sync.WaitGroup
	settle := func(approves bool, act func() error) {
		all.Go(func() {
			switch err := act(); {
			case err == nil && approves:
				done.Add(1)
				made.Add(1)
			case err == nil:
				done.Add(1)
			default:
				assert.ErrorIs(t, err, ErrProposalGone)
			}
		})
	}
	for range 4 {
		for _, actor := range []account.Actor{second, third} {
			settle(true, func() error { _, err := w.ApproveProposal(ctx, actor, id); return err })
		}
	}
	settle(false, func() error { return w.DeclineProposal(ctx, second, id, whyNew) })
	settle(false, func() error { return w.WithdrawProposal(ctx, admin, id) })
	all.Wait()
	assert.Equal(t, int64(1), done.Load())
	assert.Equal(t, made.Load(), int64(w.count(`select count(*) from forum_categories where service_id = $1 and slug = 'nuova'`, w.a)))
}

// TestProposal_constraint: not even a statement that passes by the use-cases has one person do what takes two.
func TestProposal_constraint(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, second := w.as(account.RoleAdmin), w.secondAdmin()
	_, err := w.ProposeArchive(ctx, admin, "members", whyNew)
	require.NoError(t, err)
	settle := func(state string, by account.Actor, reason string) string {
		_, err := w.pool.Exec(ctx, `update forum_proposals set state = $1, settled_by = $2, settled_at = now(), reason = $3`, state, by.ID, reason)
		return pg.Constraint(err)
	}
	assert.Equal(t, "forum_proposals_two_people", settle("approved", admin, ""))
	assert.Equal(t, "forum_proposals_two_people", settle("declined", admin, "no"))
	assert.Equal(t, "forum_proposals_withdrawn_by_asker", settle("withdrawn", second, ""))
	assert.Equal(t, "forum_proposals_declined_with_reason", settle("declined", second, ""))
	_, err = w.pool.Exec(ctx, `update forum_proposals set state = 'approved'`)
	assert.Equal(t, "forum_proposals_settled_whole", pg.Constraint(err))
	assert.Equal(t, "forum_proposals_settler", settle("approved", w.other, ""), "of another service")
	assert.Empty(t, settle("approved", second, ""))
}

// TestArchive: read-only for everybody from the moment two agreed, apart in the list, found by search, and open again the same way.
func TestArchive(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, second, member, esp := w.as(account.RoleAdmin), w.secondAdmin(), w.as(account.RoleMember), w.as(account.RoleESP)
	r := w.open(member, "members", "Il giardino", calm)
	answer := w.answer(esp, r.Thread, "Ti leggo.")
	_, err := w.ProposeRestore(ctx, admin, "members", whyNew)
	require.ErrorIs(t, err, ErrNotArchived)
	id, err := w.ProposeArchive(ctx, admin, "members", whyNew)
	require.NoError(t, err)
	_, err = w.ProposeArchive(ctx, second, "members", whyNew)
	require.ErrorIs(t, err, ErrProposalWaits)
	c, err := w.desk(second).Category("members")
	require.NoError(t, err)
	require.NotNil(t, c.Proposal)
	assert.Equal(t, []any{id, ProposeArchive, "Categoria members"}, []any{c.Proposal.ID, c.Proposal.Kind, c.Proposal.Title})
	w.answer(member, r.Thread, "Finché aspetta si scrive.")
	before, err := w.ThreadMark(ctx, member, r.Thread, 0)
	require.NoError(t, err)
	_, err = w.ApproveProposal(ctx, admin, id)
	require.ErrorIs(t, err, ErrProposalOwn)
	_, err = w.ApproveProposal(ctx, second, id)
	require.NoError(t, err)

	after, err := w.ThreadMark(ctx, member, r.Thread, 0)
	require.NoError(t, err)
	assert.NotEqual(t, before, after, "a page that is open looks again")
	l, err := w.Posts(ctx, member, r.Thread, 0, 10)
	require.NoError(t, err)
	assert.Equal(t, after, l.Mark)
	assert.Equal(t, []bool{false, false, false, false}, []bool{l.MayWrite, l.MayEdit, l.MayReact, l.MayAnswer})
	list, err := w.Threads(ctx, member, "members", Cursor{}, 10)
	require.NoError(t, err)
	assert.False(t, list.MayOpen || list.MayOpenEvent)
	assert.Len(t, list.Threads, 1)
	boards, err := w.Categories(ctx, w.as(account.RoleESP))
	require.NoError(t, err)
	assert.Equal(t, "members", boards[len(boards)-1].Slug)
	_, err = w.IndexPosts(ctx)
	require.NoError(t, err)
	found, err := w.Search(ctx, member, Query{Text: "passeggiata"})
	require.NoError(t, err)
	assert.Len(t, found.Found, 1)

	_, err = w.React(ctx, member, answer.Post, Thanks, true)
	require.ErrorIs(t, err, ErrArchived)
	_, err = w.EditPost(ctx, member, Edit{Post: r.Post, Version: 1, Title: "Altro", Text: "Altro."})
	require.ErrorIs(t, err, ErrArchived)
	require.ErrorIs(t, w.PinThread(ctx, w.as(account.RoleTutor), r.Thread), ErrArchived)
	_, archived := w.slugs(admin)
	assert.Equal(t, []string{"members"}, archived)
	_, err = w.ProposeArchive(ctx, admin, "members", whyNew)
	require.ErrorIs(t, err, ErrArchived)

	w.settled(w.ProposeRestore(ctx, second, "members", whyNew))(admin)
	w.answer(member, r.Thread, "Di nuovo.")
	open, archived := w.slugs(admin)
	assert.Equal(t, []string{"family", "staff", "members"}, open, "at the end")
	assert.Empty(t, archived)
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'forum_category.archive' and actor_id = $1`, second.ID))
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'forum_category.restore' and actor_id = $1`, admin.ID))
}

// TestArchive_waiting: what was written before still appears once somebody has read it, a refusal can be taken back, and an event can be called off.
func TestArchive_waiting(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, second, esp, tutor := w.as(account.RoleAdmin), w.secondAdmin(), w.as(account.RoleESP), w.as(account.RoleTutor)
	event, err := w.OpenEvent(ctx, esp, newEvent("members", "Una passeggiata"))
	require.NoError(t, err)
	require.NoError(t, w.accounts.ChangeHolding(ctx, admin, account.Holding{First: 5}))
	hold := func() PostID {
		t.Helper()
		r, err := w.OpenThread(ctx, w.as(account.RoleMember), NewThread{Category: "members", Title: "Aspetto", Text: calm, CID: newCID()})
		require.NoError(t, err)
		require.True(t, r.Held)
		return r.Post
	}
	one, two := hold(), hold()
	require.NoError(t, w.RefuseHeld(ctx, tutor, two, "Contiene il nome di un'altra persona."))
	w.settled(w.ProposeArchive(ctx, admin, "members", whyNew))(second)

	r, err := w.PublishHeld(ctx, esp, one)
	require.NoError(t, err)
	assert.Equal(t, Shown, w.seen(w.as(account.RoleFamily), r).State)
	require.NoError(t, w.Content().Restore(ctx, w.pool, w.a, two.String()), "an appeal is not lost to the archive")
	list, err := w.Threads(ctx, w.as(account.RoleFamily), "members", Cursor{}, 10)
	require.NoError(t, err)
	assert.Len(t, list.Threads, 3)
	l, err := w.Posts(ctx, esp, event.Thread, 0, 10)
	require.NoError(t, err)
	assert.Equal(t, []bool{false, true}, []bool{l.MayEvent, l.MayCancel})
	assert.Equal(t, errs.Conflict, errs.KindOf(w.ChangeEvent(ctx, esp, event.Thread, 0, newEvent("members", "Una passeggiata").EventTime)))
	require.ErrorIs(t, w.CancelEvent(ctx, w.as(account.RoleSenior), event.Thread, "Non si fa più, mi dispiace."), account.ErrNotFound)
	require.NoError(t, w.CancelEvent(ctx, esp, event.Thread, "Non si fa più, mi dispiace."))
}

// TestMigrateDesk: categories of before stay as they are, and the desk works on them.
func TestMigrateDesk(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, second := w.as(account.RoleAdmin), w.secondAdmin()
	r := w.open(w.as(account.RoleMember), "members", "Un titolo", calm)
	_, err := w.pool.Exec(ctx, `update forum_categories set archived_at = now() where slug = 'family'`)
	require.NoError(t, err)
	w.migrateFrom(27)
	open, archived := w.slugs(admin)
	assert.Equal(t, []string{"members", "staff"}, open)
	assert.Equal(t, []string{"family"}, archived)
	w.settled(w.ProposeRestore(ctx, admin, "family", whyNew))(second)
	require.NoError(t, w.MoveCategoryBefore(ctx, second, "family", "members"))
	open, _ = w.slugs(admin)
	assert.Equal(t, []string{"family", "members", "staff"}, open)
	w.answer(w.as(account.RoleESP), r.Thread, calm)
}
