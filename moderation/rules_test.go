package moderation_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/moderation"
	"ponti/moderation/triage"
)

const (
	lantern = `rule own.lantern
  level red
  category suicide
  owner clinica
  match lanterna ..3 spenta
  + la lanterna è spenta
  - la lanterna è accesa
`
	lanternKey = "own:rule own.lantern"
	wishKey    = "it/suicide:rule it.suicide.want_die"
	out        = "la lanterna del cortile è spenta"
)

// EachText gives what the board keeps.
func (b *board) EachText(_ context.Context, _ account.ServiceID, most int, give func(moderation.Subject, string)) (whole bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, e := range b.texts {
		if most == 0 {
			return false, nil
		}
		most--
		give(moderation.Subject{Kind: moderation.SubjectRoom, ID: strings.Split(id, "/")[0]}, e.Text)
	}
	return true, nil
}

// save puts a text in the place of a section.
func (w *world) save(a account.Actor, key, text string) {
	w.t.Helper()
	mark := ""
	if s, err := w.Section(w.t.Context(), a, key); err == nil {
		mark = s.Mark
	}
	_, err := w.SaveSection(w.t.Context(), a, key, mark, text)
	require.NoError(w.t, err)
}

func (w *world) readAs(text string) triage.Level { return w.Read(w.service, text).Level }

