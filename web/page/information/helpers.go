// Package information holds the pages that need no account: what Ponti is, and where there is help nearby; and the forms to edit them.
package information

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"ponti/forum"
	"ponti/web/page/parts"
)

var placeKinds = []forum.PageKind{forum.HelpService, forum.Association, forum.SelfHelp}

func ofKinds(all []forum.Page, kinds ...forum.PageKind) (list []forum.Page) {
	for _, p := range all {
		if slices.Contains(kinds, p.Kind) {
			list = append(list, p)
		}
	}
	return list
}

// in gives the places of a province; all when it is empty.
func in(places []forum.Page, province string) (list []forum.Page) {
	for _, p := range places {
		if province == "" || p.Place.Province == province {
			list = append(list, p)
		}
	}
	return list
}

// provinces are those that there are places in, each once, in order.
func provinces(places []forum.Page) (list []string) {
	for _, p := range places {
		list = append(list, p.Place.Province)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// beginning is the first paragraph of a text without its marks, and not much of it.
func beginning(source string) string {
	const most = 160
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		words := []rune(strings.NewReplacer("**", "", "*", "", "_", "").Replace(strings.TrimPrefix(strings.TrimPrefix(line, "- "), "> ")))
		if len(words) > most {
			return strings.TrimSpace(string(words[:most])) + "…"
		}
		return string(words)
	}
	return ""
}

func pageURL(p forum.Page) templ.SafeURL { return templ.SafeURL("/information/" + p.Slug) }

func editURL(p forum.Page) templ.SafeURL {
	return templ.SafeURL("/pages/" + p.ID.String() + "/edit")
}

func saveURL(p forum.Page) templ.SafeURL {
	if p.ID.IsZero() {
		return "/pages"
	}
	return editURL(p)
}

// telURL is what a phone dials.
func telURL(phone string) templ.SafeURL {
	return templ.SafeURL("tel:" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, phone))
}

func host(web string) string {
	u, err := url.Parse(web)
	if err != nil {
		return web
	}
	return u.Host
}

func latest(versions []forum.Page) forum.Page {
	if len(versions) == 0 {
		return forum.Page{}
	}
	return versions[0]
}

func editTitle(ctx context.Context, versions []forum.Page) string {
	if len(versions) == 0 {
		return parts.T(ctx, "information.add")
	}
	return parts.T(ctx, "information.edit_title")
}

func kindChoices(ctx context.Context) []parts.Choice {
	list := make([]parts.Choice, len(forum.PageKinds))
	for i, k := range forum.PageKinds {
		list[i] = parts.Choice{Value: string(k), Label: kindName(ctx, k)}
	}
	return list
}
