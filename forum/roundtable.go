package forum

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/roster"
)

// A round table is run by one of the people who come here, whom they elect; who works here reads it and keeps it safe, and speaks at it as a guest. All that is
// written at one is a post like any other, read for risk, held, hidden, edited and erased as those are: that somebody stands for election, the agenda, the question
// of a ballot, the minutes. What a post is for stands in a row beside it, and counts while the post can be read.
//
// While a table runs, only who has the word writes, or who runs it. While nobody runs it, nobody has the word. Who is elected moderates nothing: hiding and locking
// stay with the ESPs of the category and the tutors.

// Bounds of round tables.
const (
	MaxPoint    = 120 // runes
	MaxPoints   = 20
	MaxQuestion = 200
	MaxOption   = 100
	MinOptions  = 2
	MaxOptions  = 6
	MinVoters   = 3 // fewer say nothing without telling what each of them voted
	minTurn     = 10 * time.Minute
	maxTurn     = 60 * 24 * time.Hour
	slipFor     = 15 * time.Minute   // whoever has spoken mends a slip, whoever has the word by then
	idleFor     = 3 * 24 * time.Hour // without an act of who runs a table, another may be elected
)

// Identifiers of what hangs on a round table.
type (
	PointID  = ids.ID[Point]
	HandID   = ids.ID[Hand]
	GuestID  = ids.ID[Guest]
	BallotID = ids.ID[Ballot]
)

// Errors of round tables, beside errs.Fields for their forms.
var (
	ErrNoWord      = errs.Field("text", "round.no_word", nil)
	ErrStoodOver   = errs.Field("text", "round.stood_over", nil)    // people have voted by it
	ErrNotNow      = errs.New(errs.Conflict, "round.not_now")       // the table is not at that point, or not any more
	ErrMeanwhile   = errs.New(errs.Conflict, "round.meanwhile")     // what a form is about has changed
	ErrStands      = errs.New(errs.Conflict, "round.stands")        // they stand already
	ErrNotInvited  = errs.New(errs.Forbidden, "round.not_invited")  // who works here and was not invited
	ErrNotRunning  = errs.New(errs.Forbidden, "round.not_yours")    // it is for who runs the table
	ErrOnlyPeople  = errs.New(errs.Forbidden, "round.only_people")  // it is for those who come for themselves or for somebody close
	ErrBallotOver  = errs.New(errs.Conflict, "round.ballot_over")   // it is closed
	ErrTooNew      = errs.New(errs.Forbidden, "round.too_new")      // their account was made after the ballot was opened
	ErrVoted       = errs.New(errs.Conflict, "round.voted_before")  // their vote is in, and stays as it is
	ErrRoundStands = errs.New(errs.Conflict, "round.stays_as_sent") // an agenda or a ballot is not reworded: others have gone by it
)

// Phase is how far a round table has come.
type Phase string

// The phases.
const (
	PhaseStanding Phase = "standing" // people stand for election
	PhaseVoting   Phase = "voting"
	PhaseWaiting  Phase = "waiting" // the election brought nobody, and a new one must be called
	PhaseRunning  Phase = "running"
	PhaseEnded    Phase = "ended"
)

// Result is what came of the latest election.
type Result string

// The results.
const (
	NoResult      Result = ""
	ResultElected Result = "elected"
	ResultLot     Result = "lot"     // the second ballot brought no winner either
	ResultTie     Result = "tie"     // a second ballot is open between those who had as many votes
	ResultNobody  Result = "nobody"  // nobody stood, or nobody who stood is there any more
	ResultTooFew  Result = "too_few" // fewer than MinVoters voted
	ResultLeft    Result = "left"    // who was elected is gone or gave it back: the next election runs
)

// Purpose is what a post at a round table is for.
type Purpose string

// The purposes. A post without one is somebody speaking.
const (
	ForOpening   Purpose = "opening"
	ForCandidacy Purpose = "candidacy"
	ForAgenda    Purpose = "agenda"
	ForBallot    Purpose = "ballot"
	ForMinutes   Purpose = "minutes"
)

