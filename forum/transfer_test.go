package forum

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum/community"
	"ponti/internal/errs"
)

const moving = `{"kind":"person","id":"u1","alias":"Glicine","role":"member"}
{"kind":"person","id":"u2","alias":"Ginepro","role":"family"}
{"kind":"person","id":"u3","alias":"Marta","role":"esp"}
{"kind":"person","id":"u4","erased":true}
{"kind":"category","id":"c1","slug":"members","title":"Categoria members","audience":"members"}
{"kind":"category","id":"c2","slug":"racconti","title":"Racconti","audience":"members","rules":"Con garbo."}

{"kind":"thread","id":"t1","category":"c2","author":"u1","title":"Il mio giardino","text":"Ho piantato **un melo**.","at":"2019-03-01T10:00:00Z","pinned":true}
{"kind":"post","id":"p1","thread":"t1","author":"u3","text":"Che bello 🌱","at":"2019-03-01T11:00:00Z"}
{"kind":"thread","id":"t2","category":"c1","author":"u4","title":"Una domanda","text":"Come si fa?","at":"2018-01-01T00:00:00Z","locked":true,"notes":["violence"]}
{"kind":"post","id":"p2","thread":"t1","author":"u2","state":"deleted","at":"2019-03-01T12:00:00Z"}
{"kind":"post","id":"p3","thread":"t2","author":"u1","text":"Così.","at":"2018-01-02T00:00:00Z","state":"hidden","reason":"Fuori tema."}
{"kind":"post","id":"p4","thread":"t1","author":"u1","text":"Stanotte mi ammazzo, ho già preparato tutto.","at":"2019-03-02T10:00:00Z"}
`

func (w *town) brings(text string) (n Counts, codes map[string]string) {
	w.t.Helper()
	ctx, system := w.t.Context(), account.System(w.a)
	_, wrong, err := w.CheckImport(ctx, system, "altrove", strings.NewReader(text))
	require.NoError(w.t, err)
	require.Empty(w.t, wrong)
	codes = map[string]string{}
	n, err = w.Import(ctx, system, "altrove", strings.NewReader(text), func(alias, code string) error { codes[alias] = code; return nil })
	require.NoError(w.t, err)
	return n, codes
}

