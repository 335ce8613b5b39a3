package forum

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/roster"
)

// Bounds of events.
const (
	MaxPlace     = 200 // runes
	longestEvent = 31 * 24 * time.Hour
	farthest     = 3 // years: what begins later is a slip of the finger
	UpcomingMany = 100
)

// Errors of events, beside errs.Fields for their forms.
var (
	ErrEventChanged   = errs.New(errs.Conflict, "event.changed_meanwhile")
	ErrEventCancelled = errs.New(errs.Conflict, "event.is_cancelled")
)

// Event is when and where a thread of that kind takes place.
type Event struct {
	StartsAt, EndsAt time.Time
	Online           bool
	Place            string // a street, a room, or how to take part online; empty only online
	Sequence         int    // how often it was changed
	ChangedAt        time.Time
	Cancelled        bool
	Reason           string // why it was cancelled
}

// EventTime is what the form of an event says, as a wall clock in the service's zone shows it.
type EventTime struct {
	From, To string
	Online   bool
	Place    string
}

// read checks what a form says; every mistake is reported at once. In the night that has one hour twice, an event begins in the first and ends in the second.
func (in EventTime) read(zone *time.Location, now time.Time) (Event, error) {
	e := Event{Online: in.Online, Place: cleanTitle(in.Place)}
	var wrong errs.Fields
	var key string
	if e.StartsAt, _, key = roster.Moments(in.From, zone); key != "" {
		wrong.Add("from", key, nil)
	}
	if _, e.EndsAt, key = roster.Moments(in.To, zone); key != "" {
		wrong.Add("to", key, nil)
	}
	if len(wrong) == 0 {
		if field, key := e.mistake(now); key != "" {
			wrong.Add(field, key, nil)
		}
	}
	switch n := utf8.RuneCountInString(e.Place); {
	case n > MaxPlace:
		wrong.Add("place", "event.place_long", map[string]any{"Max": MaxPlace, "Over": n - MaxPlace})
	case !e.Online && blank(e.Place):
		wrong.Add("place", "event.place_missing", nil)
	}
	return e, wrong.Err()
}

// mistake is what is wrong with the times of an event, and with which of them.
func (e Event) mistake(now time.Time) (field, key string) {
	switch {
	case !e.EndsAt.After(e.StartsAt):
		return "to", "event.ends_before_start"
	case e.EndsAt.Sub(e.StartsAt) > longestEvent:
		return "to", "event.too_long"
	case e.StartsAt.After(now.AddDate(farthest, 0, 0)):
		return "from", "event.too_far"
	}
	return "", ""
}

// same is true of two events that readers cannot tell apart.
func (e Event) same(other Event) bool {
	return e.StartsAt.Equal(other.StartsAt) && e.EndsAt.Equal(other.EndsAt) && e.Online == other.Online && e.Place == other.Place
}

// NewEvent is an event with what its thread begins with.
type NewEvent struct {
	Category    string // slug
	Title, Text string
	Notes       []ContentNote
	EventTime
	CID string // made with the form
}

// mayOpenEvent: those who work here, wherever they may open a thread.
func mayOpenEvent(actor account.Actor, p place) error {
	if err := mayWrite(actor, p, account.ThreadOpen); err != nil {
		return err
	}
	if actor.IsPerson() {
		return account.ErrForbidden
	}
	return nil
}

// MayOpenEvent is true of a category in which the actor may open an event.
func MayOpenEvent(actor account.Actor, c Category) bool { return mayOpenEvent(actor, c.place()) == nil }

// OpenEvent starts the thread of an event. What somebody writes who may not write for a time, and that sounds like danger, is kept as a discussion
// that waits: no event comes of it. Errors: as OpenThread, and account.ErrForbidden for who comes for themselves.
func (f *Forum) OpenEvent(ctx context.Context, actor account.Actor, in NewEvent) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	e, w, err := f.readEvent(ctx, actor, in)
	if err != nil {
		return Receipt{}, err
	}
	return f.write(ctx, actor, w, func(ctx context.Context, tx pgx.Tx) (CategoryID, error) {
		c, _, err := selectCategory(ctx, tx, actor, in.Category)
		if err != nil {
			return c.ID, err
		}
		w.opens, w.event = newThread{Category: c.ID, Kind: KindEvent}, &e
		return c.ID, mayOpenEvent(actor, c.place())
	})
}

