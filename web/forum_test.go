package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/ids"
)

// board is a site with the default categories and people of every kind.
type board struct {
	*site
	staff
	t              *testing.T
	member, family account.Actor
	categories     map[string]forum.CategoryID // by slug
}

func newBoard(t *testing.T) *board {
	t.Helper()
	b := &board{site: newSite(t), t: t, categories: map[string]forum.CategoryID{}}
	b.staff = newStaff(t, b.site)
	signUp := func(alias string, family bool) account.Actor {
		id, _, err := b.Accounts.SignUp(t.Context(), b.service, account.SignUp{
			Alias: alias, Password: "il glicine del cortile", Adult: true, ConsentVersion: account.ConsentVersion, Family: family, Locale: "it",
		})
		require.NoError(t, err)
		role := account.RoleMember
		if family {
			role = account.RoleFamily
		}
		return account.Actor{Service: b.service, ID: id, Role: role, Alias: alias, Locale: "it"}
	}
	b.member, b.family = signUp("Mirto", false), signUp("Salvia", true)
	for _, c := range b.DefaultCategories("it") {
		id, err := b.Forum.CreateCategory(t.Context(), account.System(b.service), c)
		require.NoError(t, err)
		b.categories[c.Slug] = id
	}
	require.NoError(t, b.Forum.AssignModerator(t.Context(), b.admin, b.categories["every-day"], b.esp.ID))
	return b
}

func (b *board) as(a account.Actor) *browser { return b.signedIn(b.t, a.ID) }

func (b *board) open(a account.Actor, title, text string) forum.Receipt {
	b.t.Helper()
	r, err := b.Forum.OpenThread(b.t.Context(), a, forum.NewThread{Category: "every-day", Title: title, Text: text, CID: newCID()})
	require.NoError(b.t, err)
	return r
}

func (b *board) hide(r forum.Receipt, reason string) {
	b.t.Helper()
	require.NoError(b.t, b.Forum.Content().Hide(b.t.Context(), b.pool, b.service, r.Post.String(), reason, b.tutor.ID))
}

func location(t *testing.T, a answer) string {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, a.StatusCode, a.Body)
	return a.Header.Get("Location")
}

