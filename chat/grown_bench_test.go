package chat_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ponti/chat"
)

// grows adds conversations that are over, each with as many messages, as they would stand there after years.
func (w *world) grows(like chat.RoomID, rooms, messagesEach int) {
	const atOnce = 5_000 // as much as a statement may take
	for made := 0; made < rooms; made += atOnce {
		w.exec(`with made as (insert into chat_rooms (id, service_id, person_id, state, key_id, key_wrapped, topic_sealed, last_seq, created_at, started_at, ended_at, kept_as, kept_until)
			select gen_random_uuid(), service_id, person_id, 'ended', key_id, key_wrapped, topic_sealed, $2, now() - interval '2 days', now() - interval '2 days', now() - interval '1 day',
				'member', now() + interval '1 year' from chat_rooms, generate_series(1, $3::int) where id = $1 returning id, service_id, person_id)
			insert into chat_participants (room_id, service_id, number, account_id, part, left_at) select id, service_id, 1, person_id, 'person', now() from made`, like, messagesEach, min(atOnce, rooms-made))
	}
	w.oldMessages(`select id from chat_rooms where state = 'ended'`, rooms, messagesEach)
	w.exec(`analyze chat_rooms, chat_participants, chat_messages`)
}

// oldMessages fills rooms with messages of two days ago.
func (w *world) oldMessages(rooms string, count, each int) {
	step := max(1, 10_000/count)
	for from := 1; from <= each; from += step {
		w.someOldMessages(rooms, from, min(from+step-1, each))
	}
}

func (w *world) someOldMessages(rooms string, from, to int) {
	w.exec(`insert into chat_messages (room_id, seq, service_id, sender_id, number, cid, kind, key_id, body_sealed, body_sum, level, at)
		select r.id, s.n, r.service_id, r.person_id, 1, replace(gen_random_uuid()::text, '-', ''), 'text', r.key_id, decode(repeat('00', 140), 'hex'), '\x00', 0, now() - interval '2 days'
		from chat_rooms r, generate_series($1::int, $2::int) as s (n) where r.id in (`+rooms+`)`, from, to)
}

// BenchmarkPostMessage_grown is one message, also one that is read with what was said before, beside few and beside many conversations and old messages; and in a
// conversation that is itself long.
func BenchmarkPostMessage_grown(b *testing.B) {
	for _, old := range []struct{ rooms, each int }{{10, 1}, {1_000, 1}, {100_000, 1}, {1_000, 1_000}} {
		w := newWorld(b)
		person, _, room := w.talking()
		w.grows(room, old.rooms, old.each)
		w.measure(b, fmt.Sprintf("%d rooms, %d old messages", old.rooms, old.rooms*old.each), func(text string) error {
			_, err := w.chat.PostMessage(w.ctx, person, chat.Post{Room: room, CID: newCID(), Text: text})
			return err
		})
	}
	w := newWorld(b)
	person, _, room := w.talking()
	w.oldMessages(`'`+room.String()+`'`, 1, 50_000)
	w.exec(`update chat_rooms set last_seq = 50000 where id = $1`, room)
	w.exec(`analyze chat_messages`)
	w.measure(b, "in a conversation of 50000 messages", func(text string) error {
		_, err := w.chat.PostMessage(w.ctx, person, chat.Post{Room: room, CID: newCID(), Text: text})
		return err
	})
}

func (w *world) measure(b *testing.B, name string, post func(text string) error) {
	b.Helper()
	for _, way := range []struct{ name, text string }{{"a message", plain}, {"read with what was said before", "non lo so"}} {
		b.Run(name+"/"+way.name, func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, post(way.text))
			}
		})
	}
}