func TestImport(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	reader := w.as(account.RoleMember)
	n, codes := w.brings(moving)
	assert.Equal(t, Counts{People: 3, Categories: 1, Threads: 2, Posts: 4}, n, "the category and the ESP were here")
	assert.Len(t, codes, 2)

	threads, err := w.Threads(ctx, reader, "racconti", Cursor{}, 10)
	require.NoError(t, err)
	require.Len(t, threads.Threads, 1)
	garden := threads.Threads[0]
	assert.Equal(t, "Il mio giardino", garden.Title)
	assert.Equal(t, "Glicine", garden.Author.Alias)
	assert.True(t, garden.Pinned)
	page, err := w.Posts(ctx, reader, garden.ID, 0, 50)
	require.NoError(t, err)
	require.Len(t, page.Posts, 4)
	assert.Contains(t, page.Posts[0].HTML, "<strong>un melo</strong>")
	assert.Equal(t, "2019-03-01T11:00:00Z", page.Posts[1].At.UTC().Format(time.RFC3339))
	assert.Equal(t, "Marta", page.Posts[1].Author.Alias, "what the staff wrote is theirs")
	assert.Equal(t, Deleted, page.Posts[2].State)
	assert.Zero(t, w.count(`select count(*) from moderation_escalations`), "an alarm about the past calls nobody")
	other, err := w.Threads(ctx, reader, "members", Cursor{}, 10)
	require.NoError(t, err)
	require.Len(t, other.Threads, 1)
	assert.True(t, other.Threads[0].Locked)
	page, err = w.Posts(ctx, reader, other.Threads[0].ID, 0, 50)
	require.NoError(t, err)
	require.Len(t, page.Posts, 2)
	assert.Equal(t, Hidden, page.Posts[1].State)
	assert.Empty(t, page.Posts[1].HTML)
	assert.Equal(t, []ContentNote{"violence"}, page.Posts[0].Notes)

	t.Run("the same again writes nothing, and more of it only what is missing", func(t *testing.T) {
		n, codes := w.brings(moving)
		assert.Zero(t, n)
		assert.Empty(t, codes)
		more := moving + `{"kind":"post","id":"p5","thread":"t2","author":"u2","text":"Anch'io.","at":"2018-02-01T00:00:00Z"}` + "\n"
		n, _ = w.brings(more)
		assert.Equal(t, Counts{Posts: 1}, n)
		page, err := w.Posts(ctx, reader, other.Threads[0].ID, 0, 50)
		require.NoError(t, err)
		assert.Equal(t, 3, page.Posts[2].Number)
	})
	t.Run("an import that was cut off goes on where it was", func(t *testing.T) {
		broken := errors.New("the disk is full")
		text := strings.ReplaceAll(moving, `"alias":"Gi`, `"alias":"Da`)
		text = strings.ReplaceAll(text, `"alias":"Gl`, `"alias":"Du`)
		failed := false
		_, err := w.Import(ctx, account.System(w.a), "un altro", strings.NewReader(text), func(alias, _ string) error {
			if alias == "Danepro" && !failed {
				failed = true
				return broken
			}
			return nil
		})
		require.ErrorIs(t, err, broken)
		var made []string
		n, err := w.Import(ctx, account.System(w.a), "un altro", strings.NewReader(text), func(alias, _ string) error { made = append(made, alias); return nil })
		require.NoError(t, err)
		assert.Equal(t, []string{"Danepro"}, made, "no account is there whose code was not kept")
		assert.Equal(t, 2, n.Threads, "another source has other threads")
	})
	t.Run("what somebody wrote who was erased since does not come back", func(t *testing.T) {
		var id account.ID
		require.NoError(t, w.pool.QueryRow(ctx, `select id from account_accounts where service_id = $1 and alias = 'Ginepro'`, w.a).Scan(&id))
		_, err := w.pool.Exec(ctx, `update account_accounts set erased_at = now(), disabled_at = now(), recovery_hash = null, password_hash = '', erase_posts = true where id = $1`, id)
		require.NoError(t, err)
		n, codes := w.brings(moving + `{"kind":"post","id":"p6","thread":"t1","author":"u2","text":"Di nuovo io.","at":"2019-04-01T00:00:00Z"}` + "\n")
		assert.Zero(t, n)
		assert.Empty(t, codes)
	})
	t.Run("by nobody but Ponti itself", func(t *testing.T) {
		for _, role := range []account.Role{account.RoleAdmin, account.RoleTutor, account.RoleMember} {
			_, err := w.Import(ctx, w.as(role), "altrove", strings.NewReader(moving), nil)
			assert.Equal(t, errs.Forbidden, errs.KindOf(err))
			_, _, err = w.CheckImport(ctx, w.as(role), "altrove", strings.NewReader(moving))
			assert.Equal(t, errs.Forbidden, errs.KindOf(err))
			_, err = w.Export(ctx, w.as(role), io.Discard)
			assert.Equal(t, errs.Forbidden, errs.KindOf(err))
		}
	})
}

