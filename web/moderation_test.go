package web

import (
	"net/http"
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

func (st *site) member(t testing.TB, alias string) account.Actor {
	t.Helper()
	id, _, err := st.Accounts.SignUp(t.Context(), st.service, account.SignUp{Alias: alias, Password: staffPassword, Adult: true, ConsentVersion: account.ConsentVersion, Locale: "it"})
	require.NoError(t, err)
	return account.Actor{Service: st.service, ID: id, Role: account.RoleMember, Alias: alias, Locale: "it"}
}

// ladder runs the escalations of the site until the test ends.
func (st *site) ladder(t *testing.T) {
	t.Helper()
	st.Moderation.Start(t.Context())
	t.Cleanup(st.Moderation.Stop)
}

// TestConsoleStory is an alert from its cause to its close, without a script: a person writes that they are in danger, a tutor
// sees it, takes it, joins with a greeting and closes with a note.
func TestConsoleStory(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, people := st.open(t)
	st.ladder(t)

	page := tutor.get("/console")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.text(".empty"), "Adesso non c'è nessuna allerta")
	assert.Contains(t, page.text(".console-shift"), "Marta")
	assert.Equal(t, 1, page.Find(`head noscript`).Length(), "without scripts the list asks again")
	assert.Equal(t, "/console", page.Find(`[data-module=console]`).AttrOr("data-home", ""), "where the list goes on when what is open beside it is gone")

	person := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, person.post("/waiting", "topic", "ho preso le pillole, voglio morire stanotte").StatusCode)
	require.Eventually(t, func() bool { return tutor.get("/console").Find(".alert").Length() == 1 }, 10*time.Second, 20*time.Millisecond)
	page = tutor.get("/console")
	assert.Equal(t, "1", page.Find("[data-count]").AttrOr("data-count", ""))
	assert.NotEmpty(t, page.text(".alert .badge"), "the level in words")
	assert.Equal(t, 1, page.Find(".alert .badge svg").Length(), "and as a shape")
	assert.Regexp(t, `^\d:\d\d$`, page.text(".alert-left"))
	assert.NotContains(t, page.text(".alert"), "pillole", "the list of alerts shows no text")
	assert.Contains(t, page.text(".waiter"), "pillole", "the waiting room does, to a tutor")
	link := page.Find(".alert-who a").AttrOr("href", "")
	require.NotEmpty(t, link)

	for role, b := range map[string]*browser{"esp": esp, "person": person, "admin": st.signedIn(t, people.admin.ID)} {
		assert.Equal(t, http.StatusNotFound, b.get(link).StatusCode, role)
		assert.Equal(t, http.StatusNotFound, b.post(link+"/acknowledge").StatusCode, role)
		assert.Equal(t, http.StatusNotFound, b.post(link+"/close", "outcome", "talked", "note", "x").StatusCode, role)
	}
	assert.Equal(t, http.StatusNotFound, tutor.get("/console/"+uuid.NewString()).StatusCode)
	assert.Equal(t, http.StatusNotFound, tutor.get("/console/nonsense").StatusCode)

	page = tutor.get(link)
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Equal(t, 1, page.Find(".console-list .alert-open").Length(), "the list stays beside what was opened")
	assert.Contains(t, page.text(".opened h2"), "Airone")
	assert.Equal(t, "ho preso le pillole, voglio morire stanotte", page.Find(".causes blockquote").Text(), "what the person wrote when they came")
	assert.Contains(t, page.Find(".causes mark").Text(), "voglio morire", "and what in it raised the alert")
	assert.Zero(t, page.Find(".opened textarea").Length(), "first it needs an owner")
	assert.Zero(t, page.Find("head noscript").Length(), "a page that is written in never reloads by itself")

	answer := tutor.post(link + "/acknowledge")
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	page = tutor.get(answer.Header.Get("Location"))
	assert.Contains(t, page.text("main [role=status]"), "L'allerta è con te")
	assert.Equal(t, 4, page.Find("[data-region^=opened-act] textarea").Length(), "to greet with, and three to close with")
	assert.Equal(t, 1, page.Find("details.folded:not([open]) mark").Length(), "who opens it chooses when to read")
	assert.Zero(t, page.Find("[data-region]:not([data-region^=opened-act]) textarea").Length(), "what is written in is apart from what is always exchanged")
	action := page.Find(`form[action$="/join"]`).AttrOr("action", "")
	assert.Contains(t, page.Find(`textarea[name=greeting]`).Text(), "Tullio")
	assert.Equal(t, http.StatusNotFound, esp.post(action, "greeting", "ciao").StatusCode)
	answer = tutor.post(action, "greeting", "Ciao, sono Tullio. Sono qui.")
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	room, _, _ := strings.Cut(answer.Header.Get("Location"), "#")
	page = tutor.get(room)
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.Body, "Ciao, sono Tullio. Sono qui.")

	page = tutor.post(link+"/close", "note", "Abbiamo parlato, ora è con la sorella.")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, "#outcome", page.Find(".error-summary a").AttrOr("href", ""))
	assert.Contains(t, page.Find("textarea[name=note]").Text(), "ora è con la sorella", "what was typed is kept")
	answer = tutor.post(link+"/close", "outcome", "talked", "note", "Abbiamo parlato, ora è con la sorella.", "protective", "La sorella resta con lei.", "after_care", "Domani la chiama il Centro.")
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	page = tutor.get(link)
	assert.Contains(t, page.text(".opened .notice"), "ora è con la sorella")
	assert.NotContains(t, page.text(".opened"), "pillole", "closed: the text is no more for the console")
	assert.Contains(t, page.text(".opened .notice"), "La sorella resta con lei.")
	assert.Contains(t, page.text(".opened .notice"), "Domani la chiama il Centro.")
	page = tutor.post(link+"/close", "outcome", "talked", "note", "ancora", "after_care", "lunedì")
	assert.Equal(t, http.StatusConflict, page.StatusCode)
	assert.Equal(t, "ancora", page.Find(".kept textarea[name=note]").Text(), "nothing typed is lost over it")
	assert.Equal(t, "lunedì", page.Find(".kept textarea[name=after_care]").Text())
	assert.Equal(t, "talked", page.Find(".kept [name=outcome]").AttrOr("value", ""))
	assert.NotContains(t, st.log.String(), "sorella")
}

