package moderation_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/mail"
	"ponti/internal/push"
	"ponti/internal/pushtest"
	"ponti/moderation"
	"ponti/moderation/triage"
)

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// words are the keys themselves, with what would stand in them.
func words(_, key string, values ...any) string {
	return fmt.Sprintln(append([]any{key}, values...)...)
}

// confirmed adds an address and types the code that came.
func (w *world) confirmed(b *mailbox, who account.Actor, address string) moderation.Reach {
	w.t.Helper()
	require.NoError(w.t, w.AddMail(w.t.Context(), who, address, "it"))
	letters := b.of(address)
	require.NotEmpty(w.t, letters)
	r := w.reaches(who)
	i := len(r) - 1
	for j := range r {
		if r[j].Address == address {
			i = j
		}
	}
	require.NoError(w.t, w.Confirm(w.t.Context(), who, r[i].ID, sixDigits.FindString(letters[len(letters)-1])))
	return r[i]
}

func (w *world) reaches(who account.Actor) []moderation.Reach {
	w.t.Helper()
	r, err := w.Reaches(w.t.Context(), who)
	require.NoError(w.t, err)
	return r.List
}

func (w *world) ended(id moderation.EscalationID, by moderation.Channel) (states []string) {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `select state from moderation_notifications where escalation_id = $1 and channel = $2 order by id`, id, string(by))
	require.NoError(w.t, err)
	states, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(w.t, err)
	return states
}

// mailedBy is the same world with another mail server.
func mailedBy(w *world, server *mail.Server) *moderation.Moderation {
	other := *w
	other.options.Mail = server
	return other.newInstance(w.pool)
}

func reaching(b *mail.Server, p *push.Sender) moderation.Options {
	o := slow()
	o.Mail, o.Push, o.Words = b, p, words
	return o
}

