package moderation

import (
	"github.com/a-h/templ"

	"ponti/chat"
)

func whisperPath(id chat.RoomID) string { return "/whispers/" + id.String() }

func whisperURL(id chat.RoomID) templ.SafeURL { return templ.SafeURL(whisperPath(id)) }
