package forum

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/account/accounttest"
	"ponti/internal/audit"
	"ponti/internal/ids"
	"ponti/internal/pgtest"
	"ponti/internal/seal"
	"ponti/moderation"
	"ponti/moderation/triage"
	"ponti/roster"
)

func TestMain(m *testing.M) {
	pgtest.Main(m, audit.Migrations(), account.Migrations(), roster.Migrations(), moderation.Migrations(), Migrations())
}

// Texts that triage reads as nothing, as amber and as crisis; newTown holds them to that.
const (
	calm    = "Oggi ho fatto una **passeggiata** lungo il fiume."
	worried = "Mi sento senza speranza, niente ha più senso."
	crisis  = "Stanotte mi ammazzo, ho già preparato tutto."
)

// why a thread is locked.
const why = "Se ne parla già altrove."

// town is a fresh database with two services, and in the first one somebody of each role.
type town struct {
	*Forum
	t     testing.TB
	pool  *pgxpool.Pool
	a, b  account.ServiceID
	roles map[account.Role]account.Actor
	// other is a member of the second service.
	other account.Actor
	// One category for each audience in the first service; the ESP moderates members, the senior family.
	members, family, staff CategoryID
}

// silence hears no hints: the forum's tests look at the database.
type silence struct{}

func (silence) Publish(string, []byte) {}

func newTown(t testing.TB) *town {
	t.Helper()
	ctx := t.Context()
	w := &town{t: t, pool: pgtest.New(t), roles: map[account.Role]account.Actor{}}
	accounts := account.New(w.pool, account.Options{})
	w.Forum = New(w.pool, accounts, newModeration(t, w.pool, accounts), newKeys(t), silence{})
	w.moderation.Use(moderation.SubjectPost, w.Content())
	w.a, w.b = accounttest.NewService(t, w.pool, "a.test"), accounttest.NewService(t, w.pool, "b.test")
	w.roles[account.RoleVisitor] = account.Visitor(w.a)
	for role, alias := range map[account.Role]string{
		account.RoleGuest: "Ospite", account.RoleMember: "Mirto", account.RoleFamily: "Salvia", account.RoleESP: "Marta",
		account.RoleSenior: "Nadia", account.RoleTutor: "Tommaso", account.RoleAdmin: "Amina", account.RoleAuditor: "Remo",
	} {
		w.roles[role] = w.newAccount(w.a, role, alias)
	}
	w.other = w.newAccount(w.b, account.RoleMember, "Mirto")
	w.members = w.category(w.a, "members", ForMembers)
	w.family = w.category(w.a, "family", ForFamily)
	w.staff = w.category(w.a, "staff", ForStaff)
	admin := w.roles[account.RoleAdmin]
	require.NoError(t, w.AssignModerator(ctx, admin, w.members, w.as(account.RoleESP).ID))
	require.NoError(t, w.AssignModerator(ctx, admin, w.family, w.as(account.RoleSenior).ID))
	require.Equal(t, triage.None, w.moderation.Read(w.a, calm).Level)
	require.Equal(t, triage.Amber, w.moderation.Read(w.a, worried).Level)
	require.Equal(t, triage.Crisis, w.moderation.Read(w.a, crisis).Level)
	return w
}

// newEngine proves the rules once for all tests of this program.
var newEngine = sync.OnceValues(triage.New)

func newModeration(t testing.TB, pool *pgxpool.Pool, accounts *account.Accounts) *moderation.Moderation {
	t.Helper()
	engine, err := newEngine()
	require.NoError(t, err)
	return moderation.New(pool, accounts, roster.New(pool, accounts, silence{}), engine, silence{}, moderation.Options{Keys: newKeys(t)})
}

func newKeys(t testing.TB) *seal.Keyring {
	t.Helper()
	keks, err := seal.ParseKEKs(seal.GenerateKEK())
	require.NoError(t, err)
	keys, err := seal.NewKeyring(keks[0])
	require.NoError(t, err)
	return keys
}

func (w *town) newAccount(s account.ServiceID, role account.Role, alias string) account.Actor {
	w.t.Helper()
	return accounttest.NewActor(w.t, w.pool, s, role, alias)
}

func (w *town) category(s account.ServiceID, slug string, audience Audience) CategoryID {
	w.t.Helper()
	id, err := w.CreateCategory(w.t.Context(), account.System(s), NewCategory{Slug: slug, Audience: audience, Title: "Categoria " + slug})
	require.NoError(w.t, err)
	return id
}

func (w *town) as(role account.Role) account.Actor { return w.roles[role] }

func newCID() string { return ids.New[Post]().String() }

// open starts a thread as somebody who may.
func (w *town) open(actor account.Actor, slug, title, text string) Receipt {
	w.t.Helper()
	r, err := w.OpenThread(w.t.Context(), actor, NewThread{Category: slug, Title: title, Text: text, CID: newCID()})
	require.NoError(w.t, err)
	return r
}

func (w *town) answer(actor account.Actor, thread ThreadID, text string) Receipt {
	w.t.Helper()
	r, err := w.WritePost(w.t.Context(), actor, NewPost{Thread: thread, Text: text, CID: newCID()})
	require.NoError(w.t, err)
	return r
}

// post is a post as somebody sees it on its page.
func (w *town) seen(actor account.Actor, r Receipt) Post {
	w.t.Helper()
	l, err := w.Posts(w.t.Context(), actor, r.Thread, r.Number-1, 1)
	require.NoError(w.t, err)
	require.Len(w.t, l.Posts, 1)
	return l.Posts[0]
}

func (w *town) hide(r Receipt, reason string) {
	w.t.Helper()
	require.NoError(w.t, w.Content().Hide(w.t.Context(), w.pool, w.a, r.Post.String(), reason, w.as(account.RoleTutor).ID))
}

func (w *town) count(sql string, args ...any) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), sql, args...).Scan(&n))
	return n
}

// plant makes a thread of the past with so many posts, a minute apart.
func (w *town) plant(c CategoryID, title string, at time.Time, posts int) ThreadID {
	w.t.Helper()
	author := w.as(account.RoleMember)
	p := Planted{Category: c, Title: title}
	for i := range posts {
		p.Posts = append(p.Posts, PlantedPost{Author: author.ID, Text: strings.Repeat(calm+" ", 1+i%5), At: at.Add(time.Duration(i) * time.Minute)})
	}
	id, err := w.PlantThread(context.WithoutCancel(w.t.Context()), account.System(w.a), p)
	require.NoError(w.t, err)
	return id
}
