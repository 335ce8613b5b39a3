package chat_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/moderation/triage"
)

const crisis = "Ho deciso, stanotte mi ammazzo, ho già preparato tutto."

func TestPostMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	one, two := w.post(person, room, "ciao"), w.post(esp, room, "ciao, sono qui")
	assert.Equal(t, int64(1), one.Seq)
	assert.Equal(t, int64(2), two.Seq)
	assert.False(t, two.At.Before(one.At))

	list, err := w.chat.MessagesAfter(w.ctx, person, room, 0, 50)
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, []string{"ciao", "ciao, sono qui"}, []string{list[0].Text, list[1].Text})
	assert.Equal(t, []int16{1, 2}, []int16{list[0].From, list[1].From})
	assert.Equal(t, two.At, list[1].At)

	after, err := w.chat.MessagesAfter(w.ctx, esp, room, 1, 50)
	require.NoError(t, err)
	assert.Equal(t, list[1:], after)
	before, err := w.chat.MessagesBefore(w.ctx, esp, room, 2, 50)
	require.NoError(t, err)
	assert.Equal(t, list[:1], before)

	events := w.hints.on(bus.Room(room.String()))
	require.Len(t, events, 2)
	event, err := w.chat.OpenEvent(events[1])
	require.NoError(t, err)
	assert.Equal(t, room, event.Room)
	assert.True(t, list[1].At.Equal(event.Message.At))
	event.Message.At = list[1].At
	assert.Equal(t, list[1], event.Message)
	w.holds()
}

func TestPostMessage_many_senders_leave_no_hole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	const senders, each = 8, 50
	var wg sync.WaitGroup
	seen := make([][]int64, senders)
	for i := range senders {
		from := person
		if i%2 == 1 {
			from = esp
		}
		wg.Go(func() {
			for n := range each {
				r, err := w.chat.PostMessage(w.ctx, from, chat.Post{Room: room, CID: newCID(), Text: fmt.Sprintf("%d/%d", i, n)})
				if !assert.NoError(t, err) {
					return
				}
				seen[i] = append(seen[i], r.Seq)
			}
		})
	}
	wg.Wait()
	all := map[int64]bool{}
	for _, list := range seen {
		for n, seq := range list {
			assert.False(t, all[seq], "two messages got sequence %d", seq)
			all[seq] = true
			assert.True(t, n == 0 || list[n-1] < seq, "a later message got an earlier sequence")
		}
	}
	assert.Len(t, all, senders*each)
	view, err := w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.Equal(t, int64(senders*each), view.Head)
	w.holds()
}

