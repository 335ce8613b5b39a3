package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/bus"
)

func TestUnreadTextIsReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onCall(account.RoleESP)
	waiting := w.someone(account.RoleGuest)
	place := w.enter(waiting, crisis)
	person, _, room := w.talkingWhile(place.Room)
	w.post(person, room, crisis)
	w.post(person, room, "una giornata di sole")
	// As if triage had failed on all of them.
	w.exec(`update chat_messages set level = -1, escalation_id = null`)
	w.exec(`update chat_places set level = -1, escalation_id = null where room_id = $1`, place.Room)

	w.chat.Work(w.ctx)
	assert.Equal(t, 1, w.count(`select count(*) from chat_messages where seq = 1 and level >= 2 and escalation_id is not null`))
	assert.Equal(t, 1, w.count(`select count(*) from chat_messages where seq = 2 and level = 0`))
	assert.Equal(t, 1, w.count(`select count(*) from chat_places where room_id = $1 and level >= 2 and escalation_id is not null`, place.Room))
	w.holds()
}

func TestTextThatCannotBeReadIsReadByAHuman(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	w.post(person, room, "illeggibile")
	w.post(person, room, crisis)
	w.exec(`update chat_messages set level = -1, escalation_id = null`)
	w.exec(`update chat_messages set body_sealed = '\x00' where seq = 1`)
	w.chat.Work(w.ctx)
	assert.Equal(t, 1, w.count(`select count(*) from chat_messages where level >= 2`), "one bad row does not hold up the others")
	w.exec(`update chat_messages set at = at - interval '7 s'`)
	w.chat.Work(w.ctx)
	assert.Equal(t, 1, w.count(`select count(*) from chat_messages where seq = 1 and level = 1 and escalation_id is not null`))
}

func TestWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esp := w.onCall(account.RoleESP)
	person := w.someone(account.RoleGuest)
	place := w.enter(person, "")
	w.chat.Start(w.ctx)
	w.chat.Start(w.ctx)
	t.Cleanup(w.chat.Stop)

	// It survives the loss of its connections, which is what the loss of a database looks like to it.
	w.exec(`update chat_offers set expires_at = clock_timestamp()`)
	w.exec(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
	require.Eventually(t, func() bool {
		var n int
		err := w.pool.QueryRow(w.ctx, `select count(*) from chat_offers where state = 'expired'`).Scan(&n)
		return err == nil && n == 1
	}, 10*time.Second, 20*time.Millisecond)
	assert.Contains(t, w.hints.on(bus.Account(esp.ID.String())), []byte("desk"))
	assert.Equal(t, place.ID, w.place(person).ID)
	w.chat.Stop()
	w.chat.Stop()
}

func TestWorker_survives_a_panic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	w.post(person, room, "x")
	w.exec(`update chat_messages set level = -1`)
	// An engine that is not there makes reading again panic; the other steps are done all the same.
	broken := w.withoutModeration()
	waiting := w.someone(account.RoleGuest)
	w.enter(waiting, "")
	w.exec(`update chat_places set seen_at = now() - interval '6 min' where state = 'waiting'`)
	assert.NotPanics(t, func() { broken.Work(w.ctx) })
	assert.Equal(t, 1, w.count(`select count(*) from chat_places where end_reason = 'unseen'`))
}
