package forum

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/forum/community"
	"ponti/internal/pg"
)

// What travels of a round table are its posts, its agenda, and which posts are minutes. It comes in as one that has ended: who ran it was elected elsewhere.

// wrongRound is what is wrong with the agenda of a thread's line.
func wrongRound(r community.Record) (wrong []string) {
	if len(r.Agenda) > 0 && (kindOf(r) != KindRoundTable || State(r.State) == Deleted) {
		wrong = append(wrong, "has agenda and is no round table, or its opening is deleted")
	}
	for _, p := range r.Agenda {
		if p != cleanTitle(p) || blank(p) || len([]rune(p)) > MaxPoint {
			wrong = append(wrong, fmt.Sprintf("has a point of its agenda that is no plain line of 1 to %d characters", MaxPoint))
			break
		}
	}
	return wrong
}

// round stores the table of a thread that was just brought in.
func (in *importing) round(ctx context.Context, tx pgx.Tx, r community.Record, id ThreadID, post PostID, author account.ID) error {
	if kindOf(r) != KindRoundTable {
		return nil
	}
	if err := insertImportedRound(ctx, tx, in.actor.Service, id, *r.At); err != nil {
		return err
	}
	by := account.Actor{Service: in.actor.Service, ID: author}
	if err := upsertWriting(ctx, tx, by, id, post, ForOpening, 1); err != nil {
		return err
	}
	return insertPoints(ctx, tx, in.actor.Service, id, post, r.Agenda)
}

// exportedRound is what a thread's lines say beside its posts; empty for what is no round table.
type exportedRound struct {
	agenda  []string
	minutes map[PostID]bool
}

func (f *Forum) exportRound(ctx context.Context, s account.ServiceID, t exportedThread) (r exportedRound, err error) {
	if t.Kind != KindRoundTable {
		return r, nil
	}
	points, err := selectPoints(ctx, f.pool, s, t.ID)
	if err != nil {
		return r, pg.Classify(err)
	}
	for _, p := range points {
		if p.Text != "" { // whoever wrote it asked to be forgotten
			r.agenda = append(r.agenda, p.Text)
		}
	}
	written, err := selectWritings(ctx, f.pool, s, t.ID)
	r.minutes = map[PostID]bool{}
	for _, w := range written {
		r.minutes[w.post] = w.purpose == ForMinutes
	}
	return r, pg.Classify(err)
}
