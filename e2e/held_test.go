package e2e

import "testing"

// TestHeld: what somebody new writes is read before it appears. They see when, an ESP of the category lets it appear from another instance, and from
// then on everybody reads it. All of it with scripts switched off.
func TestHeld(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)

	author := ch.open(t, "the author", here, manner{width: 360, withoutJS: true})
	author.signIn("Girasole")
	author.visit("/forum/categories/giorno-per-giorno/new")
	author.field(author.text("forum.title_label")).fill("La prima volta che scrivo")
	author.field(author.text("forum.text_label")).fill("Leggo da un mese e **adesso** provo a dire qualcosa.")
	author.button(author.text("forum.publish")).click()
	author.arrive(`/forum/held/[^/]+`)
	author.find("h1").says(author.text("forum.held_wait"))
	author.picture("held-author")
	held := author.path()
	author.visit("/forum")
	author.find(".held-own").says("La prima volta che scrivo")
	author.picture("held-own")

	reader := ch.open(t, "a reader", here, manner{withoutJS: true})
	reader.signIn("Vento di lago")
	reader.visit("/forum/categories/giorno-per-giorno")
	reader.shows(`() => !document.body.textContent.includes("La prima volta che scrivo")`, "it was read before it appeared")

	marta := ch.open(t, "Marta", there, manner{width: 360, dark: true, language: "en"})
	marta.signIn("Marta")
	marta.visit("/moderation")
	marta.accessible()
	marta.picture("held-queue")
	marta.link("La prima volta che scrivo").click()
	marta.accessible()
	marta.picture("held-decide")
	marta.button(marta.text("forum.held_publish")).click()
	marta.find("main").says(marta.text("done.held_published"))
	reader.visit("/forum/categories/giorno-per-giorno")
	reader.link("La prima volta che scrivo").click()
	reader.find(".post-text strong").reads("adesso")
	author.visit(held)
	author.arrive(`/forum/threads/[^/]+`)
	c.holdInvariants(t)
}
