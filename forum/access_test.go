package forum

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
)

var everyRole = []account.Role{
	account.RoleVisitor, account.RoleGuest, account.RoleMember, account.RoleFamily, account.RoleESP, account.RoleSenior,
	account.RoleTutor, account.RoleAdmin, account.RoleAuditor,
}

// agreed reads a row of the matrix that the service agreed on: not from the policy, which may be wrong, but from its source.
func agreed(t *testing.T, act account.Action) map[account.Role]string {
	t.Helper()
	f, err := os.Open("../account/testdata/authz_matrix.csv")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // read only
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	for _, row := range rows {
		if account.Action(row[0]+": "+row[1]) != act {
			continue
		}
		out := map[account.Role]string{}
		for i, role := range everyRole {
			out[role] = row[2+i]
		}
		return out
	}
	require.FailNow(t, "no such row", string(act))
	return nil
}

// refusal is what a role gets where it may not: a visitor is asked to sign in, everybody else finds nothing.
func refusal(role account.Role) errs.Kind {
	if role == account.RoleVisitor {
		return errs.Unauthenticated
	}
	return errs.NotFound
}

// TestAuthorization: every use-case on an object, for every role and audience, both ways, as the matrix says; and whoever may not read gets
// for what exists exactly what they get for what does not.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	thread := map[string]Receipt{}
	author := w.newAccount(w.a, account.RoleTutor, "Teresa") // none of those who try
	for _, slug := range []string{"members", "family", "staff"} {
		thread[slug] = w.open(author, slug, "Una discussione", calm)
	}
	nothing := Receipt{Thread: ids.New[Thread](), Post: ids.New[Post]()}
	reading := map[string]map[account.Role]string{
		"members": agreed(t, account.ForumCategoryReadMembersOnly),
		"family":  agreed(t, account.ForumCategoryReadFamilyOnly),
		"staff":   agreed(t, account.ForumCategoryReadStaffOnly),
	}
	acts := []struct {
		name string
		// row is what the act needs beside reading; nil: nothing.
		row map[account.Role]string
		// own: the actor may only do it with what is theirs, and here nothing is.
		try func(a account.Actor, slug string, r Receipt) error
	}{
		{"read a category", nil, func(a account.Actor, slug string, _ Receipt) error {
			_, err := w.Category(ctx, a, slug)
			return err
		}},
		{"list threads", nil, func(a account.Actor, slug string, _ Receipt) error {
			_, err := w.Threads(ctx, a, slug, Cursor{}, 10)
			return err
		}},
		{"read a thread", nil, func(a account.Actor, _ string, r Receipt) error {
			_, err := w.Posts(ctx, a, r.Thread, 0, 10)
			return err
		}},
		{"read the head of a thread", nil, func(a account.Actor, _ string, r Receipt) error {
			_, _, err := w.Thread(ctx, a, r.Thread)
			return err
		}},
		{"read a post", nil, func(a account.Actor, _ string, r Receipt) error {
			_, err := w.Post(ctx, a, r.Post)
			return err
		}},
		{"report a post", nil, func(a account.Actor, _ string, r Receipt) error {
			return w.Content().MayRead(ctx, w.pool, a, r.Post.String())
		}},
		{"open a thread", agreed(t, account.ThreadOpen), func(a account.Actor, slug string, _ Receipt) error {
			_, err := w.OpenThread(ctx, a, NewThread{Category: slug, Title: "Nuova", Text: calm, CID: newCID()})
			return err
		}},
		{"answer", agreed(t, account.PostWriteEditOwnDeleteOwn), func(a account.Actor, _ string, r Receipt) error {
			_, err := w.WritePost(ctx, a, NewPost{Thread: r.Thread, Text: calm, CID: newCID()})
			return err
		}},
		{"lock a thread", agreed(t, account.ThreadLockMovePin), func(a account.Actor, _ string, r Receipt) error {
			return w.LockThread(ctx, a, r.Thread, why)
		}},
		{"unlock a thread", agreed(t, account.ThreadLockMovePin), func(a account.Actor, _ string, r Receipt) error {
			return w.UnlockThread(ctx, a, r.Thread)
		}},
		{"pin a thread", agreed(t, account.ThreadLockMovePin), func(a account.Actor, _ string, r Receipt) error {
			return w.PinThread(ctx, a, r.Thread)
		}},
		{"unpin a thread", agreed(t, account.ThreadLockMovePin), func(a account.Actor, _ string, r Receipt) error {
			return w.UnpinThread(ctx, a, r.Thread)
		}},
	}
	// moderates: who looks after which category, for the matrix's C.
	moderates := map[account.Role]string{account.RoleESP: "members", account.RoleSenior: "family"}
	for _, act := range acts {
		for _, role := range everyRole {
			for _, slug := range []string{"members", "family", "staff"} {
				t.Run(act.name+"/"+string(role)+"/"+slug, func(t *testing.T) {
					a := w.as(role)
					may := reading[slug][role] == "Y"
					if may && act.row != nil {
						cell := act.row[role]
						may = cell == "Y" || cell == "O" || cell == "C" && moderates[role] == slug
					}
					require.NoError(t, w.UnlockThread(ctx, w.as(account.RoleTutor), thread[slug].Thread))
					err := act.try(a, slug, thread[slug])
					if may {
						require.NoError(t, err)
						return
					}
					assert.Equal(t, refusal(role), errs.KindOf(err))
					assert.Equal(t, act.try(a, "missing", nothing), err, "a missing one looks the same")
				})
			}
		}
	}
	t.Run("another service's member finds nothing", func(t *testing.T) {
		for _, act := range acts {
			assert.Equal(t, act.try(w.other, "missing", nothing), act.try(w.other, "members", thread["members"]), act.name)
			assert.ErrorIs(t, act.try(w.other, "members", thread["members"]), account.ErrNotFound, act.name)
		}
	})
}

