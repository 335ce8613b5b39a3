package forum

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pushtest"
)

// digests is how somebody is told.
func (w *town) digests(actor account.Actor) Digests {
	w.t.Helper()
	d, err := w.Digests(w.t.Context(), actor)
	require.NoError(w.t, err)
	return d
}

// mailed is somebody who confirmed an address and wants to be told every day.
func (w *town) mailed(b *mailbox, actor account.Actor, address string) {
	w.t.Helper()
	require.NoError(w.t, w.AskMail(w.t.Context(), actor, address, "it"))
	letters := b.of(address)
	require.NotEmpty(w.t, letters)
	require.NoError(w.t, w.ConfirmMail(w.t.Context(), actor.Service, linkIn(confirmLink, letters[len(letters)-1])))
	require.NoError(w.t, w.ChangeDigest(w.t.Context(), actor, EveryDay, time.Monday, 9))
}

// due makes all digests due now, and what was written in the last hour new to them.
func (w *town) due() {
	w.t.Helper()
	_, err := w.pool.Exec(w.t.Context(), `update forum_digest_ways set due_at = now() - interval '1 second', told_until = now() - interval '1 hour' where confirmed_at is not null`)
	require.NoError(w.t, err)
}

// sends sends what is due by mail, and says how many letters came to an address.
func (w *town) sends(b *mailbox, address string) int {
	w.t.Helper()
	before := len(b.of(address))
	_, err := w.SendDigests(w.t.Context(), ByMail)
	require.NoError(w.t, err)
	return len(b.of(address)) - before
}

