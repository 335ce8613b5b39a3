// Package i18n holds the texts people read, by language, and says times and durations in words. It knows no page.
//
// Texts stand in JSON files, `<language>/<part>.json`: an object from key to text, or to the plural forms
// {"one": …, "other": …} of CLDR. Every key begins with its file's part ("chat.waiting_title" stands in chat.json), so a
// key found in the source leads to its text. Values are put in by name: "{Alias} è qui".
package i18n

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
)

// Default is the language that stands in for texts another one lacks.
const Default = "it"

// Catalog is the texts of all languages. It does not change after Load.
type Catalog struct {
	bundle     *goi18n.Bundle
	langs      []string
	tags       []language.Tag
	matcher    language.Matcher
	localizers map[string]*goi18n.Localizer
	texts      map[string]map[string]prepared // by language and key, without plural forms, as go-i18n gives them: a page asks for hundreds
	report     func(lang, key string, err error)
}

// Load reads every `<language>/<part>.json`. Report is told of each text that was asked for and is missing or was not
// given all its values: tests fail on it, the server logs it.
func Load(fsys fs.FS, report func(lang, key string, err error)) (*Catalog, error) {
	c := &Catalog{
		bundle:     goi18n.NewBundle(language.Make(Default)),
		localizers: map[string]*goi18n.Localizer{},
		texts:      map[string]map[string]prepared{},
		report:     report,
	}
	files, err := fs.Glob(fsys, "*/*.json")
	if err != nil {
		return nil, fmt.Errorf("i18n: %w", err)
	}
	var mistakes []error
	for _, name := range files {
		if err := c.add(fsys, name); err != nil {
			mistakes = append(mistakes, fmt.Errorf("i18n: %s: %w", name, err))
		}
	}
	if !slices.Contains(c.langs, Default) {
		mistakes = append(mistakes, fmt.Errorf("i18n: no texts in %q", Default))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	// The default language comes first: a matcher answers with it when nothing fits.
	slices.SortFunc(c.langs, func(a, b string) int {
		if (a == Default) != (b == Default) {
			if a == Default {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, lang := range c.langs {
		c.tags = append(c.tags, language.Make(lang))
		c.localizers[lang] = goi18n.NewLocalizer(c.bundle, lang)
		if err := c.prepare(lang); err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", lang, err)
		}
	}
	c.matcher = language.NewMatcher(c.tags)
	return c, nil
}

// prepare asks go-i18n for every text of a language, once.
func (c *Catalog) prepare(lang string) error {
	for key := range c.texts[lang] {
		text, err := c.localizers[lang].Localize(&goi18n.LocalizeConfig{MessageID: key, TemplateParser: template.IdentityParser{}})
		if err == nil {
			c.texts[lang][key], err = prepare(text)
		}
		if err != nil {
			return fmt.Errorf("key %q: %w", key, err)
		}
	}
	return nil
}

// Message is one text of one language, in its plural forms; a text without plural has only Other.
type Message struct{ One, Other string }

// UnmarshalJSON reads a text, or an object of plural forms. "many" is not accepted: Italian has it for whole millions only.
func (m *Message) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &m.Other)
	}
	forms := map[string]string{}
	if err := json.Unmarshal(data, &forms); err != nil {
		return fmt.Errorf("a text or its plural forms: %w", err)
	}
	for form, text := range forms {
		switch form {
		case "one":
			m.One = text
		case "other":
			m.Other = text
		default:
			return fmt.Errorf("unknown plural form %q", form)
		}
	}
	if m.One == "" || m.Other == "" {
		return errors.New(`plural forms need "one" and "other"`)
	}
	return nil
}

// Parse reads one file of texts; part is its name without the ending.
func Parse(data []byte, part string) (map[string]Message, error) {
	texts := map[string]Message{}
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, err
	}
	for key, m := range texts {
		if !strings.HasPrefix(key, part+".") {
			return nil, fmt.Errorf("key %q must begin with %q", key, part+".")
		}
		if m.Other == "" {
			return nil, fmt.Errorf("key %q has no text", key)
		}
	}
	return texts, nil
}

func (c *Catalog) add(fsys fs.FS, name string) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	lang, part := path.Dir(name), strings.TrimSuffix(path.Base(name), ".json")
	texts, err := Parse(data, part)
	if err != nil {
		return err
	}
	if !slices.Contains(c.langs, lang) {
		c.langs, c.texts[lang] = append(c.langs, lang), map[string]prepared{}
	}
	messages := make([]*goi18n.Message, 0, len(texts))
	for key, m := range texts {
		one := m.One
		if one == "" {
			one = m.Other
		}
		for _, form := range []string{one, m.Other} {
			if _, err := prepare(form); err != nil {
				return fmt.Errorf("key %q: %w", key, err)
			}
		}
		c.texts[lang][key] = nil // until all are there
		messages = append(messages, &goi18n.Message{ID: key, One: one, Many: m.Other, Other: m.Other})
	}
	return c.bundle.AddMessages(language.Make(lang), messages...)
}

// Languages are the languages there are texts in, the default one first.
func (c *Catalog) Languages() []string { return c.langs }

// Has tells whether there is a text of a key; for keys that come from outside.
func (c *Catalog) Has(key string) bool {
	_, ok := c.texts[Default][key]
	return ok
}

// Match picks the best language for wishes in falling order of weight; each is a language or an Accept-Language header.
// Empty and unreadable wishes are passed over.
func (c *Catalog) Match(wishes ...string) string {
	for _, wish := range wishes {
		if len(wish) > 200 { // longer than any browser sends, and matching costs time
			continue
		}
		tags, _, err := language.ParseAcceptLanguage(wish)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, confidence := c.matcher.Match(tags...); confidence > language.No {
			return c.langs[i]
		}
	}
	return c.langs[0]
}

// Localizer speaks one language, and tells times in one time zone (nil is UTC).
func (c *Catalog) Localizer(lang string, zone *time.Location) *Localizer {
	if _, ok := c.localizers[lang]; !ok {
		lang = Default
	}
	if zone == nil {
		zone = time.UTC
	}
	return &Localizer{catalog: c, texts: c.texts[lang], plurals: c.localizers[lang], lang: lang, zone: zone}
}
