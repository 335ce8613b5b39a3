package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
	"ponti/moderation"
)

const everyDay = "/forum/categories/every-day"

// nameless writes without the name of who does, in a thread or, where that is zero, as the opening of one.
func (b *board) nameless(who account.Actor, thread forum.ThreadID, text string) (r forum.Receipt) {
	b.t.Helper()
	var err error
	if thread.IsZero() {
		r, err = b.Forum.OpenThread(b.t.Context(), who, forum.NewThread{Category: "every-day", Title: "Un titolo", Text: text, Nameless: true, CID: newCID()})
	} else {
		r, err = b.Forum.WritePost(b.t.Context(), who, forum.NewPost{Thread: thread, Text: text, Nameless: true, CID: newCID()})
	}
	require.NoError(b.t, err)
	return r
}

// TestNamelessPages: an administrator allows it, a person ticks a box, readers see nobody's name, and what comes when it is over comes back whole. Without a script.
func TestNamelessPages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	asAdmin, asAuthor, asReader, asESP := b.as(b.admin), b.as(b.member), b.as(b.family), b.as(b.esp)
	assert.Zero(t, asAuthor.get(everyDay+"/new").Find("[name=nameless]").Length())
	for _, a := range []*browser{asAuthor, asReader, asESP, b.as(b.tutor), b.browser(t)} {
		a.post(everyDay+"/nameless", "allow", "true")
		assert.Zero(t, asAuthor.get(everyDay+"/new").Find("[name=nameless]").Length(), "an administrator's alone")
	}
	assert.Zero(t, asESP.get(everyDay+"/rules").Find(`form[action$="/nameless"]`).Length())
	page := asAdmin.get(everyDay + "/rules")
	form := page.Find(`form[action$="/nameless"]`)
	require.Equal(t, 1, form.Length())
	assert.Equal(t, everyDay+"/rules?done=nameless_allowed", location(t, asAdmin.post(form.AttrOr("action", ""), "allow", "true", "from", form.Find("[name=from]").AttrOr("value", ""))))
	form = asAdmin.get("/categories/every-day").Find(`form[action$="/nameless"]`)
	to := location(t, asAdmin.post(form.AttrOr("action", ""), "allow", "true", "from", form.Find("[name=from]").AttrOr("value", "")))
	assert.Equal(t, "/categories/every-day?done=nameless_allowed", to, "back to where it was pressed")
	assert.Equal(t, "/?done=nameless_allowed", location(t, asAdmin.post(form.AttrOr("action", ""), "allow", "true", "from", "https://example.org/")))
	page = asAdmin.get(to)
	assert.Contains(t, page.text("main [role=status]"), "anche senza nome")
	assert.Equal(t, "false", page.Find(`form[action$="/nameless"] [name=allow]`).AttrOr("value", ""))
	assert.Zero(t, asAdmin.get("/forum/categories/helpers/rules").Find(`form[action$="/nameless"]`).Length())
	assert.Equal(t, http.StatusNotFound, asAdmin.post("/forum/categories/helpers/nameless", "allow", "true").StatusCode)

	page = asAuthor.get(everyDay + "/new")
	box := page.Find("[name=nameless]")
	require.Equal(t, 1, box.Length())
	_, ticked := box.Attr("checked")
	assert.False(t, ticked, "a name is what stands there, if nobody says otherwise")
	assert.NotEmpty(t, page.text("#"+box.AttrOr("aria-describedby", "")))
	assert.Zero(t, asESP.get(everyDay+"/new").Find("[name=nameless]").Length())
	assert.Equal(t, "Anche senza nome", asReader.get(everyDay).text(".forum-badges .badge"))
	thread := location(t, asAuthor.post(everyDay+"/threads", "title", "Un titolo", "text", "Il mio testo.", "nameless", "true", "cid", newCID()))
	assert.Equal(t, "Tu, senza il tuo nome (voce 1)", asAuthor.get(thread).text("#by-1 .who"))
	page = asReader.get(thread)
	assert.Equal(t, "Una persona, senza nome (voce 1)", page.text("#by-1 .who"))
	assert.Zero(t, page.Find(`#post-1 a[href$="/mute"]`).Length())
	assert.Equal(t, 1, page.Find(`#post-1 a[href^="/report/"]`).Length())
	mute := strings.Replace(page.Find(`#post-1 a[href^="/report/"]`).AttrOr("href", ""), "/report/post/", "/forum/posts/", 1) + "/mute"
	assert.Equal(t, http.StatusUnprocessableEntity, asReader.get(mute).StatusCode)
	assert.Equal(t, http.StatusUnprocessableEntity, asReader.post(mute).StatusCode)
	assert.Equal(t, "Una persona, senza nome", asReader.get(everyDay).text(".thread .who"))
	answers := strings.TrimSuffix(thread, "#post-1") + "/posts"
	location(t, asAuthor.post(answers, "text", "Con il mio nome.", "cid", newCID()))
	assert.Equal(t, "Mirto", asReader.get(thread).text("#by-2 .who"))
	edit := asAuthor.get(asAuthor.get(thread).Find(`#post-1 a[href$="/edit"]`).AttrOr("href", ""))
	assert.Contains(t, edit.text(".forum-head"), "Resta senza il tuo nome")
	assert.Zero(t, edit.Find("[name=nameless]").Length(), "it is said once")

	// A draft remembers the tick.
	location(t, asReader.post("/forum/drafts", "thread", strings.Split(thread, "/")[3][:36], "text", "A metà", "nameless", "true", "cid", newCID(), "version", "0"))
	_, ticked = asReader.get(thread).Find("[name=nameless]").Attr("checked")
	assert.True(t, ticked)
	assert.Equal(t, "Senza il tuo nome", asReader.get("/forum/drafts").text(".draft .badge"))

	// It is over while somebody writes: nothing appears, nothing is lost, and only who says so writes with their name.
	page = asReader.get(thread)
	draft := page.Find(".answer form")
	require.NoError(t, b.Forum.AllowNameless(t.Context(), b.admin, "every-day", false))
	sent := []string{"text", "A metà, e il resto", "cid", draft.Find("[name=cid]").AttrOr("value", ""), "version", draft.Find("[name=version]").AttrOr("value", "")}
	for _, as := range []*browser{asReader} {
		page = as.post(answers, append(sent, "nameless", "true")...)
		require.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
		assert.Equal(t, []string{"nameless"}, page.mistakes(t))
		assert.Contains(t, page.text(".error-summary"), "Non è uscito niente: il tuo testo è ancora qui")
		assert.Equal(t, "A metà, e il resto", page.text("textarea[name=text]"))
		_, ticked = page.Find("[name=nameless]").Attr("checked")
		assert.True(t, ticked, "the tick stays until they take it away")
		assert.Contains(t, page.text("#nameless-hint"), "togli la spunta")
	}
	assert.Equal(t, 2, asAuthor.get(thread).Find(".post").Length())
	_, ticked = asReader.get(thread).Find("[name=nameless]").Attr("checked")
	assert.True(t, ticked, "a draft from before still says so")
	assert.Zero(t, asAuthor.get(thread).Find("[name=nameless]").Length())
	page = asReader.post(everyDay+"/threads", "title", "Un altro", "text", "Anche questo.", "nameless", "true", "cid", newCID())
	require.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, "Anche questo.", page.text("textarea[name=text]"))
	location(t, asReader.post(answers, sent...))
	assert.Equal(t, "Salvia", asReader.get(thread).text("#by-3 .who"), "without the tick it has their name")
	assert.Equal(t, "Una persona, senza nome (voce 1)", asReader.get(thread).text("#by-1 .who"))
	page = asESP.post(answers, "text", "Da chi lavora qui.", "nameless", "true", "cid", newCID())
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
}

