package e2e

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mxschmitt/playwright-go"
	"github.com/stretchr/testify/require"

	"ponti/internal/history"
)

// scene is a service in the middle of its day, and who is looking at it. Its paths have something to show.
type scene struct {
	at     *instance
	people map[string]*browser // by how the tables below call them
	values map[string]string   // what stands for {room} and so on
}

// everyone who looks at pages, and who they are.
var everyone = map[string]string{
	"visitor": "", "guest": "", "waiting": "", "ended": "", "member": "Girasole", "author": "Vento di lago", "family": "Zia Pina", "esp": "Marta",
	"offered": "Nico", "senior": "Sara", "tutor": "Tommaso", "admin": "Amelia", "auditor": "Rocco",
}

// pages is every page that answers GET, who sees it and with which values. Values in braces come from the scene.
// A pattern that the route table has and this one has not fails TestPages, and the other way about.
var pages = []struct {
	pattern string
	as      string
	paths   []string // the pattern itself when there are none
}{
	{"/{$}", "visitor guest member family esp senior tutor admin auditor", []string{"/"}},
	{"/numbers", "visitor member", nil},
	{"/how-it-works", "visitor", nil},
	{"/privacy", "visitor tutor", nil},
	{"/leaving", "visitor member", []string{"/leaving?to=https%3A%2F%2Fwww.iss.it%2Fsalute-mentale"}},
	{"/accessibility", "visitor", nil},
	{"/offline", "visitor", nil},
	{"/enter", "visitor member", nil},
	{"/sign-up", "visitor", nil},
	{"/sign-in", "visitor", nil},
	{"/recover", "visitor", nil},
	{"/come-back", "visitor", nil},
	{"/first-admin", "visitor", nil},
	{"/invitation/{token}", "visitor", nil},
	{"/access", "guest member family esp senior tutor admin auditor", nil},
	{"/access/erase", "guest member", nil},
	{"/people", "tutor admin", nil},
	{"/service", "admin auditor", nil},
	{"/shifts", "esp senior tutor admin", nil},
	{"/waiting", "waiting member family", nil},
	{"/rooms", "guest ended member esp tutor", nil},
	{"/rooms/{room}", "guest esp tutor", []string{"/rooms/{room}"}},
	{"/rooms/{room}", "ended", []string{"/rooms/{ended}"}},
	{"/rooms/{room}/end", "guest esp", nil},
	{"/rooms/{room}/report", "guest esp", nil},
	{"/rooms/{room}/hand-over", "esp", nil},
	{"/rooms/{room}/block", "esp", nil},
	{"/rooms/{room}/messages/{seq}/edit", "guest", []string{"/rooms/{room}/messages/1/edit"}},
	{"/rooms/{room}/help", "guest", nil},
	{"/rooms/{room}/erase", "ended", []string{"/rooms/{ended}/erase"}},
	{"/desk", "esp offered senior", nil},
	{"/forum", "member family esp senior tutor", nil},
	{"/forum/search", "member esp", []string{"/forum/search", "/forum/search?q=giornata", "/forum/search?q=qzwxqz&order=new"}},
	{"/forum/questions", "esp tutor", nil},
	{"/forum/events", "member esp tutor", nil},
	{"/forum/categories/{slug}/new-event", "esp", []string{"/forum/categories/giorno-per-giorno/new-event"}},
	{"/forum/threads/{thread}", "member family esp", []string{"/forum/threads/{event}"}},
	{"/forum/threads/{thread}/event", "esp tutor", []string{"/forum/threads/{event}/event"}},
	{"/forum/threads/{thread}/cancel", "esp tutor", []string{"/forum/threads/{event}/cancel"}},
	{"/forum/categories/{slug}/new-round", "esp", []string{"/forum/categories/giorno-per-giorno/new-round"}},
	{"/forum/threads/{thread}", "member family esp", []string{"/forum/threads/{round}", "/forum/threads/{stood}"}},
	{"/forum/threads/{thread}/stand", "member", []string{"/forum/threads/{stood}/stand"}},
	{"/forum/threads/{thread}/ballots/{ballot}", "author esp", []string{"/forum/threads/{round}/ballots/{ballot}"}},
	{"/forum/threads/{thread}/new-ballot", "member", []string{"/forum/threads/{round}/new-ballot"}},
	{"/forum/threads/{thread}/agenda", "member", []string{"/forum/threads/{round}/agenda"}},
	{"/forum/threads/{thread}/minutes", "member", []string{"/forum/threads/{round}/minutes"}},
	{"/forum/threads/{thread}/run", "member", []string{"/forum/threads/{round}/run"}},
	{"/forum/threads/{thread}/election", "esp", []string{"/forum/threads/{stuck}/election"}},
	{"/forum/categories/{slug}", "member esp tutor", []string{"/forum/categories/giorno-per-giorno", "/forum/categories/giorno-per-giorno?kind=question"}},
	{"/forum/categories/{slug}", "family", []string{"/forum/categories/familiari"}},
	{"/forum/categories/{slug}", "senior", []string{"/forum/categories/tra-di-noi"}},
	{"/forum/categories/{slug}/rules", "esp admin", []string{"/forum/categories/giorno-per-giorno/rules"}},
	{"/forum/categories/{slug}/new", "member", []string{"/forum/categories/benvenuti/new"}},
	{"/forum/categories/{slug}/new", "tutor", []string{"/forum/categories/benvenuti/new?kind=publication"}},
	{"/forum/threads/{thread}", "author member esp", nil},
	{"/forum/threads/{thread}", "member", []string{"/forum/threads/{asked}", "/forum/threads/{story}", "/forum/threads/{article}"}},
	{"/forum/threads/{thread}/lock", "tutor", nil},
	{"/forum/threads/{thread}/move", "tutor", nil},
	{"/forum/threads/{thread}/merge", "tutor", nil},
	{"/forum/threads/{thread}/split", "tutor", []string{"/forum/threads/{thread}/split", "/forum/threads/{asked}/split?step=title&chosen=2-"}},
	{"/forum/threads/{thread}/unmerge", "tutor", nil},
	{"/forum/threads/{thread}/reply", "member", nil},
	{"/information", "visitor member", []string{"/information", "/information?province=Lago+di+Prova"}},
	{"/information/{slug}", "visitor", []string{"/information/chi-e-un-esp", "/information/centro-diurno-la-riva"}},
	{"/prepared", "admin", nil},
	{"/prepared/{text}/edit", "admin", []string{"/prepared/{text}/edit"}},
	{"/pages", "admin", nil},
	{"/pages/new", "admin", nil},
	{"/pages/{page}/edit", "admin", []string{"/pages/{page}/edit"}},
	{"/categories", "admin", nil},
	{"/categories/proposals/new", "admin", nil},
	{"/categories/proposals/{proposal}", "admin", []string{"/categories/proposals/{proposal}", "/categories/proposals/{archiving}"}},
	{"/categories/{slug}", "admin", []string{"/categories/giorno-per-giorno", "/categories/familiari"}},
	{"/forum/drafts", "member author", nil},
	{"/forum/held/{post}", "author esp", []string{"/forum/held/{held}"}},
	{"/forum/held/{post}", "author tutor", []string{"/forum/held/{told}"}},
	{"/forum/held/{post}/edit", "author", []string{"/forum/held/{told}/edit"}},
	{"/forum/held/{post}/withdraw", "author", []string{"/forum/held/{held}/withdraw"}},
	{"/forum/posts/{post}", "member", nil},
	{"/forum/posts/{post}/history", "member esp", []string{"/forum/posts/{own}/history"}},
	{"/forum/posts/{post}/notes", "tutor", []string{"/forum/posts/{post}/notes"}},
	{"/forum/posts/{post}/reactions", "member", []string{"/forum/posts/{post}/reactions"}},
	{"/forum/posts/{post}/mute", "member", []string{"/forum/posts/{post}/mute"}},
	{"/forum/filters", "member", nil},
	{"/forum/digest", "member esp", nil},
	{"/digest/confirm/{token}", "visitor", nil},
	{"/digest/leave/{token}", "visitor member", nil},
	{"/forum/posts/{post}/edit", "member", []string{"/forum/posts/{own}/edit"}},
	{"/forum/posts/{post}/delete", "member", []string{"/forum/posts/{own}/delete"}},
	{"/reach", "tutor esp", nil},
	{"/policy", "tutor auditor", nil},
	{"/rules", "tutor auditor", []string{"/rules", "/rules?q=morire"}},
	{"/rules/section", "tutor", []string{"/rules/section", "/rules/section?key=it%2Fsuicide%3Arule+it.suicide.want_die"}},
	{"/rules/try", "tutor auditor", nil},
	{"/register", "tutor auditor", nil},
	{"/statistics", "tutor admin auditor", nil},
	{"/proof", "admin auditor", nil},
	{"/console", "esp senior tutor", nil},
	{"/console/{escalation}", "tutor", nil},
	{"/whispers/{room}", "tutor", nil},
	{"/moderation", "esp senior tutor admin", nil},
	{"/moderation/{case}", "esp senior tutor", nil},
	{"/report/{kind}/{id...}", "member", []string{"/report/post/{post}"}},
	{"/reported", "member", nil},
	{"/notices", "author member family", nil},
	{"/appeal/{case}", "author", []string{"/appeal/{hidden}"}},
}

