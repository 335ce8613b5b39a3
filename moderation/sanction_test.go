package moderation_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// reported is a case about a new post of author's that by has claimed.
func (w *world) reported(by, author account.Actor) moderation.CaseID {
	w.t.Helper()
	w.report(w.newActor(account.RoleMember, "Lettore "+ids.New[world]().String()[:8]), w.newPost(author))
	id := w.openCase()
	require.NoError(w.t, w.Claim(w.t.Context(), by, id))
	return id
}

// sanctioned is a case that by decided with a sanction for the author, and nothing about the text.
func (w *world) sanctioned(by, author account.Actor, s moderation.Sanction) moderation.CaseID {
	w.t.Helper()
	id := w.reported(by, author)
	require.NoError(w.t, w.Decide(w.t.Context(), by, id, moderation.Decision{Kind: moderation.DecideNone, Sanction: s, Reason: "Ha insultato chi scriveva."}))
	return id
}

func (w *world) signedIn(who account.Actor) {
	w.t.Helper()
	w.exec(`insert into account_sessions (id, service_id, account_id, token_hash, data, idle, ends_at)
		values (gen_random_uuid(), $1, $2, decode(md5(random()::text), 'hex'), '{}', interval '1 h', now() + interval '1 h')`, who.Service, who.ID)
}

func (w *world) sessions(who account.Actor) int {
	w.t.Helper()
	return scalar[int](w, `select count(*) from account_sessions where account_id = '`+who.ID.String()+`'`)
}

func (w *world) muted(who account.Actor) bool {
	w.t.Helper()
	err := w.MayWrite(w.t.Context(), w.pool, who)
	require.Contains(w.t, []errs.Kind{errs.Invalid, errs.KindOf(nil)}, errs.KindOf(err))
	return err != nil
}

// TestSanctions: each does what it says to the author and to nobody else; they are told why, the reporter only that something was done.
func TestSanctions(t *testing.T) {
	for kind, want := range map[moderation.Sanction]struct {
		told       moderation.NoticeKind
		muted, out bool
	}{
		moderation.SanctionWarn: {told: moderation.NoticeWarned},
		moderation.SanctionMute: {told: moderation.NoticeMuted, muted: true},
		moderation.SanctionBan:  {told: moderation.NoticeBanned, out: true},
	} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, slow())
			ctx := t.Context()
			tutor, author, other := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Sole")
			w.signedIn(author)
			w.signedIn(other)
			post := w.newPost(author)
			w.report(other, post)
			id := w.openCase()
			require.NoError(t, w.Claim(ctx, tutor, id))
			shown, err := w.ShowCase(ctx, tutor, id)
			require.NoError(t, err)
			assert.Equal(t, []moderation.Sanction{moderation.SanctionWarn, moderation.SanctionMute, moderation.SanctionBan}, shown.May)
			require.Equal(t, errs.Invalid, errs.KindOf(w.Decide(ctx, tutor, id, moderation.Decision{Kind: moderation.DecideNone, Sanction: kind, Reason: " \u200b"})), "nobody is told off without a reason")
			require.Equal(t, errs.Invalid, errs.KindOf(w.Decide(ctx, tutor, id, moderation.Decision{Kind: moderation.DecideNone, Sanction: "flog", Reason: "Perché sì."})))
			require.Equal(t, "open", scalar[string](w, `select state from moderation_cases`))
			require.NoError(t, w.Decide(ctx, tutor, id, moderation.Decision{Kind: moderation.DecideNone, Sanction: kind, Reason: "Ha insultato chi scriveva."}))

			list, err := w.Notices(ctx, author)
			require.NoError(t, err)
			require.Len(t, list, 1)
			assert.Equal(t, want.told, list[0].Kind)
			assert.Equal(t, "Ha insultato chi scriveva.", list[0].Statement)
			assert.Equal(t, moderation.AppealPossible, list[0].Appeal)
			assert.False(t, list[0].Hidden)
			assert.Equal(t, want.muted || want.out, list[0].Until.After(time.Now().Add(23*time.Hour)))
			list, err = w.Notices(ctx, other)
			require.NoError(t, err)
			require.Len(t, list, 1)
			assert.Equal(t, moderation.NoticeReportActed, list[0].Kind)
			assert.Empty(t, list[0].Statement, "the reason is between moderators and the author")
			assert.True(t, list[0].Until.IsZero() || list[0].Kind == moderation.NoticeReportActed)

			assert.Equal(t, want.muted, w.muted(author))
			assert.False(t, w.muted(other))
			assert.Equal(t, want.out, w.sessions(author) == 0, "they are out at once, on every device")
			assert.Equal(t, 1, w.sessions(other))
			inForce, err := w.InForce(ctx, tutor)
			require.NoError(t, err)
			assert.Equal(t, want.muted || want.out, len(inForce) == 1)
			assert.Zero(t, scalar[int](w, `select count(*) from audit_entries where reason like '%insultato%' or object like '%insultato%'`))

			if kind == moderation.SanctionWarn {
				assert.Equal(t, errs.NotFound, errs.KindOf(w.Lift(ctx, tutor, id)), "there is nothing to lift")
				return
			}
			assert.Equal(t, "Mare", inForce[0].Alias)
			var lifted atomic.Int64
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					if err := w.Lift(ctx, tutor, id); err == nil {
						lifted.Add(1)
					} else {
						assert.ErrorIs(t, err, moderation.ErrNotLifted)
					}
				})
			}
			wg.Wait()
			assert.Equal(t, int64(1), lifted.Load(), "once")
			assert.False(t, w.muted(author))
			assert.Zero(t, scalar[int](w, `select count(*) from account_accounts where suspended_until is not null`))
			assert.Equal(t, []moderation.NoticeKind{moderation.NoticeLifted, want.told}, w.told(author))
			inForce, err = w.InForce(ctx, tutor)
			require.NoError(t, err)
			assert.Empty(t, inForce)
		})
	}
}

