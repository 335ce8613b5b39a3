// Package chat holds the pages of the waiting room, of conversations and of the ESP's desk.
package chat

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/chat"
	"ponti/forum"
	"ponti/moderation"
	"ponti/moderation/triage"
	"ponti/web/page/parts"
)

// Limits of the texts, for the forms.
const (
	maxTopic = chat.MaxTopic
	maxText  = chat.MaxText
)

// Item is one message as it stands in the list.
type Item struct {
	chat.Message
	Author  string
	Own     bool
	Follows bool // by the same writer within a minute
	NewDay  bool
	Read    bool   // the last of the reader's own that somebody else has had before their eyes
	Edit    string // where it can be changed; empty when it cannot
}

// Items readies messages for the list: who wrote each, and what belongs together.
func Items(view chat.RoomView, messages []chat.Message, zone *time.Location, now time.Time) []Item {
	names := map[int16]string{}
	for _, p := range view.People {
		names[p.N] = p.Alias
	}
	items := make([]Item, len(messages))
	read, last := readByOthers(view), -1
	for i, m := range messages {
		items[i] = Item{Message: m, Author: names[m.From], Own: m.From == view.Me}
		if items[i].Own && m.Kind == chat.Text && !m.Hidden && !m.Withdrawn && view.State == chat.Open && now.Sub(m.At) < chat.ChangeFor {
			items[i].Edit = "/rooms/" + view.ID.String() + "/messages/" + number(m.Seq) + "/edit"
		}
		if items[i].Own && m.Kind == chat.Text && !m.Hidden && !m.Withdrawn && m.Seq <= read {
			last = i
		}
		if i == 0 {
			items[i].NewDay = true
			continue
		}
		before := messages[i-1]
		items[i].NewDay = before.At.In(zone).YearDay() != m.At.In(zone).YearDay() || before.At.In(zone).Year() != m.At.In(zone).Year()
		items[i].Follows = m.Kind == chat.Text && before.Kind == chat.Text && before.From == m.From && m.At.Sub(before.At) < time.Minute && !items[i].NewDay
	}
	if last >= 0 {
		items[last].Read = true
	}
	return items
}

// readByOthers is how far any of the others has read.
func readByOthers(view chat.RoomView) int64 {
	var seq int64
	for _, p := range view.People {
		if !p.Me {
			seq = max(seq, p.Read)
		}
	}
	return seq
}

// RoomPage is what the page of a conversation shows.
type RoomPage struct {
	View  chat.RoomView
	Items []Item
	Older int64 // sequence before which there is more; 0 when all is shown
	Role  account.Role
	Epoch string
	CID   string // of the next message sent without JavaScript
	Form  parts.Form
	Place chat.PlaceView // where the person is now whose ESP was lost here
	// Whispers are those of an ESP who takes part, and WhisperCID that of the next; nil for everybody else.
	Whispers     *chat.Whispers
	WhisperCID   string
	WhispersOpen bool            // they come from there, without a script
	Prepared     []chat.Prepared // for an ESP who takes part
	Given        []GivenPage     // what the person was given; for an ESP who takes part, by them
	Pages        []forum.Page    // that such an ESP may give
	Beside       *chat.Desk      // the rest of their desk, where they may hold two conversations
	OnPage       bool            // an older page: nothing is live on it
}

func (p RoomPage) person() bool {
	return p.Role == account.RoleGuest || p.Role == account.RoleMember || p.Role == account.RoleFamily
}

func (p RoomPage) peer() bool { return p.Role == account.RoleESP || p.Role == account.RoleSenior }

// Here is true of a reader who takes part.
func (p RoomPage) Here() bool {
	for _, someone := range p.View.People {
		if someone.Me && !someone.Left {
			return true
		}
	}
	return false
}

// lostESP is true of a reader whose ESP was not heard of any more.
func (p RoomPage) lostESP() bool { return p.View.Lost && p.person() && p.View.EndedBy != p.View.Me }

// ender is the alias of who ended it, or was lost.
func (p RoomPage) ender() string {
	for _, someone := range p.View.People {
		if someone.N == p.View.EndedBy {
			return someone.Alias
		}
	}
	return ""
}

// left is how much time there is; below zero when it is over.
func (p RoomPage) left(ctx context.Context) time.Duration {
	return p.View.Bound.EndsAt.Sub(parts.Now(ctx))
}

