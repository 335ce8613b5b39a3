package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/internal/history"
)

// TestRestore is F28: the database is brought back as it was some minutes ago. Whoever is still there forgets what the backup does not know, and shows what it
// does, each once; an alarm that somebody had closed since is open again and climbs; and what people had erased since stays erased.
func TestRestore(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, func(in *instance) {
		in.env = append(in.env, "PONTI_ERASURES="+filepath.Join(in.cluster.dir, "erasures"))
	})
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

	// What will be erased: an account with its post, a conversation of somebody else's, and a post.
	leaves, stays := signIn(t, a, "localhost", "Vento di lago"), signIn(t, b, "localhost", "Girasole")
	signIn(t, a, "localhost", "Amelia").holds(t, "0")
	leavesThread := leaves.opens(t, "Una giornata storta", "Non so con chi parlarne.")
	staysThread := stays.opens(t, "Un pensiero", "Questo poi lo tolgo.")
	nico := signIn(t, b, "localhost", "Nico")
	goOn(t, nico)
	ask(t, stays)
	over := accept(t, nico)
	nico.open(t, "/rooms/"+over+"/end").form(t, `form[action$="/end"]`).submit(t)
	db := c.connect(t)
	left := func() (n int) {
		t.Helper()
		require.NoError(t, db.QueryRow(t.Context(), `select (select count(*) from account_accounts where alias = 'Vento di lago') + (select count(*) from chat_rooms where id = $1)
			+ (select count(*) from forum_posts p join forum_threads t on t.id = p.thread_id where t.id = any($2) and p.source <> '')`,
			over, []string{filepath.Base(leavesThread), filepath.Base(staysThread)}).Scan(&n))
		return n
	}
	require.Equal(t, 4, left())

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

	leaves.open(t, "/access/erase").form(t, `form[action="/access/erase"]`).fill(t, "password", demoPassword(t)).fill(t, "posts", "remove").submit(t)
	stays.open(t, "/rooms/"+over+"/erase").form(t, `form[action$="/erase"]`).submit(t)
	stays.open(t, stays.open(t, staysThread).href(t, `a[href$="/delete"]`)).form(t, `form[action$="/delete"]`).submit(t)
	db = c.connect(t)
	require.NoError(t, within(2*time.Minute, func() error { return nothing(left()) }))
	journal := filepath.Join(c.dir, "erasures")
	var lines []byte
	require.NoError(t, within(patience, func() error {
		var err error
		if lines, err = journalIn(journal); err == nil && bytes.Count(lines, []byte("\n")) < 3 {
			err = fmt.Errorf("not all of three erasures are in the journal: %s", lines)
		}
		return err
	}))
	for _, secret := range []string{"Vento di lago", "Girasole", "Non so con chi parlarne", "Un pensiero"} {
		require.NotContains(t, string(lines), secret)
	}

	for _, in := range c.instances {
		in.kill()
	}
	c.stopPostgres(t)
	require.NoError(t, os.RemoveAll(data))
	copyOf(t, kept, data)
	c.startPostgres()
	files, err := filepath.Glob(filepath.Join(journal, "*.jsonl"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	out, err := c.command(program, "restored", "--erased", files[0]).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "Erased again: 1 accounts, 1 conversations, 1 posts.")
	c.startAll()
	db = c.connect(t)
	require.NoError(t, within(2*time.Minute, func() error { return nothing(left()) }))
	files, err = filepath.Glob(filepath.Join(journal, "*.jsonl"))
	require.NoError(t, err)
	require.Len(t, files, 2, "another history has a journal of its own")

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

func nothing(left int) error {
	if left > 0 {
		return fmt.Errorf("%d are still there", left)
	}
	return nil
}

// journalIn is what the instances wrote of erasures.
func journalIn(dir string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(err, errors.New("there is no journal"))
	}
	return os.ReadFile(files[0])
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
