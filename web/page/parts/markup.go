package parts

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"ponti/internal/i18n"
)

// Markup is HTML that Go writes, for what stands on a page many times over: in a template each value costs a microsecond and several allocations. What is
// put in by Raw is HTML already; everything else is escaped as templates do it.
type Markup struct {
	out   []byte
	words *i18n.Localizer
	now   time.Time
	day   map[[3]int][]string // how times of a day are told, cut where the hour belongs
	err   error               // the first of a component
}

// Each is a component that write makes for every one of n things in turn.
func Each(n int, write func(ctx context.Context, m *Markup, i int)) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		m := &Markup{out: make([]byte, 0, 4<<10), words: L(ctx), now: Now(ctx), day: map[[3]int][]string{}} // as much as an ordinary thing has
		for i := range n {
			write(ctx, m, i)
			if m.err != nil {
				return m.err
			}
			if _, err := w.Write(m.out); err != nil {
				return err
			}
			m.out = m.out[:0]
		}
		return nil
	})
}

// Raw puts in what is HTML already: tags, what a domain rendered, identifiers.
func (m *Markup) Raw(pieces ...string) {
	for _, s := range pieces {
		m.out = append(m.out, s...)
	}
}

// Number puts in a number.
func (m *Markup) Number(n int) { m.out = strconv.AppendInt(m.out, int64(n), 10) }

// Text puts in what somebody wrote, or a text.
func (m *Markup) Text(s string) { m.out = appendEscaped(m.out, s) }

// T puts in the text of a key.
func (m *Markup) T(key string) { m.Text(m.words.T(key)) }

// N puts in the text of a key in the plural form of count.
func (m *Markup) N(key string, count int) { m.Text(m.words.N(key, count)) }

// Numbered puts in a text and a number in it.
func (m *Markup) Numbered(n Numbered, number int) {
	for i, piece := range n {
		if i > 0 {
			m.Number(number)
		}
		m.Raw(piece)
	}
}

// When tells day and hour, as the component of that name.
func (m *Markup) When(t time.Time) {
	m.Raw(`<time datetime="`)
	m.machine(t)
	m.Raw(`">`)
	m.when(t)
	m.Raw(`</time>`)
}

// Ago tells how long ago something was, as the component of that name.
func (m *Markup) Ago(t time.Time) {
	m.Raw(`<time datetime="`)
	m.machine(t)
	m.Raw(`" title="`)
	m.when(t)
	m.Raw(`">`)
	m.Text(m.words.Ago(m.now, t))
	m.Raw(`</time>`)
}

func (m *Markup) machine(t time.Time) { m.out = t.UTC().AppendFormat(m.out, time.RFC3339) }

func (m *Markup) when(t time.Time) {
	t = t.In(m.words.Zone())
	year, month, day := t.Date()
	at := [3]int{year, int(month), day}
	pieces, ok := m.day[at]
	if !ok {
		pieces = escaped(m.words.Day(m.now, t))
		m.day[at] = pieces
	}
	for i, piece := range pieces {
		if i > 0 {
			m.out = t.AppendFormat(m.out, "15:04")
		}
		m.Raw(piece)
	}
}

// Component puts in what a template makes.
func (m *Markup) Component(ctx context.Context, c templ.Component) {
	if err := c.Render(ctx, m); m.err == nil {
		m.err = err
	}
}

// Write puts in HTML; it is for components.
func (m *Markup) Write(b []byte) (int, error) {
	m.out = append(m.out, b...)
	return len(b), nil
}

// Escaped is the text of a key as HTML, for Raw: what stands on a page many times over is looked up once.
func Escaped(ctx context.Context, key string) string { return string(appendEscaped(nil, T(ctx, key))) }

// Numbered is the text of a key, which names one number, as HTML without the number.
type Numbered []string

// NumberedText looks it up.
func NumberedText(ctx context.Context, key, name string) Numbered {
	return escaped(L(ctx).Around(name, key))
}

func escaped(pieces []string) []string {
	for i, s := range pieces {
		pieces[i] = string(appendEscaped(nil, s))
	}
	return pieces
}

// appendEscaped writes what templ.EscapeString gives.
func appendEscaped(b []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		var safe string
		switch s[i] {
		case '&':
			safe = "&amp;"
		case '\'':
			safe = "&#39;"
		case '<':
			safe = "&lt;"
		case '>':
			safe = "&gt;"
		case '"':
			safe = "&#34;"
		default:
			continue
		}
		b = append(append(b, s[from:i]...), safe...)
		from = i + 1
	}
	return append(b, s[from:]...)
}
