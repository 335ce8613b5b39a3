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

// hiddenBy is a post of author's that a tutor hid because of reader's report, and its case.
func (w *world) hiddenBy(tutor, author, reader account.Actor) (moderation.Subject, moderation.CaseID) {
	w.t.Helper()
	post := w.newPost(author)
	w.report(reader, post)
	id := w.openCase()
	require.NoError(w.t, w.Claim(w.t.Context(), tutor, id))
	require.NoError(w.t, w.Decide(w.t.Context(), tutor, id, moderation.Decision{Kind: moderation.DecideHide, Reason: "Offende una persona."}))
	return post, id
}

// told is what somebody was told, newest first.
func (w *world) told(who account.Actor) (kinds []moderation.NoticeKind) {
	w.t.Helper()
	list, err := w.Notices(w.t.Context(), who)
	require.NoError(w.t, err)
	for _, n := range list {
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

// TestAppeal: the author of what was hidden has somebody else look again, who either brings it back or says why not; both are told.
func TestAppeal(t *testing.T) {
	for name, outcome := range map[string]struct {
		decide           moderation.Decision
		author, reporter moderation.NoticeKind
		hidden           bool
	}{
		"it comes back": {moderation.Decision{Kind: moderation.DecideNone}, moderation.NoticeAppealRestored, moderation.NoticeReportRestored, false},
		"it stays hidden": {moderation.Decision{Kind: moderation.DecideHide, Reason: "Anche a me sembra un'offesa."}, moderation.NoticeAppealKept,
			moderation.NoticeReportHidden, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slow())
			ctx := t.Context()
			first, second := w.newTutor("Anna"), w.newTutor("Bruno")
			author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
			post, id := w.hiddenBy(first, author, reader)
			list, err := w.Notices(ctx, author)
			require.NoError(t, err)
			require.Equal(t, moderation.AppealPossible, list[0].Appeal)
			require.Equal(t, id, list[0].Case)
			require.NoError(t, w.FileAppeal(ctx, author, id, "Non parlavo di nessuno."))
			require.ErrorIs(t, w.FileAppeal(ctx, author, id, "Ancora."), moderation.ErrAppealed)
			list, err = w.Notices(ctx, author)
			require.NoError(t, err)
			require.Equal(t, moderation.AppealOpen, list[0].Appeal)

			appeal := w.openCase()
			for who, empty := range map[*account.Actor]bool{&first: true, &second: false} {
				queue, err := w.Queue(ctx, *who)
				require.NoError(t, err)
				assert.Equal(t, empty, len(queue) == 0, "another person than the first")
			}
			for _, err := range []error{w.Claim(ctx, first, appeal), w.Decide(ctx, first, appeal, outcome.decide)} {
				assert.Equal(t, errs.NotFound, errs.KindOf(err))
			}
			shown, err := w.ShowCase(ctx, second, appeal)
			require.NoError(t, err)
			require.NotNil(t, shown.Appeal)
			assert.Equal(t, "Non parlavo di nessuno.", shown.Appeal.Text)
			assert.Equal(t, "Offende una persona.", shown.Appeal.Statement)
			require.Len(t, shown.Reports, 1)
			assert.Equal(t, "Mi ha offeso.", shown.Reports[0].Note)
			require.NoError(t, w.Claim(ctx, second, appeal))
			require.NoError(t, w.Decide(ctx, second, appeal, outcome.decide))
			assert.Equal(t, outcome.author, w.told(author)[0])
			assert.Equal(t, outcome.reporter, w.told(reader)[0])
			assert.Equal(t, outcome.hidden, w.board.texts[post.ID].Hidden)
			list, err = w.Notices(ctx, author)
			require.NoError(t, err)
			assert.Equal(t, outcome.decide.Reason, list[0].Statement)
			for _, n := range list {
				assert.NotEqual(t, moderation.AppealPossible, n.Appeal, "once is all")
			}
			assert.ErrorIs(t, w.FileAppeal(ctx, author, appeal, "E adesso?"), moderation.ErrNoAppeal)
		})
	}
}

