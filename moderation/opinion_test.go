package moderation_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
)

// withoutClock takes the tables back to before migration 15.
const withoutClock = `alter table moderation_cases drop column level, drop column within, drop column due_at, drop column overdue_at,
	drop column taken_back, drop column taken_back_at, drop column taken_back_by; alter table moderation_escalations drop column note_form; `

// withoutParticipants takes the tables back to before migration 11, where nobody in a conversation was reported.
const withoutParticipants = withoutClock + withoutReveals + `drop table moderation_rules; alter table moderation_cases drop constraint moderation_cases_kind, drop constraint moderation_cases_decision,
	add constraint moderation_cases_kind check (subject_kind in ('room', 'message', 'post')), add constraint moderation_cases_decision check (decision in ('none', 'hide')); `

// withoutNotes takes the tables back to before migration 10.
const withoutNotes = withoutParticipants + `drop table moderation_case_notes; alter table moderation_cases drop column second_by, drop column second_at; `

// TestSecondOpinion: who holds a case asks the others; somebody else says what they would do, and whoever decides reads it. Neither the author nor who reported ever does.
func TestSecondOpinion(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	anna, bruno := w.newTutor("Anna"), w.newTutor("Bruno")
	peer := w.newESP("Marta", anna)
	w.report(reader, w.newPost(author))
	id := w.openCase()
	show := func(a account.Actor) moderation.Case {
		t.Helper()
		c, err := w.ShowCase(ctx, a, id)
		require.NoError(t, err)
		return c
	}
	require.NoError(t, w.NoteOnCase(ctx, anna, id, " Ne abbiamo parlato ieri. "))
	c := show(bruno)
	require.Len(t, c.Notes, 1)
	assert.Equal(t, []any{"Anna", false, moderation.OpinionNote, "Ne abbiamo parlato ieri."}, []any{c.Notes[0].Alias, c.Notes[0].Mine, c.Notes[0].Opinion, c.Notes[0].Text})
	assert.Nil(t, c.Second)
	assert.Zero(t, scalar[int](w, `select count(*) from moderation_case_notes where encode(note, 'escape') like '%ieri%'`))

	require.ErrorIs(t, w.AskSecondOpinion(ctx, anna, id, "Non so."), moderation.ErrClaimFirst)
	require.ErrorIs(t, w.GiveOpinion(ctx, bruno, id, moderation.OpinionHide, "Lo nasconderei."), moderation.ErrNotAsked)
	require.NoError(t, w.Claim(ctx, anna, id))
	for _, wrong := range []string{"", " \n", strings.Repeat("è", moderation.MaxNote+1), strings.Repeat("a", 1<<20)} {
		assert.Equal(t, errs.Invalid, errs.KindOf(w.AskSecondOpinion(ctx, anna, id, wrong)))
		assert.Equal(t, errs.Invalid, errs.KindOf(w.NoteOnCase(ctx, anna, id, wrong)))
		assert.Equal(t, errs.Invalid, errs.KindOf(w.GiveOpinion(ctx, bruno, id, moderation.OpinionHide, wrong)))
	}
	require.NoError(t, w.AskSecondOpinion(ctx, anna, id, "È ironia o un insulto?"))
	c = show(anna)
	assert.Equal(t, &moderation.Second{Alias: "Anna", Mine: true}, c.Second)
	assert.False(t, c.Claimed, "nobody is held up by it")
	queue, err := w.Queue(ctx, bruno)
	require.NoError(t, err)
	require.Len(t, queue, 1)
	assert.Equal(t, &moderation.Second{Alias: "Anna"}, queue[0].Second)
	assert.Empty(t, queue[0].Notes, "to read is to open a case")
	require.ErrorIs(t, w.GiveOpinion(ctx, anna, id, moderation.OpinionHide, "Sì."), moderation.ErrNotAsked, "nobody is their own second")
	assert.Equal(t, errs.Invalid, errs.KindOf(w.GiveOpinion(ctx, bruno, id, "ban", "Sì.")))
	require.NoError(t, w.GiveOpinion(ctx, bruno, id, moderation.OpinionHide, "Un insulto, per chi lo legge."))
	c = show(anna)
	assert.True(t, c.Second.Given)
	assert.Equal(t, moderation.OpinionHide, c.Notes[2].Opinion)
	assert.Equal(t, 1, scalar[int](w, `select count(*) from audit_entries where action = 'report.opinion'`))

	for name, a := range map[string]account.Actor{
		"the author": author, "who reported": reader, "a member": w.newActor(account.RoleMember, "Sole"), "an ESP who does not moderate there": peer, "an admin": w.newActor(account.RoleAdmin, "Ada"),
		"an auditor": w.newActor(account.RoleAuditor, "Ugo"), "a tutor elsewhere": w.newActorOf(w.newService("altrove.test"), account.RoleTutor, "Eva"),
	} {
		_, err := w.ShowCase(ctx, a, id)
		require.Error(t, err, name)
		require.Error(t, w.NoteOnCase(ctx, a, id, "Ciao."), name)
		require.Error(t, w.AskSecondOpinion(ctx, a, id, "Ciao."), name)
		require.Error(t, w.GiveOpinion(ctx, a, id, moderation.OpinionNone, "Ciao."), name)
	}
	require.NoError(t, w.Claim(ctx, anna, id))
	require.NoError(t, w.Decide(ctx, anna, id, moderation.Decision{Kind: moderation.DecideHide, Reason: "È un insulto."}))
	require.ErrorIs(t, w.NoteOnCase(ctx, bruno, id, "Tardi."), moderation.ErrDecided)
	notices, err := w.Notices(ctx, author)
	require.NoError(t, err)
	require.NotEmpty(t, notices)
	for _, n := range notices {
		assert.NotContains(t, n.Statement, "ironia")
	}

	// Whoever decides the appeal reads it too.
	require.NoError(t, w.FileAppeal(ctx, author, id, "Scherzavo."))
	again := w.openCase()
	shown, err := w.ShowCase(ctx, bruno, again)
	require.NoError(t, err)
	assert.Len(t, shown.Notes, 3)
	assert.Nil(t, shown.Second)
}

