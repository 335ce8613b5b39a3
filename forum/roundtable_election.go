package forum

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// How an election goes: people stand until one moment and vote until another. Who stands at the first, and is still there at the second, can be elected. Most votes win. Where
// several have as many, all are told and a second ballot is held between them, as long as the first; where that brings no winner either, the lot decides. Where nobody stands,
// or fewer than MinVoters vote, nobody is elected, and whoever opened the table or looks after its category calls the next election; so they may where who was elected does nothing for idleFor. Where who was elected is gone or gives it back,
// the next one begins by itself, as long as the first.

// Candidacy is a sentence with which somebody stands for election.
type Candidacy struct {
	Thread ThreadID
	Text   string
	CID    string // made with the form
}

// Stand puts the actor forward to run a table; who deletes that post stands no longer. Errors: errs.Fields, ErrStands, ErrNotNow, ErrOnlyPeople; ErrLocked, ErrArchived; account.ErrNotFound.
func (f *Forum) Stand(ctx context.Context, actor account.Actor, in Candidacy) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	w, err := f.read(actor.Service, "", in.Text, in.CID, nil, false)
	if err != nil {
		return Receipt{}, err
	}
	return f.say(ctx, actor, in.Thread, w, ForCandidacy, func(ctx context.Context, tx pgx.Tx, r roundRow) error {
		if err := mayElect(actor); err != nil {
			return err
		}
		if r.phase != PhaseStanding || r.standOver {
			return ErrNotNow
		}
		standing, err := selectCandidates(ctx, tx, actor.Service, in.Thread, r.election)
		for _, c := range standing {
			if c.who == actor.ID {
				return ErrStands
			}
		}
		return err
	}, nil)
}

// CallElection starts the next election at a table that nobody runs and that waits for one, or whose moderator did nothing at it for idleFor: by who opened it, the ESPs of the category and tutors.
func (f *Forum) CallElection(ctx context.Context, actor account.Actor, id ThreadID, in Terms) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	zone, err := f.zone(ctx, actor.Service)
	if err != nil {
		return err
	}
	return f.onRound(ctx, actor, id, "round.call", func(ctx context.Context, tx pgx.Tx, t threadRow, c Category, r roundRow) (bool, error) {
		if !mayCall(actor, c, t) {
			return false, account.ErrForbidden
		}
		if !r.callable() {
			return false, ErrNotNow
		}
		terms, err := in.read(zone, r.now)
		if err != nil {
			return false, err
		}
		if err := deleteHands(ctx, tx, actor.Service, id); err != nil {
			return false, err
		}
		return true, updateRoundElection(ctx, tx, actor.Service, id, &terms, NoResult)
	})
}

// callable is true of a table that would stand still without somebody who calls an election.
func (r roundRow) callable() bool {
	return r.phase == PhaseWaiting || r.phase == PhaseRunning && r.now.Sub(r.actedAt) >= idleFor
}

func mayCall(actor account.Actor, c Category, t threadRow) bool {
	return moderators(actor, c.place()) || t.author == actor.ID && actor.IsStaff()
}

// GiveBack is who runs a table leaving that to another: the next election begins.
func (f *Forum) GiveBack(ctx context.Context, actor account.Actor, id ThreadID) error {
	return f.onRound(ctx, actor, id, "round.give_back", func(ctx context.Context, tx pgx.Tx, _ threadRow, _ Category, r roundRow) (bool, error) {
		if err := r.runs(actor); err != nil {
			return false, err
		}
		return true, f.leave(ctx, tx, actor.Service, id)
	})
}

// leave has a table without who ran it, and the next election run.
func (f *Forum) leave(ctx context.Context, tx pgx.Tx, s account.ServiceID, id ThreadID) error {
	if err := deleteHands(ctx, tx, s, id); err != nil {
		return err
	}
	return updateRoundElection(ctx, tx, s, id, nil, ResultLeft)
}

// KeepRounds does what the clock says at every table: elections go on and are counted, ballots are counted, and who ran a table and is gone is followed by an election.
// Any number of instances may call it at once; one that cannot be brought up to date keeps none of the others from it.
func (f *Forum) KeepRounds(ctx context.Context) error {
	list, err := selectRoundsToKeep(ctx, f.pool)
	if err != nil {
		return pg.Classify(err)
	}
	var faults []error
	for _, r := range list {
		_, err := f.settleRound(ctx, r.service, r.thread, func(err error) { faults = append(faults, err) })
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// settleRound brings one table to where the clock says that it is, and says whether that was elsewhere. What is no table has nothing to settle.
// A tally that cannot be read is given up where lost takes why; without it that is an error.
func (f *Forum) settleRound(ctx context.Context, s account.ServiceID, id ThreadID, lost func(error)) (moved bool, err error) {
	for range 6 { // an election that nobody looked at may be several steps behind
		due, err := selectRoundDue(ctx, f.pool, s, id)
		if errors.Is(err, account.ErrNotFound) {
			return moved, nil
		}
		if err != nil {
			return moved, pg.Classify(err)
		}
		if !due.over && due.moderator.IsZero() {
			return moved, nil
		}
		there, err := f.accounts.Present(ctx, s, due.people)
		if err != nil {
			return moved, err
		}
		if !due.over && there[due.moderator] {
			return moved, nil
		}
		err = pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
			changed, err := f.step(ctx, tx, s, id, due, there, lost)
			if err != nil || !changed {
				return err
			}
			return updateThreadBeside(ctx, tx, s, id)
		})
		if err != nil {
			return moved, pg.Classify(err)
		}
		moved = true
		f.changed(id)
	}
	return moved, nil
}

