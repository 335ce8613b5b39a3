package chat_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/moderation"
)

func TestNoClearTextIsStoredOrPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const canary = "canarinogiallo"
	esp := w.onCall(account.RoleESP)
	person := w.someone(account.RoleGuest)
	w.enter(person, canary+" topic")
	room := w.accept(esp)
	w.post(person, room, canary+" message. "+crisis)
	w.post(esp, room, canary+" answer")
	w.route(room, w.tutor)
	require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, room, canary+" greeting"))
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))

	var tables []string
	rows, err := w.pool.Query(w.ctx, `select tablename from pg_tables where schemaname = 'public'`)
	require.NoError(t, err)
	tables, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Contains(t, tables, "chat_messages")
	needles := []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))[:16], hex.EncodeToString([]byte(canary))}
	for _, table := range tables {
		for _, needle := range needles {
			n := w.count(fmt.Sprintf(`select count(*) from %s x where x::text ilike '%%' || $1 || '%%'`, pgx.Identifier{table}.Sanitize()), needle)
			assert.Zero(t, n, "%s holds clear text", table)
		}
	}
	for i, payload := range w.hints.payloads {
		assert.False(t, bytes.Contains(payload, []byte(canary)), "clear text on %s", w.hints.channels[i])
	}
	assert.Len(t, w.hints.on(bus.Room(room.String())), 5)
	assert.Len(t, w.texts(person, room), 5, "and all of it can be read")
}

func TestSealedRowsStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, "mio")
	w.post(esp, room, "tuo")
	w.exec(`update chat_messages m set body_sealed = o.body_sealed from chat_messages o where o.room_id = m.room_id and o.seq = 3 - m.seq`)
	_, err := w.chat.MessagesAfter(w.ctx, person, room, 0, 10)
	require.ErrorContains(t, err, "does not open", "swapped rows are an error, not each other's text")
	w.exec(`update chat_messages m set body_sealed = o.body_sealed from chat_messages o where o.room_id = m.room_id and o.seq = 3 - m.seq`)
	assert.Equal(t, []string{"mio", "tuo"}, w.texts(person, room))
	w.exec(`update chat_messages set cid = reverse(cid) where seq = 1`)
	_, err = w.chat.MessagesAfter(w.ctx, person, room, 0, 10)
	require.ErrorContains(t, err, "does not open", "a message belongs to its client id")
}

func TestOpenEvent_refuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, "vero")
	event := w.hints.on(bus.Room(room.String()))[0]
	require.NoError(t, w.chat.EndConversation(w.ctx, esp, room))
	w.enter(person, "")
	other := w.accept(esp)
	w.post(esp, other, "altrove")

	moved := append(append([]byte{event[0]}, other[:]...), event[17:]...)
	changed := bytes.Clone(event)
	changed[len(changed)-1] ^= 1
	unknown := append(append([]byte{event[0]}, bytes.Repeat([]byte{7}, 16)...), event[17:]...)
	for name, forged := range map[string][]byte{
		"nothing": nil, "garbage": []byte("{\"seq\":1}"), "huge": make([]byte, 1<<20), "a cut one": event[:40], "a changed one": changed,
		"another version": append([]byte{99}, event[1:]...), "one of another room": moved,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.chat.OpenEvent(forged)
			assert.ErrorIs(t, err, chat.ErrForged)
		})
	}
	_, err := w.chat.OpenEvent(unknown)
	require.ErrorIs(t, err, chat.ErrNoKeyYet)
	_, err = w.chat.OpenEvent(event)
	require.NoError(t, err)
}

func TestContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, "uno")
	w.post(esp, room, "due")
	ref := room.String() + "/2"
	elsewhere := w.newService("altrove.example")

	ex, err := w.chat.RoomContent().Excerpt(w.ctx, w.pool, w.service, room.String())
	require.NoError(t, err)
	assert.Equal(t, person.Alias+": uno\n"+esp.Alias+": due", ex.Text)
	assert.Equal(t, person.ID, ex.Author)
	assert.Equal(t, "parlare un po'", ex.Title)
	ex, err = w.chat.MessageContent().Excerpt(w.ctx, w.pool, w.service, ref)
	require.NoError(t, err)
	assert.Equal(t, "due", ex.Text)
	assert.Equal(t, esp.ID, ex.Author)

	for kind, c := range map[string]moderation.Content{room.String(): w.chat.RoomContent(), ref: w.chat.MessageContent()} {
		_, err := c.Excerpt(w.ctx, w.pool, elsewhere, kind)
		require.ErrorIs(t, err, chat.ErrNotFound)
		require.NoError(t, c.MayRead(w.ctx, w.pool, person, kind))
		require.ErrorIs(t, c.MayRead(w.ctx, w.pool, w.someone(account.RoleMember), kind), chat.ErrNotFound)
		for _, bad := range []string{"", "x", room.String() + "/9", room.String() + "/-1"} {
			_, err := c.Excerpt(w.ctx, w.pool, w.service, bad)
			require.ErrorIs(t, err, chat.ErrNotFound)
		}
	}

	hide := w.chat.MessageContent()
	require.NoError(t, hide.Hide(w.ctx, w.pool, w.service, ref, "motivo", w.tutor.ID))
	require.NoError(t, hide.Hide(w.ctx, w.pool, w.service, ref, "altro", w.tutor.ID))
	assert.Equal(t, []string{"uno", ""}, w.texts(person, room), "the sequence stays")
	require.ErrorIs(t, hide.Hide(w.ctx, w.pool, elsewhere, ref, "motivo", w.tutor.ID), chat.ErrNotFound)
	require.NoError(t, hide.Restore(w.ctx, w.pool, w.service, ref))
	assert.Equal(t, []string{"uno", "due"}, w.texts(person, room))
	w.holds()
}
