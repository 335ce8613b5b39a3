package chat_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

func send(from account.Actor, room chat.RoomID, text string) *chat.Sent {
	return &chat.Sent{From: from, Post: chat.Post{Room: room, CID: newCID(), Text: longer(text)}}
}

// longer makes a text of more than a few words, for which nobody looks back at what it may complete: such ones are stored together.
func longer(text string) string {
	return text + ", e oggi al mercato le pesche erano buone e c'era anche un po' di sole"
}

func TestBatch_gives_each_message_its_own_outcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	other, otherESP, otherRoom := w.talking()
	last, _, ended := w.talking()
	old := send(last, ended, "l'ultima")
	w.chat.PostAll([]*chat.Sent{old})
	require.NoError(t, old.Err)
	require.NoError(t, w.chat.EndConversation(w.ctx, last, ended))
	waiting := w.someone(account.RoleMember)
	notStarted := w.enter(waiting, "").Room

	first := send(person, room, "ciao")
	twin := *first
	changed := *first
	changed.Post.Text = longer("un'altra cosa")
	elsewhere := *first
	elsewhere.Post.Room = ended
	again := *old
	list := []*chat.Sent{
		first, send(esp, room, "ciao a te"), &twin, &changed, &elsewhere, send(other, otherRoom, "sono qui"),
		send(otherESP, room, "non è la mia"), send(w.someone(account.RoleESP), room, "chi sono"),
		send(w.someone(account.RoleAdmin), room, "comando io"), send(w.someone(account.RoleAuditor), room, "guardo io"),
		send(last, ended, "troppo tardi"), &again, send(waiting, notStarted, "c'è qualcuno"),
		send(w.someoneOf(w.newService("altrove.example"), account.RoleGuest), room, "di un altro servizio"),
		send(person, chat.RoomID{}, "nel nulla"), send(person, room, "a dopo"),
	}
	w.chat.PostAll(list)

	want := []error{
		nil, nil, nil, chat.ErrCIDReused, chat.ErrNotFound, nil,
		chat.ErrNotFound, chat.ErrNotFound,
		chat.ErrNotFound, chat.ErrNotFound,
		chat.ErrEnded, nil, chat.ErrNotStarted,
		chat.ErrNotFound,
		chat.ErrNotFound, nil,
	}
	for i, s := range list {
		require.ErrorIs(t, s.Err, want[i], "message %d", i)
	}
	assert.Equal(t, []int64{1, 2, 1, 1, 3}, []int64{list[0].Receipt.Seq, list[1].Receipt.Seq, list[2].Receipt.Seq, list[5].Receipt.Seq, list[15].Receipt.Seq})
	assert.True(t, list[2].Receipt.At.Equal(list[0].Receipt.At), "a twin has the first one's receipt")
	assert.Equal(t, old.Receipt.Seq, again.Receipt.Seq)
	assert.True(t, old.Receipt.At.Equal(again.Receipt.At), "and so has what is sent again after the end")
	assert.Equal(t, []string{longer("ciao"), longer("ciao a te"), longer("a dopo")}, w.texts(esp, room))
	assert.Len(t, w.hints.on(bus.Room(room.String())), 3, "each told once")
	assert.Equal(t, 1, w.count(`select count(distinct xmin::text) from chat_messages where room_id = $1`, room), "in one transaction")
	w.holds()
}

func TestBatch_keeps_the_order_of_a_room(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	other, _, otherRoom := w.talking()
	var list []*chat.Sent
	var want []string
	for i := range 30 {
		from, text := person, fmt.Sprintf("riga %d", i)
		switch {
		case i%7 == 3:
			text = fmt.Sprintf("%s %d", crisis, i)
		case i%2 == 1:
			from = esp
		}
		list = append(list, send(from, room, text), send(other, otherRoom, text))
		want = append(want, longer(text))
	}
	w.chat.PostAll(list)
	for _, s := range list {
		require.NoError(t, s.Err)
	}
	assert.Equal(t, want, w.texts(person, room))
	assert.Equal(t, want, w.texts(other, otherRoom))
	assert.Equal(t, 4, w.count(`select count(*) from chat_messages where room_id = $1 and level >= 2 and escalation_id is not null`, room))
	assert.Zero(t, w.chat.WaitsFor(room))
	w.holds()
}

