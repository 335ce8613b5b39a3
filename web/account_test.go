package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/ids"
)

const memberPassword = "il glicine del cortile"

// consented is what every entering form sends once its questions are answered.
func consented(more ...string) []string {
	return append([]string{"adult", "true", "consent", "true", "version", account.ConsentVersion}, more...)
}

// sessionCookie is the cookie of the browser's session, or empty.
func (b *browser) sessionCookie() string {
	for _, c := range b.jar.Cookies(mustURL(b.t, siteURL)) {
		if c.Name == "__Host-ponti" {
			return c.Value
		}
	}
	return ""
}

// mistakes checks that a form came back as every form does: the summary first, each entry leading to a field that is tied
// to its mistake. It gives the ids of the fields.
func (a answer) mistakes(t *testing.T) (fields []string) {
	t.Helper()
	summary := a.Find("main .error-summary")
	require.Equal(t, 1, summary.Length(), "the summary")
	_, focused := summary.Attr("autofocus")
	assert.True(t, focused, "it takes the focus")
	for _, link := range summary.Find("a").EachIter() {
		id := strings.TrimPrefix(link.AttrOr("href", ""), "#")
		field := a.Find(`[id="` + id + `"]`)
		require.Equal(t, 1, field.Length(), "one field %q", id)
		described := field.AttrOr("aria-describedby", field.Closest("fieldset").AttrOr("aria-describedby", ""))
		assert.Contains(t, strings.Fields(described), id+"-mistake", id)
		assert.NotEmpty(t, strings.TrimSpace(a.Find(`[id="`+id+`-mistake"]`).Text()), id)
		fields = append(fields, id)
	}
	return fields
}

func TestEnterAsGuest(t *testing.T) {
	t.Parallel()
	st := newSite(t)

	t.Run("two steps, then inside", func(t *testing.T) {
		b := st.browser(t)
		first := b.get("/enter")
		assert.Equal(t, http.StatusOK, first.StatusCode)
		assert.Equal(t, "1 di 2", first.text(".step"))
		assert.Equal(t, 0, first.Find("input[checked]").Length(), "nothing is ticked beforehand")
		assert.GreaterOrEqual(t, first.Find(".short-notice li").Length(), 4, "the notice comes before the first letter")

		second := b.post("/enter", consented()...)
		assert.Equal(t, "2 di 2", second.text(".step"))
		proposed := second.Find("#alias").AttrOr("value", "")
		require.NotEmpty(t, proposed)
		assert.Empty(t, b.sessionCookie(), "nobody has a session before the last step")

		in := b.post("/enter/name", consented("alias", proposed)...)
		assert.Equal(t, "/waiting", in.Header.Get("Location"))
		assert.NotEmpty(t, b.sessionCookie())
		assert.Contains(t, b.get("/access").text("h1"), proposed)
		assert.Equal(t, http.StatusSeeOther, b.get("/enter").StatusCode, "who is inside goes on")
		assert.NotContains(t, st.log.String(), proposed, "an alias is never logged")
	})
	t.Run("another name is proposed without asking again", func(t *testing.T) {
		b := st.browser(t)
		again := b.post("/enter", consented("again", "true", "alias", "Faro")...)
		assert.NotEqual(t, "Faro", again.Find("#alias").AttrOr("value", ""))
		assert.Equal(t, 0, again.Find(".error-summary").Length())
	})
	t.Run("every mistake at once, and what was typed is kept", func(t *testing.T) {
		b := st.browser(t)
		first := b.post("/enter")
		assert.Equal(t, http.StatusUnprocessableEntity, first.StatusCode)
		assert.Equal(t, []string{"adult", "consent"}, first.mistakes(t))
		second := b.post("/enter/name", consented("alias", "Tutor Anna")...)
		assert.Equal(t, http.StatusUnprocessableEntity, second.StatusCode)
		assert.Equal(t, []string{"alias"}, second.mistakes(t))
		assert.Equal(t, "Tutor Anna", second.Find("#alias").AttrOr("value", ""))
		skipped := b.post("/enter/name", "alias", "Airone")
		assert.Equal(t, []string{"adult", "consent"}, skipped.mistakes(t), "the first step cannot be jumped over")
		assert.Empty(t, b.sessionCookie())
	})
	t.Run("a name somebody has is refused with the form", func(t *testing.T) {
		st.browser(t).post("/enter/name", consented("alias", "Ginestra")...)
		taken := st.browser(t).post("/enter/name", consented("alias", "GINESTRA")...)
		assert.Equal(t, []string{"alias"}, taken.mistakes(t))
	})
	t.Run("under eighteen: a kind no with the numbers for minors, and it is remembered", func(t *testing.T) {
		b := st.browser(t)
		no := b.post("/enter", "adult", "false")
		assert.Equal(t, http.StatusForbidden, no.StatusCode)
		for _, n := range []string{"19696", "114", "112"} {
			assert.Equal(t, 1, no.Find(`main a[href="tel:`+n+`"]`).Length(), n)
		}
		assert.Equal(t, 0, no.Find("main form").Length())
		assert.Equal(t, no.text("h1"), b.get("/enter").text("h1"))
		assert.Equal(t, no.text("h1"), b.get("/sign-up").text("h1"))
		for _, c := range b.jar.Cookies(mustURL(t, siteURL)) {
			assert.NotEqual(t, "__Host-ponti", c.Name)
		}
	})
	t.Run("staff do not enter as guests", func(t *testing.T) {
		p := newStaff(t, st)
		assert.Equal(t, http.StatusForbidden, st.signedIn(t, p.esp.ID).get("/enter").StatusCode)
	})
}

