package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// TestAwayWithoutScripts: a guest leaves the waiting room, signs out, comes back with the code on another device, and is met.
func TestAwayWithoutScripts(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, _ := st.open(t)
	guest := st.guest(t, "Airone")
	assert.Equal(t, "/waiting", guest.post("/waiting/away").Header.Get("Location"), "nobody waits")
	assert.Equal(t, "/waiting", guest.post("/waiting/back").Header.Get("Location"))
	require.Equal(t, http.StatusSeeOther, guest.post("/waiting", "topic", "il lavoro").StatusCode)
	require.Equal(t, "/waiting/away", guest.get("/waiting").action(t, "Faccio altro"))
	shown := guest.post("/waiting/away")
	require.Equal(t, http.StatusOK, shown.StatusCode)
	assert.Equal(t, "no-store", shown.Header.Get("Cache-Control"))
	code := shown.text(".once code")
	require.Len(t, code, 19)
	assert.Zero(t, esp.get("/desk").Find(".offer").Length())
	assert.Contains(t, tutor.get("/console").text("main"), "via, torna quando tocca")
	page := guest.get("/waiting")
	assert.Equal(t, "È il tuo turno", page.text("h1"), "an ESP is free")
	assert.NotContains(t, page.text("main"), code, "it is shown once")
	assert.Equal(t, "/waiting/leave", page.action(t, "Rinuncio al posto"))
	newer := guest.post("/waiting/away").text(".once code")
	require.NotEqual(t, code, newer)

	require.Equal(t, http.StatusSeeOther, guest.post("/exit").StatusCode, "quickly")
	other := st.browser(t)
	require.Equal(t, 1, other.get("/enter").Find(`main a[href="/come-back"]`).Length())
	for _, wrong := range []string{"", code, "\x00", "👵", strings.Repeat("A", 40)} {
		again := other.post("/come-back", "code", wrong)
		assert.Equal(t, http.StatusUnprocessableEntity, again.StatusCode, wrong)
		assert.Contains(t, again.text(".error-summary"), "non porta a nessun posto")
	}
	require.Equal(t, "/waiting", other.post("/come-back", "code", strings.ToLower(newer)).Header.Get("Location"))
	require.Equal(t, "/waiting/back", other.get("/waiting").action(t, "Sono qui"))
	require.Equal(t, "/waiting", other.post("/waiting/back").Header.Get("Location"))
	assert.Equal(t, "Tocca a te: un ESP sta per risponderti", other.get("/waiting").text("h1"))
	assert.Contains(t, esp.get("/desk").text(".offer"), "Airone")
	assert.Equal(t, http.StatusUnprocessableEntity, st.browser(t).post("/come-back", "code", newer).StatusCode, "it is used up")
	assert.NotContains(t, st.log.String(), strings.ReplaceAll(newer, " ", ""))
}

// TestAwayOfMember: a member signs in as always and gets no code; their browser can be woken, and the page says so from then on.
func TestAwayOfMember(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, _, _ := st.open(t)
	require.Equal(t, http.StatusSeeOther, st.guest(t, "Lontra").post("/waiting").StatusCode)
	require.Equal(t, http.StatusSeeOther, esp.post(esp.get("/desk").action(t, "Ci sono io")).StatusCode)
	id, _, err := st.Accounts.SignUp(t.Context(), st.service, account.SignUp{Alias: "Mare di sera", Password: "una frase lunga abbastanza", Adult: true, ConsentVersion: account.ConsentVersion, Locale: "it"})
	require.NoError(t, err)
	me := st.signedIn(t, id)
	require.Equal(t, "/waiting", me.post("/waiting/wake", "subscription", subscription(t, "push.invalid")).Header.Get("Location"), "nobody is away")
	require.Equal(t, http.StatusSeeOther, me.post("/waiting").StatusCode)
	require.Equal(t, "/waiting", me.post("/waiting/away").Header.Get("Location"))
	page := me.get("/waiting")
	assert.Zero(t, page.Find("#code").Length())
	form := page.Find("[data-module=reach]")
	assert.NotEmpty(t, form.AttrOr("data-key", ""))
	assert.Equal(t, "/waiting", form.AttrOr("data-scope", ""))
	assert.Contains(t, page.Header.Get("Content-Security-Policy"), "trusted-types ponti-worker;")
	for _, wrong := range []string{"", "{}", subscription(t, "elsewhere.invalid"), "\x00", strings.Repeat("x", 100<<10)} {
		again := me.post("/waiting/wake", "subscription", wrong)
		assert.Equal(t, http.StatusUnprocessableEntity, again.StatusCode)
		assert.Contains(t, again.text(".error-summary"), "non si può avvisare")
	}
	require.Equal(t, "/waiting", me.post("/waiting/wake", "subscription", subscription(t, "push.invalid")).Header.Get("Location"))
	page = me.get("/waiting")
	assert.Zero(t, page.Find("[data-module=reach]").Length())
	assert.Contains(t, page.text("main"), "Questo dispositivo ti avvisa")
	assert.NotContains(t, page.Body, "push.invalid")
	require.Equal(t, "/waiting", me.post("/waiting/back").Header.Get("Location"))
	assert.Equal(t, "Il prossimo posto è il tuo", me.get("/waiting").text("h1"))

	script := st.browser(t).get("/turn.js")
	assert.Equal(t, "text/javascript; charset=utf-8", script.Header.Get("Content-Type"))
	assert.Contains(t, script.Body, `"page":"/waiting"`)
	assert.NotContains(t, strings.SplitN(script.Body, "\n", 2)[0], "Ponti", "others may see the screen")
}

// TestComeBackOfBanned: who may not be here any more gets in by no code.
func TestComeBackOfBanned(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	st.open(t)
	guest := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, guest.post("/waiting").StatusCode)
	code := guest.post("/waiting/away").text(".once code")
	_, err := st.pool.Exec(t.Context(), `update account_accounts set suspended_until = now() + interval '1 day' where alias = 'Airone'`)
	require.NoError(t, err)
	again := st.browser(t).post("/come-back", "code", code)
	assert.Equal(t, http.StatusUnprocessableEntity, again.StatusCode)
	assert.Contains(t, again.text(".error-summary"), "non porta a nessun posto")
}
