package chat_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/moderation/triage"
)

// another is a second instance on the same database.
func (w *world) another() *chat.Chat {
	return chat.New(w.pool, account.New(w.pool, account.Options{}), w.roster, w.moderation, w.ring, w.hints, zerolog.Nop())
}

// labelled are the texts of a file that triage learns from.
func labelled(t *testing.T, name string) (list []string) {
	t.Helper()
	data, err := os.ReadFile("../moderation/triage/labelled/" + name)
	require.NoError(t, err)
	for line := range bytes.Lines(data) {
		var l struct{ Text string }
		require.NoError(t, json.Unmarshal(line, &l))
		if l.Text != "" {
			list = append(list, l.Text)
		}
	}
	require.NotEmpty(t, list)
	return list
}

// TestPostMessage_as_read_at_once: whatever comes in which order, in batches or alone, through which instance, each message has the level that it has when
// the whole conversation is read.
func TestPostMessage_as_read_at_once(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	instances := []*chat.Chat{w.chat, w.another()}
	random := rand.New(rand.NewPCG(11, 13))
	texts := append(labelled(t, "probes.jsonl"), labelled(t, "chat.jsonl")...)
	short := []string{"sì", "yes", "no", "ok", "voglio", "morire", "farla", "finita", "i want", "to die", "va e viene", "grazie", "ho qui le pastiglie", "non ce la faccio"}
	raised := 0
	for range 12 {
		person, esp, room := w.talking()
		var turns []triage.Turn
		for len(turns) < 70 {
			var together []*chat.Sent
			for range 1 + random.IntN(12) {
				s := &chat.Sent{From: esp, Post: chat.Post{Room: room, CID: newCID(), Text: texts[random.IntN(len(texts))]}}
				author := triage.AuthorESP
				switch random.IntN(5) {
				case 0:
					s.Post.Text = "stai pensando al suicidio?"
				case 1:
				default:
					s.From, author = person, triage.AuthorUser
					if random.IntN(3) > 0 {
						s.Post.Text = short[random.IntN(len(short))]
					}
				}
				together = append(together, s)
				turns = append(turns, triage.Turn{Author: author, Text: s.Post.Text})
			}
			instances[random.IntN(2)].PostAll(together)
			for i, s := range together {
				require.NoError(t, s.Err)
				at := len(turns) - len(together) + i
				require.EqualValues(t, at+1, s.Receipt.Seq)
				want := triage.None
				if s.From == person {
					v, err := engine.ReadLast(turns[:at+1])
					require.NoError(t, err)
					want = v.Level
				}
				require.Equal(t, want, s.Receipt.Level, "%+v", turns[max(0, at-6):at+1])
				if want >= triage.Red {
					raised++
				}
			}
		}
		require.NoError(t, w.chat.EndConversation(w.ctx, esp, room))
	}
	assert.Greater(t, raised, 30)
	w.holds()
}

// TestPostMessage_hears_what_others_stored: what one instance knows of a conversation does not count once another has stored something.
func TestPostMessage_hears_what_others_stored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.Equal(t, triage.None, w.saying(person, esp, room, "ciao", "non lo so"))
	_, err := w.another().PostMessage(w.ctx, esp, chat.Post{Room: room, CID: newCID(), Text: "stai pensando al suicidio?"})
	require.NoError(t, err)
	assert.Equal(t, triage.Red, w.saying(person, esp, room, "sì"))
	assert.Equal(t, triage.None, w.saying(person, esp, room, "sì"), "asked once, answered once")
	w.holds()
}

// TestPostMessage_after_many_long_ones: what nobody needed to read for long is still read when it matters.
func TestPostMessage_after_many_long_ones(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.Equal(t, triage.None, w.saying(person, esp, room, "ciao"))
	for range 45 { // beyond what an instance keeps of them
		w.post(esp, room, plain)
	}
	require.Equal(t, triage.Red, w.saying(person, esp, room, "esp: "+plain, "esp: stai pensando al suicidio?", "sì"))
	w.holds()
}

// TestPostMessage_hears_by_new_rules: a conversation that an instance knows is read by the rules that the service has now.
func TestPostMessage_hears_by_new_rules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.Equal(t, triage.None, w.saying(person, esp, room, "ciao", "lanterna"))
	changed := []triage.Change{{Key: "own:rule own.lantern", Text: `rule own.lantern
  level red
  category suicide
  owner clinica
  match lanterna spenta
  + lanterna spenta
  - lanterna accesa
`}}
	_, err := triage.Build(changed)
	require.NoError(t, err)
	changes, err := json.Marshal(changed)
	require.NoError(t, err)
	w.exec(`insert into moderation_rules (service_id, version, changes, state, changed_by, asked_by, asked_at, approved_by, approved_at, active_by, active_since)
		values ($1, 1, $2, 'active', $3, $3, now(), $4, now(), $4, now())`, w.service, changes, w.tutor.ID, w.onCall(account.RoleTutor).ID)
	require.NoError(t, w.moderation.LoadRules(w.ctx))
	assert.Equal(t, triage.Red, w.saying(person, esp, room, "spenta"))
	w.holds()
}

// TestHeard_is_forgotten: what was said is kept beside the database for ten minutes, also when nobody writes any more.
func TestHeard_is_forgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.Equal(t, triage.None, w.saying(person, esp, room, "ciao"))
	require.Equal(t, 1, w.chat.Heard(9*time.Minute))
	w.chat.Work(w.ctx)
	require.Equal(t, 1, w.chat.Heard(time.Minute))
	w.chat.Work(w.ctx)
	require.Zero(t, w.chat.Heard(0))
	assert.Equal(t, triage.Red, w.saying(person, esp, room, "esp: stai pensando al suicidio?", "sì"), "and is read anew")
}
