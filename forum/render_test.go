package forum

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"

	"ponti/internal/link"
)

func TestRender(t *testing.T) {
	const rel = ` rel="noopener noreferrer nofollow ugc"`
	const out = ` rel="noopener nofollow ugc"`
	leave := func(to string) string { return "/leaving?to=" + url.QueryEscape(to) }
	for _, c := range []struct{ name, source, want string }{
		{"a paragraph", "Ciao a tutti", `<p dir="auto">Ciao a tutti</p>`},
		{"lines end where they were ended", "uno\ndue", `<p dir="auto">uno<br>due</p>`},
		{"bold and italic", "**forte** e *piano*", `<p dir="auto"><strong>forte</strong> e <em>piano</em></p>`},
		{"a list", "- uno\n- due", `<ul><li dir="auto">uno</li><li dir="auto">due</li></ul>`},
		{"a numbered list keeps its start", "3. tre\n4. quattro", `<ol start="3"><li dir="auto">tre</li><li dir="auto">quattro</li></ol>`},
		{"a quote", "> detto\n\nrisposta", `<blockquote><p dir="auto">detto</p></blockquote><p dir="auto">risposta</p>`},
		{"a link shows its host", "[qui](https://www.iss.it/salute)", `<p dir="auto"><a href="` + leave("https://www.iss.it/salute") + `"` + out + `>qui</a> <span class="post-host">(www.iss.it)</span></p>`},
		{"a link that lies shows its host", "[https://banca.it](https://evil.example/x)", `<p dir="auto"><a href="` + leave("https://evil.example/x") + `"` + out + `>https://banca.it</a> <span class="post-host">(evil.example)</span></p>`},
		{"a bare address is a link", "vedi https://www.iss.it.", `<p dir="auto">vedi <a href="` + leave("https://www.iss.it") + `"` + out + `>https://www.iss.it</a>.</p>`},
		{"a look-alike host is spelled out", "[sito](https://аpple.com)", `<p dir="auto"><a href="` + leave("https://xn--pple-43d.com") + `"` + out + `>sito</a> <span class="post-host">(xn--pple-43d.com)</span></p>`},
		{"mail", "[scrivi](mailto:a@b.it?subject=x&bcc=c@d.it)", `<p dir="auto"><a href="mailto:a@b.it"` + rel + `>scrivi</a> <span class="post-host">(a@b.it)</span></p>`},
		{"telephone", "[chiama](tel:02-2327.2327)", `<p dir="auto"><a href="tel:0223272327"` + rel + `>chiama</a> <span class="post-host">(0223272327)</span></p>`},
		{"a link without words shows its host", "[](https://www.iss.it/a)", `<p dir="auto"><a href="` + leave("https://www.iss.it/a") + `"` + out + `>www.iss.it</a></p>`},
		{"http is not linked", "[qui](http://a.it)", `<p dir="auto">qui (http://a.it)</p>`},
		{"a name before the host is not linked", "[qui](https://banca.it@evil.example)", `<p dir="auto">qui (https://banca.it@evil.example)</p>`},
		{"an image is its words", "![gatto](https://a.it/x.png)", `<p dir="auto">gatto (https://a.it/x.png)</p>`},
		{"HTML is text", "<b>ciao</b>", `<p dir="auto">&lt;b&gt;ciao&lt;/b&gt;</p>`},
		{"a heading is text", "# Titolo", `<p dir="auto"># Titolo</p>`},
		{"underlines make no heading", "Titolo\n===", `<p dir="auto">Titolo<br>===</p>`},
		{"code is text", "`rm -rf`", "<p dir=\"auto\">`rm -rf`</p>"},
		{"an escape is honoured", `\*non corsivo\*`, `<p dir="auto">*non corsivo*</p>`},
		{"an entity stays as typed", "AT&amp;T", `<p dir="auto">AT&amp;amp;T</p>`},
		{"a reference is text", "[a]: https://evil.example\n\n[a]", `<p dir="auto">[a]: <a href="` + leave("https://evil.example") + `"` + out + `>https://evil.example</a></p><p dir="auto">[a]</p>`},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, render(c.source).HTML) })
	}
}

func TestRenderPlain(t *testing.T) {
	assert.Equal(t, "voglio morire", render("vog**li**o *mo*rire").Plain, "markup inside a word hides no word")
	assert.Equal(t, "uno due qui (www.iss.it)", strings.Join(strings.Fields(render("- uno\n- due\n\n[qui](https://www.iss.it/a)").Plain), " "))
}

