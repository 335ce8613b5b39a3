package forum

import (
	"context"
	"slices"
	"time"

	"ponti/account"
	"ponti/internal/pg"
)

// Round is a round table as one reader sees it. Who voted, what, and who asks for the word with which account is not in it.
type Round struct {
	Phase      Phase
	Result     Result
	StandUntil time.Time // while people stand
	VoteFor    time.Duration
	Moderator  account.Public // without an alias when nobody runs it, or they have none any more
	Speaker    account.Public
	HasSpeaker bool
	Points     []Point
	Hands      []Hand
	Place      int // of the reader in the order; 0: they do not ask
	Candidates []Stander
	Ballots    []Ballot // those that are open first
	Minutes    []Paper
	Guests     []Guest

	Runs      bool // the reader runs it now
	Speaks    bool // the reader has the word
	Stands    bool // the reader stands for election
	MayStand  bool
	MayAsk    bool // for the word
	MayCall   bool // the next election
	MayWrite  bool // a post, now
	MayMinute bool
	Invited   bool // who works here and may ask for the word

	row     roundRow
	reader  account.Actor
	written map[int]writingRow // by number of the post
}

// PurposeOf is what a post of the table is for; empty: somebody speaks.
func (r *Round) PurposeOf(number int) Purpose {
	if r == nil {
		return ""
	}
	return r.written[number].purpose
}

// stays is true of posts of the reader that are not reworded now.
func (r *Round) stays(p *Post) bool {
	return r != nil && r.row.mayReword(r.reader, r.written[p.Number], p.At) != nil
}

// PointState is how far a point has come.
type PointState string

// The states of a point.
const (
	PointToCome PointState = "to_come"
	PointOpen   PointState = "open"
	PointClosed PointState = "closed"
)

// Point is a line of the agenda.
type Point struct {
	ID    PointID
	Text  string
	State PointState
}

// Hand is somebody who asks for the word.
type Hand struct {
	ID   HandID
	Who  account.Public
	Mine bool
}

// Guest is somebody who works here and was invited.
type Guest struct {
	ID  GuestID
	Who account.Public
}

// Stander is somebody who stands for election, with the post in which they say why.
type Stander struct {
	Who    account.Public
	Number int
	Post   PostID
	Mine   bool
}

// Paper is a post that is kept at hand, as the minutes.
type Paper struct {
	Who    account.Public
	Number int
	At     time.Time // when it was last written
}

// Ballot is a ballot as its voters see it.
type Ballot struct {
	ID       BallotID
	Thread   ThreadID
	Election bool
	Second   bool
	Question string
	Number   int // of the post with the question; 0 in an election
	ClosesAt time.Time
	Open     bool
	Counted  bool
	Voted    bool // the reader has, while it is open
	TooNew   bool // the account of the reader, who could vote otherwise
	MayVote  bool
	Voters   int // told once it is counted
	Options  []Option
}

// Told is true of a counted ballot whose votes can be told.
func (b Ballot) Told() bool {
	return b.Counted && b.Voters >= MinVoters && slices.ContainsFunc(b.Options, func(o Option) bool { return o.Votes > 0 })
}

// Lost is true of a counted ballot whose tally could not be read.
func (b Ballot) Lost() bool { return b.Counted && b.Voters >= MinVoters && !b.Told() }

// AllGone is true of the ballot of an election in which nobody stands any more.
func (b Ballot) AllGone() bool {
	return !slices.ContainsFunc(b.Options, func(o Option) bool { return !o.Gone })
}

// Option is what can be voted for.
type Option struct {
	Label string
	Who   account.Public // in an election
	Gone  bool           // while people vote: they stand no longer
	Votes int
}

// current is the open ballot of the election that runs; nil when none does.
func (r *Round) current() *Ballot {
	for i, b := range r.Ballots {
		if b.Election && b.Open {
			return &r.Ballots[i]
		}
	}
	return nil
}

// ElectionUntil is until when people vote in the election that runs; zero when they do not.
func (r *Round) ElectionUntil() time.Time {
	if b := r.current(); b != nil {
		return b.ClosesAt
	}
	return time.Time{}
}

// OpenPoint is the point of the agenda that is open; nil when none is.
func (r *Round) OpenPoint() *Point { return r.firstPoint(PointOpen) }

// NextPoint is the first that is to come; nil when none is.
func (r *Round) NextPoint() *Point { return r.firstPoint(PointToCome) }

func (r *Round) firstPoint(s PointState) *Point {
	for i, p := range r.Points {
		if p.State == s {
			return &r.Points[i]
		}
	}
	return nil
}

