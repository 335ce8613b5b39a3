package forum

import (
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	"golang.org/x/net/idna"
)

// renderer numbers the rules of this file. Raise it when the same source would give other HTML: RenderAgain then
// brings stored posts up to date.
const renderer = 1

// maxDepth is how many quotes and lists may stand inside each other; deeper ones are shown flat.
const maxDepth = 6

// deep finds a line that opens a dozen quotes and lists at once, and more to come. The next marker is escaped, so that the rest of the
// line is text: the parser's work grows with the square of the depth, and nobody means such a line.
var deep = regexp.MustCompile(`(?m)^((?:[ \t]*(?:>|[-+*][ \t]|[0-9]{1,9}[.)][ \t])){12}[ \t]*)([>*+-])`)

// linkRel says that we neither vouch for a link nor tell the other side where a reader comes from.
const linkRel = "noopener noreferrer nofollow ugc"

// rendered is a text as readers see it: HTML, and the same without markup. Triage reads Plain too, so that markup
// inside a word does not hide the word.
type rendered struct{ HTML, Plain string }

// markdown knows paragraphs, quotes, lists, emphasis and links, and nothing else: no raw HTML, images, headings, tables,
// code, reference links. What is not known stays as it was typed.
var markdown = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewListParser(), 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewBlockquoteParser(), 800),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	),
	parser.WithInlineParsers(
		util.Prioritized(parser.NewLinkParser(), 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(parser.NewEmphasisParser(), 500),
		util.Prioritized(extension.NewLinkifyParser(extension.WithLinkifyAllowedProtocols([]string{"https:"})), 900),
	),
)