// TestConsoleWaitingRoom is who waits, as it stands on the console: under what is not acknowledged, before who is on shift.
func TestConsoleWaitingRoom(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, people := st.open(t)
	admin := st.signedIn(t, people.admin.ID)
	page := tutor.get("/console")
	assert.Equal(t, "Sala d'attesa vuota", page.text("#waiting-room"))
	assert.Contains(t, admin.get("/shifts").text(".shifts-waiting"), "non aspetta nessuno")

	require.Equal(t, http.StatusSeeOther, st.guest(t, "Airone").post("/waiting", "topic", "<b>il lavoro</b>").StatusCode)
	page = tutor.get("/console")
	assert.Equal(t, "1 persona in sala d'attesa", page.text("#waiting-room"))
	assert.Contains(t, page.text(".waiter"), "Airone")
	assert.Contains(t, page.text(".waiter-topic"), "<b>il lavoro</b>")
	assert.NotEmpty(t, page.text(".waiter .badge"), "the level in words")
	assert.Contains(t, page.text(".waiter"), "Aspetta da meno di un minuto")
	assert.Contains(t, page.text(".waiter"), "la stiamo proponendo a un ESP")
	var order []string
	for _, s := range page.Find(".console-list h2[id]").EachIter() {
		order = append(order, s.AttrOr("id", ""))
	}
	assert.Equal(t, []string{"waiting", "waiting-room", "on-shift"}, order)

	page = esp.get("/console")
	assert.Zero(t, page.Find("#waiting-room").Length(), "an ESP sees the one offer made to them")
	assert.NotContains(t, page.Body, "il lavoro")
	page = admin.get("/shifts")
	assert.Contains(t, page.text(".shifts-waiting"), "meno di cinque")
	assert.NotContains(t, page.Body, "Airone")
	for _, alias := range []string{"Gabbiano", "Rondine", "Merlo", "Cicogna"} {
		require.Equal(t, http.StatusSeeOther, st.guest(t, alias).post("/waiting", "topic", "altro").StatusCode)
	}
	assert.Contains(t, admin.get("/shifts").text(".shifts-waiting"), "Aspettano 5 persone.")
	assert.Zero(t, tutor.get("/shifts").Find(".shifts-waiting").Length(), "tutors have their console")
}

