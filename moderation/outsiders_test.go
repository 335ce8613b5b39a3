package moderation_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"ponti/internal/mail"
)

// mailbox is a mail server that keeps what it is given, and answers as a test wants.
type mailbox struct {
	answer func(n int) error // of the nth letter, from 1; nil takes it

	mu      sync.Mutex
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
	l.b.asked++
	n := l.b.asked
	l.b.mu.Unlock()
	if l.b.answer != nil {
		if err := l.b.answer(n); err != nil {
			return err
		}
	}
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	l.b.letters[l.to] = append(l.b.letters[l.to], string(text))
	return nil
}

func (b *mailbox) of(address string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.letters[address]...)
}

// unheard says nothing: what a test breaks off is no news.
type unheard struct{}

func (unheard) Printf(string, ...any) {}
func (unheard) Println(...any)        {}

// newMailbox starts a mail server and says where it is.
func newMailbox(t *testing.T, answer func(n int) error) (*mailbox, *mail.Server) {
	t.Helper()
	b := &mailbox{answer: answer, letters: map[string][]string{}}
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
	server, err := mail.Open("smtp://"+l.Addr().String(), "ponti@example.org")
	require.NoError(t, err)
	return b, server
}