// TestAuthorizationOwn: edit and delete are for one's own posts alone, at any rank.
func TestAuthorizationOwn(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	edit := func(a account.Actor, id PostID) error {
		_, err := w.EditPost(ctx, a, Edit{Post: id, Version: 1, Title: "Un titolo", Text: "Cambiato."})
		return err
	}
	remove := func(a account.Actor, id PostID) error {
		_, err := w.DeletePost(ctx, a, id)
		return err
	}
	writers := agreed(t, account.PostWriteEditOwnDeleteOwn)
	for _, author := range everyRole {
		if writers[author] != "O" {
			continue
		}
		r := w.open(w.as(author), "members", "Un titolo", calm)
		for _, role := range everyRole {
			for name, try := range map[string]func(account.Actor, PostID) error{"edit": edit, "delete": remove} {
				t.Run(name+"/"+string(role)+" of "+string(author), func(t *testing.T) {
					if role != author {
						err := try(w.as(role), r.Post)
						assert.Equal(t, refusal(role), errs.KindOf(err))
						assert.Equal(t, try(w.as(role), ids.New[Post]()), err, "a missing one looks the same")
					}
				})
			}
		}
		assert.ErrorIs(t, edit(w.other, r.Post), account.ErrNotFound)
		assert.ErrorIs(t, remove(w.other, r.Post), account.ErrNotFound)
		require.NoError(t, edit(w.as(author), r.Post))
		require.NoError(t, remove(w.as(author), r.Post))
	}
}

// TestLockThread_ownThread: nobody moderates where they are a party, in their own category and at any rank.
func TestLockThread_ownThread(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for _, role := range []account.Role{account.RoleESP, account.RoleTutor} {
		own := w.open(w.as(role), "members", "Un titolo", calm)
		assert.ErrorIs(t, w.LockThread(t.Context(), w.as(role), own.Thread, why), account.ErrForbidden, role)
		assert.ErrorIs(t, w.UnlockThread(t.Context(), w.as(role), own.Thread), account.ErrForbidden, role)
		page, err := w.Posts(t.Context(), w.as(role), own.Thread, 0, 1)
		require.NoError(t, err)
		assert.False(t, page.MayLock, "nor is it offered")
	}
	r := w.open(w.as(account.RoleESP), "members", "Un titolo", calm)
	require.NoError(t, w.LockThread(t.Context(), w.as(account.RoleTutor), r.Thread, why), "somebody else does")
	require.ErrorIs(t, w.UnlockThread(t.Context(), w.as(account.RoleESP), r.Thread), account.ErrForbidden)
}

