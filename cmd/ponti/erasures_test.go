package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/account/accounttest"
	"ponti/chat"
	"ponti/forum"
	"ponti/internal/audit"
	"ponti/internal/ids"
)

// backedUp is an installation with one person, whose account, conversation and post are not erased yet.
type backedUp struct {
	*app
	member account.Actor
	room   chat.RoomID
	post   forum.PostID
	esp    account.Actor
}

func newBackedUp(t *testing.T) *backedUp {
	t.Helper()
	ctx := t.Context()
	b := &backedUp{app: newAppOn(t)}
	pool := b.stores.pool
	execute(t, pool, `update chat_watch set since = now() - interval '1 h', at = now() + interval '1 h'`)
	service := accounttest.NewService(t, pool, "*")
	tutor := accounttest.NewActor(t, pool, service, account.RoleTutor, "Tommaso")
	b.esp = accounttest.NewActor(t, pool, service, account.RoleESP, "Marta")
	accounttest.AssignTutor(t, pool, b.esp, tutor)
	require.NoError(t, b.roster.GoOn(ctx, tutor))
	require.NoError(t, b.roster.GoOn(ctx, b.esp))
	_, err := b.forum.CreateCategory(ctx, account.System(service), forum.NewCategory{Slug: "vivere", Audience: forum.ForMembers, Title: "Vivere"})
	require.NoError(t, err)
	id, _, err := b.accounts.SignUp(ctx, service, account.SignUp{Alias: "Mirto", Password: "il glicine del cortile", Adult: true, ConsentVersion: account.ConsentVersion, Locale: "it"})
	require.NoError(t, err)
	b.member = account.Actor{Service: service, ID: id, Role: account.RoleMember, Alias: "Mirto", Locale: "it"}
	_, err = b.chat.EnterWaiting(ctx, b.member, chat.Entry{Topic: "Un pensiero"})
	require.NoError(t, err)
	b.chat.Match(ctx, service)
	desk, err := b.chat.Desk(ctx, b.esp)
	require.NoError(t, err)
	b.room, err = b.chat.AcceptOffer(ctx, b.esp, desk.Offer.ID)
	require.NoError(t, err)
	r, err := b.forum.OpenThread(ctx, b.member, forum.NewThread{Category: "vivere", Title: "Saluti", Text: "Un saluto.", CID: ids.New[forum.Post]().String()})
	require.NoError(t, err)
	b.post = r.Post
	return b
}

func (b *backedUp) register(t *testing.T) []audit.Linked {
	t.Helper()
	_, err := audit.Link(t.Context(), b.stores.pool)
	require.NoError(t, err)
	list, err := audit.After(t.Context(), b.stores.pool, 0, 10, account.ActErase, chat.ActErase, forum.ActDelete)
	require.NoError(t, err)
	return list
}

func journalLines(t *testing.T, dir string) (lines []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	require.NoError(t, err)
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		lines = append(lines, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")...)
	}
	return lines
}