// TestForumStory is the forum without JavaScript: open, answer with a quote, edit, delete.
func TestForumStory(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	mirto, marta := b.as(b.member), b.as(b.esp)

	a := mirto.get("/forum")
	assert.Equal(t, 3, a.Find(".boards .board").Length(), "members' categories alone")
	assert.Equal(t, 1, a.Find(`.board a[href="/forum/categories/every-day"]`).Length())
	a = mirto.get("/forum/categories/every-day")
	assert.Equal(t, "Qui non ha ancora scritto nessuno", a.text(".empty h2"))
	a = mirto.get(a.Find(".forum-head .button").AttrOr("href", ""))
	form := a.Find(".forum-form")
	cid := form.Find("[name=cid]").AttrOr("value", "")
	require.NotEmpty(t, cid)
	fields := []string{"title", "Le mattine", "text", "Le mattine sono **dure**.\n\nE per voi?", "cid", cid}
	a = mirto.post(form.AttrOr("action", ""), fields...)
	at := location(t, a)
	assert.Regexp(t, `^/forum/threads/[0-9a-f-]{36}#post-1$`, at)
	assert.Equal(t, at, location(t, mirto.post(form.AttrOr("action", ""), fields...)), "sent twice, stored once")
	mirto.get(at) // as a browser does

	a = marta.get("/forum/categories/every-day")
	assert.Equal(t, 1, a.Find(".threads .thread").Length())
	assert.Equal(t, "Le mattine", a.text(".thread h2 a"))
	assert.Contains(t, a.text(".thread-meta"), "Mirto")
	a = marta.get(a.Find(".thread h2 a").AttrOr("href", ""))
	assert.Equal(t, "dure", a.text("#post-1 .post-text strong"))
	assert.Equal(t, "E per voi?", a.text("#post-1 .post-text p:last-child"))
	assert.Equal(t, 0, a.Find(`#post-1 a[href$="/edit"], #post-1 a[href$="/delete"]`).Length(), "not hers to change")
	assert.Equal(t, 1, a.Find(`#post-1 a[href^="/report/post/"]`).Length())
	a = marta.get(a.Find(`#post-1 a[href*="reply?quote="]`).AttrOr("href", ""))
	form = a.Find(".forum-form")
	assert.Equal(t, "> Le mattine sono **dure**.\n> \n> E per voi?\n\n", form.Find("textarea").Text())
	a = marta.post(form.AttrOr("action", ""), "text", form.Find("textarea").Text()+"Anche le mie.", "cid", form.Find("[name=cid]").AttrOr("value", ""))
	thread := location(t, a)
	require.True(t, strings.HasSuffix(thread, "#post-2"))

	// Who wrote there is told of what is new, and nobody else; they may say no.
	assert.Equal(t, thread, mirto.get("/forum").Find(".news a").AttrOr("href", ""))
	assert.Zero(t, b.as(b.tutor).get("/forum").Find(".news").Length())
	bare, _, _ := strings.Cut(thread, "#")
	require.Equal(t, bare, location(t, mirto.post(bare+"/unfollow")))
	assert.Zero(t, mirto.get("/forum").Find(".news").Length())
	require.Equal(t, bare, location(t, mirto.post(bare+"/follow")))
	assert.Equal(t, 1, mirto.get("/forum").Find(".news a").Length())

	a = mirto.get(thread)
	assert.Equal(t, "dure", a.text("#post-2 blockquote strong"))
	assert.Equal(t, "ESP", a.text("#post-2 .badge"))
	assert.Equal(t, 0, a.Find(`#post-1 a[href^="/report/"]`).Length(), "nobody reports themselves")
	edit := a.Find(`#post-1 a[href$="/edit"]`).AttrOr("href", "")
	a = mirto.get(edit)
	assert.Equal(t, "Le mattine", a.Find("[name=title]").AttrOr("value", ""))
	version := a.Find("[name=base]").AttrOr("value", "")
	location(t, mirto.post(edit, "title", "Le sere", "text", "Le sere, anzi.", "version", version))
	a = mirto.get(thread)
	assert.Equal(t, "Le sere", a.text("h1"))
	assert.Contains(t, a.text("#post-1 .post-head"), "modificato")
	a = mirto.post(edit, "title", "Le notti", "text", "Da un'altra finestra.", "version", version)
	assert.Equal(t, http.StatusConflict, a.StatusCode)
	assert.Equal(t, "Da un'altra finestra.", a.Find("#text").Text(), "what was written is given back")

	remove := mirto.get(thread).Find(`#post-1 a[href$="/delete"]`).AttrOr("href", "")
	a = mirto.get(remove)
	assert.Equal(t, "Le sere, anzi.", a.text(".post-preview"))
	location(t, mirto.post(remove))
	a = marta.get(thread)
	assert.Equal(t, "Discussione tolta da chi l'ha aperta", a.text("h1"))
	assert.Equal(t, 0, a.Find("#post-1 .post-text").Length())
	assert.Equal(t, 1, a.Find("#post-2 .post-text").Length())
	assert.NotContains(t, a.Body, "Le sere")
}

