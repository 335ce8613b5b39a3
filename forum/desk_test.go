package forum

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
)

// whyNew is why somebody proposes something.
const whyNew = "Lo chiedono in molti da mesi."

// secondAdmin is another administrator of the first service.
func (w *town) secondAdmin() account.Actor {
	w.t.Helper()
	return w.newAccount(w.a, account.RoleAdmin, "Berta")
}

func (w *town) desk(actor account.Actor) Desk {
	w.t.Helper()
	d, err := w.Desk(w.t.Context(), actor)
	require.NoError(w.t, err)
	return d
}

// slugs are those of the open categories and of the archived ones, as the desk has them.
func (w *town) slugs(actor account.Actor) (open, archived []string) {
	w.t.Helper()
	d := w.desk(actor)
	for _, c := range d.Open {
		open = append(open, c.Slug)
	}
	for _, c := range d.Archived {
		archived = append(archived, c.Slug)
	}
	return open, archived
}

// fieldsOf are the fields that an error is about.
func fieldsOf(t *testing.T, err error) (names []string) {
	t.Helper()
	if fields, ok := errors.AsType[errs.Fields](err); ok {
		for _, e := range fields {
			names = append(names, e.Field)
		}
		return names
	}
	e, ok := errors.AsType[*errs.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, errs.Invalid, e.Kind)
	return []string{e.Field}
}

// settled has one administrator propose and another approve.
func (w *town) settled(id ProposalID, err error) func(by account.Actor) {
	w.t.Helper()
	require.NoError(w.t, err)
	return func(by account.Actor) {
		w.t.Helper()
		_, err := w.ApproveProposal(w.t.Context(), by, id)
		require.NoError(w.t, err)
	}
}

// TestDesk: all categories in their order with what stands in them and who looks after them, and nothing of what is written.
func TestDesk(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, member := w.as(account.RoleAdmin), w.as(account.RoleMember)
	kept, gone := w.open(member, "members", "Resta", calm), w.open(member, "members", "Va via", calm)
	_, err := w.DeletePost(ctx, member, gone.Post)
	require.NoError(t, err)
	w.answer(w.as(account.RoleFamily), kept.Thread, calm)
	c, err := w.desk(admin).Category("members")
	require.NoError(t, err)
	assert.Equal(t, []account.Public{{Alias: "Marta", Role: account.RoleESP}}, c.Moderators)
	assert.Equal(t, []int{1, 0}, []int{c.Threads, c.Waiting}, "what was taken away is not counted")
	assert.Nil(t, c.Proposal)
	require.NoError(t, w.accounts.ChangeHolding(ctx, admin, account.Holding{First: 5}))
	_, err = w.OpenThread(ctx, w.newAccount(w.a, account.RoleMember, "Timo"), NewThread{Category: "members", Title: "Aspetta", Text: calm, CID: newCID()})
	require.NoError(t, err)
	c, err = w.desk(admin).Category("members")
	require.NoError(t, err)
	assert.Equal(t, 1, c.Waiting)
	_, err = w.desk(admin).Category("none")
	require.ErrorIs(t, err, account.ErrNotFound)
	_, err = w.desk(w.newAccount(w.b, account.RoleAdmin, "Lontana")).Category("members")
	require.ErrorIs(t, err, account.ErrNotFound, "of another service")
}

// TestDesk_whoMay: administrators and nobody else, not even for a look.
func TestDesk_whoMay(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	id, err := w.ProposeArchive(ctx, w.as(account.RoleAdmin), "family", whyNew)
	require.NoError(t, err)
	mark := textMark("Categoria members", "")
	acts := func(a account.Actor, slug string) map[string]error {
		all := map[string]error{}
		_, all["look"] = w.Desk(ctx, a)
		_, all["propose"] = w.ProposeCategory(ctx, a, NewCategory{Slug: "nuova", Audience: ForMembers, Title: "Nuova"}, whyNew)
		_, all["archive"] = w.ProposeArchive(ctx, a, slug, whyNew)
		_, all["restore"] = w.ProposeRestore(ctx, a, slug, whyNew)
		_, all["approve"] = w.ApproveProposal(ctx, a, id)
		all["decline"] = w.DeclineProposal(ctx, a, id, whyNew)
		all["withdraw"] = w.WithdrawProposal(ctx, a, id)
		all["change"] = w.ChangeCategory(ctx, a, slug, CategoryTexts{Title: "Rubata", Mark: mark})
		all["before"] = w.MoveCategoryBefore(ctx, a, slug, "family")
		all["after"] = w.MoveCategoryAfter(ctx, a, slug, "family")
		return all
	}
	for _, role := range everyRole {
		if role == account.RoleAdmin {
			continue
		}
		want := account.ErrForbidden
		if role == account.RoleVisitor {
			want = account.ErrSignInFirst
		}
		for act, err := range acts(w.as(role), "members") {
			assert.ErrorIs(t, err, want, "%s as %s", act, role)
		}
	}
	elsewhere := w.newAccount(w.b, account.RoleAdmin, "Lontana")
	for act, err := range acts(elsewhere, "members") {
		if act != "look" && act != "propose" {
			assert.ErrorIs(t, err, account.ErrNotFound, "%s from another service", act)
		}
	}
	assert.Equal(t, 1, w.count(`select count(*) from forum_proposals where service_id = $1`, w.a))
	assert.Equal(t, 1, w.count(`select count(*) from forum_categories where service_id = $1 and slug = 'members' and title = 'Categoria members'`, w.a))
}

