// Package community knows the lines in which a community moves from one place to another, and what the exports of other programs become in
// them. It knows nothing of where they are stored, and of nobody's rights.
package community

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Record is one line. docs/import.md describes it for who writes one.
type Record struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`

	Alias  string `json:"alias,omitempty"` // of a person
	Role   string `json:"role,omitempty"`
	Erased bool   `json:"erased,omitempty"` // they asked to be forgotten and left what they wrote: no alias then

	Slug     string `json:"slug,omitempty"` // of a category
	Audience string `json:"audience,omitempty"`
	Rules    string `json:"rules,omitempty"`
	Archived bool   `json:"archived,omitempty"` // it can be read and no longer written to

	Title string `json:"title,omitempty"` // of a category or a thread

	Category   string `json:"category,omitempty"`    // of a thread
	ThreadKind string `json:"thread_kind,omitempty"` // empty is a discussion
	Abstract   string `json:"abstract,omitempty"`    // of a publication
	Closed     bool   `json:"closed_to_replies,omitempty"`
	Locked     bool   `json:"locked,omitempty"`
	Pinned     bool   `json:"pinned,omitempty"`
	Event      *Event `json:"event,omitempty"` // of a thread that is one

	Agenda []string `json:"agenda,omitempty"` // of a round table, a point each

	Thread  string `json:"thread,omitempty"`  // of a post
	Minutes bool   `json:"minutes,omitempty"` // of a round table

	Author string `json:"author,omitempty"` // of a thread's opening or a post
	// Voice is there where it was written without a name: the number of its author in the thread, from 1. Author is then somebody erased.
	Voice  int        `json:"voice,omitempty"`
	Text   string     `json:"text,omitempty"`
	At     *time.Time `json:"at,omitempty"`
	Notes  []string   `json:"notes,omitempty"`
	State  string     `json:"state,omitempty"` // empty is shown
	Reason string     `json:"reason,omitempty"`
}

// Event is when and where something takes place.
type Event struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Online    bool      `json:"online,omitempty"`
	Place     string    `json:"place,omitempty"`     // may be empty online
	Sequence  int       `json:"sequence,omitempty"`  // how often it was changed
	Cancelled string    `json:"cancelled,omitempty"` // why; empty: it is not
}

// Kind is what a line is about.
type Kind string

// The kinds, in the order in which one may name another.
const (
	Person   Kind = "person"
	Category Kind = "category"
	Thread   Kind = "thread"
	Post     Kind = "post"
)

// The states that are not shown.
const (
	hidden  = "hidden"
	deleted = "deleted"
)

// MaxLine is the most that a line may hold, in bytes.
const MaxLine = 256 << 10

// Mistake is what is wrong with a line.
type Mistake struct {
	Line int // from 1
	What string
}

// String is for the operator.
func (m Mistake) String() string { return fmt.Sprintf("line %d: %s", m.Line, m.What) }

// Read reads line after line. One that is none of ours is a mistake and is passed over. An error of each ends it.
func Read(r io.Reader, each func(line int, rec Record) error, wrong func(Mistake)) error {
	lines := bufio.NewReaderSize(r, MaxLine+1)
	for n := 1; ; n++ {
		text, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			wrong(Mistake{n, fmt.Sprintf("is longer than %d bytes", MaxLine)})
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = lines.ReadSlice('\n')
			}
			text = nil
		}
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return err
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			rec, mistake := parse(text)
			if mistake != "" {
				wrong(Mistake{n, mistake})
			} else if err := each(n, rec); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

func parse(text []byte) (rec Record, mistake string) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&rec); err != nil {
		return rec, "cannot be read: " + err.Error()
	}
	if d.More() {
		return rec, "holds more than one object"
	}
	return rec, ""
}

// Writer writes lines.
type Writer struct{ out *json.Encoder }

// NewWriter writes to w.
func NewWriter(w io.Writer) *Writer {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return &Writer{out}
}

// Write writes one line.
func (w *Writer) Write(r Record) error { return w.out.Encode(r) }