// standsFor is a part of a path that stands for something.
var standsFor = regexp.MustCompile(`\{([a-z]+)\}`)

// TestNamelessNowhere asks every page that there is, as everybody who reads or moderates, and looks in all that comes back for the name and the account of who has none: routes that are added are asked, too.
func TestNamelessNowhere(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	ctx := t.Context()
	require.NoError(t, b.Forum.AllowNameless(ctx, b.admin, "every-day", true))
	anna := b.member
	other := b.site.member(t, "Pioggia")
	senior := b.staffMember(t, b.admin, account.RoleSenior, "Nives")
	elsewhere := b.staffMember(t, b.admin, account.RoleESP, "Olga") // moderates nothing of it
	require.NoError(t, b.Forum.AssignModerator(ctx, b.admin, b.categories["every-day"], senior.ID))
	// By name she writes elsewhere: there alone she may be met.
	_, err := b.Forum.OpenThread(ctx, anna, forum.NewThread{Category: "hello", Title: "Mi presento", Text: "Ciao.", CID: newCID()})
	require.NoError(t, err)
	r := b.nameless(anna, forum.ThreadID{}, "Un melo fiorito.")
	deleted := b.nameless(anna, r.Thread, "Niente.")
	_, err = b.Forum.DeletePost(ctx, anna, deleted.Post)
	require.NoError(t, err)
	b.hide(b.nameless(anna, r.Thread, "Un insulto."), "Insulta.")
	danger := b.nameless(anna, r.Thread, "Stanotte mi ammazzo, ho già preparato tutto.")
	_, err = b.Forum.EditPost(ctx, anna, forum.Edit{Post: r.Post, Version: 1, Title: "Un titolo", Text: "Un pero fiorito."})
	require.NoError(t, err)
	_, err = b.Forum.React(ctx, other, r.Post, forum.Thanks, true)
	require.NoError(t, err)
	_, err = b.Forum.IndexPosts(ctx)
	require.NoError(t, err)
	about := moderation.Subject{Kind: moderation.SubjectPost, ID: r.Post.String()}
	require.NoError(t, b.Moderation.FileReport(ctx, b.family, moderation.Report{Subject: about, Reason: moderation.ReasonHarassment}))
	queue, err := b.Moderation.Queue(ctx, b.tutor)
	require.NoError(t, err)
	require.Len(t, queue, 1)
	escalation, _, err := b.Moderation.OpenOf(ctx, b.pool, moderation.Subject{Kind: moderation.SubjectPost, ID: danger.Post.String()})
	require.NoError(t, err)
	b.holds(t, account.Holding{First: 9})
	held := b.nameless(anna, r.Thread, "Trattenuto.")
	require.True(t, held.Held)

	values := map[string][]string{
		"slug": {"every-day"}, "thread": {r.Thread.String()}, "post": {r.Post.String(), danger.Post.String(), deleted.Post.String(), held.Post.String()},
		"case": {queue[0].ID.String()}, "escalation": {escalation.String()}, "kind": {"post"}, "id": {r.Post.String()},
	}
	asked := 0
	b.limiter = newLimiter(DefaultLimits().Times(100)) // everybody asks for everything at once
	for who, a := range map[string]account.Actor{"member": other, "family": b.family, "esp": b.esp, "esp of another category": elsewhere, "senior": senior, "tutor": b.tutor, "admin": b.admin} {
		as := b.as(a)
		for _, rt := range b.table {
			path, get := strings.CutPrefix(rt.pattern, "GET ")
			if !get || rt.pattern == socketPattern {
				continue
			}
			paths := []string{strings.TrimSuffix(path, "{$}")}
			for _, p := range standsFor.FindAllStringSubmatch(path, -1) {
				var filled []string
				for _, at := range paths {
					for _, v := range append(values[p[1]], map[bool][]string{true: {uuid.NewString()}}[values[p[1]] == nil]...) {
						filled = append(filled, strings.Replace(at, p[0], v, 1))
					}
				}
				paths = filled
			}
			for _, at := range paths {
				for _, query := range []string{"", "?q=fiorito", "?q=mirto&order=new", "?step=title&chosen=2-", "?quote=" + r.Post.String()} {
					if query != "" && !strings.HasPrefix(at, "/forum") {
						continue
					}
					page := as.get(at + query)
					require.Less(t, page.StatusCode, http.StatusTooManyRequests, at)
					all := page.Body + fmt.Sprint(page.Header)
					asked++
					assert.NotContains(t, all, anna.ID.String(), "%s: %s%s", who, at, query)
					if query == "?q=mirto&order=new" {
						all = strings.ReplaceAll(all, "mirto", "") // what was typed
					}
					assert.NotContains(t, strings.ToLower(all), "mirto", "%s: %s%s", who, at, query)
				}
			}
		}
	}
	assert.Greater(t, asked, 700)
	// Where it is not hers alone, it is there to be read.
	assert.Contains(t, b.as(b.esp).get("/moderation").Body, forum.HeldPath(held.Post))
	assert.Contains(t, b.as(b.esp).get(forum.HeldPath(held.Post)).text(".held-decide"), "È senza nome")
	assert.Contains(t, b.as(b.esp).get("/moderation/"+queue[0].ID.String()).text("main"), "Una persona, senza nome")
}

