package e2e

import "testing"

// TestTutorHandsOver: a tutor hands an alert to a colleague on another instance, who sees it without a reload, takes it and goes on with the person.
func TestTutorHandsOver(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)

	tommaso := ch.open(t, "Tommaso", here, manner{width: 360, dark: true})
	tommaso.signIn("Tommaso")
	tommaso.goOn()
	teresa := ch.open(t, "Teresa", there, manner{language: "en"})
	marta := ch.open(t, "Marta", there, manner{})
	marta.signIn("Marta")
	marta.goOn()
	guest := ch.open(t, "guest", here, manner{width: 360})
	alias := guest.enter()
	guest.button(guest.text("chat.ask_go")).click()
	guest.link(guest.text("chat.help_now")).click()
	guest.button(guest.text("chat.help_go")).click()
	tommaso.visit("/console")
	tommaso.awaitLine()
	tommaso.button(tommaso.text("console.acknowledge")).click()
	tommaso.find("summary:has-text('" + tommaso.text("console.hand_over_title") + "')").click()
	tommaso.find("main").says(tommaso.text("console.hand_over_nobody"))
	teresa.signIn("Teresa")
	teresa.goOn()
	teresa.visit("/console")
	teresa.awaitLine()
	tommaso.visit(tommaso.path())
	tommaso.button(tommaso.text("console.join")).click()
	tommaso.arrive("/rooms/[^/]+")
	tommaso.inRoom()
	guest.arrive("/rooms/[^/]+")
	guest.inRoom()
	guest.say("Grazie che ci sei.")
	room := tommaso.path()
	tommaso.visit("/console")
	tommaso.link(alias).click()
	tommaso.find("summary:has-text('" + tommaso.text("console.hand_over_title") + "')").click()
	tommaso.field("Teresa").check()
	tommaso.accessible()
	tommaso.picture("hand-over")
	tommaso.button(tommaso.text("console.hand_over")).click()
	tommaso.find("main").says(tommaso.text("done.handed"))

	teresa.find("#handed").seen() // without a reload
	teresa.accessible()
	teresa.picture("handed")
	teresa.button(teresa.text("console.take_over")).click()
	teresa.find("main").says(teresa.text("console.you_have_it"))
	teresa.button(teresa.text("console.join")).click()
	teresa.arrive("/rooms/[^/]+")
	teresa.inRoom()
	teresa.find("#messages").says("Grazie che ci sei.")
	guest.find(".room-people").says("Teresa")
	guest.say("Ciao Teresa.")
	teresa.find("#messages .message").last().says("Ciao Teresa.")
	tommaso.forgive("404")
	_, err := tommaso.Goto(room)
	if err != nil {
		t.Fatal(err)
	}
	tommaso.shows(`() => !document.body.textContent.includes("Ciao Teresa")`, "who handed it over reads on")
	c.holdInvariants(t)
}