// machines is what answers GET and is no page, with an example.
var machines = map[string]string{
	"/assets/{path...}": "", "/favicon.ico": "/favicon.ico", "/robots.txt": "/robots.txt", "/sitemap.xml": "/sitemap.xml", "/healthz": "/healthz", "/push.js": "/push.js", "/turn.js": "/turn.js", "/digest.js": "/digest.js", "/readyz": "/readyz",
	"/calendar/{token}": "", "/forum/threads/{thread}/event.ics": "",
	"/exit": "/exit", // where the quick exit leads without a script: nothing is to be seen, and must not be
}

// TestPages holds every page, as everybody who may see it, to what every page owes: no violation that axe-core finds, in light
// and dark, wide and narrow; nothing the browser complains of; 112 and the quick exit within reach; its language said; and no
// scrolling sideways on the smallest telephone.
func TestPages(t *testing.T) {
	t.Parallel()
	table := map[string]bool{}
	for _, p := range pages {
		table[p.pattern] = true
	}
	for pattern := range machines {
		table[pattern] = true
	}
	require.ElementsMatch(t, routes(t), slices.Collect(maps.Keys(table)), "the route table against the pages looked at")

	c := newCluster(t, 1, func(in *instance) { in.env = append(in.env, "PONTI_LIMIT_FACTOR=10") }) // all look at once, from one address
	s := newScene(t, c)
	ch := newChromium(t)
	// Everybody looks at the same time, so that the last one does not find a day that is over.
	t.Run("everybody", func(t *testing.T) {
		for _, who := range slices.Sorted(maps.Keys(everyone)) {
			t.Run(who, func(t *testing.T) {
				t.Parallel()
				w := s.look(t, ch, who, manner{})
				for _, p := range pages {
					if !slices.Contains(strings.Fields(p.as), who) {
						continue
					}
					paths := p.paths
					if paths == nil {
						paths = []string{p.pattern}
					}
					for _, path := range paths {
						w.visit(s.path(t, path))
						w.inspect(who + strings.ReplaceAll(path, "/", "-"))
					}
				}
			})
		}
		t.Run("English", func(t *testing.T) {
			t.Parallel()
			w := s.look(t, ch, "visitor", manner{language: "en"})
			for _, path := range []string{"/", "/numbers", "/how-it-works", "/privacy", "/enter", "/sign-up", "/sign-in"} {
				w.visit(path)
				w.inspect("en" + strings.ReplaceAll(path, "/", "-"))
			}
			w.enter()
			w.inspect("en-waiting")
		})
		t.Run("mistakes", func(t *testing.T) {
			t.Parallel()
			s.mistakes(t, ch)
		})
		t.Run("language", func(t *testing.T) {
			t.Parallel()
			w := s.look(t, ch, "family", manner{width: 360})
			w.visit("/forum")
			w.button("English").click()
			w.find(`html[lang="en"] h1`).reads(catalogue()["en"]["forum.title"])
			require.Equal(t, "/forum", w.path(), "one stays where one was")
		})
	})
	t.Run("machines", func(t *testing.T) {
		for _, path := range machines {
			if path != "" {
				p, err := newBrowser(s.at, "localhost").get(path)
				require.NoError(t, err)
				p.expect(t, http.StatusOK)
			}
		}
	})
	t.Run("without PostgreSQL", func(t *testing.T) {
		visitor, member := s.look(t, ch, "visitor", manner{}), s.look(t, ch, "member", manner{})
		c.killPostgres()
		t.Cleanup(c.startPostgres)
		for _, w := range []*window{visitor, member} {
			w.forgive("status of 503")
			for _, path := range map[string][]string{"visitor": {"/", "/numbers"}, "member": {"/", "/waiting", "/forum"}}[w.name] {
				_, err := w.Goto(path)
				require.NoError(t, err)
				w.find(`main a[href="tel:112"]`).first().seen()
				w.find(`main a[href="tel:0223272327"]`).first().seen()
				w.inspect("down-" + w.name + strings.ReplaceAll(path, "/", "-"))
			}
		}
	})
}

