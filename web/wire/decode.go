package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
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
	case "beat":
		c = &Beat{}
	}
	if c == nil || f.bad || len(f.values) > 0 {
		return nil, ErrFrame
	}
	return c, nil
}

// fields are the members of one flat object; each is taken out once.
type fields struct {
	values map[string]any // string or json.Number
	bad    bool
}

// maxFields is more than any frame has.
const maxFields = 8

// readFields reads token by token: encoding/json's own way into a struct takes the last of two equal keys and does not mind
// upper case, and two readers of one frame must never understand it differently. A value that is an object or a list ends it,
// so nesting has no depth.
func readFields(b []byte) (fields, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	f := fields{values: make(map[string]any, 4)}
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return f, ErrFrame
	}
	for d.More() {
		key, err := d.Token()
		if err != nil || len(f.values) == maxFields {
			return f, ErrFrame
		}
		name, ok := key.(string)
		if _, twice := f.values[name]; !ok || twice {
			return f, ErrFrame
		}
		value, err := d.Token()
		if err != nil {
			return f, ErrFrame
		}
		switch value.(type) {
		case string, json.Number:
			f.values[name] = value
		default:
			return f, ErrFrame
		}
	}
	if _, err := d.Token(); err != nil {
		return f, ErrFrame
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return f, ErrFrame
	}
	return f, nil
}

func (f *fields) text(name string) string {
	s, ok := f.values[name].(string)
	f.bad = f.bad || !ok
	delete(f.values, name)
	return s
}

func (f *fields) optional(name string) string {
	if _, given := f.values[name]; !given {
		return ""
	}
	return f.text(name)
}

// number is a whole number that browsers can hold exactly, from 0.
func (f *fields) number(name string) int64 {
	s, ok := f.values[name].(json.Number)
	delete(f.values, name)
	n, err := strconv.ParseInt(string(s), 10, 64)
	if !ok || err != nil || n < 0 || n > maxExact {
		f.bad = true
		return 0
	}
	return n
}

const maxExact = math.MaxInt64 >> 10 // 2^53 - 1
