package chat

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// blockedFor is for how long somebody who was blocked cannot ask for a conversation.
const blockedFor = 24 * time.Hour

// BlockReason is what an ESP blocks somebody for.
type BlockReason string

// The reasons.
const (
	BlockThreat BlockReason = "threat"
	BlockSexual BlockReason = "sexual"
	BlockInsult BlockReason = "insult"
	BlockOther  BlockReason = "other"
)

// BlockReasons lists them in the order they are offered.
var BlockReasons = []BlockReason{BlockThreat, BlockSexual, BlockInsult, BlockOther}

// ErrBlockInDanger says that nobody is shut out while somebody answers for a danger to them.
var ErrBlockInDanger = errs.New(errs.Conflict, "chat.block_in_danger")

// ErrBlocked says that somebody cannot ask for a conversation for now; BlockedUntil says until when.
var ErrBlocked = errs.New(errs.Conflict, "chat.blocked")

// Block is why somebody cannot ask for a conversation, and until when.
type Block struct {
	Account account.ID
	Alias   string
	By      string
	Reason  BlockReason
	Since   time.Time
	Until   time.Time
}

// EndAndBlock ends a conversation and keeps its person from asking for another for 24 hours. The ESP who holds it may, while it is open and nobody
// answers for a danger (level red or above) to its person: ErrBlockInDanger. Tutors see it and may take it back.
func (c *Chat) EndAndBlock(ctx context.Context, actor account.Actor, id RoomID, reason BlockReason) error {
	if !actor.IsPeer() {
		return account.ErrForbidden
	}
	if !slices.Contains(BlockReasons, reason) {
		return errs.Field("reason", "chat.block_reason_missing", nil)
	}
	var out outcome
	var r room
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		out = outcome{}
		if err := lockPlaceOf(ctx, tx, actor.Service, id); err != nil { // a place is always locked before its room
			return err
		}
		s, err := c.stand(ctx, tx, actor, id, true)
		if err != nil {
			return err
		}
		if err := s.mayPost(actor); err != nil {
			return err
		}
		if err := account.Can(actor, account.ConversationCloseLeave, s.relation(actor)); err != nil {
			return err
		}
		danger, err := c.dangerIn(ctx, tx, id)
		if err != nil {
			return err
		}
		if danger.level >= triage.Red {
			return ErrBlockInDanger
		}
		r = s.room
		if err := upsertBlock(ctx, tx, actor, r.person, reason); err != nil {
			return err
		}
		if out, err = c.finish(ctx, tx, &r, actor, s.number); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "conversation.block", id, string(reason)))
	})
	if err != nil {
		return pg.Classify(err)
	}
	c.publish(id, out.key, out.message)
	c.tellRoom(ctx, r)
	c.Match(ctx, r.service)
	return nil
}

// BlockedUntil is until when the actor cannot ask for a conversation; zero when they can.
func (c *Chat) BlockedUntil(ctx context.Context, actor account.Actor) (time.Time, error) {
	until, err := selectBlockedUntil(ctx, c.pool, actor)
	return until, pg.Classify(err)
}

// Blocks lists who is blocked in the service, for its tutors, the newest first.
func (c *Chat) Blocks(ctx context.Context, actor account.Actor) ([]Block, error) {
	if !actor.Is(account.RoleTutor) {
		return nil, account.ErrForbidden
	}
	list, by, err := selectBlocks(ctx, c.pool, actor.Service)
	if err != nil {
		return nil, pg.Classify(err)
	}
	who := make([]participantRow, 0, 2*len(list))
	for i, b := range list {
		who = append(who, participantRow{account: b.Account}, participantRow{account: by[i]})
	}
	names, err := c.names(ctx, c.pool, who)
	if err != nil {
		return nil, pg.Classify(err)
	}
	for i := range list {
		list[i].Alias, list[i].By = names[list[i].Account].Alias, names[by[i]].Alias
	}
	return list, nil
}

// Unblock takes a block back. Only tutors of the service may; of somebody who is not blocked it does nothing.
func (c *Chat) Unblock(ctx context.Context, actor account.Actor, who account.ID) error {
	if !actor.Is(account.RoleTutor) {
		return account.ErrForbidden
	}
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		gone, err := deleteBlock(ctx, tx, actor.Service, who)
		if err != nil || !gone {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{Service: actor.Service, Actor: actor.ID, Role: string(actor.Role), Action: "conversation.unblock", Object: "account:" + who.String()})
	})
	if err != nil {
		return pg.Classify(err)
	}
	c.tell(bus.Place, who)
	return nil
}