// mistakes are forms that came back and pages that are not there.
func (s *scene) mistakes(t *testing.T, ch *chromium) {
	w := s.look(t, ch, "visitor", manner{})
	w.forgive("status of 4(22|04|01|03)")
	for path, submit := range map[string]string{"/enter": "account.go_on", "/sign-in": "account.sign_in_go", "/sign-up": "account.sign_up_go", "/recover": "account.recover_go"} {
		w.visit(path)
		w.ask(`() => { for (const f of document.forms) f.noValidate = true; }`) // as browsers that do not check
		w.button(w.text(submit)).click()
		w.find(".error-summary").focused()
		if mistake := w.find(".error-summary a").first(); path != "/sign-in" { // which does not tell what of the two is wrong
			mistake.click()
			require.Contains(t, []any{"INPUT", "FIELDSET", "DIV"}, w.ask("() => document.querySelector(location.hash).tagName"), "%s: the summary leads to the field", path)
		}
		w.inspect("mistake" + strings.ReplaceAll(path, "/", "-"))
	}
	for _, path := range []string{"/no-such-page", "/rooms/" + s.values["room"], "/desk"} {
		_, err := w.Goto(path)
		require.NoError(t, err)
		w.inspect("error" + regexp.MustCompile(`/[0-9a-f-]{36}`).ReplaceAllString(path, "-room"))
	}
	m := s.look(t, ch, "member", manner{})
	m.forgive("status of 4(22|04|03)")
	m.visit("/forum/categories/benvenuti/new")
	m.field(m.text("forum.title_label")).fill("Si")
	m.button(m.text("forum.publish")).click()
	m.find(".error-summary").focused()
	m.inspect("mistake-forum-new")
	for _, path := range []string{"/desk", "/forum/threads/00000000-0000-0000-0000-000000000000"} {
		_, err := m.Goto(path)
		require.NoError(t, err)
		m.inspect("error-member" + strings.ReplaceAll(path, "/", "-"))
	}
}

