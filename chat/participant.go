package chat

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation"
)

// ParticipantContent answers moderation for somebody in a conversation, named "<room>/<number>": what is reported is how they behave, not one text of theirs.
func (c *Chat) ParticipantContent() moderation.Content { return participantContent{c} }

type participantContent struct{ c *Chat }

// Excerpt is who it is. It holds nothing that was said: a report opens no conversation.
func (pc participantContent) Excerpt(ctx context.Context, q pg.Querier, service account.ServiceID, id string) (moderation.Excerpt, error) {
	roomID, number, err := parseRef(id)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	r, err := selectRoom(ctx, q, service, roomID)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	rows, err := selectParticipants(ctx, q, r.id)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	for _, p := range rows {
		if int64(p.number) != number {
			continue
		}
		names, err := pc.c.names(ctx, q, []participantRow{p})
		if err != nil {
			return moderation.Excerpt{}, err
		}
		at := r.createdAt
		if r.startedAt != nil {
			at = *r.startedAt
		}
		return moderation.Excerpt{Author: p.account, AuthorAlias: names[p.account].Alias, At: at}, nil
	}
	return moderation.Excerpt{}, ErrNotFound
}

// Hide refuses: nobody is hidden.
func (participantContent) Hide(context.Context, pg.Querier, account.ServiceID, string, string, account.ID) error {
	return ErrRoomHidden
}

// Restore refuses, as Hide.
func (participantContent) Restore(context.Context, pg.Querier, account.ServiceID, string) error {
	return ErrRoomHidden
}

// Moderators is empty: who is reported in a conversation goes to tutors.
func (participantContent) Moderators(context.Context, pg.Querier, account.ServiceID, string) ([]account.ID, error) {
	return nil, nil
}

// Opened notes nothing: a report opens no conversation.
func (participantContent) Opened(context.Context, pg.Querier, account.Actor, string) error {
	return nil
}

// MayRead tells whether the actor was in the conversation with them, and may still read it.
func (pc participantContent) MayRead(ctx context.Context, q pg.Querier, actor account.Actor, id string) error {
	roomID, _, err := parseRef(id)
	if err != nil {
		return err
	}
	if err := roomContent(pc).MayRead(ctx, q, actor, roomID.String()); err != nil {
		return err
	}
	_, err = pc.Excerpt(ctx, q, actor.Service, id)
	return err
}
