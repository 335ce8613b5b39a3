package main

import (
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/account/accounttest"
	"ponti/chat"
	"ponti/forum"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/pgtest"
	"ponti/internal/seal"
)

// newAppOn is Ponti on a database of its own, without Redis and with nothing started.
func newAppOn(t *testing.T) *app {
	t.Helper()
	keys, err := seal.ParseKEKs(seal.GenerateKEK())
	require.NoError(t, err)
	c := Config{RedisURL: "redis://127.0.0.1:1/0", DatabaseConns: 4, LimitFactor: 1, Handshakes: 1}
	c.URL = (&mistakes{}).publicURL("http://localhost:8080")
	st := &stores{url: pgtest.URL(t)}
	st.keyring, err = seal.NewKeyring(keys[0])
	require.NoError(t, err)
	st.pool, err = pg.Open(t.Context(), st.url, pg.Options{MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(st.pool.Close)
	st.urgent = st.pool
	a, err := newApp(c, st, zerolog.New(zerolog.NewTestWriter(t)))
	require.NoError(t, err)
	return a
}

// TestKeeper: whoever erases their account is gone from every part of Ponti after one round, and nobody else is.
func TestKeeper(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a := newAppOn(t)
	pool := a.stores.pool
	execute(t, pool, `update chat_watch set since = now() - interval '1 h', at = now() + interval '1 h'`)
	service := accounttest.NewService(t, pool, "*")
	tutor, esp := accounttest.NewActor(t, pool, service, account.RoleTutor, "Tommaso"), accounttest.NewActor(t, pool, service, account.RoleESP, "Marta")
	accounttest.AssignTutor(t, pool, esp, tutor)
	require.NoError(t, a.roster.GoOn(ctx, tutor))
	require.NoError(t, a.roster.GoOn(ctx, esp))
	_, err := a.forum.CreateCategory(ctx, account.System(service), forum.NewCategory{Slug: "vivere", Audience: forum.ForMembers, Title: "Vivere"})
	require.NoError(t, err)
	people := map[string]account.Actor{}
	for _, name := range []string{"Mirto", "Salvia"} {
		id, _, err := a.accounts.SignUp(ctx, service, account.SignUp{Alias: name, Password: "il glicine del cortile", Adult: true, ConsentVersion: account.ConsentVersion, Locale: "it"})
		require.NoError(t, err)
		who := account.Actor{Service: service, ID: id, Role: account.RoleMember, Alias: name, Locale: "it"}
		people[name] = who
		_, err = a.chat.EnterWaiting(ctx, who, chat.Entry{Topic: "Un pensiero di " + name})
		require.NoError(t, err)
		a.chat.Match(ctx, service)
		desk, err := a.chat.Desk(ctx, esp)
		require.NoError(t, err)
		require.NotNil(t, desk.Offer)
		room, err := a.chat.AcceptOffer(ctx, esp, desk.Offer.ID)
		require.NoError(t, err)
		_, err = a.chat.PostMessage(ctx, who, chat.Post{Room: room, CID: ids.New[chat.Message]().String(), Text: "Ciao da " + name})
		require.NoError(t, err)
		require.NoError(t, a.chat.EndConversation(ctx, who, room))
		_, err = a.forum.OpenThread(ctx, who, forum.NewThread{Category: "vivere", Title: "Saluti", Text: "Un saluto da " + name, CID: ids.New[forum.Post]().String()})
		require.NoError(t, err)
	}
	require.NoError(t, a.accounts.Erase(ctx, people["Mirto"], account.Erasure{Password: "il glicine del cortile", Posts: true}))
	a.keeper.round(ctx)
	a.keeper.round(ctx)
	count := func(sql string, args ...any) (n int) {
		require.NoError(t, pool.QueryRow(ctx, sql, args...).Scan(&n))
		return n
	}
	for name, left := range map[string]int{"Mirto": 0, "Salvia": 1} {
		assert.Equal(t, left, count(`select count(*) from chat_rooms where person_id = $1`, people[name].ID), name)
		assert.Equal(t, left, count(`select count(*) from forum_posts where author_id = $1 and source <> ''`, people[name].ID), name)
	}
	assert.Zero(t, count(`select count(*) from account_accounts where alias = 'Mirto'`))
	assert.Equal(t, 1, count(`select count(*) from account_accounts where forgotten_at is not null`), "a post of theirs keeps its number")
	assert.Zero(t, valueOf(t, a.keeper.asked))
	broken, err := chat.Check(ctx, pool)
	require.NoError(t, err)
	assert.Empty(t, broken)
}
