package web

import (
	"errors"
	"net/http"

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