// routes are the patterns that answer GET.
func routes(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("../web/routes.go")
	require.NoError(t, err)
	var list []string
	for _, m := range regexp.MustCompile(`\{"GET ([^"]+)"`).FindAllStringSubmatch(string(raw), -1) {
		list = append(list, m[1])
	}
	if i := slices.Index(list, "/live"); i >= 0 { // the socket
		list = slices.Delete(list, i, i+1)
	}
	require.Greater(t, len(list), 40)
	return list
}

// path puts the scene's values into a path.
func (s *scene) path(t *testing.T, pattern string) string {
	t.Helper()
	return regexp.MustCompile(`\{\w+\}`).ReplaceAllStringFunc(pattern, func(name string) string {
		v, ok := s.values[strings.Trim(name, "{}")]
		require.True(t, ok, "the scene has no %s", name)
		return v
	})
}

// look opens a window that is signed in as somebody of the scene.
func (s *scene) look(t *testing.T, ch *chromium, who string, m manner) *window {
	t.Helper()
	w := ch.open(t, who, s.at, m)
	if b := s.people[who]; b != nil {
		origin, err := url.Parse(b.origin())
		require.NoError(t, err)
		var cookies []playwright.OptionalCookie
		for _, c := range b.client.Jar.Cookies(origin) {
			cookies = append(cookies, playwright.OptionalCookie{Name: c.Name, Value: c.Value, URL: new(origin.String())})
		}
		require.NotEmpty(t, cookies)
		require.NoError(t, w.Context().AddCookies(cookies))
	}
	return w
}

