package account

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/errs"
	"ponti/internal/pg"
)

// Bounds of how long a service's conversations last, in minutes. Under the least nobody could be heard out; over the most an ESP could not rest.
const (
	MinConversation     = 20
	MaxConversation     = 120
	DefaultConversation = 45 * time.Minute
)

// ChangeConversation sets how many minutes a conversation lasts. Those that run keep the end they were given.
func (a *Accounts) ChangeConversation(ctx context.Context, actor Actor, minutes int) error {
	if err := canSetService(actor); err != nil {
		return err
	}
	if minutes < MinConversation || minutes > MaxConversation {
		return errs.Field("minutes", "account.conversation_minutes", map[string]any{"Min": MinConversation, "Max": MaxConversation})
	}
	return a.changeService(ctx, actor, "settings.change_conversation", func(ctx context.Context, tx pgx.Tx) error {
		return updateConversation(ctx, tx, actor.Service, minutes)
	})
}

// Conversation is how long one lasts in a service, as it is now.
func (a *Accounts) Conversation(ctx context.Context, q pg.Querier, service ServiceID) (time.Duration, error) {
	return selectConversation(ctx, q, service)
}