// TestDigestMail: an address takes digests when who reads it says so, once and in time, and no more when they say no.
func TestDigestMail(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	b := newMailbox(t)
	w.tells(b, nil)
	ctx := t.Context()
	me, other := w.as(account.RoleMember), w.as(account.RoleFamily)
	d := w.digests(me)
	assert.Equal(t, EveryNever, d.Every, "nobody is told who did not ask")
	assert.Empty(t, d.Ways)

	require.NoError(t, w.AskMail(ctx, me, "mirto@example.org", "it"))
	letter := b.of("mirto@example.org")[0]
	token := linkIn(confirmLink, letter)
	require.NotEmpty(t, token, letter)
	assert.NotContains(t, letter, "List-Unsubscribe")
	assert.False(t, w.digests(me).Ways[0].Confirmed)
	assert.Empty(t, w.digests(other).Ways)
	for _, wrong := range []string{"", "X", strings.ToLower(token), token + "A", "'; drop table forum_posts; --"} {
		require.ErrorIs(t, w.ConfirmMail(ctx, w.a, wrong), ErrLetterOld)
	}
	require.ErrorIs(t, w.ConfirmMail(ctx, w.b, token), ErrLetterOld, "another service's")
	var once sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	for range 4 {
		once.Go(func() {
			err := w.ConfirmMail(ctx, w.a, token)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				taken++
			} else {
				assert.ErrorIs(t, err, ErrLetterOld)
			}
		})
	}
	once.Wait()
	assert.Equal(t, 1, taken, "a link works once, also when it is opened in four windows")
	assert.True(t, w.digests(me).Ways[0].Confirmed)
	assert.Equal(t, "mirto@example.org", w.digests(me).Ways[0].Address)

	t.Run("another address takes the place of the first once it is confirmed", func(t *testing.T) {
		require.NoError(t, w.AskMail(ctx, me, "altro@example.org", "it"))
		assert.Len(t, w.digests(me).Ways, 2)
		require.NoError(t, w.ConfirmMail(ctx, w.a, linkIn(confirmLink, b.of("altro@example.org")[0])))
		ways := w.digests(me).Ways
		require.Len(t, ways, 1)
		assert.Equal(t, "altro@example.org", ways[0].Address)
		assert.Equal(t, errs.Invalid, errs.KindOf(w.AskMail(ctx, me, "ALTRO@example.org", "it")), "it is there already")
	})
	t.Run("a link lasts a day, and what nobody confirmed is forgotten", func(t *testing.T) {
		require.NoError(t, w.AskMail(ctx, other, "salvia@example.org", "it"))
		_, err := w.pool.Exec(ctx, `update forum_digest_ways set asked_at = now() - interval '25 hours' where confirm_mark is not null; update forum_digest_asked set at = now() - interval '23 hours'`)
		require.NoError(t, err)
		require.ErrorIs(t, w.ConfirmMail(ctx, w.a, linkIn(confirmLink, b.of("salvia@example.org")[0])), ErrLetterOld)
		require.NoError(t, w.EraseDigests(ctx))
		assert.Empty(t, w.digests(other).Ways)
		assert.Len(t, w.digests(me).Ways, 1)
		assert.Equal(t, 3, w.count(`select count(*) from forum_digest_asked`))
		_, err = w.pool.Exec(ctx, `update forum_digest_asked set at = now() - interval '25 hours'`)
		require.NoError(t, err)
		require.NoError(t, w.EraseDigests(ctx))
		assert.Zero(t, w.count(`select count(*) from forum_digest_asked`))
	})
	t.Run("nobody has many letters sent to somebody else", func(t *testing.T) {
		for range lettersPerDay {
			require.NoError(t, w.AskMail(ctx, other, "vittima@example.org", "it"))
		}
		require.ErrorIs(t, w.AskMail(ctx, other, "vittima@example.org", "it"), ErrLetterMany)
		require.ErrorIs(t, w.AskMail(ctx, other, "nuova@example.org", "it"), ErrLetterMany)
		require.NoError(t, w.AskMail(ctx, w.as(account.RoleESP), "vittima@example.org", "it"), "others learn nothing of it")
		assert.Len(t, b.of("vittima@example.org"), lettersPerDay)
		assert.Len(t, w.digests(other).Ways, 1, "one waits at a time")
	})
	t.Run("what is no address, and what the mail server does not take, is not kept", func(t *testing.T) {
		for _, bad := range []string{"", "mirto", "mirto@localhost", "Mirto <m@example.org>", "m@example.org,n@example.org", "m@example.org\r\nBcc: n@example.org", strings.Repeat("m", 1<<20) + "@example.org"} {
			assert.Equal(t, errs.Invalid, errs.KindOf(w.AskMail(ctx, me, bad, "it")))
		}
		b.breaks(true)
		err := w.AskMail(ctx, me, "mai@example.org", "it")
		b.breaks(false)
		require.ErrorIs(t, err, ErrNotSent)
		assert.NotContains(t, err.Error(), "example.org")
		assert.Len(t, w.digests(me).Ways, 1)
		assert.Zero(t, w.count(`select count(*) from forum_digest_asked where account_id = $1`, me.ID), "and does not count")
	})
	t.Run("nothing readable is stored", func(t *testing.T) {
		assert.Zero(t, w.count(`select count(*) from forum_digest_ways r where r::text ilike '%example%' or encode(way_sealed, 'escape') ilike '%example%' or encode(mark, 'escape') ilike '%example%'`))
	})
	t.Run("one click in a letter forgets the address, and nothing else", func(t *testing.T) {
		w.mailed(b, w.as(account.RoleSenior), "nadia@example.org")
		r := w.open(w.as(account.RoleESP), "members", "Il fiume", calm)
		require.NoError(t, w.Subscribe(ctx, me, r.Thread, true))
		require.NoError(t, w.ChangeDigest(ctx, me, EveryDay, time.Monday, 9))
		w.due()
		require.Equal(t, 1, w.sends(b, "altro@example.org"))
		letter := b.of("altro@example.org")[1]
		token := linkIn(leaveLink, letter)
		assert.Contains(t, letter, "List-Unsubscribe-Post: List-Unsubscribe=One-Click")
		assert.Equal(t, 2, strings.Count(strings.ReplaceAll(letter, "=\r\n", ""), token), "in the letter and for mail programs")
		require.NoError(t, w.LeaveMail(ctx, w.b, token))
		require.NoError(t, w.LeaveMail(ctx, w.a, "X"))
		assert.Len(t, w.digests(me).Ways, 1)
		require.NoError(t, w.LeaveMail(ctx, w.a, token))
		require.NoError(t, w.LeaveMail(ctx, w.a, token), "again is no mistake")
		assert.Empty(t, w.digests(me).Ways)
		assert.Len(t, w.digests(w.as(account.RoleSenior)).Ways, 1)
	})
	t.Run("nothing is left with who goes", func(t *testing.T) {
		senior := w.as(account.RoleSenior)
		require.NoError(t, w.RemoveWay(ctx, me, w.digests(senior).Ways[0].ID))
		assert.Len(t, w.digests(senior).Ways, 1, "somebody else's stays")
		for _, who := range []account.Actor{me, other, senior, w.as(account.RoleESP)} {
			require.True(t, w.forget(who, false))
		}
		assert.Zero(t, w.count(`select (select count(*) from forum_digests) + (select count(*) from forum_digest_ways) + (select count(*) from forum_digest_asked)`))
	})
}

