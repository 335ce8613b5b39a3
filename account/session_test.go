package account_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/ids"
)

// session is the id of the session a browser has now.
func (b *browser) session(t *testing.T) account.SessionID {
	t.Helper()
	id, err := ids.Parse[account.Session](b.get(t.Context(), "/").Header().Get("Session"))
	require.NoError(t, err)
	return id
}

func TestSession(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	visitor := ids.ID[account.Account]{}.String() + "  "
	is := func(a account.Actor) string { return a.ID.String() + " " + string(a.Role) + " " }
	member, _ := w.newMember(t, w.a, "Mare di sera")
	guest := w.newGuest(t, w.a, "Lontra")

	t.Run("signing in gives a new token and ends the session of before", func(t *testing.T) {
		b := w.newBrowser(t, w.a)
		assert.Equal(t, visitor, b.who(ctx))
		assert.Nil(t, b.cookie, "a visitor has no cookie")
		b.get(ctx, "/in/"+guest.ID.String())
		before := *b.cookie
		assert.Equal(t, is(guest), b.who(ctx))
		b.get(ctx, "/in/"+member.ID.String())
		assert.Equal(t, is(member), b.who(ctx))
		assert.NotEqual(t, before.Value, b.cookie.Value)
		assert.True(t, w.hints.heard(guest.ID))
		old := w.newBrowser(t, w.a)
		old.cookie = &before
		assert.Equal(t, visitor, old.who(ctx))
		assert.Equal(t, "__Host-ponti", b.cookie.Name)
		assert.True(t, b.cookie.Secure && b.cookie.HttpOnly)
	})
	t.Run("what the site keeps stays, and cannot bring an ended session back", func(t *testing.T) {
		b := w.newBrowser(t, w.a)
		b.get(ctx, "/in/"+member.ID.String())
		b.get(ctx, "/note")
		assert.Equal(t, is(member)+"kept", b.who(ctx))
		id := b.session(t)
		m := w.Sessions().Manager("__Host-ponti", true)
		loaded, err := m.Load(ctx, b.cookie.Value)
		require.NoError(t, err)
		require.NoError(t, w.SignOut(ctx, id))
		m.Put(loaded, "note", "late") // a request that was under way
		_, _, err = m.Commit(loaded)
		require.NoError(t, err)
		assert.Equal(t, visitor, b.who(ctx))
	})
	t.Run("a session of one service is nothing on the site of another", func(t *testing.T) {
		b := w.newBrowser(t, w.a)
		b.get(ctx, "/in/"+member.ID.String())
		there := w.newBrowser(t, w.b)
		there.cookie = b.cookie
		assert.Equal(t, visitor, there.who(ctx))
	})
	t.Run("signing out ends this one, everywhere ends all", func(t *testing.T) {
		phone, laptop := w.newBrowser(t, w.a), w.newBrowser(t, w.a)
		phone.get(ctx, "/in/"+member.ID.String())
		laptop.get(ctx, "/in/"+member.ID.String())
		stolen := *phone.cookie
		phone.get(ctx, "/out")
		assert.Nil(t, phone.cookie)
		phone.cookie = &stolen
		assert.Equal(t, visitor, phone.who(ctx))
		assert.Equal(t, is(member), laptop.who(ctx))
		require.NoError(t, w.SignOutEverywhere(ctx, member))
		assert.Equal(t, visitor, laptop.who(ctx))
		require.NoError(t, w.SignOut(ctx, ids.New[account.Session]()), "over already is no error")
	})
}

func TestSessionLifetimes(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	member, _ := w.newMember(t, w.a, "Mare di sera")
	tests := []struct {
		who                 account.Actor
		nearly, idle, whole string
	}{
		{w.newGuest(t, w.a, "Lontra"), "58 minutes", "60 minutes", "12 hours"},
		{member, "1438 minutes", "24 hours", "30 days"},
		{w.newAdmin(t, w.a, "Ada"), "478 minutes", "8 hours", "8 hours"},
	}
	for _, tt := range tests {
		t.Run(string(tt.who.Role), func(t *testing.T) {
			begin := func() *browser {
				b := w.newBrowser(t, w.a)
				b.get(ctx, "/in/"+tt.who.ID.String())
				require.Contains(t, b.who(ctx), tt.who.ID.String())
				return b
			}
			past := func(b *browser, column, by string) {
				_, err := w.pool.Exec(ctx, `update account_sessions set `+column+` = `+column+` - $2::text::interval where id = $1`, b.session(t), by)
				require.NoError(t, err)
			}
			idle := begin()
			past(idle, "seen_at", tt.idle)
			assert.NotContains(t, idle.who(ctx), tt.who.ID.String(), "idle too long")

			used := begin()
			past(used, "seen_at", tt.nearly)
			require.Contains(t, used.who(ctx), tt.who.ID.String())
			past(used, "seen_at", "3 minutes")
			assert.Contains(t, used.who(ctx), tt.who.ID.String(), "being used counts as seen")

			socket := begin()
			id := socket.session(t)
			_, err := w.pool.Exec(ctx, `update account_sessions set seen_at = now() - $2::text::interval where id = $1`, id, tt.nearly)
			require.NoError(t, err)
			living, err := w.LiveSessions(ctx, []account.SessionID{id})
			require.NoError(t, err)
			require.Contains(t, living, id)
			past(socket, "seen_at", "3 minutes")
			assert.Contains(t, socket.who(ctx), tt.who.ID.String(), "so does an open socket")

			old := begin()
			past(old, "ends_at", tt.whole)
			assert.NotContains(t, old.who(ctx), tt.who.ID.String(), "from its beginning")
		})
	}
}