func TestForumMistakes(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	mirto := b.as(b.member)
	long := strings.Repeat("è", forum.MaxText+7)
	a := mirto.post("/forum/categories/every-day/threads", "title", "a", "text", long, "cid", "0123456789abcdef-kept")
	assert.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	assert.Equal(t, 2, a.Find(".error-summary li").Length(), "all mistakes at once")
	assert.Equal(t, 1, a.Find(`.error-summary a[href="#text"]`).Length())
	assert.Contains(t, a.text("#text-mistake"), "Ne hai 7 in più")
	assert.Equal(t, "text-hint text-mistake", a.Find("#text").AttrOr("aria-describedby", ""))
	assert.Equal(t, long, a.Find("#text").Text(), "what was typed is kept")
	assert.Equal(t, "0123456789abcdef-kept", a.Find("[name=cid]").AttrOr("value", ""), "still the same form")

	r := b.open(b.member, "Le mattine", "Dure.")
	a = mirto.post("/forum/threads/"+r.Thread.String()+"/posts", "text", "  ", "cid", newCID())
	assert.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	assert.Equal(t, "Scrivi qualcosa, anche poche parole.", a.text("#text-mistake"))
	a = mirto.post("/forum/threads/"+r.Thread.String()+"/posts", "text", "Un testo.")
	assert.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	assert.Contains(t, a.text(".error-summary"), "Il testo è ancora qui")
	a = mirto.post("/forum/posts/"+r.Post.String()+"/edit", "title", "", "text", "", "version", "1")
	assert.Equal(t, 2, a.Find(".error-summary li").Length())

	t.Run("what a request adds is not seen", func(t *testing.T) {
		a := mirto.post("/forum/categories/every-day/threads", "title", "Le sere", "text", "Lunghe.", "cid", newCID(),
			"author", b.family.ID.String(), "AuthorID", b.family.ID.String(), "number", "7", "level", "none", "hidden_at", "now", "At", "2001-01-01")
		page := mirto.get(location(t, a))
		assert.Equal(t, "Mirto", page.text("#post-1 .who b"))
	})
}

