package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// passes lets the time of what is open at the tables pass.
func (b *board) passes() {
	b.t.Helper()
	for _, sql := range []string{
		`update forum_round_tables set stand_until = now() where phase = 'standing'`,
		`update forum_ballots set opened_at = opened_at - interval '1 day', closes_at = now() where counted_at is null`,
	} {
		_, err := b.pool.Exec(b.t.Context(), sql)
		require.NoError(b.t, err)
	}
}

// neighbour is one more member.
func (b *board) neighbour(alias string) account.Actor {
	b.t.Helper()
	id, _, err := b.Accounts.SignUp(b.t.Context(), b.service, account.SignUp{Alias: alias, Password: "il glicine del cortile", Adult: true, ConsentVersion: account.ConsentVersion, Locale: "it"})
	require.NoError(b.t, err)
	return account.Actor{Service: b.service, ID: id, Role: account.RoleMember, Alias: alias, Locale: "it"}
}

// sits opens a round table and gives the address of its thread.
func sits(t *testing.T, b *browser, slug string) string {
	t.Helper()
	to := b.post("/forum/categories/"+slug+"/rounds", "title", "Il bar", "text", "Parliamone.", "agenda", "Orari\nFeste", "stand", ahead(1, "10:00"), "vote", ahead(2, "10:00"), "cid", newCID()).Header.Get("Location")
	require.True(t, strings.HasPrefix(to, "/forum/threads/"), to)
	to, _, _ = strings.Cut(to, "#")
	return to
}