func TestLiveSessions(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	admin := w.newAdmin(t, w.a, "Ada")
	esp := w.newStaff(t, admin, account.RoleESP, "Marta")
	guest := w.newGuest(t, w.b, "Lontra")
	a, b, c := w.newBrowser(t, w.a), w.newBrowser(t, w.b), w.newBrowser(t, w.a)
	a.get(ctx, "/in/"+esp.ID.String())
	b.get(ctx, "/in/"+guest.ID.String())
	c.get(ctx, "/in/"+esp.ID.String())
	asked := []account.SessionID{a.session(t), b.session(t), c.session(t), ids.New[account.Session]()}
	esp.Session, guest.Session = asked[0], asked[1]

	living, err := w.LiveSessions(ctx, asked)
	require.NoError(t, err)
	assert.Len(t, living, 3)
	assert.Equal(t, esp, living[asked[0]])
	assert.Equal(t, guest, living[asked[1]])

	require.NoError(t, w.SignOut(ctx, asked[2]))
	require.NoError(t, w.EndSessions(ctx, admin, esp.ID))
	living, err = w.LiveSessions(ctx, asked)
	require.NoError(t, err)
	assert.Len(t, living, 1)
	_, err = w.ActorBySession(ctx, asked[0])
	require.ErrorIs(t, err, account.ErrSessionOver)
	require.ErrorIs(t, w.EndSessions(ctx, admin, guest.ID), account.ErrNotFound, "another service's")

	tutor := w.newStaff(t, admin, account.RoleTutor, "Paolo")
	require.ErrorIs(t, w.EndSessions(ctx, tutor, esp.ID), account.ErrNotFound, "not the named tutor")
	require.NoError(t, w.AssignTutor(ctx, admin, esp.ID, tutor.ID))
	require.NoError(t, w.EndSessions(ctx, tutor, esp.ID))

	none, err := w.LiveSessions(ctx, nil)
	require.NoError(t, err)
	assert.Empty(t, none)
}

// What is shown or sent once is nowhere in the database: no column of any table holds it, plain or as part of something.
func TestNoSecretIsStored(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	token, _, err := w.FirstAdminToken(ctx, w.b)
	require.NoError(t, err)
	admin := w.newAdmin(t, w.a, "Ada")
	invitation, err := w.Invite(ctx, admin, account.Invite{Role: account.RoleESP})
	require.NoError(t, err)
	member, code := w.newMember(t, w.a, "Mare di sera")
	b := w.newBrowser(t, w.a)
	b.get(ctx, "/in/"+member.ID.String())
	b.get(ctx, "/note")

	rows, err := w.pool.Query(ctx, `select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`)
	require.NoError(t, err)
	var tables []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		tables = append(tables, name)
	}
	require.NoError(t, rows.Err())
	require.Contains(t, tables, "account_sessions")
	seen := 0
	for _, table := range tables {
		rows, err := w.pool.Query(ctx, `select t::text || ' ' || coalesce((select string_agg(encode(v::bytea, 'escape'), ' ') from jsonb_each_text(to_jsonb(t)) as x(k, v)
			where v like '\\x%'), '') from "`+table+`" t`)
		require.NoError(t, err)
		for rows.Next() {
			var row string
			require.NoError(t, rows.Scan(&row))
			seen++
			for name, secret := range map[string]string{
				"first admin token": token, "invitation": invitation, "session token": b.cookie.Value, "recovery code": code,
				"bare recovery code": strings.ReplaceAll(code, "-", ""), "password": memberPassword, "staff password": staffPassword,
			} {
				assert.NotContains(t, row, secret, "%s in %s", name, table)
			}
		}
		require.NoError(t, rows.Err())
	}
	assert.Greater(t, seen, 10)
}
