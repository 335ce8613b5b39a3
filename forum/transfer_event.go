package forum

import (
	"context"
	"unicode/utf8"

	"ponti/account"
	"ponti/forum/community"
	"ponti/internal/pg"
)

// wrongEvent is what is wrong with the event of a thread's line.
func wrongEvent(r community.Record) (wrong []string) {
	if is := kindOf(r) == KindEvent; r.Event == nil || !is {
		switch {
		case is && State(r.State) != Deleted:
			return []string{"is an event and needs event, when and where"}
		case !is && r.Event != nil:
			return []string{"has event and is none"}
		}
		return nil
	}
	e := eventOf(*r.Event)
	switch {
	case !e.EndsAt.After(e.StartsAt):
		wrong = append(wrong, "is an event that ends before it begins")
	case e.EndsAt.Sub(e.StartsAt) > longestEvent:
		wrong = append(wrong, "is an event that is too long")
	case e.StartsAt.Year() < 1990 || e.StartsAt.Year() > 2100:
		wrong = append(wrong, "is an event of another century")
	}
	if n := utf8.RuneCountInString(e.Place); n > MaxPlace || !e.Online && blank(e.Place) {
		wrong = append(wrong, "is an event whose place is missing or too long")
	}
	if utf8.RuneCountInString(e.Reason) > MaxReason {
		wrong = append(wrong, "is an event that was cancelled with too many words")
	}
	if e.Sequence < 0 || e.Sequence > 1_000_000 {
		wrong = append(wrong, "is an event whose sequence is none")
	}
	return wrong
}

func eventOf(e community.Event) Event {
	v := Event{StartsAt: e.From.UTC(), EndsAt: e.To.UTC(), Online: e.Online, Place: cleanTitle(e.Place), Sequence: e.Sequence, Reason: cleanTitle(e.Cancelled)}
	v.Cancelled = v.Reason != ""
	return v
}

// exportEvent is the event of a thread as it leaves; nil when it is none, or its opening was deleted.
func (f *Forum) exportEvent(ctx context.Context, s account.ServiceID, t exportedThread, deleted bool) (*community.Event, error) {
	if t.Kind != KindEvent || deleted {
		return nil, nil //nolint:nilnil // none is an answer here
	}
	events, err := selectEvents(ctx, f.pool, s, []ThreadID{t.ID})
	e, ok := events[t.ID]
	if err != nil || !ok {
		return nil, pg.Classify(err)
	}
	return &community.Event{From: e.StartsAt.UTC(), To: e.EndsAt.UTC(), Online: e.Online, Place: e.Place, Sequence: e.Sequence, Cancelled: e.Reason}, nil
}
