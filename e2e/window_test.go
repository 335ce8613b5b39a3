package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mxschmitt/playwright-go"
	"github.com/stretchr/testify/require"
)

// chromium is a real browser that windows of people who know nothing of each other are opened in.
type chromium struct {
	browser playwright.Browser
	expect  playwright.PlaywrightAssertions
	axe     string // the source of the accessibility checker
}

func newChromium(t *testing.T) *chromium {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	require.NotEmpty(t, program, "there is no Chromium in PATH; scripts/install test brings it")
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	require.NoError(t, err, "scripts/install test brings it")
	driver, err := playwright.Run(&playwright.RunOptions{SkipInstallBrowsers: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, driver.Stop()) })
	b, err := driver.Chromium.Launch(playwright.BrowserTypeLaunchOptions{
		ExecutablePath: &program,
		Args: []string{"--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update",
			"--disable-sync", "--no-first-run"},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return &chromium{browser: b, axe: string(axe), expect: playwright.NewPlaywrightAssertions(float64(patience.Milliseconds()))}
}

// leftEarly is what the browser warns of when somebody goes on to the next page while the line is being opened.
const leftEarly = "WebSocket is closed before the connection is established."

// errNotYet is for what is tried again.
var errNotYet = errors.New("not yet")

// manner is how somebody's browser is set up. The zero value is an Italian laptop in daylight.
type manner struct {
	width     int
	language  string // "it" or "en"
	dark      bool
	withoutJS bool
}

// window is one person's browser: cookies, history and page of its own, with the site's own security rules in force.
type window struct {
	playwright.Page
	t        *testing.T
	name     string
	at       *instance
	language string
	chromium *chromium

	mu         sync.Mutex
	complaints []string         // what the browser found wrong; guarded by mu
	forgiven   []*regexp.Regexp // complaints a test brings about itself; guarded by mu
}

// open opens a window at an instance. When the test ends nothing may have been found wrong in it: no error of a script, no
// breach of the content security policy, no request to anybody else.
func (c *chromium) open(t *testing.T, name string, at *instance, m manner) *window {
	t.Helper()
	if m.width == 0 {
		m.width = 1280
	}
	if m.language == "" {
		m.language = "it"
	}
	height := 800
	if m.width < 600 {
		height = 740
	}
	scheme := playwright.ColorSchemeLight
	if m.dark {
		scheme = playwright.ColorSchemeDark
	}
	locale := map[string]string{"it": "it-IT", "en": "en-GB"}[m.language]
	base := "http://localhost:" + at.port()
	ctx, err := c.browser.NewContext(playwright.BrowserNewContextOptions{
		BaseURL: &base, Locale: &locale, TimezoneId: new("Europe/Rome"), ColorScheme: scheme, JavaScriptEnabled: new(!m.withoutJS),
		Viewport: &playwright.Size{Width: m.width, Height: height}, ReducedMotion: playwright.ReducedMotionReduce,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, ctx.Close()) })
	ctx.SetDefaultTimeout(float64(patience.Milliseconds()))
	w := &window{t: t, name: name, at: at, language: m.language, chromium: c}
	ctx.OnConsole(func(m playwright.ConsoleMessage) {
		if m.Type() == "error" || m.Type() == "warning" && !strings.HasSuffix(m.Text(), leftEarly) {
			w.complain(m.Type() + ": " + m.Text())
		}
	})
	ctx.OnWebError(func(e playwright.WebError) { w.complain(e.Error().Error()) })
	ctx.OnRequest(func(r playwright.Request) {
		u, err := url.Parse(r.URL())
		if err != nil || (u.Scheme != "data" && u.Scheme != "about" && u.Scheme != "blob" && !w.ours(u)) {
			w.complain("a request to somebody else: " + r.URL())
		}
	})
	w.Page, err = ctx.NewPage()
	require.NoError(t, err)
	t.Cleanup(w.quiet)
	return w
}

// ours: an address of one of the cluster's instances.
func (w *window) ours(u *url.URL) bool {
	return u.Hostname() == "localhost" && slices.ContainsFunc(w.at.cluster.instances, func(in *instance) bool { return in.port() == u.Port() })
}

func (w *window) complain(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.complaints = append(w.complaints, what)
}

// forgive leaves out complaints that a test brings about itself.
func (w *window) forgive(pattern string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgiven = append(w.forgiven, regexp.MustCompile(pattern))
}