// TestCaseNotes_at_once: nothing is lost when many write, and there is an end to it.
func TestCaseNotes_at_once(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna, bruno := w.newTutor("Anna"), w.newTutor("Bruno")
	w.report(w.newActor(account.RoleMember, "Luna"), w.newPost(w.newActor(account.RoleMember, "Mare")))
	id := w.openCase()
	var all sync.WaitGroup
	for range 5 {
		for _, a := range []account.Actor{anna, bruno} {
			all.Go(func() { assert.NoError(t, w.NoteOnCase(ctx, a, id, "Una riga.")) })
		}
	}
	all.Wait()
	c, err := w.ShowCase(ctx, anna, id)
	require.NoError(t, err)
	assert.Len(t, c.Notes, 10)
	w.exec(`insert into moderation_case_notes (id, service_id, case_id, author_id, note) select gen_random_uuid(), service_id, case_id, author_id, note from moderation_case_notes, generate_series(1, 9)`)
	assert.ErrorIs(t, w.NoteOnCase(ctx, anna, id, "Una di troppo."), moderation.ErrNotesFull)
}

// TestMigrateNotes: an open case from before can be noted on.
func TestMigrateNotes(t *testing.T) {
	w := newWorld(t, slow())
	anna := w.newTutor("Anna")
	w.report(w.newActor(account.RoleMember, "Luna"), w.newPost(w.newActor(account.RoleMember, "Mare")))
	id := w.openCase()
	w.exec(withoutNotes + `delete from moderation_migrations where version_id >= 10`)
	require.NoError(t, pg.Migrate(t.Context(), w.url, moderation.Migrations()))
	require.NoError(t, w.NoteOnCase(t.Context(), anna, id, "Eccola."))
}
