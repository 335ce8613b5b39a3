package community

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// converted runs a conversion and reads its lines back, by kind.
func converted(t *testing.T, convert func(w *Writer) (Left, error)) (lines map[Kind][]Record, left Left) {
	t.Helper()
	var out bytes.Buffer
	left, err := convert(NewWriter(&out))
	require.NoError(t, err)
	lines = map[Kind][]Record{}
	require.NoError(t, Read(&out, func(_ int, r Record) error { lines[r.Kind] = append(lines[r.Kind], r); return nil }, func(m Mistake) { t.Error(m) }))
	return lines, left
}

// phpbbExport is what phpMyAdmin writes: a header, a database, tables, all values as texts.
func phpbbExport(t *testing.T, tables map[string][]map[string]string) string {
	t.Helper()
	list := []any{map[string]string{"type": "header", "version": "5.2.1", "comment": "Export to JSON plugin for PHPMyAdmin"}, map[string]string{"type": "database", "name": "forum"}}
	for name, rows := range tables {
		list = append(list, map[string]any{"type": "table", "name": name, "database": "forum", "data": rows})
	}
	b, err := json.Marshal(list)
	require.NoError(t, err)
	return string(b)
}

func TestFromPHPBB(t *testing.T) {
	type rows = []map[string]string
	post := func(id, topic, poster, visibility, at, text string) map[string]string {
		return map[string]string{"post_id": id, "topic_id": topic, "poster_id": poster, "post_visibility": visibility, "post_time": at, "post_text": text}
	}
	tables := map[string]rows{
		"f_users": {
			{"user_id": "1", "user_type": "2", "username": "Anonymous"}, {"user_id": "2", "user_type": "3", "username": "Capo &amp; Co"},
			{"user_id": "3", "user_type": "2", "username": "Bing [Bot]"}, {"user_id": "4", "user_type": "0", "username": "Glicine"},
		},
		"f_forums": {
			{"forum_id": "1", "forum_type": "0", "forum_name": "Generale"}, {"forum_id": "2", "forum_type": "1", "forum_name": "Perché no?"},
			{"forum_id": "3", "forum_type": "1", "forum_name": "perche no"},
		},
		"f_topics": {
			{"topic_id": "10", "forum_id": "2", "topic_title": "Ciao &quot;tutti&quot;", "topic_visibility": "1", "topic_status": "1", "topic_type": "1", "topic_moved_id": "0"},
			{"topic_id": "11", "forum_id": "2", "topic_title": "Spam", "topic_visibility": "2", "topic_moved_id": "0"},
			{"topic_id": "12", "forum_id": "3", "topic_title": "Spostato", "topic_visibility": "1", "topic_moved_id": "10"},
			{"topic_id": "13", "forum_id": "1", "topic_title": "In un titolo", "topic_visibility": "1", "topic_moved_id": "0"},
		},
		"f_posts": {
			post("101", "10", "4", "1", "1551434400", "<r><B><s>[b]</s>Forte<e>[/b]</e></B> e <I><s>[i]</s>piano<e>[/i]</e></I><br/>\n2*3 <E>:)</E></r>"),
			post("102", "10", "9", "1", "1551438000", "<t>Ciao a te &lt;3</t>"),
			post("103", "10", "2", "2", "1551438001", "<t>Tolto</t>"),
			post("104", "10", "2", "0", "1551438002", "<t>Da approvare</t>"),
			post("105", "11", "2", "1", "1551438003", "<t>Spam</t>"),
			post("106", "10", "4", "1", "1551438004", `<r><IMG src="https://example.org/a.png"><s>[img]</s>https://example.org/a.png<e>[/img]</e></IMG></r>`),
		},
		"f_topics_posted": {{"topic_id": "10"}},
	}
	text := phpbbExport(t, tables)
	lines, left := converted(t, func(w *Writer) (Left, error) { return FromPHPBB(strings.NewReader(text), w, "f_") })
	require.Len(t, lines[Person], 3)
	assert.Equal(t, "Capo & Co", lines[Person][0].Alias)
	assert.Equal(t, Record{Kind: Person, ID: "1", Erased: true}, lines[Person][2])
	require.Len(t, lines[Category], 2, "a heading is no category")
	assert.Equal(t, "perche-no", lines[Category][0].Slug)
	assert.Equal(t, "perche-no-3", lines[Category][1].Slug)
	require.Len(t, lines[Thread], 1)
	thread := lines[Thread][0]
	assert.Equal(t, `Ciao "tutti"`, thread.Title)
	assert.Equal(t, "**Forte** e *piano*\n2\\*3 :)", thread.Text)
	assert.True(t, thread.Locked && thread.Pinned)
	assert.Equal(t, "2019-03-01T10:00:00Z", thread.At.Format("2006-01-02T15:04:05Z07:00"))
	require.Len(t, lines[Post], 2)
	assert.Equal(t, "1", lines[Post][0].Author, "whose account is gone")
	assert.Equal(t, "Ciao a te <3", lines[Post][0].Text)
	assert.Equal(t, deleted, lines[Post][1].State)
	assert.Empty(t, lines[Post][1].Text)
	assert.Equal(t, Left{"topics that are not shown": 1, "topics in no forum": 1, "posts in no topic that is shown": 1, "posts that nobody approved": 1,
		"posts without words, such as a picture alone": 1}, left)

	for _, bad := range []string{"", "{}", "[", phpbbExport(t, map[string]rows{"f_users": {}}), `<xml/>`} {
		_, err := FromPHPBB(strings.NewReader(bad), NewWriter(&bytes.Buffer{}), "f_")
		assert.Error(t, err, bad)
	}
}