func TestForumAuthorization(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	r := b.open(b.member, "Le mattine", "Dure.")
	guest, err := b.Accounts.Enter(t.Context(), b.service, account.Entry{Adult: true, ConsentVersion: account.ConsentVersion, Alias: "Ospite", Locale: "it"})
	require.NoError(t, err)
	thread, post := "/forum/threads/"+r.Thread.String(), "/forum/posts/"+r.Post.String()
	pages := []string{"/forum/categories/every-day", "/forum/categories/every-day/new", thread, thread + "/reply", post}
	forms := []string{"/forum/categories/every-day/threads", thread + "/posts", post + "/edit", post + "/delete", thread + "/lock"}
	missing := "/forum/threads/" + ids.New[forum.Thread]().String()

	visitor := b.browser(t)
	for _, p := range append(pages, "/forum", missing) {
		assert.Contains(t, location(t, visitor.get(p)), "/sign-in?next=", p)
	}
	for _, p := range forms {
		assert.Equal(t, http.StatusUnauthorized, visitor.post(p, "text", "Ciao.").StatusCode, p)
	}
	for name, who := range map[string]*browser{"guest": b.signedIn(t, guest), "admin": b.as(b.admin)} {
		assert.Equal(t, http.StatusForbidden, who.get("/forum").StatusCode, name)
		gone := who.get(missing)
		for _, p := range pages {
			a := who.get(p)
			assert.Equal(t, http.StatusNotFound, a.StatusCode, "%s %s", name, p)
			assert.Equal(t, sameBut(gone), sameBut(a), "%s %s looks like nothing", name, p)
		}
		for _, p := range forms {
			assert.Equal(t, http.StatusNotFound, who.post(p, "title", "Titolo", "text", "Ciao.", "cid", newCID(), "version", "1").StatusCode, "%s %s", name, p)
		}
	}
	for who, slugs := range map[*browser]map[string]int{
		b.as(b.member): {"families": 404, "helpers": 404, "nowhere": 404, "hello": 200},
		b.as(b.family): {"families": 200, "helpers": 404},
		b.as(b.esp):    {"families": 200, "helpers": 200},
		b.as(b.tutor):  {"families": 200, "helpers": 200},
	} {
		for slug, want := range slugs {
			assert.Equal(t, want, who.get("/forum/categories/"+slug).StatusCode, slug)
		}
	}
	t.Run("another's post is not changed", func(t *testing.T) {
		for _, who := range []*browser{b.as(b.family), b.as(b.esp), b.as(b.tutor)} {
			for _, p := range []string{post + "/edit", post + "/delete"} {
				assert.Equal(t, http.StatusNotFound, who.get(p).StatusCode, p)
				assert.Equal(t, http.StatusNotFound, who.post(p, "title", "Titolo", "text", "Altro.", "version", "1").StatusCode, p)
			}
		}
	})
	t.Run("moderators lock, others do not", func(t *testing.T) {
		assert.Equal(t, http.StatusNotFound, b.as(b.member).post(thread+"/lock").StatusCode)
		marta := b.as(b.esp)
		assert.Equal(t, 1, marta.get(thread).Find(`a[href$="/lock"]`).Length())
		assert.NotEqual(t, http.StatusOK, b.as(b.member).get(thread+"/lock").StatusCode)
		a := marta.post(thread+"/lock", "reason", "  no ")
		assert.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
		assert.Equal(t, 1, a.Find(`.error-summary a[href="#reason"]`).Length())
		location(t, marta.post(marta.get(thread+"/lock").Find(".forum-form").AttrOr("action", ""), "reason", "Se ne parla <b>già</b> altrove."))
		assert.Contains(t, b.as(b.member).get(thread).text("main"), "Se ne parla <b>già</b> altrove.")
		a = b.as(b.member).get(thread)
		assert.Equal(t, 0, a.Find(".forum-form, form[action$='/unlock']").Length())
		assert.Contains(t, a.text(".notice"), "Questa discussione è chiusa")
		a = b.as(b.member).post(thread+"/posts", "text", "Troppo tardi.", "cid", newCID())
		assert.Equal(t, http.StatusConflict, a.StatusCode)
		assert.Equal(t, "Troppo tardi.", a.Find(".kept textarea").Text())
		location(t, marta.post(thread+"/unlock"))
		assert.Equal(t, http.StatusNotFound, b.as(b.member).post(thread+"/pin").StatusCode)
		location(t, marta.post(marta.get(thread).action(t, "Metti in evidenza")))
		assert.Contains(t, b.as(b.member).get("/forum/categories/every-day").text(".thread:first-child .badge-role"), "In evidenza")
		location(t, marta.post(marta.get(thread).action(t, "Togli dall'evidenza")))
		meta := b.as(b.member).get(thread).Find(".thread-meta form")
		assert.Equal(t, 1, meta.Length(), "to follow it, and nothing else")
		assert.Regexp(t, `/(un)?follow$`, meta.AttrOr("action", ""))
		assert.Equal(t, 1, b.as(b.member).get(thread).Find(".forum-form").Length())
	})
}

var requestID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}|nonce="[^"]+"|value="/[^"]*"`)

// sameBut is a page without what differs between two requests for the same: its request id, its nonce, where the language form leads back to.
func sameBut(a answer) string { return requestID.ReplaceAllString(a.Body, "") }

// TestForumSessionExpired: who was signed out while writing gets the text back, signs in elsewhere, and sends it from there.
func TestForumSessionExpired(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	const text = "Una lunga risposta.\n<b>Con tutto</b> & \"quello\" che c'era."
	a := b.browser(t).post("/forum/categories/every-day/threads", "title", "Le \"mattine\"", "text", text, "cid", "0123456789abcdef-kept", "evil", "x")
	assert.Equal(t, http.StatusUnauthorized, a.StatusCode)
	form := a.Find("form.kept")
	require.Equal(t, 1, form.Length())
	assert.Equal(t, text, form.Find("textarea").Text())
	assert.Equal(t, "Le \"mattine\"", form.Find("[name=title]").AttrOr("value", ""))
	assert.Equal(t, 0, form.Find("[name=evil]").Length())
	assert.Equal(t, 1, form.Find(`a[href="/sign-in"]`).Length())

	mirto := b.as(b.member)
	at := location(t, mirto.post(form.AttrOr("action", ""), "title", form.Find("[name=title]").AttrOr("value", ""),
		"text", form.Find("textarea").Text(), "cid", form.Find("[name=cid]").AttrOr("value", "")))
	page := mirto.get(at)
	assert.Contains(t, page.text("#post-1 .post-text"), `<b>Con tutto</b> & "quello" che c'era.`)

	t.Run("another site's form is not given back", func(t *testing.T) {
		evil := b.browser(t)
		evil.headers.Set("Sec-Fetch-Site", "cross-site")
		a := evil.post("/forum/categories/every-day/threads", "text", "Da fuori.")
		assert.Equal(t, http.StatusForbidden, a.StatusCode)
		assert.NotContains(t, a.Body, "Da fuori.")
	})
	t.Run("the stores are down", func(t *testing.T) {
		a := newSiteDown(t).browser(t).post("/forum/categories/every-day/threads", "title", "Titolo", "text", text)
		assert.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
		assert.Equal(t, text, a.Find(".kept textarea").Text())
	})
}

