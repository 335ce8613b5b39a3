package moderation

import (
	"context"
	"errors"
	"time"

	"ponti/account"
	"ponti/internal/mail"
	"ponti/internal/pg"
	"ponti/internal/push"
	"ponti/internal/seal"
)

// pushLasts is how long a provider keeps a call for a browser that is away: one that comes back later has nothing to be woken for, the ladder has gone on.
const pushLasts = 10 * time.Minute

// letter is what a mail says; a push says nothing.
type letter struct{ locale, key, url string }

// reachOut makes one attempt to tell somebody of an escalation away from the console: that there is one and where, nothing of what anybody wrote.
func (m *Moderation) reachOut(ctx context.Context, d delivery) (why string, err error) {
	return m.tellBy(ctx, d.service, d.channel, d.reach, d.sealed, letter{locale: d.locale, key: "moderation.mail_alert", url: m.consoleURL(ctx, d)})
}

func (m *Moderation) tellBy(ctx context.Context, service account.ServiceID, by Channel, id ReachID, sealed seal.Alone, l letter) (why string, err error) {
	address, err := m.open(sealed, reachPlace(id))
	if err != nil {
		return "secret", err
	}
	if by == ChannelMail {
		if m.options.Mail == nil {
			return "no mail server", ErrNoMail
		}
		return "mail server", m.options.Mail.Send(ctx, address, m.options.Words(l.locale, l.key+"_subject"), m.options.Words(l.locale, l.key, "URL", l.url))
	}
	if err = m.Wake(ctx, service, address, pushLasts); errors.Is(err, ErrBrowserGone) {
		return "gone", errGone
	}
	return "provider", err
}

// pushKey is the service's key, made when it is first asked for.
func (m *Moderation) pushKey(ctx context.Context, service account.ServiceID) (push.Key, error) {
	place := "push key|" + service.String()
	sealed, err := selectPushKey(ctx, m.options.Pool, service)
	if errors.Is(err, ErrUnknown) {
		k, err := push.NewKey()
		if err != nil {
			return push.Key{}, err
		}
		s, err := m.seal(k.String(), place)
		if err != nil {
			return push.Key{}, err
		}
		if err := insertPushKey(ctx, m.options.Pool, service, s); err != nil {
			return push.Key{}, pg.Classify(err)
		}
		sealed, err = selectPushKey(ctx, m.options.Pool, service) // another instance may have been first
		if err != nil {
			return push.Key{}, pg.Classify(err)
		}
	} else if err != nil {
		return push.Key{}, pg.Classify(err)
	}
	text, err := m.open(sealed, place)
	if err != nil {
		return push.Key{}, err
	}
	return push.ParseKey(text)
}

// longest is how long one attempt by a channel takes at most.
func (m *Moderation) longest(by Channel) time.Duration {
	if by == ChannelMail {
		return mail.Longest
	}
	return m.options.Webhook.Timeout
}
