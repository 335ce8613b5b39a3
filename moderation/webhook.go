package moderation

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// outsideCall is what a webhook is sent: enough to page a human, nothing of what anybody wrote.
type outsideCall struct {
	Escalation string    `json:"escalation"`
	Level      string    `json:"level"`
	Service    string    `json:"service"`
	Rung       int       `json:"rung"`
	URL        string    `json:"url"`
	At         time.Time `json:"at"`
}

// Names of the headers a receiver checks: Signature is "t=<unix seconds>,v1=<hex>", the HMAC-SHA256 under the service's secret
// of the seconds, a full stop and the body. Delivery is the same on every attempt of one delivery.
const (
	HeaderSignature = "Ponti-Signature"
	HeaderDelivery  = "Ponti-Delivery"
)

// Sign is the value of HeaderSignature.
func Sign(secret, body []byte, at time.Time) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(seconds + "."))
	h.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(h.Sum(nil))
}

func newClient(o WebhookOptions) *http.Client {
	return &http.Client{
		Transport: o.Transport,
		Timeout:   o.Timeout,
		// A redirect could lead the signed call to somebody else: it counts as a failure.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// SetWebhook sets where the last rung of the ladder is announced and returns the new secret that signs the calls, to be shown once.
// An empty address removes the outside channel.
func (m *Moderation) SetWebhook(ctx context.Context, actor account.Actor, address string) (secret string, err error) {
	if err := account.Can(actor, account.SettingsService, account.Relation{}); err != nil {
		return "", err
	}
	if !actor.Is(account.RoleAdmin, account.RoleSystem) {
		return "", account.ErrForbidden // the auditor's right is to read
	}
	var s seal.Alone
	if address != "" {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !m.options.Webhook.Plain) {
			return "", errs.Field("url", "moderation.webhook_address", nil)
		}
		secret = rand.Text()
		if s, err = m.seal(secret, webhookPlace(actor.Service)); err != nil {
			return "", err
		}
	}
	err = pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := upsertWebhook(ctx, tx, actor.Service, address, s); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "settings.webhook", "service:"+actor.Service.String(), ""))
	})
	return secret, err
}

// Webhook is the address of the outside channel, or empty when nobody outside is called. Admins and auditors may know.
func (m *Moderation) Webhook(ctx context.Context, actor account.Actor) (string, error) {
	if err := account.Can(actor, account.SettingsService, account.Relation{}); err != nil {
		return "", err
	}
	return selectWebhook(ctx, m.pool, actor.Service)
}

func webhookPlace(s account.ServiceID) string { return "webhook|" + s.String() }

// call makes one attempt to tell the outside channel.
func (m *Moderation) call(ctx context.Context, d delivery) (why string, err error) {
	secret, err := m.open(d.sealed, webhookPlace(d.service))
	if err != nil {
		return "secret", err
	}
	body, err := json.Marshal(outsideCall{Escalation: d.escalation.String(), Level: d.level.String(), Service: d.service.String(),
		Rung: int(d.rung), URL: m.consoleURL(ctx, d), At: d.createdAt})
	if err != nil {
		return "body", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(body))
	if err != nil {
		return "address", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(HeaderDelivery, strconv.FormatInt(d.id, 10))
	r.Header.Set(HeaderSignature, Sign([]byte(secret), body, d.now))
	answer, err := m.client.Do(r)
	if err != nil {
		return "no answer", err
	}
	defer answer.Body.Close() //nolint:errcheck // nothing of the answer is used
	_, _ = io.CopyN(io.Discard, answer.Body, 4<<10)
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return "status " + strconv.Itoa(answer.StatusCode), fmt.Errorf("moderation: outside channel answered %d", answer.StatusCode)
	}
	return "", nil
}

// consoleURL is where whoever is told goes.
func (m *Moderation) consoleURL(ctx context.Context, d delivery) string {
	return m.siteURL(ctx, d.service) + "/console/" + d.escalation.String()
}

// siteURL is where a service is reached.
func (m *Moderation) siteURL(ctx context.Context, service account.ServiceID) string {
	if s, err := m.accounts.Service(ctx, service); err == nil && s.Host != account.AnyHost {
		return "https://" + s.Host
	}
	return m.options.BaseURL
}
