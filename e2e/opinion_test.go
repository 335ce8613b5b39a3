package e2e

import (
	"testing"
)

// TestAskForASecondOpinion: a tutor is unsure about a report and asks; another answers; who asked reads it and decides.
func TestAskForASecondOpinion(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	signIn(t, here, "localhost", "Amelia").holds(t, "0")
	thread := signIn(t, here, "localhost", "Vento di lago").opens(t, "Una giornata storta", "Ma che bravi che siete tutti.")
	signIn(t, there, "localhost", "Girasole").report(t, thread)

	ch := newChromium(t)
	tommaso := ch.open(t, "Tommaso", here, manner{width: 360})
	tommaso.signIn("Tommaso")
	tommaso.visit("/moderation")
	tommaso.link("Una giornata storta").click()
	tommaso.button(tommaso.text("moderation.claim")).click()
	tommaso.field(tommaso.text("moderation.case_note")).fill("È ironia, o se la prende con qualcuno?")
	tommaso.accessible()
	tommaso.picture("second-ask")
	tommaso.button(tommaso.text("moderation.second_ask")).click()
	tommaso.find("main").says(tommaso.text("done.second_asked"))

	teresa := ch.open(t, "Teresa", there, manner{dark: true, language: "en"})
	teresa.signIn("Teresa")
	teresa.visit("/moderation")
	teresa.find(".queue").says(teresa.text("moderation.second_is_asked"))
	teresa.accessible()
	teresa.picture("second-queue")
	teresa.link("Una giornata storta").click()
	teresa.find("main").says("È ironia, o se la prende con qualcuno?")
	teresa.forgive("422") // without saying what she would do
	teresa.field(teresa.text("moderation.case_note")).fill("Per chi legge è un insulto.")
	teresa.button(teresa.text("moderation.opinion_give")).click()
	teresa.find(".error-summary").says(teresa.text("moderation.opinion_missing"))
	teresa.field(teresa.text("moderation.case_note")).holds("Per chi legge è un insulto.")
	teresa.field(teresa.text("moderation.opinion_hide")).focus()
	teresa.press("Space")
	teresa.accessible()
	teresa.picture("second-give")
	teresa.button(teresa.text("moderation.opinion_give")).click()
	teresa.find("main").says(teresa.text("done.opinion_given"))

	tommaso.visit("/moderation")
	tommaso.find(".queue").says(tommaso.text("moderation.second_is_given"))
	tommaso.link("Una giornata storta").click()
	tommaso.find("main").says("Per chi legge è un insulto.")
	tommaso.picture("second-given")
	tommaso.button(tommaso.text("moderation.claim")).click()
	tommaso.find("input[name=decision][value=hide]").check()
	tommaso.find("textarea[name=statement]").fill("Si può leggere come un insulto a chi scrive qui.")
	tommaso.button(tommaso.text("moderation.decide")).click()
	tommaso.find("main").says(tommaso.text("done.case_decided"))
	c.holdInvariants(t)
}
