package e2e

import (
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// day is an hour of a day to come, as forms write it.
func day(days int, hour string) string {
	return time.Now().AddDate(0, 0, days).Format(time.DateOnly) + "T" + hour
}

// sits opens a round table in the category for every day, without a script, and gives the path of its thread.
func (b *browser) sits(t *testing.T, title string) string {
	t.Helper()
	return b.open(t, "/forum/categories/giorno-per-giorno/new-round").form(t, ".forum-form").fill(t, "title", title).fill(t, "text", "Che posto vogliamo, e chi lo tiene aperto?").
		fill(t, "agenda", "Quando è aperto\nChi porta il caffè\nLa festa di giugno").fill(t, "stand", day(2, "18:00")).fill(t, "vote", day(4, "18:00")).submit(t).url.Path
}

// stands puts somebody forward to run a table.
func (b *browser) stands(t *testing.T, table, text string) {
	t.Helper()
	b.open(t, table+"/stand").form(t, ".forum-form").fill(t, "text", text).submit(t)
}

// votes gives somebody's vote in the ballot that is open first.
func (b *browser) votes(t *testing.T, table, choice string) {
	t.Helper()
	b.open(t, b.open(t, table).href(t, ".round-ballot a.button")).form(t, ".forum-form").fill(t, "choice", choice).submit(t)
}

// timePasses at all round tables, for what is open.
func (c *cluster) timePasses(t *testing.T) {
	t.Helper()
	conn := c.connect(t)
	for _, sql := range []string{
		`update forum_round_tables set stand_until = now() where phase = 'standing'`,
		`update forum_ballots set opened_at = opened_at - interval '1 day', closes_at = now() where counted_at is null`,
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
}

// elects has the first of some people run a table.
func (c *cluster) elects(t *testing.T, table string, who ...*browser) {
	t.Helper()
	who[0].stands(t, table, "Mi piace ascoltare e tengo l'ora.")
	c.timePasses(t)
	for _, b := range who {
		b.votes(t, table, "1")
	}
	c.timePasses(t)
	require.Contains(t, who[0].open(t, table).text(".round-facts"), "(tu)", "%s", who[0].open(t, table).text(".round"))
}

// rounds makes three round tables: one that runs, one at which people stand, one that waits for an election.
func (s *scene) rounds(t *testing.T, c *cluster) {
	t.Helper()
	long := "Che cosa facciamo della stanza in fondo, e " + strings.Repeat("precipitevolmente", 3)
	member, author, family, esp := s.people["member"], s.people["author"], s.people["family"], s.people["esp"]
	stuck, round := esp.sits(t, "Una tavola che aspetta"), esp.sits(t, long)
	c.elects(t, round, member, author, family)
	member.open(t, round+"/new-ballot").form(t, ".forum-form").fill(t, "text", long+"?").fill(t, "options", "Sì\nNo\n"+strings.Repeat("Precipitevolissimevolmente", 3)).submit(t)
	member.open(t, round+"/minutes").form(t, ".forum-form").fill(t, "text", "Si è parlato della stanza.").submit(t)
	member.open(t, round+"/run").form(t, `form[action$="/guests"]`).fill(t, "alias", "Marta").submit(t)
	author.open(t, round).form(t, `form[action$="/hand"]`).submit(t)
	s.values["round"], s.values["stuck"] = path.Base(round), path.Base(stuck)
	s.values["ballot"] = path.Base(author.open(t, round).href(t, ".round-ballot a.button"))
	s.values["stood"] = path.Base(esp.sits(t, "Una tavola che comincia"))
	author.stands(t, "/forum/threads/"+s.values["stood"], "Se serve ci sono.")
}

// TestRoundTableStory: an ESP opens a table, the people elect who runs it, who gives the word, asks a question and ends it; without scripts for what they do, and with them for who looks on,
// on two instances, on a small telephone and a wide screen, in both languages.
func TestRoundTableStory(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	signIn(t, here, "localhost", "Amelia").holds(t, "0")
	marta := signIn(t, there, "localhost", "Marta")
	lento, pina := signIn(t, here, "localhost", "Passo lento"), signIn(t, there, "localhost", "Zia Pina")
	ch := newChromium(t)
	table := marta.sits(t, "Il bar del centro diurno")

	look := func(w *window, name string) {
		t.Helper()
		w.accessible()
		w.picture("round-" + name)
	}
	girasole := ch.open(t, "Girasole", here, manner{width: 360, withoutJS: true})
	girasole.signIn("Girasole")
	vento := ch.open(t, "Vento di lago", there, manner{width: 1280, dark: true, language: "en"})
	vento.signIn("Vento di lago")
	vento.visit(table)
	vento.awaitLine()
	girasole.visit(table)
	girasole.link(girasole.text("round.stand")).click()
	girasole.picture("round-stand")
	girasole.field(girasole.text("round.stand_text")).fill("Mi piace ascoltare, e tengo l'ora.")
	girasole.button(girasole.text("round.stand_go")).click()
	girasole.arrive(`/forum/threads/[^/]+`)
	vento.find(".round-standers").says("Girasole")
	look(vento, "standing")
	lento.stands(t, table, "Se serve ci sono.")

	c.timePasses(t)
	marta.open(t, table)
	vento.find(".round-state").says(vento.text("round.state_voting"))
	vento.link(vento.text("round.vote_label", "Question", vento.text("round.election_title"))).click()
	look(vento, "vote")
	vento.field("Girasole").check()
	vento.button(vento.text("round.vote_go")).click()
	vento.find("main").says(vento.text("done.round_voted"))
	girasole.visit(table)
	girasole.picture("round-voting")
	pina.votes(t, table, "1")
	lento.votes(t, table, "2")
	vento.awaitLine()
	c.timePasses(t)
	marta.open(t, table)
	vento.find(".round-state").says(vento.text("round.state_running"))
	vento.find(".round-facts").says("Girasole")
	vento.find(".thread-end").says(vento.text("round.end_running"))

	// Who looks on asks, and has the form to write as soon as they have the word.
	vento.button(vento.text("round.ask")).click()
	vento.find(".round-state").says(vento.text("round.its_you"))
	vento.awaitLine()
	look(vento, "asked")
	girasole.visit(table)
	girasole.picture("round-runs")
	girasole.button(girasole.text("round.give_word", "Name", "Vento di lago")).click()
	girasole.button(girasole.text("round.next_point")).click()
	vento.find(".round-facts").says(vento.text("round.you_have_word"))
	vento.find(".point-open").says("Quando è aperto")
	look(vento, "word")
	vento.field(vento.text("forum.answer_label")).fill("Per me anche la domenica mattina.")
	vento.button(vento.text("forum.answer_send")).click()
	vento.find(".posts").says("Per me anche la domenica mattina.")

	girasole.visit(table + "/new-ballot")
	girasole.picture("round-ballot")
	girasole.field(girasole.text("round.question_label")).fill("Apriamo anche la domenica?")
	girasole.field(girasole.text("round.options_label")).fill("Sì\nNo\nUna volta al mese")
	girasole.button(girasole.text("round.ballot_go")).click()
	girasole.arrive(`/forum/threads/[^/]+`)
	vento.find(".round-ballots").says("Apriamo anche la domenica?")
	for b, choice := range map[*browser]string{lento: "1", pina: "1", signIn(t, here, "localhost", "Girasole"): "3"} {
		b.votes(t, table, choice)
	}
	vento.awaitLine()
	c.timePasses(t)
	marta.open(t, table)
	vento.find(".round-votes").first().says("2 votes")
	girasole.visit(table + "/minutes")
	girasole.field(girasole.text("round.minutes_label")).fill("Si apre **una domenica** al mese, per cominciare.")
	girasole.button(girasole.text("forum.publish")).click()
	girasole.arrive(`/forum/threads/[^/]+`)
	girasole.visit(table + "/run")
	girasole.picture("round-run")
	girasole.button(girasole.text("round.finish")).click()
	vento.find(".round-state").says(vento.text("round.state_ended"))
	vento.find(".round-papers").says("Girasole")
	look(vento, "ended")
	girasole.visit(table)
	girasole.picture("round-ended-small")

	esp := ch.open(t, "Marta", here, manner{width: 360})
	esp.signIn("Marta")
	esp.visit(table)
	esp.accessible()
	require.Zero(t, esp.find(".answer").count())
	esp.visit("/forum/categories/giorno-per-giorno/new-round")
	esp.accessible()
	esp.picture("round-form")
	esp.forgive("422")
	esp.button(esp.text("forum.publish")).click()
	esp.find(".error-summary").focused()
	esp.accessible()
	esp.picture("round-form-mistakes")
}
