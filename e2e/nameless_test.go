package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWithoutAName: an administrator allows it, somebody writes without their name, another reads it live and answers, and when it is over what was being written comes back whole. With scripts and without.
func TestWithoutAName(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)
	signIn(t, here, "localhost", "Amelia").holds(t, "0")
	amelia := ch.open(t, "Amelia", here, manner{withoutJS: true})
	amelia.signIn("Amelia")
	const rules = "/forum/categories/giorno-per-giorno/rules"

	for _, m := range []struct {
		name            string
		writer, readers manner
	}{
		{"plain", manner{width: 360, withoutJS: true}, manner{withoutJS: true}},
		{"scripted", manner{width: 360, dark: true}, manner{width: 1280}},
	} {
		amelia.visit(rules)
		amelia.button(amelia.text("nameless.switch_allow")).click()
		amelia.find("main").says(amelia.text("done.nameless_allowed"))
		amelia.picture("nameless-switch-" + m.name)

		writer := ch.open(t, "who writes, "+m.name, here, m.writer)
		writer.forgive("status of 422") // what is over by then
		writer.signIn("Girasole")
		writer.visit("/forum/categories/giorno-per-giorno/new")
		writer.field(writer.text("forum.title_label")).fill("Una cosa che non dico, " + m.name)
		writer.field(writer.text("forum.text_label")).fill("A casa non lo sa nessuno. Qui provo a dirlo.")
		writer.find("#nameless").check()
		if !m.writer.withoutJS {
			writer.find("[data-draft-state]").says(writer.text("forum.draft_kept"))
			writer.visit("/forum/categories/giorno-per-giorno/new")
			require.EqualValues(t, true, writer.ask(`() => document.getElementById("nameless").checked`), "a draft remembers the tick")
			writer.accessible()
		}
		writer.picture("nameless-new-" + m.name)
		writer.button(writer.text("forum.publish")).click()
		writer.arrive(`/forum/threads/[^/]+`)
		thread := writer.path()
		writer.find("#by-1").says(writer.text("nameless.you_voice", "Voice", "1"))
		writer.picture("nameless-own-" + m.name)

		reader := ch.open(t, "who reads, "+m.name, there, m.readers)
		reader.signIn("Vento di lago")
		reader.visit(thread)
		reader.find("#by-1").says(reader.text("nameless.somebody_voice", "Voice", "1"))
		if !m.readers.withoutJS {
			reader.awaitLine()
		}
		writer.visit(thread)
		writer.field(writer.text("forum.answer_label")).fill("E con il mio nome dico grazie.")
		writer.find("#nameless").uncheck() // who opened it without a name goes on so, unless they say otherwise
		writer.button(writer.text("forum.answer_send")).click()
		writer.find("#by-2").says("Girasole")
		writer.field(writer.text("forum.answer_label")).fill("Ancora io, senza.")
		writer.find("#nameless").check()
		writer.button(writer.text("forum.answer_send")).click()
		writer.find("#by-3").says(writer.text("nameless.you_voice", "Voice", "1"))
		if m.readers.withoutJS {
			reader.visit(thread)
		}
		reader.find("#by-3").says(reader.text("nameless.somebody_voice", "Voice", "1"))
		require.NotContains(t, reader.find("#post-1").inner()+reader.find("#post-3").inner(), "Girasole")
		reader.picture("nameless-thread-" + m.name)
		if !m.readers.withoutJS {
			reader.accessible()
		}

		// It is over while somebody writes.
		writer.visit(thread)
		writer.field(writer.text("forum.answer_label")).fill("Questa non deve uscire con il mio nome.")
		writer.find("#nameless").check()
		amelia.visit(rules)
		amelia.button(amelia.text("nameless.switch_end")).click()
		amelia.find("main").says(amelia.text("done.nameless_ended"))
		writer.button(writer.text("forum.answer_send")).click()
		writer.find(".error-summary").says(writer.text("nameless.not_here"))
		writer.field(writer.text("forum.answer_label")).holds("Questa non deve uscire con il mio nome.")
		writer.picture("nameless-over-" + m.name)
		if !m.writer.withoutJS {
			writer.accessible()
		}
		reader.visit(thread)
		require.NotContains(t, reader.find("main").inner(), "non deve uscire")
	}
}