func TestForumHiddenPost(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	const reason = "Contiene il numero di telefono di un'altra persona."
	r := b.open(b.member, "Le mattine", "Dure, chiamatemi.")
	b.hide(r, reason)
	at := forum.Path(r.Thread, r.Number)

	mine := b.as(b.member).get(at)
	assert.Contains(t, mine.text("#post-1 .notice"), reason)
	assert.Contains(t, mine.text("#post-1 .notice"), "rivedere la scelta")
	assert.Contains(t, mine.text("#post-1 .post-text"), "Dure")
	assert.Equal(t, 0, mine.Find(`#post-1 a[href$="/edit"]`).Length())

	theirs := b.as(b.family).get(at)
	assert.NotContains(t, theirs.Body, "Dure")
	assert.NotContains(t, theirs.Body, reason)
	assert.NotContains(t, theirs.Body, "Le mattine")
	assert.Contains(t, theirs.text("#post-1"), "Questo messaggio è nascosto")
	assert.Equal(t, 0, theirs.Find(`#post-1 a[href^="/report/"], #post-1 a[href*="quote"]`).Length())
	quoted := b.as(b.family).get("/forum/threads/" + r.Thread.String() + "/reply?quote=" + r.Post.String())
	assert.Empty(t, quoted.Find("textarea").Text(), "no way around")

	for _, who := range []account.Actor{b.esp, b.tutor} {
		a := b.as(who).get(at)
		assert.Contains(t, a.text("#post-1 .post-text"), "Dure")
		assert.Contains(t, a.text("#post-1 .notice"), reason)
	}
}

// TestForumCrisis: who writes that they are in danger sees who answers now, at once and on the page of their post; others see the post alone.
func TestForumCrisis(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	mirto := b.as(b.member)
	a := mirto.post("/forum/categories/every-day/threads", "title", "Basta", "text", "Stanotte mi ammazzo, ho già preparato tutto.", "cid", newCID())
	page := mirto.get(location(t, a))
	care := page.Find("#post-1 .notice-red")
	require.Equal(t, 1, care.Length())
	assert.Equal(t, 1, care.Find(`a[href="tel:112"]`).Length())
	assert.Contains(t, care.Text(), "Stiamo avvisando un operatore adesso")
	theirs := b.as(b.family).get(location(t, a))
	assert.Equal(t, 0, theirs.Find(".notice-red").Length())
	assert.Contains(t, theirs.text("#post-1 .post-text"), "mi ammazzo")
}

