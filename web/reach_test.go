package web

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// subscription is what a browser gives to be woken by.
func subscription(t *testing.T, host string) string {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	require.NoError(t, err)
	return fmt.Sprintf(`{"endpoint":"https://%s/one","expirationTime":null,"keys":{"p256dh":%q,"auth":"MDEyMzQ1Njc4OWFiY2RlZg"}}`,
		host, base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()))
}

// TestReachPage: somebody of the staff says where to tell them of alerts; nobody else sees it or changes it. The mail itself is sent by the tests of moderation and e2e.
func TestReachPage(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	me := st.signedIn(t, people.tutor.ID)
	other := st.signedIn(t, st.staffMember(t, people.admin, account.RoleTutor, "Lucia").ID)
	page := me.get("/reach")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.Header.Get("Content-Security-Policy"), "trusted-types ponti-worker;")
	assert.Contains(t, me.get("/access").Header.Get("Content-Security-Policy"), "trusted-types 'none';")
	assert.Equal(t, 1, me.get("/access").Find(`main a[href="/reach"]`).Length())
	assert.Contains(t, page.text("main"), "Per ora solo nella console")
	assert.NotEmpty(t, page.Find("[data-module=reach]").AttrOr("data-key", ""))

	for _, wrong := range []string{"", "{}", subscription(t, "elsewhere.invalid"), "\x00", "👵"} {
		page = me.post("/reach/push", "subscription", wrong)
		assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, wrong)
	}
	require.Equal(t, "/reach?done=reach_added", me.post("/reach/push", "subscription", subscription(t, "push.invalid")).Header.Get("Location"))
	page = me.get("/reach")
	form := page.Find(`.reach form[action$="/remove"]`).AttrOr("action", "")
	require.NotEmpty(t, form)
	assert.NotContains(t, page.text("body"), "push.invalid", "not even its owner sees the address")
	assert.Zero(t, other.get("/reach").Find(".reach").Length())
	outsiders := []*browser{st.signedIn(t, people.admin.ID), st.guest(t, "Gabbiano"), st.browser(t)}
	for _, act := range []string{"remove", "try", "confirm"} {
		own := form[:len(form)-len("remove")] + act
		for _, b := range outsiders {
			assert.NotContains(t, b.post(own, "code", "123456").Header.Get("Location"), "done=", act)
		}
	}
	assert.Equal(t, http.StatusNotFound, other.post(form).StatusCode)
	assert.Equal(t, http.StatusNotFound, other.post(form[:len(form)-len("remove")]+"try").StatusCode)
	assert.Equal(t, http.StatusNotFound, other.post("/reach/x/remove").StatusCode)
	page = me.post(form[:len(form)-len("remove")] + "try")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, "nobody is there")
	assert.Contains(t, page.text(".error-summary"), "non è partito")
	assert.Contains(t, me.get("/reach").text(".reach"), "Togli il dispositivo", "and the page says so from then on")
	require.Equal(t, "/reach?done=reach_removed", me.post(form).Header.Get("Location"))
	assert.Zero(t, me.get("/reach").Find(".reach").Length())

	page = me.post("/reach/mail", "address", "anna@example.org")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Contains(t, page.text(".error-summary"), "Qui non c'è un server di posta")

	for _, wrong := range [][2]string{{"22:00", ""}, {"24:00", "07:00"}, {"22:60", "07:00"}, {"sera", "mattina"}, {"-1:00", "07:00"}} {
		page = me.post("/reach/quiet", "from", wrong[0], "to", wrong[1])
		assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, wrong)
		assert.Equal(t, wrong[0], page.Find("#from").AttrOr("value", ""), "what was typed is kept")
	}
	require.Equal(t, "/reach?done=quiet_saved", me.post("/reach/quiet", "from", "22:30", "to", "07:00").Header.Get("Location"))
	assert.Equal(t, "22:30", me.get("/reach").Find("#from").AttrOr("value", ""))
	assert.Equal(t, "07:00", me.get("/reach").Find("#to").AttrOr("value", ""))
	assert.Empty(t, other.get("/reach").Find("#from").AttrOr("value", ""))
	require.Equal(t, "/reach?done=quiet_saved", me.post("/reach/quiet", "from", "", "to", "").Header.Get("Location"))
	assert.Empty(t, me.get("/reach").Find("#from").AttrOr("value", ""))

	for _, b := range outsiders {
		assert.NotEqual(t, http.StatusOK, b.get("/reach").StatusCode)
	}
	assert.NotContains(t, st.log.String(), "push.invalid")
}

func TestPushWorker(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	b := st.browser(t)
	script := b.get("/push.js")
	assert.Equal(t, "text/javascript; charset=utf-8", script.Header.Get("Content-Type"))
	assert.Contains(t, script.Body, `"body":"Qualcosa ti aspetta nella console."`)
	assert.Contains(t, script.Body, `addEventListener("push"`)
	b.headers.Set("Accept-Language", "en")
	assert.Contains(t, b.get("/push.js").Body, "Something waits for you")
}
