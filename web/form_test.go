package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/errs"
	"ponti/web/page/parts"
)

// newFormSite has a page with one form, as any domain's: it reads, is refused, and is shown again.
func newFormSite(t *testing.T) *browser {
	t.Helper()
	st := newSiteDown(t)
	st.table = append(st.table, route{"POST /form-test", everybody, nil, func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Alias string `form:"alias"`
			Age   int    `form:"age"`
			Admin bool   // no tag: a request cannot set it
		}
		if err := decode(r, &in); err != nil {
			return st.showForm(w, r, err)
		}
		if in.Admin {
			return errs.New(errs.Forbidden, "error.forbidden")
		}
		if in.Alias != "Airone" {
			var f errs.Fields
			f.Add("alias", "error.field_unreadable", nil)
			f.Add("age", "error.field_unreadable", nil)
			return st.showForm(w, r, f.Err())
		}
		return st.redirectDone(w, r, "/numbers", "signed_out")
	}})
	st.handler = st.Handler()
	return st.browser(t)
}

func (st *site) showForm(w http.ResponseWriter, r *http.Request, err error) error {
	f, ok := formAgain(r, err)
	if !ok {
		return err
	}
	return st.render(w, r, http.StatusUnprocessableEntity, formPage(f))
}

func TestForm(t *testing.T) {
	t.Parallel()
	b := newFormSite(t)
	t.Run("all mistakes at once, each tied to its field, and nothing typed is lost", func(t *testing.T) {
		a := b.post("/form-test", "alias", `<b>"Ada`, "age", "7", "Admin", "true")
		assert.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
		assert.Equal(t, 2, a.Find(".error-summary li a").Length())
		assert.Equal(t, "#alias", a.Find(".error-summary li a").First().AttrOr("href", ""))
		input := a.Find("#alias")
		assert.Equal(t, `<b>"Ada`, input.AttrOr("value", ""))
		assert.Equal(t, "true", input.AttrOr("aria-invalid", ""))
		for id := range strings.FieldsSeq(input.AttrOr("aria-describedby", "")) {
			assert.Equal(t, 1, a.Find("#"+id).Length(), id)
		}
		assert.Contains(t, input.AttrOr("aria-describedby", ""), "alias-mistake")
		assert.Equal(t, "Alias", a.text(`label[for="alias"]`))
		assert.Empty(t, a.Find("#secret").AttrOr("value", ""), "a password is never sent back")
	})
	t.Run("a field of the wrong kind", func(t *testing.T) {
		a := b.post("/form-test", "alias", "Airone", "age", "seven")
		assert.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
		assert.Equal(t, "true", a.Find("#age").AttrOr("aria-invalid", ""))
	})
	t.Run("done", func(t *testing.T) {
		a := b.post("/form-test", "alias", "Airone", "age", "7")
		require.Equal(t, http.StatusSeeOther, a.StatusCode)
		a = b.get(a.Header.Get("Location"))
		assert.NotEmpty(t, a.text(".notice-good"))
		assert.Zero(t, b.get("/numbers?done=<script>").Find(".notice-good").Length(), "only texts of ours are said")
	})
}

func TestLinked(t *testing.T) {
	var b strings.Builder
	require.NoError(t, parts.Linked(`Leggi [chi può "leggere"] qui`, "/privacy").Render(t.Context(), &b))
	assert.Equal(t, `Leggi <a href="/privacy">chi può &#34;leggere&#34;</a> qui`, strings.TrimSpace(b.String()))
}

func TestErrorsOfObjectsLookAlike(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	refuse := func(err error) func(http.ResponseWriter, *http.Request) error {
		return func(http.ResponseWriter, *http.Request) error { return err }
	}
	st.table = append(st.table,
		route{"GET /test-refused/{id}", may("tutor"), nil, refuse(nil)},
		route{"GET /test-missing/{id}", everybody, nil, refuse(errs.New(errs.NotFound, "chat.some_room"))})
	st.handler = st.Handler()
	page := func(b *browser, path string) string {
		a := b.get(path)
		require.Equal(t, http.StatusNotFound, a.StatusCode, path)
		request := a.Find("main p.muted").Last().Text()
		_, id, _ := strings.Cut(request, ": ")
		return strings.NewReplacer(id, "", a.Find("script").AttrOr("nonce", ""), "", path, "").Replace(a.Body)
	}
	guest := st.signedIn(t, newStaff(t, st).esp.ID)
	missing := page(guest, "/test-missing/1")
	assert.True(t, missing == page(guest, "/test-refused/1"), "what is not yours looks as if there were none")
	assert.True(t, missing == page(guest, "/test-nowhere/1"), "so does an address without a route")
}

func TestStatusOf(t *testing.T) {
	for kind, want := range map[errs.Kind]int{
		errs.Internal: 500, errs.Invalid: 422, errs.Unauthenticated: 401, errs.Forbidden: 403, errs.NotFound: 404,
		errs.Conflict: 409, errs.TooMany: 429, errs.Unavailable: 503,
	} {
		assert.Equal(t, want, statusOf(errs.New(kind, "x")))
		assert.Contains(t, troubles, want, "each kind has a page")
	}
	assert.Equal(t, 60, secondsOf(errs.New(errs.TooMany, "x")))
	assert.Equal(t, 7, secondsOf(&errs.Error{Kind: errs.TooMany, Params: map[string]any{"Seconds": 7}}))
	assert.Equal(t, 413, statusOf(&http.MaxBytesError{Limit: 1}))
}
