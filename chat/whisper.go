package chat

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// MaxWhisper is the length of a whisper in runes.
const MaxWhisper = 1000

// Whisper is a word between the ESP of a conversation and the tutors on shift, beside it. It goes neither into the room nor over its channel, so that nothing of it can come
// to the person; it is not read for risk, because a human reads it and the ESP has a button for alarm.
type Whisper struct {
	From account.Public
	Mine bool
	Kind WhisperKind
	Text string
	At   time.Time
	// SeenBy is the tutor who opened it first; of an ESP's whispers alone.
	SeenBy string
	SeenAt *time.Time
}

// WhisperKind is what a whisper is for.
type WhisperKind string

// The kinds of whispers.
const (
	WhisperWord  WhisperKind = "word"
	WhisperDraft WhisperKind = "draft" // of what is to be said to the person: the ESP's, or as a tutor proposes it
	WhisperFine  WhisperKind = "fine"  // a tutor would say it as the ESP's draft does; it has no text
)

// WhisperID names a whisper.
type WhisperID = ids.ID[Whisper]

// Whispers are those of one conversation and one ESP, oldest first.
type Whispers struct {
	Room RoomID
	ESP  account.Public
	List []Whisper
	Late bool // the last that the ESP said has waited for an answer for whisperLate
	// Draft is the last that the ESP asked a tutor to look at before they say it, and DraftWaits that nobody has answered since.
	Draft      string
	DraftWaits bool
}

// Asked is what an ESP asks and no tutor has answered yet.
type Asked struct {
	Room RoomID
	ESP  account.Public
	Kind WhisperKind
	Text string // the last they said
	At   time.Time
	Seen bool // some tutor has opened it
	Late bool // as Whispers has it
}

// whisperLate is when an ESP is told that nobody has answered, and what they can do instead. A choice of ours.
const whisperLate = 2 * time.Minute

// Errors of whispers.
var (
	// ErrNoTutor says that no tutor is on call who could hear it.
	ErrNoTutor = errs.New(errs.Invalid, "chat.no_tutor")
)

// WhisperToTutor asks the tutors on shift, as the ESP who holds a conversation; the same client id again is stored once. Errors: errs.Fields for an empty text and
// one that is longer than MaxWhisper, ErrNoTutor when nobody would hear it, ErrEnded, ErrNotFound.
func (c *Chat) WhisperToTutor(ctx context.Context, actor account.Actor, id RoomID, text, cid string) error {
	if !actor.IsPeer() {
		return ErrNotFound
	}
	text, err := cleanWhisper("whisper", text, MaxWhisper)
	if err != nil {
		return err
	}
	return c.ask(ctx, actor, id, WhisperWord, text, cid)
}

// AskSecondLook shows the tutors on shift what an ESP is about to say, and says it to nobody else. Errors as WhisperToTutor, at the field of the message, of MaxText runes.
func (c *Chat) AskSecondLook(ctx context.Context, actor account.Actor, id RoomID, text, cid string) error {
	if !actor.IsPeer() {
		return ErrNotFound
	}
	text, err := cleanWhisper("text", text, MaxText)
	if err != nil {
		return err
	}
	return c.ask(ctx, actor, id, WhisperDraft, text, cid)
}

func cleanWhisper(field, text string, most int) (string, error) {
	text, err := clean(field, text, most)
	if err == nil && text == "" {
		err = errs.Field(field, "chat.text_empty", nil)
	}
	return text, err
}

func (c *Chat) ask(ctx context.Context, actor account.Actor, id RoomID, kind WhisperKind, text, cid string) error {
	tutors, err := c.tutorsOnCall(ctx, actor.Service)
	if err != nil {
		return err
	}
	return c.whisper(ctx, actor, id, text, cid, func(ctx context.Context, q pg.Querier) (whisperRow, error) {
		s, err := c.stand(ctx, q, actor, id, true)
		if err != nil {
			return whisperRow{}, err
		}
		if err := account.Can(actor, account.MessageSend, s.relation(actor)); err != nil {
			return whisperRow{}, err
		}
		if s.room.state == Ended {
			return whisperRow{}, ErrEnded
		}
		if len(tutors) == 0 {
			return whisperRow{}, ErrNoTutor
		}
		return whisperRow{room: s.room, esp: actor.ID, kind: kind}, nil
	}, tutors)
}

// AnswerWhisper answers the ESP who holds a conversation now, as a tutor. Errors as WhisperToTutor; ErrNotFound where that ESP asked nothing.
func (c *Chat) AnswerWhisper(ctx context.Context, actor account.Actor, id RoomID, text, cid string) error {
	if err := mayHearWhispers(actor); err != nil {
		return err
	}
	text, err := cleanWhisper("whisper", text, MaxWhisper)
	if err != nil {
		return err
	}
	return c.answerWhisper(ctx, actor, id, WhisperWord, text, cid)
}

