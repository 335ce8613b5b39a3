// Package audit appends who did what, to which object, and why. An entry is written in the transaction of the act, so
// neither exists without the other; reading a conversation is an act too. Entries are never changed: the database refuses it.
package audit

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"ponti/internal/pg"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations is the history of this package's table.
func Migrations() pg.Migrations {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the path is a constant of this file
	}
	return pg.Migrations{Name: "audit", FS: sub}
}

// Entry is one act. It names things by identifier; what people wrote and what they are called never stand in it.
// Reason is the exception: it is what the acting person gave as their reason.
type Entry struct {
	Service [16]byte
	Actor   [16]byte // zero for Ponti itself
	Role    string
	Action  string // `resource.verb`, as in the authorization matrix
	Object  string // `kind:id`
	Reason  string
}

// Append writes an entry in the caller's transaction.
func Append(ctx context.Context, q pg.Querier, e Entry) error {
	var actor *[16]byte
	if e.Actor != [16]byte{} {
		actor = &e.Actor
	}
	_, err := q.Exec(ctx, `insert into audit_entries (service_id, actor_id, actor_role, action, object, reason)
		values ($1, $2, $3, $4, $5, $6)`, e.Service, actor, e.Role, e.Action, e.Object, e.Reason)
	if err != nil {
		return fmt.Errorf("audit: append %s: %w", e.Action, err)
	}
	return nil
}