// TestForumLong: a long thread is read page by page, and every permalink leads to a page on which its post stands.
func TestForumLong(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	p := forum.Planted{Category: b.categories["hello"], Title: "Lunga"}
	for i := range 120 {
		p.Posts = append(p.Posts, forum.PlantedPost{Author: b.member.ID, Text: "Testo.", At: time.Now().Add(time.Duration(i-200) * time.Minute)})
	}
	id, err := b.Forum.PlantThread(t.Context(), account.System(b.service), p)
	require.NoError(t, err)
	mirto := b.as(b.member)
	seen := 0
	for at := "/forum/threads/" + id.String(); at != ""; {
		a := mirto.get(at)
		require.Equal(t, http.StatusOK, a.StatusCode)
		seen += a.Find(".post").Length()
		next := a.Find(`.post-pages [rel="next"]`).First()
		assert.Equal(t, next.Length() == 0, a.Find(".forum-form").Length() == 1, "one answers at the end")
		for _, link := range a.Find(".post-number").EachIter() {
			href := link.AttrOr("href", "")
			_, post, _ := strings.Cut(href, "#")
			assert.Equal(t, 1, a.Find("#"+post).Length())
		}
		at = next.AttrOr("href", "")
	}
	assert.Equal(t, 120, seen)
	last := mirto.get("/forum/threads/"+id.String()).Find(".post-pages a").Last().AttrOr("href", "")
	assert.Equal(t, 1, mirto.get(last).Find("#post-120").Length())
	for _, after := range []string{"-1", "x", "99999999999999999999"} {
		assert.Equal(t, 1, mirto.get("/forum/threads/"+id.String()+"?after="+after).Find("#post-1").Length(), "a broken link shows the beginning")
	}
	assert.Equal(t, http.StatusNotFound, mirto.get("/forum/threads/x").StatusCode)
}

func TestForumOlderThreads(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	for i := range forum.ThreadsPerPage + 5 {
		_, err := b.Forum.PlantThread(t.Context(), account.System(b.service), forum.Planted{
			Category: b.categories["hello"], Title: "Numero " + strings.Repeat("i", i+1),
			Posts: []forum.PlantedPost{{Author: b.member.ID, Text: "Ciao.", At: time.Now().Add(-time.Duration(i+1) * time.Hour)}},
		})
		require.NoError(t, err)
	}
	mirto := b.as(b.member)
	a := mirto.get("/forum/categories/hello")
	assert.Equal(t, forum.ThreadsPerPage, a.Find(".thread").Length())
	assert.Equal(t, "Numero i", a.text(".thread:first-child h2"))
	older := mirto.get(a.Find(`[rel="next"]`).AttrOr("href", ""))
	assert.Equal(t, 5, older.Find(".thread").Length())
	assert.Equal(t, 0, older.Find(`[rel="next"]`).Length())
	assert.Equal(t, "/forum/categories/hello", older.Find(`[rel="prev"]`).AttrOr("href", ""))
	assert.Equal(t, forum.ThreadsPerPage, mirto.get("/forum/categories/hello?before=broken").Find(".thread").Length())
}

// TestForumHostile: nothing people write leaves its place, on any page that shows it.
func TestForumHostile(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	title, text := `"><script>alert(1)</script>`, "<img src=x onerror=alert(1)>\n\n[x](javascript:alert(1)) </textarea></article></main>"
	r := b.open(b.member, title, text)
	mirto := b.as(b.member)
	thread, post := "/forum/threads/"+r.Thread.String(), "/forum/posts/"+r.Post.String()
	for _, at := range []string{"/forum", "/forum/categories/every-day", thread, thread + "/reply?quote=" + r.Post.String(), post + "/edit", post + "/delete"} {
		a := mirto.get(at)
		require.Equal(t, http.StatusOK, a.StatusCode, at)
		assert.Equal(t, 1, a.Find("script").Length(), at)
		assert.Equal(t, 0, a.Find("img, [onerror], [href^=javascript]").Length(), at)
		assert.Equal(t, 1, a.Find("main").Length(), at)
		assert.Equal(t, 1, a.Find("footer.bottom").Length(), at)
	}
	assert.Equal(t, text, mirto.get(post+"/edit").Find("textarea").Text())
	assert.NotContains(t, b.log.String(), "alert(1)", "what people write is not logged")
}

