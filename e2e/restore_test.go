package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ponti/internal/history"
)

// TestRestore is F28, but for what was erased meanwhile: the database is brought back as it was some minutes ago. Whoever is still there forgets what the backup does not
// know, and shows what it does, each once; an alarm that somebody had closed since is open again and climbs.
func TestRestore(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	a, b := c.instances[0], c.instances[1]
	marta, _ := staffed(t, b, a, "Marta", "Tommaso")
	tommaso := signIn(t, a, "localhost", "Tommaso")
	k := meet(t, enter(t, a), marta, nil)
	stop := k.talk()
	k.awaitAcks(t, 8)
	k.guest.post(t, k.room, crisisSentence)
	k.awaitAcks(t, 2)
	stop()
	require.NoError(t, within(patience, func() error { return k.answeredAll() }))
	raised := func() (open, closed int) {
		t.Helper()
		require.NoError(t, c.connect(t).QueryRow(t.Context(), `select count(*) filter (where state <> 'closed'), count(*) filter (where state = 'closed') from moderation_escalations`).Scan(&open, &closed))
		return open, closed
	}
	open, _ := raised()
	require.Equal(t, 1, open)

	data, kept := filepath.Join(c.dir, "pg"), filepath.Join(c.dir, "backup")
	c.stopPostgres(t)
	copyOf(t, data, kept)
	c.startPostgres()
	for _, in := range c.instances {
		in.awaitReady()
	}

	// What happens after the backup.
	stop = k.talk()
	k.awaitAcks(t, 6)
	stop()
	require.NoError(t, within(patience, func() error { return k.answeredAll() }))
	alert := tommaso.open(t, "/console").href(t, `a[href^="/console/"]`)
	tommaso.open(t, alert).form(t, `.opened form[action$="/acknowledge"]`).submit(t).form(t, `.opened form[action$="/close"]`).fill(t, "outcome", "talked").fill(t, "note", "Si è calmata.").submit(t)
	open, closed := raised()
	require.Equal(t, []int{0, 1}, []int{open, closed})

	for _, in := range c.instances {
		in.kill()
	}
	c.stopPostgres(t)
	require.NoError(t, os.RemoveAll(data))
	copyOf(t, kept, data)
	c.startPostgres()
	out, err := c.command(program, "restored").CombinedOutput()
	require.NoError(t, err, "%s", out)
	c.startAll()

	for _, d := range k.inside() {
		require.NoError(t, within(patience, func() error {
			if len(d.frames("resync")) == 0 || !d.isLive() {
				return fmt.Errorf("%s does not know that history is another", d.name)
			}
			return nil
		}))
	}
	require.NoError(t, within(patience, func() error {
		if open, closed := raised(); open != 1 || closed != 0 {
			return fmt.Errorf("%d open, %d closed", open, closed)
		}
		return nil
	}))
	require.NoError(t, within(patience, func() error {
		if p, err := tommaso.get("/console"); err != nil || p.doc.Find(`a[href^="/console/"]`).Length() == 0 {
			return errors.New("nobody is asked about the alarm that the backup still knows as open")
		}
		return nil
	}))
	// From here on as ever, in the new history.
	fresh := &history.History{}
	d := openDevice(t, k.guest, "the person's new window", fresh, k.room, places(a))
	d.awaitLive(t)
	cid := k.say(k.esp, 5000)
	require.NoError(t, within(converged, func() error {
		for _, e := range fresh.All() {
			if e.Step == history.Shown && e.CID == cid {
				return nil
			}
		}
		return errors.New("the new message did not arrive")
	}))
	c.holdInvariants(t)
}

// answeredAll says who still waits for an answer.
func (k *conversation) answeredAll() error {
	for _, d := range k.inside() {
		if n := d.unanswered(); n > 0 {
			return fmt.Errorf("%s waits for %d answers", d.name, n)
		}
	}
	return nil
}

func (d *device) unanswered() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.outbox)
}

// copyOf copies a directory with its owners, which PostgreSQL insists on.
func copyOf(t *testing.T, from, to string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "cp", "-a", from, to).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// stopPostgres ends it in peace.
func (c *cluster) stopPostgres(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	require.NoError(t, c.postgres.Stop(ctx))
}
