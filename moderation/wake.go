package moderation

import (
	"context"
	"errors"
	"time"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/push"
)

// Errors of waking.
var (
	ErrNoBrowser   = errs.Field("subscription", "moderation.push_unknown", nil)
	ErrBrowserGone = errors.New("moderation: the browser wants to be woken no more")
)

// PushKey is what a browser needs to let itself be woken by a service; empty when the installation wakes none.
func (m *Moderation) PushKey(ctx context.Context, service account.ServiceID) (string, error) {
	if m.options.Push == nil {
		return "", nil
	}
	k, err := m.pushKey(ctx, service)
	if err != nil {
		return "", err
	}
	return k.Public(), nil
}

// ReadBrowser gives what Wake takes for the JSON that a browser made of its subscription. ErrNoBrowser for anything else, for a provider that is not ours to call, and where
// the installation wakes none.
func (m *Moderation) ReadBrowser(subscription string) (string, error) {
	if m.options.Push == nil {
		return "", ErrNoBrowser
	}
	s, ok := m.options.Push.Parse(subscription)
	if !ok {
		return "", ErrNoBrowser
	}
	return s.String(), nil
}

// Wake has a browser woken within the time, or never. What it is told is empty. ErrBrowserGone when there is nobody to wake any more. An error may quote the
// subscription: it belongs in no log.
func (m *Moderation) Wake(ctx context.Context, service account.ServiceID, browser string, within time.Duration) error {
	if m.options.Push == nil {
		return ErrBrowserGone
	}
	s, ok := m.options.Push.Parse(browser)
	if !ok {
		return ErrBrowserGone
	}
	k, err := m.pushKey(ctx, service)
	if err != nil {
		return err
	}
	if err := m.options.Push.Wake(ctx, k, s, within); errors.Is(err, push.ErrGone) {
		return ErrBrowserGone
	} else if err != nil {
		return err
	}
	return nil
}
