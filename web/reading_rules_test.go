package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// TestRulesStory: a tutor writes a rule and is told what is wrong with it, tries it, asks; another approves, and a post is read by it; then back in one step. Without
// a script.
func TestRulesStory(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	first := st.signedIn(t, people.tutor.ID)
	second := st.signedIn(t, st.staffMember(t, people.admin, account.RoleTutor, "Bruno").ID)
	auditor := st.signedIn(t, st.staffMember(t, people.admin, account.RoleAuditor, "Rocco").ID)
	rule := "rule own.lantern\n  level red\n  category suicide\n  owner clinica\n  match lanterna ..3 spenta\n  + la lanterna è spenta\n  - la lanterna è accesa\n"
	at := "/rules/section?key=" + url.QueryEscape("own:rule own.lantern")

	page := first.get("/rules")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.text("main"), "senza cambiamenti vostri")
	page = first.get("/rules?q=" + url.QueryEscape("want_die it."))
	assert.Contains(t, page.text(".rules-list"), "it.suicide.want_die")

	page = first.post("/rules/section", "text", "  senza titolo")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, []string{"text"}, page.mistakes(t))
	assert.Contains(t, page.Find("#text").Text(), "senza titolo", "what was written is kept")
	long := strings.Repeat("# \U0001F642 è lunga\n", 1200)
	page = first.post("/rules/section", "text", long)
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Contains(t, page.Find("#text").Text(), "\U0001F642")

	require.Equal(t, at+"&done=rules_saved", sorted(first.post("/rules/section", "text", strings.Replace(rule, "+ la", "+ una <b>luce</b>, la", 1)+"  - lanterna spenta\n").Header.Get("Location")))
	page = first.get(at)
	assert.Contains(t, page.text(".rules-wrong"), "Riga 8: own.lantern trova «lanterna spenta», che deve lasciare stare.")
	mark := page.Find("form.panel input[name=mark]").AttrOr("value", "")
	page = first.get("/rules")
	assert.Equal(t, 1, page.Find(".rules-wrong a").Length())
	assert.Zero(t, page.Find(`form[action="/rules/ask"]`).Length(), "what is wrong cannot be asked for")
	assert.Equal(t, http.StatusUnprocessableEntity, first.post("/rules/ask", "why", "perché sì").StatusCode)

	require.Equal(t, http.StatusSeeOther, first.post("/rules/section", "key", "own:rule own.lantern", "mark", mark, "text", rule).StatusCode)
	page = second.post("/rules/section", "key", "own:rule own.lantern", "mark", mark, "text", rule+"# mio\n")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, []string{"text"}, page.mistakes(t))
	assert.Contains(t, page.Find("#text").Text(), "# mio")
	assert.Equal(t, mark, page.Find("form.panel input[name=mark]").AttrOr("value", ""), "sent again, it still writes over nothing")

	page = first.post("/rules/try", "text", "al mercato la lanterna è spenta <script>")
	assert.Equal(t, http.StatusOK, page.StatusCode)
	assert.Equal(t, 2, page.Find(".rules-tried").Length())
	assert.Equal(t, "lanterna è spenta", page.text(".rules-tried mark"))
	assert.Contains(t, page.text(".rules-tried"), "own.lantern")

	require.Equal(t, "/rules?done=rules_tried", second.post("/rules/trial").Header.Get("Location"))
	page = second.get("/rules")
	assert.Contains(t, page.text(".rules-trial"), "Non è conservato nessun testo.")
	assert.Equal(t, "0", page.Find(".rules-table td").First().Text())
	page = first.post("/rules/ask", "why", " ")
	assert.Equal(t, []string{"why"}, page.mistakes(t))
	require.Equal(t, "/rules?done=second_awaited", first.post("/rules/ask", "why", "Qui si dice <così>.").Header.Get("Location"))
	page = first.get("/rules")
	assert.Contains(t, page.text("#work"), people.tutor.Alias)
	assert.Contains(t, page.text(".written"), "Qui si dice <così>.")
	assert.Zero(t, page.Find(`form[action$="/approve"]`).Length())
	assert.Equal(t, http.StatusConflict, first.post("/rules/1/approve").StatusCode)
	assert.Zero(t, first.get(at).Find("main textarea").Length(), "while it waits nobody writes")

	page = auditor.get("/rules")
	assert.Zero(t, page.Find("main form[method=post]").Length(), "an auditor reads")
	assert.Equal(t, http.StatusNotFound, auditor.post("/rules/1/approve").StatusCode)
	assert.Equal(t, http.StatusNotFound, auditor.get("/rules/section").StatusCode)
	assert.Equal(t, http.StatusNotFound, second.get("/rules/section?key=nessuna").StatusCode)
	assert.Equal(t, http.StatusNotFound, second.post("/rules/x/approve").StatusCode)
	for _, b := range []*browser{st.signedIn(t, people.esp.ID), st.signedIn(t, people.admin.ID), st.guest(t, "Gabbiano"), st.browser(t)} {
		for _, path := range []string{"/rules", "/rules/section", "/rules/try"} {
			assert.NotEqual(t, http.StatusOK, b.get(path).StatusCode, path)
		}
		for _, path := range []string{"/rules/section", "/rules/try", "/rules/trial", "/rules/ask", "/rules/1/approve", "/rules/1/take-back", "/rules/1/drop", "/rules/0/return"} {
			assert.Contains(t, []int{http.StatusForbidden, http.StatusUnauthorized, http.StatusNotFound}, b.post(path, "text", rule).StatusCode, path)
		}
	}
	require.Equal(t, "/rules?done=rules_active", second.post("/rules/1/approve").Header.Get("Location"))
	tried := first.post("/rules/try", "text", "la lanterna è spenta")
	assert.Equal(t, 1, tried.Find(".rules-tried").Length())
	assert.Contains(t, tried.text(".rules-tried"), "Urgente")
	require.Equal(t, "/rules?done=rules_returned", first.post("/rules/0/return").Header.Get("Location"))
	assert.Contains(t, first.post("/rules/try", "text", "la lanterna è spenta").text(".rules-tried"), "Nessun segnale")
	assert.Equal(t, 1, first.get("/rules").Find(`form[action="/rules/1/return"]`).Length())
}

// sorted is an address with its questions in order.
func sorted(address string) string {
	path, query, _ := strings.Cut(address, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return address
	}
	done := values.Get("done")
	values.Del("done")
	return path + "?" + values.Encode() + "&done=" + done
}