// TestSanctions_twoBans: lifting one leaves the other as it is.
func TestSanctions_twoBans(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor, author := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare")
	first, second := w.sanctioned(tutor, author, moderation.SanctionBan), w.sanctioned(tutor, author, moderation.SanctionBan)
	w.exec(`update moderation_sanctions set since = now() - interval '14 h', until = now() + interval '10 h' where case_id = $1`, first)
	left := func() float64 {
		return scalar[float64](w, `select coalesce(extract(epoch from max(suspended_until) - now())::float8 / 3600, 0) from account_accounts`)
	}
	assert.InDelta(t, 24, left(), 0.1)
	require.NoError(t, w.Lift(ctx, tutor, second))
	assert.InDelta(t, 10, left(), 0.1)
	require.NoError(t, w.Lift(ctx, tutor, first))
	assert.Zero(t, left())
}

// TestSanctions_end: by themselves, and an expired one cannot be lifted.
func TestSanctions_end(t *testing.T) {
	w := newWorld(t, slow())
	tutor, author := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare")
	id := w.sanctioned(tutor, author, moderation.SanctionMute)
	require.True(t, w.muted(author))
	w.exec(`update moderation_sanctions set since = now() - interval '25 h', until = now() - interval '1 h'`)
	assert.False(t, w.muted(author))
	assert.ErrorIs(t, w.Lift(t.Context(), tutor, id), moderation.ErrNotLifted)
}

