package community

import (
	"regexp"
	"strconv"
	"strings"
)

// markdown makes the forum's Markdown out of what a text of elsewhere says, element by element. Names of elements are those of BBCode, in capitals; what it does
// not know is shown as its content alone.
type markdown struct {
	open []*element
	skip int // how many elements without a content are open
}

// element is one that is open, with what was written in it so far.
type element struct {
	name, value string
	text        strings.Builder
	items       int // of a list
}

func newMarkdown() *markdown { return &markdown{open: []*element{{}}} }

func (m *markdown) top() *element { return m.open[len(m.open)-1] }

// special are characters that Markdown reads as marks.
var special = regexp.MustCompile("[\\\\*_\\[\\]`]")

// leading are those that it reads as marks at the start of a line.
var leading = regexp.MustCompile(`(?m)^([ \t]*[0-9]{0,9})([>+#.)-])`)

// deepest is how many elements may stand inside each other; deeper ones are shown flat.
const deepest = 16

// say writes words.
func (m *markdown) say(text string) {
	if m.skip > 0 {
		return
	}
	text = special.ReplaceAllString(text, `\$0`)
	first, rest := "", text // what goes on a line begins none
	if so := m.top().text.String(); so != "" && !strings.HasSuffix(so, "\n") {
		first, rest, _ = strings.Cut(text, "\n")
		if len(first) < len(text) {
			first += "\n"
		}
	}
	m.top().text.WriteString(first + leading.ReplaceAllString(rest, `$1\$2`))
}

// begin opens an element with the value that it was given, such as the address of a link.
func (m *markdown) begin(name, value string) {
	if m.skip > 0 || name == "IMG" || name == "ATTACHMENT" {
		m.skip++ // a picture is no text
		return
	}
	if len(m.open) > deepest {
		name = "flat " + name
	}
	m.open = append(m.open, &element{name: name, value: value})
}

// end closes the innermost element of a name; without one it does nothing.
func (m *markdown) end(name string) {
	if m.skip > 0 {
		m.skip--
		return
	}
	for i := len(m.open) - 1; i > 0; i-- {
		if strings.TrimPrefix(m.open[i].name, "flat ") != name {
			continue
		}
		for len(m.open) > i {
			m.close()
		}
		return
	}
}

// close writes the innermost element into the one around it.
func (m *markdown) close() {
	e := m.top()
	text := e.text.String()
	m.open = m.open[:len(m.open)-1]
	m.top().text.WriteString(m.closed(e, text))
}

func (m *markdown) closed(e *element, text string) string {
	inner := strings.TrimSpace(text)
	switch e.name {
	case "B":
		return around(text, "**")
	case "I":
		return around(text, "*")
	case "QUOTE":
		if inner == "" {
			return ""
		}
		if e.value != "" {
			inner = special.ReplaceAllString(e.value, `\$0`) + ":\n" + inner
		}
		return "\n\n> " + strings.ReplaceAll(inner, "\n", "\n> ") + "\n\n"
	case "LIST":
		return "\n\n" + inner + "\n\n"
	case "LI":
		list := m.top()
		list.items++
		mark := "- "
		if list.value == "1" {
			mark = strconv.Itoa(list.items) + ". "
		}
		return "\n" + mark + strings.ReplaceAll(inner, "\n", "\n  ")
	case "URL":
		return linked(e.value, inner)
	}
	return text
}

// around puts marks around words, inside of the spaces and line ends that are around them; Markdown knows none over several paragraphs.
func around(text, mark string) string {
	inner := strings.TrimSpace(text)
	if inner == "" || strings.Contains(inner, "\n\n") {
		return text
	}
	i := strings.Index(text, inner)
	return text[:i] + mark + inner + mark + text[i+len(inner):]
}

// linked is a link whose words are not its address already.
func linked(address, words string) string {
	plain := strings.NewReplacer(`\`, "").Replace(words)
	switch {
	case address == "":
		address = plain
		words = ""
	case plain == address:
		words = ""
	}
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") || strings.ContainsAny(address, " ()<>\n") {
		return words
	}
	if words == "" {
		return address
	}
	return "[" + words + "](" + address + ")"
}

var (
	manyLines = regexp.MustCompile(`\n{3,}`)
	lineEnds  = regexp.MustCompile(`[ \t]+\n`)
)

// String closes what is open and is the text.
func (m *markdown) String() string {
	for len(m.open) > 1 {
		m.close()
	}
	text := lineEnds.ReplaceAllString(m.open[0].text.String(), "\n")
	return strings.TrimSpace(manyLines.ReplaceAllString(text, "\n\n"))
}
