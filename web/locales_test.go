package web

import (
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/i18n"
)

// partsToCome are parts whose pages, and with them the texts of their errors, are not built yet. The list only shrinks.
var partsToCome = []string{}

// texts are all texts of a language, by key.
func texts(t *testing.T, lang string) map[string]i18n.Message {
	t.Helper()
	files, err := filepath.Glob("locales/" + lang + "/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string]i18n.Message{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		part, err := i18n.Parse(data, strings.TrimSuffix(filepath.Base(f), ".json"))
		require.NoError(t, err, f)
		maps.Copy(all, part)
	}
	return all
}

// TestLanguagesMatch holds every language to the same keys, plural forms and values.
func TestLanguagesMatch(t *testing.T) {
	t.Parallel()
	it, en := texts(t, "it"), texts(t, "en")
	for key, m := range it {
		other, ok := en[key]
		if !assert.True(t, ok, "%s is missing in English", key) {
			continue
		}
		assert.Equal(t, m.One != "", other.One != "", "%s has plural forms in one language only", key)
		assert.Equal(t, values(m.Other), values(other.Other), "%s takes other values", key)
		for _, form := range []i18n.Message{m, other} {
			assert.Subset(t, values(form.Other), values(form.One), "%s: one form takes a value the other does not", key)
		}
		if m.One != "" {
			assert.Contains(t, values(m.Other), "Count", "%s has plural forms but names no count", key)
		}
	}
	for key := range en {
		assert.Contains(t, it, key, "missing in Italian")
	}
}

var placeholder = regexp.MustCompile(`\{([A-Za-z]*)\}`)

func values(text string) []string {
	names := []string{}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// literals finds what could name a text in the sources of a folder; calls only what is surely meant as one.
var (
	literal = regexp.MustCompile(`"([a-z]+\.[a-z0-9_]*)"`)
	errKeys = []*regexp.Regexp{
		regexp.MustCompile(`errs\.New\([^,"]+,\s*"([^"]+)"`),
		regexp.MustCompile(`errs\.Field\([^,]+,\s*"([^"]+)"`),
		regexp.MustCompile(`\.Add\("[^"]+",\s*"([^"]+)"`),
		regexp.MustCompile(`Key:\s*"([^"]+)"`),
	}
	plural = regexp.MustCompile(`\bN\((?:ctx, )?"([^"]+)"`)
	single = regexp.MustCompile(`\bT\((?:ctx, )?"([^"]+)"`)
)

// TestTextsAreUsed scans the sources: every text is used, and every key used has its text, of the right kind.
func TestTextsAreUsed(t *testing.T) {
	t.Parallel()
	it := texts(t, "it")
	parts := map[string]bool{}
	for key := range it {
		part, _, _ := strings.Cut(key, ".")
		parts[part] = true
	}
	for _, part := range partsToCome {
		assert.False(t, parts[part], "%q has texts: take it off the list", part)
	}
	named, begun := map[string]bool{}, []string{}
	sources(t, func(path, src string) {
		need := func(key string) {
			part, _, _ := strings.Cut(key, ".")
			if _, ok := it[key]; !ok && !slices.Contains(partsToCome, part) {
				t.Errorf("%s: %q has no text", path, key)
			}
		}
		for _, m := range literal.FindAllStringSubmatch(src, -1) {
			key := m[1]
			part, _, _ := strings.Cut(key, ".")
			if !parts[part] || strings.HasSuffix(key, ".css") {
				continue
			}
			named[key] = true
			switch {
			case strings.HasSuffix(key, ".") || strings.HasSuffix(key, "_"):
				begun = append(begun, key) // the rest of the key is a value
			case strings.HasPrefix(path, "../web/"):
				need(key)
			}
		}
		for _, re := range errKeys {
			for _, m := range re.FindAllStringSubmatch(src, -1) {
				if strings.Contains(m[1], ".") {
					need(m[1])
				}
			}
		}
		for _, m := range plural.FindAllStringSubmatch(src, -1) {
			if text, ok := it[m[1]]; ok && text.One == "" {
				t.Errorf("%s: %q is counted but has no plural forms", path, m[1])
			}
		}
		for _, m := range single.FindAllStringSubmatch(src, -1) {
			if it[m[1]].One != "" {
				t.Errorf("%s: %q has plural forms but is not counted", path, m[1])
			}
		}
	})
	for key := range it {
		used := named[key] || slices.ContainsFunc(begun, func(b string) bool { return strings.HasPrefix(key, b) })
		assert.True(t, used, "%s is used nowhere", key)
	}
}

// sources gives every Go and templ file of the project that is not a test or generated.
func sources(t *testing.T, f func(path, src string)) {
	t.Helper()
	n := 0
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "e2e" || len(d.Name()) > 2 && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		ext := filepath.Ext(path)
		if ext != ".templ" && ext != ".go" || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
			return nil
		}
		if rel, err := filepath.Rel("../web", path); err == nil && !strings.HasPrefix(rel, "..") {
			path = "../web/" + rel
		}
		src, err := os.ReadFile(path)
		n++
		f(path, string(src))
		return err
	}))
	require.Greater(t, n, 10, "the scan found the sources")
}

// TestItalianVoice holds the texts to how Ponti speaks: no word that makes somebody a file, no shouting, easy to read.
func TestItalianVoice(t *testing.T) {
	t.Parallel()
	for key, m := range texts(t, "it") {
		for _, text := range []string{m.One, m.Other} {
			assert.NotContains(t, text, "!", key)
			for _, word := range words(text) {
				assert.NotContains(t, []string{"utente", "utenti", "paziente", "pazienti", "caso", "casi", "ticket"}, strings.ToLower(word), key)
			}
			if len(words(text)) >= 10 {
				assert.GreaterOrEqual(t, gulpease(text), 60, "%s: too hard to read: %s", key, text)
			}
		}
	}
	for key, m := range texts(t, "en") {
		assert.NotContains(t, m.One+m.Other, "!", key)
	}
}

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// gulpease is the readability of Italian: 89 + (300 sentences - 10 letters) / words. Under 60 is hard for who left school
// at fourteen, under 80 for who left at eleven.
func gulpease(text string) int {
	letters, sentences := 0, 0
	end := true
	for _, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			letters++
			end = false
		case strings.ContainsRune(".;:?", r) && !end:
			sentences++
			end = true
		}
	}
	if !end {
		sentences++
	}
	n := len(words(text))
	if n == 0 {
		return 100
	}
	return min(100, int(math.Floor(89+float64(300*sentences-10*letters)/float64(n))))
}

func TestGulpease(t *testing.T) {
	assert.Equal(t, 100, gulpease("Ciao. Come stai?"))
	// 1 sentence, 12 words, 52 letters: 89 + (300 - 520) / 12.
	assert.Equal(t, 70, gulpease("Puoi chiamare anche solo per parlare, non serve il tuo nome vero"))
	assert.Less(t, gulpease("L'amministrazione competente provvederà tempestivamente all'espletamento delle procedure amministrative conseguenti"), 40)
}
