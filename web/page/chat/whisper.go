package chat

import (
	"context"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/chat"
	"ponti/web/page/parts"
)

func preparedURL(p chat.Prepared) templ.SafeURL {
	return templ.SafeURL("/prepared/" + p.ID.String())
}

// draftLabel tells an ESP's draft from a tutor's proposal, for either of them.
func draftLabel(ctx context.Context, w chat.Whisper) string {
	if w.From.Role == account.RoleTutor {
		return parts.T(ctx, "chat.look_proposed")
	}
	return parts.T(ctx, "chat.look_draft")
}

// whisperState says how it stands with the last that was said; empty before anything was.
func whisperState(ctx context.Context, list []chat.Whisper) string {
	if len(list) == 0 {
		return ""
	}
	switch last := list[len(list)-1]; {
	case !last.Mine:
		return parts.T(ctx, "chat.whisper_answered", "Alias", last.From.Alias)
	case last.SeenAt != nil:
		return parts.T(ctx, "chat.whisper_seen", "Alias", last.SeenBy)
	}
	return parts.T(ctx, "chat.whisper_waits")
}
