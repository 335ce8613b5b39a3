package forum

import (
	"errors"
	"unicode/utf8"

	"ponti/account"
	"ponti/internal/errs"
)

// A publication is an article of the service: long, with a few lines that stand for it in lists, and answered only if its author wants that.

// Lengths of an abstract, in runes.
const (
	MinAbstract = 20
	MaxAbstract = 400
)

// ErrClosed says that the author of a publication wants no answers to it.
var ErrClosed = errs.New(errs.Conflict, "kind.closed_to_replies")

// Told is what a publication has beside its title and text.
type Told struct {
	Abstract string `json:"abstract,omitempty"`
	Closed   bool   `json:"closed,omitempty"` // its author wants no answers
}

func (t Told) clean() Told { return Told{cleanTitle(t.Abstract), t.Closed} }

// prepareTold is prepare for the opening of a publication.
func prepareTold(title, text string, told Told, notes []ContentNote) (prepared, error) {
	p, err := prepareAs(long, title, text, notes, true)
	wrong, ok := errors.AsType[errs.Fields](err)
	if err != nil && !ok {
		return p, err
	}
	p.Abstract = told.clean().Abstract
	switch n := utf8.RuneCountInString(p.Abstract); {
	case n < MinAbstract || blank(p.Abstract):
		wrong.Add("abstract", "kind.abstract_short", map[string]any{"Min": MinAbstract})
	case n > MaxAbstract:
		wrong.Add("abstract", "kind.abstract_long", map[string]any{"Max": MaxAbstract, "Over": n - MaxAbstract})
	}
	return p, wrong.Err()
}

// shapeOf is how the post of a number in a thread of a kind is shaped.
func shapeOf(k Kind, number int) shape {
	if k == KindPublication && number == 1 {
		return long
	}
	return short
}

// readOpening cleans, checks and reads what opens a thread.
func (f *Forum) readOpening(service account.ServiceID, in NewThread) (*writing, error) {
	if in.Kind != KindPublication {
		return f.read(service, in.Title, in.Text, in.CID, in.Notes, true)
	}
	if !validCID(in.CID) {
		return nil, ErrForm
	}
	p, err := prepareTold(in.Title, in.Text, in.Told, in.Notes)
	if err != nil {
		return nil, err
	}
	return f.assessed(service, p, in.CID), nil
}

// prepared is the new text of a post, and what a publication has beside it.
func (in Edit) prepared(old postRow, t threadRow) (p prepared, told Told, err error) {
	if old.Number == 1 && t.Kind == KindPublication {
		p, err = prepareTold(in.Title, in.Text, in.Told, in.Notes)
		return p, Told{p.Abstract, in.Told.Closed}, err
	}
	p, err = prepare(in.Title, in.Text, in.Notes, old.Number == 1)
	return p, Told{}, err
}
