package i18n

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
)

// Localizer speaks one language in one time zone. It is safe for use by several goroutines.
type Localizer struct {
	catalog *Catalog
	texts   map[string]prepared
	plurals *goi18n.Localizer
	lang    string
	zone    *time.Location
}

// Lang is the language spoken, as in the HTML attribute.
func (l *Localizer) Lang() string { return l.lang }

// Zone is where times are told.
func (l *Localizer) Zone() *time.Location { return l.zone }

// T is the text of a key. Values follow as name and value in turn, or as one map.
// A missing text is reported; people see another language's, or an ellipsis.
func (l *Localizer) T(key string, values ...any) string {
	text, ok := l.texts[key]
	if !ok {
		return l.localize(key, nil, values)
	}
	filled, err := text.fill(values)
	if err != nil {
		l.catalog.report(l.lang, key, err)
	}
	return filled
}

// Around is T cut where one more value belongs: what stands before it, and what after each time that it is named. It is for a text that is told many times.
func (l *Localizer) Around(name, key string, values ...any) []string {
	return strings.Split(l.T(key, append(values, name, mark)...), mark)
}

// mark stands in for a value; no text has it.
const mark = "\x00"

// N is T in the plural form of count, which the text names {Count}.
func (l *Localizer) N(key string, count int, values ...any) string {
	return l.localize(key, &count, append([]any{"Count", count}, values...))
}

func (l *Localizer) localize(key string, count *int, values []any) string {
	cfg := goi18n.LocalizeConfig{MessageID: key, TemplateParser: parser{}, TemplateData: values}
	if count != nil {
		cfg.PluralCount = *count
	}
	text, err := l.plurals.Localize(&cfg)
	if err != nil {
		l.catalog.report(l.lang, key, err)
	}
	if text == "" {
		return "…"
	}
	return text
}

// parser puts values in by name: {Alias}. It replaces Go's templates, which can call functions and are slower.
type parser struct{}

func (parser) Cacheable() bool { return true }

func (parser) Parse(src, _, _ string) (template.ParsedTemplate, error) { return prepare(src) }

// prepared is a text cut at its values: what stands before the first, the name of that, what stands before the next, and so on to the end.
type prepared []string

func prepare(text string) (prepared, error) {
	var p prepared
	for {
		before, rest, found := strings.Cut(text, "{")
		p = append(p, before)
		if !found {
			return p, nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("the brace before %q is not closed", rest)
		}
		p, text = append(p, name), after
	}
}

// Execute is fill for go-i18n.
func (p prepared) Execute(data any) (string, error) {
	values, _ := data.([]any)
	return p.fill(values)
}

// fill puts values in. What is missing is an error, and an ellipsis in the text.
func (p prepared) fill(values []any) (string, error) {
	if len(p) == 1 {
		return p[0], nil
	}
	var b strings.Builder
	var missing error
	for i, piece := range p {
		if i%2 == 0 {
			b.WriteString(piece)
			continue
		}
		value, ok := valueOf(piece, values)
		switch v := value.(type) {
		case string:
			b.WriteString(v)
		case int:
			b.WriteString(strconv.Itoa(v))
		default:
			if !ok {
				missing = fmt.Errorf("no value for {%s}", piece)
				v = "…"
			}
			fmt.Fprint(&b, v)
		}
	}
	return b.String(), missing
}

func valueOf(name string, values []any) (value any, ok bool) {
	if len(values) == 1 {
		if m, is := values[0].(map[string]any); is {
			value, ok = m[name]
			return value, ok
		}
	}
	for i := 0; i+1 < len(values); i += 2 {
		if values[i] == name {
			return values[i+1], true
		}
	}
	return nil, false
}

type contextKey struct{}

// With returns a context whose templates speak with l.
func With(ctx context.Context, l *Localizer) context.Context {
	return context.WithValue(ctx, contextKey{}, l)
}

// From is the Localizer of a context made by With. Without one it panics: a page cannot be written without a language.
func From(ctx context.Context) *Localizer {
	l, ok := ctx.Value(contextKey{}).(*Localizer)
	if !ok {
		panic("i18n: no language in this context")
	}
	return l
}
