package moderation

import (
	"context"
	"errors"
	"slices"
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

// Opinion is what somebody would decide who was asked for a second opinion.
type Opinion string

// The opinions. OpinionNote: it is none, but a word to the others.
const (
	OpinionNote   Opinion = ""
	OpinionNone   Opinion = "none"
	OpinionHide   Opinion = "hide"
	OpinionUnsure Opinion = "unsure"
)

// Opinions lists what somebody may answer who is asked.
func Opinions() []Opinion { return []Opinion{OpinionHide, OpinionNone, OpinionUnsure} }

// CaseNote is what a moderator wrote about a case for the others who may decide it.
type CaseNote struct {
	Alias   string
	Mine    bool
	Opinion Opinion
	Text    string
	At      time.Time
}

// Second is a second opinion that somebody asks for.
type Second struct {
	Alias string
	Mine  bool // the actor asks
	Given bool // somebody else has said theirs since
}

// maxCaseNotes is how many a case may have.
const maxCaseNotes = 100

// ErrNotesFull says that nothing more can be written about a case.
var ErrNotesFull = errs.Field("note", "moderation.case_notes_full", nil)

// NoteOnCase writes to those who may decide an open case, as one of them. Invalid without words, ErrDecided once it is decided, ErrUnknown where the actor may not decide.
func (m *Moderation) NoteOnCase(ctx context.Context, actor account.Actor, id CaseID, text string) error {
	return m.noteOnCase(ctx, actor, id, OpinionNote, text, "report.note", func(context.Context, pgx.Tx, caseRow) error { return nil })
}

// AskSecondOpinion asks the others who may decide a case what they would, in words that say what is hard about it, and gives the case back: nobody is held up by it, and whoever decides
// sees what was said. ErrClaimFirst for who does not hold it; else as NoteOnCase.
func (m *Moderation) AskSecondOpinion(ctx context.Context, actor account.Actor, id CaseID, text string) error {
	return m.noteOnCase(ctx, actor, id, OpinionNote, text, "report.ask_second_opinion", func(ctx context.Context, tx pgx.Tx, c caseRow) error {
		return updateSecondAsked(ctx, tx, c.ID, actor.ID)
	})
}

// GiveOpinion answers who asks for a second opinion, with the reason for it. ErrNotAsked where nobody else asks; else as NoteOnCase.
func (m *Moderation) GiveOpinion(ctx context.Context, actor account.Actor, id CaseID, opinion Opinion, text string) error {
	if !slices.Contains(Opinions(), opinion) {
		return errs.Field("opinion", "moderation.opinion_missing", nil)
	}
	return m.noteOnCase(ctx, actor, id, opinion, text, "report.opinion", func(_ context.Context, _ pgx.Tx, c caseRow) error {
		if c.SecondBy.IsZero() || c.SecondBy == actor.ID {
			return ErrNotAsked
		}
		return nil
	})
}

func (m *Moderation) noteOnCase(ctx context.Context, actor account.Actor, id CaseID, opinion Opinion, text, act string, also func(context.Context, pgx.Tx, caseRow) error) error {
	text = strings.TrimSpace(text)
	switch {
	case blank(text):
		return errs.Field("note", "moderation.case_note_missing", nil)
	case utf8.RuneCountInString(text) > MaxNote:
		return errs.Field("note", "moderation.note_long", map[string]any{"Max": MaxNote})
	}
	return pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		c, err := selectCaseForUpdate(ctx, tx, actor.Service, id)
		if err != nil {
			return err
		}
		if err := m.mayDecide(ctx, tx, actor, c); err != nil {
			return err
		}
		if c.Decision != "" {
			return ErrDecided
		}
		if err := also(ctx, tx, c); err != nil {
			return err
		}
		sealed, err := m.sealInCase(c, text)
		if err != nil {
			return err
		}
		if act == "report.note" && c.ClaimedBy == actor.ID {
			if err := updateClaimKept(ctx, tx, c.ID, actor.ID); err != nil && !errors.Is(err, ErrClaimFirst) {
				return err
			}
		}
		if err := insertCaseNote(ctx, tx, ids.New[CaseNote](), c, actor.ID, opinion, sealed); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, act, "case:"+id.String(), string(opinion)))
	})
}

// showNotes adds what moderators wrote about a case, and about the one it appeals.
func (m *Moderation) showNotes(ctx context.Context, actor account.Actor, c caseRow, shown *Case) error {
	rows, err := selectCaseNotes(ctx, m.pool, c)
	if err != nil {
		return pg.Classify(err)
	}
	if len(rows) == 0 && c.SecondBy.IsZero() {
		return nil
	}
	who := []account.ID{c.SecondBy}
	for _, r := range rows {
		who = append(who, r.author)
	}
	names, err := m.accounts.Public(ctx, m.pool, who)
	if err != nil {
		return err
	}
	if !c.SecondBy.IsZero() {
		shown.Second = &Second{Alias: names[c.SecondBy].Alias, Mine: c.SecondBy == actor.ID}
	}
	for _, r := range rows {
		text, err := m.openInCase(r.of, r.note)
		if err != nil {
			return err
		}
		shown.Notes = append(shown.Notes, CaseNote{Alias: names[r.author].Alias, Mine: r.author == actor.ID, Opinion: r.opinion, Text: text, At: r.at})
		if shown.Second != nil && r.opinion != OpinionNote && r.author != c.SecondBy && r.at.After(c.SecondAt) {
			shown.Second.Given = true
		}
	}
	return nil
}
