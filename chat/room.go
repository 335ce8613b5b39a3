package chat

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// room is a conversation as it is stored.
type room struct {
	id         RoomID
	service    account.ServiceID
	person     account.ID
	esp        account.ID // who holds it now, or held it last; zero before the first
	state      State
	key        sealedKey
	topic      []byte // sealed
	lastSeq    int64
	version    int64
	feelBefore *int
	feelAfter  *int
	createdAt  time.Time
	startedAt  *time.Time
	endedAt    *time.Time
	endedBy    int16
	lost       bool       // it ended because endedBy was not heard of
	endsAt     *time.Time // when it ends by itself; nil before the start
	timeUp     bool       // it ended because its time was over
	steppedOut bool       // lost because endedBy asked somebody else to go on
	keptAs     string     // one of Kinds; empty before the end, and in the minute after it
	keptUntil  *time.Time
	openedAt   *time.Time // last opening by a tutor
}

// Participant is somebody in a room, as the others see them.
type Participant struct {
	N     int16
	Alias string
	Role  account.Role
	Me    bool
	Left  bool
	Read  int64 // the sequence up to which they have had it before their eyes
}

// RoomView is a conversation as one of its readers sees it.
type RoomView struct {
	ID         RoomID
	State      State
	Head       int64 // sequence of the last message; 0 before the first
	People     []Participant
	Me         int16 // the reader's own number; 0 for a tutor who has not joined
	Topic      string
	Care       moderation.Care
	Level      triage.Level
	EndedBy    int16  // number of the participant who ended it
	Lost       bool   // EndedBy did not end it, but was not heard of for too long, or stepped out
	SteppedOut bool   // EndedBy asked somebody else to go on
	TimeUp     bool   // nobody ended it: its time was over
	Bound      *Bound // for who takes part in an open conversation
	StartedAt  *time.Time
	EndedAt    *time.Time
	FeelBefore *int
	FeelAfter  *int
	OpenedAt   *time.Time // when a tutor last opened it because of an escalation: the person has a right to know
	// Covered is true while a tutor is on call behind the conversation.
	Covered bool
	// Card is what the ESP before left, for the person, and for others once the person wants it; nil for everybody else.
	Card *Card
	// Whispers changes with those of the reader, an ESP who takes part; 0 for everybody else.
	Whispers int
	// Given is how much its person has been given, for them alone.
	Given int
	// KeptAs and KeptUntil tell its person when it is erased; empty before the end, and in the minute after it.
	KeptAs    string
	KeptUntil *time.Time
}

// RoomSummary is one line of a list of conversations. Alias and Role are the other side's.
type RoomSummary struct {
	ID        RoomID
	State     State
	Alias     string
	Role      account.Role
	Topic     string
	Head      int64
	StartedAt *time.Time
	EndedAt   *time.Time
}

// Head is what an instance compares to find what the bus lost.
type Head struct {
	Seq     int64
	Version int64 // changes whenever who may hear the room does
	State   State
}

// Room reads a conversation without its messages; rights as MessagesAfter.
func (c *Chat) Room(ctx context.Context, actor account.Actor, id RoomID) (RoomView, error) {
	var v RoomView
	err := c.reading(ctx, actor, id, func(ctx context.Context, s standing) error {
		r := s.room
		v = RoomView{ID: id, State: r.state, Head: r.lastSeq, Me: s.number, EndedBy: r.endedBy, Lost: r.lost, SteppedOut: r.steppedOut, TimeUp: r.timeUp, StartedAt: r.startedAt, EndedAt: r.endedAt}
		// How a person feels is between them and the ESP; that a tutor opened it is theirs to know.
		v.FeelBefore, v.FeelAfter = r.feelBefore, r.feelAfter
		if r.person == actor.ID {
			v.OpenedAt, v.KeptAs, v.KeptUntil = r.openedAt, r.keptAs, r.keptUntil
		}
		var err error
		if v.Topic, err = c.topic(r); err != nil {
			return err
		}
		if v.Care, v.Level, err = c.moderation.CareFor(ctx, c.pool, subject(id)); err != nil {
			return fmt.Errorf("chat: care: %w", err)
		}
		if v.Covered, err = c.Covered(ctx, c.pool, r.service); err != nil {
			return err
		}
		rows, err := selectParticipants(ctx, c.pool, id)
		if err != nil {
			return err
		}
		if v.Card, err = c.cardOf(ctx, c.pool, r, actor); err != nil {
			return err
		}
		if actor.IsPeer() && s.here {
			if v.Whispers, err = selectWhisperMark(ctx, c.pool, id, actor.ID); err != nil {
				return err
			}
		}
		if r.person == actor.ID {
			if v.Given, err = countGiven(ctx, c.pool, actor.ID); err != nil {
				return err
			}
		}
		v.Bound = s.bound(rows, v.Level, actor.ID)
		v.People, err = c.people(ctx, c.pool, actor, rows)
		return err
	})
	return v, err
}