// quiet fails the test when the browser complained, and forgets it.
func (w *window) quiet() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.complaints {
		if !slices.ContainsFunc(w.forgiven, func(re *regexp.Regexp) bool { return re.MatchString(c) }) {
			w.t.Errorf("%s, at %s: %s", w.name, w.URL(), c)
		}
	}
	w.complaints = nil
}

// visit opens a page that must be there.
func (w *window) visit(path string) {
	w.t.Helper()
	res, err := w.Goto(path)
	require.NoError(w.t, err, "%s at %s", w.name, path)
	require.Less(w.t, res.Status(), 400, "%s at %s: %s", w.name, path, w.heading())
}

// find is one thing on the page.
func (w *window) find(selector string) thing { return thing{w, w.Page.Locator(selector), selector} }

// link and button are found as people find them: by their name.
func (w *window) link(name string) thing {
	return thing{w, w.GetByRole("link", playwright.PageGetByRoleOptions{Name: name, Exact: new(true)}), "link " + name}
}

func (w *window) button(name string) thing {
	return thing{w, w.GetByRole("button", playwright.PageGetByRoleOptions{Name: name, Exact: new(true)}), "button " + name}
}

// field is found by its label.
func (w *window) field(label string) thing {
	return thing{w, w.GetByLabel(label, playwright.PageGetByLabelOptions{Exact: new(true)}), "field " + label}
}

// heading is the page's first heading, for failures.
func (w *window) heading() string {
	all, err := w.Page.Locator("h1").AllTextContents()
	if err != nil || len(all) == 0 {
		return "(no heading)"
	}
	return strings.Join(strings.Fields(all[0]), " ")
}

// arrive waits until the window stands at a path that matches.
func (w *window) arrive(pattern string) {
	w.t.Helper()
	re := regexp.MustCompile(`^http://localhost:\d+` + pattern + `$`)
	require.NoError(w.t, w.chromium.expect.Page(w.Page).ToHaveURL(re), "%s is at %s: %s", w.name, w.URL(), w.heading())
}

// path is where the window stands.
func (w *window) path() string {
	u, err := url.Parse(w.URL())
	require.NoError(w.t, err)
	return u.Path
}

// ask evaluates an expression in the page. The page's own security policy does not apply to it.
func (w *window) ask(expression string, args ...any) any {
	w.t.Helper()
	v, err := w.Evaluate(expression, args...)
	require.NoError(w.t, err, "%s at %s", w.name, w.URL())
	return v
}

// shows waits until an expression holds in the page.
func (w *window) shows(expression string, why string, args ...any) {
	w.t.Helper()
	var arg any
	if len(args) > 0 {
		arg = args[0]
	}
	_, err := w.WaitForFunction(expression, arg)
	require.NoError(w.t, err, "%s: %s", w.name, why)
}

func (w *window) press(keys ...string) {
	w.t.Helper()
	for _, k := range keys {
		require.NoError(w.t, w.Keyboard().Press(k))
	}
}

// accessible fails on what axe-core finds wrong.
func (w *window) accessible() {
	w.t.Helper()
	for _, v := range w.violations() {
		w.t.Errorf("%s, at %s: %s", w.name, w.path(), v)
	}
}

// violations of WCAG 2.2 AA that axe-core finds. It takes the page down first and looks at it rule by rule afterwards: of a part that was
// exchanged in between it says things that were true of no page. Such a look is taken again.
func (w *window) violations() []string {
	w.t.Helper()
	w.ask(w.chromium.axe + "; 0") // not by a script element, which the page's policy refuses
	raw := w.ask(`async () => {
		const options = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] };
		let violations = [];
		for (let look = 0; look < 5; look++) {
			let exchanged = false;
			const changes = new MutationObserver(() => (exchanged = true));
			changes.observe(document, { childList: true, subtree: true });
			({ violations } = await axe.run(document, options));
			changes.disconnect();
			if (violations.length === 0 || !exchanged) break;
		}
		return JSON.stringify(violations.map((v) => v.id + ": " + v.help + "\n    " +
			v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " — " + (n.any[0] ?? n.all[0] ?? n.none[0])?.message).join("\n    ")));
	}`)
	var list []string
	require.NoError(w.t, json.Unmarshal([]byte(raw.(string)), &list))
	return list
}