func TestTextOfPHPBB(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"<t>Riga<br/>\nriga</t>": "Riga\nriga",
		`<r><QUOTE author="Glicine"><s>[quote="Glicine"]</s>Ciao<br/>
a tutti<e>[/quote]</e></QUOTE>E io?</r>`: "> Glicine:\n> Ciao\n> a tutti\n\nE io?",
		`<r><LIST><s>[list]</s><LI><s>[*]</s>uno</LI>
<LI><s>[*]</s>due</LI><e>[/list]</e></LIST></r>`: "- uno\n\n- due",
		`<r><LIST type="decimal"><s>[list=1]</s><LI><s>[*]</s>uno</LI><LI><s>[*]</s>due</LI><e>[/list]</e></LIST></r>`: "1. uno\n2. due",
		`<r><URL url="https://example.org/a"><s>[url=https://example.org/a]</s>qui<e>[/url]</e></URL></r>`:             "[qui](https://example.org/a)",
		`<r><URL url="https://example.org/a_b">https://example.org/a_b</URL></r>`:                                      "https://example.org/a_b",
		`<r><URL url="javascript:alert(1)"><s>[url=…]</s>qui<e>[/url]</e></URL></r>`:                                   "qui",
		"<t>- non è un elenco\n&gt; né una citazione\n1. né questo</t>":                                                "\\- non è un elenco\n\\> né una citazione\n1\\. né questo",
		"[b:3k2]Forte[/b:3k2] &amp; [i:3k2]piano[/i:3k2]":                                                              "**Forte** & *piano*",
		"[quote=&quot;Glicine&quot;:3k2]Ciao[/quote:3k2]E io?":                                                         "> Glicine:\n> Ciao\n\nE io?",
		"[list:3k2][*:3k2]uno[/*:m:3k2][*:3k2]due[/*:m:3k2][/list:u:3k2]":                                              "- uno\n- due",
		`<!-- s:) --><img src="{SMILIES_PATH}/x.gif" alt=":)" /><!-- s:) --> ciao`:                                     ":) ciao",
		`<!-- m --><a class="postlink" href="https://example.org/x">https://example.org/x</a><!-- m -->`:               "https://example.org/x",
		"[img:3k2]https://example.org/a.png[/img:3k2]":                                                                 "",
		"[non un segno] [b]mai chiuso":                                                                                 "\\[non un segno\\] **mai chiuso**",
		"[/b][/list] [*]":                                                                                              "- ",
		"<r><B>rotto":                                                                                                  "<r><B>rotto",
		"[color=#ff0000:3k2]rosso[/color:3k2]":                                                                         "rosso",
	} {
		assert.Equal(t, strings.TrimSpace(want), fromPHPBB(in), in)
	}
}