func (c *Chat) topic(r room) (string, error) {
	key, err := c.open(r.id, r.key)
	if err != nil {
		return "", err
	}
	text, err := key.Open(r.topic, topicAAD(r.id, r.key.id))
	if err != nil {
		return "", fmt.Errorf("chat: topic of room: %w", err)
	}
	return string(text), nil
}

func (c *Chat) people(ctx context.Context, q pg.Querier, actor account.Actor, rows []participantRow) ([]Participant, error) {
	names, err := c.names(ctx, q, rows)
	if err != nil {
		return nil, err
	}
	list := make([]Participant, len(rows))
	for i, p := range rows {
		n := names[p.account]
		list[i] = Participant{N: p.number, Alias: n.Alias, Role: n.Role, Me: p.account == actor.ID, Left: p.left, Read: p.read}
	}
	return list, nil
}

func (c *Chat) names(ctx context.Context, q pg.Querier, rows []participantRow) (map[account.ID]account.Public, error) {
	who := make([]account.ID, len(rows))
	for i, p := range rows {
		who[i] = p.account
	}
	names, err := c.accounts.Public(ctx, q, who)
	if err != nil {
		return nil, fmt.Errorf("chat: names: %w", err)
	}
	return names, nil
}

// RoomsOf lists the actor's conversations, newest first: a person's own, those an ESP holds or held in the last 24 h, those a
// tutor has joined and still answers for.
func (c *Chat) RoomsOf(ctx context.Context, actor account.Actor) ([]RoomSummary, error) {
	if err := account.Can(actor, account.ConversationList, account.Relation{Own: true, Participant: true, Assigned: true}); err != nil {
		return nil, err
	}
	if !actor.IsPerson() && !actor.IsPeer() && !actor.Is(account.RoleTutor) {
		return nil, account.ErrForbidden // admin and auditor: counts only, and elsewhere
	}
	rooms, err := selectRoomsOf(ctx, c.pool, actor)
	if err != nil {
		return nil, pg.Classify(err)
	}
	who := make([]participantRow, 0, len(rooms))
	for _, r := range rooms {
		who = append(who, participantRow{account: otherSide(actor, r)})
	}
	names, err := c.names(ctx, c.pool, who)
	if err != nil {
		return nil, pg.Classify(err)
	}
	list := make([]RoomSummary, 0, len(rooms))
	for _, r := range rooms {
		if actor.Is(account.RoleTutor) {
			mine, err := c.answersFor(ctx, c.pool, r.id, actor.ID, r.state != Ended)
			if err != nil {
				return nil, pg.Classify(err)
			}
			if !mine {
				continue
			}
		}
		topic, err := c.topic(r)
		if err != nil {
			return nil, err
		}
		n := names[otherSide(actor, r)]
		list = append(list, RoomSummary{ID: r.id, State: r.state, Alias: n.Alias, Role: n.Role, Topic: topic, Head: r.lastSeq, StartedAt: r.startedAt, EndedAt: r.endedAt})
	}
	return list, nil
}

func otherSide(actor account.Actor, r room) account.ID {
	if r.person == actor.ID {
		return r.esp
	}
	return r.person
}

