package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
	"ponti/roster"
)

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}

// The way a service begins: the first administrator by the printed token, the others by links, each with their role.
func TestPeople(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	token, ok, err := st.Accounts.FirstAdminToken(t.Context(), st.service)
	require.NoError(t, err)
	require.True(t, ok)

	admin := st.browser(t)
	wrong := admin.post("/first-admin", "token", "made up", "alias", "Ada", "password", staffPassword)
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.StatusCode)
	assert.Equal(t, "Ada", wrong.Find("#alias").AttrOr("value", ""), "what was typed is kept")
	made := admin.post("/first-admin", "token", token, "alias", "Ada", "password", staffPassword)
	assert.Equal(t, "/service", made.Header.Get("Location"), "what to do before opening comes first")

	invite := func(role, alias string) *browser {
		t.Helper()
		page := admin.post("/people/invitations", "role", role, "alias", alias)
		require.Equal(t, http.StatusOK, page.StatusCode)
		link := mustURL(t, page.text(".once"))
		assert.Equal(t, "ponti.test", link.Host)
		b := st.browser(t)
		offer := b.get(link.Path)
		assert.Equal(t, alias, offer.Find("#alias").AttrOr("value", ""))
		short := b.post("/invitation", "token", strings.TrimPrefix(link.Path, "/invitation/"), "alias", alias, "password", "short")
		assert.Equal(t, []string{"password"}, short.mistakes(t))
		in := b.post("/invitation", "token", strings.TrimPrefix(link.Path, "/invitation/"), "alias", alias, "password", staffPassword)
		assert.Equal(t, http.StatusSeeOther, in.StatusCode)
		late := st.browser(t).get(link.Path)
		assert.Equal(t, http.StatusNotFound, late.StatusCode)
		assert.NotContains(t, st.log.String(), strings.TrimPrefix(link.Path, "/invitation/"), "a token is never logged")
		return b
	}
	esp, tutor := invite("esp", "Marta"), invite("tutor", "Tullio")
	assert.Equal(t, []string{"role"}, admin.post("/people/invitations", "role", "member").mistakes(t))

	page := admin.get("/people")
	row := func(alias string) string {
		for _, li := range page.Find(".person").EachIter() {
			if li.Find("h2").Text() == alias {
				return strings.TrimPrefix(li.AttrOr("id", ""), "p-")
			}
		}
		t.Fatalf("%s is not listed", alias)
		return ""
	}
	martaID, tullioID := row("Marta"), row("Tullio")

	t.Run("a tutor is assigned by form", func(t *testing.T) {
		assert.Contains(t, page.text("#p-"+martaID), "Senza tutor")
		to := admin.post("/people/"+martaID+"/tutor", "tutor", tullioID)
		assert.Equal(t, http.StatusSeeOther, to.StatusCode)
		after := admin.get(to.Header.Get("Location"))
		assert.Equal(t, "Tutor assegnato.", after.text(".notice-good"))
		assert.Contains(t, after.text("#p-"+martaID), "Tutor: Tullio")
		assert.Equal(t, http.StatusUnprocessableEntity, admin.post("/people/"+martaID+"/tutor", "tutor", martaID).StatusCode)
	})
	t.Run("the categories an ESP moderates are ticked", func(t *testing.T) {
		for _, slug := range []string{"giardino", "cucina"} {
			_, err := st.Forum.CreateCategory(t.Context(), account.System(st.service), forum.NewCategory{Slug: slug, Title: strings.ToUpper(slug), Audience: forum.ForMembers})
			require.NoError(t, err)
		}
		form := func() *goquery.Selection {
			return admin.get("/people").Find(`form[action="/people/` + martaID + `/categories"]`)
		}
		boxes := form().Find(`input[name="category"]`)
		require.Equal(t, 2, boxes.Length())
		first, second := boxes.Eq(0).AttrOr("value", ""), boxes.Eq(1).AttrOr("value", "")
		for _, want := range [][]string{{first, second}, {second}, {}} {
			var fields []string
			for _, c := range want {
				fields = append(fields, "category", c)
			}
			assert.Equal(t, http.StatusSeeOther, admin.post("/people/"+martaID+"/categories", fields...).StatusCode)
			ticked := []string{}
			for _, box := range form().Find("input[checked]").EachIter() {
				ticked = append(ticked, box.AttrOr("value", ""))
			}
			assert.ElementsMatch(t, want, ticked)
		}
		assert.Equal(t, http.StatusNotFound, esp.post("/people/"+martaID+"/categories", "category", first).StatusCode)
	})
	t.Run("who may not see it gets nothing", func(t *testing.T) {
		assert.Equal(t, http.StatusForbidden, esp.get("/people").StatusCode)
		assert.Equal(t, http.StatusSeeOther, st.browser(t).get("/people").StatusCode, "a visitor is asked to sign in")
		assert.Equal(t, http.StatusForbidden, tutor.post("/people/invitations", "role", "esp").StatusCode)
		assert.Equal(t, http.StatusNotFound, esp.post("/people/"+tullioID+"/disable", "reason", "non è un mio compito").StatusCode)
		assert.Equal(t, 0, tutor.get("/people").Find("#invite").Length())
	})
	t.Run("disabling takes two people", func(t *testing.T) {
		short := admin.post("/people/"+martaID+"/disable", "reason", "così")
		assert.Equal(t, []string{"reason"}, short.mistakes(t))
		_, open := short.Find("#p-" + martaID + " details").Attr("open")
		assert.True(t, open, "the form is not folded away")
		asked := admin.post("/people/"+martaID+"/disable", "reason", "ha lasciato il lavoro")
		assert.Contains(t, asked.Header.Get("Location"), "account_disable_asked")
		assert.Equal(t, http.StatusSeeOther, esp.get("/access").StatusCode, "sessions end with the asking")
		assert.Contains(t, tutor.get("/people").text("#p-"+martaID), "Ada ha chiesto di disattivare")
		both := tutor.post("/people/"+martaID+"/disable", "reason", "confermo, è vero")
		assert.Contains(t, both.Header.Get("Location"), "account_disabled")
		assert.Equal(t, http.StatusUnprocessableEntity, st.browser(t).post("/sign-in", "alias", "Marta", "password", staffPassword).StatusCode)
	})
}

