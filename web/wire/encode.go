package wire

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// Encode makes the bytes of a frame, to be sent to any number of sockets. What stands in texts is escaped so that a frame
// is safe inside a page as well.
func Encode(f Server) []byte { return Append(nil, f) }

// Append is Encode behind what b holds already. The two frames that every message costs are written here, the others by encoding/json; the bytes
// are those of encoding/json either way.
func Append(b []byte, f Server) []byte {
	switch f := f.(type) {
	case Message:
		return f.append(b)
	case Ack:
		return f.append(b)
	}
	body, err := json.Marshal(f)
	if err != nil {
		panic(err) // frames hold only text, numbers and instants
	}
	b = append(append(append(b, `{"t":"`...), f.Type()...), '"')
	if len(body) > 2 {
		b = append(b, ',')
	}
	return append(b, body[1:]...)
}

func (m Message) append(b []byte) []byte {
	b = appendText(append(b, `{"t":"message","room":`...), m.Room)
	b = strconv.AppendInt(append(b, `,"seq":`...), m.Seq, 10)
	b = strconv.AppendInt(append(b, `,"from":`...), int64(m.From), 10)
	if m.CID != "" {
		b = appendText(append(b, `,"cid":`...), m.CID)
	}
	b = appendInstant(append(b, `,"at":`...), m.At)
	b = appendText(append(b, `,"kind":`...), m.Kind)
	b = appendText(append(b, `,"text":`...), m.Text)
	if m.Hidden {
		b = append(b, `,"hidden":true`...)
	}
	if m.About != 0 {
		b = strconv.AppendInt(append(b, `,"about":`...), m.About, 10)
	}
	if m.Edited {
		b = append(b, `,"edited":true`...)
	}
	if m.Withdrawn {
		b = append(b, `,"withdrawn":true`...)
	}
	return append(b, '}')
}

func (a Ack) append(b []byte) []byte {
	b = appendText(append(b, `{"t":"ack","room":`...), a.Room)
	b = appendText(append(b, `,"cid":`...), a.CID)
	b = strconv.AppendInt(append(b, `,"seq":`...), a.Seq, 10)
	return append(appendInstant(append(b, `,"at":`...), a.At), '}')
}

func appendText(b []byte, s string) []byte {
	if asItIs(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err) // a text always has a form
	}
	return append(b, quoted...)
}

// asItIs is true of a text in which nothing is escaped.
func asItIs(s string) bool {
	for _, r := range s {
		switch {
		case r < ' ', r == '"', r == '\\', r == '<', r == '>', r == '&', r == '\u2028', r == '\u2029', r == utf8.RuneError:
			return false
		}
	}
	return true
}

func appendInstant(b []byte, at time.Time) []byte {
	return append(at.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}