func TestConsoleGuard(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	for role, b := range oneOfEach(t, st) {
		want := http.StatusForbidden
		switch role {
		case account.RoleVisitor:
			want = http.StatusSeeOther
		case account.RoleESP, account.RoleSenior, account.RoleTutor:
			want = http.StatusOK
		default:
		}
		assert.Equal(t, want, b.get("/console").StatusCode, role)
	}
}

// TestReportStory is a report from its form to what author and reporter are told, without a script.
// TestReportHardToRead: who opens a case chooses when to read what triage calls grave, and sees how much they have opened.
func TestReportHardToRead(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	ctx := t.Context()
	category, err := st.Forum.CreateCategory(ctx, account.System(st.service), forum.NewCategory{Slug: "piazza", Audience: forum.ForMembers, Title: "Piazza"})
	require.NoError(t, err)
	require.NoError(t, st.Forum.AssignModerator(ctx, people.admin, category, people.esp.ID))
	author, asReader := st.member(t, "Nuvola"), st.signedIn(t, st.member(t, "Pioggia").ID)
	asESP, asTutor := st.signedIn(t, people.esp.ID), st.signedIn(t, people.tutor.ID)
	post, err := st.Forum.OpenThread(ctx, author, forum.NewThread{Category: "piazza", Title: "Aiuto", Text: "Voglio morire, ho preso le pillole.", CID: strings.ReplaceAll(uuid.NewString(), "-", "")})
	require.NoError(t, err)
	require.Equal(t, http.StatusSeeOther, asReader.post("/report/post/"+post.Post.String(), "reason", "danger").StatusCode)

	page := asESP.get("/moderation")
	assert.NotContains(t, page.text("main"), "hai aperto")
	page = asESP.get(page.Find(".queue a").AttrOr("href", ""))
	assert.Contains(t, page.Find("details:not([open]) blockquote").Text(), "pillole")
	assert.Contains(t, asESP.get("/moderation").text("main"), "hai aperto un'allerta o segnalazione")
	assert.NotContains(t, asTutor.get("/moderation").text("main"), "hai aperto", "it is for them alone")
}