// attacks is the stored-XSS list: testdata/xss.txt, one a line, \n written as ⏎.
func attacks(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/xss.txt")
	require.NoError(t, err)
	var out []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimRight(line, "\n"); line != "" {
			out = append(out, strings.ReplaceAll(line, "⏎", "\n"))
		}
	}
	require.Greater(t, len(out), 60)
	return out
}

func TestRenderStoredXSS(t *testing.T) {
	for _, a := range attacks(t) {
		checkSafe(t, render(cleanText(a)).HTML, a)
		checkSafe(t, render(a).HTML, a)
	}
}

var allowed = map[atom.Atom][]string{
	atom.P: {"dir"}, atom.Li: {"dir"}, atom.Br: nil, atom.Strong: nil, atom.Em: nil, atom.Ul: nil, atom.Ol: {"start"},
	atom.Blockquote: nil, atom.A: {"href", "rel"}, atom.Span: {"class"},
}

// checkSafe parses the output as a browser does and fails on any node, attribute or target that is not on the list.
func checkSafe(t testing.TB, out, source string) {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(out), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	require.NoError(t, err, source)
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		require.Less(t, depth, 60, "nesting of %q", source)
		switch n.Type {
		case html.TextNode:
		case html.ElementNode:
			attrs, ok := allowed[n.DataAtom]
			require.True(t, ok, "element %s from %q", n.Data, source)
			for _, a := range n.Attr {
				require.Contains(t, attrs, a.Key, "attribute of %s from %q", n.Data, source)
				require.Empty(t, a.Namespace)
			}
			if n.DataAtom == atom.A {
				checkLink(t, n, source)
			}
		default:
			require.Fail(t, "node", "type %d from %q", n.Type, source)
		}
		for c := range n.ChildNodes() {
			walk(c, depth+1)
		}
	}
	for _, n := range nodes {
		walk(n, 0)
	}
}

func checkLink(t testing.TB, a *html.Node, source string) {
	t.Helper()
	var href, rel string
	for _, at := range a.Attr {
		switch at.Key {
		case "href":
			href = at.Val
		case "rel":
			rel = at.Val
		}
	}
	u, err := url.Parse(href)
	require.NoError(t, err, "href from %q", source)
	wantRel := link.Rel
	if u.Path == "/leaving" && u.Scheme == "" {
		wantRel = link.RelLeaving
		require.Empty(t, u.Host)
		u, err = url.Parse(u.Query().Get("to"))
		require.NoError(t, err, "way out from %q", source)
	}
	require.Equal(t, wantRel, rel, "rel from %q", source)
	shown := u.Opaque
	switch u.Scheme {
	case "https":
		shown = u.Host
		require.NotEmpty(t, shown, "host from %q", source)
		require.Nil(t, u.User, "from %q", source)
	case "mailto", "tel":
	default:
		require.Fail(t, "scheme", "%q from %q", u.Scheme, source)
	}
	words := textOf(a)
	if next := a.NextSibling; next != nil && next.NextSibling != nil && next.NextSibling.DataAtom == atom.Span {
		words += textOf(next.NextSibling)
	}
	require.Contains(t, words, shown, "where the link leads must be seen, from %q", source)
	for c := range a.Descendants() {
		require.NotEqual(t, atom.A, c.DataAtom, "link in a link from %q", source)
	}
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// FuzzRender: no input gives an unsafe node, an unclean text or a text that is lost.
func FuzzRender(f *testing.F) {
	for _, a := range attacks(f) {
		f.Add(a)
	}
	f.Add("> > > - 1. **a _b_** [c](https://d.it) <e@f.it> https://g.it\n\n- h\n  - i\n\n    j")
	f.Add(strings.Repeat("> ", 300) + "a")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4*MaxText {
			return
		}
		source := cleanText(s)
		checkClean(t, source)
		r := render(source)
		checkSafe(t, r.HTML, s)
		require.True(t, utf8.ValidString(r.HTML))
		// What readers see is what triage reads, letter by letter.
		seen := strings.NewReplacer("<br>", "\n", "</p>", "\n", "</li>", "\n", "</ul>", "\n", "</ol>", "\n", "</blockquote>", "\n").Replace(r.HTML)
		nodes, err := html.ParseFragment(strings.NewReader("<div>"+seen+"</div>"), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
		require.NoError(t, err)
		require.Equal(t, letters(r.Plain), letters(textOf(nodes[0])), "from %q", s)
	})
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

func checkClean(t testing.TB, s string) {
	t.Helper()
	require.True(t, utf8.ValidString(s))
	require.True(t, norm.NFC.IsNormalString(s), "%q", s)
	require.False(t, strings.ContainsFunc(s, unwanted), "%q", s)
	require.Equal(t, s, cleanText(s), "cleaning twice changes nothing")
}

func TestCleanText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"composed", "perche\u0301", "perché"},
		{"line ends", "a\r\nb\rc\u2028d", "a\nb\nc\nd"},
		{"controls", "a\x00b\x1b[31mc\u0085d\u200be", "ab[31mcde"},
		{"direction", "\u202Egnp.exe\u2069\u200f", "gnp.exe"},
		{"broken UTF-8", "a\xff\xfeb", "a\uFFFDb"},
		{"joiners stay", "👩\u200d🦰", "👩\u200d🦰"},
		{"tags", "x\U000E0041\U000E0042", "x"},
		{"too many marks", "z" + strings.Repeat("\u0337", 40) + "a", "z\u0337\u0337\u0337\u0337a"},
		{"edges", " \n a \n", "a"},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, cleanText(c.in)) })
	}
	assert.Equal(t, "un titolo", cleanTitle("  un \n titolo\t"))
}