// inspect holds the page to what every page owes. name is for pictures.
func (w *window) inspect(name string) {
	w.t.Helper()
	w.owes()
	w.accessible()
	w.picture(name + "-1280-light")
	w.light(false)
	if os.Getenv("PONTI_E2E_SHOTS") != "" {
		w.picture(name + "-1280-dark")
	}
	require.NoError(w.t, w.SetViewportSize(360, 740))
	w.owes()
	w.accessible()
	w.picture(name + "-360-dark")
	w.light(true)
	if os.Getenv("PONTI_E2E_SHOTS") != "" {
		w.picture(name + "-360-light")
	}
	require.NoError(w.t, w.SetViewportSize(320, 640))
	w.owes()
	require.NoError(w.t, w.SetViewportSize(1280, 800))
	w.quiet()
}

func (w *window) light(light bool) {
	w.t.Helper()
	scheme := playwright.ColorSchemeDark
	if light {
		scheme = playwright.ColorSchemeLight
	}
	require.NoError(w.t, w.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: scheme}))
}

// owes checks what needs no checker: the language, the way out, the number, and the width.
func (w *window) owes() {
	w.t.Helper()
	faults, said := w.ask(`(language) => {
		const faults = [];
		const root = document.documentElement;
		if (root.lang !== language) faults.push("its language is " + root.lang);
		if (!document.title.trim()) faults.push("it has no title");
		const big = (element, least) => { const r = element?.getBoundingClientRect(); return r && r.width >= least && r.height >= least && getComputedStyle(element).visibility === "visible"; };
		if (!big(document.querySelector("form[action='/exit'] button"), 44)) faults.push("the quick exit is missing or smaller than 44 pixels");
		if (![...document.querySelectorAll("a[href='tel:112']")].some((a) => big(a, 24))) faults.push("112 cannot be called");
		const over = root.scrollWidth - innerWidth;
		if (over > 0) {
			const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3);
			faults.push("at " + innerWidth + " pixels it scrolls sideways by " + over + ": " + wide.map((e) => e.outerHTML.slice(0, 120)).join(" | "));
		}
		return faults.join("; ");
	}`, w.language).(string)
	require.True(w.t, said, "the page did not answer")
	if faults != "" {
		w.t.Errorf("%s, at %s: %s", w.name, w.path(), faults)
	}
}