// picture writes what the window shows into the folder that PONTI_E2E_SHOTS names, for people to look at.
func (w *window) picture(name string) {
	w.t.Helper()
	dir := os.Getenv("PONTI_E2E_SHOTS")
	if dir == "" {
		return
	}
	_, err := w.Screenshot(playwright.PageScreenshotOptions{Path: new(filepath.Join(dir, name+".png")), FullPage: new(true)})
	require.NoError(w.t, err)
}

// thing is something on a window's page.
type thing struct {
	w       *window
	locator playwright.Locator
	name    string
}

func (g thing) find(selector string) thing {
	return thing{g.w, g.locator.Locator(selector), g.name + " " + selector}
}

func (g thing) first() thing { return thing{g.w, g.locator.First(), g.name} }
func (g thing) last() thing  { return thing{g.w, g.locator.Last(), g.name} }

func (g thing) ok(err error) {
	g.w.t.Helper()
	if err != nil {
		text, _ := g.w.Page.Locator("main").InnerText(playwright.LocatorInnerTextOptions{Timeout: new(1000.0)})
		require.NoError(g.w.t, err, "%s at %s: %s\nthe page says:\n%s", g.w.name, g.w.URL(), g.name, text)
	}
}

func (g thing) click()           { g.w.t.Helper(); g.ok(g.locator.Click()) }
func (g thing) fill(text string) { g.w.t.Helper(); g.ok(g.locator.Fill(text)) }
func (g thing) check()           { g.w.t.Helper(); g.ok(g.locator.Check()) }
func (g thing) uncheck()         { g.w.t.Helper(); g.ok(g.locator.Uncheck()) }
func (g thing) focus()           { g.w.t.Helper(); g.ok(g.locator.Focus()) }

// seen waits until it is to be seen, gone until it is not.
func (g thing) seen() { g.w.t.Helper(); g.ok(g.w.chromium.expect.Locator(g.locator).ToBeVisible()) }
func (g thing) gone() { g.w.t.Helper(); g.ok(g.w.chromium.expect.Locator(g.locator).ToBeHidden()) }

// says waits until it holds a text, reads until its text is exactly that; more than one thing needs as many texts.
func (g thing) says(text string) {
	g.w.t.Helper()
	g.ok(g.w.chromium.expect.Locator(g.locator).ToContainText(text, playwright.LocatorAssertionsToContainTextOptions{
		UseInnerText: new(true), // what is to be seen, not what is in the source
	}))
}

func (g thing) reads(text ...string) {
	g.w.t.Helper()
	g.ok(g.w.chromium.expect.Locator(g.locator).ToHaveText(text))
}

func (g thing) holds(value string) {
	g.w.t.Helper()
	g.ok(g.w.chromium.expect.Locator(g.locator).ToHaveValue(value))
}

func (g thing) focused() { g.w.t.Helper(); g.ok(g.w.chromium.expect.Locator(g.locator).ToBeFocused()) }

// hidden tells at once that it is not to be seen.
func (g thing) hidden() {
	g.w.t.Helper()
	visible, err := g.locator.IsVisible()
	g.ok(err)
	require.False(g.w.t, visible, "%s already sees %s", g.w.name, g.name)
}

func (g thing) count() int {
	g.w.t.Helper()
	n, err := g.locator.Count()
	g.ok(err)
	return n
}

// inner is the text in it, as it is laid out now.
func (g thing) inner() string {
	g.w.t.Helper()
	s, err := g.locator.InnerText()
	g.ok(err)
	return s
}

// catalogue is all texts of a language.
var catalogue = sync.OnceValue(func() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, language := range []string{"it", "en"} {
		all[language] = map[string]string{}
		files, _ := filepath.Glob("../web/locales/" + language + "/*.json")
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				panic(err)
			}
			var part map[string]any
			if err := json.Unmarshal(raw, &part); err != nil {
				panic(fmt.Errorf("%s: %w", f, err))
			}
			for key, v := range part {
				if s, ok := v.(string); ok {
					all[language][key] = s
				}
			}
		}
	}
	return all
})

// text is what the site says in the window's language, with values for {Placeholders}.
func (w *window) text(key string, values ...string) string {
	w.t.Helper()
	s, ok := catalogue()[w.language][key]
	require.True(w.t, ok, "there is no text %s", key)
	for i := 0; i < len(values); i += 2 {
		s = strings.ReplaceAll(s, "{"+values[i]+"}", values[i+1])
	}
	require.NotContains(w.t, s, "{", "%s needs values", key)
	return s
}
