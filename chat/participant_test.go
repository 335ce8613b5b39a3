package chat_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/moderation"
)

// TestReportOfSomebody: whoever talks with somebody can report them; the tutors who decide learn who it is and nothing of the conversation, which is kept meanwhile.
func TestReportOfSomebody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, "Una cosa mia.")
	of := func(n int) moderation.Subject {
		return moderation.Subject{Kind: moderation.SubjectParticipant, ID: fmt.Sprintf("%s/%d", room, n)}
	}
	report := func(a account.Actor, n int) error {
		return w.moderation.FileReport(w.ctx, a, moderation.Report{Subject: of(n), Reason: moderation.ReasonHarassment, Note: "Mi ha chiesto dove abito."})
	}
	require.ErrorIs(t, report(person, 1), moderation.ErrInvolved, "not oneself")
	for _, n := range []int{0, 3, -1} {
		assert.Equal(t, errs.NotFound, errs.KindOf(report(person, n)), n)
	}
	for _, a := range []account.Actor{w.someone(account.RoleGuest), w.onCall(account.RoleESP), w.tutor, w.someone(account.RoleAdmin), w.someoneOf(w.newService("altrove.test"), account.RoleMember)} {
		assert.Equal(t, errs.NotFound, errs.KindOf(report(a, 2)), a.Role)
	}
	require.NoError(t, report(person, 2))
	require.NoError(t, report(person, 2), "again is no error")
	require.NoError(t, report(esp, 1), "and the other way round")

	queue, err := w.moderation.Queue(w.ctx, w.tutor)
	require.NoError(t, err)
	require.Len(t, queue, 2)
	for _, a := range []account.Actor{esp, w.onCall(account.RoleSenior)} {
		q, err := w.moderation.Queue(w.ctx, a)
		require.NoError(t, err)
		assert.Empty(t, q, "what happens in conversations is the tutors' to decide")
	}
	var id moderation.CaseID
	for _, c := range queue {
		assert.Empty(t, c.Excerpt.AuthorAlias, "to read is to open a case")
		if c.Subject == of(2) {
			id = c.ID
		}
	}
	c, err := w.moderation.ShowCase(w.ctx, w.tutor, id)
	require.NoError(t, err)
	assert.Equal(t, esp.Alias, c.Excerpt.AuthorAlias)
	assert.Empty(t, c.Excerpt.Text+c.Excerpt.Title+c.Excerpt.URL, "a report opens no conversation")
	assert.Equal(t, []moderation.DecisionKind{moderation.DecideActed, moderation.DecideNone}, c.Decisions)
	require.NoError(t, w.moderation.Claim(w.ctx, w.tutor, id))
	assert.Equal(t, errs.Invalid, errs.KindOf(w.moderation.Decide(w.ctx, w.tutor, id, moderation.Decision{Kind: moderation.DecideHide, Reason: "Via."})), "nobody is hidden")
	require.NoError(t, w.moderation.Decide(w.ctx, w.tutor, id, moderation.Decision{Kind: moderation.DecideActed}))
	notices, err := w.moderation.Notices(w.ctx, person)
	require.NoError(t, err)
	require.Len(t, notices, 1)
	assert.Equal(t, moderation.NoticeReportActed, notices[0].Kind)
	theirs, err := w.moderation.Notices(w.ctx, esp)
	require.NoError(t, err)
	assert.Empty(t, theirs)

	// Nothing of it goes while somebody looks at it.
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	w.exec(`update chat_rooms set ended_at = ended_at - interval '49 h' where id = $1`, room)
	w.erase()
	assert.False(t, w.gone(room))
	require.ErrorIs(t, report(w.someone(account.RoleMember), 2), chat.ErrNotFound)
	w.holds()
}
