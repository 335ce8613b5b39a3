package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEraseAccount: somebody erases their access in the middle of a conversation, with a second device signed in on another instance. Within a
// minute nothing of theirs is left, who talked with them sees that it ended, and no open page of theirs hears anything any more.
func TestEraseAccount(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)
	conn := c.connect(t)

	tommaso := ch.open(t, "Tommaso", here, manner{})
	tommaso.signIn("Tommaso")
	tommaso.goOn()
	marta := ch.open(t, "Marta", there, manner{})
	marta.signIn("Marta")
	marta.goOn()
	marta.visit("/desk")
	marta.awaitLine()
	person := ch.open(t, "Vento di lago", here, manner{width: 360})
	person.signIn("Vento di lago")
	person.visit("/waiting")
	person.field(person.text("chat.topic")).fill("Vorrei parlare di casa")
	person.button(person.text("chat.ask_go")).click()
	marta.button(marta.text("chat.offer_accept")).click()
	marta.arrive("/rooms/[^/]+")
	person.arrive("/rooms/[^/]+")
	person.inRoom()
	marta.inRoom()
	person.say("Una cosa che non dirò più.")
	marta.find("#messages .message").last().says("Una cosa che non dirò più.")
	room := person.path()
	phone := ch.open(t, "phone", there, manner{width: 360, dark: true, language: "en"})
	phone.signIn("Vento di lago")
	phone.visit(room)
	phone.inRoom()
	var id string
	require.NoError(t, conn.QueryRow(t.Context(), `select person_id::text from chat_rooms where state = 'open'`).Scan(&id))

	person.visit("/access")
	person.link(person.text("account.erase_link")).click()
	person.arrive("/access/erase")
	person.accessible()
	person.picture("erase")
	person.find("input[name=posts][value=remove]").check()
	person.find("input[name=password]").fill(demoPassword(t))
	person.button(person.text("account.erase_go")).click()
	person.find("main").says(person.text("done.account_erased"))
	person.picture("erased")
	asked := time.Now()

	left := func() (n int) {
		require.NoError(t, conn.QueryRow(t.Context(), `select (select count(*) from chat_rooms where person_id = $1) + (select count(*) from chat_messages where sender_id = $1)
			+ (select count(*) from forum_posts where author_id = $1 and source <> '') + (select count(*) from account_accounts where alias = 'Vento di lago')`, id).Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return left() == 0 }, 60*time.Second, 100*time.Millisecond)
	t.Logf("nothing is left after %s", time.Since(asked).Round(100*time.Millisecond))
	phone.forgive("404|401|/live")
	phone.visit("/access")
	assert.Equal(t, "/sign-in", phone.path())
	marta.forgive("404")
	marta.arrive("/rooms.*")
	marta.find("main").says(marta.text("done.conversation_gone")) // what was said did not stay on her screen
	c.holdInvariants(t)
}