// AnswerDraft answers an ESP who asked for a second look, as a tutor: with the text as they would say it, or, where it is empty or the ESP's own, that it is fine as it is. The ESP
// decides what they say. Errors as AnswerWhisper, at the field of the draft; ErrNotFound where nobody asked for one.
func (c *Chat) AnswerDraft(ctx context.Context, actor account.Actor, id RoomID, text, cid string) error {
	w, err := c.Whispers(ctx, actor, id)
	if err != nil {
		return err
	}
	if w.Draft == "" || !actor.Is(account.RoleTutor) {
		return ErrNotFound
	}
	if text, err = clean("draft", text, MaxText); err != nil {
		return err
	}
	if text == "" || text == w.Draft {
		return c.answerWhisper(ctx, actor, id, WhisperFine, "", cid)
	}
	return c.answerWhisper(ctx, actor, id, WhisperDraft, text, cid)
}

func (c *Chat) answerWhisper(ctx context.Context, actor account.Actor, id RoomID, kind WhisperKind, text, cid string) error {
	tutors, err := c.tutorsOnCall(ctx, actor.Service)
	if err != nil {
		return err
	}
	return c.whisper(ctx, actor, id, text, cid, func(ctx context.Context, q pg.Querier) (whisperRow, error) {
		w, err := c.asked(ctx, q, actor, id)
		w.kind = kind
		if err != nil {
			return w, err
		}
		if w.room.state == Ended {
			return w, ErrEnded
		}
		return w, updateWhispersAnswered(ctx, q, actor, id, w.esp)
	}, tutors)
}

// whisper stores a word where place says that it belongs, and tells those whom it concerns.
func (c *Chat) whisper(ctx context.Context, actor account.Actor, id RoomID, text, cid string, place func(context.Context, pg.Querier) (whisperRow, error), tutors []account.ID) error {
	if err := checkCID(cid); err != nil {
		return err
	}
	var w whisperRow
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		if w, err = place(ctx, tx); err != nil {
			return err
		}
		key, err := c.open(id, w.room.key)
		if err != nil {
			return err
		}
		stored, err := insertWhisper(ctx, tx, actor, w, ids.New[Whisper](), cid, key.Seal([]byte(text), whisperAAD(id, actor.ID, cid, key)))
		if err != nil || stored {
			return err
		}
		same, err := c.saidBefore(ctx, tx, actor, id, cid, key, text)
		if err != nil || same {
			return err
		}
		// The answer to the first sending was lost, and the form came back with another text in it: nobody's words are lost over that.
		cid := newCID()
		_, err = insertWhisper(ctx, tx, actor, w, ids.New[Whisper](), cid, key.Seal([]byte(text), whisperAAD(id, actor.ID, cid, key)))
		return err
	})
	if err != nil {
		return pg.Classify(err)
	}
	c.tell(bus.Desk, w.esp)
	c.tell(bus.Escalations, tutors...)
	return nil
}

// saidBefore says whether a client id was sent with this text, in this conversation.
func (c *Chat) saidBefore(ctx context.Context, q pg.Querier, actor account.Actor, id RoomID, cid string, key *seal.Key, text string) (bool, error) {
	room, sealed, err := selectWhispered(ctx, q, actor, cid)
	if err != nil || room != id {
		return false, err
	}
	before, err := key.Open(sealed, whisperAAD(id, actor.ID, cid, key))
	if err != nil {
		return false, fmt.Errorf("chat: whisper: %w", err)
	}
	return string(before) == text, nil
}

func whisperAAD(room RoomID, author account.ID, cid string, key *seal.Key) []byte {
	return []byte("whisper|" + room.String() + "|" + author.String() + "|" + cid + "|" + key.ID())
}

// mayHearWhispers: a tutor, as they may see who waits.
func mayHearWhispers(actor account.Actor) error {
	if !actor.Is(account.RoleTutor) {
		return ErrNotFound
	}
	return account.Can(actor, account.ConversationSeeTheWaitingList, account.Relation{})
}

// asked finds the ESP who holds a conversation now, if they asked something there.
func (c *Chat) asked(ctx context.Context, q pg.Querier, tutor account.Actor, id RoomID) (whisperRow, error) {
	s, err := selectStanding(ctx, q, tutor.Service, id, tutor.ID, false)
	if err != nil {
		return whisperRow{}, err
	}
	w := whisperRow{room: s.room, esp: s.room.esp}
	if found, err := selectHasWhispered(ctx, q, id, w.esp); err != nil || !found {
		return w, notFoundOr(err)
	}
	return w, nil
}