// Terms are until when people may stand for election, and then vote, as a wall clock in the service's zone shows it.
type Terms struct{ Stand, Vote string }

// turns are the same as lengths of time; people stand until an instant.
type turns struct {
	until             time.Time
	standFor, voteFor time.Duration
}

// read checks what a form says; every mistake is reported at once.
func (in Terms) read(zone *time.Location, now time.Time) (t turns, err error) {
	var wrong errs.Fields
	until, _, key := roster.Moments(in.Stand, zone)
	if key != "" {
		wrong.Add("stand", key, nil)
	}
	end, _, key := roster.Moments(in.Vote, zone)
	if key != "" {
		wrong.Add("vote", key, nil)
	}
	if len(wrong) > 0 {
		return t, wrong
	}
	t = turns{until: until, standFor: until.Sub(now), voteFor: end.Sub(until)}
	if key := turnMistake(t.standFor); key != "" {
		wrong.Add("stand", key, nil)
	}
	if key := turnMistake(t.voteFor); key != "" {
		wrong.Add("vote", key, nil)
	}
	return t, wrong.Err()
}

// turnMistake is what is wrong with how long something is open.
func turnMistake(d time.Duration) string {
	switch {
	case d < minTurn:
		return "round.turn_short"
	case d > maxTurn:
		return "round.turn_long"
	}
	return ""
}

// readPoints are the lines of an agenda.
func readPoints(text string) (points []string, err error) {
	for line := range strings.Lines(cleanText(text)) {
		if line = cleanTitle(line); !blank(line) {
			points = append(points, line)
		}
	}
	var wrong errs.Fields
	switch n := longestOf(points); {
	case len(points) == 0:
		wrong.Add("agenda", "round.agenda_empty", nil)
	case len(points) > MaxPoints:
		wrong.Add("agenda", "round.agenda_many", map[string]any{"Max": MaxPoints})
	case n > MaxPoint:
		wrong.Add("agenda", "round.point_long", map[string]any{"Max": MaxPoint, "Over": n - MaxPoint})
	}
	return points, wrong.Err()
}

func longestOf(lines []string) (n int) {
	for _, l := range lines {
		n = max(n, utf8.RuneCountInString(l))
	}
	return n
}

// NewRound is a round table with what its thread begins with.
type NewRound struct {
	Category    string // slug
	Title, Text string
	Agenda      string // a point a line
	Notes       []ContentNote
	Terms
	CID string // made with the form
}

// mayOpenRound: the ESPs of a category and tutors, where members or families write.
func mayOpenRound(actor account.Actor, p place) error {
	if err := mayWrite(actor, p, account.ThreadOpen); err != nil {
		return err
	}
	if !moderators(actor, p) {
		return account.ErrForbidden
	}
	if !slices.Contains(KindRoundTable.rule().audiences, p.Audience) {
		return ErrKind
	}
	return nil
}

// MayOpenRound is true of a category in which the actor may open a round table.
func MayOpenRound(actor account.Actor, c Category) bool { return mayOpenRound(actor, c.place()) == nil }

// OpenRound starts the thread of a round table, and the election of who runs it. What somebody writes who may not write for a time, and that sounds like danger, is kept
// as a discussion that waits: no table comes of it. Errors: as OpenThread, and account.ErrForbidden for who does not look after the category.
func (f *Forum) OpenRound(ctx context.Context, actor account.Actor, in NewRound) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	zone, err := f.zone(ctx, actor.Service)
	if err != nil {
		return Receipt{}, err
	}
	terms, termsErr := in.Terms.read(zone, time.Now())
	points, pointsErr := readPoints(in.Agenda)
	w, textErr := f.read(actor.Service, in.Title, in.Text, in.CID, in.Notes, true)
	wrong, err := joined(textErr, pointsErr, termsErr)
	if err != nil {
		return Receipt{}, err
	}
	if len(wrong) > 0 {
		return Receipt{}, wrong
	}
	read := w.post.prepared
	read.Title += "\n\n" + strings.Join(points, "\n")
	w.verdict = f.assess(actor.Service, read)
	w.post.Level = w.verdict.Level
	w.beside = func(ctx context.Context, tx pgx.Tx, r Receipt) error {
		if err := insertRound(ctx, tx, actor.Service, r.Thread, terms); err != nil {
			return err
		}
		if err := upsertWriting(ctx, tx, actor, r.Thread, r.Post, ForOpening, 1); err != nil {
			return err
		}
		return insertPoints(ctx, tx, actor.Service, r.Thread, r.Post, points)
	}
	return f.write(ctx, actor, w, func(ctx context.Context, tx pgx.Tx) (CategoryID, error) {
		c, _, err := selectCategory(ctx, tx, actor, in.Category)
		if err != nil {
			return c.ID, err
		}
		w.opens = newThread{Category: c.ID, Kind: KindRoundTable}
		return c.ID, mayOpenRound(actor, c.place())
	})
}