// TestRules: one tutor writes a rule, tries it and asks; another approves; every text is read by it from then on, on every instance and not elsewhere; and one
// goes back at once.
func TestRules(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	ctx := t.Context()
	first, second, auditor := w.newTutor("Anna"), w.newTutor("Bruno"), w.newActor(account.RoleAuditor, "Rocco")
	other := w.newInstance(w.newPool())
	other.Start(ctx)
	t.Cleanup(other.Stop)
	w.UseTexts(w.board)

	r, err := w.Rules(ctx, first)
	require.NoError(t, err)
	require.Equal(t, moderation.Rules{}, r)
	require.Error(t, w.AskRules(ctx, first, "niente"))
	require.Error(t, w.TryRules(ctx, first))

	key, err := w.SaveSection(ctx, first, "", "", strings.ReplaceAll(lantern, "\n", "\r\n")+"\n\n")
	require.NoError(t, err)
	require.Equal(t, lanternKey, key)
	s, err := w.Section(ctx, auditor, key)
	require.NoError(t, err)
	assert.Equal(t, lantern, s.Text)
	assert.True(t, s.Own())
	assert.True(t, s.Changed)
	assert.Empty(t, s.Complaints)
	assert.Equal(t, triage.None, w.readAs(out), "a draft reads nothing")
	tried, err := w.TryText(ctx, second, out)
	require.NoError(t, err)
	assert.Equal(t, triage.None, tried.Now.Level)
	assert.Equal(t, triage.Red, tried.Work.Level)
	assert.Equal(t, "lanterna del cortile è spenta", out[tried.WorkFound[0].Start:tried.WorkFound[0].End])

	// Twelve kept texts: ten in conversations whose alarm was closed as no risk, one where it was not, one without an alarm; and one that nothing changes.
	member, esp := w.newActor(account.RoleMember, "Mare"), w.newESP("Emma", first)
	for i := range 11 {
		room := newRoom()
		raised := w.raise(w.flagged(room, 1, triage.Red, member, esp))
		w.exec(`update moderation_escalations set state = 'closed', outcome = $2, owner_id = $3, acknowledged_at = now(), closed_at = now(), due_at = null, note = 'x', note_wrapped = 'x', note_key_id = 'x' where id = $1`,
			raised.ID, map[bool]string{true: "no_risk", false: "talked"}[i < 10], first.ID)
		w.board.texts[room] = moderation.Excerpt{Text: out}
		w.board.texts[room+"/1"] = moderation.Excerpt{Text: "buongiorno"}
	}
	w.board.texts[newRoom()] = moderation.Excerpt{Text: out}
	require.NoError(t, w.TryRules(ctx, second))
	r, err = w.Rules(ctx, first)
	require.NoError(t, err)
	require.True(t, r.Fits(r.Work.Trial))
	assert.Equal(t, moderation.Told{All: 12, NoRisk: 10, Risk: 1}, r.Work.Trial.More)
	assert.Zero(t, r.Work.Trial.Fewer.All+r.Work.Trial.Higher.All+r.Work.Trial.Lower.All)
	assert.Equal(t, 23, r.Work.Trial.Texts)
	assert.True(t, r.Work.Trial.Whole)

	require.NoError(t, w.AskRules(ctx, first, "Qui si dice così."))
	r, err = w.Rules(ctx, first)
	require.NoError(t, err)
	require.Equal(t, moderation.RulesAsked, r.Work.State)
	require.True(t, r.Work.Mine)
	require.Equal(t, "Anna", r.Work.AskedBy)
	_, err = w.SaveSection(ctx, second, lanternKey, s.Mark, lantern+"  + una lanterna spenta\n")
	require.ErrorIs(t, err, moderation.ErrRulesWait)
	require.ErrorIs(t, w.AskRules(ctx, second, "ancora"), moderation.ErrRulesWait)
	require.ErrorIs(t, w.ApproveRules(ctx, first, 1), moderation.ErrRulesOwn)
	require.ErrorIs(t, w.ApproveRules(ctx, second, 2), moderation.ErrRulesGone)
	assert.Equal(t, triage.None, w.readAs(out), "one is not enough")

	// Texts are read all the while: by the one or by the other, and never by none.
	reading, stop := context.WithCancel(ctx)
	var readers sync.WaitGroup
	var unscored atomic.Int64
	for range 4 {
		readers.Go(func() {
			for reading.Err() == nil {
				if v := w.Read(w.service, out); v.Level != triage.None && v.Level != triage.Red {
					unscored.Add(1)
				}
			}
		})
	}
	require.NoError(t, w.ApproveRules(ctx, second, 1))
	assert.Equal(t, triage.Red, w.readAs(out))
	w.until("the other instance reads by it", func() bool { return other.Read(w.service, out).Level == triage.Red })
	elsewhere := w.newService("altrove.example")
	assert.Equal(t, triage.None, w.Read(elsewhere, out).Level, "and no other service")
	require.ErrorIs(t, w.ApproveRules(ctx, second, 1), moderation.ErrRulesGone)
	r, err = w.Rules(ctx, auditor)
	require.NoError(t, err)
	require.Nil(t, r.Work)
	assert.Equal(t, "Bruno", r.Active.ApprovedBy)
	assert.Equal(t, "Bruno", r.Active.ActiveBy)
	assert.False(t, r.Refused)

	// A fresh instance reads by it before it reads anything.
	fresh := w.newInstance(w.newPool())
	require.NoError(t, fresh.LoadRules(ctx))
	assert.Equal(t, triage.Red, fresh.Read(w.service, out).Level)

	require.NoError(t, w.ReturnRules(ctx, first, 0))
	assert.Equal(t, triage.None, w.readAs(out))
	require.ErrorIs(t, w.ReturnRules(ctx, first, 0), moderation.ErrRulesGone)
	require.NoError(t, w.ReturnRules(ctx, first, 1))
	assert.Equal(t, triage.Red, w.readAs(out))
	r, err = w.Rules(ctx, first)
	require.NoError(t, err)
	assert.Equal(t, "Anna", r.Active.ActiveBy, "who went back to it")
	w.until("the other instance follows", func() bool { return other.Read(w.service, out).Level == triage.Red })
	stop()
	readers.Wait()
	assert.Zero(t, unscored.Load())

	want := []string{"rules.change", "rules.try", "rules.try", "rules.ask", "rules.approve", "rules.return", "rules.return"}
	assert.Equal(t, want, scalar[[]string](w, `select array_agg(action order by id) from audit_entries where action like 'rules.%'`))
}

