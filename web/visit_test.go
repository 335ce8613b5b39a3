package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
)

// TestVisitPage: who comes back to the forum is shown first what came meanwhile; a page fetched ahead is no visit.
func TestVisitPage(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	me := b.as(b.family)
	assert.Zero(t, me.get("/forum").Find("#since").Length())
	ago := func() {
		_, err := b.pool.Exec(t.Context(), `update forum_visits set seen_at = seen_at - interval '2 hours', before_at = before_at - interval '2 hours'`)
		require.NoError(t, err)
	}
	ago()
	r := b.open(b.member, "<b>La pioggia</b> di ieri", "Piove ancora.")
	among, err := b.Forum.OpenThread(t.Context(), b.esp, forum.NewThread{Category: "helpers", Title: "Turni", Text: "Chi c'è?", CID: newCID()})
	require.NoError(t, err)
	ahead := httptest.NewRequest(http.MethodGet, siteURL+"/forum", nil)
	ahead.Header.Set("Sec-Purpose", "prefetch")
	assert.Zero(t, me.do(ahead).Find("#since").Length())
	page := me.get("/forum")
	assert.Equal(t, "Dalla tua ultima visita", page.text("#since"))
	assert.Equal(t, "<b>La pioggia</b> di ieri", page.text(".news a"))
	assert.Equal(t, forum.Path(r.Thread, 1), page.Find(".news a").AttrOr("href", ""))
	assert.NotContains(t, page.Body, among.Thread.String())
	me.get(forum.Path(r.Thread, 1))
	assert.Zero(t, me.get("/forum").Find("#since").Length())
	assert.Zero(t, b.as(account.Actor{ID: b.esp.ID}).get("/forum").Find("#since").Length())
}
