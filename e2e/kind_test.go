package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStoryOfRecovery: somebody tells how they came out of it, changes it while it waits, two people let it appear, and one button takes it back: who has it open on another
// instance is led away, and who asks for it finds nothing. With scripts and without.
func TestStoryOfRecovery(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)

	for _, m := range []struct {
		name            string
		teller, readers manner
	}{
		{"plain", manner{width: 360, withoutJS: true}, manner{withoutJS: true}},
		{"scripted", manner{width: 360, dark: true}, manner{dark: true}},
	} {
		title := "Come ho ritrovato il sonno, " + m.name
		teller := ch.open(t, "who tells, "+m.name, here, m.teller)
		teller.signIn("Girasole")
		teller.visit("/forum/categories/giorno-per-giorno/new")
		teller.find(`input[name=kind][value=story]`).check()
		teller.field(teller.text("forum.title_label")).fill(title)
		teller.field(teller.text("forum.text_label")).fill("Un anno fa dormivo due ore. Oggi **sei**, e la mattina apro la finestra.")
		if !m.teller.withoutJS {
			teller.accessible()
		}
		teller.picture("story-new-" + m.name)
		teller.button(teller.text("forum.publish")).click()
		teller.arrive(`/forum/held/[^/]+`)
		held := teller.path()
		teller.find("h1").says(teller.text("kind.story_wait"))
		teller.find(".notice").first().says(teller.text("kind.story_none_yet"))
		teller.picture("story-waits-" + m.name)

		reader := ch.open(t, "who reads, "+m.name, there, m.readers)
		reader.forgive("status of 404") // what is gone
		reader.signIn("Vento di lago")
		reader.visit("/forum/categories/giorno-per-giorno?kind=story")
		require.NotContains(t, reader.find("main").inner(), title, "nobody reads it yet")

		// The tutor says yes; then it is changed, and that yes is gone.
		tommaso := ch.open(t, "Tommaso, "+m.name, there, m.readers)
		tommaso.signIn("Tommaso")
		tommaso.visit("/moderation")
		tommaso.link(title).click()
		tommaso.button(tommaso.text("kind.story_yes")).click()
		tommaso.find("main").says(tommaso.text("done.story_approved"))
		teller.visit(held)
		teller.find(".notice").first().says(teller.text("kind.story_wants_peer"))
		teller.link(teller.text("forum.edit")).click()
		teller.field(teller.text("forum.text_label")).fill("Un anno fa dormivo due ore. Oggi **sette**, e la mattina apro la finestra.")
		teller.button(teller.text("forum.edit_save")).click()
		teller.arrive(`/forum/held/[^/]+`)
		teller.find(".notice").first().says(teller.text("kind.story_none_yet"))

		marta := ch.open(t, "Marta, "+m.name, here, manner{width: 360, language: "en", withoutJS: m.readers.withoutJS})
		marta.signIn("Marta")
		for _, w := range []*window{marta, tommaso} {
			w.visit("/moderation")
			w.link(title).click()
			w.picture("story-decide-" + m.name)
			w.button(w.text("kind.story_yes")).click()
		}
		tommaso.find("main").says(tommaso.text("done.held_published"))

		reader.visit("/forum/categories/giorno-per-giorno?kind=story")
		reader.picture("story-list-" + m.name)
		reader.link(title).click()
		reader.arrive(`/forum/threads/[^/]+`)
		reader.find(".post-text strong").reads("sette")
		reader.find(".story-line").says(reader.text("kind.story_line"))
		thread := reader.path()
		if !m.readers.withoutJS {
			reader.awaitLine()
			reader.accessible()
		}
		reader.picture("story-" + m.name)
		teller.visit(thread)
		teller.picture("story-own-" + m.name)
		teller.button(teller.text("kind.story_withdraw")).click()
		teller.find("main").says(teller.text("done.story_withdrawn"))

		if m.readers.withoutJS {
			res, err := reader.Reload()
			require.NoError(t, err)
			assert.Equal(t, http.StatusNotFound, res.Status())
		} else {
			reader.arrive(`/forum`)
		}
		for _, who := range []*window{reader, tommaso, teller} {
			for _, path := range []string{"/forum", "/forum/categories/giorno-per-giorno", "/forum/search?q=sonno"} {
				who.visit(path)
				require.NotContains(t, who.find("main").inner(), title, path)
			}
		}
	}
	c.holdInvariants(t)
}

// TestArticle: a tutor publishes, and it is read in peace.
func TestArticle(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	ch := newChromium(t)
	tommaso := ch.open(t, "Tommaso", c.instances[0], manner{})
	tommaso.signIn("Tommaso")
	tommaso.visit("/forum/categories/giorno-per-giorno")
	tommaso.link(tommaso.text("kind.open_publication")).click()
	tommaso.field(tommaso.text("forum.title_label")).fill("La prima visita al Centro, passo per passo")
	tommaso.field(tommaso.text("kind.abstract_label")).fill("Chi ti accoglie, quanto dura e che cosa puoi chiedere, anche se non sai da dove cominciare.")
	tommaso.field(tommaso.text("kind.publication_text")).fill("La prima volta ti accoglie un'infermiera.\n\n## Quanto dura\n\nCirca un'ora.\n\n## Che cosa puoi chiedere\n\nTutto.\n\n- con chi parli\n- chi legge quello che dici")
	tommaso.field(tommaso.text("kind.closed_label")).check()
	tommaso.find("[data-draft-state]").says(tommaso.text("forum.draft_kept"))
	tommaso.accessible()
	tommaso.picture("article-new")
	tommaso.button(tommaso.text("forum.publish")).click()
	tommaso.arrive(`/forum/threads/[^/]+(#post-1)?`)
	thread := tommaso.path()

	reader := ch.open(t, "who reads", c.instances[0], manner{width: 360, dark: true})
	reader.signIn("Girasole")
	reader.visit("/forum/categories/giorno-per-giorno")
	reader.find(".abstract").first().says("Chi ti accoglie")
	reader.accessible()
	reader.picture("article-list")
	reader.visit(thread)
	reader.find(".post-article h2").reads("Quanto dura", "Che cosa puoi chiedere")
	reader.find(".thread-end").says(reader.text("kind.closed_to_replies"))
	reader.accessible()
	reader.picture("article")
	tommaso.visit(thread)
	tommaso.picture("article-wide")
}