// TestNamelessReveal: whose a text without a name is, the tutor learns who answers for the danger in it, once they ask; it is in the register, its author is told, and nobody else learns it.
func TestNamelessReveal(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	tutor := b.as(b.tutor)
	location(t, tutor.post("/shifts/on"))
	location(t, b.as(b.esp).post("/shifts/on"))
	b.ladder(t)
	ctx := t.Context()
	require.NoError(t, b.Forum.AllowNameless(ctx, b.admin, "every-day", true))
	r := b.nameless(b.member, forum.ThreadID{}, "Stanotte mi ammazzo, ho già preparato tutto.")
	require.Eventually(t, func() bool { return tutor.get("/console").Find(".alert").Length() == 1 }, 10*time.Second, 20*time.Millisecond)
	page := tutor.get("/console")
	assert.Equal(t, "Una persona, senza nome", page.text(".alert-who a"))
	link := page.Find(".alert-who a").AttrOr("href", "")
	page = tutor.get(link)
	assert.Zero(t, page.Find(`form[action$="/author"]`).Length(), "who answers for it may ask")
	assert.Equal(t, http.StatusForbidden, tutor.post(link+"/author").StatusCode)
	location(t, tutor.post(link+"/acknowledge"))
	page = tutor.get(link)
	assert.NotContains(t, page.Body, "Mirto")
	for _, a := range []*browser{b.as(b.esp), b.as(b.member), b.as(b.admin), b.browser(t)} {
		assert.NotContains(t, a.post(link+"/author").Header.Get("Location"), "/console")
	}
	assert.Zero(t, b.number(t, `select count(*) from audit_entries where action = 'identity.reveal'`))
	own := forum.Path(r.Thread, r.Number)
	assert.NotContains(t, b.as(b.member).get(own).text("#post-1"), "un tutor ha visto")

	_, err := b.pool.Exec(ctx, `update moderation_escalations set level = 'amber'`)
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, tutor.post(link+"/author").StatusCode, "for a danger")
	_, err = b.pool.Exec(ctx, `update moderation_escalations set level = 'crisis'`)
	require.NoError(t, err)
	assert.Equal(t, link, location(t, tutor.post(page.Find(`form[action$="/author"]`).AttrOr("action", ""))))
	page = tutor.get(link)
	assert.Equal(t, "Mirto", page.text(".opened h2"))
	assert.Zero(t, page.Find(`form[action$="/author"]`).Length())
	assert.Equal(t, 1, b.number(t, `select count(*) from audit_entries where action = 'identity.reveal'`))
	assert.Contains(t, b.as(b.member).get(own).text("#post-1"), "un tutor ha visto che l'hai scritto tu")
	assert.NotContains(t, b.as(b.family).get(own).text("#post-1"), "un tutor ha visto")
	assert.NotContains(t, tutor.get(own).Body, "Mirto", "only where it is needed")
	location(t, tutor.post(link+"/author"))
	notices := b.as(b.member).get("/notices").Find(".notices .alert")
	assert.Equal(t, 1, notices.Length(), "told once within the hour")
	assert.Contains(t, notices.Text(), "un tutor ha visto chi ha scritto un tuo testo senza nome")
	assert.Equal(t, own, notices.Find("a").AttrOr("href", ""))
	assert.Zero(t, b.as(b.family).get("/notices").Find(".notices .alert").Length())
	_, err = b.pool.Exec(ctx, `update forum_reveals set revealed_at = now() - interval '61 minutes'`)
	require.NoError(t, err)
	assert.Equal(t, "Una persona, senza nome", tutor.get(link).text(".opened h2"), "for an hour")
	location(t, tutor.post(link+"/author"))
	location(t, tutor.post(link+"/close", "outcome", "talked", "note", "Abbiamo parlato.", "seen", tutor.get(link).Find("[name=seen]").AttrOr("value", "")))
	assert.Equal(t, http.StatusConflict, tutor.post(link+"/author").StatusCode)

	named := b.open(b.member, "Con il nome", "Stanotte mi ammazzo, ho già preparato tutto.")
	escalation, _, err := b.Moderation.OpenOf(ctx, b.pool, moderation.Subject{Kind: moderation.SubjectPost, ID: named.Post.String()})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return tutor.post("/console/"+escalation.String()+"/acknowledge").StatusCode == http.StatusSeeOther
	}, 10*time.Second, 20*time.Millisecond)
	assert.Equal(t, "Mirto", tutor.get("/console/"+escalation.String()).text(".opened h2"))
	assert.Equal(t, http.StatusNotFound, tutor.post("/console/"+escalation.String()+"/author").StatusCode, "there is nothing to reveal")
}