// TestRoundPages: a table is opened, elects who runs it, and is run to its end without a script; each form is for whom it is, and loses nothing.
func TestRoundPages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	esp, tutor, member, family, third := b.as(b.esp), b.as(b.tutor), b.as(b.member), b.as(b.family), b.as(b.neighbour("Glicine"))
	const list = "/forum/categories/every-day"
	assert.Equal(t, 1, esp.get(list).Find(`a[href="`+list+`/new-round"]`).Length())
	assert.Zero(t, member.get(list).Find(`a[href="`+list+`/new-round"]`).Length())
	for _, who := range []*browser{member, family, b.as(b.admin), b.browser(t)} {
		assert.NotEqual(t, http.StatusOK, who.get(list+"/new-round").StatusCode)
	}
	page := esp.post(list+"/rounds", "title", "Il bar", "text", "Parliamone.", "agenda", " ", "stand", ahead(2, "10:00"), "vote", ahead(1, "10:00"), "cid", newCID())
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.ElementsMatch(t, []string{"agenda", "vote"}, page.mistakes(t))
	assert.Equal(t, "Il bar", page.Find("#title").AttrOr("value", ""))
	thread := sits(t, esp, "every-day")
	assert.Contains(t, member.get(thread).text(".round"), "Orari")
	assert.Equal(t, 1, member.get(list+"?kind=round_table").Find(".thread").Length())
	assert.Zero(t, esp.get(thread).Find(`a[href$="/stand"], .answer`).Length())

	page = member.post(thread+"/stand", "text", " ", "cid", newCID())
	assert.Equal(t, []string{"text"}, page.mistakes(t))
	assert.NotEqual(t, http.StatusSeeOther, esp.post(thread+"/stand", "text", "Io.", "cid", newCID()).StatusCode)
	assert.Equal(t, http.StatusSeeOther, member.post(thread+"/stand", "text", "Mi piace ascoltare.", "cid", newCID()).StatusCode)
	page = member.post(thread+"/stand", "text", "Ancora io.", "cid", newCID())
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Contains(t, page.text("#text"), "Ancora io.", "nothing is lost")
	page = member.post(thread+"/posts", "text", "Senza parola.", "cid", newCID())
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Contains(t, page.text("#text"), "Senza parola.")

	b.passes()
	ballot := member.get(thread).Find(`.round-ballot a.button`).AttrOr("href", "")
	require.NotEmpty(t, ballot)
	assert.Zero(t, esp.get(thread).Find(`.round-ballot a.button`).Length())
	assert.Zero(t, tutor.get(ballot).Find(`input[name="choice"]`).Length())
	assert.Equal(t, []string{"choice"}, member.post(ballot).mistakes(t))
	for _, who := range []*browser{member, family, third} {
		assert.Equal(t, thread+"?done=round_voted", location(t, who.post(ballot, "choice", "1")))
	}
	assert.Equal(t, thread+"?done=round_voted_before", location(t, third.post(ballot, "choice", "1")))
	assert.NotEqual(t, http.StatusSeeOther, esp.post(ballot, "choice", "1").StatusCode)
	assert.Equal(t, http.StatusNotFound, member.get(thread+"/ballots/"+newCID()).StatusCode)
	b.passes()

	page = member.get(thread)
	assert.Contains(t, page.text(".round-facts"), "Mirto")
	assert.Equal(t, 1, page.Find(".answer").Length())
	assert.Zero(t, third.get(thread).Find(".answer").Length())
	for _, who := range []*browser{third, esp} {
		for _, path := range []string{"/new-ballot", "/agenda", "/minutes", "/run"} {
			assert.NotEqual(t, http.StatusOK, who.get(thread+path).StatusCode, path)
		}
		for _, path := range []string{"/ballots", "/agenda", "/minutes", "/guests", "/give-back", "/end"} {
			assert.NotEqual(t, http.StatusSeeOther, who.post(thread+path, "text", "Io.", "agenda", "Io", "options", "Sì\nNo", "until", ahead(1, "10:00"), "alias", "Marta", "cid", newCID()).StatusCode, path)
		}
	}
	act := func(who *browser, selector string) {
		t.Helper()
		to := who.get(thread).Find(selector).AttrOr("action", "")
		require.NotEmpty(t, to, selector)
		assert.Equal(t, thread, location(t, who.post(to)))
	}
	act(third, `form[action$="/hand"]`)
	assert.Contains(t, third.get(thread).text(".round-state"), "Glicine")
	act(member, `form[action$="/word"]`)
	assert.Equal(t, 1, third.get(thread).Find(".answer").Length())
	act(third, `form[action$="/word/end"]`)
	act(member, `form[action$="/open"]`)
	assert.Contains(t, third.get(thread).text(".point-open"), "Orari")
	act(member, `form[action$="/close"]`)

	for _, path := range []string{"/new-ballot", "/agenda", "/minutes", "/run"} {
		assert.Equal(t, http.StatusOK, member.get(thread+path).StatusCode, path)
	}
	page = member.post(thread+"/ballots", "text", "Apriamo?", "options", "Sì", "until", "mai", "cid", newCID())
	assert.ElementsMatch(t, []string{"options", "until"}, page.mistakes(t))
	assert.Equal(t, "Apriamo?", page.Find("#text").AttrOr("value", ""))
	assert.Equal(t, http.StatusSeeOther, member.post(thread+"/ballots", "text", "Apriamo 🌳 <b>subito</b>?", "options", "Sì\nNo", "until", ahead(1, "10:00"), "cid", newCID()).StatusCode)
	assert.Contains(t, third.get(thread).text(".round-ballots"), "Apriamo 🌳 <b>subito</b>?")
	assert.Equal(t, http.StatusSeeOther, member.post(thread+"/agenda", "agenda", "Feste\nMusica", "cid", newCID()).StatusCode)
	assert.Equal(t, http.StatusSeeOther, member.post(thread+"/minutes", "text", "Si apre.", "cid", newCID()).StatusCode)
	assert.Contains(t, third.get(thread).text(".round-papers"), "Mirto")
	assert.Equal(t, []string{"alias"}, member.post(thread+"/guests", "alias", "Nessuno").mistakes(t))
	assert.Equal(t, thread+"?done=round_invited", location(t, member.post(thread+"/guests", "alias", b.esp.Alias)))
	act(esp, `form[action$="/hand"]`)
	remove := member.get(thread+"/run").Find(`form[action$="/remove"]`).AttrOr("action", "")
	assert.Equal(t, thread, location(t, member.post(remove)))
	assert.Equal(t, thread+"?done=round_ended", location(t, member.post(thread+"/end")))
	page = member.post(thread+"/agenda", "agenda", "Troppo tardi", "cid", newCID())
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Contains(t, page.text("#agenda"), "Troppo tardi")
	assert.NotEqual(t, http.StatusSeeOther, third.post(thread+"/posts", "text", strings.Repeat("a", 1<<20), "cid", newCID()).StatusCode)
}