// TestMoveCategory: an order is what administrators make of it, one step after the other, and readers see it at once.
func TestMoveCategory(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, second := w.as(account.RoleAdmin), w.secondAdmin()
	w.category(w.a, "altra", ForMembers)
	open, _ := w.slugs(admin)
	require.Equal(t, []string{"altra", "family", "members", "staff"}, open, "without an order, by their titles")
	require.NoError(t, w.MoveCategoryBefore(ctx, admin, "staff", "altra"))
	require.NoError(t, w.MoveCategoryAfter(ctx, second, "family", "members"))
	open, _ = w.slugs(admin)
	assert.Equal(t, []string{"staff", "altra", "members", "family"}, open)
	moves := w.count(`select count(*) from audit_entries where action = 'forum_category.move'`)
	require.NoError(t, w.MoveCategoryAfter(ctx, second, "family", "members"), "again is no mistake")
	assert.Equal(t, moves, w.count(`select count(*) from audit_entries where action = 'forum_category.move'`), "and nothing that anybody did")
	boards, err := w.Categories(ctx, w.as(account.RoleESP))
	require.NoError(t, err)
	seen := make([]string, len(boards))
	for i, b := range boards {
		seen[i] = b.Slug
	}
	assert.Equal(t, open[1:3], slices.DeleteFunc(seen, func(s string) bool { return s == "staff" || s == "family" }))

	require.ErrorIs(t, w.MoveCategoryBefore(ctx, admin, "staff", "none"), account.ErrNotFound)
	require.ErrorIs(t, w.MoveCategoryBefore(ctx, admin, "none", "staff"), account.ErrNotFound)
	require.ErrorIs(t, w.MoveCategoryBefore(ctx, admin, "staff", "staff"), ErrOrderChanged)
	w.category(w.b, "straniera", ForMembers)
	require.ErrorIs(t, w.MoveCategoryBefore(ctx, admin, "staff", "straniera"), account.ErrNotFound)
	w.settled(w.ProposeArchive(ctx, admin, "altra", whyNew))(second)
	require.ErrorIs(t, w.MoveCategoryBefore(ctx, admin, "staff", "altra"), ErrOrderChanged)
}

// TestMoveCategory_atOnce: many who order at once lose no category and leave no two in one place.
func TestMoveCategory_atOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	admin, second := w.as(account.RoleAdmin), w.secondAdmin()
	for _, slug := range []string{"uno", "due", "tre", "quattro"} {
		w.category(w.a, slug, ForMembers)
	}
	open, _ := w.slugs(admin)
	var all sync.WaitGroup
	for n, actor := range []account.Actor{admin, second, admin, second} {
		chance := rand.New(rand.NewPCG(7, uint64(n)))
		all.Go(func() {
			for range 6 {
				move := w.MoveCategoryAfter
				if chance.IntN(2) == 0 {
					move = w.MoveCategoryBefore
				}
				pair := chance.Perm(len(open))
				assert.NoError(t, move(t.Context(), actor, open[pair[0]], open[pair[1]]))
			}
		})
	}
	all.Wait()
	after, _ := w.slugs(admin)
	assert.ElementsMatch(t, open, after)
	assert.Equal(t, len(open), w.count(`select count(distinct position) from forum_categories where service_id = $1 and position between 1 and $2`, w.a, len(open)))
}

