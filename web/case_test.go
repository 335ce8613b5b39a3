package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
)

// reported is a post that somebody reported for a reason, and the way to it for those who moderate.
func (st *site) reported(t *testing.T, people staff, reason string) (author account.Actor, link string) {
	t.Helper()
	ctx := t.Context()
	category, err := st.Forum.CreateCategory(ctx, account.System(st.service), forum.NewCategory{Slug: "piazza", Audience: forum.ForMembers, Title: "Piazza"})
	require.NoError(t, err)
	require.NoError(t, st.Forum.AssignModerator(ctx, people.admin, category, people.esp.ID))
	author = st.member(t, "Nuvola")
	post, err := st.Forum.OpenThread(ctx, author, forum.NewThread{Category: "piazza", Title: "Una discussione", Text: "Sei proprio uno stupido.", CID: strings.ReplaceAll(uuid.NewString(), "-", "")})
	require.NoError(t, err)
	asReader := st.signedIn(t, st.member(t, "Pioggia").ID)
	require.Equal(t, http.StatusSeeOther, asReader.post("/report/post/"+post.Post.String(), "reason", reason).StatusCode)
	queue := st.signedIn(t, people.esp.ID).get("/moderation")
	return author, queue.Find(".queue a").AttrOr("href", "")
}

// TestClaimRunsOut: a claim that ran out while somebody wrote costs them one press, and not a word.
func TestClaimRunsOut(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	_, link := st.reported(t, people, "danger")
	esp := st.signedIn(t, people.esp.ID)
	page := esp.get("/moderation")
	assert.Equal(t, 1, page.Find(".queue .badge-red").Length(), "the level, also in words")
	assert.NotEmpty(t, page.Find(".queue [data-left]").Text(), "and its clock")
	require.Equal(t, http.StatusConflict, esp.post(link+"/keep").StatusCode)
	location(t, esp.post(link+"/claim"))
	require.Equal(t, http.StatusNoContent, esp.post(link+"/keep").StatusCode)

	words := []string{"decision", "hide", "sanction", "warn", "statement", "Offende un'altra persona."}
	holds := func(page answer) {
		t.Helper()
		assert.Equal(t, "Offende un'altra persona.", page.Find("form textarea[name=statement]").Text())
		assert.Equal(t, 1, page.Find("form [name=decision][value=hide][checked]").Length())
		assert.Equal(t, 1, page.Find("form [name=sanction][value=warn][checked]").Length())
	}
	page = esp.post(link+"/claim", words...)
	require.Equal(t, http.StatusOK, page.StatusCode, "kept by a button, where there is no script")
	holds(page)

	_, err := st.pool.Exec(t.Context(), `update moderation_cases set claimed_until = now()`)
	require.NoError(t, err)
	page = esp.post(link+"/decide", words...)
	require.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	holds(page)
	again := page.Find(`form button[formaction$="/claim"]`)
	require.Equal(t, 1, again.Length())
	page = esp.post(link+"/claim", words...)
	holds(page)
	location(t, esp.post(link+"/decide", words...))

	page = esp.get("/moderation")
	require.Equal(t, 1, page.Find("details .alert a").Length(), "what was hidden can be found again")
	page = esp.post(link + "/take-back")
	require.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	location(t, esp.post(link+"/take-back", "statement", "Era uno scherzo tra loro."))
	page = esp.get(link)
	assert.Zero(t, page.Find(`form[action$="/take-back"]`).Length())
	assert.NotContains(t, page.text(".case .badge"), "Nascosto")
}
