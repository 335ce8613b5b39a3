package moderation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/moderation"
	"ponti/moderation/triage"
)

func (w *world) report(by account.Actor, s moderation.Subject) {
	w.t.Helper()
	require.NoError(w.t, w.FileReport(w.t.Context(), by, moderation.Report{Subject: s, Reason: moderation.ReasonHarassment, Note: "Mi ha offeso."}))
}

// openCase is the id of the only open case.
func (w *world) openCase() moderation.CaseID {
	w.t.Helper()
	return scalar[moderation.CaseID](w, `select id from moderation_cases where state = 'open'`)
}

func TestFileReport(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	author, reader, second := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna"), w.newActor(account.RoleFamily, "Sole")
	post := w.newPost(author)

	w.report(reader, post)
	w.report(reader, post)
	w.report(second, post)
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_cases`), "one case for one text")
	assert.Equal(t, 2, scalar[int](w, `select count(*) from moderation_reports`), "each person once")
	assert.NotContains(t, scalar[string](w, `select encode(note, 'escape') from moderation_reports limit 1`), "offeso")

	report := moderation.Report{Subject: post, Reason: moderation.ReasonSpam}
	require.ErrorIs(t, w.FileReport(ctx, author, report), moderation.ErrInvolved)
	w.board.unreadable[second.ID] = true
	unread := w.FileReport(ctx, second, report)
	report.Subject.ID = ids.New[world]().String()
	assert.Equal(t, unread, w.FileReport(ctx, reader, report), "what one may not read looks as if it did not exist")
	report.Subject = post
	for _, role := range []account.Role{account.RoleAdmin, account.RoleAuditor} {
		assert.Equal(t, errs.NotFound, errs.KindOf(w.FileReport(ctx, w.newActor(role, string(role)), report)), role)
	}
	report.Reason = "because"
	assert.Equal(t, errs.Invalid, errs.KindOf(w.FileReport(ctx, reader, report)))
	report.Reason, report.Note = moderation.ReasonSpam, strings.Repeat("è", moderation.MaxNote+1)
	assert.Equal(t, errs.Invalid, errs.KindOf(w.FileReport(ctx, reader, report)))
}

func TestQueue(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor := w.newTutor("Anna")
	leo, marta := w.newESP("Leo", tutor), w.newESP("Marta", tutor)
	author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	w.board.moderators = []account.ID{leo.ID}
	w.report(reader, w.newPost(author))
	id := w.openCase()

	for name, who := range map[string]account.Actor{"who moderates the category": leo, "tutor": tutor} {
		queue, err := w.Queue(ctx, who)
		require.NoError(t, err, name)
		require.Len(t, queue, 1, name)
		shown, err := w.ShowCase(ctx, who, id)
		require.NoError(t, err, name)
		require.Len(t, shown.Reports, 1)
		assert.Equal(t, "Mi ha offeso.", shown.Reports[0].Note)
		assert.NotContains(t, fmt.Sprintf("%+v %+v", queue, shown), reader.ID.String(), "never who reported")
		assert.NotContains(t, fmt.Sprintf("%+v", shown), "Luna")
	}
	queue, err := w.Queue(ctx, marta)
	require.NoError(t, err)
	assert.Empty(t, queue, "not in their categories")
	admin := w.newActor(account.RoleAdmin, "Capo")
	_, err = w.Queue(ctx, admin)
	assert.Equal(t, errs.Forbidden, errs.KindOf(err))
	n, err := w.QueueLength(ctx, admin)
	require.NoError(t, err)
	assert.Equal(t, 1, n)

	foreign := w.newActorOf(w.newService("other.example"), account.RoleTutor, "Altrove")
	for name, who := range map[string]account.Actor{"another category": marta, "another service": foreign, "author": author, "reporter": reader, "admin": admin} {
		_, err := w.ShowCase(ctx, who, id)
		assert.Equal(t, errs.NotFound, errs.KindOf(err), name)
		assert.Equal(t, errs.NotFound, errs.KindOf(w.Claim(ctx, who, id)), name)
		assert.Equal(t, errs.NotFound, errs.KindOf(w.Decide(ctx, who, id, moderation.Decision{Kind: moderation.DecideNone})), name)
	}
	assert.Equal(t, 2, scalar[int](w, `select count(*) from audit_entries where action = 'report.see'`), "each opening once, no refusal")
}

func TestNobodyDecidesOnThemselves(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor := w.newTutor("Anna")
	leo := w.newESP("Leo", tutor)
	member := w.newActor(account.RoleMember, "Mare")
	w.board.moderators = []account.ID{leo.ID}
	w.report(member, w.newPost(leo))
	queue, err := w.Queue(ctx, leo)
	require.NoError(t, err)
	assert.Empty(t, queue, "one's own post")
	assert.Equal(t, errs.NotFound, errs.KindOf(w.Claim(ctx, leo, w.openCase())))
	require.NoError(t, w.Claim(ctx, tutor, w.openCase()))
	require.NoError(t, w.Decide(ctx, tutor, w.openCase(), moderation.Decision{Kind: moderation.DecideNone}))

	w.report(tutor, w.newPost(member))
	assert.Equal(t, errs.NotFound, errs.KindOf(w.Claim(ctx, tutor, w.openCase())), "a case one reported oneself")
	require.NoError(t, w.Claim(ctx, leo, w.openCase()))
	_, err = w.pool.Exec(ctx, `update moderation_cases set claimed_by = author_id where state = 'open'`)
	require.ErrorContains(t, err, "moderation_cases_not_ones_own", "the database refuses it too")
}

func TestClaim(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna, bruno := w.newTutor("Anna"), w.newTutor("Bruno")
	author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	w.report(reader, w.newPost(author))
	id := w.openCase()
	hide := moderation.Decision{Kind: moderation.DecideHide, Reason: "Contiene il telefono di un'altra persona."}

	require.ErrorIs(t, w.Decide(ctx, anna, id, hide), moderation.ErrClaimFirst)
	require.NoError(t, w.Claim(ctx, anna, id))
	require.NoError(t, w.Claim(ctx, anna, id), "its holder prolongs it")
	require.ErrorIs(t, w.Claim(ctx, bruno, id), moderation.ErrTaken)
	require.ErrorIs(t, w.Decide(ctx, bruno, id, hide), moderation.ErrClaimFirst)
	shown, err := w.ShowCase(ctx, bruno, id)
	require.NoError(t, err)
	assert.True(t, shown.Claimed)
	assert.False(t, shown.Mine)
	assert.InDelta(t, (10 * time.Minute).Seconds(), shown.ClaimedUntil.Sub(shown.Now).Seconds(), 30)

	w.exec(`update moderation_cases set claimed_until = now() - interval '1 second'`)
	require.ErrorIs(t, w.Decide(ctx, anna, id, hide), moderation.ErrClaimFirst, "a claim that ran out holds nothing")
	require.NoError(t, w.Claim(ctx, bruno, id))
	require.NoError(t, w.Decide(ctx, bruno, id, hide))
	require.ErrorIs(t, w.Claim(ctx, anna, id), moderation.ErrDecided)
	require.ErrorIs(t, w.Decide(ctx, bruno, id, hide), moderation.ErrDecided)
}

// TestClaimAtOnce races two moderators for each of a thousand cases.
func TestClaimAtOnce(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna, bruno := w.newTutor("Anna"), w.newTutor("Bruno")
	author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	w.report(reader, w.newPost(author))
	id := w.openCase()
	for range 1000 {
		w.exec(`update moderation_cases set claimed_by = null, claimed_until = null`)
		results := make(chan error, 2)
		for _, who := range []account.Actor{anna, bruno} {
			go func() { results <- w.Claim(ctx, who, id) }()
		}
		a, b := <-results, <-results
		require.True(t, (a == nil) != (b == nil), "one winner: %v, %v", a, b)
		require.ErrorIs(t, errors.Join(a, b), moderation.ErrTaken)
	}
}

func TestDecide(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor := w.newTutor("Anna")
	author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	post := w.newPost(author)
	w.report(reader, post)
	id := w.openCase()
	require.NoError(t, w.Claim(ctx, tutor, id))
	for name, d := range map[string]moderation.Decision{"no kind": {}, "hide without reason": {Kind: moderation.DecideHide, Reason: " "},
		"too long": {Kind: moderation.DecideHide, Reason: strings.Repeat("x", moderation.MaxNote+1)}} {
		assert.Equal(t, errs.Invalid, errs.KindOf(w.Decide(ctx, tutor, id, d)), name)
	}
	require.NoError(t, w.Decide(ctx, tutor, id, moderation.Decision{Kind: moderation.DecideHide, Reason: "Contiene il telefono di un'altra persona."}))
	ex, err := w.board.Excerpt(ctx, w.pool, w.service, post.ID)
	require.NoError(t, err)
	assert.True(t, ex.Hidden)
	assert.NotContains(t, scalar[string](w, `select encode(statement, 'escape') from moderation_cases`), "telefono")

	told, err := w.Notices(ctx, author)
	require.NoError(t, err)
	require.Len(t, told, 1)
	assert.Equal(t, moderation.NoticeHidden, told[0].Kind)
	assert.Equal(t, "Contiene il telefono di un'altra persona.", told[0].Statement)
	assert.Equal(t, "Un titolo", told[0].Title)
	assert.True(t, w.hints.has(bus.Account(author.ID.String()), bus.Notices))
	w.board.unreadable[reader.ID] = true
	told, err = w.Notices(ctx, reader)
	require.NoError(t, err)
	require.Len(t, told, 1)
	assert.Equal(t, moderation.NoticeReportHidden, told[0].Kind)
	assert.Empty(t, told[0].Statement, "the reasons are for the author")
	assert.Empty(t, told[0].URL, "what one may no more read is not pointed at")

	n, err := w.UnreadNotices(ctx, reader)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	require.NoError(t, w.MarkNoticesRead(ctx, reader, told[0].At))
	n, err = w.UnreadNotices(ctx, reader)
	require.NoError(t, err)
	assert.Zero(t, n)
	n, err = w.UnreadNotices(ctx, author)
	require.NoError(t, err)
	assert.Equal(t, 1, n, "one's own only")

	kept := w.newPost(author)
	w.board.unreadable[reader.ID] = false
	w.report(reader, kept)
	require.NoError(t, w.Claim(ctx, tutor, w.openCase()))
	require.NoError(t, w.Decide(ctx, tutor, w.openCase(), moderation.Decision{Kind: moderation.DecideNone}))
	told, err = w.Notices(ctx, reader)
	require.NoError(t, err)
	assert.Equal(t, moderation.NoticeReportKept, told[0].Kind, "newest first")
	told, err = w.Notices(ctx, author)
	require.NoError(t, err)
	assert.Len(t, told, 1, "the author hears nothing of a report without effect")
	w.report(reader, kept)
	assert.Equal(t, 2, scalar[int](w, `select count(*) from moderation_cases where subject_id = $1`, kept.ID), "after a decision a new report opens a new case")

	_, err = w.Notices(ctx, w.newActor(account.RoleAdmin, "Capo"))
	assert.Equal(t, errs.Forbidden, errs.KindOf(err))
}

func TestDecideAboutDeleted(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor, author, reader := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	post := w.newPost(author)
	w.report(reader, post)
	delete(w.board.texts, post.ID)
	shown, err := w.ShowCase(ctx, tutor, w.openCase())
	require.NoError(t, err)
	assert.Nil(t, shown.Excerpt)
	require.NoError(t, w.Claim(ctx, tutor, shown.ID))
	require.NoError(t, w.Decide(ctx, tutor, shown.ID, moderation.Decision{Kind: moderation.DecideHide, Reason: "Insulti."}))
	told, err := w.Notices(ctx, author)
	require.NoError(t, err)
	require.Len(t, told, 1)
	assert.Empty(t, told[0].URL)
}

// TestReportsShowNoConversation: a report opens one message to those who decide, never the conversation; the list shows nothing of it.
func TestReportsShowNoConversation(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor, person, esp := w.newTutor("Anna"), w.newActor(account.RoleGuest, "Mare"), w.newActor(account.RoleESP, "Marta")
	room := newRoom()
	w.flagged(room, 1, triage.Amber, person, esp)
	whole := moderation.Subject{Kind: moderation.SubjectRoom, ID: room}
	require.ErrorIs(t, w.MayReport(ctx, esp, whole), moderation.ErrUnknown)
	require.ErrorIs(t, w.FileReport(ctx, esp, moderation.Report{Subject: whole, Reason: moderation.ReasonOther}), moderation.ErrUnknown)
	one := moderation.Subject{Kind: moderation.SubjectMessage, ID: room + "/1"}
	require.NoError(t, w.FileReport(ctx, esp, moderation.Report{Subject: one, Reason: moderation.ReasonOther, Note: "una nota"}))
	queue, err := w.Queue(ctx, tutor)
	require.NoError(t, err)
	require.Len(t, queue, 1)
	assert.Empty(t, queue[0].Excerpt.Text)
	assert.Empty(t, queue[0].Excerpt.Title)
	assert.Empty(t, queue[0].Excerpt.AuthorAlias)
	assert.Empty(t, queue[0].Reports[0].Note)
	assert.Zero(t, scalar[int](w, `select count(*) from audit_entries where action = 'report.see'`))
	c, err := w.ShowCase(ctx, tutor, queue[0].ID)
	require.NoError(t, err)
	assert.NotEmpty(t, c.Excerpt.Text)
	assert.Equal(t, 1, scalar[int](w, `select count(*) from audit_entries where action = 'report.see'`))
}

// TestQueue_gravestFirst: what may be danger stands before what annoys, whichever came first; the gravest of all its reports counts.
func TestQueue_gravestFirst(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor, author := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare")
	first, second := w.newActor(account.RoleMember, "Luna"), w.newActor(account.RoleMember, "Sole")
	var posts []moderation.Subject
	for i, reason := range []moderation.Reason{moderation.ReasonSpam, moderation.ReasonPrivacy, moderation.ReasonOther, moderation.ReasonDanger} {
		posts = append(posts, w.newPost(author))
		require.NoError(t, w.FileReport(ctx, first, moderation.Report{Subject: posts[i], Reason: reason}))
	}
	order := func() (ids []string) {
		queue, err := w.Queue(ctx, tutor)
		require.NoError(t, err)
		for _, c := range queue {
			ids = append(ids, c.Subject.ID)
		}
		return ids
	}
	assert.Equal(t, []string{posts[3].ID, posts[1].ID, posts[0].ID, posts[2].ID}, order())
	require.NoError(t, w.FileReport(ctx, second, moderation.Report{Subject: posts[2], Reason: moderation.ReasonDanger}))
	assert.Equal(t, []string{posts[2].ID, posts[3].ID, posts[1].ID, posts[0].ID}, order())
}
