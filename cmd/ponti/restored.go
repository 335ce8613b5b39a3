package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"ponti/account"
	"ponti/chat"
	"ponti/forum"
	"ponti/internal/pg"
)

type restoredCommand struct {
	Settings

	Erased []string `type:"existingfile" help:"Journals of erasures (PONTI_ERASURES), of all instances and as far back as the backup: what they name is erased again."`
}

// Run erases again what the backup does not know as erased, and says that the database tells another history than before.
func (r restoredCommand) Run(ctx context.Context, out io.Writer) error {
	cfg, err := r.Config()
	if err != nil {
		return err
	}
	st, err := openStores(ctx, cfg, newLog(cfg))
	if err != nil {
		return err
	}
	return errors.Join(r.run(ctx, out, cfg, st), st.close())
}

func (r restoredCommand) run(ctx context.Context, out io.Writer, cfg Config, st *stores) error {
	if err := pg.Migrate(ctx, st.url, migrations()...); err != nil {
		return err
	}
	a, err := newApp(cfg, st, newLog(cfg))
	if err != nil {
		return err
	}
	var n again
	for _, name := range r.Erased {
		if err := n.file(ctx, a, name); err != nil {
			return err
		}
	}
	epoch, err := chat.NewEpoch(ctx, st.pool)
	if err != nil {
		return err
	}
	if len(r.Erased) > 0 {
		if _, err := fmt.Fprintf(out, "Erased again: %d accounts, %d conversations, %d posts. The rest of the accounts goes within a minute of the start.\n", n.accounts, n.conversations, n.posts); err != nil {
			return err
		}
	}
	if n.kept > 0 {
		if _, err := fmt.Fprintf(out, "Kept: %d conversations, for each of which somebody has to answer an alarm first. Close those, and run this again when all instances are stopped.\n", n.kept); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "History is another from here on (%s): start one instance, then the others.\n", epoch)
	return err
}

// again counts what was erased once more.
type again struct{ accounts, conversations, posts, kept int }

func (n *again) file(ctx context.Context, a *app, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	_, _, err = readJournal(file, func(e erased) error { return n.one(ctx, a, e) })
	return err
}

func (n *again) one(ctx context.Context, a *app, e erased) error {
	var service account.ServiceID
	if err := service.UnmarshalText([]byte(e.Service)); err != nil {
		return err
	}
	id := []byte(e.ID)
	switch e.What {
	case "account":
		var who account.ID
		if err := who.UnmarshalText(id); err != nil {
			return err
		}
		did, err := a.accounts.EraseAgain(ctx, service, who, e.Posts)
		n.accounts += one(did)
		return err
	case "conversation":
		var room chat.RoomID
		if err := room.UnmarshalText(id); err != nil {
			return err
		}
		there, gone, err := a.chat.EraseAgain(ctx, service, room)
		n.conversations += one(there && gone)
		n.kept += one(there && !gone && err == nil)
		return err
	case "post":
		var post forum.PostID
		if err := post.UnmarshalText(id); err != nil {
			return err
		}
		did, err := a.forum.DeleteAgain(ctx, service, post)
		n.posts += one(did)
		return err
	default:
		return fmt.Errorf("a journal of erasures names %q, which this version does not know", e.What)
	}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
