package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// Prepared is a text that ESPs have at hand in a conversation, in its present version. It is a service's own: how a helpline answers is told, a leaflet, what happens
// next. An ESP puts it into what they write and changes it there; it is never sent by itself.
type Prepared struct {
	ID      PreparedID
	Version int
	Title   string
	Text    string
	Author  account.Public
	At      time.Time
}

// PreparedID names a prepared text.
type PreparedID = ids.ID[Prepared]

// Bounds of prepared texts, in runes.
const (
	MinPreparedTitle = 3
	MaxPreparedTitle = 80
	MaxPrepared      = 1000
	MaxPreparedTexts = 100 // of a service
)

// Errors of prepared texts.
var (
	ErrPreparedEdited = errs.New(errs.Invalid, "chat.prepared_edited") // somebody else saved it meanwhile
	ErrPreparedFull   = errs.New(errs.Invalid, "chat.prepared_full")
)

// mayReadPrepared: who may put them into a conversation, and who writes them.
func mayReadPrepared(actor account.Actor) error {
	if actor.IsPeer() {
		return nil
	}
	return account.Can(actor, account.SettingsService, account.Relation{})
}

// PreparedTexts lists the service's, by title. For ESPs and those who write them.
func (c *Chat) PreparedTexts(ctx context.Context, actor account.Actor) ([]Prepared, error) {
	if err := mayReadPrepared(actor); err != nil {
		return nil, err
	}
	rows, err := selectPreparedTexts(ctx, c.pool, actor.Service)
	if err != nil {
		return nil, pg.Classify(err)
	}
	return c.namePrepared(ctx, rows)
}

// PreparedText is one of them with every version, the latest first; account.ErrNotFound for one that was removed.
func (c *Chat) PreparedText(ctx context.Context, actor account.Actor, id PreparedID) ([]Prepared, error) {
	if err := mayWritePrepared(actor); err != nil {
		return nil, err
	}
	rows, err := selectPreparedVersions(ctx, c.pool, actor.Service, id)
	if err != nil {
		return nil, pg.Classify(err)
	}
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	return c.namePrepared(ctx, rows)
}

func (c *Chat) namePrepared(ctx context.Context, rows []preparedRow) ([]Prepared, error) {
	who := make([]account.ID, len(rows))
	for i, r := range rows {
		who[i] = r.author
	}
	names, err := c.accounts.Public(ctx, c.pool, who)
	if err != nil {
		return nil, fmt.Errorf("chat: names: %w", err)
	}
	list := make([]Prepared, len(rows))
	for i, r := range rows {
		list[i] = r.Prepared
		list[i].Author = names[r.author]
	}
	return list, nil
}

// mayWritePrepared: an administrator. An auditor reads the service's settings and changes none.
func mayWritePrepared(actor account.Actor) error {
	if actor.Is(account.RoleAuditor) {
		return account.ErrForbidden
	}
	return account.Can(actor, account.SettingsService, account.Relation{})
}

// SavePrepared stores a new version of a prepared text; the zero id makes a new one. Version is the one that was edited. Errors: errs.Fields, ErrPreparedEdited,
// ErrPreparedFull, account.ErrNotFound.
func (c *Chat) SavePrepared(ctx context.Context, actor account.Actor, in Prepared) error {
	if err := mayWritePrepared(actor); err != nil {
		return err
	}
	in, err := cleanPrepared(in)
	if err != nil {
		return err
	}
	act := "prepared_text.edit"
	if in.ID.IsZero() {
		act = "prepared_text.add"
	}
	return pg.Classify(pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		if in.ID.IsZero() {
			n, err := countPrepared(ctx, tx, actor.Service)
			if err != nil {
				return err
			}
			if n >= MaxPreparedTexts {
				return ErrPreparedFull
			}
			in.ID, in.Version = ids.New[Prepared](), 1
			if err := insertPrepared(ctx, tx, actor.Service, in.ID); err != nil {
				return err
			}
		} else {
			known, err := lockPrepared(ctx, tx, actor.Service, in.ID)
			switch {
			case err != nil:
				return err
			case known.Version != in.Version:
				return ErrPreparedEdited
			case known.Title == in.Title && known.Text == in.Text:
				return nil
			}
			in.Version++
			if err := updatePreparedVersion(ctx, tx, in); err != nil {
				return err
			}
		}
		if err := insertPreparedVersion(ctx, tx, actor, in); err != nil {
			return err
		}
		return audit.Append(ctx, tx, preparedEntry(actor, act, in.ID))
	}))
}

// cleanPrepared checks what was typed, and tells of every mistake.
func cleanPrepared(in Prepared) (Prepared, error) {
	var wrong errs.Fields
	var mistake *errs.Error
	var err error
	title, err := clean("title", in.Title, MaxPreparedTitle)
	if in.Title = strings.Join(strings.Fields(title), " "); err == nil && utf8.RuneCountInString(in.Title) < MinPreparedTitle {
		err = errs.Field("title", "chat.prepared_title_short", map[string]any{"Min": MinPreparedTitle})
	}
	if errors.As(err, &mistake) {
		wrong = append(wrong, mistake)
	}
	in.Text, err = clean("text", in.Text, MaxPrepared)
	if err == nil && in.Text == "" {
		err = errs.Field("text", "chat.text_empty", nil)
	}
	if errors.As(err, &mistake) {
		wrong = append(wrong, mistake)
	}
	return in, wrong.Err()
}

// RemovePrepared takes a text out of the list; its versions stay. One that is gone is no mistake.
func (c *Chat) RemovePrepared(ctx context.Context, actor account.Actor, id PreparedID) error {
	if err := mayWritePrepared(actor); err != nil {
		return err
	}
	return pg.Classify(pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		gone, err := updatePreparedRemoved(ctx, tx, actor.Service, id)
		if err != nil || !gone {
			return err
		}
		return audit.Append(ctx, tx, preparedEntry(actor, "prepared_text.remove", id))
	}))
}

func preparedEntry(actor account.Actor, act string, id PreparedID) audit.Entry {
	return audit.Entry{Service: actor.Service, Actor: actor.ID, Role: string(actor.Role), Action: act, Object: "prepared_text:" + id.String()}
}
