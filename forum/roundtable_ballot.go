package forum

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/roster"
)

// A ballot is secret, one person one vote: who comes after it was opened has none in it, so that nobody makes an account, or comes back with another, to vote again. Beside its rows stands one tally of its votes, sealed with a key that does not lie in the database and sealed anew at each vote:
// two tallies that follow each other, in a backup, a log or an old version of the row, do not tell which number grew. A vote is nowhere by itself, has no time and is in no register. Who has
// voted is a row of its own, until the ballot is counted. Fewer than MinVoters votes are never told: the tally goes unread.

// NewBallot is a question that who runs a table puts to the people.
type NewBallot struct {
	Thread   ThreadID
	Question string
	Options  string // an answer a line
	Until    string // as a wall clock in the service's zone shows it
	CID      string // made with the form
}

// read checks what a form says; every mistake is reported at once.
func (in NewBallot) read(zone *time.Location, now time.Time) (question string, options []string, until time.Time, err error) {
	var wrong errs.Fields
	question = cleanTitle(in.Question)
	switch n := utf8.RuneCountInString(question); {
	case blank(question):
		wrong.Add("text", "round.question_empty", nil)
	case n > MaxQuestion:
		wrong.Add("text", "round.question_long", map[string]any{"Max": MaxQuestion, "Over": n - MaxQuestion})
	}
	for line := range strings.Lines(cleanText(in.Options)) {
		if line = cleanTitle(line); !blank(line) {
			options = append(options, line)
		}
	}
	different := slices.Compact(slices.Sorted(slices.Values(options)))
	switch n := longestOf(options); {
	case len(options) < MinOptions || len(options) > MaxOptions:
		wrong.Add("options", "round.options_count", map[string]any{"Min": MinOptions, "Max": MaxOptions})
	case n > MaxOption:
		wrong.Add("options", "round.option_long", map[string]any{"Max": MaxOption, "Over": n - MaxOption})
	case len(different) < len(options):
		wrong.Add("options", "round.options_same", nil)
	}
	until, _, key := roster.Moments(in.Until, zone)
	if key == "" {
		key = turnMistake(until.Sub(now))
	}
	if key != "" {
		wrong.Add("until", key, nil)
	}
	return question, options, until, wrong.Err()
}

// StartBallot puts a question to the people who may write there, by who runs the table. It is a post with the question and its answers, and not reworded: who deletes it before it is counted takes the ballot back.
// Errors: errs.Fields, ErrNotRunning, ErrNotNow, ErrLocked, ErrArchived; account.ErrNotFound.
func (f *Forum) StartBallot(ctx context.Context, actor account.Actor, in NewBallot) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	zone, err := f.zone(ctx, actor.Service)
	if err != nil {
		return Receipt{}, err
	}
	question, options, until, err := in.read(zone, time.Now())
	if err != nil {
		return Receipt{}, err
	}
	w, err := f.read(actor.Service, "", question+"\n\n- "+strings.Join(options, "\n- "), in.CID, nil, false)
	if err != nil {
		return Receipt{}, err
	}
	return f.say(ctx, actor, in.Thread, w, ForBallot, func(_ context.Context, _ pgx.Tx, r roundRow) error { return r.runs(actor) },
		func(ctx context.Context, tx pgx.Tx, r Receipt) error {
			return f.openBallot(ctx, tx, newBallot{service: actor.Service, thread: in.Thread, post: r.Post, question: question, options: options, until: &until})
		})
}

// newBallot is a ballot about to be opened: of an election between candidates, or with a question and answers.
type newBallot struct {
	service    account.ServiceID
	thread     ThreadID
	election   int
	second     bool
	candidates []account.ID
	post       PostID
	question   string
	options    []string
	until      *time.Time // nil: as the table says
}

func (f *Forum) openBallot(ctx context.Context, tx pgx.Tx, b newBallot) error {
	id := ids.New[Ballot]()
	sealed, err := f.sealTally(id, make([]int, max(len(b.candidates), len(b.options))))
	if err != nil {
		return err
	}
	if err := insertBallot(ctx, tx, id, b, sealed); err != nil {
		return err
	}
	return insertOptions(ctx, tx, b.service, id, b.options, b.candidates)
}