func TestPostMessage_again(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()

	t.Run("eight times at once is stored once", func(t *testing.T) {
		post := chat.Post{Room: room, CID: newCID(), Text: "una volta sola"}
		receipts := make([]chat.Receipt, 8)
		var wg sync.WaitGroup
		for i := range receipts {
			wg.Go(func() {
				var err error
				receipts[i], err = w.chat.PostMessage(w.ctx, person, post)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		for _, r := range receipts {
			assert.Equal(t, receipts[0].Seq, r.Seq)
			assert.True(t, receipts[0].At.Equal(r.At))
		}
		assert.Equal(t, 1, w.count(`select count(*) from chat_messages where cid = $1`, post.CID))
		assert.Len(t, w.hints.on(bus.Room(room.String())), 1, "and told once")
	})
	t.Run("with another text is refused and stores nothing", func(t *testing.T) {
		post := chat.Post{Room: room, CID: newCID(), Text: "prima"}
		_, err := w.chat.PostMessage(w.ctx, person, post)
		require.NoError(t, err)
		before := len(w.texts(person, room))
		post.Text = "dopo"
		_, err = w.chat.PostMessage(w.ctx, person, post)
		require.ErrorIs(t, err, chat.ErrCIDReused)
		assert.Len(t, w.texts(person, room), before)
	})
	t.Run("the client id of another sender is nobody's business", func(t *testing.T) {
		post := chat.Post{Room: room, CID: newCID(), Text: "stesso"}
		mine, err := w.chat.PostMessage(w.ctx, person, post)
		require.NoError(t, err)
		theirs, err := w.chat.PostMessage(w.ctx, esp, post)
		require.NoError(t, err)
		assert.NotEqual(t, mine.Seq, theirs.Seq)
	})
	t.Run("after the end still gives the first receipt", func(t *testing.T) {
		post := chat.Post{Room: room, CID: newCID(), Text: "ultima"}
		first, err := w.chat.PostMessage(w.ctx, person, post)
		require.NoError(t, err)
		require.NoError(t, w.chat.EndConversation(w.ctx, esp, room))
		again, err := w.chat.PostMessage(w.ctx, person, post)
		require.NoError(t, err)
		assert.Equal(t, first.Seq, again.Seq)
		_, err = w.chat.PostMessage(w.ctx, person, chat.Post{Room: room, CID: newCID(), Text: "troppo tardi"})
		require.ErrorIs(t, err, chat.ErrEnded)
	})
	t.Run("in another room is refused", func(t *testing.T) {
		post := chat.Post{Room: room, CID: newCID(), Text: "prima"}
		w.enter(person, "")
		post.Room = w.accept(esp)
		_, err := w.chat.PostMessage(w.ctx, person, post)
		require.NoError(t, err)
		post.Room = room
		_, err = w.chat.PostMessage(w.ctx, person, post)
		require.ErrorIs(t, err, chat.ErrCIDReused)
	})
	w.holds()
}

func TestPostMessage_flagged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()

	t.Run("without its escalation is not stored, and sent again is", func(t *testing.T) {
		before := len(w.texts(person, room))
		w.exec(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`)
		w.exec(`create trigger refuse before insert or update on moderation_escalations execute function refuse()`)
		post := chat.Post{Room: room, CID: newCID(), Text: crisis}
		_, err := w.chat.PostMessage(w.ctx, person, post)
		require.Error(t, err)
		assert.Len(t, w.texts(person, room), before)
		w.holds()
		w.exec(`drop trigger refuse on moderation_escalations`)
		r, err := w.chat.PostMessage(w.ctx, person, post)
		require.NoError(t, err)
		assert.Equal(t, int64(before+1), r.Seq)
	})
	t.Run("is committed with its escalation", func(t *testing.T) {
		r := w.post(person, room, crisis)
		assert.GreaterOrEqual(t, r.Level, triage.Red)
		assert.Equal(t, 1, w.count(`select count(*) from chat_messages m join moderation_escalations e on e.id = m.escalation_id where m.seq = $1`, r.Seq))
		assert.Contains(t, w.texts(esp, room), crisis, "never blocked or altered")
	})
	t.Run("what the ESP writes is not the person's risk", func(t *testing.T) {
		assert.Equal(t, triage.None, w.post(esp, room, crisis).Level)
	})
	w.holds()
}

func TestPostMessage_refuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	for name, post := range map[string]chat.Post{
		"nothing":                {CID: newCID(), Text: " \n\u202e "},
		"too long":               {CID: newCID(), Text: string(make([]byte, 16*chat.MaxText+1))},
		"bytes that are no text": {CID: newCID(), Text: "a\xff"},
		"a short client id":      {CID: "abc", Text: "ciao"},
		"a strange client id":    {CID: "0123456789012345678901'", Text: "ciao"},
	} {
		t.Run(name, func(t *testing.T) {
			post.Room = room
			_, err := w.chat.PostMessage(w.ctx, person, post)
			assert.Equal(t, errs.Invalid, errs.KindOf(err))
		})
	}
	waiting := w.someone(account.RoleMember)
	place := w.enter(waiting, "")
	_, err := w.chat.PostMessage(w.ctx, waiting, chat.Post{Room: place.Room, CID: newCID(), Text: "c'è qualcuno?"})
	assert.ErrorIs(t, err, chat.ErrNotStarted)
	assert.Empty(t, w.texts(person, room))
}
