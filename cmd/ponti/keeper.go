package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/rs/zerolog"

	"ponti/account"
	"ponti/chat"
	"ponti/forum"
	"ponti/internal/worker"
	"ponti/moderation"
)

// keepEvery is how often the keeper looks. Whoever erases an account is promised a minute.
const keepEvery = 15 * time.Second

// keeper erases what was kept for long enough, and what people asked to have erased. It runs on every instance; the parts share the work.
type keeper struct {
	worker.Worker
	accounts   *account.Accounts
	moderation *moderation.Moderation
	chat       *chat.Chat
	forum      *forum.Forum
	log        zerolog.Logger

	oldest  *prometheus.GaugeVec
	late    *prometheus.GaugeVec
	asked   prometheus.Gauge
	unread  prometheus.Gauge
	alone   prometheus.Gauge
	curious prometheus.Gauge
	behind  prometheus.Gauge
}

func newKeeper(a *app, r prometheus.Registerer, log zerolog.Logger) *keeper {
	f := promauto.With(r)
	return &keeper{
		accounts: a.accounts, moderation: a.moderation, chat: a.chat, forum: a.forum, log: log,
		oldest:  f.NewGaugeVec(prometheus.GaugeOpts{Name: "ponti_kept_oldest_seconds", Help: "How long ago the oldest conversation ended that is still kept, by how it is kept."}, []string{"kept_as"}),
		late:    f.NewGaugeVec(prometheus.GaugeOpts{Name: "ponti_kept_late", Help: "Conversations that should have been erased over an hour ago, by how they are kept."}, []string{"kept_as"}),
		asked:   f.NewGauge(prometheus.GaugeOpts{Name: "ponti_erasures_waiting", Help: "Accounts erased by their owners of which something is still there."}),
		unread:  f.NewGauge(prometheus.GaugeOpts{Name: "ponti_forum_held_oldest_seconds", Help: "How long the oldest post has waited that somebody must read before it appears; 0 when none waits."}),
		alone:   f.NewGauge(prometheus.GaugeOpts{Name: "ponti_chat_asked_oldest_seconds", Help: "How long the ESP has waited who waits longest for an answer of the tutors beside their conversation; 0 when none does."}),
		curious: f.NewGauge(prometheus.GaugeOpts{Name: "ponti_identity_reveals_many", Help: "Tutors who in the last 24 hours asked more than three times whose a text without a name is."}),
		behind:  f.NewGauge(prometheus.GaugeOpts{Name: "ponti_forum_digest_late_seconds", Help: "For how long the digest of the forum that is late the longest should have been sent; 0 when none is late."}),
	}
}

// Start works until Stop or the end of ctx: at once, and then every keepEvery.
func (k *keeper) Start(ctx context.Context) {
	k.Worker.Start(ctx, func(ctx context.Context) {
		// Instances that start together should not all work at the same instant.
		timer := time.NewTimer(rand.N(time.Second)) //nolint:gosec // jitter, not a secret
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			k.round(ctx)
			timer.Reset(keepEvery)
		}
	})
}

// round does everything once. A step that fails keeps none of the others from being done.
func (k *keeper) round(ctx context.Context) {
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"erased accounts", k.forget},
		{"conversations", k.chat.Erase},
		{"escalations", k.moderation.Erase},
		{"refused posts", k.forum.EraseRefused},
		{"old drafts", k.forum.EraseDrafts},
		{"addresses for digests", k.forum.EraseDigests},
		{"round tables", k.forum.KeepRounds},
		{"accounts", k.accounts.Sweep},
		{"figures", k.measure},
	}
	for _, s := range steps {
		err := worker.Guard(func() error { return s.do(ctx) })
		if err != nil && ctx.Err() == nil {
			k.log.Error().Err(err).Str("step", s.name).Msg("what is done from time to time failed")
		}
	}
}

// forget erases what hangs on accounts that their owners erased.
func (k *keeper) forget(ctx context.Context) error {
	list, err := k.accounts.Erased(ctx)
	if err != nil {
		return err
	}
	waiting := 0
	var faults []error // of one, which keeps none of the others
	for _, e := range list {
		talked, err := k.chat.Forget(ctx, e.Actor)
		wrote, err2 := k.forum.Forget(ctx, e.Actor, e.Posts)
		told, err3 := k.moderation.Forget(ctx, e.Actor)
		if err = errors.Join(err, err2, err3); err == nil && talked && wrote && told {
			err = k.accounts.Forgotten(ctx, e.ID)
		} else {
			waiting++
		}
		faults = append(faults, err)
	}
	k.asked.Set(float64(waiting))
	return errors.Join(faults...)
}

func (k *keeper) measure(ctx context.Context) error {
	list, err := k.chat.KeptBy(ctx, account.ServiceID{})
	for _, kept := range list {
		k.oldest.WithLabelValues(kept.As).Set(kept.Oldest.Seconds())
		k.late.WithLabelValues(kept.As).Set(float64(kept.Late))
	}
	waits, err2 := k.forum.HeldFor(ctx)
	if err2 == nil {
		k.unread.Set(waits.Seconds())
	}
	asked, err3 := k.chat.AskedFor(ctx)
	if err3 == nil {
		k.alone.Set(asked.Seconds())
	}
	late, err4 := k.forum.DigestLate(ctx)
	if err4 == nil {
		k.behind.Set(late.Seconds())
	}
	many, err5 := k.moderation.Revealers(ctx)
	if err5 == nil {
		k.curious.Set(float64(many))
	}
	return errors.Join(err, err2, err3, err4, err5)
}
