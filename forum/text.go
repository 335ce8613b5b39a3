package forum

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/parser"
	"golang.org/x/text/unicode/norm"

	"ponti/internal/errs"
)

// Limits of what people write, in runes after cleaning.
const (
	MaxText  = 10_000
	MaxLong  = 20_000 // of a publication
	MinTitle = 3
	MaxTitle = 120
)

// maxMarks is how many combining marks may follow one letter. Four are enough for every living script; dozens
// ("zalgo") paint over the neighbours' posts.
const maxMarks = 4

// cleanText brings a text into the form that is stored: valid UTF-8 in NFC, lines ended by \n, without control characters
// and without the characters that make text read in another order than it is written.
func cleanText(s string) string {
	s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	for _, r := range s {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		if !unwanted(r) {
			b.WriteRune(r)
		}
	}
	// Dropping marks can leave two runes that compose.
	return strings.TrimSpace(norm.NFC.String(b.String()))
}

// unwanted is true of characters that nobody types and that can make a text lie: controls, direction overrides and
// marks, invisible fillers, tags, private use. The joiners U+200C and U+200D stay, scripts and emoji need them.
func unwanted(r rune) bool {
	switch {
	case r == '\n', r == '\t', r == '\u200C', r == '\u200D':
		return false
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
		return true
	case r == '\u115F', r == '\u1160', r == '\u3164', r == '\uFFA0', r == '\u2800': // letters and a pattern that print nothing
		return true
	}
	return false
}

// cleanTitle is cleanText on one line with single spaces.
func cleanTitle(s string) string { return strings.Join(strings.Fields(cleanText(s)), " ") }

// prepared is a text ready to be stored.
type prepared struct {
	Title, Source string
	Abstract      string // of a publication
	Notes         []ContentNote
	shape         shape
	rendered
}

// prepare cleans, checks and renders. The error is errs.Fields with every mistake; withTitle says whether a title belongs to it.
func prepare(title, text string, notes []ContentNote, withTitle bool) (prepared, error) {
	return prepareAs(short, title, text, notes, withTitle)
}

// shape is how long a text may be, and what its markup becomes.
type shape struct {
	most     int
	markdown parser.Parser
}

func (s shape) render(source string, called *names) rendered {
	return renderWith(s.markdown, source, true, called)
}

// plain is the text of a rendering without making the rest of it.
func (s shape) plain(source string) string {
	w := walk(s.markdown, source, true, nil)
	return strings.TrimSpace(w.plain.String())
}

// The shapes: of most of what people write, and of publications.
var short, long = shape{MaxText, markdown}, shape{MaxLong, pageMarkdown}

func prepareAs(s shape, title, text string, notes []ContentNote, withTitle bool) (prepared, error) {
	p := prepared{Notes: knownNotes(notes), shape: s}
	var wrong errs.Fields
	if withTitle {
		p.Title = prepareTitle(title, &wrong)
	}
	p.Source = cleanText(text)
	if n := utf8.RuneCountInString(p.Source); n > s.most {
		wrong.Add("text", "forum.text_long", map[string]any{"Max": s.most, "Over": n - s.most})
	} else if p.rendered = s.render(p.Source, nil); blank(p.Plain) {
		wrong.Add("text", "forum.text_empty", nil)
	}
	return p, wrong.Err()
}

// prepareTitle cleans a title and checks it.
func prepareTitle(title string, wrong *errs.Fields) string {
	title = cleanTitle(title)
	switch n := utf8.RuneCountInString(title); {
	case n < MinTitle || blank(title):
		wrong.Add("title", "forum.title_short", map[string]any{"Min": MinTitle})
	case n > MaxTitle:
		wrong.Add("title", "forum.title_long", map[string]any{"Max": MaxTitle, "Over": n - MaxTitle})
	}
	return title
}

// blank is true of a text in which nothing can be seen.
func blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.M, r) })
}

// Quote is the beginning of a reply to a text: its lines as a Markdown quote, nested quotes left out, and at most
// about 600 runes, so that a quote of a quote does not grow without end.
func Quote(source string) string {
	const most = 600
	var b strings.Builder
	n := 0
	for line := range strings.Lines(source) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), ">") {
			continue
		}
		r := []rune(line)
		cut := n+len(r) > most
		if cut {
			r = append(r[:most-n], '…')
		}
		b.WriteString("> ")
		b.WriteString(string(r))
		b.WriteByte('\n')
		if n += len(r); cut {
			break
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return b.String() + "\n"
}