// newScene makes a day with something on every page: a conversation with a crisis in it, one that is over, somebody who waits and
// is offered, somebody behind them, reports read and unread, an invitation.
func newScene(t *testing.T, c *cluster) *scene {
	t.Helper()
	at := c.instances[0]
	s := &scene{at: at, people: map[string]*browser{}, values: map[string]string{}}
	for who, alias := range everyone {
		if alias != "" {
			s.people[who] = signIn(t, at, "localhost", alias)
		}
	}
	goOn(t, s.people["tutor"])
	openDevice(t, s.people["tutor"], "Tommaso", &history.History{}, "", places(at), "console")
	goOn(t, s.people["esp"])
	openDevice(t, s.people["esp"], "Marta", &history.History{}, "", places(at), "desk")

	// One conversation is over, one has reached a crisis.
	s.people["ended"] = enter(t, at)
	ask(t, s.people["ended"])
	s.values["ended"] = accept(t, s.people["esp"])
	s.people["ended"].post(t, s.values["ended"], "Grazie, adesso va meglio")
	leave(t, s.people["esp"], s.values["ended"])
	s.people["guest"] = enter(t, at)
	ask(t, s.people["guest"])
	room := accept(t, s.people["esp"])
	s.values["room"] = room
	long := "Da quando ho smesso di lavorare le giornate sono tutte uguali e la notte non finisce mai. " + strings.Repeat("Precipitevolissimevolmente", 6) +
		"\n\nNon so se si capisce quello che voglio dire:\n- mi alzo\n- aspetto\n- torno a letto"
	s.people["guest"].post(t, room, long)
	s.people["esp"].post(t, room, "Si capisce benissimo. "+strings.Repeat("Anche per me le mattine erano la parte più lunga del giorno. ", 5))
	s.people["guest"].post(t, room, "Grazie")
	s.people["guest"].post(t, room, crisisSentence)
	s.people["esp"].open(t, "/rooms/"+room).form(t, "#whispers form").fill(t, "whisper", "Ho paura di dire la cosa sbagliata. "+strings.Repeat("Precipitevolissimevolmente", 6)).submit(t)
	var alert string
	require.NoError(t, within(patience, func() error { // a worker leads it to the tutor
		if alert = s.people["tutor"].open(t, "/console").doc.Find(".alert-crisis a").AttrOr("href", ""); alert == "" {
			return errNotYet
		}
		return nil
	}), "no alert on the console")
	s.values["escalation"] = path.Base(alert)

	// Two wait; the first is offered to the ESP who has just come.
	for _, who := range []string{"first", "waiting"} {
		s.people[who] = enter(t, at)
		ask(t, s.people[who])
	}
	goOn(t, s.people["offered"])
	openDevice(t, s.people["offered"], "Nico", &history.History{}, "", places(at), "desk")
	offered(t, s.people["offered"])

	// Two posts are reported; one is hidden, one waits in the hands of an ESP.
	member, author, esp := s.people["member"], s.people["author"], s.people["esp"]
	s.people["admin"].holds(t, "0")
	hidden := author.opens(t, "Un titolo piuttosto lungo per vedere come va a capo su un telefono piccolo", "Il numero della mia vicina è 333 1234567")
	welcome := member.open(t, "/forum/categories/benvenuti").href(t, ".threads .thread:first-child a")
	own := member.opens(t, "Buongiorno a tutti", "Una riga mia, la prima.")
	member.open(t, welcome).form(t, ".forum-form").fill(t, "text", "Volevo dire che anche per me la mattina è il momento peggiore, e che").to(t, "/forum/drafts").submit(t)
	s.values["own"] = path.Base(path.Dir(member.open(t, own).href(t, `.post-actions a[href$="/edit"]`)))
	s.values["thread"], s.values["asked"] = path.Base(hidden), path.Base(own)
	esp.open(t, own).form(t, ".forum-form").fill(t, "text", "Buongiorno a te. Come è andata la notte?").submit(t)
	member.open(t, own).form(t, `form[action$="/answer"]`).submit(t)
	for name, kind := range map[string]string{"story": "story", "article": "publication"} {
		s.values[name] = path.Base(member.open(t, "/forum/categories/giorno-per-giorno?kind="+kind).href(t, ".threads .thread:first-child a"))
	}
	s.values["told"] = path.Base(author.open(t, "/forum/categories/giorno-per-giorno/new?kind=story").form(t, ".forum-form").fill(t, "title", "Le mattine, un anno dopo").fill(t, "text", "Un anno fa non uscivo.").submit(t).url.Path)
	s.values["event"] = path.Base(esp.plans(t, "Passeggiata al lago, con una parola che non finisce: "+strings.Repeat("precipitevolmente", 3)))
	s.rounds(t, c)
	member.report(t, hidden)
	esp.take(t).form(t, `form[action$="/decide"]`).fill(t, "decision", "hide").fill(t, "statement", "Contiene il telefono di un'altra persona.").submit(t)
	s.values["hidden"] = path.Base(author.open(t, "/notices").href(t, `.notices a[href^="/appeal/"]`))
	s.values["post"] = member.report(t, welcome)
	s.values["case"] = path.Base(esp.take(t).url.Path)
	for range 2 {
		s.people["admin"].open(t, "/prepared").form(t, `form[action="/prepared"]`).fill(t, "title", "Che cosa succede dopo la chat").
			fill(t, "text", "Ci salutiamo con calma. "+strings.Repeat("Precipitevolissimevolmente", 6)).submit(t)
	}
	prepared := s.people["admin"].open(t, "/prepared").href(t, `a[href^="/prepared/"][href$="/edit"]`)
	s.people["admin"].open(t, prepared).form(t, `form[action="`+prepared+`"]`).fill(t, "text", "Ci salutiamo con calma.").submit(t)
	s.values["text"] = path.Base(path.Dir(prepared))
	edit := s.people["admin"].open(t, "/pages").href(t, `a[href^="/pages/"][href$="/edit"]`)
	s.people["admin"].open(t, edit).form(t, `form[action="`+edit+`"]`).submit(t)
	s.values["page"] = path.Base(path.Dir(edit))
	s.proposes(t)
	s.people["admin"].holds(t, "20")
	s.values["held"] = path.Base(author.opens(t, "Una cosa che aspetta", "Qualcuno la legge, poi compare."))

	invited := s.people["admin"].open(t, "/people").form(t, `form[action="/people/invitations"]`).fill(t, "role", "esp").submit(t)
	s.values["token"] = path.Base(invited.text(".once code"))
	return s
}

