package e2e

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/mxschmitt/playwright-go"
	"github.com/stretchr/testify/require"
)

// mailServer is somebody else's, in this process: it keeps the letters it takes.
type mailServer struct {
	address string
	mu      sync.Mutex
	letters []string
}

type mailSession struct{ s *mailServer }

func (s *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) { return mailSession{s}, nil }

func (mailSession) Reset()                               {}
func (mailSession) Logout() error                        { return nil }
func (mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (m mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	m.s.letters = append(m.s.letters, string(text))
	return err
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	s := &mailServer{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = l.Addr().String()
	server := smtp.NewServer(s)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return s
}

// await waits for the nth letter.
func (s *mailServer) await(t *testing.T, n int) (letter string) {
	t.Helper()
	require.NoError(t, within(patience, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.letters) < n {
			return fmt.Errorf("%d letters, not %d", len(s.letters), n)
		}
		letter = s.letters[n-1]
		return nil
	}))
	return letter
}

// pushService is what the maker of a browser runs to wake it.
type pushService struct {
	*httptest.Server
	certificate string // a file
	mu          sync.Mutex
	bodies      []string
}

func newPushService(t *testing.T) *pushService {
	t.Helper()
	s := &pushService{certificate: filepath.Join(t.TempDir(), "push.pem")}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bodies = append(s.bodies, string(body))
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(s.Close)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	require.NoError(t, os.WriteFile(s.certificate, block, 0o600))
	return s
}

func (s *pushService) await(t *testing.T, n int) []string {
	t.Helper()
	var got []string
	require.NoError(t, within(patience, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if got = slices.Clone(s.bodies); len(got) < n {
			return fmt.Errorf("woken %d times, not %d", len(got), n)
		}
		return nil
	}))
	return got
}

// subscribes has the window's browser subscribe at the service: without a network a real one has no maker to ask. All else is real: the permission, the worker and its policy.
func (s *pushService) subscribes(t *testing.T, w *window) {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	require.NoError(t, err)
	subscription, err := json.Marshal(map[string]any{"endpoint": s.URL + "/device", "keys": map[string]string{
		"p256dh": base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), "auth": base64.RawURLEncoding.EncodeToString([]byte("0123456789abcdef"))}})
	require.NoError(t, err)
	require.NoError(t, w.Context().GrantPermissions([]string{"notifications"}))
	script := fmt.Sprintf(`PushManager.prototype.subscribe = async function (options) {
		if (!options.userVisibleOnly || options.applicationServerKey.length < 80) throw new Error("not how browsers want it");
		return %s;
	}`, subscription)
	require.NoError(t, w.Context().AddInitScript(playwright.Script{Content: &script}))
}

// TestToldAwayFromTheConsole: a tutor says where to tell them of alerts, and is told there of a crisis, with no word of anybody in it.
func TestToldAwayFromTheConsole(t *testing.T) {
	t.Parallel()
	mail, push := newMailServer(t), newPushService(t)
	c := newCluster(t, 2, func(in *instance) {
		in.env = append(in.env, "PONTI_MAIL_SERVER=smtp://"+mail.address, "PONTI_MAIL_FROM=ponti@example.org",
			"PONTI_PUSH_HOSTS="+strings.TrimPrefix(push.URL, "https://"), "SSL_CERT_FILE="+push.certificate)
	})
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)
	tommaso := ch.open(t, "Tommaso", here, manner{width: 360})
	push.subscribes(t, tommaso)
	tommaso.signIn("Tommaso")
	staffed(t, there, here, "Marta", "Tommaso")
	tommaso.visit("/access")
	tommaso.link(tommaso.text("account.reach_own")).click()
	tommaso.arrive("/reach")
	tommaso.picture("reach-empty")

	tommaso.forgive("422") // what is no address
	tommaso.field(tommaso.text("moderation.reach_address")).fill("tommaso")
	tommaso.button(tommaso.text("moderation.reach_send_code")).click()
	tommaso.find(".error-summary").says(tommaso.text("moderation.mail_address"))
	tommaso.field(tommaso.text("moderation.reach_address")).holds("tommaso")
	tommaso.field(tommaso.text("moderation.reach_address")).fill("tommaso@example.org")
	tommaso.button(tommaso.text("moderation.reach_send_code")).click()
	tommaso.find("main").says(tommaso.text("moderation.reach_waits"))
	code := regexp.MustCompile(`\b\d{6}\b`).FindString(mail.await(t, 1))
	tommaso.accessible()
	tommaso.picture("reach-code")
	tommaso.field(tommaso.text("moderation.reach_code")).fill(code)
	tommaso.button(tommaso.text("moderation.reach_confirm")).click()
	tommaso.find(".reach").says("tommaso@example.org")
	tommaso.find(".reach").says(tommaso.text("moderation.reach_never"))
	tommaso.button(tommaso.text("moderation.reach_try")).click()
	tommaso.find("main").says(tommaso.text("moderation.reach_last"))
	mail.await(t, 2)

	tommaso.button(tommaso.text("moderation.reach_this_device")).click()
	tommaso.find(".reach").last().says(strings.TrimSpace(tommaso.text("moderation.reach_device_name", "Name", "")))
	tommaso.shows(`async () => (await navigator.serviceWorker.getRegistrations()).some((r) => r.active)`, "no worker waits to be woken")
	tommaso.accessible()
	tommaso.picture("reach")
	english := ch.open(t, "Tommaso in English", there, manner{language: "en", dark: true})
	english.signIn("Tommaso")
	english.visit("/reach")
	english.accessible()
	english.picture("reach-english")

	const words = "stanotte voglio farla finita, mi uccido"
	guest := ch.open(t, "guest", there, manner{})
	alias := guest.enter()
	guest.field(guest.text("chat.topic")).fill(words)
	guest.button(guest.text("chat.ask_go")).click()
	letter := mail.await(t, 3)
	require.Contains(t, letter, "/console/")
	for _, body := range push.await(t, 1) {
		require.NotContains(t, body, alias)
	}
	for _, secret := range []string{alias, words, "uccido", "crisis"} {
		require.NotContains(t, letter, secret)
	}
	for _, in := range c.instances {
		require.NotContains(t, in.output(), "tommaso@example.org")
		require.NotContains(t, in.output(), push.URL)
	}
	c.holdInvariants(t)
}