// TestSanctions_whoMay: an ESP warns; seniors in their categories and tutors do more; staff is warned at most; nobody decides about their own.
func TestSanctions_whoMay(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor := w.newTutor("Anna")
	esp, senior, away := w.newESP("Emma", tutor), w.newActor(account.RoleSenior, "Sara"), w.newActor(account.RoleSenior, "Altrove")
	w.board.moderators = []account.ID{esp.ID, senior.ID}
	member := w.newActor(account.RoleMember, "Mare")
	decide := func(by account.Actor, id moderation.CaseID, s moderation.Sanction) errs.Kind {
		return errs.KindOf(w.Decide(ctx, by, id, moderation.Decision{Kind: moderation.DecideNone, Sanction: s, Reason: "Insulta."}))
	}
	id := w.reported(esp, member)
	assert.Equal(t, errs.Invalid, decide(esp, id, moderation.SanctionMute))
	assert.Equal(t, errs.Invalid, decide(esp, id, moderation.SanctionBan))
	assert.Equal(t, errs.KindOf(nil), decide(esp, id, moderation.SanctionWarn))

	id = w.reported(senior, member)
	assert.Equal(t, errs.KindOf(nil), decide(senior, id, moderation.SanctionMute))
	elsewhere := w.newActorOf(w.newService("altrove.example"), account.RoleTutor, "Lontano")
	for _, a := range []account.Actor{esp, member, away, elsewhere, w.newActor(account.RoleAdmin, "Amelia"), account.Visitor(w.service)} {
		kinds := []errs.Kind{errs.Forbidden, errs.NotFound, errs.Unauthenticated}
		assert.Contains(t, kinds, errs.KindOf(w.Lift(ctx, a, id)), a.Alias)
		_, err := w.Exclude(ctx, a, id)
		assert.Contains(t, kinds, errs.KindOf(err), a.Alias)
		list, err := w.InForce(ctx, a)
		require.NoError(t, err)
		assert.Empty(t, list, a.Alias)
	}
	_, err := w.Exclude(ctx, tutor, id)
	assert.Equal(t, errs.NotFound, errs.KindOf(err), "who is muted is not sent away by that")
	list, err := w.InForce(ctx, senior)
	require.NoError(t, err)
	assert.Len(t, list, 1)

	id = w.reported(tutor, w.newActor(account.RoleESP, "Elia"))
	shown, err := w.ShowCase(ctx, tutor, id)
	require.NoError(t, err)
	assert.Equal(t, []moderation.Sanction{moderation.SanctionWarn}, shown.May)
	assert.Equal(t, errs.Invalid, decide(tutor, id, moderation.SanctionBan))
	assert.Equal(t, errs.KindOf(nil), decide(tutor, id, moderation.SanctionWarn))
	id = w.reported(tutor, w.newActor(account.RoleGuest, "Airone"))
	shown, err = w.ShowCase(ctx, tutor, id)
	require.NoError(t, err)
	assert.Equal(t, []moderation.Sanction{moderation.SanctionWarn, moderation.SanctionBan}, shown.May, "a guest does not write in the forum anyway")
}

