package web

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"ponti/internal/i18n"
	"ponti/web/page/parts"
)

// render writes a page. It is made in memory first, so that a mistake in it becomes an error page and not half a page.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	v := visitOf(r)
	ctx := i18n.With(parts.With(r.Context(), s.frame(r, v)), v.words)
	b, ok := s.made.Get().(*bytes.Buffer)
	if !ok {
		b = &bytes.Buffer{}
	}
	defer s.keepMade(b)
	if err := page.Render(ctx, b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.words.Lang())
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(b.Bytes())
	return ignoreGone(err)
}

// maxMade is how large a page may be for its memory to be used again: an ordinary one has less than half of it.
const maxMade = 256 << 10

// keepMade gives the memory of a page that was sent to the next one, which begins by forgetting what is in it.
func (s *Server) keepMade(b *bytes.Buffer) {
	if b.Cap() <= maxMade {
		b.Reset()
		s.made.Put(b)
	}
}

// frame is what the layout shows around every page.
func (s *Server) frame(r *http.Request, v *visit) *parts.Frame {
	path := "/"
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		path = r.URL.RequestURI()
	}
	f := &parts.Frame{
		Asset: s.assets.url, Nonce: v.nonce, Path: path, Down: v.down, Now: time.Now(),
		Service: v.service.Name, Numbers: numbersOf(v.service, v.words), Role: v.actor.Role, Alias: v.actor.Alias,
		Languages: s.catalog.Languages(),
	}
	if done := "done." + r.URL.Query().Get("done"); s.catalog.Has(done) {
		f.Done = v.words.T(done)
	}
	for _, item := range navigation {
		if item.guard.check(v, route{}) == nil {
			f.Navigation = append(f.Navigation, parts.Link{URL: item.url, Key: item.key})
		}
	}
	return f
}

// redirect sends the browser to one of our own pages after a form was handled.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, localPath(to), http.StatusSeeOther) //nolint:gosec // localPath lets nothing else through
	return nil
}

// redirectDone is redirect to a page that begins by saying what was done: the text "done.<what>".
func (s *Server) redirectDone(w http.ResponseWriter, r *http.Request, to, what string) error {
	u, err := url.Parse(localPath(to))
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("done", what)
	u.RawQuery = q.Encode()
	return s.redirect(w, r, u.String())
}

// localPath is to when it is a path on this site, else the front: no form or link can send people elsewhere.
func localPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(to, "/") ||
		strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

// askToSignIn leads a visitor to the sign-in page, and back afterwards.
func (s *Server) askToSignIn(w http.ResponseWriter, r *http.Request) {
	_ = s.redirect(w, r, "/sign-in?next="+url.QueryEscape(localPath(r.URL.RequestURI())))
}