// EndConversation ends a conversation for everybody; either side may, and a tutor who joined it. Ending what has ended is no error.
func (c *Chat) EndConversation(ctx context.Context, actor account.Actor, id RoomID) error {
	var out outcome
	var r room
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		out = outcome{}
		if err := lockPlaceOf(ctx, tx, actor.Service, id); err != nil { // a place is always locked before its room
			return err
		}
		s, err := c.stand(ctx, tx, actor, id, true)
		if err != nil {
			return err
		}
		if r = s.room; r.state == Ended {
			return s.mayRead(actor)
		}
		if err := account.Can(actor, account.ConversationCloseLeave, s.relation(actor)); err != nil {
			return err
		}
		if r.state == Waiting {
			return ErrNotStarted
		}
		if s.number == 0 {
			return ErrNotFound
		}
		out, err = c.finish(ctx, tx, &r, actor, s.number)
		return err
	})
	if err != nil || out.key == nil {
		return err
	}
	c.publish(id, out.key, out.message)
	c.tellRoom(ctx, r)
	c.Match(ctx, r.service)
	return nil
}

// finish ends an open conversation in the name of a participant. The caller has locked its place and its room.
func (c *Chat) finish(ctx context.Context, tx pgx.Tx, r *room, actor account.Actor, number int16) (outcome, error) {
	key, err := c.open(r.id, r.key)
	if err != nil {
		return outcome{}, err
	}
	out, err := c.append(ctx, tx, r, actor, key, Message{From: number, CID: newCID(), Kind: EndedByFrom}, c.read(actor, ""))
	if err != nil {
		return outcome{}, err
	}
	if err := c.pauseAfterCrisis(ctx, tx, *r); err != nil {
		return outcome{}, err
	}
	if err := updateRoomEnded(ctx, tx, r.id, number); err != nil {
		return outcome{}, err
	}
	if err := updatePlaceEnded(ctx, tx, r.id, endTalked); err != nil {
		return outcome{}, err
	}
	return out, audit.Append(ctx, tx, entry(actor, account.ConversationCloseLeave, r.id, ""))
}

// tellRoom tells those of a room that it changed. It comes after the commit.
func (c *Chat) tellRoom(ctx context.Context, r room) {
	rows, err := selectParticipants(ctx, c.pool, r.id)
	if err != nil {
		return // they look again by themselves
	}
	for _, p := range rows {
		c.tell(bus.Rooms, p.account)
		if p.part != "person" {
			c.tell(bus.Desk, p.account)
		}
	}
}

// RecordFeeling keeps how the person feels after talking, 0 to 10. Only the person may, from the start on; the last word counts.
func (c *Chat) RecordFeeling(ctx context.Context, actor account.Actor, id RoomID, feeling int) error {
	if err := checkFeeling(feeling); err != nil {
		return err
	}
	return pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		s, err := c.stand(ctx, tx, actor, id, true)
		if err != nil {
			return err
		}
		if s.room.person != actor.ID {
			return ErrNotFound
		}
		if err := s.mayRead(actor); err != nil {
			return err
		}
		if s.room.startedAt == nil {
			return ErrNotStarted
		}
		return updateFeelingAfter(ctx, tx, id, feeling)
	})
}

// Heads compares many rooms in one query; rooms that do not exist are missing from the answer. It is for the instances
// themselves: who may hear a room is asked of Members.
func (c *Chat) Heads(ctx context.Context, rooms []RoomID) (map[RoomID]Head, error) {
	heads, err := selectHeads(ctx, c.pool, rooms)
	return heads, pg.Classify(err)
}

// Members is who may hear the room now, and the version of that answer. ErrNotFound when there is no such room.
func (c *Chat) Members(ctx context.Context, id RoomID) ([]account.ID, int64, error) {
	hearers, version, err := selectHearers(ctx, c.pool, id)
	if err != nil {
		return nil, 0, pg.Classify(err)
	}
	var who []account.ID
	for _, h := range hearers {
		if h.part == "tutor" {
			theirs, err := c.answersFor(ctx, c.pool, id, h.account, true)
			if err != nil {
				return nil, 0, pg.Classify(err)
			}
			if !theirs {
				continue
			}
		}
		who = append(who, h.account)
	}
	return who, version, nil
}

// NewEpoch says that a database tells another history from now on, because it was brought back from a backup, and names it. Nothing may be running on it.
func NewEpoch(ctx context.Context, q pg.Querier) (string, error) {
	epoch, err := updateEpoch(ctx, q)
	return epoch, pg.Classify(err)
}

// Epoch names the history this database tells. A restore changes it; what a client knows of another epoch is worth nothing.
func (c *Chat) Epoch(ctx context.Context) (string, error) {
	epoch, err := selectEpoch(ctx, c.pool)
	return epoch, pg.Classify(err)
}
