package i18n_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"

	"ponti/internal/i18n"
)

func newCatalog(t *testing.T) *i18n.Catalog {
	t.Helper()
	c, err := i18n.Load(os.DirFS("../../web/locales"), func(lang, key string, err error) { t.Errorf("%s %s: %v", lang, key, err) })
	require.NoError(t, err)
	return c
}

func TestMatch(t *testing.T) {
	c := newCatalog(t)
	tests := []struct {
		name   string
		wishes []string
		want   string
	}{
		{"the person's choice wins", []string{"en", "it-IT,it;q=0.9"}, "en"},
		{"no choice, the browser's language", []string{"", "en-GB,en;q=0.9,it;q=0.5"}, "en"},
		{"a language we lack, the next wish", []string{"", "de-DE", "en"}, "en"},
		{"nothing fits, Italian", []string{"", "ja"}, "it"},
		{"rubbish is passed over", []string{"'; drop table", "\x00", "en"}, "en"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, c.Match(tt.wishes...)) })
	}
}

func TestWords(t *testing.T) {
	c := newCatalog(t)
	rome, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	it, en := c.Localizer("it", rome), c.Localizer("en", rome)
	now := time.Date(2026, 10, 24, 21, 30, 0, 0, time.UTC) // 23:30 in Rome, the night summer time ends

	assert.Equal(t, "alle 23:45", it.When(now, now.Add(15*time.Minute)))
	assert.Equal(t, "domani alle 00:30", it.When(now, now.Add(time.Hour)), "tomorrow begins at local midnight")
	assert.Equal(t, "domani alle 23:30", it.When(now, now.Add(25*time.Hour)), "the day the clocks go back has 25 hours")
	assert.Equal(t, "ieri alle 23:30", it.When(now, now.Add(-24*time.Hour)))
	assert.Equal(t, "lunedì 2 novembre alle 14:30", it.When(now, time.Date(2026, 11, 2, 13, 30, 0, 0, time.UTC)))
	assert.Equal(t, "Friday 1 January 2027", en.Date(now, time.Date(2027, 1, 1, 8, 0, 0, 0, time.UTC)))

	assert.Equal(t, "1 secondo", it.Duration(0))
	assert.Equal(t, "59 secondi", it.Duration(59*time.Second))
	assert.Equal(t, "1 minuto", it.Duration(61*time.Second))
	assert.Equal(t, "1 ora e 5 minuti", it.Duration(65*time.Minute))
	assert.Equal(t, "2 days", en.Duration(50*time.Hour))
	assert.Equal(t, "tra 4 e 9 minuti", it.Range(4*time.Minute-time.Second, 8*time.Minute+time.Second))
	assert.Equal(t, "circa 1 minuto", it.Range(0, time.Second))
	assert.Equal(t, "adesso", it.Ago(now, now.Add(time.Second)), "a clock that is ahead is not the future")
	assert.Equal(t, "4 minuti fa", it.Ago(now, now.Add(-4*time.Minute-30*time.Second)))
}

func TestT(t *testing.T) {
	type report struct{ lang, key string }
	var reports []report
	c, err := i18n.Load(fstest.MapFS{
		"it/a.json": {Data: []byte(`{"a.hello": "Ciao {Alias}", "a.only": "Solo qui", "a.n": {"one": "{Count} posto", "other": "{Count} posti"}}`)},
		"en/a.json": {Data: []byte(`{"a.hello": "Hello {Alias}", "a.n": {"one": "{Count} place", "other": "{Count} places"}}`)},
	}, func(lang, key string, _ error) { reports = append(reports, report{lang, key}) })
	require.NoError(t, err)
	it, en := c.Localizer("it", nil), c.Localizer("en", nil)

	assert.Equal(t, "Ciao <b>{Count}", it.T("a.hello", "Alias", "<b>{Count}"), "a value is not read as a text")
	assert.Equal(t, "Hello Ada", en.T("a.hello", map[string]any{"Alias": "Ada"}))
	assert.Equal(t, "1 posto", it.N("a.n", 1))
	assert.Equal(t, "0 posti", it.N("a.n", 0))
	assert.Equal(t, "1000000 posti", it.N("a.n", 1_000_000))
	assert.True(t, c.Has("a.hello"))
	assert.False(t, c.Has("a.unknown"))
	assert.Empty(t, reports)

	assert.Equal(t, "Solo qui", en.T("a.only"), "another language stands in")
	assert.Equal(t, "…", it.T("a.unknown"))
	assert.Equal(t, "Ciao …", it.T("a.hello"))
	assert.Equal(t, []report{{"en", "a.only"}, {"it", "a.unknown"}, {"it", "a.hello"}}, reports)
}

// TestAsGoI18n: what is prepared at the start says of every text in every language what go-i18n says of it, with the same values in it.
func TestAsGoI18n(t *testing.T) {
	c := newCatalog(t)
	files, err := filepath.Glob("../../web/locales/*/*.json")
	require.NoError(t, err)
	bundle, keys := goi18n.NewBundle(language.Italian), map[string][]string{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		texts, err := i18n.Parse(data, strings.TrimSuffix(filepath.Base(name), ".json"))
		require.NoError(t, err)
		lang := filepath.Base(filepath.Dir(name))
		for key, m := range texts {
			require.NoError(t, bundle.AddMessages(language.Make(lang), &goi18n.Message{ID: key, One: cmp.Or(m.One, m.Other), Many: m.Other, Other: m.Other}))
			keys[lang] = append(keys[lang], key)
		}
	}
	require.Len(t, keys, len(c.Languages()))
	hole := regexp.MustCompile(`{(.*?)}`)
	for lang, list := range keys {
		require.Greater(t, len(list), 1000)
		theirs, ours := goi18n.NewLocalizer(bundle, lang), c.Localizer(lang, nil)
		for _, key := range list {
			for count, is := range []any{nil, 1, 2, 11, 1_000_000, -1} {
				want, err := theirs.Localize(&goi18n.LocalizeConfig{MessageID: key, PluralCount: is, TemplateParser: template.IdentityParser{}})
				require.NoError(t, err)
				var values []any
				for _, name := range hole.FindAllStringSubmatch(want, -1) {
					if name[1] != "Count" || is == nil {
						values = append(values, name[1], "<"+name[1]+">{"+strconv.Itoa(count)+"}")
					}
				}
				want = hole.ReplaceAllStringFunc(want, func(s string) string {
					if s == "{Count}" && is != nil {
						return fmt.Sprint(is)
					}
					return "<" + s[1:len(s)-1] + ">{" + strconv.Itoa(count) + "}"
				})
				if is == nil {
					assert.Equal(t, want, ours.T(key, values...), "%s %s", lang, key)
				} else {
					assert.Equal(t, want, ours.N(key, is.(int), values...), "%s %s %d", lang, key, is)
				}
			}
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"a key of another part": `{"b.x": "x"}`,
		"an empty text":         `{"a.x": ""}`,
		"half a plural":         `{"a.x": {"other": "x"}}`,
		"an unknown form":       `{"a.x": {"one": "x", "other": "x", "others": "x"}}`,
		"no JSON":               `{`,
		"a brace left open":     `{"a.x": {"one": "{Count", "other": "x"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := i18n.Load(fstest.MapFS{"it/a.json": {Data: []byte(data)}}, nil)
			assert.ErrorContains(t, err, "it/a.json")
		})
	}
	_, err := i18n.Load(fstest.MapFS{"en/a.json": {Data: []byte(`{}`)}}, nil)
	assert.Error(t, err, "the default language must exist")
}