// TestNamelessRevealHeld: the author of what nobody reads yet, and of what they took back, is told as well that a tutor saw whose it is.
func TestNamelessRevealHeld(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	tutor, author := b.as(b.tutor), b.as(b.member)
	location(t, tutor.post("/shifts/on"))
	location(t, b.as(b.esp).post("/shifts/on"))
	b.ladder(t)
	ctx := t.Context()
	require.NoError(t, b.Forum.AllowNameless(ctx, b.admin, "every-day", true))
	b.holds(t, account.Holding{First: 9})
	r := b.nameless(b.member, forum.ThreadID{}, "Stanotte mi ammazzo, ho già preparato tutto.")
	require.True(t, r.Held)
	escalation, _, err := b.Moderation.OpenOf(ctx, b.pool, moderation.Subject{Kind: moderation.SubjectPost, ID: r.Post.String()})
	require.NoError(t, err)
	link := "/console/" + escalation.String()
	require.Eventually(t, func() bool { return tutor.post(link+"/acknowledge").StatusCode == http.StatusSeeOther }, 10*time.Second, 20*time.Millisecond)
	held := forum.HeldPath(r.Post)
	assert.NotContains(t, author.get(held).text("main"), "un tutor ha visto")
	location(t, tutor.post(link+"/author"))
	assert.Contains(t, author.get(held).text("main"), "un tutor ha visto che l'hai scritto tu")
	assert.NotContains(t, b.as(b.esp).get(held).text("main"), "un tutor ha visto")
	assert.Equal(t, held, author.get("/notices").Find(".notices a").AttrOr("href", ""))
	location(t, tutor.post(link+"/close", "outcome", "talked", "note", "Abbiamo parlato.", "seen", tutor.get(link).Find("[name=seen]").AttrOr("value", "")))
	location(t, author.post(held+"/withdraw"))
	page := author.get("/notices")
	assert.Contains(t, page.text(".notices"), "un tutor ha visto chi ha scritto un tuo testo senza nome", "also when nothing is left of it")
	assert.Zero(t, page.Find(".notices a").Length())
}

