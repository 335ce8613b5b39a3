package e2e

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTutorCalledAtNight: with nobody on shift a post in the forum says that somebody is in danger. A tutor is told by mail, signs in from the letter, and has the alert after two presses.
func TestTutorCalledAtNight(t *testing.T) {
	t.Parallel()
	mail := newMailServer(t)
	c := newCluster(t, 2, func(in *instance) {
		in.env = append(in.env, "PONTI_MAIL_SERVER=smtp://"+mail.address, "PONTI_MAIL_FROM=ponti@example.org")
	})
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)
	evening := ch.open(t, "Tommaso in the evening", here, manner{})
	evening.signIn("Tommaso")
	evening.visit("/reach")
	evening.field(evening.text("moderation.reach_address")).fill("tommaso@example.org")
	evening.button(evening.text("moderation.reach_send_code")).click()
	evening.find("main").says(evening.text("moderation.reach_waits"))
	evening.field(evening.text("moderation.reach_code")).fill(regexp.MustCompile(`\b\d{6}\b`).FindString(mail.await(t, 1)))
	evening.button(evening.text("moderation.reach_confirm")).click()
	evening.find(".reach").says("tommaso@example.org")
	evening.visit("/console")
	evening.find("main").says(evening.text("console.empty_title"))
	evening.awaitLine()

	member := ch.open(t, "Girasole", there, manner{})
	member.signIn("Girasole")
	member.visit("/forum/categories/giorno-per-giorno")
	member.link(member.text("forum.open_thread")).click()
	member.field(member.text("forum.title_label")).fill("Stanotte")
	member.field(member.text("forum.text_label")).fill("Ho deciso. Stanotte voglio farla finita, mi uccido.")
	member.button(member.text("forum.publish")).click()
	member.arrive(`/forum/held/[^/]+`) // a post without cover is read first

	letter := mail.await(t, 2)
	link := regexp.MustCompile(`/console/[0-9a-f-]{36}`).FindString(letter)
	require.NotEmpty(t, link)
	evening.find("main").says(evening.text("console.told_away")) // a console that was left open says so too, without a reload

	night := ch.open(t, "Tommaso at night", there, manner{width: 360, dark: true})
	night.visit(link)
	night.arrive(`/sign-in\?next=.+`)
	night.find(`form[action="/sign-in"] [name=alias]`).fill("Tommaso")
	night.find(`form[action="/sign-in"] [name=password]`).fill(demoPassword(t))
	night.button(night.text("account.sign_in_go")).click()
	night.arrive(link)
	night.find(".console-open").says(night.text("console.told_away"))
	night.accessible()
	night.picture("called")
	night.find(".console-open form[action$='/answer'] button").click()
	night.find(".opened").says("Girasole")
	night.picture("called-open")
	night.find(".opened form[action$='/acknowledge'] button").click()
	night.find(".opened").says(night.text("console.you_have_it"))
	c.holdInvariants(t)
}