func TestReach(t *testing.T) {
	b, server := newMailbox(t, nil)
	p := pushtest.New(t, nil)
	w := newWorld(t, reaching(server, p.Sender(t)))
	anna, marta := w.newTutor("Anna"), w.newActor(account.RoleGuest, "Mare")
	ctx := t.Context()

	t.Run("an address counts when its code was typed, and only for who added it", func(t *testing.T) {
		require.NoError(t, w.AddMail(ctx, anna, "anna@example.org", "it"))
		code := sixDigits.FindString(b.of("anna@example.org")[0])
		id := w.reaches(anna)[0].ID
		assert.False(t, w.reaches(anna)[0].Confirmed)
		wrong := "000000"
		if code == wrong {
			wrong = "000001"
		}
		assert.Equal(t, errs.Invalid, errs.KindOf(w.Confirm(ctx, anna, id, wrong)))
		other := w.newTutor("Bruno")
		assert.Equal(t, errs.Invalid, errs.KindOf(w.Confirm(ctx, other, id, code)), "another tutor has no such address")
		assert.ErrorIs(t, w.RemoveReach(ctx, other, id), moderation.ErrUnknown)
		assert.ErrorIs(t, w.TryReach(ctx, other, id), moderation.ErrUnknown)
		assert.Empty(t, w.reaches(other))
		require.NoError(t, w.Confirm(ctx, anna, id, " "+code[:3]+" "+code[3:]))
		assert.True(t, w.reaches(anna)[0].Confirmed)
		require.NoError(t, w.TryReach(ctx, anna, id))
		assert.Contains(t, b.of("anna@example.org")[1], "moderation.mail_try")
		assert.False(t, w.reaches(anna)[0].Failed)
		require.NoError(t, w.RemoveReach(ctx, anna, id))
	})
	t.Run("five wrong codes end it", func(t *testing.T) {
		require.NoError(t, w.AddMail(ctx, anna, "anna@example.org", "it"))
		letters := b.of("anna@example.org")
		code := sixDigits.FindString(letters[len(letters)-1])
		id := w.reaches(anna)[0].ID
		for range 5 {
			assert.Error(t, w.Confirm(ctx, anna, id, "wrong"))
		}
		assert.Equal(t, errs.Invalid, errs.KindOf(w.Confirm(ctx, anna, id, code)))
	})
	t.Run("a code lasts half an hour", func(t *testing.T) {
		require.NoError(t, w.AddMail(ctx, anna, "anna@example.org", "it"))
		letters := b.of("anna@example.org")
		w.exec(`update moderation_reaches set asked_at = now() - interval '31 minutes'`)
		assert.Equal(t, errs.Invalid, errs.KindOf(w.Confirm(ctx, anna, w.reaches(anna)[0].ID, sixDigits.FindString(letters[len(letters)-1]))))
	})
	t.Run("an address that nobody confirmed is kept for a day", func(t *testing.T) {
		w.exec(`update moderation_reaches set asked_at = now() - interval '23 hours'`)
		require.NoError(t, w.Erase(ctx))
		require.Len(t, w.reaches(anna), 1)
		w.exec(`update moderation_reaches set asked_at = now() - interval '25 hours'`)
		require.NoError(t, w.Erase(ctx))
		assert.Empty(t, w.reaches(anna))
	})
	t.Run("what the mail server does not take is not kept", func(t *testing.T) {
		w.exec(`delete from moderation_reaches`)
		down, err := mail.Open("smtp://127.0.0.1:1", "ponti@example.org")
		require.NoError(t, err)
		without := mailedBy(w, down)
		err = without.AddMail(ctx, anna, "anna@example.org", "it")
		assert.ErrorIs(t, err, moderation.ErrNotSent)
		assert.NotContains(t, err.Error(), "example.org")
		assert.Empty(t, w.reaches(anna))
	})
	t.Run("what is no address is refused", func(t *testing.T) {
		for _, bad := range []string{"", "anna", "anna@localhost", "Anna <anna@example.org>", "a@example.org,b@example.org", "a@example.org\r\nBcc: b@example.org", strings.Repeat("a", 300) + "@example.org"} {
			assert.Equal(t, errs.Invalid, errs.KindOf(w.AddMail(ctx, anna, bad, "it")), bad)
		}
	})
	t.Run("what is no subscription of a provider is refused", func(t *testing.T) {
		good := p.Subscription(t, "x")
		for _, bad := range []string{"", "{}", "null", strings.ReplaceAll(good, "https:", "http:"), strings.ReplaceAll(good, "127.0.0.1", "127.0.0.2"),
			strings.ReplaceAll(good, "https://", "https://user@"), strings.Repeat(" ", 5000) + good, strings.Replace(good, `"auth":"`, `"auth":"AA`, 1)} {
			assert.Equal(t, errs.Invalid, errs.KindOf(w.AddPush(ctx, anna, bad, "it")), bad)
		}
	})
	t.Run("five are enough, and the same device is one", func(t *testing.T) {
		w.exec(`delete from moderation_reaches`)
		for _, name := range []string{"1", "2", "3", "4", "5"} {
			require.NoError(t, w.AddPush(ctx, anna, p.Subscription(t, name), "it"))
		}
		require.NoError(t, w.AddPush(ctx, anna, p.Subscription(t, "5"), "it"))
		assert.ErrorIs(t, w.AddPush(ctx, anna, p.Subscription(t, "6"), "it"), moderation.ErrReachFull)
		assert.Len(t, w.reaches(anna), 5)
	})
	t.Run("people who seek help have no such page", func(t *testing.T) {
		_, err := w.Reaches(ctx, marta)
		assert.Equal(t, errs.Forbidden, errs.KindOf(err))
		assert.Equal(t, errs.Forbidden, errs.KindOf(w.AddMail(ctx, marta, "mare@example.org", "it")))
		assert.Equal(t, errs.Forbidden, errs.KindOf(w.ChangeQuiet(ctx, marta, moderation.Quiet{From: 60, To: 120})))
	})
	t.Run("nothing readable is stored", func(t *testing.T) {
		w.confirmedAfresh(b, anna)
		assert.Zero(t, scalar[int](w, `select count(*) from moderation_reaches r where r::text ilike '%example%' or encode(address, 'escape') ilike '%example%' or encode(mark, 'escape') ilike '%example%'`))
	})
	t.Run("who is forgotten is reached no more", func(t *testing.T) {
		_, err := w.Forget(ctx, anna)
		require.NoError(t, err)
		assert.Empty(t, w.reaches(anna))
	})
}