func TestServiceNumbers(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	p := newStaff(t, st)
	admin := st.signedIn(t, p.admin.ID)
	page := admin.get("/service")
	assert.Equal(t, 1, page.Find(`form[action="/service/numbers/confirm"]`).Length(), "to confirm before opening")
	rows := page.Find(".number-rows li")
	require.Equal(t, len(account.DefaultNumbers())+spareNumbers, rows.Length())

	// The form as it is, its first row changed, its second emptied, and a new one.
	fields := []string{}
	for _, input := range rows.Find("input").EachIter() {
		name, value := input.AttrOr("name", ""), input.AttrOr("value", "")
		switch {
		case name == "numbers[0].note":
			value = "Chiama subito"
		case strings.HasPrefix(name, "numbers[1]."):
			value = ""
		case strings.HasPrefix(name, "numbers[5]."):
			value = map[string]string{"number": "02 1234 5678", "name": "Il Servizio", "note": "9-18"}[name[len("numbers[5]."):]]
		}
		fields = append(fields, name, value)
	}
	saved := admin.post("/service/numbers", fields...)
	require.Equal(t, http.StatusSeeOther, saved.StatusCode)
	service, err := st.Accounts.Service(t.Context(), st.service)
	require.NoError(t, err)
	numbers := account.DefaultNumbers()
	numbers[0].Note = "Chiama subito"
	want := append([]account.Number{numbers[0]}, numbers[2:]...)
	want = append(want, account.Number{Number: "02 1234 5678", Name: "Il Servizio", Note: "9-18"})
	assert.Equal(t, want, service.Numbers, "rows left alone keep the texts of every language")
	assert.Equal(t, 1, st.browser(t).get("/numbers").Find(`main a[href="tel:0212345678"]`).Length(), "everybody sees it")

	wrong := admin.post("/service/numbers", "numbers[0].number", "", "numbers[1].number", "call me", "numbers[1].name", "x")
	assert.Equal(t, []string{"numbers[1].number"}, wrong.mistakes(t), "tied to the row it was typed in")

	admin.post("/service/numbers/confirm")
	assert.Equal(t, 0, admin.get("/service").Find(`form[action="/service/numbers/confirm"]`).Length())
	assert.Equal(t, http.StatusForbidden, st.signedIn(t, p.tutor.ID).get("/service").StatusCode)
}

