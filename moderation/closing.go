package moderation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// ClosingNote is what the owner of an escalation writes down when it ends. One from before it had parts is all in Done.
type ClosingNote struct {
	Done       string `json:"done"`       // what was done
	Protective string `json:"protective"` // what protects the person: people, plans, reasons; may be empty
	AfterCare  string `json:"after_care"` // who looks after them from now on, and when; may be empty
}

// Closing is how an owner ends an escalation.
type Closing struct {
	Outcome    Outcome
	Note       string // what was done
	Protective string // may be empty
	AfterCare  string // may be empty
	Seen       int64  // Shown.Seen of what the owner had before them when they wrote the note; 0 when nothing was shown
}

// note is what is kept of it; Invalid for what is missing or too long.
func (in Closing) note() (ClosingNote, error) {
	n := ClosingNote{Done: strings.TrimSpace(in.Note), Protective: strings.TrimSpace(in.Protective), AfterCare: strings.TrimSpace(in.AfterCare)}
	var wrong errs.Fields
	if !slices.Contains(outcomes, in.Outcome) {
		wrong.Add("outcome", "moderation.outcome_missing", nil)
	}
	if blank(n.Done) {
		wrong.Add("note", "moderation.note_missing", nil)
	}
	for _, f := range []struct{ name, text string }{{"note", n.Done}, {"protective", n.Protective}, {"after_care", n.AfterCare}} {
		if utf8.RuneCountInString(f.text) > MaxNote {
			wrong.Add(f.name, "moderation.note_long", map[string]any{"Max": MaxNote})
		}
	}
	return n, wrong.Err()
}

// CloseEscalation ends an escalation. Only its owner may, with an outcome and what was done; the note is sealed. A cause that came after what
// the owner had seen is not closed with the rest: they are asked to read it first.
func (m *Moderation) CloseEscalation(ctx context.Context, actor account.Actor, id EscalationID, in Closing) error {
	note, err := in.note()
	if err != nil {
		return err
	}
	text, err := json.Marshal(note)
	if err != nil {
		return fmt.Errorf("moderation: note: %w", err)
	}
	sealed, err := m.seal(string(text), notePlace(id))
	if err != nil {
		return err
	}
	var e row
	err = pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		if e, err = m.assigned(ctx, tx, actor, id); err != nil {
			return err
		}
		switch {
		case e.State == StateClosed:
			return ErrClosed
		case account.Can(actor, account.EscalationCloseWithOutcome, account.Relation{Object: true, Assigned: e.Owner == actor.ID}) != nil:
			return ErrNotOwner
		}
		if newest, err := lockNewestCause(ctx, tx, id); err != nil {
			return err
		} else if in.Seen > 0 && newest > in.Seen {
			return errs.Field("note", "moderation.new_cause", nil)
		}
		if e, err = updateClosed(ctx, tx, e, actor.ID, in.Outcome, sealed); err != nil {
			return err
		}
		if _, err := updateRoutesEnded(ctx, tx, id, account.ID{}); err != nil {
			return err
		}
		if err := insertStep(ctx, tx, e, StepClosed, actor.ID); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "escalation.close", "escalation:"+id.String(), string(in.Outcome)))
	})
	if err != nil {
		return err
	}
	m.tell(e, []account.ID{actor.ID})
	return nil
}

func notePlace(id EscalationID) string { return "escalation note|" + id.String() }

// noteForm is what the text of a sealed note is.
type noteForm int16

const noteInParts noteForm = 2 // JSON of a ClosingNote; anything before are plain words

func (m *Moderation) openNote(ctx context.Context, e row) (n ClosingNote, err error) {
	s, form, err := selectNote(ctx, m.pool, e.ID)
	if err != nil {
		return n, pg.Classify(err)
	}
	if s.Text == nil {
		return n, nil // erased
	}
	text, err := m.open(s, notePlace(e.ID))
	if err != nil {
		return n, err
	}
	if form < noteInParts {
		return ClosingNote{Done: text}, nil
	}
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return n, fmt.Errorf("moderation: note: %w", err)
	}
	return n, nil
}