func (w *world) confirmedAfresh(b *mailbox, who account.Actor) {
	w.exec(`delete from moderation_reaches`)
	w.confirmed(b, who, "anna@example.org")
}

func TestLadderReachesPeople(t *testing.T) {
	b, server := newMailbox(t, nil)
	p := pushtest.New(t, nil)
	w := newWorld(t, reaching(server, p.Sender(t)))
	anna, off := w.newTutor("Anna"), w.newActor(account.RoleTutor, "Olga")
	gone := w.newActor(account.RoleTutor, "Gino")
	w.confirmed(b, anna, "anna@example.org")
	w.confirmed(b, off, "olga@example.org")
	w.confirmed(b, gone, "gino@example.org")
	require.NoError(t, w.AddMail(t.Context(), anna, "typo@example.org", "it"))
	require.NoError(t, w.AddPush(t.Context(), anna, p.Subscription(t, "anna"), "it"))
	w.exec(`update account_accounts set disabled_at = now() where id = $1`, gone.ID)
	person := w.newActor(account.RoleGuest, "Mare")
	w.Start(t.Context())
	defer w.Stop()

	id := w.raise(w.flagged(newRoom(), 1, triage.Red, person, account.Actor{})).ID
	w.until("who is asked is told by mail and by push", func() bool { return len(b.of("anna@example.org")) == 2 && len(p.Calls()) == 1 })
	letter := b.of("anna@example.org")[1]
	assert.Contains(t, letter, "/console/"+id.String())
	assert.NotContains(t, letter, "red")
	call := p.Calls()[0]
	assert.Equal(t, "high", call.Header.Get("Urgency"))
	assert.Contains(t, call.Header.Get("Authorization"), "vapid t=")
	assert.Len(t, b.of("olga@example.org"), 1, "who is not on call is not asked yet")
	w.until("ended", func() bool {
		return len(w.ended(id, moderation.ChannelMail)) == 1 && w.ended(id, moderation.ChannelMail)[0] == "sent"
	})
	assert.False(t, w.reaches(anna)[0].ToldAt.IsZero())

	w.exec(`update moderation_escalations set due_at = now() where id = $1`, id)
	w.until("the last rung tells every tutor, on call or not", func() bool {
		w.exec(`update moderation_escalations set due_at = now() where id = $1 and rung < 5`, id)
		return len(b.of("olga@example.org")) == 2
	})
	assert.Zero(t, scalar[int](w, `select count(*) from moderation_notifications where state = 'unconfigured'`), "that is a way out, also without a webhook")
	assert.Len(t, b.of("gino@example.org"), 1, "who is shut out is told nothing")
	assert.Len(t, b.of("typo@example.org"), 1, "an address that nobody confirmed gets its code and nothing else")
	w.until("all ended", func() bool {
		return scalar[int](w, `select count(*) from moderation_notifications where state = 'pending'`) == 0
	})
	w.checked()
}

