package e2e

import (
	"path"
	"strings"
	"testing"
)

// proposes has both administrators of the scene propose something: who looks has one of their own, and one to decide about.
func (s *scene) proposes(t *testing.T) {
	t.Helper()
	adele := signIn(t, s.at, "localhost", "Adele")
	adele.open(t, "/categories/proposals/new").form(t, `form[action="/categories/proposals"]`).fill(t, "title", "Lavoro e "+strings.Repeat("precipitevolmente", 5)).
		fill(t, "audience", "members").fill(t, "rules", "Parla di te.\n\nNon di chi lavora con te.").fill(t, "why", "In molti ne parlano. "+strings.Repeat("Precipitevolissimevolmente", 6)).submit(t)
	s.values["proposal"] = path.Base(adele.open(t, "/categories").href(t, ".proposal a"))
	s.people["admin"].open(t, "/categories/familiari").form(t, `form[action$="/archive"]`).fill(t, "why", "Non ci scrive più nessuno.").submit(t)
	s.values["archiving"] = path.Base(adele.open(t, "/categories").href(t, ".category a.badge"))
}

// TestArrangeTheForum: one administrator proposes a category and cannot approve it; another does, at another instance, and members find it at once. Together they
// archive it: who has a thread of it open sees that nobody writes there any more. One of them has scripts switched off.
func TestArrangeTheForum(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	signIn(t, here, "localhost", "Amelia").holds(t, "0")
	ch := newChromium(t)
	const why, title = "In molti parlano di lavoro, e si perdono tra le altre cose.", "Il lavoro e le giornate"

	amelia := ch.open(t, "Amelia", here, manner{width: 360, withoutJS: true})
	amelia.signIn("Amelia")
	amelia.visit("/categories")
	amelia.picture("desk-360-light")
	amelia.link(amelia.text("desk.propose")).click()
	amelia.forgive("status of 4(22|09)")
	amelia.field(amelia.text("desk.name")).fill(title)
	amelia.field(amelia.text("forum.rules_label")).fill("Parla di te, non di chi lavora con te.")
	amelia.field(amelia.text("desk.why")).fill(why)
	amelia.button(amelia.text("desk.propose_send")).click()
	amelia.find(".error-summary").says(amelia.text("desk.audience_missing"))
	amelia.field(amelia.text("desk.why")).holds(why)
	amelia.picture("desk-propose-wrong-360-light")
	amelia.find("input[name=audience][value=members]").check()
	amelia.button(amelia.text("desk.propose_send")).click()
	amelia.find("main").says(amelia.text("done.second_awaited"))
	amelia.link(amelia.text("desk.kind_create", "Title", title)).click()
	amelia.find("main").says(amelia.text("desk.needs_other"))
	amelia.picture("desk-own-360-light")
	proposal := amelia.path()

	girasole := ch.open(t, "Girasole", here, manner{})
	girasole.signIn("Girasole")
	girasole.visit("/forum")
	girasole.shows(`(title) => !document.body.textContent.includes(title)`, "one is not enough", title)

	adele := ch.open(t, "Adele", there, manner{dark: true, language: "en"})
	adele.signIn("Adele")
	adele.visit("/categories")
	adele.find(".proposal").says(adele.text("desk.needs_you"))
	adele.accessible()
	adele.picture("desk-1280-dark")
	adele.visit(proposal)
	adele.find("main").says(why)
	adele.accessible()
	adele.picture("desk-decide-1280-dark")
	adele.button(adele.text("desk.approve_create")).click()
	adele.find("main").says(adele.text("done.category_create"))
	adele.accessible()
	adele.picture("desk-category-1280-dark")

	// It is where readers look, and one of them writes.
	girasole.visit("/forum")
	girasole.link(title).click()
	girasole.find(".rules").reads("Parla di te, non di chi lavora con te.")
	girasole.link(girasole.text("forum.open_thread")).click()
	girasole.field(girasole.text("forum.title_label")).fill("Il primo giorno")
	girasole.field(girasole.text("forum.text_label")).fill("Oggi ho ricominciato.")
	girasole.button(girasole.text("forum.publish")).click()
	girasole.arrive(`/forum/threads/[^/]+`)
	girasole.find("form.forum-form textarea").seen()
	girasole.awaitLine()
	thread := girasole.path()

	// Its place and its title change; its address stays.
	adele.visit("/categories")
	adele.find("#c-il-lavoro-e-le-giornate").find("input[name=before] + button").click()
	adele.find("main").says(adele.text("done.category_moved"))
	adele.visit("/categories/il-lavoro-e-le-giornate")
	adele.field(adele.text("desk.name")).fill("Lavoro")
	adele.button(adele.text("forum.rules_save")).click()
	adele.find("main").says(adele.text("done.category_saved"))
	adele.field(adele.text("desk.why")).fill("Adesso se ne parla nelle altre.")
	adele.button(adele.text("desk.ask_archive")).click()
	adele.find("main").says(adele.text("done.second_awaited"))
	adele.link(adele.text("desk.look")).click()
	adele.find("main").says(adele.text("desk.means_write"))
	archiving := adele.path()

	amelia.visit(archiving)
	amelia.picture("desk-archive-360-light")
	amelia.button(amelia.text("desk.approve_archive")).click()
	amelia.find("main").says(amelia.text("done.category_archive"))
	amelia.picture("desk-archived-360-light")
	amelia.visit("/categories")
	amelia.picture("desk-full-360-light")

	girasole.find(".thread-end").says(girasole.text("forum.category_archived")) // without a reload
	girasole.visit("/forum")
	girasole.find(".archive").says("Lavoro")
	girasole.accessible()
	girasole.picture("desk-archive-read-1280-light")
	girasole.link("Lavoro").click()
	girasole.find("main").says(girasole.text("forum.category_archived"))
	girasole.accessible()
	girasole.picture("desk-archived-read-1280-light")
	girasole.visit(thread)
	girasole.find(".post-text").says("Oggi ho ricominciato.")
	c.holdInvariants(t)
}
