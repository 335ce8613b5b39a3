package parts

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"ponti/account"
)

// languageNames are written in their own language, so that who needs one can read it: they are no texts of the catalogue.
var languageNames = map[string]string{"it": "Italiano", "en": "English"}

func languageName(lang string) string { return languageNames[lang] }

// onCall is true of those whom people wait for: a page of theirs that is open keeps them reachable.
func onCall(role account.Role) bool {
	return account.Actor{Role: role}.IsPeer() || role == account.RoleTutor
}

// current marks the link to the page one is on, or to the section it belongs to.
func current(ctx context.Context, url string) templ.Attributes {
	path, _, _ := strings.Cut(Of(ctx).Path, "?")
	switch {
	case path == url:
		return templ.Attributes{"aria-current": "page"}
	case url != "/" && strings.HasPrefix(path, url+"/"):
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}

func (in Input) attributes(ctx context.Context, f Form) templ.Attributes {
	a := describedBy(ctx, f, in.Name, in.Hint)
	a["id"], a["name"] = in.Name, in.Name
	if in.Type == "textarea" {
		a["rows"] = strconv.Itoa(max(3, in.Rows))
	} else {
		a["type"] = "text"
		if in.Type != "" {
			a["type"] = in.Type
		}
		if in.Type != "password" { // what was typed there is never sent back
			a["value"] = in.shown(f)
		}
	}
	for name, value := range map[string]string{"autocomplete": in.Autocomplete, "inputmode": in.InputMode} {
		if value != "" {
			a[name] = value
		}
	}
	if in.MaxLength > 0 {
		a["maxlength"] = strconv.Itoa(in.MaxLength)
	}
	if in.NoSpelling {
		a["spellcheck"], a["autocapitalize"] = "false", "none"
	}
	// aria-required, not required: the browser's own bubbles speak another voice, vanish, and skip the error summary.
	if in.Required {
		a["aria-required"] = "true"
	}
	return a
}

func (in Input) shown(f Form) string {
	if f.Values.Has(in.Name) {
		return f.Value(in.Name)
	}
	return in.Value
}

// describedBy ties a field to its hint and its mistake.
func describedBy(ctx context.Context, f Form, name, hint string) templ.Attributes {
	a, ids := templ.Attributes{}, []string{}
	if hint != "" {
		ids = append(ids, name+"-hint")
	}
	if f.Mistake(ctx, name) != "" {
		ids = append(ids, name+"-mistake")
		a["aria-invalid"] = "true"
	}
	if len(ids) > 0 {
		a["aria-describedby"] = strings.Join(ids, " ")
	}
	return a
}

func picked(f Form, name, chosen string) string {
	if f.Values.Has(name) {
		return f.Value(name)
	}
	return chosen
}

// ticked are the answers that were sent, or those from before.
func ticked(f Form, name string, chosen []string) []string {
	if f.Values != nil {
		return f.Values[name]
	}
	return chosen
}

// Ticked is true of a question that has an answer.
func Ticked(f Form, name string, chosen []string) bool { return len(ticked(f, name, chosen)) > 0 }

// choiceID is the field's own name for the first answer, so that the error summary leads to it.
func choiceID(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "-" + strconv.Itoa(i)
}

// machine is an instant for programs, always UTC.
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// before, between and after are the pieces of a text with one [part in brackets].
func before(text string) string {
	s, _, _ := strings.Cut(text, "[")
	return s
}

func between(text string) string {
	_, s, _ := strings.Cut(text, "[")
	s, _, _ = strings.Cut(s, "]")
	return s
}

func after(text string) string {
	_, s, _ := strings.Cut(text, "]")
	return s
}
