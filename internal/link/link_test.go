package link

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTarget(t *testing.T) {
	t.Parallel()
	for dest, want := range map[string][2]string{
		"https://www.iss.it/a?b=c#d":          {"https://www.iss.it/a?b=c#d", "www.iss.it"},
		"https://www.iss.it:8443/":            {"https://www.iss.it:8443/", "www.iss.it:8443"},
		"https://аpple.com":                   {"https://xn--pple-43d.com", "xn--pple-43d.com"},
		"mailto:a@b.it?subject=x":             {"mailto:a@b.it", "a@b.it"},
		"tel:02-2327.2327":                    {"tel:0223272327", "0223272327"},
		"http://a.it":                         {},
		"https://banca.it@evil.example":       {},
		"javascript:alert(1)":                 {},
		"data:text/html,x":                    {},
		"//a.it":                              {},
		"/account":                            {},
		"https:a.it":                          {},
		"https://":                            {},
		"":                                    {},
		"https://a.it\n.evil.example":         {},
		"https://a b.it":                      {},
		strings.Repeat("https://a.it/", 2000): {strings.Repeat("https://a.it/", 2000), "a.it"},
	} {
		href, shown := Target(dest)
		assert.Equal(t, want, [2]string{href, shown}, "%.40q", dest)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Piece{
		"":                 nil,
		"nessun indirizzo": {{Text: "nessun indirizzo"}},
		"vedi https://www.iss.it/a, poi dimmi": {
			{Text: "vedi "}, {"https://www.iss.it/a", "https://www.iss.it/a", "www.iss.it"}, {Text: ", poi dimmi"}},
		"(https://a.it).": {{Text: "("}, {"https://a.it", "https://a.it", "a.it"}, {Text: ")."}},
		"https://banca.it@evil.example e http://a.it": {{Text: "https://banca.it@evil.example e http://a.it"}},
	} {
		assert.Equal(t, want, Split(text), text)
	}
}

// FuzzSplit: the pieces are the text, and what leads somewhere leads to the host that is shown.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"https://a.it", "https://a.it)https://b.it", "https://[::1]/", "https://a.it:x", "HTTPS://A.IT", "https://\u202ea.it"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var whole strings.Builder
		for _, p := range Split(text) {
			require.NotEmpty(t, p.Text)
			whole.WriteString(p.Text)
			if p.Href != "" {
				u, err := url.Parse(p.Href)
				require.NoError(t, err)
				require.Equal(t, "https", u.Scheme)
				require.Equal(t, p.Host, u.Host)
				require.Nil(t, u.User)
			}
		}
		require.Equal(t, text, whole.String())
	})
}