// TestRules_refused: what would lose people or drown tutors is not asked for, nor what the loader complains of; and nothing written is lost over it.
func TestRules_refused(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	ctx := t.Context()
	tutor, second := w.newTutor("Anna"), w.newTutor("Bruno")
	asked := func() error { return w.AskRules(ctx, tutor, "perché sì") }

	w.save(tutor, "", strings.Replace(lantern, "level red", "level rosso", 1))
	s, err := w.Section(ctx, tutor, lanternKey)
	require.NoError(t, err)
	require.Len(t, s.Complaints, 1)
	assert.Equal(t, 2, s.Complaints[0].Row)
	require.ErrorIs(t, asked(), moderation.ErrRulesWrong)
	require.ErrorIs(t, w.TryRules(ctx, tutor), moderation.ErrRulesWrong)
	tried, err := w.TryText(ctx, tutor, out)
	require.NoError(t, err)
	assert.Equal(t, 1, tried.Complaints)

	w.save(tutor, lanternKey, "")
	_, err = w.Section(ctx, tutor, lanternKey)
	require.ErrorIs(t, err, moderation.ErrUnknown)
	require.ErrorIs(t, asked(), moderation.ErrRulesSame)

	program, err := w.Section(ctx, tutor, wishKey)
	require.NoError(t, err)
	assert.False(t, program.Changed)
	w.save(tutor, wishKey, "")
	s, err = w.Section(ctx, tutor, wishKey)
	require.NoError(t, err)
	assert.True(t, s.Changed, "it is still there, to be brought back")
	assert.Equal(t, program.Text, s.Program)
	require.ErrorIs(t, asked(), moderation.ErrRulesLose)
	w.save(tutor, wishKey, program.Text)

	w.save(tutor, "", "rule own.all\n  level amber\n  category suicide\n  owner x\n  match (il|la|e|che|the|to|and|i|di|un|una|a|in|mi|ho|sono)\n  + il\n  - zzz\n")
	require.ErrorIs(t, asked(), moderation.ErrRulesFlood)
	assert.ErrorContains(t, w.AskRules(ctx, tutor, "  "), "why_missing")
	assert.ErrorContains(t, w.AskRules(ctx, tutor, strings.Repeat("è", 1001)), "why_long")

	for text, key := range map[string]string{"": "rules.empty", "  senza titolo": "rules.no_heading", strings.Repeat("# \U0001F642\n", 4000): "rules.long"} {
		_, err := w.SaveSection(ctx, tutor, "", "", text)
		require.Equal(t, errs.Invalid, errs.KindOf(err))
		assert.ErrorContains(t, err, key)
	}
	require.NoError(t, w.DropRules(ctx, second, 1))
	require.ErrorIs(t, w.DropRules(ctx, second, 1), moderation.ErrRulesGone)
	r, err := w.Rules(ctx, tutor)
	require.NoError(t, err)
	require.Nil(t, r.Work)
	require.Len(t, r.Past, 1)
	require.ErrorIs(t, w.ReturnRules(ctx, tutor, 1), moderation.ErrRulesGone, "it was never active")

	// Taken back, it is worked on again.
	w.save(tutor, "", lantern)
	require.NoError(t, asked())
	require.NoError(t, w.TakeBackRules(ctx, tutor, 2))
	w.save(second, lanternKey, lantern+"  + lanterna spenta\n")
	require.NoError(t, asked())
	w.exec(`update moderation_rules set changes = '[{"key":"own:rule own.lantern","text":"rule own.lantern\n"}]' where version = 2`)
	require.ErrorIs(t, w.ApproveRules(ctx, second, 2), moderation.ErrRulesWrong)
}

// TestRules_of_another_program: rules that do not hold with this version of the program leave the service with those of the program, and say so.
func TestRules_of_another_program(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	ctx := t.Context()
	tutor, second := w.newTutor("Anna"), w.newTutor("Bruno")
	w.save(tutor, "", lantern)
	require.NoError(t, w.AskRules(ctx, tutor, "perché sì"))
	require.NoError(t, w.ApproveRules(ctx, second, 1))
	w.exec(`update moderation_rules set changes = '[{"key":"own:rule own.lantern","text":"rule own.lantern\n"}]'`)
	fresh := w.newInstance(w.newPool())
	require.NoError(t, fresh.LoadRules(ctx))
	require.NoError(t, fresh.LoadRules(ctx))
	assert.Equal(t, triage.Red, fresh.Read(w.service, "voglio morire").Level)
	assert.Equal(t, triage.None, fresh.Read(w.service, out).Level)
	r, err := fresh.Rules(ctx, tutor)
	require.NoError(t, err)
	assert.True(t, r.Refused)
	assert.Equal(t, triage.Red, w.readAs(out), "who read by it before still does")
}