func TestQuietHours(t *testing.T) {
	b, server := newMailbox(t, nil)
	w := newWorld(t, reaching(server, nil))
	anna := w.newTutor("Anna")
	w.confirmed(b, anna, "anna@example.org")
	person := w.newActor(account.RoleGuest, "Mare")
	now := scalar[int](w, `select (extract(hour from now() at time zone 'Europe/Rome') * 60 + extract(minute from now() at time zone 'Europe/Rome'))::int`)
	at := func(minutes int) int { return ((now+minutes)%1440 + 1440) % 1440 }
	told := func(q moderation.Quiet) int {
		require.NoError(t, w.ChangeQuiet(t.Context(), anna, q))
		m := w.newInstance(w.newPool())
		id := w.raise(w.flagged(newRoom(), 1, triage.Red, person, account.Actor{})).ID
		m.Start(t.Context())
		w.until("asked", func() bool { return len(w.routed(id)) == 1 })
		m.Stop()
		return len(w.ended(id, moderation.ChannelMail))
	}
	assert.Equal(t, 1, told(moderation.Quiet{}))
	assert.Equal(t, 0, told(moderation.Quiet{From: at(-60), To: at(60)}))
	assert.Equal(t, 1, told(moderation.Quiet{From: at(60), To: at(120)}))
	assert.Equal(t, 1, told(moderation.Quiet{From: at(60), To: at(-60)}), "hours over midnight end")
	assert.Equal(t, 0, told(moderation.Quiet{From: at(-60), To: at(-120)}), "and begin")
	assert.Equal(t, errs.Invalid, errs.KindOf(w.ChangeQuiet(t.Context(), anna, moderation.Quiet{From: -1, To: 60})))
	assert.Equal(t, errs.Invalid, errs.KindOf(w.ChangeQuiet(t.Context(), anna, moderation.Quiet{From: 0, To: 1440})))

	require.NoError(t, w.ChangeQuiet(t.Context(), anna, moderation.Quiet{From: at(-60), To: at(60)}))
	w.Start(t.Context())
	defer w.Stop()
	id := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, account.Actor{})).ID
	before := len(b.of("anna@example.org"))
	w.until("the last rung heeds no quiet hours", func() bool {
		w.exec(`update moderation_escalations set due_at = now() where id = $1 and rung < 5`, id)
		return len(b.of("anna@example.org")) > before
	})
}

func TestReachThatFails(t *testing.T) {
	hang := make(chan struct{})
	tests := map[string]struct {
		mail func(n int) error
		push func(n int, w http.ResponseWriter, r *http.Request)
		want string
	}{
		"refuses twice": {
			mail: func(n int) error {
				if n == 2 || n == 3 { // the first is the code
					return &smtp.SMTPError{Code: 451, Message: "later"}
				}
				return nil
			},
			push: func(n int, w http.ResponseWriter, _ *http.Request) {
				if n < 3 {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			},
			want: "sent",
		},
		"never takes it": {
			mail: func(n int) error {
				if n > 1 {
					return errors.New("no")
				}
				return nil
			},
			push: func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
			want: "failed",
		},
		"hangs": {
			mail: func(n int) error {
				if n > 1 {
					<-hang
				}
				return nil
			},
			push: func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		},
		"is gone": {
			push: func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b, server := newMailbox(t, tt.mail)
			p := pushtest.New(t, tt.push)
			o := reaching(server, p.Sender(t))
			o.Webhook.GiveUp = time.Second
			if tt.want == "sent" {
				o.Webhook.GiveUp = time.Minute
			}
			o.Webhook.Timeout = time.Second
			w := newWorld(t, o)
			anna := w.newTutor("Anna")
			w.confirmed(b, anna, "anna@example.org")
			require.NoError(t, w.AddPush(t.Context(), anna, p.Subscription(t, "anna"), "it"))
			pager := newPager(t, nil)
			w.setWebhook(pager.URL)
			person := w.newActor(account.RoleGuest, "Mare")
			w.Start(t.Context())
			id := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, account.Actor{})).ID
			switch {
			case tt.want != "":
				w.until("both end", func() bool {
					m, u := w.ended(id, moderation.ChannelMail), w.ended(id, moderation.ChannelPush)
					return len(m) == 1 && m[0] == tt.want && len(u) == 1 && u[0] == tt.want
				})
				for _, r := range w.reaches(anna) {
					assert.Equal(t, tt.want == "failed", r.Failed, r.Channel)
				}
			case name == "is gone":
				w.until("nobody is tried twice who is not there", func() bool {
					u := w.ended(id, moderation.ChannelPush)
					return len(u) == 1 && u[0] == "failed"
				})
				assert.Len(t, p.Calls(), 1)
			}
			w.until("the ladder and the webhook wait for neither", func() bool {
				w.exec(`update moderation_escalations set due_at = now() where id = $1 and rung < 5`, id)
				return len(pager.all()) > 0
			})
			if name == "hangs" {
				close(hang)
				p.CloseClientConnections()
			}
			w.Stop()
		})
	}
}
