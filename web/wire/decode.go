package wire

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// ErrFrame is what Decode gives for anything that is not exactly a client frame. It says no more: the bytes came from a
// stranger and belong in no log.
var ErrFrame = errors.New("wire: not a frame of this protocol")

// Decode reads one frame from a client. Refused are: bytes that are not UTF-8 or over MaxFrame, anything but one flat
// object, a type or field it does not know (letter case counts), a field given twice, missing, or of the wrong kind.
// Whether the room exists and the text is acceptable is the use-case's to say.
func Decode(b []byte) (Client, error) {
	if len(b) > MaxFrame || !utf8.Valid(b) {
		return nil, ErrFrame
	}
	f, err := readFields(b)
	if err != nil {
		return nil, err
	}
	var c Client
	switch f.text("t") {
	case "join":
		c = &Join{Room: f.text("room"), After: f.number("after"), Epoch: f.optional("epoch")}
	case "leave":
		c = &Leave{Room: f.text("room")}
	case "send":
		c = &Send{Room: f.text("room"), CID: f.text("cid"), Text: f.text("text")}
	case "typing":
		c = &Typing{Room: f.text("room")}
	case "read":
		c = &Read{Room: f.text("room"), Seq: f.number("seq")}
	case "watch":
		v := View(f.text("view"))
		f.bad = f.bad || v != Waiting && v != Desk && v != Console && v != Notices
		c = &Watch{View: v}
	case "follow":
		c = &Follow{Thread: f.text("thread"), From: f.number("from"), Known: f.text("known")}
	case "beat":
		c = &Beat{}
	}
	if c == nil || f.bad || len(f.list) > 0 {
		return nil, ErrFrame
	}
	return c, nil
}

// fields are the members of one flat object; each is taken out once.
type fields struct {
	list []member
	bad  bool
}

type member struct {
	name, value string
	number      bool // value is digits, not a text
}

// maxFields is more than any frame has.
const maxFields = 8

// readFields is strict where encoding/json is not: that takes the last of two equal keys and does not mind upper case, and two
// readers of one frame must never understand it differently. A value that is not a text or a whole number ends it, so nesting has no depth.
func readFields(b []byte) (fields, error) {
	r := reader{left: b}
	f := fields{list: make([]member, 0, 4)}
	r.expect('{')
	for !r.bad && !r.next('}') {
		if len(f.list) > 0 {
			r.expect(',')
		}
		m := member{name: r.text()}
		r.expect(':')
		if m.number = !r.at('"'); m.number {
			m.value = r.digits()
		} else {
			m.value = r.text()
		}
		if r.bad || len(f.list) == maxFields || f.find(m.name) >= 0 {
			return f, ErrFrame
		}
		f.list = append(f.list, m)
	}
	if r.space(); r.bad || len(r.left) > 0 {
		return f, ErrFrame
	}
	return f, nil
}

// reader takes JSON from the front of what is left. After a mistake it goes on being bad.
type reader struct {
	left []byte
	bad  bool
}

func (r *reader) space() {
	for len(r.left) > 0 && (r.left[0] == ' ' || r.left[0] == '\n' || r.left[0] == '\r' || r.left[0] == '\t') {
		r.left = r.left[1:]
	}
}

func (r *reader) at(c byte) bool {
	r.space()
	return len(r.left) > 0 && r.left[0] == c
}

// next takes a sign if it comes next.
func (r *reader) next(c byte) bool {
	if !r.at(c) {
		return false
	}
	r.left = r.left[1:]
	return true
}

func (r *reader) expect(c byte) { r.bad = !r.next(c) || r.bad }

// text is a text that comes next, without its quotes.
func (r *reader) text() (s string) {
	if !r.at('"') {
		r.bad = true
		return ""
	}
	escaped := false
	for i := 1; i < len(r.left); i++ {
		switch c := r.left[i]; {
		case c < ' ':
			r.bad = true
			return ""
		case c == '\\':
			escaped = true
			i++
		case c == '"':
			whole := r.left[:i+1]
			r.left = r.left[i+1:]
			if !escaped {
				return string(whole[1:i])
			}
			r.bad = json.Unmarshal(whole, &s) != nil || r.bad
			return s
		}
	}
	r.bad = true
	return ""
}

// digits is a whole number from 0 that comes next, as it is written.
func (r *reader) digits() string {
	r.space()
	n := 0
	for n < len(r.left) && r.left[n] >= '0' && r.left[n] <= '9' {
		n++
	}
	s := string(r.left[:n])
	r.left = r.left[n:]
	r.bad = r.bad || n == 0 || n > 1 && s[0] == '0'
	return s
}

func (f *fields) find(name string) int {
	return slices.IndexFunc(f.list, func(m member) bool { return m.name == name })
}

// take takes a member out, of which it must be known whether it is a number.
func (f *fields) take(name string, number bool) string {
	i := f.find(name)
	if i < 0 || f.list[i].number != number {
		f.bad = true
		return ""
	}
	value := f.list[i].value
	f.list = slices.Delete(f.list, i, i+1)
	return value
}

func (f *fields) text(name string) string { return f.take(name, false) }

func (f *fields) optional(name string) string {
	if f.find(name) < 0 {
		return ""
	}
	return f.text(name)
}

// number is a whole number that browsers can hold exactly, from 0.
func (f *fields) number(name string) int64 {
	n, err := strconv.ParseInt(f.take(name, true), 10, 64)
	if err != nil || n > maxExact {
		f.bad = true
		return 0
	}
	return n
}

const maxExact = math.MaxInt64 >> 10 // 2^53 - 1