func TestReportStory(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	ctx := t.Context()
	category, err := st.Forum.CreateCategory(ctx, account.System(st.service), forum.NewCategory{Slug: "piazza", Audience: forum.ForMembers, Title: "Piazza"})
	require.NoError(t, err)
	require.NoError(t, st.Forum.AssignModerator(ctx, people.admin, category, people.esp.ID))
	author, reader := st.member(t, "Nuvola"), st.member(t, "Pioggia")
	post, err := st.Forum.OpenThread(ctx, author, forum.NewThread{Category: "piazza", Title: "Una discussione", Text: "Sei proprio uno stupido.", CID: strings.ReplaceAll(uuid.NewString(), "-", "")})
	require.NoError(t, err)
	url := "/report/post/" + post.Post.String()
	asAuthor, asReader, asESP, asTutor := st.signedIn(t, author.ID), st.signedIn(t, reader.ID), st.signedIn(t, people.esp.ID), st.signedIn(t, people.tutor.ID)

	assert.Equal(t, http.StatusNotFound, st.guest(t, "Gabbiano").get(url).StatusCode, "guests do not read the forum")
	assert.Equal(t, http.StatusNotFound, asReader.get("/report/post/"+uuid.NewString()).StatusCode)
	assert.Equal(t, http.StatusNotFound, asReader.get("/report/thing/"+post.Post.String()).StatusCode)
	page := asReader.get(url)
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Equal(t, len(moderation.Reasons()), page.Find("input[name=reason]").Length())
	page = asReader.post(url, "note", "Mi ha offeso.")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Contains(t, page.Find("textarea[name=note]").Text(), "Mi ha offeso.")
	assert.Equal(t, http.StatusConflict, asAuthor.post(url, "reason", "harassment").StatusCode)
	require.Equal(t, http.StatusSeeOther, asReader.post(url, "reason", "harassment", "note", "Mi ha offeso.").StatusCode)

	page = asESP.get("/moderation")
	require.Equal(t, 1, page.Find(".queue .alert").Length())
	link := page.Find(".queue a").AttrOr("href", "")
	page = st.signedIn(t, people.admin.ID).get("/moderation")
	assert.Equal(t, http.StatusOK, page.StatusCode)
	assert.Zero(t, page.Find(".queue").Length(), "an admin sees how many, nothing of what")
	assert.Equal(t, http.StatusForbidden, asReader.get("/moderation").StatusCode)
	for _, b := range []*browser{asAuthor, asReader, st.signedIn(t, people.admin.ID)} {
		assert.Equal(t, http.StatusNotFound, b.get(link).StatusCode)
		assert.Equal(t, http.StatusNotFound, b.post(link+"/decide", "decision", "none").StatusCode)
	}

	page = asESP.get(link)
	assert.Contains(t, page.text("blockquote"), "stupido")
	assert.Zero(t, page.Find("details blockquote").Length(), "what is not hard to read is not folded")
	assert.Contains(t, page.text(".causes"), "Mi ha offeso.")
	assert.NotContains(t, page.Body, "Pioggia", "never who reported")
	assert.Zero(t, page.Find("textarea[name=statement]").Length(), "first it is claimed")
	late := asESP.post(link+"/decide", "decision", "none", "statement", "Parole pensate a lungo.")
	assert.Equal(t, http.StatusUnprocessableEntity, late.StatusCode)
	assert.Contains(t, late.text("main"), "Parole pensate a lungo.", "what was written is not lost over it")
	require.Equal(t, http.StatusSeeOther, asESP.post(link+"/claim").StatusCode)
	require.Equal(t, http.StatusSeeOther, asTutor.post(link+"/claim").StatusCode)
	assert.Contains(t, asTutor.get(link).text(".notice"), "un'altra persona", "who comes second is told so on the page")
	assert.Equal(t, http.StatusUnprocessableEntity, asTutor.post(link+"/decide", "decision", "none").StatusCode)

	page = asESP.post(link+"/decide", "decision", "hide")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, "#statement", page.Find(".error-summary a").AttrOr("href", ""))
	require.Equal(t, http.StatusSeeOther, asESP.post(link+"/decide", "decision", "hide", "statement", "Offende un'altra persona.").StatusCode)
	assert.Equal(t, http.StatusUnprocessableEntity, asESP.post(link+"/decide", "decision", "none").StatusCode)

	page = asAuthor.get("/notices")
	assert.Contains(t, page.text(".written"), "Offende un'altra persona.")
	assert.Equal(t, 1, page.Find(".alert-open").Length(), "new")
	assert.Zero(t, asAuthor.get("/notices").Find(".alert-open").Length(), "seen")
	page = asReader.get("/notices")
	assert.Contains(t, page.text(".notices"), "Abbiamo nascosto il messaggio che hai segnalato")
	assert.NotContains(t, page.Body, "Offende", "the reasons are for the author")
	assert.Zero(t, page.Find(".notices a").Length(), "what one may no more read is not pointed at")

	// The author asks that somebody else reads it again; who decided first does not find it.
	page = asAuthor.get("/notices")
	ask := page.Find(".notices a[href^='/appeal/']").AttrOr("href", "")
	require.NotEmpty(t, ask)
	for _, b := range []*browser{asReader, asESP, asTutor, st.guest(t, "Passero")} {
		assert.Contains(t, []int{http.StatusNotFound, http.StatusForbidden}, b.get(ask).StatusCode)
		assert.Contains(t, []int{http.StatusNotFound, http.StatusForbidden}, b.post(ask, "text", "Rivedete.").StatusCode)
	}
	page = asAuthor.post(ask, "text", "  ")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, []string{"text"}, page.mistakes(t))
	assert.Equal(t, "/notices?done=appealed", asAuthor.post(ask, "text", "Lo dicevo a me.").Header.Get("Location"))
	assert.Equal(t, http.StatusConflict, asAuthor.get(ask).StatusCode, "once")
	assert.Contains(t, asAuthor.get("/notices").text(".notices"), "Hai chiesto che qualcun altro lo rilegga")
	assert.Zero(t, asESP.get("/moderation").Find(".queue .alert").Length())
	page = asTutor.get("/moderation")
	assert.Contains(t, page.text(".queue"), "Richiesta di rileggere")
	assert.NotContains(t, page.Body, "Lo dicevo a me", "to read is to open it")
	link = page.Find(".queue a").AttrOr("href", "")
	assert.Equal(t, http.StatusNotFound, asESP.get(link).StatusCode)
	page = asTutor.get(link)
	assert.Contains(t, page.text("main"), "Lo dicevo a me.")
	assert.Contains(t, page.text("main"), "Offende un'altra persona.")
	require.Equal(t, http.StatusSeeOther, asTutor.post(link+"/claim").StatusCode)
	assert.Contains(t, asTutor.get(link).text("form"), "Torna visibile")
	require.Equal(t, http.StatusSeeOther, asTutor.post(link+"/decide", "decision", "none").StatusCode)
	assert.Contains(t, asAuthor.get("/notices").text(".notices"), "la decisione non vale più")
	assert.Contains(t, asReader.get("/notices").text(".notices"), "è di nuovo visibile")
	assert.Contains(t, asReader.get("/forum/threads/"+post.Thread.String()).Body, "stupido")
	assert.NotContains(t, st.log.String(), "offeso")
	assert.NotContains(t, st.log.String(), "dicevo")
}