// policy is the second lock: it lets through exactly what the walk below writes. It is read-only after start.
var policy = newPolicy()

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "a", "span")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^auto$`)).OnElements("p", "li")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^post-host$`)).OnElements("span")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^` + linkRel + `$`)).OnElements("a")
	p.AllowURLSchemes("https", "mailto", "tel")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(false)
	return p
}

// render turns cleaned Markdown into HTML. It never fails: what is no markup is text.
func render(source string) rendered {
	src := []byte(deep.ReplaceAllString(source, `$1\$2`))
	w := walker{src: src}
	w.children(markdown.Parse(text.NewReader(src)), 0)
	return rendered{HTML: policy.Sanitize(w.html.String()), Plain: strings.TrimSpace(w.plain.String())}
}

// walker writes the tree of one text.
type walker struct {
	src         []byte
	html, plain strings.Builder
	inLink      bool
}

func (w *walker) children(n ast.Node, depth int) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.node(c, depth)
	}
}

func (w *walker) node(n ast.Node, depth int) {
	switch n := n.(type) {
	case *ast.Paragraph:
		w.block(n, `<p dir="auto">`, "</p>", depth)
	case *ast.TextBlock: // the text of an item in a tight list
		if depth > maxDepth {
			w.block(n, `<p dir="auto">`, "</p>", depth)
			return
		}
		w.children(n, depth)
		w.plain.WriteByte('\n')
	case *ast.Blockquote:
		w.container(n, "<blockquote>", "</blockquote>", depth)
	case *ast.List:
		open, end := "<ul>", "</ul>"
		if n.IsOrdered() {
			open, end = "<ol>", "</ol>"
			if n.Start != 1 {
				open = `<ol start="` + strconv.Itoa(n.Start) + `">`
			}
		}
		w.container(n, open, end, depth)
	case *ast.ListItem:
		if depth > maxDepth { // its list was left out
			w.children(n, depth)
			return
		}
		w.block(n, `<li dir="auto">`, "</li>", depth)
	case *ast.Emphasis:
		tag := "em"
		if n.Level == 2 {
			tag = "strong"
		}
		w.html.WriteString("<" + tag + ">")
		w.children(n, depth)
		w.html.WriteString("</" + tag + ">")
	case *ast.Link:
		w.link(string(util.UnescapePunctuations(n.Destination)), func() { w.children(n, depth) })
	case *ast.Image: // only its words: nothing is ever fetched because somebody wrote a post
		w.children(n, depth)
		w.text(" (" + string(n.Destination) + ")")
	case *ast.AutoLink:
		dest, label := string(n.URL(w.src)), string(n.Label(w.src))
		if n.AutoLinkType == ast.AutoLinkEmail {
			dest = "mailto:" + label
		}
		w.link(dest, func() { w.text(label) })
	case *ast.Text:
		w.text(string(util.UnescapePunctuations(n.Segment.Value(w.src))))
		if n.SoftLineBreak() || n.HardLineBreak() { // people end a line where they mean it
			w.html.WriteString("<br>")
			w.plain.WriteByte('\n')
		}
	case *ast.String:
		w.text(string(n.Value))
	default:
		w.children(n, depth)
	}
}

func (w *walker) container(n ast.Node, open, end string, depth int) {
	if depth++; depth > maxDepth {
		w.children(n, depth)
		return
	}
	w.block(n, open, end, depth)
}

func (w *walker) block(n ast.Node, open, end string, depth int) {
	w.html.WriteString(open)
	w.children(n, depth)
	w.html.WriteString(end)
	w.plain.WriteByte('\n')
}

func (w *walker) text(s string) {
	w.html.WriteString(html.EscapeString(s))
	w.plain.WriteString(s)
}

// link writes a link whose target can be seen, or, when the target is not one we allow, its words and the target as text.
func (w *walker) link(dest string, label func()) {
	href, shown := safeTarget(dest)
	switch {
	case w.inLink:
		label()
	case href == "":
		from := w.plain.Len()
		label()
		if dest != "" && !strings.Contains(w.plain.String()[from:], dest) {
			w.text(" (" + dest + ")")
		}
	default:
		w.inLink = true
		from := w.plain.Len()
		w.html.WriteString(`<a href="` + html.EscapeString(href) + `" rel="` + linkRel + `">`)
		label()
		words := strings.TrimSpace(w.plain.String()[from:])
		if words == "" {
			w.text(shown)
			words = shown
		}
		w.html.WriteString("</a>")
		w.inLink = false
		// The words of a link can say anything; where it leads stands beside it.
		if words != shown && words != href && words+"/" != href {
			w.html.WriteString(` <span class="post-host">(` + html.EscapeString(shown) + `)</span>`)
			w.plain.WriteString(" (" + shown + ")")
		}
	}
}

var (
	mailAddress = regexp.MustCompile(`^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}$`)
	phoneNumber = regexp.MustCompile(`^\+?[0-9]{2,15}$`)
	phoneFiller = strings.NewReplacer(" ", "", ".", "", "-", "", "(", "", ")", "", "/", "")
)

// safeTarget returns the target to link to and what to show of it: the host, the address, the number. Both are empty when we do not
// link there: other schemes, a name before the host (https://bank@evil), hosts that are not plain names.
func safeTarget(dest string) (href, shown string) {
	u, err := url.Parse(strings.TrimSpace(dest))
	if err != nil {
		return "", ""
	}
	switch u.Scheme {
	case "https":
		// ToASCII shows look-alike letters of other scripts for what they are: xn--…
		host, err := idna.Lookup.ToASCII(u.Hostname())
		if err != nil || host == "" || u.User != nil || u.Opaque != "" {
			return "", ""
		}
		if p := u.Port(); p != "" {
			host += ":" + p
		}
		u.Host = host
		return u.String(), host
	case "mailto":
		if addr, err := url.PathUnescape(u.Opaque); err == nil && mailAddress.MatchString(addr) {
			return "mailto:" + addr, addr
		}
	case "tel":
		if number := phoneFiller.Replace(strings.ReplaceAll(u.Opaque, "%20", "")); phoneNumber.MatchString(number) {
			return "tel:" + number, number
		}
	}
	return "", ""
}