// readEvent checks the whole form of a new event, so that all mistakes come back at once. Its place is read for risk with its title.
func (f *Forum) readEvent(ctx context.Context, actor account.Actor, in NewEvent) (Event, *writing, error) {
	zone, err := f.zone(ctx, actor.Service)
	if err != nil {
		return Event{}, nil, err
	}
	now := time.Now()
	e, eventErr := in.read(zone, now)
	if eventErr == nil && !e.EndsAt.After(now) {
		eventErr = errs.Fields{errs.Field("to", "event.over", nil)}
	}
	w, textErr := f.read(actor.Service, in.Title, in.Text, in.CID, in.Notes, true)
	if wrong, err := joined(textErr, eventErr); err != nil || len(wrong) > 0 {
		if err == nil {
			err = wrong
		}
		return Event{}, nil, err
	}
	read := w.post.prepared
	read.Title += "\n\n" + e.Place
	w.verdict = f.assess(actor.Service, read)
	w.post.Level = w.verdict.Level
	return e, w, nil
}

// joined are the mistakes of several parts of a form; an error that is no mistake of a field ends it.
func joined(parts ...error) (all errs.Fields, err error) {
	for _, err := range parts {
		switch wrong := err.(type) { //nolint:errorlint // the parts of a form are checked without wrapping
		case nil:
		case errs.Fields:
			all = append(all, wrong...)
		default:
			return nil, err
		}
	}
	return all, nil
}

// zone is where a service tells its times.
func (f *Forum) zone(ctx context.Context, s account.ServiceID) (*time.Location, error) {
	service, err := f.accounts.Service(ctx, s)
	return service.TimeZone, err
}

// mayChangeEvent: who opened it, while they may write in it; and who moderates there, in a thread of somebody else.
func mayChangeEvent(actor account.Actor, c Category, t threadRow) error {
	switch {
	case t.Kind != KindEvent:
		return account.ErrNotFound
	case t.author != actor.ID:
		if err := mayArrange(actor, c.place(), t); err != nil {
			return err
		}
	default:
		if err := mayWrite(actor, c.place(), account.PostWriteEditOwnDeleteOwn); err != nil {
			return err
		}
		if t.Locked {
			return ErrLocked
		}
	}
	switch {
	case c.Archived:
		return ErrArchived
	case t.ended:
		return ErrDeleted
	case t.hidden:
		return ErrHidden
	}
	return nil
}

// mayCancelEvent is told with mayChangeEvent. In an archived category too: nobody is sent to what does not take place.
func mayCancelEvent(actor account.Actor, c Category, t threadRow) error {
	c.Archived = false
	return mayChangeEvent(actor, c, t)
}

// ChangeEvent changes when and where an event takes place; the text is changed as that of any post. Sequence is the one that the form was made with. Errors:
// errs.Fields, ErrEventChanged when somebody else was first, ErrEventCancelled, ErrLocked, ErrHidden, ErrDeleted, ErrArchived; account.ErrForbidden and
// account.ErrNotFound for who neither opened it nor moderates there.
func (f *Forum) ChangeEvent(ctx context.Context, actor account.Actor, id ThreadID, sequence int, in EventTime) error {
	zone, err := f.zone(ctx, actor.Service)
	if err != nil {
		return err
	}
	return f.onEvent(ctx, actor, id, "event.change", mayChangeEvent, func(ctx context.Context, tx pgx.Tx, old Event) (bool, error) {
		e, err := in.read(zone, time.Now())
		switch {
		case err != nil:
			return false, err
		case old.Cancelled:
			return false, ErrEventCancelled
		case old.Sequence != sequence:
			return false, ErrEventChanged
		case e.same(old):
			return false, nil
		}
		return true, updateEvent(ctx, tx, actor.Service, id, e)
	})
}