// endsIn is the same in whole seconds, rounded up, for the scripts: what they ask for then must not be too early.
func (p RoomPage) endsIn(ctx context.Context) string { return seconds(p.left(ctx)) }

// other names who is on the other side.
func (p RoomPage) other() string {
	for _, someone := range p.others() {
		if !someone.Left {
			return someone.Alias
		}
	}
	return ""
}

func (p RoomPage) url(tail string) string { return "/rooms/" + p.View.ID.String() + tail }

// others are the participants that are not the reader.
func (p RoomPage) others() []chat.Participant {
	var list []chat.Participant
	for _, someone := range p.View.People {
		if !someone.Me {
			list = append(list, someone)
		}
	}
	return list
}

// title names the others, or says what it is while there is nobody.
func (p RoomPage) title(ctx context.Context) string {
	var names []string
	for _, someone := range p.others() {
		if !someone.Left || p.View.State == chat.Ended {
			names = append(names, someone.Alias)
		}
	}
	if len(names) == 0 {
		return parts.T(ctx, "chat.room_title")
	}
	return strings.Join(names, ", ")
}

func flagged(l triage.Level) bool { return l >= triage.Amber }

func alerting(c moderation.Care) bool { return c == moderation.CareAlerting }

func seen(c moderation.Care) bool { return c == moderation.CareSeen }

func number[T ~int | ~int16 | ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// seconds are what is left of an offer, rounded up.
func seconds(d time.Duration) string { return number(int64(max(0, (d+time.Second-1)/time.Second))) }

type chatCare = moderation.Care

// closedText says that nobody is there, and when somebody will be if that is known.
func closedText(ctx context.Context, nextAt *time.Time) string {
	if nextAt == nil {
		return parts.T(ctx, "chat.closed_no_next")
	}
	return parts.T(ctx, "chat.closed_next", "When", parts.L(ctx).When(parts.Now(ctx), *nextAt))
}

// placeWords says where in the waiting room somebody is.
func placeWords(ctx context.Context, v chat.PlaceView) string {
	switch {
	case v.State == chat.PlaceOffered:
		return parts.T(ctx, "chat.waiting_offered")
	case v.Position <= 1:
		return parts.T(ctx, "chat.waiting_next")
	}
	return parts.N(ctx, "chat.waiting_before", v.Position-1)
}

// waitingWords says how many wait; under five no count is told (matrix: cells under 5 are suppressed).
func waitingWords(ctx context.Context, n int) string {
	switch {
	case n == 0:
		return parts.T(ctx, "chat.desk_waiting_none")
	case n < 5:
		return parts.T(ctx, "chat.desk_waiting_few")
	}
	return parts.N(ctx, "chat.desk_waiting_many", n)
}

func kindOnly(k chat.Kind) Item { return Item{Message: chat.Message{Kind: k}} }

func hiddenOnly() Item { return Item{Message: chat.Message{Hidden: true}} }

func removedOnly() Item { return Item{Message: chat.Message{Withdrawn: true}} }

// marks are what the scripts know a message by.
func (i Item) marks() templ.Attributes {
	if i.Seq == 0 {
		return nil
	}
	return templ.Attributes{"data-seq": number(i.Seq), "data-from": number(i.From), "data-cid": i.CID}
}

// live is what makes the list of messages a living one; its texts are for the scripts.
func (p RoomPage) live(ctx context.Context) templ.Attributes {
	a := templ.Attributes{
		"data-module": "conversation", "data-gone": "/rooms?done=conversation_gone", "data-live": "/live", "data-room": p.View.ID.String(), "data-me": number(p.View.Me),
		"data-head": number(p.head()), "data-epoch": p.Epoch,
	}
	for name, key := range map[string]string{
		"data-sending": "chat.sending", "data-sent": "chat.sent", "data-not-sent": "chat.not_sent", "data-line-down": "chat.line_down",
		"data-session-over": "chat.session_over",
	} {
		a[name] = parts.T(ctx, key)
	}
	// The script puts the number in; {n} stands for it in both forms.
	a["data-pill-one"], a["data-pill-other"] = parts.T(ctx, "chat.pill_one", "N", "{n}"), parts.T(ctx, "chat.pill_other", "N", "{n}")
	return a
}

// head is the last sequence that stands on the page: what came after it was read is heard by the socket.
func (p RoomPage) head() int64 {
	if len(p.Items) == 0 {
		return 0
	}
	return p.Items[len(p.Items)-1].Seq
}