// round gives the table of a thread as the actor sees it, who may read it.
func (f *Forum) round(ctx context.Context, actor account.Actor, t threadRow, c Category) (*Round, error) {
	row, err := selectRound(ctx, f.pool, actor.Service, t.ID)
	if err != nil {
		return nil, pg.Classify(err)
	}
	hands, err := selectHands(ctx, f.pool, actor.Service, t.ID)
	if err != nil {
		return nil, pg.Classify(err)
	}
	written, err := selectWritings(ctx, f.pool, actor.Service, t.ID)
	if err != nil {
		return nil, pg.Classify(err)
	}
	guests, err := selectGuests(ctx, f.pool, actor.Service, t.ID)
	if err != nil {
		return nil, pg.Classify(err)
	}
	ballots, err := selectBallots(ctx, f.pool, actor, t.ID)
	if err != nil {
		return nil, pg.Classify(err)
	}
	who := []account.ID{row.moderator, row.speaker}
	for _, h := range hands {
		who = append(who, h.who)
	}
	for _, w := range written {
		who = append(who, w.who)
	}
	for _, g := range guests {
		who = append(who, g.who)
	}
	for _, b := range ballots {
		for _, o := range b.options {
			who = append(who, o.candidate)
		}
	}
	names, err := f.accounts.Public(ctx, f.pool, who)
	if err != nil {
		return nil, err
	}
	part := mayTakePart(actor, c, t) == nil
	elects := part && mayElect(actor) == nil
	r := &Round{
		Phase: row.phase, Result: row.result, StandUntil: row.standUntil, VoteFor: row.voteFor, Moderator: names[row.moderator], Speaker: names[row.speaker], HasSpeaker: !row.speaker.IsZero(),
		Runs: part && row.runs(actor) == nil, Speaks: part && row.phase == PhaseRunning && row.speaker == actor.ID, MayCall: part && row.callable() && mayCall(actor, c, t),
		MayWrite: part && row.maySpeak(actor) == nil, MayMinute: part && row.moderator == actor.ID, row: row, reader: actor, written: map[int]writingRow{},
	}
	for i, h := range hands {
		r.Hands = append(r.Hands, Hand{ID: h.id, Who: names[h.who], Mine: h.who == actor.ID})
		if h.who == actor.ID {
			r.Place = i + 1
		}
	}
	for _, g := range guests {
		r.Guests = append(r.Guests, Guest{ID: g.id, Who: names[g.who]})
		r.Invited = r.Invited || g.who == actor.ID
	}
	for _, w := range written {
		r.written[w.number] = w
		switch {
		case w.purpose == ForCandidacy && w.election == row.election:
			r.Candidates = append(r.Candidates, Stander{Who: names[w.who], Number: w.number, Post: w.post, Mine: w.who == actor.ID})
			r.Stands = r.Stands || w.who == actor.ID
		case w.purpose == ForMinutes:
			r.Minutes = append(r.Minutes, Paper{Who: names[w.who], Number: w.number, At: w.at})
		}
	}
	standing := map[account.ID]bool{}
	for _, w := range written {
		if w.purpose == ForCandidacy && w.election == row.election {
			standing[w.who] = true
		}
	}
	var made time.Time
	if elects && len(ballots) > 0 {
		if made, err = f.accounts.MadeAt(ctx, f.pool, actor); err != nil {
			return nil, err
		}
	}
	for _, b := range ballots {
		r.Ballots = append(r.Ballots, b.seenBy(names, standing, elects, made))
	}
	r.MayStand = elects && row.phase == PhaseStanding && !row.standOver && !r.Stands
	r.MayAsk = part && row.phase == PhaseRunning && (elects || r.Invited) && !r.Runs && !r.Speaks && r.Place == 0
	r.Points, err = selectPoints(ctx, f.pool, actor.Service, t.ID)
	return r, pg.Classify(err)
}

// seenBy leaves out what is not told yet, or not at all.
func (b ballotRow) seenBy(names map[account.ID]account.Public, standing map[account.ID]bool, elects bool, made time.Time) Ballot {
	v := Ballot{
		ID: b.id, Thread: b.thread, Election: b.election > 0, Second: b.second, Question: b.question, Number: b.number, ClosesAt: b.closesAt,
		Open: !b.over, Counted: b.counted, Voted: b.voted,
	}
	if b.counted {
		v.Voters = b.voters
	}
	for _, o := range b.options {
		v.Options = append(v.Options, Option{Label: o.label, Who: names[o.candidate], Votes: o.votes, Gone: v.Election && v.Open && !standing[o.candidate]})
	}
	if elects && !b.over && !b.voted {
		v.TooNew = !made.Before(b.openedAt)
		v.MayVote = !v.TooNew && !v.AllGone()
	}
	return v
}

// withRound adds to a page of posts what its table is, and who writes there now.
func (f *Forum) withRound(ctx context.Context, actor account.Actor, t threadRow, l *PostList) (err error) {
	if t.Kind != KindRoundTable {
		return nil
	}
	if l.Round, err = f.round(ctx, actor, t, l.Category); err == nil {
		l.MayWrite = l.Round.MayWrite
	}
	return err
}

// Table is a round table by itself, for the forms about it. account.ErrNotFound for what is none.
func (f *Forum) Table(ctx context.Context, actor account.Actor, id ThreadID) (PostList, error) {
	l, err := f.Posts(ctx, actor, id, 0, 1)
	if err == nil && l.Round == nil {
		err = account.ErrNotFound
	}
	return l, err
}

// BallotOf is one ballot of a table that the actor may read.
func (f *Forum) BallotOf(ctx context.Context, actor account.Actor, id ThreadID, ballot BallotID) (PostList, Ballot, error) {
	l, err := f.Table(ctx, actor, id)
	if err != nil {
		return l, Ballot{}, err
	}
	for _, b := range l.Round.Ballots {
		if b.ID == ballot {
			return l, b, nil
		}
	}
	return l, Ballot{}, account.ErrNotFound
}