// href is where the first link that matches leads.
func (p *page) href(t *testing.T, selector string) string {
	t.Helper()
	href, ok := p.doc.Find(selector).First().Attr("href")
	require.True(t, ok, "%s has no %s: %s", p.url.Path, selector, p.text("main"))
	return href
}

// opens opens a thread and returns its path.
func (b *browser) opens(t *testing.T, title, text string) string {
	t.Helper()
	return b.open(t, "/forum/categories/giorno-per-giorno/new").form(t, ".forum-form").fill(t, "title", title).fill(t, "text", text).submit(t).url.Path
}

// report reports the first post of a thread that is not one's own, and returns its id.
func (b *browser) report(t *testing.T, thread string) string {
	t.Helper()
	form := b.open(t, thread).href(t, `.post-actions a[href*="/report/post/"]`)
	b.open(t, form).form(t, `form[action*="/report/"]`).fill(t, "reason", "privacy").fill(t, "note", "È il telefono di una persona vera").submit(t)
	return path.Base(form)
}

// take claims the first case of the queue.
func (b *browser) take(t *testing.T) *page {
	t.Helper()
	return b.open(t, b.open(t, "/moderation").href(t, `.queue a[href*="/moderation/"]`)).form(t, `form[action$="/claim"]`).submit(t)
}

// post writes into a room by its form.
func (b *browser) post(t *testing.T, room, text string) {
	t.Helper()
	b.open(t, "/rooms/"+room).form(t, "form[data-composer]").fill(t, "text", text).submit(t)
}