func TestShifts(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	p := newStaff(t, st)
	admin, esp, tutor := st.signedIn(t, p.admin.ID), st.signedIn(t, p.esp.ID), st.signedIn(t, p.tutor.ID)
	service, err := st.Accounts.Service(t.Context(), st.service)
	require.NoError(t, err)
	from := time.Now().Add(48 * time.Hour).In(service.TimeZone).Format("2006-01-02T15:04")
	to := time.Now().Add(52 * time.Hour).In(service.TimeZone).Format("2006-01-02T15:04")

	t.Run("a shift is planned and taken back by form", func(t *testing.T) {
		planned := admin.post("/shifts", "account", p.esp.ID.String(), "from", from, "to", to)
		require.Equal(t, http.StatusSeeOther, planned.StatusCode)
		week := planned.Header.Get("Location")
		assert.Regexp(t, `^/shifts\?.*week=\d{4}-\d\d-\d\d`, week, "back to the week it was planned in")
		list := esp.get(week)
		assert.Contains(t, list.text(".shift-list"), "Marta")
		assert.Equal(t, 0, list.Find(`form[action$="/remove"]`).Length(), "an ESP takes none back")
		remove := tutor.get(week).Find(`form[action$="/remove"]`).AttrOr("action", "")
		require.NotEmpty(t, remove)
		assert.Equal(t, http.StatusNotFound, esp.post(remove).StatusCode)
		assert.Equal(t, http.StatusSeeOther, tutor.post(remove).StatusCode)
		assert.Equal(t, 0, esp.get(week).Find(".shift-list").Length())
	})
	t.Run("one week at a time", func(t *testing.T) {
		plan := func(at time.Time) {
			t.Helper()
			wall := at.In(service.TimeZone)
			require.Equal(t, http.StatusSeeOther, admin.post("/shifts", "account", p.esp.ID.String(), "from", wall.Format("2006-01-02T15:04"), "to", wall.Add(time.Hour).Format("2006-01-02T15:04")).StatusCode)
		}
		monday, _ := roster.Week(time.Now(), service.TimeZone)
		plan(monday.AddDate(0, 0, 6).Add(22 * time.Hour))
		plan(monday.AddDate(0, 0, 7).Add(9 * time.Hour))
		page := tutor.get("/shifts")
		assert.Equal(t, 1, page.Find(".shift-list li").Length(), "this week's")
		assert.Contains(t, page.text(".shift-list"), "22:00")
		next := page.Find(".week a[rel=next]").AttrOr("href", "")
		page = tutor.get(next)
		assert.Contains(t, page.text(".shift-list"), "09:00")
		assert.NotContains(t, page.text(".shift-list"), "22:00")
		assert.Contains(t, tutor.get(page.Find(".week a[rel=prev]").AttrOr("href", "")).text(".shift-list"), "22:00")
		assert.Contains(t, tutor.get("/shifts?week=nonsense").text(".shift-list"), "22:00", "what names no week is this one")
		form, list := page.Find("form.shifts-form"), page.Find(".shifts-week")
		require.Equal(t, 1, form.Length())
		assert.Positive(t, list.PrevAll().Has("form.shifts-form").Length(), "the form stands before the list")
		assert.Equal(t, strings.TrimPrefix(next, "/shifts?week="), form.Find("input[name=week]").AttrOr("value", ""))
		back := tutor.post(page.Find(`form[action$="/remove"]`).AttrOr("action", ""), "week", strings.TrimPrefix(next, "/shifts?week="))
		assert.Contains(t, back.Header.Get("Location"), strings.TrimPrefix(next, "/shifts?"), "back to the week one was looking at")
	})
	t.Run("mistakes come back with what was typed", func(t *testing.T) {
		back := admin.post("/shifts", "account", p.esp.ID.String(), "from", to, "to", from)
		assert.Equal(t, []string{"to"}, back.mistakes(t))
		assert.Equal(t, to, back.Find("#from").AttrOr("value", ""))
		assert.Equal(t, []string{"account"}, admin.post("/shifts", "account", p.admin.ID.String(), "from", from, "to", to).mistakes(t))
	})
	t.Run("on and off", func(t *testing.T) {
		assert.Equal(t, 1, esp.get("/shifts").Find(`form[action="/shifts/on"]`).Length())
		require.Equal(t, http.StatusSeeOther, esp.post("/shifts/on").StatusCode)
		assert.Equal(t, http.StatusConflict, esp.post("/shifts/on").StatusCode)
		assert.Contains(t, tutor.get("/shifts").text(".who-is-on"), "Marta")
		assert.Equal(t, http.StatusSeeOther, esp.post("/shifts/off").StatusCode)
		assert.Equal(t, http.StatusForbidden, admin.post("/shifts/on").StatusCode, "who runs the service is not on shift")
		assert.Equal(t, 0, admin.get("/shifts").Find(`form[action="/shifts/on"]`).Length())
	})
}