// step takes the next step of a table under the lock of its row; another instance may have taken it a moment ago.
func (f *Forum) step(ctx context.Context, tx pgx.Tx, s account.ServiceID, id ThreadID, due roundDue, there map[account.ID]bool, lost func(error)) (changed bool, err error) {
	r, err := lockRound(ctx, tx, s, id)
	if err != nil || r.election != due.election { // who is there was asked of the people of that one
		return false, err
	}
	over, err := lockBallotsOver(ctx, tx, s, id)
	if err != nil {
		return false, err
	}
	for _, b := range over {
		votes, err := f.count(ctx, tx, b, lost)
		if err != nil {
			return false, err
		}
		if b.election == r.election && r.phase == PhaseVoting {
			err = f.decide(ctx, tx, r, b, votes, there)
		}
		if err != nil {
			return false, err
		}
	}
	switch {
	case len(over) > 0:
		return true, nil
	case r.phase == PhaseStanding && r.standOver:
		return f.openElection(ctx, tx, r, due, there)
	case r.phase == PhaseRunning && r.moderator == due.moderator && !there[r.moderator]:
		return true, f.leave(ctx, tx, s, id)
	}
	return false, nil
}

// openElection has people vote between those who stand and are there, in the order in which they put themselves forward. Nothing is changed when somebody stands of whom nobody asked whether they are there:
// they put themselves forward a moment after that.
func (f *Forum) openElection(ctx context.Context, tx pgx.Tx, r roundRow, due roundDue, there map[account.ID]bool) (changed bool, err error) {
	standing, err := selectCandidates(ctx, tx, r.service, r.thread, r.election)
	if err != nil {
		return false, err
	}
	var who []account.ID
	for _, c := range standing {
		if !slices.Contains(due.people, c.who) {
			return false, nil
		}
		if there[c.who] {
			who = append(who, c.who)
		}
	}
	if len(who) == 0 {
		return true, updateRoundPhase(ctx, tx, r.service, r.thread, PhaseWaiting, ResultNobody)
	}
	if err := f.openBallot(ctx, tx, newBallot{service: r.service, thread: r.thread, election: r.election, candidates: who}); err != nil {
		return false, err
	}
	return true, updateRoundPhase(ctx, tx, r.service, r.thread, PhaseVoting, NoResult)
}

// decide says who is elected, by the votes of each option; there are none where too few voted.
func (f *Forum) decide(ctx context.Context, tx pgx.Tx, r roundRow, b ballotRow, votes []int, there map[account.ID]bool) error {
	options, err := selectOptions(ctx, tx, r.service, b.id)
	if err != nil {
		return err
	}
	standing, err := selectCandidates(ctx, tx, r.service, r.thread, r.election)
	if err != nil {
		return err
	}
	still := make([]account.ID, len(options)) // zero: stands no longer
	for i, o := range options {
		for _, c := range standing {
			if c.who == o.candidate && there[c.who] {
				still[i] = c.who
			}
		}
	}
	elected, result := outcome(still, votes, b.second)
	switch result {
	case ResultTie:
		if err := f.openBallot(ctx, tx, newBallot{service: r.service, thread: r.thread, election: r.election, second: true, candidates: elected}); err != nil {
			return err
		}
		return updateRoundPhase(ctx, tx, r.service, r.thread, PhaseVoting, ResultTie)
	case ResultElected, ResultLot:
		who, err := drawn(elected)
		if err != nil {
			return err
		}
		if err := updateRoundElected(ctx, tx, r.service, r.thread, who, result); err != nil {
			return err
		}
		return appendAudit(ctx, tx, account.System(r.service), "round.elect", "thread:"+r.thread.String())
	case NoResult, ResultNobody, ResultTooFew, ResultLeft:
	}
	return updateRoundPhase(ctx, tx, r.service, r.thread, PhaseWaiting, result)
}

// outcome is what came of a ballot: who has most votes of those who still stand. Candidates who are not zero do; without votes too few voted to count them.
func outcome(candidates []account.ID, votes []int, second bool) (who []account.ID, result Result) {
	var all []account.ID
	most := 1
	for i, c := range candidates {
		if c.IsZero() {
			continue
		}
		if all = append(all, c); len(votes) == 0 || votes[i] < most {
			continue
		}
		if votes[i] > most {
			who, most = nil, votes[i]
		}
		who = append(who, c)
	}
	switch {
	case len(all) == 0:
		return nil, ResultNobody
	case len(who) == 1:
		return who, ResultElected
	case second && len(who) > 1:
		return who, ResultLot
	case second: // they had as many votes as each other before
		return all, ResultLot
	case len(who) > 1:
		return who, ResultTie
	case len(votes) == 0:
		return nil, ResultTooFew
	}
	return nil, ResultNobody // whoever had votes stands no longer
}

// drawn is one of some, by lot.
func drawn(from []account.ID) (account.ID, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(len(from))))
	if err != nil {
		return account.ID{}, fmt.Errorf("forum: draw: %w", err)
	}
	return from[n.Int64()], nil
}