// TestAppeal_who: nobody but the author appeals, and of the peers only seniors of the category decide.
func TestAppeal_who(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor := w.newTutor("Anna")
	esp, senior, elsewhere := w.newESP("Leo", tutor), w.newActor(account.RoleSenior, "Sara"), w.newActor(account.RoleSenior, "Nadia")
	author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	_, id := w.hiddenBy(tutor, author, reader)
	foreign := w.newActorOf(w.newService("other.example"), account.RoleMember, "Mare")
	for _, who := range []account.Actor{reader, esp, tutor, foreign, w.newActor(account.RoleAdmin, "Capo"), account.Visitor(w.service)} {
		assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, errs.KindOf(w.FileAppeal(ctx, who, id, "Rivedete.")), who.Role)
	}
	assert.Equal(t, errs.Invalid, errs.KindOf(w.FileAppeal(ctx, author, id, " \u200b ")))
	assert.Equal(t, errs.Invalid, errs.KindOf(w.FileAppeal(ctx, author, id, strings.Repeat("è", moderation.MaxNote+1))))
	w.exec(`update moderation_cases set decided_at = now() - interval '184 days'`)
	assert.ErrorIs(t, w.FileAppeal(ctx, author, id, "Rivedete."), moderation.ErrNoAppeal)
	w.exec(`update moderation_cases set decided_at = now() - interval '180 days'`)

	var all sync.WaitGroup
	var mu sync.Mutex
	filed := 0
	for range 10 {
		all.Go(func() {
			if err := w.FileAppeal(ctx, author, id, "Rivedete."); err == nil {
				mu.Lock()
				filed++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	assert.Equal(t, 1, filed)
	appeal := w.openCase()
	w.board.moderators = []account.ID{esp.ID, senior.ID}
	for who, may := range map[*account.Actor]bool{&esp: false, &senior: true, &elsewhere: false, &author: false, &reader: false} {
		_, err := w.ShowCase(ctx, *who, appeal)
		if may {
			assert.NoError(t, err)
			continue
		}
		assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden}, errs.KindOf(err), who.Alias)
	}
	queue, err := w.Queue(ctx, esp)
	require.NoError(t, err, "what is not theirs is left out of their queue")
	assert.Empty(t, queue)
	queue, err = w.Queue(ctx, senior)
	require.NoError(t, err)
	require.Len(t, queue, 1)
	assert.Empty(t, queue[0].Appeal.Text, "to read is to open it")
	assert.NotContains(t, scalar[string](w, `select encode(appeal, 'escape') from moderation_cases where appeal is not null`), "Rivedete")
}

// TestForget_appeal: the words of an appeal go with the account of who wrote them, once it is decided.
func TestForget_appeal(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	first, second := w.newTutor("Anna"), w.newTutor("Bruno")
	author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	_, id := w.hiddenBy(first, author, reader)
	require.NoError(t, w.FileAppeal(ctx, author, id, "Non parlavo di nessuno."))
	done, err := w.Forget(ctx, author)
	require.NoError(t, err)
	assert.False(t, done)
	w.exec(`update moderation_cases set decided_at = now() - interval '25 months' where appeal_of is null`)
	require.NoError(t, w.Erase(ctx))
	appeal := w.openCase() // it still stands
	require.NoError(t, w.Claim(ctx, second, appeal))
	require.NoError(t, w.Decide(ctx, second, appeal, moderation.Decision{Kind: moderation.DecideNone}))
	done, err = w.Forget(ctx, author)
	require.NoError(t, err)
	assert.True(t, done)
	assert.Zero(t, scalar[int](w, `select count(*) from moderation_cases where appeal is not null`))
	require.NoError(t, w.Erase(ctx))
	assert.Zero(t, scalar[int](w, `select count(*) from moderation_cases`))
}

// TestMigrateAppeals: what was hidden before can be appealed.
func TestMigrateAppeals(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	author := w.newActor(account.RoleMember, "Mare")
	_, id := w.hiddenBy(w.newTutor("Anna"), author, w.newActor(account.RoleMember, "Luna"))
	w.exec(withoutReach + `drop table moderation_policies; alter table moderation_escalations drop column times; drop table moderation_sanctions; alter table moderation_cases drop column sanction, add constraint moderation_cases_decided_whole check (true);
		alter table moderation_cases drop column appeal_of, drop column appeal; delete from moderation_migrations where version_id >= 4`)
	require.NoError(t, pg.Migrate(ctx, w.url, moderation.Migrations()))
	w.pool.Reset() // statements prepared for the old tables
	require.NoError(t, w.FileAppeal(ctx, author, id, "Rivedete."))
}