func TestPrepare(t *testing.T) {
	keys := func(title, text string) (out []string) {
		_, err := prepare(title, text, nil, true)
		if err == nil {
			return nil
		}
		return strings.Split(err.Error(), "; ")
	}
	assert.Empty(t, keys("abc", "x"))
	assert.Empty(t, keys(strings.Repeat("à", MaxTitle), strings.Repeat("à", MaxText)))
	assert.Equal(t, []string{"title: forum.title_short", "text: forum.text_empty"}, keys("ab", "  \n"))
	assert.Equal(t, []string{"title: forum.title_long", "text: forum.text_long"}, keys(strings.Repeat("a", MaxTitle+1), strings.Repeat("a", MaxText+1)))
	assert.Equal(t, []string{"text: forum.text_empty"}, keys("abc", ">\n- \u200d"))
	assert.Equal(t, []string{"title: forum.title_short"}, keys("\u200d\u200d\u200d", "x"))
}

func TestQuote(t *testing.T) {
	assert.Equal(t, "> uno\n> \n> due\n\n", Quote("uno\n\ndue"))
	assert.Equal(t, "> mio\n\n", Quote("> altrui\nmio"), "a quote of a quote is left out")
	assert.Equal(t, "", Quote("> solo"))
	long := Quote(strings.Repeat("à", 2000))
	assert.Equal(t, 600+4+1, utf8.RuneCountInString(long))
	checkSafe(t, render(long).HTML, long)
}

// hostile are pieces that, repeated, make much work for who reads Markdown.
var hostile = []string{">", "> ", "- ", "1. ", "*a", "**a", "_a_", "[", "[a](", "![", "<", "<https://", "](", "\\", "*_", "[a](https://b.it)", "&#", "https://a.it ", "- \n", ">\n", " -\n  ", "a@", "\t-"}

// TestRenderHostile: what a person can send costs in proportion to its length, in memory and in what readers get. Not
// parallel: memory is counted for the whole process.
func TestRenderHostile(t *testing.T) {
	for _, unit := range hostile {
		var cost, size [2]float64
		for i, length := range []int{MaxText / 2, MaxText} {
			source := strings.Repeat(unit, length/len(unit))
			var r rendered
			cost[i] = testing.AllocsPerRun(1, func() { r = render(source) })
			size[i] = float64(len(r.HTML))
			checkSafe(t, r.HTML, unit)
		}
		assert.Less(t, cost[1], 2.5*cost[0]+100, unit)
		assert.LessOrEqual(t, size[1], 2.5*size[0]+100, unit)
	}
}

func BenchmarkRenderHostile(b *testing.B) {
	for _, unit := range hostile {
		source := strings.Repeat(unit, MaxText/len(unit))
		b.Run(strings.TrimSpace(unit), func(b *testing.B) {
			for b.Loop() {
				render(source)
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	source := strings.Repeat("Ieri è stata una giornata **dura**, oggi meno. Ho scritto qui: [gruppo](https://www.iss.it/ama)\n\n> grazie\n\n- uno\n- due\n\n", 10)
	for b.Loop() {
		render(source)
	}
}