// TestNamelessRevealMany: more than three in a day show in the console of every tutor and in the figure that alarms.
func TestNamelessRevealMany(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	tutor, other := b.as(b.tutor), b.as(b.staffMember(t, b.admin, account.RoleTutor, "Teresa"))
	location(t, tutor.post("/shifts/on"))
	location(t, b.as(b.esp).post("/shifts/on"))
	b.ladder(t)
	ctx := t.Context()
	require.NoError(t, b.Forum.AllowNameless(ctx, b.admin, "every-day", true))
	for i := range 4 {
		many, err := b.Moderation.Revealers(ctx)
		require.NoError(t, err)
		assert.Zero(t, many)
		assert.NotContains(t, tutor.get("/console").text("main"), "Molte richieste")
		r := b.nameless(b.member, forum.ThreadID{}, fmt.Sprintf("Stanotte mi ammazzo, ho già preparato tutto. %d", i))
		escalation, _, err := b.Moderation.OpenOf(ctx, b.pool, moderation.Subject{Kind: moderation.SubjectPost, ID: r.Post.String()})
		require.NoError(t, err)
		link := "/console/" + escalation.String()
		require.Eventually(t, func() bool { return tutor.post(link+"/acknowledge").StatusCode == http.StatusSeeOther }, 10*time.Second, 20*time.Millisecond)
		for range 2 {
			location(t, tutor.post(link+"/author"))
		}
	}
	many, err := b.Moderation.Revealers(ctx)
	require.NoError(t, err)
	assert.Equal(t, 1, many)
	assert.Contains(t, tutor.get("/console").text("[data-region=console-reveals]"), "Tu: 4 volte in un giorno.")
	assert.Contains(t, other.get("/console").text("[data-region=console-reveals]"), b.tutor.Alias+": 4 volte in un giorno.")
	assert.Empty(t, b.as(b.esp).get("/console").text("[data-region=console-reveals]"))
	_, err = b.pool.Exec(ctx, `update moderation_reveals set revealed_at = now() - interval '25 hours' where escalation_id = (select escalation_id from moderation_reveals limit 1)`)
	require.NoError(t, err)
	assert.Empty(t, tutor.get("/console").text("[data-region=console-reveals]"))
	require.NoError(t, b.Moderation.Erase(ctx))
	assert.Equal(t, 3, b.number(t, `select count(*) from moderation_reveals`))
}

func (st *site) number(t *testing.T, sql string) (n int) {
	t.Helper()
	require.NoError(t, st.pool.QueryRow(t.Context(), sql).Scan(&n))
	return n
}
