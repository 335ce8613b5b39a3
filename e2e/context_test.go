package e2e

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadTogether: what somebody says at one instance is read with what was said before it at another, also after the one where it began was killed.
func TestReadTogether(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	a, b := c.instances[0], c.instances[1]
	marta, _ := staffed(t, b, b, "Marta", "Tommaso")
	tommaso := signIn(t, b, "localhost", "Tommaso")
	guest := enter(t, a)
	ask(t, guest)
	room := accept(t, marta)
	alarms := func() (n int) {
		require.NoError(t, c.connect(t).QueryRow(t.Context(), `select count(*) from moderation_escalations where subject_id = $1 and level = 'red'`, room).Scan(&n))
		return n
	}
	guest.post(t, room, "va bene")
	marta.post(t, room, "Te lo chiedo con chiarezza: stai pensando al suicidio?")
	require.Zero(t, alarms())
	a.kill()
	guest.at = b
	guest.post(t, room, "sì")
	require.Equal(t, 1, alarms(), "in the transaction of the answer")
	require.NoError(t, within(patience, func() error {
		if p, err := tommaso.get("/console"); err != nil || p.doc.Find(`a[href^="/console/"]`).Length() == 0 {
			return errors.New("nobody is asked")
		}
		return nil
	}))
	p := tommaso.open(t, tommaso.open(t, "/console").href(t, `a[href^="/console/"]`))
	require.Contains(t, p.text(".causes"), "Ha risposto di sì a una domanda")
	require.Contains(t, p.text(".causes"), "conta insieme a quello che è stato detto prima")
	c.holdInvariants(t)
}
