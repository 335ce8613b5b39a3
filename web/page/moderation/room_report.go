package moderation

import (
	"context"
	"strconv"

	"ponti/chat"
	"ponti/web/page/parts"
)

// longest is how much of a message stands in a choice.
const longest = 120

// reportChoices are who was there, and then what they said, the latest first.
func reportChoices(ctx context.Context, v chat.RoomView, messages []chat.Message) []parts.Choice {
	var list []parts.Choice
	names := map[int16]string{}
	for _, p := range v.People {
		names[p.N] = p.Alias
		if p.Me {
			continue
		}
		list = append(list, parts.Choice{Value: "participant/" + strconv.Itoa(int(p.N)), Label: parts.T(ctx, "chat.report_person", "Alias", p.Alias, "Role", parts.T(ctx, "account.role_"+string(p.Role)))})
	}
	for _, m := range messages {
		text := []rune(m.Text)
		if len(text) > longest {
			text = append(text[:longest], '…')
		}
		list = append(list, parts.Choice{Value: "message/" + strconv.FormatInt(m.Seq, 10), Label: string(text), Hint: parts.T(ctx, "chat.report_said", "Alias", names[m.From], "Clock", parts.L(ctx).Clock(m.At))})
	}
	return list
}