// Vote gives the actor's one vote to an option of a ballot, by its place from 1. Nobody can change it afterwards, nor find it. Errors: errs.Fields, ErrVoted, ErrBallotOver, ErrTooNew, ErrOnlyPeople, Invalid for who
// may not write for a time, ErrLocked, ErrArchived; account.ErrNotFound for a ballot of a table that the actor may not read, or that was taken back.
func (f *Forum) Vote(ctx context.Context, actor account.Actor, id BallotID, choice int) (ThreadID, error) {
	if err := mayEnter(actor); err != nil {
		return ThreadID{}, err
	}
	var thread ThreadID
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		b, err := lockBallot(ctx, tx, actor.Service, id)
		if err != nil {
			return err
		}
		thread = b.thread
		t, c, err := selectThread(ctx, tx, actor, b.thread)
		if err != nil {
			return err
		}
		if err := mayTakePart(actor, c, t); err != nil {
			return err
		}
		if err := mayElect(actor); err != nil {
			return err
		}
		if err := f.moderation.MayWrite(ctx, tx, actor); err != nil {
			return err
		}
		if b.over {
			return ErrBallotOver
		}
		made, err := f.accounts.MadeAt(ctx, tx, actor)
		if err != nil {
			return err
		}
		if !made.Before(b.openedAt) {
			return ErrTooNew
		}
		votes, err := f.openTally(b)
		if err != nil {
			return err
		}
		if choice < 1 || choice > len(votes) {
			return errs.Field("choice", "round.choice_missing", nil)
		}
		if stands, err := b.stands(ctx, tx, choice); err != nil {
			return err
		} else if !stands {
			return errs.Field("choice", "round.choice_gone", nil)
		}
		votes[choice-1]++
		sealed, err := f.sealTally(id, votes)
		if err != nil {
			return err
		}
		if err := insertVoter(ctx, tx, actor, id); err != nil {
			return err
		}
		return updateTally(ctx, tx, actor.Service, id, sealed)
	})
	if pg.Constraint(err) == "forum_ballot_voters_once" {
		return thread, ErrVoted
	}
	return thread, pg.Classify(err)
}

// stands is true of an answer, and of somebody who still stands for election.
func (b ballotRow) stands(ctx context.Context, tx pgx.Tx, choice int) (bool, error) {
	if b.election == 0 {
		return true, nil
	}
	options, err := selectOptions(ctx, tx, b.service, b.id)
	if err != nil {
		return false, err
	}
	standing, err := selectCandidates(ctx, tx, b.service, b.thread, b.election)
	return slices.ContainsFunc(standing, func(w writingRow) bool { return w.who == options[choice-1].candidate }), err
}

// count ends a ballot: its votes are told if enough people voted, and returned then; the tally, its key and who voted go.
// Where lost takes why a tally cannot be read, its votes are told no more than those of too few.
func (f *Forum) count(ctx context.Context, tx pgx.Tx, b ballotRow, lost func(error)) (votes []int, err error) {
	if b.voters >= MinVoters {
		votes, err = f.openTally(b)
		if err != nil && lost == nil {
			return nil, err
		}
		if err != nil {
			lost(err)
		} else if err := updateVotes(ctx, tx, b.service, b.id, votes); err != nil {
			return nil, err
		}
	}
	return votes, updateBallotCounted(ctx, tx, b.service, b.id)
}

// tallyOf binds a tally to its ballot.
func tallyOf(id BallotID) string { return "forum ballot " + id.String() }

// sealTally is always as long for as many options, however many votes there are.
func (f *Forum) sealTally(id BallotID, votes []int) (seal.Alone, error) {
	var plain []byte
	for _, n := range votes {
		plain = binary.BigEndian.AppendUint32(plain, uint32(n))
	}
	s, err := f.keys.SealAlone(plain, tallyOf(id))
	if err != nil {
		return s, fmt.Errorf("forum: seal tally: %w", err)
	}
	return s, nil
}

// openTally gives the votes for each option. There are as many as people who voted, or somebody has meddled with it.
func (f *Forum) openTally(b ballotRow) (votes []int, err error) {
	plain, err := f.keys.OpenAlone(b.sealed, tallyOf(b.id))
	if err != nil {
		return nil, fmt.Errorf("forum: open tally: %w", err)
	}
	sum := 0
	for ; len(plain) >= 4; plain = plain[4:] {
		votes = append(votes, int(binary.BigEndian.Uint32(plain)))
		sum += votes[len(votes)-1]
	}
	if sum != b.voters {
		return nil, errors.New("forum: a tally has other votes than voters")
	}
	return votes, nil
}