// TestDigest: what is new to somebody who may read it, as they stand when it is sent, and nothing of what it is.
func TestDigest(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	b := newMailbox(t)
	w.tells(b, nil)
	ctx := t.Context()
	me, family, esp := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP)
	w.mailed(b, me, "mirto@example.org")
	w.mailed(b, family, "salvia@example.org")
	river := w.open(me, "members", "Il fiume", calm).Thread
	letter := func() string {
		t.Helper()
		w.due()
		n := w.sends(b, "mirto@example.org")
		if n == 0 {
			return ""
		}
		require.Equal(t, 1, n)
		all := b.of("mirto@example.org")
		return all[len(all)-1]
	}
	assert.Empty(t, letter(), "what one wrote is not new to oneself")
	secret := w.answer(family, river, "Il segreto del glicine.")
	w.answer(esp, river, calm)
	got := letter()
	assert.Contains(t, got, "digest.letter 2")
	for _, betrays := range []string{"fiume", "glicine", "Salvia", "Mirto", "threads"} {
		assert.NotContains(t, got, betrays)
	}
	assert.Len(t, b.of("salvia@example.org"), 2, "Salvia wrote there too, and is told of the other answer")

	t.Run("not again", func(t *testing.T) {
		_, err := w.pool.Exec(ctx, `update forum_posts set created_at = created_at - interval '2 minutes'; update forum_digest_ways set due_at = now()`)
		require.NoError(t, err)
		assert.Zero(t, w.sends(b, "mirto@example.org"), "nothing was written since")
	})
	t.Run("not what was read", func(t *testing.T) {
		require.NoError(t, w.MarkRead(ctx, me, river, 2))
		assert.Contains(t, letter(), "digest.letter 1")
		require.NoError(t, w.MarkRead(ctx, me, river, 3))
		assert.Empty(t, letter())
	})
	t.Run("not of whom, nor with which words, one would rather not read", func(t *testing.T) {
		w.answer(family, river, "Ancora.")
		w.answer(esp, river, "La pioggia.")
		assert.Contains(t, letter(), "digest.letter 2")
		_, err := w.MuteAuthor(ctx, me, secret.Post)
		require.NoError(t, err)
		assert.Contains(t, letter(), "digest.letter 1")
		require.NoError(t, w.ChangeFilters(ctx, me, "pioggia", false))
		assert.Empty(t, letter())
		require.NoError(t, w.ChangeFilters(ctx, me, "", false))
		require.NoError(t, w.MarkRead(ctx, me, river, 5))
	})
	t.Run("also where one is called by name", func(t *testing.T) {
		require.NoError(t, w.Subscribe(ctx, me, river, false))
		called := w.answer(esp, river, "E tu, @Mirto?")
		assert.Contains(t, letter(), "digest.letter 1")
		w.hide(called, "Insulta.")
		assert.Empty(t, letter())
		w.answer(family, river, "E tu, @Mirto?")
		assert.Empty(t, letter(), "but not by somebody whom one muted")
		require.NoError(t, w.Subscribe(ctx, me, river, true))
	})
	t.Run("only what they may read when it is sent", func(t *testing.T) {
		home := w.open(esp, "family", "Tra noi", calm).Thread
		require.NoError(t, w.Subscribe(ctx, family, home, true))
		require.NoError(t, w.MarkRead(ctx, family, river, 100))
		w.due()
		require.Equal(t, 1, w.sends(b, "salvia@example.org"))
		_, err := w.pool.Exec(ctx, `update account_accounts set role = 'member' where id = $1`, family.ID)
		require.NoError(t, err)
		w.due()
		assert.Zero(t, w.sends(b, "salvia@example.org"), "who left the families")
		_, err = w.pool.Exec(ctx, `update account_accounts set role = 'family', suspended_until = now() + interval '1 hour' where id = $1`, family.ID)
		require.NoError(t, err)
		w.due()
		assert.Zero(t, w.sends(b, "salvia@example.org"), "who may not come in just now")
		_, err = w.pool.Exec(ctx, `update account_accounts set suspended_until = null where id = $1`, family.ID)
		require.NoError(t, err)
		w.due()
		assert.Equal(t, 1, w.sends(b, "salvia@example.org"))
		assert.Zero(t, w.count(`select count(*) from forum_digest_ways where due_at <= now()`))
	})
	t.Run("very much is more than a hundred", func(t *testing.T) {
		now := time.Now().Add(-time.Minute)
		_, err := w.pool.Exec(ctx, `insert into forum_posts (id, service_id, thread_id, number, author_id, cid, source, html, renderer, level, created_at)
			select gen_random_uuid(), $1, $2, 1000 + n, $3, gen_random_uuid()::text, 'Testo', '', 1, 'none', $4 from generate_series(1, 150) n`, w.a, river, esp.ID, now)
		require.NoError(t, err)
		assert.Contains(t, letter(), "digest.letter_many_new Count 100")
	})
	t.Run("only those who read the forum, and in words", func(t *testing.T) {
		for _, role := range []account.Role{account.RoleVisitor, account.RoleGuest, account.RoleAdmin, account.RoleAuditor} {
			_, err := w.Digests(ctx, w.as(role))
			require.Error(t, err, role)
			require.Error(t, w.ChangeDigest(ctx, w.as(role), EveryDay, 1, 9), role)
			require.Error(t, w.AskMail(ctx, w.as(role), "x@example.org", "it"), role)
			require.Error(t, w.AddBrowser(ctx, w.as(role), "{}", "it"), role)
			require.Error(t, w.RemoveWay(ctx, w.as(role), WayID{}), role)
		}
		assert.Equal(t, errs.Invalid, errs.KindOf(w.ChangeDigest(ctx, me, "hour", 1, 9)))
		assert.Equal(t, errs.Invalid, errs.KindOf(w.ChangeDigest(ctx, me, EveryDay, 7, 9)))
		assert.Equal(t, errs.Invalid, errs.KindOf(w.ChangeDigest(ctx, me, EveryDay, 1, 24)))
		assert.Equal(t, errs.Invalid, errs.KindOf(w.AddBrowser(ctx, me, "{}", "it")))
	})
	t.Run("never is never", func(t *testing.T) {
		require.NoError(t, w.ChangeDigest(ctx, me, EveryNever, 1, 9))
		assert.Zero(t, w.count(`select count(*) from forum_digest_ways where account_id = $1 and due_at is not null`, me.ID))
	})
}

