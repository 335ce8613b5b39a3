package forum

import (
	"context"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/forum"
	"ponti/web/page/parts"
)

// nameless is what is said of who wrote without their name: a number tells them from others in the same thread.
func nameless(ctx context.Context, a authorOf) string {
	numbered := a.Voice > 0
	switch {
	case a.You && numbered:
		return parts.T(ctx, "nameless.you_voice", "Voice", a.Voice)
	case a.You:
		return parts.T(ctx, "nameless.you")
	case numbered:
		return parts.T(ctx, "nameless.somebody_voice", "Voice", a.Voice)
	}
	return parts.T(ctx, "nameless.somebody")
}

func reader(ctx context.Context) account.Actor { return account.Actor{Role: parts.Of(ctx).Role} }

func mayBeNameless(ctx context.Context, c forum.Category, k forum.Kind) bool {
	return forum.MayBeNameless(reader(ctx), c, k)
}

func maySwitchNameless(ctx context.Context, c forum.Category) bool {
	return forum.MaySwitchNameless(reader(ctx), c)
}

// namelessTicked is what was sent; where nothing was, what the draft says.
func namelessTicked(f parts.Form, d forum.Draft) bool {
	if len(f.Values) > 0 {
		return f.Value("nameless") == "true"
	}
	return d.Nameless
}

func namelessDescribed(ctx context.Context, f parts.Form) templ.Attributes {
	if f.Mistake(ctx, "nameless") == "" {
		return templ.Attributes{"aria-describedby": "nameless-hint"}
	}
	return templ.Attributes{"aria-describedby": "nameless-mistake nameless-hint", "aria-invalid": "true"}
}