func notFoundOr(err error) error {
	if err == nil {
		return ErrNotFound
	}
	return err
}

func (c *Chat) tutorsOnCall(ctx context.Context, s account.ServiceID) (tutors []account.ID, err error) {
	on, err := c.roster.OnCall(ctx, c.pool, s)
	for _, d := range on {
		if d.Role == account.RoleTutor {
			tutors = append(tutors, d.Account)
		}
	}
	return tutors, err
}

// Whispers gives an ESP their own in a conversation that they hold, and a tutor those of the ESP who holds it, which are then seen. ErrNotFound for everybody else, and where
// there are none for a tutor.
func (c *Chat) Whispers(ctx context.Context, actor account.Actor, id RoomID) (Whispers, error) {
	var w whisperRow
	var err error
	if actor.IsPeer() {
		s, err := c.stand(ctx, c.pool, actor, id, false)
		if err != nil {
			return Whispers{}, pg.Classify(err)
		}
		if err := account.Can(actor, account.MessageSend, s.relation(actor)); err != nil {
			return Whispers{}, err
		}
		w = whisperRow{room: s.room, esp: actor.ID}
	} else {
		if err := mayHearWhispers(actor); err != nil {
			return Whispers{}, err
		}
		if w, err = c.asked(ctx, c.pool, actor, id); err != nil {
			return Whispers{}, pg.Classify(err)
		}
		if news, err := updateWhispersSeen(ctx, c.pool, actor, id, w.esp); err != nil {
			return Whispers{}, pg.Classify(err)
		} else if news {
			c.tell(bus.Desk, w.esp)
		}
	}
	return c.openWhispers(ctx, actor, w)
}

func (c *Chat) openWhispers(ctx context.Context, actor account.Actor, w whisperRow) (Whispers, error) {
	rows, err := selectWhispers(ctx, c.pool, w.room.id, w.esp)
	if err != nil {
		return Whispers{}, pg.Classify(err)
	}
	who := []account.ID{w.esp}
	for _, r := range rows {
		who = append(who, r.author, r.seenBy)
	}
	names, err := c.accounts.Public(ctx, c.pool, who)
	if err != nil {
		return Whispers{}, fmt.Errorf("chat: names: %w", err)
	}
	out := Whispers{Room: w.room.id, ESP: names[w.esp], List: make([]Whisper, len(rows))}
	for i, r := range rows {
		text, err := c.openWhisper(w.room.id, w.room.key, r)
		if err != nil {
			return Whispers{}, err
		}
		out.Late = r.late
		if r.author == w.esp && r.kind == WhisperDraft {
			out.Draft, out.DraftWaits = text, !r.answered
		}
		out.List[i] = Whisper{From: names[r.author], Mine: r.author == actor.ID, Kind: r.kind, Text: text, At: r.at, SeenBy: names[r.seenBy].Alias, SeenAt: r.seenAt}
	}
	return out, nil
}

func (c *Chat) openWhisper(id RoomID, sealed sealedKey, r saidRow) (string, error) {
	key, err := c.open(id, sealed)
	if err != nil {
		return "", err
	}
	text, err := key.Open(r.sealed, whisperAAD(id, r.author, r.cid, key))
	if err != nil {
		return "", fmt.Errorf("chat: whisper: %w", err)
	}
	return string(text), nil
}

// AskedFor is how long the ESP has waited who waits longest for an answer of the tutors, in any service; 0 when none does.
func (c *Chat) AskedFor(ctx context.Context) (time.Duration, error) {
	d, err := selectAskedFor(ctx, c.pool)
	return d, pg.Classify(err)
}

// AskedOfTutors lists what ESPs ask and nobody has answered, who asked first before the others: one entry for each conversation that goes on.
func (c *Chat) AskedOfTutors(ctx context.Context, actor account.Actor) ([]Asked, error) {
	if err := mayHearWhispers(actor); err != nil {
		return nil, err
	}
	rows, err := selectAsked(ctx, c.pool, actor.Service)
	if err != nil {
		return nil, pg.Classify(err)
	}
	who := make([]account.ID, len(rows))
	for i, r := range rows {
		who[i] = r.author
	}
	names, err := c.accounts.Public(ctx, c.pool, who)
	if err != nil {
		return nil, fmt.Errorf("chat: names: %w", err)
	}
	list := make([]Asked, len(rows))
	for i, r := range rows {
		text, err := c.openWhisper(r.room, r.key, r.saidRow)
		if err != nil {
			return nil, err
		}
		list[i] = Asked{Room: r.room, ESP: names[r.author], Kind: r.kind, Text: text, At: r.at, Seen: r.seenAt != nil, Late: r.late}
	}
	return list, nil
}