func TestCheckImport(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	const start = `{"kind":"person","id":"u1","alias":"Glicine","role":"member"}
{"kind":"category","id":"c1","slug":"racconti","title":"Racconti","audience":"members"}
{"kind":"thread","id":"t1","category":"c1","author":"u1","title":"Il mio giardino","text":"Un melo.","at":"2019-03-01T10:00:00Z"}
{"kind":"person","id":"e1","alias":"Marta","role":"esp"}
{"kind":"thread","id":"r1","category":"c1","author":"u1","title":"La tavola","text":"Parliamone.","at":"2019-03-01T10:00:00Z","thread_kind":"round_table"}
`
	w.brings(`{"kind":"person","id":"u99","alias":"Ginestra","role":"member"}`)
	_, err := w.Import(t.Context(), account.System(w.b), "before", strings.NewReader(`{"kind":"person","id":"u99","alias":"Ginestra","role":"member"}`), func(string, string) error { return nil })
	require.NoError(t, err)
	soon := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for line, want := range map[string]string{
		`nonsense`: "cannot be read",
		`{"kind":"person","id":"u2","alias":"Ginepro","role":"member","password":"x"}`:                                                                             "unknown field",
		`{"kind":"person"} {"kind":"person"}`:                                                                                                                      "more than one object",
		`{"kind":"poll","id":"x"}`:                                                                                                                                 "none of person",
		`{"kind":"post"}`:                                                                                                                                          "needs an id",
		`{"kind":"person","id":"u1","alias":"Ginepro","role":"member"}`:                                                                                            "repeats person",
		`{"kind":"person","id":"u2","alias":"GLICINE","role":"member"}`:                                                                                            "too much like that of line 1",
		`{"kind":"person","id":"u2","alias":"Ginestra","role":"member"}`:                                                                                           "somebody here has",
		`{"kind":"person","id":"u2","alias":"Ginepro","role":"king"}`:                                                                                              "has role",
		`{"kind":"person","id":"u2","alias":"Nessuno","role":"esp"}`:                                                                                               "invite them first",
		`{"kind":"person","id":"u2","alias":"Ginestra","role":"tutor"}`:                                                                                            "invite them first",
		`{"kind":"person","id":"u2","alias":"x","role":"member"}`:                                                                                                  "too short",
		`{"kind":"person","id":"u2","alias":"Ginepro","erased":true}`:                                                                                              "was erased",
		`{"kind":"category","id":"c2","slug":"Racconti!","title":"Altri","audience":"members"}`:                                                                    "needs a slug",
		`{"kind":"category","id":"c2","slug":"racconti","title":"Altri","audience":"members"}`:                                                                     "has the slug of line 2",
		`{"kind":"category","id":"c2","slug":"altri","title":"A","audience":"members"}`:                                                                            "needs a title",
		`{"kind":"category","id":"c2","slug":"altri","title":"Altri","audience":"all"}`:                                                                            "has audience",
		`{"kind":"thread","id":"t1","category":"c1","author":"u1","title":"Altro","text":"A.","at":"2019-03-01T10:00:00Z"}`:                                        "repeats thread",
		`{"kind":"thread","id":"t2","category":"c9","author":"u1","title":"Altro","text":"A.","at":"2019-03-01T10:00:00Z"}`:                                        "names category",
		`{"kind":"thread","id":"t2","category":"c1","author":"u1","title":"","text":"A.","at":"2019-03-01T10:00:00Z"}`:                                             "title is too short",
		`{"kind":"post","id":"p1","thread":"t9","author":"u1","text":"A.","at":"2019-03-01T10:00:00Z"}`:                                                            "names thread",
		`{"kind":"post","id":"p1","thread":"t1","author":"u9","text":"A.","at":"2019-03-01T10:00:00Z"}`:                                                            "names author",
		`{"kind":"post","id":"p1","thread":"t1","author":"u1","text":"A."}`:                                                                                        "needs at",
		`{"kind":"post","id":"p1","thread":"t1","author":"u1","text":"A.","at":"` + soon + `"}`:                                                                    "future",
		`{"kind":"post","id":"p1","thread":"t1","author":"u1","text":"A.","at":"1889-03-01T10:00:00Z"}`:                                                            "before 1990",
		`{"kind":"post","id":"p1","thread":"t1","author":"u1","text":" ","at":"2019-03-01T10:00:00Z"}`:                                                             "no text",
		`{"kind":"post","id":"p1","thread":"t1","author":"u1","text":"` + strings.Repeat("a", 10_001) + `","at":"2019-03-01T10:00:00Z"}`:                           "text is too long",
		`{"kind":"post","id":"p1","thread":"t1","author":"u1","text":"A.","at":"2019-03-01T10:00:00Z","state":"deleted"}`:                                          "is deleted and says",
		`{"kind":"post","id":"p1","thread":"t1","author":"u1","text":"A.","at":"2019-03-01T10:00:00Z","state":"hidden"}`:                                           "needs a reason",
		`{"kind":"post","id":"p1","thread":"t1","author":"u1","text":"A.","at":"2019-03-01T10:00:00Z","state":"lost"}`:                                             "has state",
		`{"kind":"post","id":"p1","thread":"t1","author":"u1","text":"A.","at":"2019-03-01T10:00:00Z","notes":["spoilers"]}`:                                       "has note",
		`{"kind":"post","id":"p1","thread":"t1","author":"e1","text":"A.","at":"2019-03-01T10:00:00Z","voice":1}`:                                                  "who works here answers by name",
		`{"kind":"post","id":"p1","thread":"r1","author":"u1","text":"A.","at":"2019-03-01T10:00:00Z","voice":1}`:                                                  "has a voice at a round table",
		`{"kind":"thread","id":"r2","category":"c1","author":"u1","title":"Tavola","text":"A.","at":"2019-03-01T10:00:00Z","thread_kind":"round_table","voice":1}`: "has a voice at a round table",
		`{"kind":"post","id":"p1","thread":"t1","author":"u1","text":"` + strings.Repeat("a", community.MaxLine) + `","at":"2019-03-01T10:00:00Z"}`:                "is longer than",
	} {
		text := start + line + "\n" + `{"kind":"person","id":"u3","alias":"Rosmarino","role":"member"}`
		n, wrong, err := w.CheckImport(t.Context(), account.System(w.a), "altrove", strings.NewReader(text))
		require.NoError(t, err)
		if assert.NotEmpty(t, wrong, line) {
			assert.Equal(t, 6, wrong[0].Line)
			var all []string
			for _, m := range wrong {
				all = append(all, m.String())
			}
			assert.Contains(t, strings.Join(all, "\n"), want, line)
		}
		assert.GreaterOrEqual(t, n.People, 2, "what follows is read on")
		_, err = w.Import(t.Context(), account.System(w.b), "altrove", strings.NewReader(start+line), func(string, string) error { return nil })
		assert.Error(t, err, "what was not checked is not written either: %s", line)
	}
	assert.Zero(t, w.count(`select count(*) from forum_threads where service_id = $1`, w.a))
}

