package parts_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/i18n"
	"ponti/web/page/parts"
)

func newPage(t testing.TB, lang string, now time.Time) context.Context {
	t.Helper()
	c, err := i18n.Load(os.DirFS("../../locales"), func(lang, key string, err error) { t.Errorf("%s %s: %v", lang, key, err) })
	require.NoError(t, err)
	rome, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	return i18n.With(parts.With(t.Context(), &parts.Frame{Now: now}), c.Localizer(lang, rome))
}

func made(ctx context.Context, t testing.TB, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, c.Render(ctx, &b))
	return b.String()
}

// TestMarkup: what Go writes is what templates write.
func TestMarkup(t *testing.T) {
	now := time.Date(2026, 10, 25, 9, 30, 0, 0, time.UTC) // the day the clocks go back
	for _, lang := range []string{"it", "en"} {
		ctx := newPage(t, lang, now)
		at := []time.Time{now, now.Add(time.Hour), now.Add(24 * time.Hour), now.Add(-24 * time.Hour), now.Add(-11 * time.Hour), now.Add(-400 * 24 * time.Hour), now.Add(-time.Minute), now.Add(-10 * time.Hour)}
		label := parts.NumberedText(ctx, "forum.permalink", "Number")
		got := made(ctx, t, parts.Each(len(at), func(_ context.Context, m *parts.Markup, i int) {
			m.When(at[i])
			m.Ago(at[i])
			m.Numbered(label, 1000+i)
			m.T("forum.unread")
			m.N("forum.posts", i)
			m.Text(`<b title="a">'&`)
		}))
		var want strings.Builder
		for i, t0 := range at {
			want.WriteString(made(ctx, t, parts.When(t0)) + made(ctx, t, parts.Ago(t0)))
			want.WriteString(templ.EscapeString(parts.T(ctx, "forum.permalink", "Number", 1000+i) + parts.T(ctx, "forum.unread") + parts.N(ctx, "forum.posts", i) + `<b title="a">'&`))
		}
		assert.Equal(t, want.String(), got)
	}
}

func TestMarkup_component_that_fails(t *testing.T) {
	wrong := errors.New("wrong")
	c := parts.Each(2, func(ctx context.Context, m *parts.Markup, _ int) {
		m.Component(ctx, templ.ComponentFunc(func(context.Context, io.Writer) error { return wrong }))
	})
	assert.ErrorIs(t, c.Render(newPage(t, "it", time.Now()), io.Discard), wrong)
}

func FuzzMarkup_Text(f *testing.F) {
	f.Add(`<script>'"&amp;`)
	ctx := newPage(f, "it", time.Now())
	f.Fuzz(func(t *testing.T, s string) {
		got := made(ctx, t, parts.Each(1, func(_ context.Context, m *parts.Markup, _ int) { m.Text(s) }))
		assert.Equal(t, templ.EscapeString(s), got)
	})
}