func TestSignUpAndIn(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	b := st.browser(t)

	wrong := b.post("/sign-up", "alias", "x", "password", "corta", "version", account.ConsentVersion)
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.StatusCode)
	assert.ElementsMatch(t, []string{"adult", "consent", "alias", "password"}, wrong.mistakes(t))
	assert.NotContains(t, wrong.Body, "corta", "a password is never sent back")
	assert.Empty(t, b.sessionCookie())

	in := b.post("/sign-up", consented("alias", "Mare di sera", "password", memberPassword, "family", "true")...)
	require.Equal(t, http.StatusOK, in.StatusCode)
	code := in.text(".once")
	assert.Regexp(t, `^([0-9A-Z]{4}-){4}[0-9A-Z]{4}$`, code)
	assert.Contains(t, in.Header.Get("Cache-Control"), "no-store")
	assert.Equal(t, "Familiare", b.get("/access").text(".lead"))
	assert.NotContains(t, b.get("/access").Body, code, "the code is shown once")

	t.Run("sign out, and sign in to where one wanted to go", func(t *testing.T) {
		out := b.post("/sign-out")
		assert.Equal(t, http.StatusSeeOther, out.StatusCode)
		asked := b.get("/access")
		assert.Equal(t, "/sign-in?next=%2Faccess", asked.Header.Get("Location"))
		form := b.get(asked.Header.Get("Location"))
		assert.Equal(t, "/access", form.Find(`input[name="next"]`).AttrOr("value", ""))
		back := b.post("/sign-in", "alias", "mare di sera", "password", memberPassword, "next", "/access")
		assert.Equal(t, "/access", back.Header.Get("Location"))
		assert.Contains(t, b.get("/access").text("h1"), "Mare di sera")
	})
	t.Run("nobody is led elsewhere", func(t *testing.T) {
		for _, next := range []string{"https://evil.test/", "//evil.test", "/\\evil.test"} {
			assert.Equal(t, "/", st.browser(t).post("/sign-in", "alias", "Mare di sera", "password", memberPassword, "next", next).Header.Get("Location"), next)
		}
	})
	t.Run("a wrong sign-in keeps the name and says one thing", func(t *testing.T) {
		known := st.browser(t).post("/sign-in", "alias", "Mare di sera", "password", "una frase sbagliata")
		unknown := st.browser(t).post("/sign-in", "alias", "Nessuno", "password", "una frase sbagliata")
		assert.Equal(t, http.StatusUnprocessableEntity, known.StatusCode)
		assert.Equal(t, known.StatusCode, unknown.StatusCode)
		assert.Equal(t, known.text(".error-summary"), unknown.text(".error-summary"))
		assert.Equal(t, "Mare di sera", known.Find("#alias").AttrOr("value", ""))
		assert.NotContains(t, st.log.String(), "Mare di sera")
	})
	t.Run("too many wrong ones wait", func(t *testing.T) {
		var last answer
		for range 8 {
			last = st.browser(t).post("/sign-in", "alias", "Qualcuno", "password", "una frase sbagliata")
		}
		assert.Equal(t, http.StatusTooManyRequests, last.StatusCode)
		assert.NotEmpty(t, last.Header.Get("Retry-After"))
		assert.Equal(t, 1, last.Find(`.urgent a[href="tel:112"]`).Length())
	})
	t.Run("recover", func(t *testing.T) {
		lost := st.browser(t)
		wrong := lost.post("/recover", "alias", "Mare di sera", "code", "0000", "password", "un'altra frase lunga")
		assert.Equal(t, http.StatusUnprocessableEntity, wrong.StatusCode)
		assert.Equal(t, "0000", wrong.Find("#code").AttrOr("value", ""))
		found := lost.post("/recover", "alias", "Mare di sera", "code", strings.ToLower(code), "password", "un'altra frase lunga")
		require.Equal(t, http.StatusOK, found.StatusCode)
		assert.NotEqual(t, code, found.text(".once"), "the next code")
		assert.Contains(t, lost.get("/access").text("h1"), "Mare di sera")
		assert.Equal(t, http.StatusSeeOther, b.get("/access").StatusCode, "the other devices are out")
	})
	t.Run("sign out everywhere", func(t *testing.T) {
		one, two := st.browser(t), st.browser(t)
		for _, d := range []*browser{one, two} {
			d.post("/sign-in", "alias", "Mare di sera", "password", "un'altra frase lunga")
			require.Equal(t, http.StatusOK, d.get("/access").StatusCode)
		}
		one.post("/sign-out-everywhere")
		assert.Equal(t, http.StatusSeeOther, one.get("/access").StatusCode)
		assert.Equal(t, http.StatusSeeOther, two.get("/access").StatusCode)
	})
}