// mayTakePart says whether the actor may do anything at a table: who takes part may write in its category, and the thread is open.
func mayTakePart(actor account.Actor, c Category, t threadRow) error {
	if t.Kind != KindRoundTable {
		return account.ErrNotFound
	}
	if err := mayWrite(actor, c.place(), account.PostWriteEditOwnDeleteOwn); err != nil {
		return err
	}
	if t.Locked {
		return ErrLocked
	}
	return nil
}

// mayElect: those who stand and vote. Who works here does neither.
func mayElect(actor account.Actor) error {
	if !actor.Is(account.RoleMember, account.RoleFamily) {
		return ErrOnlyPeople
	}
	return nil
}

// rules is nil for who runs the table, while it runs, and may write just now: whoever may not for a time can leave it, and take the word back, and no more.
func (f *Forum) rules(ctx context.Context, tx pgx.Tx, actor account.Actor, r roundRow) error {
	if err := r.runs(actor); err != nil {
		return err
	}
	return f.moderation.MayWrite(ctx, tx, actor)
}

// runs is nil for who runs the table, while it runs.
func (r roundRow) runs(actor account.Actor) error {
	switch {
	case r.moderator != actor.ID:
		return ErrNotRunning
	case r.phase != PhaseRunning:
		return ErrNotNow
	}
	return nil
}

// maySpeak is nil for who has the word.
func (r roundRow) maySpeak(actor account.Actor) error {
	if r.phase != PhaseRunning || r.moderator != actor.ID && r.speaker != actor.ID {
		return ErrNoWord
	}
	return nil
}

// mayAnswer decides about a post in an open thread that has rules of its own about who writes.
func mayAnswer(ctx context.Context, tx pgx.Tx, actor account.Actor, t threadRow) error {
	if t.Kind != KindRoundTable {
		return nil
	}
	r, err := lockRound(ctx, tx, actor.Service, t.ID)
	if err != nil {
		return err
	}
	if err := r.maySpeak(actor); err != nil {
		return err
	}
	return r.acted(ctx, tx, actor)
}

// acted keeps when who runs a table last did something there.
func (r roundRow) acted(ctx context.Context, tx pgx.Tx, actor account.Actor) error {
	if r.phase != PhaseRunning || r.moderator != actor.ID {
		return nil
	}
	return updateRoundActed(ctx, tx, r.service, r.thread)
}

// mayReword refuses new words for what others have gone by, and where somebody would speak with them who has no word now.
func mayReword(ctx context.Context, q pg.Querier, actor account.Actor, t threadRow, p postRow) error {
	if t.Kind != KindRoundTable {
		return nil
	}
	w, err := selectWriting(ctx, q, actor.Service, p.ID)
	if err != nil {
		return err
	}
	r, err := selectRound(ctx, q, actor.Service, t.ID)
	if err != nil {
		return err
	}
	return r.mayReword(actor, w, p.At)
}

