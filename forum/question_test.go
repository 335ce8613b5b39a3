package forum

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

// waiting are the titles of the questions that wait for an answer, as somebody sees them.
func (w *town) waiting(actor account.Actor) (list []string) {
	w.t.Helper()
	l, err := w.UnansweredQuestions(w.t.Context(), actor, Cursor{}, 100)
	require.NoError(w.t, err)
	for _, q := range l.Questions {
		list = append(list, q.Thread.Title)
	}
	return list
}

// TestQuestion_answeredByPeer: of a question to the ESPs only what one of them wrote is the answer, whoever marks it.
func TestQuestion_answeredByPeer(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	asker, esp, senior, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleSenior), w.as(account.RoleTutor)
	r, err := w.opens(asker, "members", KindQuestion, "Come si comincia")
	require.NoError(t, err)
	byTutor, byESP, bySenior, byAsker := w.answer(tutor, r.Thread, "Uno."), w.answer(esp, r.Thread, "Due."), w.answer(senior, r.Thread, "Tre."), w.answer(asker, r.Thread, "Quattro.")
	for _, actor := range []account.Actor{asker, esp} {
		for _, p := range []Receipt{byTutor, byAsker} {
			_, err := w.MarkAnswer(ctx, actor, p.Post)
			require.ErrorIs(t, err, ErrAnswerByPeer)
		}
		for _, p := range []Receipt{byESP, bySenior} {
			_, err := w.MarkAnswer(ctx, actor, p.Post)
			require.NoError(t, err)
		}
	}
	l, err := w.Posts(ctx, asker, r.Thread, 0, 10)
	require.NoError(t, err)
	var can []bool
	for _, p := range l.Posts {
		can = append(can, l.CanAnswer(&p))
	}
	assert.Equal(t, []bool{false, false, true, true, false}, can, "the page offers it where it may be done")
	l, err = w.Posts(ctx, w.as(account.RoleFamily), r.Thread, 0, 10)
	require.NoError(t, err)
	assert.False(t, l.CanAnswer(&l.Posts[2]))

	other, err := w.opens(asker, "members", KindDiscussion, "Due parole")
	require.NoError(t, err)
	_, err = w.MarkAnswer(ctx, asker, w.answer(tutor, other.Thread, "Anche io.").Post)
	require.NoError(t, err, "a discussion is answered by anybody")
}

// TestUnansweredQuestions: ESPs and tutors see what waits, in every category that they read, until an answer is marked; when that goes, the question waits again.
func TestUnansweredQuestions(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	asker, family, esp, senior, tutor := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP), w.as(account.RoleSenior), w.as(account.RoleTutor)
	for role, actor := range w.roles {
		_, err := w.UnansweredQuestions(ctx, actor, Cursor{}, 10)
		switch role {
		case account.RoleESP, account.RoleSenior, account.RoleTutor:
			require.NoError(t, err)
		case account.RoleVisitor:
			require.Equal(t, errs.Unauthenticated, errs.KindOf(err))
		default:
			require.Contains(t, []errs.Kind{errs.Forbidden, errs.NotFound}, errs.KindOf(err), role)
		}
	}
	w.open(asker, "members", "Non è una domanda", calm)
	first, err := w.opens(asker, "members", KindQuestion, "Prima")
	require.NoError(t, err)
	_, err = w.opens(family, "family", KindQuestion, "Seconda")
	require.NoError(t, err)
	assert.Equal(t, []string{"Seconda", "Prima"}, w.waiting(senior))
	elsewhere := w.category(w.b, "members", ForMembers)
	_, err = w.OpenThread(ctx, w.other, NewThread{Category: "members", Kind: KindQuestion, Title: "Di un altro Servizio", Text: calm, CID: newCID()})
	require.NoError(t, err)
	require.False(t, elsewhere.IsZero())
	assert.Equal(t, []string{"Seconda", "Prima"}, w.waiting(esp))

	reply := w.answer(esp, first.Thread, "Ecco.")
	assert.Len(t, w.waiting(esp), 2, "a reply is no answer before somebody says so")
	_, err = w.MarkAnswer(ctx, asker, reply.Post)
	require.NoError(t, err)
	assert.Equal(t, []string{"Seconda"}, w.waiting(esp))
	_, err = w.UnmarkAnswer(ctx, asker, reply.Post)
	require.NoError(t, err)
	assert.Len(t, w.waiting(esp), 2)
	_, err = w.MarkAnswer(ctx, asker, reply.Post)
	require.NoError(t, err)
	_, err = w.DeletePost(ctx, esp, reply.Post)
	require.NoError(t, err)
	assert.Equal(t, []string{"Seconda", "Prima"}, w.waiting(esp))
	hidden := w.answer(esp, first.Thread, "Ecco, di nuovo.")
	_, err = w.MarkAnswer(ctx, asker, hidden.Post)
	require.NoError(t, err)
	assert.Equal(t, []string{"Seconda"}, w.waiting(esp))
	w.hide(w.answer(esp, first.Thread, "Un'altra."), "Insulta.")
	assert.Equal(t, []string{"Seconda"}, w.waiting(esp))
	w.hide(hidden, "Insulta.")
	assert.Equal(t, []string{"Seconda", "Prima"}, w.waiting(esp), "nobody reads the answer any more")
	require.NoError(t, w.LockThread(ctx, tutor, first.Thread, why))
	assert.Equal(t, []string{"Seconda"}, w.waiting(esp), "where nobody can answer none waits")

	l, err := w.UnansweredQuestions(ctx, esp, Cursor{}, 1)
	require.NoError(t, err)
	assert.True(t, l.Older.At.IsZero())
	require.NoError(t, w.UnlockThread(ctx, tutor, first.Thread))
	l, err = w.UnansweredQuestions(ctx, esp, Cursor{}, 1)
	require.NoError(t, err)
	require.Equal(t, "Seconda", l.Questions[0].Thread.Title)
	l, err = w.UnansweredQuestions(ctx, esp, l.Older, 1)
	require.NoError(t, err)
	require.Equal(t, "Prima", l.Questions[0].Thread.Title)
}

// TestPlanOfUnanswered: the list reads one page's rows by its index.
func TestPlanOfUnanswered(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.fill(2000)
	_, err := w.pool.Exec(t.Context(), `update forum_threads set kind = 'question', created_at = last_post_at, answer = case when random() < 0.9 then 2 end`)
	require.NoError(t, err)
	_, err = w.pool.Exec(t.Context(), `analyze forum_threads`)
	require.NoError(t, err)
	esp := w.as(account.RoleESP)
	require.NotEmpty(t, w.waiting(esp))
	for _, before := range []Cursor{{}, {At: time.Now().Add(-1900 * time.Minute)}} {
		used := false
		for _, n := range w.explain(unansweredSQL, w.a, esp.ID, []CategoryID{w.members, w.family}, before.at(), before.ID.String(), ThreadsPerPage+1) {
			used = used || n.Index == "forum_threads_unanswered"
			if n.ours() && n.Table != "forum_categories" {
				assert.NotContains(t, n.Type, "Seq Scan")
				assert.LessOrEqual(t, n.Rows*n.Loops, float64(3*(ThreadsPerPage+1)), "%s %s", n.Type, n.Index)
			}
		}
		assert.True(t, used)
	}
}

// TestMigrateQuestions: a forum with questions gets its index.
func TestMigrateQuestions(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	_, err := w.opens(w.as(account.RoleMember), "members", KindQuestion, "Di prima")
	require.NoError(t, err)
	w.migrateFrom(17)
	assert.Equal(t, []string{"Di prima"}, w.waiting(w.as(account.RoleESP)))
}