// TestChangeCategory: title and rules are one administrator's to change; every link stays, and nobody writes over what somebody else wrote.
func TestChangeCategory(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, second, member := w.as(account.RoleAdmin), w.secondAdmin(), w.as(account.RoleMember)
	r := w.open(member, "members", "Un titolo", calm)
	change := func(actor account.Actor, title, rules string) error {
		c, err := w.desk(actor).Category("members")
		require.NoError(t, err)
		return w.ChangeCategory(ctx, actor, "members", CategoryTexts{Title: title, Rules: rules, Mark: c.Mark()})
	}
	require.NoError(t, change(admin, "  Giorno \u202eper\n giorno 🙂 ", "Prima riga\r\n<script>alert(1)</script>\x00"))
	c, err := w.Category(ctx, member, "members")
	require.NoError(t, err)
	assert.Equal(t, []string{"Giorno per giorno 🙂", "Prima riga\n<script>alert(1)</script>"}, []string{c.Title, c.Rules})
	_, c, err = w.Thread(ctx, member, r.Thread)
	require.NoError(t, err)
	assert.Equal(t, "Giorno per giorno 🙂", c.Title)
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'forum_category.change_title' and actor_id = $1`, admin.ID))
	assert.Zero(t, w.count(`select count(*) from audit_entries where object like '%Giorno%' or reason like '%Giorno%'`))

	stale := textMark("Categoria members", "")
	require.ErrorIs(t, w.ChangeCategory(ctx, second, "members", CategoryTexts{Title: "Un'altra", Rules: "", Mark: stale}), ErrCategoryChanged)
	require.NoError(t, w.ChangeCategory(ctx, second, "members", CategoryTexts{Title: c.Title, Rules: c.Rules, Mark: stale}), "the same again is no mistake")
	require.NoError(t, w.ChangeRules(ctx, w.as(account.RoleESP), "members", "Scritte dall'ESP.", w.rulesMark("members")))
	require.ErrorIs(t, w.ChangeCategory(ctx, admin, "members", CategoryTexts{Title: c.Title, Rules: "Mie.", Mark: textMark(c.Title, c.Rules)}), ErrCategoryChanged)

	huge := strings.Repeat("🙂", 1<<18) // a megabyte
	assert.Equal(t, []string{"title", "rules"}, fieldsOf(t, change(admin, huge, huge)))
	assert.Equal(t, []string{"title"}, fieldsOf(t, change(admin, " \u200b\u2800 ", "")))
	require.ErrorIs(t, w.ChangeCategory(ctx, admin, "none", CategoryTexts{Title: "Un titolo"}), account.ErrNotFound)
	require.NoError(t, change(admin, "🙂🙂🙂", strings.Repeat("è", MaxRules)))
}

// TestDesk_lostRole: who was shut out meanwhile decides nothing, and nobody decides about what they proposed.
func TestDesk_lostRole(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, second := w.as(account.RoleAdmin), w.secondAdmin()
	id, err := w.ProposeArchive(ctx, admin, "family", whyNew)
	require.NoError(t, err)
	other, err := w.ProposeCategory(ctx, second, NewCategory{Slug: "nuova", Audience: ForMembers, Title: "Nuova"}, whyNew)
	require.NoError(t, err)
	for _, by := range []account.Actor{admin, w.as(account.RoleTutor)} {
		_, err := w.accounts.Disable(ctx, by, second.ID, "Non lavora più per il Servizio.")
		require.NoError(t, err)
	}
	_, err = w.ApproveProposal(ctx, second, id)
	require.ErrorIs(t, err, account.ErrForbidden, "with a page that was open before")
	require.ErrorIs(t, w.DeclineProposal(ctx, second, id, whyNew), account.ErrForbidden)
	require.ErrorIs(t, w.WithdrawProposal(ctx, second, other), account.ErrForbidden)
	require.ErrorIs(t, w.MoveCategoryBefore(ctx, second, "staff", "family"), account.ErrForbidden)
	require.ErrorIs(t, w.ChangeCategory(ctx, second, "staff", CategoryTexts{Title: "Presa", Mark: textMark("Categoria staff", "")}), account.ErrForbidden)
	_, err = w.ApproveProposal(ctx, admin, other)
	require.ErrorIs(t, err, ErrProposalGone)
	d := w.desk(admin)
	require.Len(t, d.Asked, 1)
	assert.Equal(t, []ProposalState{ProposalLapsed}, []ProposalState{d.Past[0].State})
	again, err := w.ProposeCategory(ctx, admin, NewCategory{Slug: "nuova", Audience: ForMembers, Title: "Nuova"}, whyNew)
	require.NoError(t, err, "its slug is free again")
	assert.NotEqual(t, other, again)
	_, err = w.ApproveProposal(ctx, admin, ids.New[Proposal]())
	require.ErrorIs(t, err, account.ErrNotFound)
}