// CancelEvent says that an event does not take place, and why; it stays to be seen. Rights and errors as ChangeEvent, but in an archived
// category too; again is no mistake, and keeps the first reason.
func (f *Forum) CancelEvent(ctx context.Context, actor account.Actor, id ThreadID, reason string) error {
	reason = cleanTitle(reason)
	switch n := utf8.RuneCountInString(reason); {
	case n < MinReason:
		return errs.Field("reason", "forum.reason_short", map[string]any{"Min": MinReason})
	case n > MaxReason:
		return errs.Field("reason", "forum.reason_long", map[string]any{"Max": MaxReason, "Over": n - MaxReason})
	}
	return f.onEvent(ctx, actor, id, "event.cancel", mayCancelEvent, func(ctx context.Context, tx pgx.Tx, old Event) (bool, error) {
		if old.Cancelled {
			return false, nil
		}
		return true, updateEventCancelled(ctx, tx, actor.Service, id, reason)
	})
}

// onEvent changes an event under the lock of its row, for those who may; what changed nothing is not written down.
func (f *Forum) onEvent(
	ctx context.Context, actor account.Actor, id ThreadID, action string, may func(account.Actor, Category, threadRow) error, change func(context.Context, pgx.Tx, Event) (changed bool, err error),
) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		t, c, err := selectThread(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := may(actor, c, t); err != nil {
			return err
		}
		e, err := lockEvent(ctx, tx, actor.Service, id)
		if err != nil {
			return err
		}
		if changed, err := change(ctx, tx, e); err != nil || !changed {
			return err
		}
		if err := updateThreadBeside(ctx, tx, actor.Service, id); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, action, "thread:"+id.String())
	})
	if err == nil {
		f.changed(id)
	}
	return err
}

// withEvents adds to those of some threads that are events when and where they take place, as far as their opening can be read.
func (f *Forum) withEvents(ctx context.Context, q pg.Querier, s account.ServiceID, threads ...*Thread) error {
	var list []ThreadID
	for _, t := range threads {
		if t.Kind == KindEvent && t.Title != "" {
			list = append(list, t.ID)
		}
	}
	if len(list) == 0 {
		return nil
	}
	events, err := selectEvents(ctx, q, s, list)
	for _, t := range threads {
		if e, ok := events[t.ID]; ok {
			t.Event = &e
		}
	}
	return pg.Classify(err)
}

func pointers(threads []Thread) []*Thread {
	list := make([]*Thread, len(threads))
	for i := range threads {
		list[i] = &threads[i]
	}
	return list
}

// Upcoming is an event that is not over.
type Upcoming struct {
	Thread   Thread
	Category Category
}

// UpcomingEvents are those in categories that the actor may read that are not over, the next first, cancelled ones too; at most limit.
func (f *Forum) UpcomingEvents(ctx context.Context, actor account.Actor, limit int) ([]Upcoming, error) {
	if err := mayEnter(actor); err != nil {
		return nil, err
	}
	words, err := f.filterOf(ctx, actor)
	if err != nil {
		return nil, err
	}
	return f.events(ctx, actor, words, ahead{cancelled: true, limit: min(max(limit, 1), UpcomingMany)})
}

// ahead says which events are listed: those that ended no longer ago than past.
type ahead struct {
	past      time.Duration
	cancelled bool // those too
	limit     int
}

func (f *Forum) events(ctx context.Context, actor account.Actor, words filter, which ahead) ([]Upcoming, error) {
	rows, err := selectUpcoming(ctx, f.pool, actor, readable(actor), which)
	if err != nil {
		return nil, pg.Classify(err)
	}
	return f.upcomingOf(ctx, actor, rows, words)
}

// upcomingOf are events as their reader sees them.
func (f *Forum) upcomingOf(ctx context.Context, actor account.Actor, rows placedThreads, words filter) ([]Upcoming, error) {
	list, threads := make([]Upcoming, len(rows.threads)), make([]*Thread, len(rows.threads))
	for i, t := range rows.threads {
		list[i] = Upcoming{Thread: t.seenBy(actor, rows.categories[i].place(), nil), Category: rows.categories[i]}
		list[i].Thread.Muted = t.mutedFor(actor, words)
		threads[i] = &list[i].Thread
	}
	return list, f.withEvents(ctx, f.pool, actor.Service, threads...)
}
