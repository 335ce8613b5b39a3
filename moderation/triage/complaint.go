package triage

import "fmt"

// Wrong says what the loader complains of.
type Wrong string

// What may be wrong.
const (
	WrongText    Wrong = "text"    // it cannot be read; Detail says why
	WrongHeading Wrong = "heading" // a section begins with its own heading, Text, and has no other
	WrongLong    Wrong = "long"
	WrongMissed  Wrong = "missed" // Rule does not find its example Text
	WrongFound   Wrong = "found"  // Rule finds Text, which it must leave alone
	WrongLevel   Wrong = "level"  // Rule finds Text at Level, not at Wanted
)

// Complaint is one thing for which a rule set is refused. Section is empty when it is none's in particular; Row is the line in it, from 1.
type Complaint struct {
	Section       string
	Row           int
	What          Wrong
	Rule, Text    string
	Level, Wanted Level
	Detail        string

	file string
	line int
}

// Error is for who wrote the rules of the program: it names file and line.
func (c *Complaint) Error() string {
	detail := c.Detail
	switch c.What {
	case WrongHeading:
		detail = fmt.Sprintf("a section begins with %q and has no other heading", c.Text)
	case WrongLong:
		detail = fmt.Sprintf("a section has at most %d bytes", MaxSection)
	case WrongMissed:
		detail = fmt.Sprintf("%s does not find %q", c.Rule, c.Text)
	case WrongFound:
		detail = fmt.Sprintf("%s finds %q, which it must leave alone", c.Rule, c.Text)
	case WrongLevel:
		detail = fmt.Sprintf("%s finds %q at level %s, not %s", c.Rule, c.Text, c.Level, c.Wanted)
	case WrongText:
	}
	return fmt.Sprintf("triage: %s:%d: %s", c.file, c.line, detail)
}

// Complaints lists what an error of Build complains of; none for any other error.
func Complaints(err error) (list []Complaint) {
	switch e := err.(type) { //nolint:errorlint // the tree itself is walked
	case *Complaint:
		return []Complaint{*e}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			list = append(list, Complaints(one)...)
		}
	case interface{ Unwrap() error }:
		return Complaints(e.Unwrap())
	}
	return list
}
