// Package mail hands short letters to a mail server. It knows nothing of who writes or why.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// timeout bounds each of the three parts of a delivery: to connect, to be let in, and to hand the letter over.
const timeout = 5 * time.Second

// Longest is how long Send takes at most.
const Longest = 3 * timeout

// Server hands letters to one mail server. Safe for concurrent use.
type Server struct {
	client *gomail.Client
	from   string
}

// Open understands smtps://user:password@host:465 and smtp://user:password@host:587, which must offer STARTTLS unless it is on this machine; user and password may be
// left out. From is the address that letters come from. Nothing is connected yet. No error repeats what was given: it may hold a password.
func Open(address, from string) (*Server, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("mail: the server's address cannot be read: it looks like smtps://user:password@host:465")
	}
	from, ok := Address(from)
	if !ok {
		return nil, errors.New("mail: the sender is not a mail address")
	}
	o := []gomail.Option{gomail.WithTimeout(timeout), gomail.WithTLSConfig(&tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12})}
	port := 587
	switch {
	case u.Scheme == "smtps":
		port = 465
		o = append(o, gomail.WithSSL())
	case isLoopback(u.Hostname()):
		o = append(o, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, errors.New("mail: the server's port is not a number")
		}
	}
	o = append(o, gomail.WithPort(port))
	if u.User != nil {
		password, _ := u.User.Password()
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	client, err := gomail.NewClient(u.Hostname(), o...)
	if err != nil {
		return nil, errors.New("mail: the server's address cannot be used")
	}
	return &Server{client: client, from: from}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Address is a bare mail address as it is written to, or false. It takes no names, comments or several at once.
func Address(s string) (string, bool) {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > 254 || !strings.Contains(s[strings.LastIndexByte(s, '@')+1:], ".") {
		return "", false
	}
	return s, true
}

// Send hands over one letter of plain text; nil when the server took it. That may happen although an error comes, so a letter may be
// sent twice. It takes Longest at most. An error may quote the address: it belongs in no log.
func (s *Server) Send(ctx context.Context, to, subject, body string) error {
	return s.send(ctx, to, subject, body, "")
}

// SendLeavable is Send for a letter that comes again and again: leave is the address by which mail programs end that with one click, without a page (RFC 8058).
func (s *Server) SendLeavable(ctx context.Context, to, subject, body, leave string) error {
	return s.send(ctx, to, subject, body, leave)
}

func (s *Server) send(ctx context.Context, to, subject, body, leave string) error {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.From(s.from); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	if err := m.To(to); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	m.Subject(subject)
	m.SetDate()
	m.SetMessageID()
	m.SetGenHeader("Auto-Submitted", "auto-generated") // no absence note is to answer it (RFC 3834)
	if leave != "" {
		m.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+leave+">")
		m.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	m.SetBodyString(gomail.TypeTextPlain, body)
	if err := s.client.DialAndSendWithContext(ctx, m); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}