// TestSanctionStory: a tutor keeps a member from writing, then out; what they wrote is kept in the form, they are told why and for how long, and
// it takes two tutors for more. Without a script.
func TestSanctionStory(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	ctx := t.Context()
	_, err := st.Forum.CreateCategory(ctx, account.System(st.service), forum.NewCategory{Slug: "piazza", Audience: forum.ForMembers, Title: "Piazza"})
	require.NoError(t, err)
	author, reader := st.member(t, "Nuvola"), st.member(t, "Pioggia")
	asAuthor, asReader, asTutor, asESP := st.signedIn(t, author.ID), st.signedIn(t, reader.ID), st.signedIn(t, people.tutor.ID), st.signedIn(t, people.esp.ID)
	var thread string
	report := func(text string) (link string) {
		t.Helper()
		post, err := st.Forum.OpenThread(ctx, author, forum.NewThread{Category: "piazza", Title: "Una discussione", Text: text, CID: strings.ReplaceAll(uuid.NewString(), "-", "")})
		require.NoError(t, err)
		thread = "/forum/threads/" + post.Thread.String()
		require.Equal(t, http.StatusSeeOther, asReader.post("/report/post/"+post.Post.String(), "reason", "harassment").StatusCode)
		link = asTutor.get("/moderation").Find(".queue a").Last().AttrOr("href", "")
		require.Equal(t, http.StatusSeeOther, asTutor.post(link+"/claim").StatusCode)
		return link
	}
	link := report("Sei proprio uno stupido.")
	page := asTutor.get(link)
	assert.Equal(t, 4, page.Find("input[name=sanction]").Length())
	assert.Equal(t, "", page.Find("input[name=sanction][checked]").AttrOr("value", "none is chosen"), "nothing is the choice until another is made")
	page = asTutor.post(link+"/decide", "decision", "none", "sanction", "mute")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, []string{"statement"}, page.mistakes(t))
	assert.Equal(t, "mute", page.Find("input[name=sanction][checked]").AttrOr("value", ""), "what was chosen is kept")
	second := report("E anche brutto.")
	require.Equal(t, http.StatusSeeOther, asTutor.post(link+"/decide", "decision", "none", "sanction", "mute", "statement", "Offende chi scrive.").StatusCode)

	page = asAuthor.post(thread+"/posts", "cid", strings.Repeat("a", 22), "text", "Non ho finito.")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Contains(t, page.text(".error-summary"), "Ore che mancano: 24")
	assert.Equal(t, "Non ho finito.", page.text("textarea[name=text]"))
	page = asAuthor.get("/notices")
	assert.Contains(t, page.text(".notices"), "Per un giorno non scrivi nel forum")
	assert.Contains(t, page.text(".written"), "Offende chi scrive.")
	assert.Equal(t, http.StatusOK, asAuthor.get("/waiting").StatusCode, "they may always talk with somebody")
	assert.Contains(t, asTutor.get("/moderation").text(".in-force"), "Nuvola")
	assert.Zero(t, asESP.get("/moderation").Find(".in-force").Length())
	for _, b := range []*browser{asAuthor, asReader, asESP, st.signedIn(t, people.admin.ID), st.guest(t, "Gabbiano"), st.browser(t)} {
		for _, act := range []string{"/lift", "/exclude", "/readmit"} {
			assert.NotContains(t, []int{http.StatusOK, http.StatusInternalServerError}, b.post(link+act).StatusCode)
		}
	}
	assert.Contains(t, asTutor.get("/moderation").text(".in-force"), "Nuvola", "none of them lifted it")

	require.Equal(t, http.StatusSeeOther, asTutor.post(second+"/decide", "decision", "hide", "sanction", "ban", "statement", "Continua.").StatusCode)
	assert.Equal(t, "/sign-in?next=%2Fnotices", asAuthor.get("/notices").Header.Get("Location"), "out at once")
	page = asAuthor.post("/sign-in", "alias", "Nuvola", "password", staffPassword)
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Contains(t, page.text(".error-summary"), "Ore che mancano: 24")
	assert.Equal(t, "/moderation?done=second_awaited", asTutor.post(second+"/exclude").Header.Get("Location"))
	assert.Equal(t, "/moderation?done=second_awaited", asTutor.post(second+"/exclude").Header.Get("Location"))
	assert.Contains(t, asTutor.get("/moderation").text(".in-force"), "serve il sì di un altro")
	require.Equal(t, "/moderation?done=sanction_lifted", asTutor.post(second+"/lift").Header.Get("Location"))
	assert.Equal(t, http.StatusConflict, asTutor.post(second+"/lift").StatusCode)
	require.Equal(t, http.StatusSeeOther, asAuthor.post("/sign-in", "alias", "Nuvola", "password", staffPassword).StatusCode)
	page = asAuthor.get("/notices")
	assert.Contains(t, page.text(".notices"), "Il messaggio è nascosto")
	assert.Contains(t, page.text(".notices"), "finita prima")
	assert.NotContains(t, asReader.get("/notices").Body, "Continua", "what follows for somebody is theirs to know")
	assert.NotContains(t, st.log.String(), "Offende")
	assert.NotContains(t, st.log.String(), "Nuvola")
}
