package forum

import (
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/mail"
	"ponti/internal/push"
	"ponti/internal/seal"
	"ponti/moderation"
	"ponti/roster"
)

// mailbox is a mail server that keeps what it is given, or takes nothing.
type mailbox struct {
	*mail.Server
	mu      sync.Mutex
	broken  bool
	letters map[string][]string // by address
	asked   int
}

func (b *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &letterbox{b: b}, nil }

type letterbox struct {
	b  *mailbox
	to string
}

func (l *letterbox) Reset()                                    {}
func (l *letterbox) Logout() error                             { return nil }
func (l *letterbox) Mail(string, *smtp.MailOptions) error      { return nil }
func (l *letterbox) Rcpt(to string, _ *smtp.RcptOptions) error { l.to = to; return nil }

func (l *letterbox) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	if l.b.asked++; l.b.broken {
		return errors.New("not now")
	}
	l.b.letters[l.to] = append(l.b.letters[l.to], string(text))
	return nil
}

func (b *mailbox) of(address string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.letters[address]...)
}

// breaks has it take nothing, or take letters again, and says how many came so far.
func (b *mailbox) breaks(broken bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = broken
	return b.asked
}

// unheard says nothing: what a test breaks off is no news.
type unheard struct{}

func (unheard) Printf(string, ...any) {}
func (unheard) Println(...any)        {}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	b := &mailbox{letters: map[string][]string{}}
	s := smtp.NewServer(b)
	s.ErrorLog = unheard{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	b.Server, err = mail.Open("smtp://"+l.Addr().String(), "ponti@example.org")
	require.NoError(t, err)
	return b
}

// tells has the forum of a town tell people by a mail server and a push service, and gives another instance of it.
func (w *town) tells(b *mailbox, p *push.Sender) (other *Forum) {
	w.t.Helper()
	keys := newKeys(w.t)
	w.Forum = w.instance(keys, b, p)
	return w.instance(keys, b, p)
}

func (w *town) instance(keys *seal.Keyring, b *mailbox, p *push.Sender) *Forum {
	w.t.Helper()
	engine, err := newEngine()
	require.NoError(w.t, err)
	m := moderation.New(w.pool, w.accounts, roster.New(w.pool, w.accounts, silence{}), engine, silence{}, moderation.Options{Keys: keys, Push: p})
	f := New(w.pool, w.accounts, m, keys, silence{})
	m.Use(moderation.SubjectPost, f.Content())
	o := Outlet{
		Words: func(_, key string, values ...any) string { return fmt.Sprintln(append([]any{key}, values...)...) },
		Count: func(_, key string, n int, values ...any) string {
			return fmt.Sprintln(append([]any{key, n}, values...)...)
		},
		Site: func(account.Service) string { return "https://a.test" },
	}
	if b != nil {
		o.Mail = b.Server
	}
	f.TellBy(o)
	return f
}

var (
	confirmLink = regexp.MustCompile(`/digest/confirm/([A-Z0-9]+)`)
	leaveLink   = regexp.MustCompile(`/digest/leave/([A-Z0-9]+)`)
)

// linkIn is the secret of a link in a letter, whose lines may have been cut for the way.
func linkIn(link *regexp.Regexp, letter string) string {
	found := link.FindStringSubmatch(strings.NewReplacer("=\r\n", "", "\r\n ", "").Replace(letter))
	if found == nil {
		return ""
	}
	return found[1]
}