// mayReword is nil for a post of the actor that may be edited now. Without a purpose it is theirs to mend for slipFor; then only while they have the word.
func (r roundRow) mayReword(actor account.Actor, w writingRow, at time.Time) error {
	switch w.purpose {
	case ForMinutes:
		return nil
	case ForAgenda, ForBallot:
		return ErrRoundStands
	case ForOpening, ForCandidacy:
		if !r.stillStand(w) {
			return ErrStoodOver
		}
		return nil
	}
	if r.now.Sub(at) < slipFor && r.phase != PhaseEnded {
		return nil
	}
	return r.maySpeak(actor)
}

// keepWriting leaves a held post what it is for when that can still be: an agenda and a ballot while who wrote them runs the table, that somebody stands while people stand in that election.
// Otherwise the post that appears is words and no more.
func keepWriting(ctx context.Context, q pg.Querier, s account.ServiceID, h heldRow) error {
	w, err := selectWriting(ctx, q, s, h.ID)
	if err != nil || w.purpose == "" || w.purpose == ForOpening || w.purpose == ForMinutes {
		return err
	}
	r, err := lockRound(ctx, q, s, h.Thread)
	if err != nil {
		return err
	}
	if w.purpose == ForCandidacy && r.stillStand(w) || w.purpose != ForCandidacy && r.phase == PhaseRunning && r.moderator == h.Author {
		return nil
	}
	return deleteWriting(ctx, q, s, h.ID)
}

// stillStand is true while people stand in the election of a writing.
func (r roundRow) stillStand(w writingRow) bool {
	return r.phase == PhaseStanding && !r.standOver && w.election == r.election
}

// MaySplit is false of a round table: what stands in it counts there.
func (t Thread) MaySplit() bool { return t.Kind != KindRoundTable }

// onRound changes a table under the lock of its row; what changed nothing is not written down, nor is an act without a name.
func (f *Forum) onRound(ctx context.Context, actor account.Actor, id ThreadID, action string, change func(context.Context, pgx.Tx, threadRow, Category, roundRow) (changed bool, err error)) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	if _, err := f.settleRound(ctx, actor.Service, id, nil); err != nil {
		return err
	}
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		t, c, err := selectThread(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := mayTakePart(actor, c, t); err != nil {
			return err
		}
		r, err := lockRound(ctx, tx, actor.Service, id)
		if err != nil {
			return err
		}
		if changed, err := change(ctx, tx, t, c, r); err != nil || !changed {
			return err
		}
		if err := r.acted(ctx, tx, actor); err != nil {
			return err
		}
		if err := updateThreadBeside(ctx, tx, actor.Service, id); err != nil || action == "" {
			return err
		}
		return appendAudit(ctx, tx, actor, action, "thread:"+id.String())
	})
	if err == nil {
		f.changed(id)
	}
	return pg.Classify(err)
}

// say stores what somebody writes at a table for a purpose. May decides under the lock of the table's row; more is what comes of the post, when it is not nil.
func (f *Forum) say(
	ctx context.Context, actor account.Actor, id ThreadID, w *writing, purpose Purpose, may func(context.Context, pgx.Tx, roundRow) error, more func(context.Context, pgx.Tx, Receipt) error,
) (Receipt, error) {
	if _, err := f.settleRound(ctx, actor.Service, id, nil); err != nil {
		return Receipt{}, err
	}
	var table roundRow
	w.post.Thread = id
	w.beside = func(ctx context.Context, tx pgx.Tx, r Receipt) error {
		if err := upsertWriting(ctx, tx, actor, id, r.Post, purpose, table.election); err != nil {
			return err
		}
		if err := table.acted(ctx, tx, actor); err != nil {
			return err
		}
		if more != nil {
			if err := more(ctx, tx, r); err != nil {
				return err
			}
		}
		return updateThreadBeside(ctx, tx, actor.Service, id)
	}
	return f.write(ctx, actor, w, func(ctx context.Context, tx pgx.Tx) (CategoryID, error) {
		t, c, err := selectThread(ctx, tx, actor, id)
		if err != nil {
			return c.ID, err
		}
		if err := mayTakePart(actor, c, t); err != nil {
			return c.ID, err
		}
		if table, err = lockRound(ctx, tx, actor.Service, id); err != nil {
			return c.ID, err
		}
		return c.ID, may(ctx, tx, table)
	})
}