// TestOutsideChannel: an administrator says whom Ponti calls when nobody here answers an alert, and sees the key once.
func TestOutsideChannel(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	p := newStaff(t, st)
	admin := st.signedIn(t, p.admin.ID)
	assert.Equal(t, 1, admin.get("/service").Find("#outside .notice-amber").Length(), "nobody is called yet, and the page says so")

	wrong := admin.post("/service/outside", "url", "ftp://example.org")
	assert.Equal(t, []string{"url"}, wrong.mistakes(t))
	saved := admin.post("/service/outside", "url", " https://paging.example.org/ponti ")
	require.Equal(t, http.StatusOK, saved.StatusCode)
	assert.NotEmpty(t, saved.text("#outside .once code"), "the key that signs the calls")
	again := admin.get("/service")
	assert.Equal(t, "https://paging.example.org/ponti", again.Find(`#outside input[name="url"]`).AttrOr("value", ""))
	assert.Zero(t, again.Find("#outside .once").Length(), "shown only once")

	assert.Equal(t, http.StatusSeeOther, admin.post("/service/outside", "url", "").StatusCode)
	assert.Equal(t, 1, admin.get("/service").Find("#outside .notice-amber").Length())
	assert.Equal(t, http.StatusForbidden, st.signedIn(t, p.tutor.ID).post("/service/outside", "url", "https://evil.example").StatusCode)
}

func TestGoOff_lastTutorIsAskedFirst(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, _, who := st.open(t)
	tutor := st.signedIn(t, who.tutor.ID)
	person := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, person.post("/waiting").StatusCode)
	desk, err := st.Chat.Desk(t.Context(), who.esp)
	require.NoError(t, err)
	require.Equal(t, http.StatusSeeOther, esp.post("/desk/offers/"+desk.Offer.ID.String()+"/accept").StatusCode)

	a := tutor.post("/shifts/off")
	require.Equal(t, http.StatusConflict, a.StatusCode)
	assert.Contains(t, a.text("main"), "1 persona sta parlando")
	onCall := func() (tutors int) {
		open, err := st.Roster.Opening(t.Context(), who.tutor.Service)
		require.NoError(t, err)
		return open.Tutors
	}
	require.Equal(t, 1, onCall(), "nothing has happened yet")

	token, err := st.Accounts.Invite(t.Context(), who.admin, account.Invite{Role: account.RoleTutor, Alias: "Teresa"})
	require.NoError(t, err)
	id, err := st.Accounts.AcceptInvitation(t.Context(), st.service, token, "Teresa", staffPassword)
	require.NoError(t, err)
	second := account.Actor{Service: st.service, ID: id, Role: account.RoleTutor, Alias: "Teresa", Locale: "it"}
	require.NoError(t, st.Roster.GoOn(t.Context(), second))
	other := st.signedIn(t, second.ID)
	require.Equal(t, http.StatusSeeOther, other.post("/shifts/off").StatusCode, "with another on call nobody is asked")
	require.Equal(t, http.StatusSeeOther, tutor.post("/shifts/off", "sure", "true").StatusCode)
	require.Zero(t, onCall())
	require.Equal(t, http.StatusSeeOther, esp.post("/shifts/off").StatusCode, "an ESP is not")
}
