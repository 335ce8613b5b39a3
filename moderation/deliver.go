package moderation

import (
	"context"
	"errors"
	"sync"
	"time"

	"ponti/account"
	"ponti/internal/seal"
	"ponti/internal/worker"
	"ponti/moderation/triage"
)

// couriers is how many deliveries by one channel an instance has under way at once: a mail server that hangs holds up no webhook.
const couriers = 8

// outside are the channels that lead out of Ponti: what is told there may be refused, lost or late, and the ladder never waits for it.
var outside = []Channel{ChannelWebhook, ChannelMail, ChannelPush}

// Channel is a way to tell somebody of an escalation.
type Channel string

// The channels.
const (
	ChannelConsole Channel = "console" // the page that a tutor has open
	ChannelWebhook Channel = "webhook" // the service's own, to a paging system
	ChannelMail    Channel = "mail"    // somebody's address
	ChannelPush    Channel = "push"    // somebody's browser, also while no page is open
)

// delivery is one attempt to tell somebody outside.
type delivery struct {
	id             int64
	channel        Channel
	service        account.ServiceID
	escalation     EscalationID
	level          triage.Level
	rung           Rung
	createdAt, now time.Time
	last           bool       // no further attempt will follow
	url            string     // of a webhook; empty when it was removed
	reach          ReachID    // zero for a webhook, and for an address that was removed
	locale         string     // of whom the address is
	sealed         seal.Alone // the webhook's secret, or the address
}

// deliverOutside begins as many deliveries by a channel as it has free couriers; they go on while the ladder does.
func (m *Moderation) deliverOutside(ctx context.Context, by Channel, under *sync.WaitGroup) error {
	free := m.ladder.couriers[by]
	for {
		select {
		case free <- struct{}{}:
		default:
			return nil
		}
		d, err := claimDelivery(ctx, m.options.Pool, by, m.longest(by), m.options.Webhook)
		if err != nil {
			<-free
			if errors.Is(err, ErrUnknown) {
				return nil
			}
			return err
		}
		under.Go(func() {
			defer func() { <-free }()
			if err := worker.Guard(func() error { m.deliver(ctx, d); return nil }); err != nil {
				m.metrics.failures.Inc()
				m.log.Error().Err(err).Stringer("escalation", d.escalation).Msg("a delivery failed")
			}
		})
	}
}

// deliver makes one attempt. What it does not end stays pending, and is tried again when its lease is over.
func (m *Moderation) deliver(ctx context.Context, d delivery) {
	var why string
	var err error
	switch {
	case d.channel == ChannelWebhook && d.url == "": // it was removed since
		m.metrics.alarms.WithLabelValues("no_outside_channel").Inc()
		m.endDelivery(ctx, d, "unconfigured")
		return
	case d.channel == ChannelWebhook:
		why, err = m.call(ctx, d)
	case d.reach.IsZero():
		m.endDelivery(ctx, d, "unconfigured")
		return
	default:
		why, err = m.reachOut(ctx, d)
	}
	outcome := "sent"
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return // we are stopping: another instance, or the next start, tries again
	case d.last, errors.Is(err, errGone):
		outcome = "failed"
	default:
		outcome = "retry"
	}
	m.metrics.deliveries.WithLabelValues(string(d.channel), outcome).Inc()
	if err != nil {
		// The error itself may quote the address, which may hold a token or a name.
		m.log.Warn().Stringer("escalation", d.escalation).Str("channel", string(d.channel)).Str("why", why).Bool("last", d.last).Msg("somebody outside was not reached")
	}
	if outcome != "retry" {
		m.endDelivery(ctx, d, outcome)
		return
	}
	if err := updateDeliveryLater(ctx, m.options.Pool, d, m.options.Webhook.Backoff); err != nil {
		m.log.Warn().Err(err).Stringer("escalation", d.escalation).Msg("a delivery waits for the end of its lease")
	}
}

func (m *Moderation) endDelivery(ctx context.Context, d delivery, state string) {
	if err := updateDeliveryEnded(ctx, m.options.Pool, d, state); err != nil {
		m.log.Warn().Err(err).Stringer("escalation", d.escalation).Msg("a delivery will be made again")
	}
}
