package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var letterLink = regexp.MustCompile(`/digest/(confirm|leave)/[A-Z0-9]+`)

// linkOf is where the last link of a letter leads, whose lines are cut for the way.
func linkOf(t *testing.T, letter string) string {
	t.Helper()
	all := letterLink.FindAllString(strings.NewReplacer("=\r\n", "", "\r\n ", "").Replace(letter), -1)
	require.NotEmpty(t, all, letter)
	return all[len(all)-1]
}

// TestToldWhileAway: somebody says when and where they are told what is new to them, is told once by each way in words that betray nothing, finds where they are called by name and what
// came since they were last there, and ends it with one click in a letter.
func TestToldWhileAway(t *testing.T) {
	t.Parallel()
	mail, push := newMailServer(t), newPushService(t)
	c := newCluster(t, 2, func(in *instance) {
		in.env = append(in.env, "PONTI_MAIL_SERVER=smtp://"+mail.address, "PONTI_MAIL_FROM=ponti@example.org",
			"PONTI_PUSH_HOSTS="+strings.TrimPrefix(push.URL, "https://"), "SSL_CERT_FILE="+push.certificate)
	})
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)
	signIn(t, here, "localhost", "Amelia").holds(t, "0")
	author, self := signIn(t, here, "localhost", "Girasole"), signIn(t, here, "localhost", "Vento di lago")
	thread := author.opens(t, "Il sentiero lungo il fiume", "Prima riga.")
	self.open(t, thread).form(t, ".forum-form").fill(t, "text", "Ci sono anch'io.").submit(t)

	w := ch.open(t, "the reader", here, manner{width: 360})
	push.subscribes(t, w)
	w.signIn("Vento di lago")
	w.visit("/forum")
	w.link(w.text("digest.link")).click()
	w.arrive("/forum/digest")
	w.picture("digest-empty")
	w.accessible()
	w.find("input[name=every][value=day]").click()
	w.button(w.text("digest.save")).click()
	w.find(".notice").first().says(w.text("done.digest_saved"))
	w.find("main").says(w.text("digest.no_where"))
	w.forgive("422") // what is no address
	w.field(w.text("digest.address")).fill("vento")
	w.button(w.text("digest.ask")).click()
	w.find(".error-summary").says(w.text("digest.address_broken"))
	w.field(w.text("digest.address")).holds("vento")
	w.picture("digest-mistake")
	w.field(w.text("digest.address")).fill("vento@example.org")
	w.button(w.text("digest.ask")).click()
	w.find(".way").says(w.text("digest.waits"))
	asks := mail.await(t, 1)
	w.visit(linkOf(t, asks))
	w.picture("digest-confirm")
	w.accessible()
	w.button(w.text("digest.go_confirm")).click()
	w.find("main").says(w.text("digest.lead_confirmed"))
	w.link(w.text("digest.link")).click()
	w.button(w.text("digest.push_button")).click()
	w.find(".way").last().says(strings.TrimSpace(w.text("digest.device", "Name", "")))
	w.shows(`async () => (await navigator.serviceWorker.getRegistrations()).some((r) => r.active)`, "no worker waits to be woken")
	w.field(w.text("digest.quiet_from")).fill("22:30")
	w.field(w.text("digest.quiet_to")).fill("07:00")
	w.button(w.text("digest.quiet_save")).click()
	w.field(w.text("digest.quiet_from")).holds("22:30")
	w.picture("digest")
	w.accessible()
	english := ch.open(t, "the reader in English", there, manner{language: "en", dark: true})
	english.signIn("Vento di lago")
	english.visit("/forum/digest")
	english.picture("digest-english")
	english.accessible()
	w.field(w.text("digest.quiet_from")).fill("")
	w.field(w.text("digest.quiet_to")).fill("")
	w.button(w.text("digest.quiet_save")).click()
	w.find(".notice").first().says(w.text("done.digest_quiet"))

	author.open(t, thread).form(t, ".forum-form").fill(t, "text", "Ti aspettavo, @Vento di lago.\n\n> @Vento di lago ha scritto").submit(t)
	other := author.opens(t, "Il lago al mattino", "Una nebbia leggera.")
	db := c.connect(t)
	_, err := db.Exec(t.Context(), `update forum_digest_ways set due_at = now(), told_until = now() - interval '1 hour'`)
	require.NoError(t, err)
	letter := mail.await(t, 2)
	push.await(t, 1)
	for _, betrays := range []string{"sentiero", "Ti aspettavo", "Girasole", "Vento di lago", thread} {
		require.NotContains(t, letter, betrays)
	}
	require.Contains(t, letter, "/forum")
	require.NoError(t, within(patience, func() error {
		var open int
		if err := db.QueryRow(t.Context(), `select count(*) from forum_digest_ways where told_at is null or due_at <= now()`).Scan(&open); err != nil || open > 0 {
			return errNotYet
		}
		return nil
	}))

	// Where they are called stands first, and what came since they were last there; both are gone when they have been read, on any device.
	_, err = db.Exec(t.Context(), `update forum_visits set seen_at = seen_at - interval '5 hours', before_at = before_at - interval '5 hours'`)
	require.NoError(t, err)
	w.visit("/forum")
	w.find(".news .badge").first().says(w.text("mention.badge"))
	w.find("#since").says(w.text("visit.title"))
	w.find("main").says("Il lago al mattino")
	w.picture("forum-since")
	w.accessible()
	english.visit("/forum")
	english.picture("forum-since-english")
	w.link("Il sentiero lungo il fiume").first().click()
	w.find("#post-3 .mention").reads("@Vento di lago")
	w.picture("mention")
	w.accessible()
	w.visit(other)
	english.visit("/forum")
	require.Zero(t, english.find(".news").count())

	w.visit(linkOf(t, letter))
	w.picture("digest-leave")
	w.accessible()
	w.button(w.text("digest.go_leave")).click()
	w.find("main").says(w.text("digest.lead_left"))
	w.visit("/forum/digest")
	require.Equal(t, 1, w.find(".way").count(), "the device is another thing")
	require.NotContains(t, w.ask("() => document.documentElement.innerText"), "vento@example.org")
	mail.mu.Lock()
	require.Len(t, mail.letters, 2, "two instances, one digest")
	mail.mu.Unlock()
	for _, in := range c.instances {
		require.NotContains(t, in.output(), "vento@example.org")
		require.NotContains(t, in.output(), push.URL)
	}
	c.holdInvariants(t)
}
