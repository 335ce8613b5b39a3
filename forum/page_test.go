package forum

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

func (w *town) savePage(in PageForm) (slug string) {
	w.t.Helper()
	slug, err := w.SavePage(w.t.Context(), w.as(account.RoleAdmin), in)
	require.NoError(w.t, err)
	return slug
}

// TestPages: an administrator writes, everybody reads, without an account too, and every version can be had again.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	admin, visitor := w.as(account.RoleAdmin), w.as(account.RoleVisitor)
	slug := w.savePage(PageForm{Kind: Article, Title: "Perché è così? È così!", Source: "# Uno\n\nPrima **versione**.\n\n<script>alert(1)</script>\n\n[qui](javascript:alert(1))"})
	assert.Equal(t, "perche-e-cosi-e-cosi", slug)
	p, err := w.PageBySlug(ctx, visitor, slug)
	require.NoError(t, err)
	assert.Contains(t, p.HTML, `<h2 dir="auto">Uno</h2>`)
	assert.Contains(t, p.HTML, "<strong>versione</strong>")
	assert.NotContains(t, p.HTML, "<script")
	assert.NotContains(t, p.HTML, "href")

	// Saved again it keeps its address; a form that is older saves nothing.
	edit := PageForm{ID: p.ID, Version: p.Version, Kind: Article, Title: "Un altro titolo", Source: "Seconda."}
	assert.Equal(t, slug, w.savePage(edit))
	_, err = w.SavePage(ctx, admin, edit)
	require.ErrorIs(t, err, ErrPageEdited)
	assert.Equal(t, "perche-e-cosi-e-cosi-2", w.savePage(PageForm{Kind: Leaflet, Title: "Perché è così? È così!", Source: "Altra."}))

	require.NoError(t, w.RemovePage(ctx, admin, p.ID))
	require.NoError(t, w.RemovePage(ctx, admin, p.ID), "again is no mistake")
	_, err = w.PageBySlug(ctx, visitor, slug)
	require.ErrorIs(t, err, account.ErrNotFound)
	list, err := w.Pages(ctx, visitor)
	require.NoError(t, err)
	require.Len(t, list, 1)
	list, err = w.EditPages(ctx, admin)
	require.NoError(t, err)
	require.Len(t, list, 2)
	_, err = w.TakePageBack(ctx, admin, p.ID, 1)
	require.NoError(t, err)
	p, err = w.PageBySlug(ctx, visitor, slug)
	require.NoError(t, err)
	assert.Equal(t, []any{3, "Perché è così? È così!"}, []any{p.Version, p.Title})
	versions, err := w.PageVersions(ctx, admin, p.ID)
	require.NoError(t, err)
	require.Len(t, versions, 3)
	_, err = w.TakePageBack(ctx, admin, p.ID, 9)
	require.ErrorIs(t, err, account.ErrNotFound)

	// Nobody but an administrator of this service.
	for role, actor := range w.roles {
		if role == account.RoleAdmin {
			continue
		}
		_, err := w.SavePage(ctx, actor, PageForm{Kind: Article, Title: "Un titolo", Source: "Testo"})
		require.Contains(t, []error{account.ErrForbidden, account.ErrSignInFirst}, err, role)
		require.Error(t, w.RemovePage(ctx, actor, p.ID), role)
		_, err = w.EditPages(ctx, actor)
		require.Error(t, err, role)
		_, err = w.PageVersions(ctx, actor, p.ID)
		require.Error(t, err, role)
	}
	elsewhere := w.newAccount(w.b, account.RoleAdmin, "Amina")
	_, err = w.SavePage(ctx, elsewhere, PageForm{ID: p.ID, Version: 3, Kind: Article, Title: "Preso", Source: "Preso"})
	require.ErrorIs(t, err, account.ErrNotFound)
	_, err = w.PageVersions(ctx, elsewhere, p.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
	require.ErrorIs(t, w.RemovePage(ctx, elsewhere, p.ID), account.ErrNotFound)
	_, err = w.PageBySlug(ctx, w.other, slug)
	require.ErrorIs(t, err, account.ErrNotFound)
}

// TestPageMistakes: every mistake is named with its field, and no address leads a reader anywhere but to the web, a mailbox or a phone.
func TestPageMistakes(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	good := Place{Province: "Lago", Phone: "000 555 01"}
	for name, c := range map[string]struct {
		in     PageForm
		fields []string
	}{
		"nothing":       {PageForm{}, []string{"kind", "title"}},
		"unknown_kind":  {PageForm{Kind: "shop", Title: "Un titolo", Source: "Testo"}, []string{"kind"}},
		"no_text":       {PageForm{Kind: Article, Title: "Un titolo", Source: " \u200b "}, []string{"text"}},
		"long":          {PageForm{Kind: Article, Title: strings.Repeat("a", MaxTitle+1), Source: strings.Repeat("a", MaxPage+1)}, []string{"title", "text"}},
		"no_contact":    {PageForm{Kind: HelpService, Title: "Un titolo"}, []string{"province", "phone"}},
		"phone":         {PageForm{Kind: HelpService, Title: "Un titolo", Place: Place{Province: "Lago", Phone: "chiama!"}}, []string{"phone"}},
		"mail":          {PageForm{Kind: SelfHelp, Title: "Un titolo", Place: Place{Province: "Lago", Mail: "Io <io@prova.example>"}}, []string{"mail"}},
		"script":        {PageForm{Kind: SelfHelp, Title: "Un titolo", Place: Place{Province: "Lago", Web: "javascript://x.example/%0aalert(1)"}}, []string{"web"}},
		"long_web":      {PageForm{Kind: SelfHelp, Title: "Un titolo", Place: Place{Province: "Lago", Web: "prova.example/" + strings.Repeat("a", 180)}}, []string{"web"}},
		"name_in_web":   {PageForm{Kind: SelfHelp, Title: "Un titolo", Place: Place{Province: "Lago", Web: "https://a:b@prova.example"}}, []string{"web"}},
		"long_contacts": {PageForm{Kind: SelfHelp, Title: "Un titolo", Place: Place{Province: strings.Repeat("a", 41), Phone: good.Phone, Hours: strings.Repeat("a", 201)}}, []string{"province", "hours"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := w.SavePage(t.Context(), w.as(account.RoleAdmin), c.in)
			wrong, ok := errors.AsType[errs.Fields](err)
			require.True(t, ok, "%v", err)
			var fields []string
			for _, e := range wrong {
				fields = append(fields, e.Field)
			}
			assert.Equal(t, c.fields, fields)
		})
	}
	slug := w.savePage(PageForm{Kind: HelpService, Title: "!!!", Place: Place{Province: "Lago", Web: "prova.example/a"}})
	assert.Equal(t, "page", slug)
	p, err := w.PageBySlug(t.Context(), w.as(account.RoleVisitor), slug)
	require.NoError(t, err)
	assert.Equal(t, "https://prova.example/a", p.Place.Web)
}

// TestPagesAtOnce: pages of one name that are added at the same moment get an address each.
func TestPagesAtOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, err := w.SavePage(t.Context(), w.as(account.RoleAdmin), PageForm{Kind: Article, Title: "Lo stesso", Source: "Testo"})
			assert.NoError(t, err)
		})
	}
	all.Wait()
	list, err := w.Pages(t.Context(), w.as(account.RoleVisitor))
	require.NoError(t, err)
	slugs := map[string]bool{}
	for _, p := range list {
		slugs[p.Slug] = true
	}
	assert.Len(t, slugs, 8)
}