func TestBatch_one_message_at_fault_fails_alone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	other, _, otherRoom := w.talking()
	w.exec(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`)
	w.exec(fmt.Sprintf(`create trigger refuse before insert on chat_messages for each row when (new.room_id = '%s') execute function refuse()`, room))
	list := []*chat.Sent{send(other, otherRoom, "prima"), send(person, room, "rotta"), send(other, otherRoom, "dopo")}
	w.chat.PostAll(list)
	require.NoError(t, list[0].Err)
	require.Error(t, list[1].Err)
	require.NoError(t, list[2].Err)
	assert.Equal(t, []string{longer("prima"), longer("dopo")}, w.texts(other, otherRoom))
	w.exec(`drop trigger refuse on chat_messages`)
	r, err := w.chat.PostMessage(w.ctx, person, list[1].Post)
	require.NoError(t, err)
	assert.Equal(t, int64(1), r.Seq, "and leaves no hole")
	w.holds()
}

func TestBatch_a_locked_room_holds_up_no_other(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	other, _, otherRoom := w.talking()
	tx, err := w.pool.Begin(w.ctx)
	require.NoError(t, err)
	defer tx.Rollback(w.ctx) //nolint:errcheck // released below
	_, err = tx.Exec(w.ctx, `select 1 from chat_rooms where id = $1 for update`, room)
	require.NoError(t, err)

	var list []*chat.Sent
	for i := range 10 {
		list = append(list, send(person, room, fmt.Sprintf("ferma %d", i)), send(other, otherRoom, fmt.Sprintf("libera %d", i)))
	}
	began := time.Now()
	w.chat.PostAll(list)
	assert.Less(t, time.Since(began), 5*time.Second, "ten that wait do not take ten timeouts")
	for i, s := range list {
		if i%2 == 1 {
			require.NoError(t, s.Err)
			continue
		}
		require.Equal(t, errs.Unavailable, errs.KindOf(s.Err))
	}
	lone := send(person, room, "e una da sola")
	_, err = w.chat.PostMessage(w.ctx, person, lone.Post)
	require.ErrorIs(t, err, pg.ErrUnavailable)
	require.NoError(t, tx.Rollback(w.ctx))
	for i := 0; i < len(list); i += 2 {
		r, err := w.chat.PostMessage(w.ctx, person, list[i].Post)
		require.NoError(t, err)
		assert.Equal(t, int64(i/2+1), r.Seq)
	}
	w.holds()
}

func TestBatch_two_instances_share_rooms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := chat.New(w.pool, account.New(w.pool, account.Options{}), w.roster, w.moderation, w.ring, w.hints, zerolog.Nop())
	const pairs, each = 4, 40
	var wg sync.WaitGroup
	for range pairs {
		person, esp, room := w.talking()
		for c, from := range map[*chat.Chat]account.Actor{w.chat: person, second: esp} {
			wg.Go(func() {
				last := int64(0)
				for n := range each {
					post := chat.Post{Room: room, CID: newCID(), Text: strconv.Itoa(n)}
					r, err := c.PostMessage(w.ctx, from, post)
					if !assert.NoError(t, err) {
						return
					}
					assert.Greater(t, r.Seq, last)
					last = r.Seq
				}
			})
		}
	}
	wg.Wait()
	assert.Equal(t, pairs*2*each, w.count(`select count(*) from chat_messages`))
	assert.Zero(t, w.count(`select count(*) from chat_messages a join chat_messages b using (room_id) where a.seq < b.seq and a.at > b.at`), "instants follow the sequence")
	w.holds()
}

func TestBatch_one_client_id_in_two_rooms_at_once(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	w.exec(`update chat_rooms set state = 'open', ended_at = null, ended_by = null where id = $1`, room)
	w.exec(`update chat_participants set left_at = null where room_id = $1 and part = 'person'`, room)
	esp := w.onCall(account.RoleESP)
	w.enter(person, "di nuovo")
	rooms := []chat.RoomID{room, w.accept(esp)}
	for range 20 {
		cid := newCID()
		outcomes := make([]error, 4)
		var wg sync.WaitGroup
		for i := range outcomes {
			wg.Go(func() {
				_, outcomes[i] = w.chat.PostMessage(w.ctx, person, chat.Post{Room: rooms[i%2], CID: cid, Text: longer("la stessa")})
			})
		}
		wg.Wait()
		require.Equal(t, outcomes[0], outcomes[2])
		require.Equal(t, outcomes[1], outcomes[3])
		require.NotEqual(t, outcomes[0] == nil, outcomes[1] == nil, "it is stored in one room, and refused in the other")
		require.Equal(t, 1, w.count(`select count(*) from chat_messages where cid = $1`, cid))
	}
	assert.Zero(t, w.count(`select count(*) from chat_rooms r where last_seq <> (select count(*) from chat_messages m where m.room_id = r.id)`), "without holes")
}

func TestPostMessage_whose_sender_went_away(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	for i := range 20 {
		post := chat.Post{Room: room, CID: newCID(), Text: longer(strconv.Itoa(i))}
		_, err := w.chat.PostMessage(chat.Gone(w.ctx), person, post)
		require.True(t, err == nil || errs.KindOf(err) == errs.Internal, "nobody says that it was refused")
		r, err := w.chat.PostMessage(w.ctx, person, post)
		require.NoError(t, err)
		require.Equal(t, int64(i+1), r.Seq, "stored once")
	}
	require.Len(t, w.texts(esp, room), 20)
	require.Eventually(t, func() bool { return len(w.hints.on(bus.Room(room.String()))) == 20 }, 5*time.Second, time.Millisecond, "and the others are told")
	w.holds()
}

func TestStop_answers_what_waits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	w.chat.Start(w.ctx)
	const n = 50
	var stored, wg sync.WaitGroup
	stored.Add(1)
	var mu sync.Mutex
	receipts := map[int64]bool{}
	var once sync.Once
	for i := range n {
		wg.Go(func() {
			text := longer(strconv.Itoa(i))
			if i%10 == 0 {
				text = crisis
			}
			r, err := w.chat.PostMessage(w.ctx, person, chat.Post{Room: room, CID: newCID(), Text: text})
			if err != nil {
				assert.ErrorIs(t, err, pg.ErrUnavailable)
				return
			}
			mu.Lock()
			receipts[r.Seq] = true
			mu.Unlock()
			once.Do(stored.Done)
		})
	}
	stored.Wait()
	w.chat.Stop()
	w.chat.Stop()
	rows := w.count(`select count(*) from chat_messages`)
	wg.Wait()
	assert.Len(t, receipts, rows, "what was stored before the stop has its receipt, and nothing is stored after it")
	_, err := w.chat.PostMessage(w.ctx, person, chat.Post{Room: room, CID: newCID(), Text: "dopo"})
	require.ErrorIs(t, err, pg.ErrUnavailable)
	w.chat.Start(w.ctx)
	defer w.chat.Stop()
	assert.Equal(t, triage.None, w.post(person, room, "di nuovo").Level)
	w.holds()
}