// TestDigestOnce: each digest leaves once within its period, whoever is at it and whatever fails.
func TestDigestOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	b := newMailbox(t)
	other := w.tells(b, nil)
	ctx := t.Context()
	esp := w.as(account.RoleESP)
	river := w.open(esp, "members", "Il fiume", calm).Thread
	var addresses []string
	for i := range 30 {
		who := w.newAccount(w.a, account.RoleMember, "Foglia "+string(rune('a'+i)))
		address := "f" + who.ID.String()[:8] + "@example.org"
		w.mailed(b, who, address)
		require.NoError(t, w.Subscribe(ctx, who, river, true))
		addresses = append(addresses, address)
	}
	w.due()
	var all sync.WaitGroup
	for _, f := range []*Forum{w.Forum, other, w.Forum, other} {
		all.Go(func() {
			for n := digestsAtOnce; n > 0; {
				var err error
				n, err = f.SendDigests(ctx, ByMail)
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	for _, a := range addresses {
		assert.Len(t, b.of(a), 2, "its own letter, and one digest")
	}
	zone, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	var due time.Time
	require.NoError(t, w.pool.QueryRow(ctx, `select max(due_at) from forum_digest_ways`).Scan(&due))
	assert.Equal(t, 9, due.In(zone).Hour())
	assert.True(t, due.After(time.Now()))

	one := w.newAccount(w.a, account.RoleMember, "Rosa")
	w.mailed(b, one, "rosa@example.org")
	require.NoError(t, w.Subscribe(ctx, one, river, true))
	state := func() (due time.Time, failed bool) {
		t.Helper()
		require.NoError(t, w.pool.QueryRow(ctx, `select due_at, failed from forum_digest_ways where account_id = $1`, one.ID).Scan(&due, &failed))
		return due, failed
	}
	soon := func() {
		t.Helper()
		_, err := w.pool.Exec(ctx, `update forum_digest_ways set due_at = now(), told_until = now() - interval '1 hour' where account_id = $1`, one.ID)
		require.NoError(t, err)
	}
	t.Run("another choice brings no second one on the same day", func(t *testing.T) {
		soon()
		require.Equal(t, 1, w.sends(b, "rosa@example.org"))
		for hour := range 24 {
			require.NoError(t, w.ChangeDigest(ctx, one, EveryDay, time.Monday, hour))
			due, _ := state()
			assert.NotEqual(t, time.Now().In(zone).YearDay(), due.In(zone).YearDay())
		}
	})
	t.Run("a mail server that fails is tried a few times, and then not before the next period", func(t *testing.T) {
		before := b.breaks(true)
		tries := 0
		for ; tries < 20; tries++ {
			_, err := w.pool.Exec(ctx, `update forum_digest_ways set due_at = now(), told_until = now() - interval '1 hour' where account_id = $1`, one.ID)
			require.NoError(t, err)
			_, err = w.SendDigests(ctx, ByMail)
			require.ErrorIs(t, err, errUndelivered)
			assert.NotContains(t, err.Error(), "example.org")
			if w.count(`select tries from forum_digest_ways where account_id = $1`, one.ID) == 0 {
				break
			}
			due, failed := state()
			assert.True(t, failed)
			assert.True(t, due.After(time.Now()) && due.Before(time.Now().Add(4*time.Hour)))
		}
		assert.LessOrEqual(t, b.breaks(false)-before, 5)
		assert.LessOrEqual(t, tries, 4)
		due, _ := state()
		assert.True(t, due.After(time.Now()))
		assert.True(t, w.digests(one).Ways[0].Failed)
		soon()
		assert.Equal(t, 1, w.sends(b, "rosa@example.org"))
		assert.False(t, w.digests(one).Ways[0].Failed)
	})
	t.Run("an instance that ends while it sends brings no second one, one that ends before it sends does", func(t *testing.T) {
		soon()
		list, err := takeDue(ctx, w.pool, ByMail, 10)
		require.NoError(t, err)
		require.Len(t, list, 1)
		due, _ := state()
		assert.WithinDuration(t, time.Now().Add(digestLease), due, time.Minute, "it is due again soon")
		mine, err := updateWaySending(ctx, w.pool, list[0], list[0].next(list[0].now, zone))
		require.NoError(t, err)
		assert.True(t, mine)
		mine, err = updateWaySending(ctx, w.pool, list[0], list[0].next(list[0].now, zone))
		require.NoError(t, err)
		assert.False(t, mine, "what another took is not sent")
		due, _ = state()
		assert.Equal(t, list[0].next(list[0].now, zone).UTC(), due.UTC())
	})
	t.Run("a database that fails in between is no digest lost", func(t *testing.T) {
		soon()
		_, err := w.pool.Exec(ctx, `alter table forum_filters rename to forum_gone`)
		require.NoError(t, err)
		_, err = w.SendDigests(ctx, ByMail)
		require.Error(t, err)
		_, err = w.pool.Exec(ctx, `alter table forum_gone rename to forum_filters`)
		require.NoError(t, err)
		due, failed := state()
		assert.WithinDuration(t, time.Now().Add(digestLease), due, time.Minute)
		assert.False(t, failed)
		soon()
		assert.Equal(t, 1, w.sends(b, "rosa@example.org"))
	})
	t.Run("what is late is told", func(t *testing.T) {
		late, err := w.DigestLate(ctx)
		require.NoError(t, err)
		assert.Zero(t, late)
		_, err = w.pool.Exec(ctx, `update forum_digest_ways set due_at = now() - interval '1 hour' where account_id = $1`, one.ID)
		require.NoError(t, err)
		late, err = w.DigestLate(ctx)
		require.NoError(t, err)
		assert.InDelta(t, time.Hour.Seconds(), late.Seconds(), 60)
	})
}

// TestDigestPush: a browser is woken with nothing in it, and forgotten when it wants to be woken no more; a mail server that fails keeps it from nothing.
func TestDigestPush(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	gone := false
	p := pushtest.New(t, func(_ int, rw http.ResponseWriter, _ *http.Request) {
		if gone {
			rw.WriteHeader(http.StatusGone)
			return
		}
		rw.WriteHeader(http.StatusCreated)
	})
	b := newMailbox(t)
	w.tells(b, p.Sender(t))
	ctx := t.Context()
	me, esp := w.as(account.RoleMember), w.as(account.RoleESP)
	river := w.open(esp, "members", "Il fiume", calm).Thread
	require.NoError(t, w.Subscribe(ctx, me, river, true))
	assert.NotEmpty(t, w.digests(me).PushKey)
	w.mailed(b, me, "mirto@example.org")
	first := p.Subscription(t, "1")
	require.NoError(t, w.AddBrowser(ctx, me, first, "it"))
	require.NoError(t, w.AddBrowser(ctx, me, first, "it"), "again is no mistake")
	w.due()
	b.breaks(true)
	_, err := w.SendDigests(ctx, ByMail)
	require.ErrorIs(t, err, errUndelivered)
	_, err = w.SendDigests(ctx, ByPush)
	require.NoError(t, err)
	require.Len(t, p.Calls(), 1)
	_, err = w.SendDigests(ctx, ByPush)
	require.NoError(t, err)
	assert.Len(t, p.Calls(), 1)
	require.NoError(t, w.MarkRead(ctx, me, river, 1))
	w.due()
	_, err = w.SendDigests(ctx, ByPush)
	require.NoError(t, err)
	assert.Len(t, p.Calls(), 1, "nothing new, nothing sent")

	w.answer(esp, river, calm)
	w.due()
	gone = true
	_, err = w.SendDigests(ctx, ByPush)
	require.NoError(t, err)
	assert.Len(t, w.digests(me).Ways, 1, "mail alone is left")
	for _, name := range []string{"2", "3", "4", "5"} {
		require.NoError(t, w.AddBrowser(ctx, me, p.Subscription(t, name), "it"))
	}
	require.ErrorIs(t, w.AddBrowser(ctx, me, p.Subscription(t, "6"), "it"), ErrBrowserMany)
}

// TestMigrateDigests: nobody of before is told anything.
func TestMigrateDigests(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me := w.as(account.RoleMember)
	w.open(me, "members", "Di prima", calm)
	w.migrateFrom(20)
	assert.Equal(t, Digests{When: When{Every: EveryNever, Weekday: time.Monday, Hour: 9}}, w.digests(me))
	require.NoError(t, w.ChangeDigest(ctx, me, EveryWeek, time.Sunday, 20))
	assert.Equal(t, When{Every: EveryWeek, Weekday: time.Sunday, Hour: 20}, w.digests(me).When)
}