func TestRules_two_at_once(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	ctx := t.Context()
	tutor := w.newTutor("Anna")
	w.save(tutor, "", lantern)
	s, err := w.Section(ctx, tutor, lanternKey)
	require.NoError(t, err)
	var saved, approved atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			_, err := w.SaveSection(ctx, tutor, lanternKey, s.Mark, lantern+strings.Repeat("  + lanterna spenta\n", i+1))
			if err == nil {
				saved.Add(1)
				return
			}
			assert.ErrorIs(t, err, moderation.ErrRulesMoved)
		})
	}
	all.Wait()
	require.Equal(t, int64(1), saved.Load())
	require.NoError(t, w.AskRules(ctx, tutor, "perché sì"))
	for i := range 8 {
		second := w.newTutor(fmt.Sprintf("Bruno %d", i))
		all.Go(func() {
			if err := w.ApproveRules(ctx, second, 1); err == nil {
				approved.Add(1)
			} else {
				assert.ErrorIs(t, err, moderation.ErrRulesGone)
			}
		})
	}
	all.Wait()
	require.Equal(t, int64(1), approved.Load())
}

// TestRules_rights: tutors write, auditors read, and for everybody else there are none; each service has its own.
func TestRules_rights(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	ctx := t.Context()
	tutor := w.newTutor("Anna")
	w.save(tutor, "", lantern)
	elsewhere := w.newActorOf(w.newService("altrove.example"), account.RoleTutor, "Lontano")
	r, err := w.Rules(ctx, elsewhere)
	require.NoError(t, err)
	assert.Nil(t, r.Work)
	_, err = w.Section(ctx, elsewhere, lanternKey)
	require.ErrorIs(t, err, moderation.ErrUnknown)
	require.ErrorIs(t, w.DropRules(ctx, elsewhere, 1), moderation.ErrRulesGone)

	for _, role := range []account.Role{account.RoleGuest, account.RoleMember, account.RoleFamily, account.RoleESP, account.RoleSenior, account.RoleAdmin, account.RoleAuditor} {
		a := w.newActor(role, "Qualcuno "+string(role))
		reads := role == account.RoleAuditor
		_, err := w.Rules(ctx, a)
		assert.Equal(t, reads, err == nil, role)
		_, _, err = w.Sections(ctx, a, "morire")
		assert.Equal(t, reads, err == nil, role)
		_, err = w.TryText(ctx, a, out)
		assert.Equal(t, reads, err == nil, role)
		_, err = w.SaveSection(ctx, a, "", "", lantern)
		require.Error(t, err, role)
		require.Error(t, w.TryRules(ctx, a), role)
		require.Error(t, w.AskRules(ctx, a, "x"), role)
		require.Error(t, w.ApproveRules(ctx, a, 1), role)
		require.Error(t, w.TakeBackRules(ctx, a, 1), role)
		require.Error(t, w.DropRules(ctx, a, 1), role)
		require.Error(t, w.ReturnRules(ctx, a, 0), role)
	}
}

// TestSections: they are found by what they say, and without a question those that are changed.
func TestSections(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	ctx := t.Context()
	tutor := w.newTutor("Anna")
	list, all, err := w.Sections(ctx, tutor, "")
	require.NoError(t, err)
	assert.Empty(t, list)
	assert.Zero(t, all)
	list, all, err = w.Sections(ctx, tutor, "Want_Die SUICIDE it.")
	require.NoError(t, err)
	require.NotEmpty(t, list)
	assert.Len(t, list, all)
	list, all, err = w.Sections(ctx, tutor, "level")
	require.NoError(t, err)
	assert.Len(t, list, 60)
	assert.Greater(t, all, 200)
	w.save(tutor, "", lantern)
	list, _, err = w.Sections(ctx, tutor, "")
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, lanternKey, list[0].Key)
	assert.WithinDuration(t, time.Now(), scalar[time.Time](w, `select changed_at from moderation_rules`), time.Minute)
}