// TestSanctions_danger: nobody is sent away while an alarm for them is open, and nothing of such a decision is kept.
func TestSanctions_danger(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	first, second := w.newTutor("Anna"), w.newTutor("Bruno")
	author := w.newActor(account.RoleMember, "Mare")
	id := w.sanctioned(first, author, moderation.SanctionBan)
	again := w.reported(first, author)
	w.raise(w.flagged("stanza", 1, triage.Red, author, w.newESP("Emma", first)))
	err := w.Decide(ctx, first, again, moderation.Decision{Kind: moderation.DecideHide, Sanction: moderation.SanctionBan, Reason: "Insulta."})
	require.Equal(t, errs.Invalid, errs.KindOf(err))
	assert.Equal(t, "open", scalar[string](w, `select state from moderation_cases where id = '`+again.String()+`'`))
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_sanctions`))
	_, err = w.Exclude(ctx, second, id)
	require.ErrorIs(t, err, moderation.ErrInDanger)
	require.NoError(t, w.Decide(ctx, first, again, moderation.Decision{Kind: moderation.DecideHide, Sanction: moderation.SanctionMute, Reason: "Insulta."}), "but they may be kept from insulting")
}

// TestExclude: for longer than a day it takes two tutors, and two to let somebody back in.
func TestExclude(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	first, second := w.newTutor("Anna"), w.newTutor("Bruno")
	author := w.newActor(account.RoleMember, "Mare")
	id := w.sanctioned(first, author, moderation.SanctionBan)
	other := w.sanctioned(first, author, moderation.SanctionBan)
	of := func(list []moderation.InForce, id moderation.CaseID) moderation.InForce {
		t.Helper()
		i := slices.IndexFunc(list, func(f moderation.InForce) bool { return f.Case == id })
		require.GreaterOrEqual(t, i, 0)
		return list[i]
	}
	for range 2 {
		done, err := w.Exclude(ctx, first, id)
		require.NoError(t, err)
		require.False(t, done, "one tutor is one, however often they ask")
	}
	list, err := w.InForce(ctx, second)
	require.NoError(t, err)
	require.True(t, of(list, id).Asked && !of(list, id).AskedBy && !of(list, id).Excluded)
	assert.False(t, of(list, other).Asked, "one of them may be about who has no name: the list does not say that both are of one account")
	list, err = w.InForce(ctx, first)
	require.NoError(t, err)
	require.True(t, of(list, id).AskedBy)
	done, err := w.Exclude(ctx, second, id)
	require.NoError(t, err)
	require.True(t, done)
	list, err = w.InForce(ctx, second)
	require.NoError(t, err)
	assert.True(t, of(list, id).Excluded)
	assert.False(t, of(list, other).Excluded || of(list, other).Asked)
	w.exec(`update moderation_sanctions set since = now() - interval '72 h', until = now() - interval '48 h'`)
	list, err = w.InForce(ctx, second)
	require.NoError(t, err)
	require.Len(t, list, 1, "it is not over with the day")
	require.True(t, list[0].Excluded)
	for i, tutor := range []account.Actor{second, first} {
		done, err = w.Readmit(ctx, tutor, id)
		require.NoError(t, err)
		require.Equal(t, i == 1, done)
	}
	assert.Zero(t, scalar[int](w, `select count(*) from account_accounts where disabled_at is not null`))
	list, err = w.InForce(ctx, second)
	require.NoError(t, err)
	assert.Empty(t, list)
}

// TestSanctions_appeal: whoever looks again takes all of it back, or says why it stands.
func TestSanctions_appeal(t *testing.T) {
	for name, back := range map[string]bool{"taken back": true, "stands": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slow())
			ctx := t.Context()
			first, second, author := w.newTutor("Anna"), w.newTutor("Bruno"), w.newActor(account.RoleMember, "Mare")
			id := w.reported(first, author)
			require.NoError(t, w.Decide(ctx, first, id, moderation.Decision{Kind: moderation.DecideHide, Sanction: moderation.SanctionMute, Reason: "Insulta."}))
			list, err := w.Notices(ctx, author)
			require.NoError(t, err)
			require.Len(t, list, 1)
			require.True(t, list[0].Hidden)
			require.NoError(t, w.FileAppeal(ctx, author, id, "Scherzavo."))
			appeal := w.openCase()
			require.NoError(t, w.Claim(ctx, second, appeal))
			shown, err := w.ShowCase(ctx, second, appeal)
			require.NoError(t, err)
			assert.Equal(t, moderation.SanctionMute, shown.Appeal.Sanction)
			assert.Empty(t, shown.May, "an appeal brings nothing new upon anybody")
			d := moderation.Decision{Kind: moderation.DecideHide, Reason: "Era un insulto."}
			if back {
				d = moderation.Decision{Kind: moderation.DecideNone}
			}
			worse := d
			worse.Sanction, worse.Reason = moderation.SanctionBan, "E in più."
			require.Equal(t, errs.Invalid, errs.KindOf(w.Decide(ctx, second, appeal, worse)))
			require.NoError(t, w.Decide(ctx, second, appeal, d))
			assert.Equal(t, !back, w.muted(author))
			kinds := []string{}
			for _, k := range w.told(author) {
				kinds = append(kinds, string(k))
			}
			if back {
				assert.Contains(t, strings.Join(kinds, " "), "appeal_restored")
			} else {
				assert.Contains(t, strings.Join(kinds, " "), "appeal_kept")
			}
		})
	}
}

// TestMigrateSanctions: what was decided before stays as it was.
func TestMigrateSanctions(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor, author := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare")
	_, id := w.hiddenBy(tutor, author, w.newActor(account.RoleMember, "Luna"))
	w.exec(withoutReach + `drop table moderation_policies; alter table moderation_escalations drop column times; drop table moderation_sanctions; alter table moderation_cases drop column sanction, add constraint moderation_cases_decided_whole check (true);
		delete from moderation_migrations where version_id >= 6`)
	require.NoError(t, pg.Migrate(ctx, w.url, moderation.Migrations()))
	w.pool.Reset() // statements prepared for the old tables
	shown, err := w.ShowCase(ctx, tutor, id)
	require.NoError(t, err)
	assert.Equal(t, moderation.DecideHide, shown.Decision)
	assert.Equal(t, moderation.SanctionNone, shown.Sanction)
	w.sanctioned(tutor, author, moderation.SanctionWarn)
}