// TestForumSearch is the search without JavaScript, and what it keeps to itself.
func TestForumSearch(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	b.open(b.member, "Le mattine", "Al mattino l'ansia è più forte, poi passa.")
	secret, err := b.Forum.OpenThread(t.Context(), b.esp, forum.NewThread{Category: "helpers", Title: "Turni", Text: "L'ansia dei turni.", CID: newCID()})
	require.NoError(t, err)
	_, err = b.Forum.IndexPosts(t.Context())
	require.NoError(t, err)
	mirto := b.as(b.member)
	a := mirto.get("/forum")
	assert.Equal(t, "/forum/search", a.Find("form[role=search]").AttrOr("action", ""))
	a = mirto.get("/forum/search?q=ANSIA")
	assert.Equal(t, 1, a.Find(".found li").Length())
	assert.Equal(t, "ansia", a.text(".found mark"))
	assert.Regexp(t, `^/forum/threads/[0-9a-f-]{36}#post-1$`, a.Find(".found h3 a").AttrOr("href", ""))
	assert.Equal(t, "ANSIA", a.Find("#q").AttrOr("value", ""), "what was typed stays")
	assert.NotContains(t, a.Body, secret.Thread.String())
	assert.Equal(t, 0, a.Find(`option[value="helpers"]`).Length(), "categories of others are not named")
	assert.Contains(t, mirto.get("/forum/search?q=anxia").text(".muted"), "molto simili")
	assert.Equal(t, 2, b.as(b.esp).get("/forum/search?q=ansia").Find(".found li").Length())
	for _, q := range []string{"q=nulladitutto", "q=ansia&in=helpers", "q=ansia&page=9", "q=ansia&in=%00", "q=%ff%fe", "q=" + strings.Repeat("a", 4000), "q=ansia&page=99999999999999999999&order=x&in='"} {
		a := mirto.get("/forum/search?" + q)
		assert.Equal(t, http.StatusOK, a.StatusCode, "%.60s", q)
	}
	a = mirto.get(`/forum/search?q=%3Cscript%3Ealert(1)%3C/script%3E%22%20onfocus=x`)
	assert.Equal(t, 0, a.Find("main script, [onfocus]").Length())
	assert.NotEqual(t, http.StatusOK, b.browser(t).get("/forum/search?q=ansia").StatusCode, "not without an account")
}

// TestForumUnread: what is new is marked for each reader, on every device, and a page fetched ahead was not read.
func TestForumUnread(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	r := b.open(b.member, "Le mattine", "Al mattino è più dura.")
	list, thread := "/forum/categories/every-day", "/forum/threads/"+r.Thread.String()
	phone, laptop := b.as(b.family), b.as(b.family)
	assert.Equal(t, "Nuovo", phone.get(list).text(".thread .badge-new"))
	assert.Equal(t, 1, phone.get("/forum").Find(".board .badge-new").Length())
	ahead := httptest.NewRequest(http.MethodGet, siteURL+thread, nil)
	ahead.Header.Set("Sec-Purpose", "prefetch;prerender")
	require.Equal(t, http.StatusOK, phone.do(ahead).StatusCode)
	assert.Equal(t, "Nuovo", phone.get(list).text(".thread .badge-new"))
	phone.get(thread)
	assert.Equal(t, 0, laptop.get(list).Find(".badge-new").Length())
	assert.Equal(t, 0, laptop.get("/forum").Find(".badge-new").Length())
	for range 2 {
		_, err := b.Forum.WritePost(t.Context(), b.esp, forum.NewPost{Thread: r.Thread, Text: "Ti leggo.", CID: newCID()})
		require.NoError(t, err)
	}
	a := laptop.get(list)
	assert.Equal(t, "2 messaggi nuovi", a.text(".thread .badge-new"))
	assert.Equal(t, thread+"#post-2", a.Find(".thread .badge-new").AttrOr("href", ""))
	a = laptop.get(thread)
	assert.Equal(t, 1, a.Find("#new + #post-2").Length(), "the line stands before the first new post")
	assert.Equal(t, 0, laptop.get(thread).Find("#new").Length())
	assert.Equal(t, 1, b.as(b.member).get(list).Find(".badge-new").Length(), "another reader's marks are their own")
}