func TestCategories(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.category(w.b, "members", ForMembers)
	ctx := t.Context()
	want := map[account.Role][]string{
		account.RoleMember: {"members"}, account.RoleFamily: {"family", "members"},
		account.RoleESP: {"family", "members", "staff"}, account.RoleSenior: {"family", "members", "staff"}, account.RoleTutor: {"family", "members", "staff"},
	}
	for _, role := range everyRole {
		t.Run("list/"+string(role), func(t *testing.T) {
			boards, err := w.Categories(ctx, w.as(role))
			var slugs []string
			for _, b := range boards {
				slugs = append(slugs, b.Slug)
			}
			slices.Sort(slugs)
			assert.Equal(t, want[role], slugs)
			switch {
			case want[role] != nil:
				assert.NoError(t, err)
			case role == account.RoleVisitor:
				assert.ErrorIs(t, err, account.ErrSignInFirst)
			default:
				assert.ErrorIs(t, err, account.ErrForbidden)
			}
		})
	}
	t.Run("only Ponti creates one, until two people can agree", func(t *testing.T) {
		for _, role := range everyRole {
			_, err := w.CreateCategory(ctx, w.as(role), NewCategory{Slug: "x", Audience: ForMembers, Title: "Nuova"})
			assert.ErrorIs(t, err, account.ErrForbidden)
		}
		again := w.category(w.a, "members", ForMembers)
		assert.Equal(t, w.members, again, "made twice, it is there once")
	})
	t.Run("the newest thread is shown, its title only to those who may see it", func(t *testing.T) {
		latest := func(role account.Role) string {
			boards, err := w.Categories(ctx, w.as(role))
			require.NoError(t, err)
			for _, b := range boards {
				if b.Slug == "members" {
					return b.LatestTitle
				}
			}
			return "no such board"
		}
		r := w.open(w.as(account.RoleMember), "members", "Il mio titolo", calm)
		assert.Equal(t, "Il mio titolo", latest(account.RoleFamily))
		w.hide(r, "Contiene un numero di telefono.")
		assert.Equal(t, "", latest(account.RoleFamily))
		assert.Equal(t, "Il mio titolo", latest(account.RoleMember))
		assert.Equal(t, "Il mio titolo", latest(account.RoleESP))
		assert.Equal(t, "", latest(account.RoleSenior), "moderates another category")
	})
}