// TestJournal: what is erased stands in the file once, whoever writes it; a line that was cut off is written anew; and another history has a file of its own.
func TestJournal(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := newBackedUp(t)
	dir := filepath.Join(t.TempDir(), "deep", "erasures")
	first, second := &journal{dir: dir, pool: b.stores.pool, epoch: b.chat.Epoch}, &journal{dir: dir, pool: b.stores.pool, epoch: b.chat.Epoch}
	t.Cleanup(first.close)
	t.Cleanup(second.close)
	_, err := b.forum.DeletePost(ctx, b.member, b.post)
	require.NoError(t, err)
	require.Len(t, b.register(t), 1)
	require.NoError(t, first.copy(ctx))
	require.NoError(t, second.copy(ctx), "another instance writes")
	require.Len(t, journalLines(t, dir), 1)
	require.Contains(t, journalLines(t, dir)[0], `"what":"post"`)
	require.Contains(t, journalLines(t, dir)[0], b.post.String())

	first.close() // it died in the middle of a line
	name, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	require.NoError(t, err)
	file, err := os.OpenFile(name[0], os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = io.WriteString(file, `{"n":2,"at":"20`)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.NoError(t, b.accounts.Erase(ctx, b.member, account.Erasure{Password: "il glicine del cortile", Posts: true}))
	require.Len(t, b.register(t), 2)
	require.NoError(t, second.copy(ctx))
	require.NoError(t, second.copy(ctx))
	lines := journalLines(t, dir)
	require.Len(t, lines, 2)
	require.Contains(t, lines[1], `"what":"account"`)
	require.Contains(t, lines[1], `"posts":true`)
	require.NotContains(t, strings.Join(lines, ""), "Mirto")

	_, err = chat.NewEpoch(ctx, b.stores.pool)
	require.NoError(t, err)
	require.NoError(t, second.copy(ctx))
	require.Len(t, journalLines(t, dir), 4, "the register of this history, from its beginning")

	blocked := &journal{dir: name[0], pool: b.stores.pool, epoch: b.chat.Epoch}
	require.Error(t, blocked.copy(ctx))
	require.NoError(t, os.WriteFile(name[0], []byte("what is this\n"), 0o600))
	notes, err := os.Open(name[0])
	require.NoError(t, err)
	_, _, err = readJournal(notes, func(erased) error { return nil })
	require.ErrorContains(t, err, "line 1")
	require.NoError(t, notes.Close())
}

// TestErasedAgain: what the journal names is erased, once; what nobody erased stays; and where the backup knows an alarm as open, somebody answers for it first.
func TestErasedAgain(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := newBackedUp(t)
	service := b.member.Service.String()
	lines := []erased{
		{What: "post", Service: service, ID: b.post.String()}, {What: "conversation", Service: service, ID: b.room.String()},
		{What: "post", Service: service, ID: ids.New[forum.Post]().String()}, {What: "conversation", Service: service, ID: ids.New[forum.Post]().String()},
		{What: "account", Service: service, ID: ids.New[account.Account]().String()}, {What: "account", Service: service, ID: b.esp.ID.String()},
		{What: "account", Service: ids.New[account.Service]().String(), ID: b.member.ID.String()},
	}
	every := func() (n again) {
		for _, e := range lines {
			require.NoError(t, n.one(ctx, b.app, e))
		}
		return n
	}
	// The conversation is open in the backup: it ends first.
	assert.Equal(t, again{conversations: 1, posts: 1}, every())
	assert.Equal(t, again{}, every(), "and nothing twice")
	_, err := b.accounts.Public(ctx, b.stores.pool, []account.ID{b.member.ID})
	require.NoError(t, err)
	lines = append(lines, erased{What: "account", Service: service, ID: b.member.ID.String(), Posts: true})
	assert.Equal(t, again{accounts: 1}, every())
	b.keeper.round(ctx)
	b.keeper.round(ctx)
	assert.Zero(t, number(t, b, `select count(*) from forum_posts where source <> ''`)+number(t, b, `select count(*) from chat_rooms`)+number(t, b, `select count(*) from account_accounts where alias = 'Mirto'`))
	var n again
	require.ErrorContains(t, n.one(ctx, b.app, erased{What: "planet", Service: service}), "planet")
	require.Error(t, n.one(ctx, b.app, erased{What: "post", Service: service, ID: "x"}))
}

func TestErasedAgain_with_an_open_alarm(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := newBackedUp(t)
	_, err := b.chat.PostMessage(ctx, b.member, chat.Post{Room: b.room, CID: ids.New[chat.Message]().String(), Text: "Ho deciso, stanotte mi ammazzo."})
	require.NoError(t, err)
	var n again
	require.NoError(t, n.one(ctx, b.app, erased{What: "conversation", Service: b.member.Service.String(), ID: b.room.String()}))
	assert.Equal(t, again{kept: 1}, n)
	assert.Equal(t, 1, number(t, b, `select count(*) from chat_rooms where state = 'ended'`))
}

func number(t *testing.T, b *backedUp, sql string) (n int) {
	t.Helper()
	require.NoError(t, b.stores.pool.QueryRow(t.Context(), sql).Scan(&n))
	return n
}
