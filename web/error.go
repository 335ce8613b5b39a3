package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"syscall"

	"ponti/internal/errs"
	"ponti/web/page/front"
)

// refusal is an error of HTTP itself, which no domain knows of.
type refusal struct {
	status     int
	retryAfter int    // seconds, or 0
	page       string // with StatusSeeOther: the page to go to instead
}

func (e *refusal) Error() string { return "web: " + http.StatusText(e.status) }

var (
	errNoPage     = &refusal{status: http.StatusNotFound}
	errMethod     = &refusal{status: http.StatusMethodNotAllowed}
	errCrossSite  = &refusal{status: http.StatusForbidden}
	errTooLarge   = &refusal{status: http.StatusRequestEntityTooLarge}
	errEncoding   = &refusal{status: http.StatusUnsupportedMediaType}
	errUnreadable = &refusal{status: http.StatusBadRequest}
)

// statusGone is for the log and the metrics: whoever asked went away before the answer.
const statusGone = 499

// statusOf translates what went wrong into an HTTP status.
func statusOf(err error) int {
	if e, ok := errors.AsType[*refusal](err); ok {
		return e.status
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	switch errs.KindOf(err) {
	case errs.Invalid:
		return http.StatusUnprocessableEntity
	case errs.Unauthenticated:
		return http.StatusUnauthorized
	case errs.Forbidden:
		return http.StatusForbidden
	case errs.NotFound:
		return http.StatusNotFound
	case errs.Conflict:
		return http.StatusConflict
	case errs.TooMany:
		return http.StatusTooManyRequests
	case errs.Unavailable:
		return http.StatusServiceUnavailable
	case errs.Internal:
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// troubles are the texts of the error page. What is not here reads as an internal error.
var troubles = map[int]front.Trouble{
	http.StatusBadRequest:            {Title: "error.unreadable_title", What: "error.unreadable_what", Next: "error.unreadable_next"},
	http.StatusUnauthorized:          {Title: "error.sign_in_title", What: "error.sign_in_first", Next: "error.sign_in_next", To: "/sign-in", ToKey: "error.sign_in"},
	http.StatusForbidden:             {Title: "error.forbidden_title", What: "error.forbidden", Next: "error.forbidden_next"},
	http.StatusNotFound:              {Title: "error.not_found_title", What: "error.not_found", Next: "error.not_found_next"},
	http.StatusMethodNotAllowed:      {Title: "error.unreadable_title", What: "error.unreadable_what", Next: "error.unreadable_next"},
	http.StatusConflict:              {Title: "error.conflict_title", What: "error.conflict_what", Next: "error.conflict_next"},
	http.StatusRequestEntityTooLarge: {Title: "error.too_large_title", What: "error.too_large_what", Next: "error.too_large_next"},
	http.StatusUnsupportedMediaType:  {Title: "error.unreadable_title", What: "error.unreadable_what", Next: "error.unreadable_next"},
	http.StatusUnprocessableEntity:   {Title: "error.invalid_title", What: "error.invalid_what", Next: "error.invalid_next"},
	http.StatusTooManyRequests:       {Title: "error.too_many_title", What: "error.too_many_what", Next: "error.too_many_next"},
	http.StatusServiceUnavailable:    {Title: "error.unavailable_title", What: "error.unavailable", Next: "error.unavailable_next"},
	http.StatusInternalServerError:   {Title: "error.internal_title", What: "error.internal_what", Next: "error.internal_next"},
}

// fail answers with an error. People read what happened, that nothing was lost, what they can do, and the numbers; the error's
// own text goes to the log alone. An answer that was begun is cut off instead, so that nobody takes a half for the whole.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	v := visitOf(r)
	status := statusOf(err)
	gone := errors.Is(r.Context().Err(), context.Canceled)
	if gone && !v.shown && v.pattern != socketPattern {
		w.WriteHeader(statusGone) // nobody reads a page
		return
	}
	if status >= 500 && !gone {
		s.Log.Error().Str("req", v.id).Str("route", v.pattern).Err(err).Msg("request failed")
	}
	if v.shown {
		panic(http.ErrAbortHandler)
	}
	if status == http.StatusTooManyRequests {
		s.metrics.limited.Inc()
	}
	h := w.Header()
	switch e, ok := errors.AsType[*refusal](err); {
	case ok && e.retryAfter > 0:
		h.Set("Retry-After", strconv.Itoa(e.retryAfter))
	case status == http.StatusTooManyRequests:
		h.Set("Retry-After", strconv.Itoa(secondsOf(err)))
	case status == http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	}
	switch {
	case v.pattern == socketPattern:
		w.WriteHeader(status) // no page: a script asked
		return
	case status == http.StatusUnauthorized && r.Method == http.MethodGet:
		s.askToSignIn(w, r)
		return
	case status == http.StatusSeeOther:
		if e, ok := errors.AsType[*refusal](err); ok {
			_ = s.redirect(w, r, e.page)
		}
		return
	}
	trouble, ok := troubles[status]
	if !ok {
		trouble = troubles[http.StatusInternalServerError]
	}
	// A domain that says more than its kind is heard; the words of objects that may not be seen stay the common ones.
	if e, ok := errors.AsType[*errs.Error](err); ok && status != http.StatusNotFound && status < 500 && e.Key != "" {
		trouble.What, trouble.Params = e.Key, e.Params
	}
	if trouble.To == "" {
		trouble.To, trouble.ToKey = "/", "error.home"
	}
	trouble.Request = v.id
	trouble.Kept = keptText(r, status, err)
	if rerr := s.render(w, r, status, front.TroublePage(trouble)); rerr != nil {
		s.Log.Error().Str("req", v.id).Err(rerr).Msg("error page failed")
	}
}

// secondsOf is how long a domain asks to wait, as "Seconds" of its error; a minute when it does not say.
func secondsOf(err error) int {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		if n, ok := e.Params["Seconds"].(int); ok && n > 0 {
			return n
		}
	}
	return 60
}

// writtenIn are the fields of our forms that people write in; sentWith are those beside them that say what it is about.
var (
	writtenIn = []string{"text", "note", "protective", "after_care", "statement", "greeting", "topic", "whisper", "draft"}
	sentWith  = []string{"title", "cid", "version", "post", "base", "outcome", "seen", "decision", "sanction", "opinion", "reason", "about", "feeling"}
)

// keptText is what somebody was sending when it could not be taken: their session was over, the stores were down, somebody was first, it is not theirs any more. It goes
// back to them on the page that says so, with a button to send it again; nothing they wrote is lost. Only what our own pages
// sent is given back: a form from another site was refused before it was read.
func keptText(r *http.Request, status int, err error) *front.Kept {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusServiceUnavailable:
	default:
		return nil
	}
	if r.Method != http.MethodPost || errors.Is(err, errCrossSite) || r.ParseForm() != nil {
		return nil
	}
	k := &front.Kept{Action: localPath(r.URL.RequestURI()), SignIn: status == http.StatusUnauthorized}
	for _, name := range writtenIn {
		if text := r.PostForm.Get(name); text != "" {
			k.Texts = append(k.Texts, [2]string{name, text})
		}
	}
	if len(k.Texts) == 0 {
		return nil
	}
	for _, name := range sentWith {
		if r.PostForm.Has(name) {
			k.Fields = append(k.Fields, [2]string{name, r.PostForm.Get(name)})
		}
	}
	return k
}

// ignoreGone drops the error of an answer nobody waits for any more.
func ignoreGone(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, context.Canceled) ||
		errors.Is(err, http.ErrHandlerTimeout) || errors.Is(err, http.ErrBodyNotAllowed) {
		return nil
	}
	return err
}