// TestExport moves a community that was written here to another service and compares what arrived.
func TestExport(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, family := w.as(account.RoleMember), w.as(account.RoleFamily)
	r := w.open(member, "members", "Un titolo", calm+"\n\n> citato\n\n👵 שלום")
	w.answer(w.as(account.RoleESP), r.Thread, "Ciao a te.")
	w.hide(w.answer(family, r.Thread, "Un insulto."), "Insulta.")
	gone := w.answer(family, r.Thread, "Ci ripenso.")
	_, err := w.DeletePost(ctx, family, gone.Post)
	require.NoError(t, err)
	alone := w.open(family, "members", "Da togliere", calm)
	_, err = w.DeletePost(ctx, family, alone.Post)
	require.NoError(t, err)
	w.open(family, "family", "Tra noi", calm)
	w.open(w.as(account.RoleTutor), "staff", "Turni", calm)
	_, err = w.pool.Exec(ctx, `update forum_categories set archived_at = now() where id = $1`, w.family)
	require.NoError(t, err)
	_, err = w.Export(ctx, w.as(account.RoleAdmin), io.Discard)
	require.Error(t, err)

	var first bytes.Buffer
	n, err := w.Export(ctx, account.System(w.a), &first)
	require.NoError(t, err)
	assert.Equal(t, Counts{People: 4, Categories: 3, Threads: 3, Posts: 3}, n)
	assert.NotContains(t, first.String(), "Ci ripenso")
	for role, alias := range map[account.Role]string{account.RoleESP: "Marta", account.RoleTutor: "Tommaso"} {
		w.newAccount(w.b, role, alias)
	}
	text := strings.ReplaceAll(first.String(), `"Mirto"`, `"Mirto due"`) // that alias has somebody else there
	_, wrong, err := w.CheckImport(ctx, account.System(w.b), "a", strings.NewReader(text))
	require.NoError(t, err)
	require.Empty(t, wrong)
	_, err = w.Import(ctx, account.System(w.b), "a", strings.NewReader(text), func(string, string) error { return nil })
	require.NoError(t, err)
	var second bytes.Buffer
	_, err = w.Export(ctx, account.System(w.b), &second)
	require.NoError(t, err)
	assert.Equal(t, plainRecords(t, text), plainRecords(t, second.String()))
	assert.Equal(t, 1, w.count(`select count(*) from forum_categories where service_id = $1 and slug = 'family' and archived_at is not null`, w.b), "what was archived there is archived here")
}

