package forum

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// RaiseHand asks for the word; the order is that of asking. People who may write there ask, and who works here and was invited. Again is no mistake, nor is it of who has the word.
// Errors: ErrNotNow while nobody runs the table, ErrNotInvited, Invalid for who may not write for a time.
func (f *Forum) RaiseHand(ctx context.Context, actor account.Actor, id ThreadID) error {
	return f.onRound(ctx, actor, id, "", func(ctx context.Context, tx pgx.Tx, _ threadRow, _ Category, r roundRow) (bool, error) {
		if r.phase != PhaseRunning {
			return false, ErrNotNow
		}
		if mayElect(actor) != nil {
			if invited, err := selectInvited(ctx, tx, actor, id); err != nil {
				return false, err
			} else if !invited {
				return false, ErrNotInvited
			}
		}
		if err := f.moderation.MayWrite(ctx, tx, actor); err != nil {
			return false, err
		}
		if r.moderator == actor.ID || r.speaker == actor.ID {
			return false, nil
		}
		return insertHand(ctx, tx, actor, id, ids.New[Hand]())
	})
}

// LowerHand asks no longer; again is no mistake.
func (f *Forum) LowerHand(ctx context.Context, actor account.Actor, id ThreadID) error {
	return f.onRound(ctx, actor, id, "", func(ctx context.Context, tx pgx.Tx, _ threadRow, _ Category, _ roundRow) (bool, error) {
		return deleteHandOf(ctx, tx, actor.Service, id, actor.ID)
	})
}

// GiveWord gives the word to who asked first, by who runs the table; who had it has it no longer. The hand is the one that the form showed: ErrMeanwhile when another is first by now.
func (f *Forum) GiveWord(ctx context.Context, actor account.Actor, id ThreadID, hand HandID) error {
	return f.onFirst(ctx, actor, id, hand, func(ctx context.Context, tx pgx.Tx, first handRow) error {
		if _, err := deleteHandOf(ctx, tx, actor.Service, id, first.who); err != nil {
			return err
		}
		return updateRoundSpeaker(ctx, tx, actor.Service, id, first.who)
	})
}

// PassHand lets who asked first wait behind the others. Errors as GiveWord.
func (f *Forum) PassHand(ctx context.Context, actor account.Actor, id ThreadID, hand HandID) error {
	return f.onFirst(ctx, actor, id, hand, func(ctx context.Context, tx pgx.Tx, first handRow) error {
		return updateHandLast(ctx, tx, actor.Service, first.id)
	})
}

// onFirst does something about who asked first, by who runs the table.
func (f *Forum) onFirst(ctx context.Context, actor account.Actor, id ThreadID, hand HandID, do func(context.Context, pgx.Tx, handRow) error) error {
	return f.onRound(ctx, actor, id, "", func(ctx context.Context, tx pgx.Tx, _ threadRow, _ Category, r roundRow) (bool, error) {
		if err := f.rules(ctx, tx, actor, r); err != nil {
			return false, err
		}
		hands, err := selectHands(ctx, tx, actor.Service, id)
		if err != nil {
			return false, err
		}
		if len(hands) == 0 || hands[0].id != hand {
			return false, ErrMeanwhile
		}
		return true, do(ctx, tx, hands[0])
	})
}

// EndWord gives the word back, by who has it, or takes it back, by who runs the table; again is no mistake.
func (f *Forum) EndWord(ctx context.Context, actor account.Actor, id ThreadID) error {
	return f.onRound(ctx, actor, id, "", func(ctx context.Context, tx pgx.Tx, _ threadRow, _ Category, r roundRow) (bool, error) {
		if r.speaker != actor.ID {
			if err := r.runs(actor); err != nil {
				return false, err
			}
		}
		return !r.speaker.IsZero(), updateRoundSpeaker(ctx, tx, actor.Service, id, account.ID{})
	})
}

// OpenPoint begins the next point of the agenda, by who runs the table; the one before is closed with it. The point is the one that the form showed: ErrMeanwhile when another is next by now.
func (f *Forum) OpenPoint(ctx context.Context, actor account.Actor, id ThreadID, point PointID) error {
	return f.onPoints(ctx, actor, id, func(ctx context.Context, tx pgx.Tx, points []Point) error {
		next := slices.IndexFunc(points, func(p Point) bool { return p.State == PointToCome })
		if next < 0 || points[next].ID != point {
			return ErrMeanwhile
		}
		if err := updatePointClosed(ctx, tx, actor.Service, id); err != nil {
			return err
		}
		return updatePointOpened(ctx, tx, actor.Service, point)
	})
}

// ClosePoint ends the point that is open, by who runs the table. Errors as OpenPoint.
func (f *Forum) ClosePoint(ctx context.Context, actor account.Actor, id ThreadID, point PointID) error {
	return f.onPoints(ctx, actor, id, func(ctx context.Context, tx pgx.Tx, points []Point) error {
		if !slices.ContainsFunc(points, func(p Point) bool { return p.ID == point && p.State == PointOpen }) {
			return ErrMeanwhile
		}
		return updatePointClosed(ctx, tx, actor.Service, id)
	})
}

func (f *Forum) onPoints(ctx context.Context, actor account.Actor, id ThreadID, do func(context.Context, pgx.Tx, []Point) error) error {
	return f.onRound(ctx, actor, id, "", func(ctx context.Context, tx pgx.Tx, _ threadRow, _ Category, r roundRow) (bool, error) {
		if err := f.rules(ctx, tx, actor, r); err != nil {
			return false, err
		}
		points, err := selectPoints(ctx, tx, actor.Service, id)
		if err != nil {
			return false, err
		}
		return true, do(ctx, tx, points)
	})
}

