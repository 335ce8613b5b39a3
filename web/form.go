package web

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/go-playground/form/v4"

	"ponti/internal/errs"
	"ponti/web/page/parts"
)

// forms reads only the fields a struct names with a `form` tag: what a request adds is not seen.
var forms = func() *form.Decoder {
	d := form.NewDecoder()
	d.SetMode(form.ModeExplicit)
	d.SetMaxArraySize(100)
	return d
}()

// decode reads a form into a struct that lists what may be written. A field of the wrong kind is a mistake tied to it.
func decode(r *http.Request, in any) error {
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return errTooLarge
		}
		return errUnreadable
	}
	r.PostForm = plainFields(r.PostForm)
	err := forms.Decode(in, r.PostForm)
	if mistakes, ok := errors.AsType[form.DecodeErrors](err); ok {
		var fields errs.Fields
		for field := range mistakes {
			fields.Add(field, "error.field_unreadable", nil)
		}
		return fields.Err()
	}
	return err
}

// fieldName is what our forms call their fields. At a name with a bracket too few the decoder panics, and writes the name beside our log.
var fieldName = regexp.MustCompile(`^[A-Za-z_]{1,40}(\[[0-9]{1,2}\](\.[a-z_]{1,40})?)?$`)

// plainFields leaves out what no form of ours has, and from every value what PostgreSQL takes in no text: bytes that are not
// UTF-8, and NUL. To refuse them would lose what somebody wrote over a character they cannot see.
func plainFields(sent url.Values) url.Values {
	plain := make(url.Values, len(sent))
	for name, values := range sent {
		if !fieldName.MatchString(name) {
			continue
		}
		for _, v := range values {
			plain.Add(name, strings.ReplaceAll(strings.ToValidUTF8(v, "\uFFFD"), "\x00", ""))
		}
	}
	return plain
}

// formAgain is the form as it was sent, with its mistakes, when that is what err is about; handlers then show it again with
// status 422. Every other error is not the form's.
func formAgain(r *http.Request, err error) (parts.Form, bool) {
	f := parts.Form{Values: r.PostForm}
	if fields, ok := errors.AsType[errs.Fields](err); ok {
		f.Mistakes = fields
		return f, true
	}
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Kind == errs.Invalid {
		f.Mistakes = errs.Fields{e}
		return f, true
	}
	return parts.Form{}, false
}

// asMistake makes what came between, as a case that is somebody else's by now, a mistake of a field: so that what was written comes back with it.
func asMistake(err error, field string) error {
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Kind == errs.Conflict {
		return errs.Field(field, e.Key, e.Params)
	}
	return err
}
