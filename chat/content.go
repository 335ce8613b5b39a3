package chat

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
)

// excerptSize is how many of a conversation's last messages an escalation shows.
const excerptSize = 50

// ErrRoomHidden is what hiding a whole conversation gives: a conversation is ended, not hidden.
var ErrRoomHidden = errs.New(errs.Conflict, "chat.room_not_hidden")

// RoomContent answers moderation for whole conversations. Whoever shows an excerpt has audited it before.
func (c *Chat) RoomContent() moderation.Content { return roomContent{c} }

// MessageContent answers moderation for single messages, named "<room>/<seq>".
func (c *Chat) MessageContent() moderation.Content { return messageContent{c} }

type roomContent struct{ c *Chat }

type messageContent struct{ c *Chat }

// Excerpt is the conversation so far: its last messages, each with the alias of who wrote it; before the first, the topic.
func (rc roomContent) Excerpt(ctx context.Context, q pg.Querier, service account.ServiceID, id string) (moderation.Excerpt, error) {
	r, err := rc.c.roomOf(ctx, q, service, id)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	ex, names, err := rc.c.excerptHead(ctx, q, r)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	rows, err := selectMessagesBefore(ctx, q, r.id, r.lastSeq+1, excerptSize)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	list, err := rc.c.openAll(ctx, q, r, rows)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	var text strings.Builder
	for _, m := range list {
		if m.Kind == Text && m.Text != "" {
			fmt.Fprintf(&text, "%s: %s\n", names[m.From], m.Text)
		}
		ex.At = m.At
	}
	ex.Text = strings.TrimSuffix(text.String(), "\n")
	return ex, nil
}

// Hide refuses: a conversation is ended, not hidden.
func (rc roomContent) Hide(context.Context, pg.Querier, account.ServiceID, string, string, account.ID) error {
	return ErrRoomHidden
}

// Restore refuses, as Hide.
func (rc roomContent) Restore(context.Context, pg.Querier, account.ServiceID, string) error {
	return ErrRoomHidden
}

// Moderators is empty: conversations have no moderators.
func (rc roomContent) Moderators(context.Context, pg.Querier, account.ServiceID, string) ([]account.ID, error) {
	return nil, nil
}

// MayRead tells whether the actor may read the conversation now.
func (rc roomContent) MayRead(ctx context.Context, q pg.Querier, actor account.Actor, id string) error {
	roomID, err := parseRoomID(id)
	if err != nil {
		return err
	}
	s, err := rc.c.stand(ctx, q, actor, roomID, false)
	if err != nil {
		return err
	}
	return s.mayRead(actor)
}

// Opened notes that a tutor reads the conversation on the console, as it is noted when they read it in the room.
func (rc roomContent) Opened(ctx context.Context, q pg.Querier, actor account.Actor, id string) error {
	if !actor.Is(account.RoleTutor) {
		return nil
	}
	roomID, err := parseRoomID(id)
	if err != nil {
		return err
	}
	return rc.c.noteOpening(ctx, q, actor, roomID)
}

// Excerpt is the one message.
func (mc messageContent) Excerpt(ctx context.Context, q pg.Querier, service account.ServiceID, id string) (moderation.Excerpt, error) {
	roomID, seq, err := parseRef(id)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	r, err := selectRoom(ctx, q, service, roomID)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	row, err := selectMessage(ctx, q, service, roomID, seq)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	ex, names, err := mc.c.excerptHead(ctx, q, r)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	key, err := mc.c.open(r.id, r.key)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	if row.message.About > 0 { // what raised it is an edit: with what it says belongs what it changed
		if row, err = selectMessage(ctx, q, service, roomID, row.message.About); err != nil {
			return moderation.Excerpt{}, err
		}
	}
	texts, err := mc.c.said(ctx, q, key, row)
	ex.Text = strings.Join(texts, "\n→ ")
	ex.Author, ex.AuthorAlias, ex.At, ex.Hidden = row.sender, names[row.message.From], row.message.At, row.message.Hidden
	return ex, err
}

// Hide keeps the sequence and takes the text from view. Hiding twice keeps the first reason.
func (mc messageContent) Hide(ctx context.Context, q pg.Querier, service account.ServiceID, id string, reason string, by account.ID) error {
	roomID, seq, err := parseRef(id)
	if err != nil {
		return err
	}
	return updateMessageHidden(ctx, q, service, roomID, seq, reason, by)
}

// Restore shows a hidden message again.
func (mc messageContent) Restore(ctx context.Context, q pg.Querier, service account.ServiceID, id string) error {
	roomID, seq, err := parseRef(id)
	if err != nil {
		return err
	}
	return updateMessageRestored(ctx, q, service, roomID, seq)
}

// Moderators is empty: what is reported in a conversation goes to tutors.
func (mc messageContent) Moderators(context.Context, pg.Querier, account.ServiceID, string) ([]account.ID, error) {
	return nil, nil
}

// Opened notes nothing: one reported message is not the conversation.
func (mc messageContent) Opened(context.Context, pg.Querier, account.Actor, string) error { return nil }

// MayRead tells whether the actor may read the message now.
func (mc messageContent) MayRead(ctx context.Context, q pg.Querier, actor account.Actor, id string) error {
	roomID, seq, err := parseRef(id)
	if err != nil {
		return err
	}
	if err := roomContent(mc).MayRead(ctx, q, actor, roomID.String()); err != nil {
		return err
	}
	_, err = selectMessage(ctx, q, actor.Service, roomID, seq)
	return err
}

func (c *Chat) roomOf(ctx context.Context, q pg.Querier, service account.ServiceID, id string) (room, error) {
	roomID, err := parseRoomID(id)
	if err != nil {
		return room{}, err
	}
	return selectRoom(ctx, q, service, roomID)
}

// excerptHead is what every excerpt of a room says, and the aliases by participant number.
func (c *Chat) excerptHead(ctx context.Context, q pg.Querier, r room) (moderation.Excerpt, map[int16]string, error) {
	rows, err := selectParticipants(ctx, q, r.id)
	if err != nil {
		return moderation.Excerpt{}, nil, err
	}
	aliases, err := c.names(ctx, q, rows)
	if err != nil {
		return moderation.Excerpt{}, nil, err
	}
	names := map[int16]string{}
	for _, p := range rows {
		names[p.number] = aliases[p.account].Alias
	}
	topic, err := c.topic(r)
	if err != nil {
		return moderation.Excerpt{}, nil, err
	}
	return moderation.Excerpt{Author: r.person, AuthorAlias: aliases[r.person].Alias, Title: topic, URL: "/rooms/" + r.id.String(), At: r.createdAt}, names, nil
}

func parseRef(id string) (RoomID, int64, error) {
	head, tail, _ := strings.Cut(id, "/")
	roomID, err := parseRoomID(head)
	if err != nil {
		return RoomID{}, 0, err
	}
	seq, err := strconv.ParseInt(tail, 10, 64)
	if err != nil || seq < 1 {
		return RoomID{}, 0, ErrNotFound
	}
	return roomID, seq, nil
}
