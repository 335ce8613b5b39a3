package i18n

import (
	"context"
	"fmt"
	"strings"
	"time"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
)

// Localizer speaks one language in one time zone. It is safe for use by several goroutines.
type Localizer struct {
	catalog *Catalog
	texts   *goi18n.Localizer
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
	source, ok := l.source(key)
	if !ok {
		return l.localize(key, nil, values)
	}
	text, err := source.Execute(valuesOf(values))
	if err != nil {
		l.catalog.report(l.lang, key, err)
	}
	return text
}

// sourceKey names a text without plural forms in one language.
type sourceKey struct{ lang, key string }

// source is a text before its values are put in. A page asks for hundreds: each is looked for once. False: it is missing in this language.
func (l *Localizer) source(key string) (parsed, bool) {
	if s, ok := l.catalog.sources.Load(sourceKey{l.lang, key}); ok {
		return s.(parsed), true //nolint:errcheck // nothing else is stored
	}
	text, err := l.texts.Localize(&goi18n.LocalizeConfig{MessageID: key, TemplateParser: template.IdentityParser{}})
	if err != nil || text == "" {
		return "", false
	}
	l.catalog.sources.Store(sourceKey{l.lang, key}, parsed(text))
	return parsed(text), true
}

// N is T in the plural form of count, which the text names {Count}.
func (l *Localizer) N(key string, count int, values ...any) string {
	return l.localize(key, &count, append([]any{"Count", count}, values...))
}

func (l *Localizer) localize(key string, count *int, values []any) string {
	cfg := goi18n.LocalizeConfig{MessageID: key, TemplateParser: parser{}, TemplateData: valuesOf(values)}
	if count != nil {
		cfg.PluralCount = *count
	}
	text, err := l.texts.Localize(&cfg)
	if err != nil {
		l.catalog.report(l.lang, key, err)
	}
	if text == "" {
		return "…"
	}
	return text
}

func valuesOf(values []any) map[string]any {
	if len(values) == 0 {
		return nil
	}
	if len(values) == 1 {
		if m, ok := values[0].(map[string]any); ok {
			return m
		}
	}
	m := make(map[string]any, len(values)/2)
	for i := 0; i+1 < len(values); i += 2 {
		if name, ok := values[i].(string); ok {
			m[name] = values[i+1]
		}
	}
	return m
}

// parser puts values in by name: {Alias}. It replaces Go's templates, which can call functions and are slower.
type parser struct{}

func (parser) Cacheable() bool { return false }

func (parser) Parse(src, _, _ string) (template.ParsedTemplate, error) { return parsed(src), nil }

type parsed string

func (p parsed) Execute(data any) (string, error) {
	src := string(p)
	if !strings.Contains(src, "{") {
		return src, nil
	}
	values, _ := data.(map[string]any)
	var b strings.Builder
	var missing error
	for {
		before, rest, found := strings.Cut(src, "{")
		b.WriteString(before)
		if !found {
			return b.String(), missing
		}
		name, after, closed := strings.Cut(rest, "}")
		value, ok := values[name]
		switch {
		case !closed:
			return b.String(), fmt.Errorf("the brace before %q is not closed", rest)
		case !ok:
			missing = fmt.Errorf("no value for {%s}", name)
			b.WriteString("…")
		default:
			fmt.Fprint(&b, value)
		}
		src = after
	}
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