// NewAgenda is a post that sets what is still to come.
type NewAgenda struct {
	Thread ThreadID
	Agenda string // a point a line
	CID    string // made with the form
}

// SetAgenda sets the points that are still to come, by who runs the table: what was opened stays. It is a post, so that everybody sees what changed. Errors as StartBallot.
func (f *Forum) SetAgenda(ctx context.Context, actor account.Actor, in NewAgenda) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	points, err := readPoints(in.Agenda)
	if err != nil {
		return Receipt{}, err
	}
	var text strings.Builder
	for i, p := range points {
		fmt.Fprintf(&text, "%d. %s\n", i+1, p)
	}
	w, err := f.read(actor.Service, "", text.String(), in.CID, nil, false)
	if err != nil {
		return Receipt{}, err
	}
	return f.say(ctx, actor, in.Thread, w, ForAgenda, func(_ context.Context, _ pgx.Tx, r roundRow) error { return r.runs(actor) },
		func(ctx context.Context, tx pgx.Tx, r Receipt) error {
			return insertPoints(ctx, tx, actor.Service, in.Thread, r.Post, points)
		})
}

// NewMinutes is what was said and agreed, in the words of who runs the table.
type NewMinutes struct {
	Thread ThreadID
	Text   string
	Notes  []ContentNote
	CID    string // made with the form
}

// WriteMinutes publishes the minutes, by who runs the table or ran it to its end; from then on they are edited like any post, and what they said before stays. Errors as StartBallot.
func (f *Forum) WriteMinutes(ctx context.Context, actor account.Actor, in NewMinutes) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	w, err := f.read(actor.Service, "", in.Text, in.CID, in.Notes, false)
	if err != nil {
		return Receipt{}, err
	}
	return f.say(ctx, actor, in.Thread, w, ForMinutes, func(_ context.Context, _ pgx.Tx, r roundRow) error {
		if r.phase == PhaseEnded && r.moderator == actor.ID {
			return nil
		}
		return r.runs(actor)
	}, nil)
}

// InviteStaff lets somebody who works here and may read the table speak at it, by who runs it: they ask for the word like everybody. Again is no mistake. Invalid for "alias" when there is nobody of that name.
func (f *Forum) InviteStaff(ctx context.Context, actor account.Actor, id ThreadID, alias string) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	nobody := errs.Field("alias", "round.nobody_called", nil)
	who, err := f.accounts.StaffByAlias(ctx, actor.Service, cleanTitle(alias))
	unknown := errors.Is(err, account.ErrNotFound)
	if err != nil && !unknown {
		return err
	}
	guest := account.Actor{}
	if !unknown {
		guest, err = f.accounts.Acting(ctx, actor.Service, who)
		unknown = errors.Is(err, account.ErrNotFound)
		if err != nil && !unknown {
			return err
		}
	}
	return f.onRound(ctx, actor, id, "round.invite", func(ctx context.Context, tx pgx.Tx, _ threadRow, c Category, r roundRow) (bool, error) {
		if err := f.rules(ctx, tx, actor, r); err != nil {
			return false, err
		}
		if unknown || mayRead(guest, c.place()) != nil || !guest.Is(account.RoleESP, account.RoleSenior, account.RoleTutor) {
			return false, nobody
		}
		return insertGuest(ctx, tx, actor.Service, id, ids.New[Guest](), guest)
	})
}

// Uninvite takes an invitation back, by who runs the table: they no longer have the word, nor ask for it. Again is no mistake.
func (f *Forum) Uninvite(ctx context.Context, actor account.Actor, id ThreadID, guest GuestID) error {
	return f.onRound(ctx, actor, id, "round.uninvite", func(ctx context.Context, tx pgx.Tx, _ threadRow, _ Category, r roundRow) (bool, error) {
		if err := f.rules(ctx, tx, actor, r); err != nil {
			return false, err
		}
		who, err := deleteGuest(ctx, tx, actor.Service, id, guest)
		if errors.Is(err, account.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if _, err := deleteHandOf(ctx, tx, actor.Service, id, who); err != nil || r.speaker != who {
			return true, err
		}
		return true, updateRoundSpeaker(ctx, tx, actor.Service, id, account.ID{})
	})
}

// EndRound ends a table, by who runs it: nobody has the word any more. Ballots that are open run on, and the minutes can still be written.
func (f *Forum) EndRound(ctx context.Context, actor account.Actor, id ThreadID) error {
	return f.onRound(ctx, actor, id, "round.end", func(ctx context.Context, tx pgx.Tx, _ threadRow, _ Category, r roundRow) (bool, error) {
		if err := f.rules(ctx, tx, actor, r); err != nil {
			return false, err
		}
		if err := deleteHands(ctx, tx, actor.Service, id); err != nil {
			return false, err
		}
		if err := updatePointClosed(ctx, tx, actor.Service, id); err != nil {
			return false, err
		}
		return true, updateRoundEnded(ctx, tx, actor.Service, id)
	})
}

// forgetRounds takes away what hangs at round tables on somebody who asked to be forgotten; with their words, also the points and questions that they wrote. What they voted is in no row.
func (f *Forum) forgetRounds(ctx context.Context, actor account.Actor, words bool) error {
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := deleteRoundTraces(ctx, tx, actor); err != nil || !words {
			return err
		}
		return updateRoundWordsForgotten(ctx, tx, actor)
	})
}