func TestFromDiscourse(t *testing.T) {
	text := `{"category_list":{"categories":[{"id":5,"name":"Racconti","slug":"racconti"},{"id":6,"name":"日本","slug":""}]}}
{"id":31,"title":"Il mio giardino","category_id":5,"archetype":"regular","closed":true,"pinned":true,"post_stream":{"posts":[
 {"id":1,"topic_id":31,"post_number":1,"post_type":1,"user_id":7,"username":"glicine","created_at":"2019-03-01T10:00:00.123Z","raw":"Ho piantato **un melo**.\n\n![melo|690x388](upload://x.png)"},
 {"id":2,"topic_id":31,"post_number":2,"post_type":3,"user_id":-1,"username":"system","created_at":"2019-03-01T10:01:00Z","raw":"chiuso"}]}}
{"post_stream":{"posts":[
 {"id":3,"topic_id":31,"post_number":3,"post_type":1,"user_id":8,"username":"ginepro","created_at":"2019-03-02T10:00:00Z","raw":"[quote=\"glicine, post:1, topic:31\"]\nun melo\n[/quote]\n\nBello."},
 {"id":4,"topic_id":31,"post_number":4,"post_type":1,"user_id":8,"username":"ginepro","created_at":"2019-03-02T10:00:00Z","raw":"(post deleted)","user_deleted":true},
 {"id":5,"topic_id":31,"post_number":5,"post_type":1,"user_id":-1,"username":"system","created_at":"2019-03-02T11:00:00Z","raw":"insulto","hidden":true},
 {"id":3,"topic_id":31,"post_number":3,"post_type":1,"user_id":8,"username":"ginepro","created_at":"2019-03-02T10:00:00Z","raw":"[quote=\"glicine, post:1, topic:31\"]\nun melo\n[/quote]\n\nBello."}]}}
{"id":32,"title":"Tra noi","category_id":5,"archetype":"private_message","post_stream":{"posts":[{"id":9,"post_number":1,"post_type":1,"user_id":7,"username":"glicine","created_at":"2019-03-01T10:00:00Z","raw":"segreto"}]}}
{"id":33,"title":"Senza testo","category_id":5,"post_stream":{"posts":[{"id":10,"post_number":1,"post_type":1,"user_id":7,"username":"glicine","created_at":"2019-03-01T10:00:00Z","cooked":"<p>x</p>"}]}}
{"id":34,"title":"Senza inizio","category_id":5,"post_stream":{"posts":[{"id":11,"post_number":2,"post_type":1,"user_id":7,"username":"glicine","created_at":"2019-03-01T10:00:00Z","raw":"x"}]}}
{"id":35,"title":"Altrove","category_id":99,"post_stream":{"posts":[{"id":12,"post_number":1,"post_type":1,"user_id":7,"username":"glicine","created_at":"2019-03-01T10:00:00Z","raw":"x"}]}}`
	lines, left := converted(t, func(w *Writer) (Left, error) { return FromDiscourse(strings.NewReader(text), w) })
	assert.Equal(t, []Record{{Kind: Person, ID: "-1", Erased: true}, {Kind: Person, ID: "7", Alias: "glicine", Role: "member"}, {Kind: Person, ID: "8", Alias: "ginepro", Role: "member"}}, lines[Person])
	require.Len(t, lines[Category], 2)
	assert.Equal(t, "6", lines[Category][1].Slug, "what has no letter of ours is called by its number")
	require.Len(t, lines[Thread], 1)
	assert.Equal(t, "Ho piantato **un melo**.", lines[Thread][0].Text)
	assert.True(t, lines[Thread][0].Locked && lines[Thread][0].Pinned)
	require.Len(t, lines[Post], 3, "each post once")
	assert.Equal(t, "> glicine:\n> un melo\n\nBello.", lines[Post][0].Text)
	assert.Equal(t, deleted, lines[Post][1].State)
	assert.Equal(t, hidden, lines[Post][2].State)
	assert.Equal(t, Left{"whispers and what Discourse wrote": 1, "personal messages": 1, "topics with posts that were fetched without include_raw=1": 1,
		"topics without their first post": 1, "topics in a category that was not given": 1}, left)
	_, err := FromDiscourse(strings.NewReader("<html>"), NewWriter(&bytes.Buffer{}))
	assert.Error(t, err)
}

// FuzzText: whatever stands there becomes a text, and a second time the same.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"<r><B>x</B></r>", "[list][*]a[list][*]b[/list]", "[quote][quote]x[/quote]", "<t>", "[b][i][/b][/i]", strings.Repeat("[quote]", 50)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := fromPHPBB(text)
		if again := fromPHPBB(text); again != out {
			t.Fatal("not the same twice")
		}
		_ = fromDiscourse(text)
	})
}

func TestDeepNesting(t *testing.T) {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "[quote=%d]", i)
	}
	assert.NotEmpty(t, fromPHPBB(b.String()+"x"))
}
