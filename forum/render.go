package forum

import (
	"html"
	"regexp"
	"strconv"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"ponti/internal/link"
)

// renderer numbers the rules of this file. Raise it when the same source would give other HTML: RenderAgain then
// brings stored posts up to date.
const renderer = 2

// maxDepth is how many quotes and lists may stand inside each other; deeper ones are shown flat.
const maxDepth = 6

// deep finds a line that opens a dozen quotes and lists at once, and more to come. The next marker is escaped, so that the rest of the
// line is text: the parser's work grows with the square of the depth, and nobody means such a line.
var deep = regexp.MustCompile(`(?m)^((?:[ \t]*(?:>|[-+*][ \t]|[0-9]{1,9}[.)][ \t])){12}[ \t]*)([>*+-])`)

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
	parser.WithInlineParsers(inline...),
)

var inline = []util.PrioritizedValue{
	util.Prioritized(parser.NewLinkParser(), 200),
	util.Prioritized(parser.NewAutoLinkParser(), 300),
	util.Prioritized(parser.NewEmphasisParser(), 500),
	util.Prioritized(extension.NewLinkifyParser(extension.WithLinkifyAllowedProtocols([]string{"https:"})), 900),
}

// pageMarkdown is markdown with headings, for what administrators write, and for publications.
var pageMarkdown = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewListParser(), 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewBlockquoteParser(), 800),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	),
	parser.WithInlineParsers(inline...),
)

// policy is the second lock: it lets through exactly what the walk below writes. It is read-only after start.
var policy = newPolicy()

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("h2", "h3", "p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "a", "span")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^auto$`)).OnElements("h2", "h3", "p", "li")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^(post-host|mention)$`)).OnElements("span")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^(` + link.Rel + `|` + link.RelLeaving + `)$`)).OnElements("a")
	p.AllowURLSchemes("https", "mailto", "tel")
	p.AllowRelativeURLs(true) // of the page before the way out; the walk writes no other
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(false)
	return p
}

// render turns cleaned Markdown into HTML. It never fails: what is no markup is text.
func render(source string) rendered { return renderWith(markdown, source, true, nil) }

// renderPage is render with headings: # and ## are those of a page's parts, more are those inside one. The service answers for where its links lead.
func renderPage(source string) string { return renderWith(pageMarkdown, source, false, nil).HTML }

func renderWith(markdown parser.Parser, source string, anybodys bool, called *names) rendered {
	w := walk(markdown, source, anybodys, called)
	return rendered{HTML: policy.Sanitize(w.html.String()), Plain: strings.TrimSpace(w.plain.String())}
}

func walk(markdown parser.Parser, source string, anybodys bool, called *names) *walker {
	src := []byte(deep.ReplaceAllString(source, `$1\$2`))
	w := &walker{src: src, anybodys: anybodys, called: called}
	w.children(markdown.Parse(text.NewReader(src)), 0)
	return w
}

// walker writes the tree of one text.
type walker struct {
	src         []byte
	html, plain strings.Builder
	inLink      bool
	anybodys    bool   // what anybody wrote: the way out leads by a page that says where to
	called      *names // who may be called by name; nil: nobody
	quotes      int    // how many the walk is in
	fenced      bool   // in what is shown as code elsewhere
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
	case *ast.Heading: // of pages and publications alone
		tag := "h2"
		if n.Level > 2 {
			tag = "h3"
		}
		w.block(n, "<"+tag+` dir="auto">`, "</"+tag+">", depth)
	case *ast.Blockquote:
		w.quotes++
		w.container(n, "<blockquote>", "</blockquote>", depth)
		w.quotes--
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
		if next, ok := n.NextSibling().(*ast.Text); ok && !n.SoftLineBreak() && !n.HardLineBreak() && next.Segment.Start == n.Segment.Stop {
			next.Segment.Start, next.Segment.Padding = n.Segment.Start, n.Segment.Padding // the parser cut a line where a link might have begun
			return
		}
		w.line(string(n.Segment.Value(w.src)))
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

// line writes text as it was typed, with the names in it marked by which somebody is called.
func (w *walker) line(raw string) {
	if strings.HasPrefix(strings.TrimSpace(raw), "```") {
		w.fenced = !w.fenced
	}
	for w.called != nil && w.quotes == 0 && !w.inLink && !w.fenced {
		from, to, ok := w.called.calls(raw)
		if !ok {
			break
		}
		w.text(unescaped(raw[:from]))
		w.html.WriteString(`<span class="mention">`)
		w.text(unescaped(raw[from:to]))
		w.html.WriteString("</span>")
		raw = raw[to:]
	}
	w.text(unescaped(raw))
}

func unescaped(raw string) string { return string(util.UnescapePunctuations([]byte(raw))) }

func (w *walker) text(s string) {
	w.html.WriteString(html.EscapeString(s))
	w.plain.WriteString(s)
}

// link writes a link whose target can be seen, or, when the target is not one we allow, its words and the target as text.
func (w *walker) link(dest string, label func()) {
	href, shown := link.Target(dest)
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
		to, rel := href, link.Rel
		if w.anybodys && strings.HasPrefix(href, "https:") {
			to, rel = link.Leaving(href), link.RelLeaving
		}
		w.html.WriteString(`<a href="` + html.EscapeString(to) + `" rel="` + rel + `">`)
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
