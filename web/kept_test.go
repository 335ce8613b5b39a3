package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/errs"
)

// TestKeptText: whatever somebody wrote comes back on the page that says why it was not taken; what another site sent does not.
func TestKeptText(t *testing.T) {
	t.Parallel()
	send := func(err error, fields ...string) map[string]string {
		in := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			in.Set(fields[i], fields[i+1])
		}
		r := httptest.NewRequest(http.MethodPost, siteURL+"/x", strings.NewReader(in.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		kept := keptText(r, statusOf(err), err)
		if kept == nil {
			return nil
		}
		got := map[string]string{}
		for _, f := range kept.Texts {
			got[f[0]] = f[1]
		}
		return got
	}
	for _, kind := range []errs.Kind{errs.Forbidden, errs.NotFound, errs.Conflict, errs.TooMany, errs.Unavailable} {
		err := errs.New(kind, "error.conflict_what")
		for _, name := range []string{"text", "note", "protective", "after_care", "statement", "greeting", "topic", "whisper", "draft"} {
			assert.Equal(t, map[string]string{name: "Le mie parole"}, send(err, name, "Le mie parole", "cid", "x"), "%v %s", kind, name)
		}
		assert.Nil(t, send(err, "cid", "x"))
	}
	assert.Nil(t, send(errCrossSite, "note", "Le mie parole"))
}

// TestAskWhileClosing: what somebody wrote to be met with comes back when nobody is there any more.
func TestAskWhileClosing(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	page := st.guest(t, "Airone").post("/waiting", "topic", "Da ieri non dormo.")
	require.Equal(t, http.StatusServiceUnavailable, page.StatusCode)
	assert.Contains(t, page.text(".written"), "Da ieri non dormo.")
}