// Every role that signs in is led to a page that is there and open to it.
func TestHome(t *testing.T) {
	t.Parallel()
	table := newSiteDown(t).table
	for _, role := range inside {
		i := slices.IndexFunc(table, func(rt route) bool { return strings.TrimSuffix(rt.pattern, "{$}") == "GET "+home(role) })
		if assert.GreaterOrEqual(t, i, 0, role) && len(table[i].guard) > 0 {
			assert.Contains(t, table[i].guard, role)
		}
	}
	i := slices.IndexFunc(table, func(rt route) bool { return rt.pattern == "GET "+afterEntering })
	require.GreaterOrEqual(t, i, 0)
	assert.Contains(t, table[i].guard, account.RoleGuest)
}

// TestEraseAccount: a person erases their own access without a script, having read what goes and what stays.
func TestEraseAccount(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	st.open(t)
	who := st.member(t, "Airone")
	b, phone := st.signedIn(t, who.ID), st.signedIn(t, who.ID)
	page := b.get("/access")
	assert.Equal(t, "/access/erase", page.Find(`a[href="/access/erase"]`).AttrOr("href", ""))
	page = b.get("/access/erase")
	assert.Equal(t, http.StatusOK, page.StatusCode)

	wrong := b.post("/access/erase", "password", staffPassword)
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.StatusCode)
	assert.Equal(t, []string{"posts"}, wrong.mistakes(t), "nothing is chosen for them")
	wrong = b.post("/access/erase", "posts", "remove", "password", "non è questa qui")
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.StatusCode)
	assert.Equal(t, []string{"password"}, wrong.mistakes(t))
	assert.Equal(t, "remove", wrong.Find("input[name=posts][checked]").AttrOr("value", ""), "what was chosen stays chosen")
	assert.NotContains(t, wrong.Body, "non è questa qui")
	assert.Equal(t, http.StatusOK, phone.get("/access").StatusCode)

	done := b.post("/access/erase", "posts", "keep", "password", staffPassword)
	assert.Equal(t, "/?done=account_erased", done.Header.Get("Location"))
	assert.NotEmpty(t, done.Header.Get("Clear-Site-Data"))
	assert.Contains(t, b.get("/?done=account_erased").Body, "Il tuo accesso è cancellato")
	assert.Equal(t, http.StatusSeeOther, phone.get("/access").StatusCode, "signed out everywhere")
	assert.Equal(t, http.StatusUnprocessableEntity, st.browser(t).post("/sign-in", "alias", "Airone", "password", staffPassword).StatusCode)

	guest := st.guest(t, "Ginestra")
	page = guest.get("/access/erase")
	assert.Zero(t, page.Find("input[name=password]").Length(), "a guest has none")
	assert.Equal(t, "/?done=account_erased", guest.post("/access/erase").Header.Get("Location"))
	assert.NotEqual(t, http.StatusOK, guest.get("/access").StatusCode)
}

// TestRecoverMoved: who came with a community that moved here takes the account by their code, and is asked first. Without a script.
func TestRecoverMoved(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	var code string
	_, err := st.Accounts.Import(t.Context(), account.System(st.service), account.Imported{ID: ids.Of[account.Account]("altrove", "1"), Alias: "Gelsomino"}, func(c string) error { code = c; return nil })
	require.NoError(t, err)
	b := st.browser(t)
	assert.Zero(t, b.get("/recover").Find("#consent").Length())
	fields := []string{"alias", "Gelsomino", "code", code, "password", "il glicine del cortile"}
	page := b.post("/recover", fields...)
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, 1, page.Find("#consent").Length())
	assert.Contains(t, page.text("form.form-after"), "La tua comunità si è spostata qui")
	assert.Equal(t, code, page.Find("#code").AttrOr("value", ""), "what was typed is kept")
	page = b.post("/recover", append(fields, "version", account.ConsentVersion, "consent", "true")...)
	assert.Equal(t, []string{"adult"}, page.mistakes(t))
	page = b.post("/recover", consented(fields...)...)
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Equal(t, http.StatusOK, b.get("/forum").StatusCode)
	minor := st.browser(t)
	assert.Equal(t, http.StatusForbidden, minor.post("/recover", append(fields, "version", account.ConsentVersion, "consent", "true", "adult", "false")...).StatusCode)
}
