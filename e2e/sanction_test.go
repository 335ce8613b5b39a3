package e2e

import "testing"

// TestSanction: a tutor decides that somebody does not come in for a day. Their windows on both instances are out at once; they read for how long
// where they sign in, and why once it is lifted.
func TestSanction(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)

	signIn(t, here, "localhost", "Amelia").holds(t, "0")
	author := ch.open(t, "the author", here, manner{width: 360, dark: true})
	author.signIn("Vento di lago")
	author.visit("/forum/categories/giorno-per-giorno/new")
	author.field(author.text("forum.title_label")).fill("Una risposta a tutti")
	author.field(author.text("forum.text_label")).fill("Siete tutti degli stupidi.")
	author.button(author.text("forum.publish")).click()
	author.arrive(`/forum/threads/[^/]+`)
	thread := author.path()
	author.visit("/notices")
	author.awaitLine()
	tablet := ch.open(t, "the author's other device", there, manner{})
	tablet.signIn("Vento di lago")
	tablet.visit("/notices")
	tablet.awaitLine()

	reporter := ch.open(t, "the reporter", there, manner{})
	reporter.signIn("Girasole")
	reporter.visit(thread)
	reporter.find(".post-actions a[href*='/report/']").click()
	reporter.field(reporter.text("moderation.reason_harassment")).check()
	reporter.button(reporter.text("moderation.report")).click()
	reporter.find("h1").says(reporter.text("moderation.reported_title"))

	tommaso := ch.open(t, "Tommaso", there, manner{width: 360, language: "en"})
	tommaso.signIn("Tommaso")
	tommaso.visit("/moderation")
	tommaso.link("Una risposta a tutti").click()
	tommaso.button(tommaso.text("moderation.claim")).click()
	tommaso.accessible()
	tommaso.picture("sanction")
	tommaso.find("input[name=decision][value=none]").check()
	tommaso.find("input[name=sanction][value=ban]").check()
	tommaso.find("textarea[name=statement]").fill("Insulta chi legge.")
	author.forgive("401")
	tablet.forgive("401")
	tommaso.button(tommaso.text("moderation.decide")).click()
	tommaso.find("main").says(tommaso.text("done.case_decided"))
	for _, w := range []*window{author, tablet} {
		w.arrive("/sign-in.*") // by itself
	}
	author.forgive("status of 422")
	comeIn := func() {
		author.find(`form[action="/sign-in"] [name=alias]`).fill("Vento di lago")
		author.find(`form[action="/sign-in"] [name=password]`).fill(demoPassword(t))
		author.button(author.text("account.sign_in_go")).click()
	}
	comeIn()
	author.find(".error-summary").says("112")
	author.accessible()
	author.picture("suspended")

	tommaso.visit("/moderation")
	tommaso.find(".in-force").says("Vento di lago")
	tommaso.accessible()
	tommaso.picture("in-force")
	tommaso.button(tommaso.text("moderation.exclude", "Alias", "Vento di lago")).click()
	tommaso.find(".in-force").says(tommaso.text("moderation.exclude_asked"))
	tommaso.button(tommaso.text("moderation.lift", "Alias", "Vento di lago")).click()
	tommaso.find("main").says(tommaso.text("done.sanction_lifted"))
	comeIn()
	author.find(".bottom-who").says("Vento di lago")
	author.visit("/notices")
	author.find(".notices").says("Insulta chi legge.")
	author.find(".notices").says(author.text("moderation.notice_lifted"))
	author.accessible()
	author.picture("sanction-notices")
	c.holdInvariants(t)
}