// TestImportConverted: what the converter makes of another program's export is taken as it is.
func TestImportConverted(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	const export = `{"category_list":{"categories":[{"id":5,"name":"Racconti","slug":"racconti"}]}}
{"id":31,"title":"Il mio giardino","category_id":5,"post_stream":{"posts":[
 {"id":1,"post_number":1,"post_type":1,"user_id":7,"username":"glicine","created_at":"2019-03-01T10:00:00Z","raw":"Ho piantato **un melo**."},
 {"id":2,"post_number":2,"post_type":1,"user_id":-1,"username":"system","created_at":"2019-03-02T10:00:00Z","raw":"Da chi non c'è più."},
 {"id":3,"post_number":3,"post_type":1,"user_id":7,"username":"glicine","created_at":"2019-03-03T10:00:00Z","raw":"[quote=\"system, post:2, topic:31\"]\nciao\n[/quote]\nGrazie.","hidden":true}]}}`
	var lines bytes.Buffer
	_, err := community.FromDiscourse(strings.NewReader(export), community.NewWriter(&lines))
	require.NoError(t, err)
	n, codes := w.brings(lines.String())
	assert.Equal(t, Counts{People: 2, Categories: 1, Threads: 1, Posts: 2}, n)
	assert.Len(t, codes, 1)
}

// plainRecords are lines without what differs between two places: identifiers.
func plainRecords(t *testing.T, text string) map[string]int {
	t.Helper()
	lines := map[string]int{}
	names := map[string]string{}
	require.NoError(t, community.Read(strings.NewReader(text), func(_ int, r community.Record) error {
		names[r.ID] = r.Alias + r.Slug + r.Title
		r.ID, r.Author, r.Category, r.Thread = "", names[r.Author], names[r.Category], names[r.Thread]
		b, err := json.Marshal(r)
		lines[string(b)]++
		return err
	}, func(m community.Mistake) { t.Error(m) }))
	return lines
}

// TestImportMany is about memory and time that grow with nothing but the number of lines: 5,000 answers in one thread, in twenty-five transactions.
func TestImportMany(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	var b strings.Builder
	b.WriteString(moving)
	for i := range 5000 {
		fmt.Fprintf(&b, `{"kind":"post","id":"n%d","thread":"t1","author":"u1","text":"Risposta %d","at":"2019-05-01T10:00:00Z"}`+"\n", i, i)
	}
	n, _ := w.brings(b.String())
	assert.Equal(t, 5004, n.Posts)
	assert.Equal(t, 5004, w.count(`select posts from forum_threads where title = 'Il mio giardino'`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Import(ctx, account.System(w.a), "altrove", strings.NewReader(b.String()), func(string, string) error { return nil })
	assert.Error(t, err)
}
