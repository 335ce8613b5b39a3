package chat_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/moderation/triage"
)

// saying has the person and the ESP (lines that begin with "esp: ") say these lines, and is the level of the last.
func (w *world) saying(person, esp account.Actor, room chat.RoomID, lines ...string) (level triage.Level) {
	for _, line := range lines {
		if text, of := strings.CutPrefix(line, "esp: "); of {
			w.post(esp, room, text)
			continue
		}
		level = w.post(person, room, line).Level
	}
	return level
}

// TestPostMessage_in_context: what a message means with what was said before it is found when it is stored, and its escalation is stored with it.
func TestPostMessage_in_context(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines []string
		level triage.Level
		rule  string
	}{
		"in pieces":              {[]string{"voglio", "farla", "finita"}, triage.Red, ""},
		"pieces of a word":       {[]string{"mi voglio", "suici", "dare"}, triage.Red, ""},
		"in pieces, in between":  {[]string{"i want", "esp: I'm here, take your time.", "to die"}, triage.Red, ""},
		"a wish, then the means": {[]string{"voglio morire", "ho qui le pastiglie"}, triage.Crisis, ""},
		"means after much else":  {[]string{"voglio morire", "ma oggi ho anche cucinato qualcosa per mia sorella", "esp: Ti va di raccontarmi?", "ho qui le pastiglie"}, triage.Crisis, ""},
		"yes":                    {[]string{"esp: stai pensando al suicidio?", "sì"}, triage.Red, "window.screening_affirmed"},
		"yes, in English":        {[]string{"esp: are you thinking about suicide?", "yeah"}, triage.Red, "window.screening_affirmed"},
		"not denied":             {[]string{"esp: stai pensando al suicidio?", "va e viene"}, triage.Red, "window.screening_not_denied"},
		"put off":                {[]string{"esp: stai pensando al suicidio?", "aspetta un attimo"}, triage.None, ""},
		"asked back":             {[]string{"esp: stai pensando al suicidio?", "perché me lo chiedi?"}, triage.None, ""},
		"faint signs":            {[]string{"sono un peso per tutti", "mi faccio schifo e non mangio da giorni per punirmi"}, triage.Red, "window.ambers_add_up"},
		"no":                     {[]string{"esp: stai pensando al suicidio?", "no, per niente"}, triage.None, ""},
		"yes to something else":  {[]string{"esp: stai pensando al suicidio?", "no, per niente", "esp: ti va un tè?", "sì"}, triage.None, ""},
		"yes to nobody":          {[]string{"sì"}, triage.None, ""},
		"the other's words":      {[]string{"esp: voglio", "morire"}, triage.None, ""},
		"small talk":             {[]string{"ciao", "ok", "grazie", "esp: figurati", "sì", "a domani"}, triage.None, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			person, esp, room := w.talking()
			require.Equal(t, c.level, w.saying(person, esp, room, c.lines...))
			last := len(c.lines)
			if c.level == triage.None {
				assert.Zero(t, w.count(`select count(*) from moderation_escalations`))
			} else {
				assert.Equal(t, 1, w.count(`select count(*) from chat_messages m join moderation_escalations e on e.id = m.escalation_id
					where m.seq = $1 and m.level = $2 and e.level::text = $3`, last, c.level, c.level.String()))
			}
			if c.rule != "" {
				assert.Equal(t, 1, w.count(`select count(*) from moderation_causes where $1 = any(rules)`, c.rule))
			}
			w.holds()
		})
	}
}

// TestPostMessage_in_context_bounds: what was written while waiting counts, what was said a day ago does not, and an edit stands in the place of what it edits.
func TestPostMessage_in_context_bounds(t *testing.T) {
	t.Parallel()
	t.Run("waiting room", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		esp, person := w.onCall(account.RoleESP), w.someone(account.RoleGuest)
		w.enter(person, "voglio morire")
		room := w.accept(esp)
		assert.Equal(t, triage.Crisis, w.saying(person, esp, room, "ho qui le pastiglie"))
	})
	t.Run("a day ago", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, esp, room := w.talking()
		w.saying(person, esp, room, "esp: stai pensando al suicidio?")
		w.exec(`update chat_messages set at = at - interval '24 hours 1 minute'`)
		assert.Equal(t, triage.None, w.saying(person, esp, room, "sì"))
	})
	t.Run("faint signs over hours", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, esp, room := w.talking()
		require.Equal(t, triage.Amber, w.saying(person, esp, room, "sono un peso per tutti"))
		w.exec(`update chat_messages set at = at - interval '61 minutes'`)
		assert.Equal(t, triage.Amber, w.saying(person, esp, room, "ho smesso di prendere i farmaci", "vorrei sparire e basta"))
		assert.Equal(t, triage.Red, w.saying(person, esp, room, "sono solo un peso"))
	})
	t.Run("edit", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, esp, room := w.talking()
		w.saying(person, esp, room, "non voglio", "dormire")
		require.Zero(t, w.count(`select count(*) from moderation_escalations`))
		require.NoError(t, w.edit(person, room, 2, "vivere"))
		assert.Equal(t, 1, w.count(`select count(*) from chat_messages where seq = 3 and level = $1`, triage.Red))
		// The faint sign that was edited twice is one.
		w.saying(person, esp, room, "sono un peso per tutti")
		require.NoError(t, w.edit(person, room, 4, "sono solo un peso per tutti"))
		require.NoError(t, w.edit(person, room, 4, "sono un peso per tutti."))
		assert.Zero(t, w.count(`select count(*) from chat_messages where seq > 3 and level > $1`, triage.Amber))
		w.holds()
	})
	t.Run("removed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, esp, room := w.talking()
		w.saying(person, esp, room, "voglio morire")
		require.NoError(t, w.remove(person, room, 1))
		assert.Equal(t, triage.Crisis, w.saying(person, esp, room, "ho qui le pastiglie"))
	})
	t.Run("from both at once, and again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, esp, room := w.talking()
		done := make(chan error, 40)
		for i := range 20 {
			for _, a := range []account.Actor{person, esp} {
				in := chat.Post{Room: room, CID: newCID(), Text: "ok"}
				if a == person && i == 10 {
					in.Text = "voglio morire"
				}
				if a == person && i == 19 {
					in.Text = "ho qui le pastiglie"
				}
				require.NoError(t, w.chat.SendMessage(a, in, func(_ chat.Receipt, err error) { done <- err }))
			}
		}
		for range 40 {
			require.NoError(t, <-done)
		}
		assert.Equal(t, 1, w.count(`select count(*) from chat_messages where level = $1`, triage.Crisis), "in the order in which it was sent")
		assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations`))
		w.holds()
	})
}
