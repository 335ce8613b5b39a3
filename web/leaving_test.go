package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/link"
)

// TestLeaving: nobody is led on by themselves; the host stands there, the other side learns nothing, and the way back leads where its reader came from, but never out.
func TestLeaving(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	const secret = "/gruppo-segreto?chi=airone"
	from := func(referer string) answer {
		r := httptest.NewRequest(http.MethodGet, siteURL+link.Leaving("https://www.iss.it"+secret), nil)
		if referer != "" {
			r.Header.Set("Referer", referer)
		}
		return st.browser(t).do(r)
	}
	page := from("")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Empty(t, page.Header.Get("Location"))
	assert.Zero(t, page.Find("meta[http-equiv=refresh]").Length())
	assert.Equal(t, "www.iss.it", page.text(".leaving-host"))
	out := page.Find(`main a[href^="https:"]`)
	assert.Equal(t, "https://www.iss.it"+secret, out.AttrOr("href", ""))
	assert.Equal(t, link.Rel, out.AttrOr("rel", ""))
	assert.Contains(t, page.Header.Get("X-Robots-Tag"), "noindex")
	for referer, want := range map[string]string{
		"": "/", siteURL + "/forum/threads/1?after=50": "/forum/threads/1?after=50", "https://evil.example/forum": "/",
		siteURL + "//evil.example": "/", siteURL + link.Leaving("https://a.it"): "/", "::": "/",
	} {
		assert.Equal(t, want, from(referer).Find("main .button-second").AttrOr("href", ""), referer)
	}
	look, err := url.Parse(link.Leaving("https://xn--pple-43d.com"))
	require.NoError(t, err)
	assert.Equal(t, "xn--pple-43d.com", st.browser(t).get(look.String()).text(".leaving-host"), "letters that look alike are spelled out")
	assert.NotContains(t, st.log.String(), "segreto")
}