func TestModerators(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	esp := w.as(account.RoleESP).ID
	for _, role := range everyRole {
		want := account.ErrForbidden
		switch role {
		case account.RoleAdmin:
			continue
		case account.RoleVisitor:
			want = account.ErrSignInFirst
		default:
		}
		assert.ErrorIs(t, w.AssignModerator(ctx, w.as(role), w.members, esp), want, role)
		assert.ErrorIs(t, w.UnassignModerator(ctx, w.as(role), w.members, esp), want, role)
		_, err := w.ManagedCategories(ctx, w.as(role))
		assert.ErrorIs(t, err, want, role)
	}
	admin := w.as(account.RoleAdmin)
	assert.NoError(t, w.AssignModerator(ctx, admin, w.members, esp), "again is no mistake")
	assert.ErrorIs(t, w.AssignModerator(ctx, admin, w.members, w.as(account.RoleTutor).ID), ErrNotPeer)
	assert.ErrorIs(t, w.AssignModerator(ctx, admin, w.members, w.as(account.RoleMember).ID), ErrNotPeer)
	assert.ErrorIs(t, w.AssignModerator(ctx, admin, ids.New[Category](), esp), account.ErrNotFound)
	stranger := w.newAccount(w.b, account.RoleESP, "Straniera")
	assert.ErrorIs(t, w.AssignModerator(ctx, admin, w.members, stranger.ID), ErrNotPeer, "of another service")
	assert.ErrorIs(t, w.AssignModerator(ctx, admin, w.members, ids.New[account.Account]()), ErrNotPeer, "unknown looks the same")
	elsewhere := w.category(w.b, "members", ForMembers)
	assert.ErrorIs(t, w.AssignModerator(ctx, admin, elsewhere, esp), account.ErrNotFound)
	assert.ErrorIs(t, w.UnassignModerator(ctx, admin, elsewhere, esp), account.ErrNotFound)

	moderators := func() []account.ID {
		all, err := w.ManagedCategories(ctx, admin)
		require.NoError(t, err)
		require.Len(t, all, 3)
		i := slices.IndexFunc(all, func(c ManagedCategory) bool { return c.ID == w.members })
		return all[i].Moderators
	}
	assert.Equal(t, []account.ID{esp}, moderators())
	require.NoError(t, w.UnassignModerator(ctx, admin, w.members, esp))
	assert.Empty(t, moderators())
	assert.ErrorIs(t, w.UnassignModerator(ctx, admin, w.members, esp), account.ErrNotFound)
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'forum_moderator.unassign' and actor_id = $1`, admin.ID))
	r := w.open(w.as(account.RoleMember), "members", "Un titolo", calm)
	assert.ErrorIs(t, w.LockThread(ctx, w.as(account.RoleESP), r.Thread, why), account.ErrNotFound, "no longer hers")
}

func TestHiddenPost(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	const reason = "Contiene il numero di telefono di un'altra persona."
	author := w.as(account.RoleMember)
	r := w.open(author, "members", "Il titolo", calm)
	w.answer(w.as(account.RoleFamily), r.Thread, "Bello.")
	w.hide(r, reason)
	w.hide(r, "Un'altra ragione.")
	sees := agreed(t, account.PostReadHiddenOrHeld)
	for _, role := range []account.Role{account.RoleMember, account.RoleFamily, account.RoleESP, account.RoleSenior, account.RoleTutor} {
		t.Run(string(role), func(t *testing.T) {
			may := sees[role] == "Y" || sees[role] == "O" && role == author.Role || sees[role] == "C" && role == account.RoleESP
			p := w.seen(w.as(role), r)
			assert.Equal(t, Hidden, p.State)
			assert.Equal(t, may, p.HTML != "")
			assert.Equal(t, may, p.Reason == reason, "the first reason stands")
			thread, _, err := w.Thread(ctx, w.as(role), r.Thread)
			require.NoError(t, err)
			assert.Equal(t, may, thread.Title == "Il titolo", "the title belongs to the opening")
			one, err := w.Post(ctx, w.as(role), r.Post)
			require.NoError(t, err)
			assert.Equal(t, may, one.Source == calm)
			assert.False(t, one.MayEdit)
			err = w.Content().MayRead(ctx, w.pool, w.as(role), r.Post.String())
			assert.Equal(t, may, err == nil)
		})
	}
	_, err := w.EditPost(ctx, author, Edit{Post: r.Post, Version: 1, Title: "Il titolo", Text: "Meglio così."})
	assert.ErrorIs(t, err, ErrHidden)
	require.NoError(t, w.Content().Restore(ctx, w.pool, w.a, r.Post.String()))
	p := w.seen(w.as(account.RoleFamily), r)
	assert.Equal(t, Shown, p.State)
	assert.NotEmpty(t, p.HTML)
	assert.Empty(t, p.Reason)

	t.Run("an ESP reads the reason of their own post also where they do not moderate", func(t *testing.T) {
		r := w.open(w.as(account.RoleSenior), "members", "Il titolo", calm)
		w.hide(r, reason)
		assert.Equal(t, reason, w.seen(w.as(account.RoleSenior), r).Reason)
	})
}

func TestContent(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	c := w.Content()
	r := w.open(w.as(account.RoleMember), "members", "Il titolo", calm)
	own := w.answer(w.as(account.RoleESP), r.Thread, "Ti capisco.")
	x, err := c.Excerpt(ctx, w.pool, w.a, r.Post.String())
	require.NoError(t, err)
	assert.Equal(t, calm, x.Text)
	assert.Equal(t, "Mirto", x.AuthorAlias)
	assert.Equal(t, w.as(account.RoleMember).ID, x.Author)
	assert.Equal(t, w.members.String(), x.Place)
	assert.Equal(t, "Il titolo", x.Title)
	assert.Equal(t, "/forum/threads/"+r.Thread.String()+"#post-1", x.URL)
	assert.False(t, x.Hidden)
	assert.False(t, x.At.IsZero())

	who, err := c.Moderators(ctx, w.pool, w.a, r.Post.String())
	require.NoError(t, err)
	assert.Equal(t, []account.ID{w.as(account.RoleESP).ID}, who)
	who, err = c.Moderators(ctx, w.pool, w.a, own.Post.String())
	require.NoError(t, err)
	assert.Empty(t, who, "nobody moderates their own post")

	t.Run("what was deleted can still be looked after", func(t *testing.T) {
		gone := w.open(w.as(account.RoleMember), "members", "Aiuto", crisis)
		_, err := w.DeletePost(ctx, w.as(account.RoleMember), gone.Post)
		require.NoError(t, err)
		x, err := c.Excerpt(ctx, w.pool, w.a, gone.Post.String())
		require.NoError(t, err)
		assert.Equal(t, crisis, x.Text)
		assert.Equal(t, "Aiuto", x.Title)
	})
	t.Run("nothing is there for another service", func(t *testing.T) {
		for _, id := range []string{r.Post.String(), ids.New[Post]().String(), "x"} {
			_, excerpt := c.Excerpt(ctx, w.pool, w.b, id)
			_, moderators := c.Moderators(ctx, w.pool, w.b, id)
			for _, err := range []error{
				excerpt, moderators, c.Hide(ctx, w.pool, w.b, id, "ragione", w.other.ID), c.Restore(ctx, w.pool, w.b, id),
				c.MayRead(ctx, w.pool, w.other, id),
			} {
				assert.Equal(t, errs.NotFound, errs.KindOf(err))
			}
		}
	})
	assert.Error(t, c.Hide(ctx, w.pool, w.a, r.Post.String(), "  ", w.as(account.RoleTutor).ID), "never without a reason")
	require.NoError(t, c.Hide(ctx, w.pool, w.a, r.Post.String(), "ragione", w.as(account.RoleTutor).ID))
	x, err = c.Excerpt(ctx, w.pool, w.a, r.Post.String())
	require.NoError(t, err)
	assert.True(t, x.Hidden)
}

// TestLockThread_reason: whoever reads a locked thread is told why; a lock without a reason is none, and unlocking takes it back.
func TestLockThread_reason(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	r := w.open(w.as(account.RoleMember), "members", "Un titolo", calm)
	for _, reason := range []string{"", " \n ", "corto", strings.Repeat("è", MaxReason+1)} {
		err := w.LockThread(ctx, w.as(account.RoleESP), r.Thread, reason)
		assert.Equal(t, errs.Invalid, errs.KindOf(err), "%.20q: %v", reason, err)
	}
	require.NoError(t, w.LockThread(ctx, w.as(account.RoleESP), r.Thread, "  Se ne parla\u202e <b>altrove</b>.  "))
	require.NoError(t, w.LockThread(ctx, w.as(account.RoleTutor), r.Thread, "Un altro motivo."), "the first reason stays")
	reason := func() string {
		l, err := w.Posts(ctx, w.as(account.RoleFamily), r.Thread, 0, 1)
		require.NoError(t, err)
		return l.Thread.LockedReason
	}
	assert.Equal(t, "Se ne parla <b>altrove</b>.", reason())
	require.NoError(t, w.UnlockThread(ctx, w.as(account.RoleTutor), r.Thread))
	assert.Empty(t, reason())
	assert.Zero(t, w.count(`select count(*) from audit_entries where reason like '%altrove%'`), "what people write stays out of the audit log")
}
