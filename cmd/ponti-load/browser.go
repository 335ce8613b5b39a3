package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"html"
	"io"
	"math/bits"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// browser is one person's: it keeps their cookies, comes from a network of its own where the server is on this machine, and finds in
// pages what people and scripts find there.
type browser struct {
	server string
	from   net.Addr // nil: whatever the system chooses
	client *http.Client
	jar    *cookiejar.Jar
	site   *url.URL
	later  func()          // told of each answer that says to come back later, which is then done; nil: it is taken as it is
	proofs []time.Duration // how long each proof of work took
}

// patience is how long somebody tries again who is told to come back later.
const patience = time.Minute

// maxPage is more than any page has.
const maxPage = 4 << 20

func newBrowser(server string, from net.Addr) (*browser, error) {
	site, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	b := &browser{server: server, from: from, jar: jar, site: site}
	b.client = &http.Client{
		Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dialFrom(from), MaxIdleConns: 1, IdleConnTimeout: 10 * time.Second},
	}
	return b, nil
}

// network is an address of this machine that is in a network of its own as servers count them; nil where the server is elsewhere.
func network(server string, n int) net.Addr {
	u, err := url.Parse(server)
	if err != nil {
		return nil
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || ip.To4() == nil || !ip.IsLoopback()) {
		return nil
	}
	return &net.TCPAddr{IP: net.IPv4(127, byte(1+n>>8), byte(n), 1)}
}

// maxNetworks is how many different ones network gives.
const maxNetworks = 254 << 8

func dialFrom(from net.Addr) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 30 * time.Second, LocalAddr: from}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if from != nil {
			network = "tcp4"
		}
		return d.DialContext(ctx, network, address)
	}
}

// close gives back what the browser holds of the system.
func (b *browser) close() { b.client.CloseIdleConnections() }

// cookies is what a request of this browser would carry.
func (b *browser) cookies() string {
	list := b.jar.Cookies(b.site)
	pairs := make([]string, len(list))
	for i, c := range list {
		pairs[i] = c.Name + "=" + c.Value
	}
	return strings.Join(pairs, "; ")
}

// signIn gives the browser a session that ponti crowd made.
func (b *browser) signIn(cookies string) {
	name, value, _ := strings.Cut(cookies, "=")
	b.jar.SetCookies(b.site, []*http.Cookie{{Name: name, Value: value, Path: "/"}}) //nolint:gosec // a browser sends it, nobody sets it
}

// page is what a server answered.
type page struct {
	status int
	to     string // where it leads, if it does
	body   []byte
}

func (b *browser) get(ctx context.Context, path string) (page, error) {
	return b.ask(ctx, http.MethodGet, path, nil)
}

func (b *browser) post(ctx context.Context, path string, form url.Values) (page, error) {
	return b.ask(ctx, http.MethodPost, path, form)
}

func (b *browser) ask(ctx context.Context, method, path string, form url.Values) (page, error) {
	began := time.Now()
	for {
		p, err := b.askOnce(ctx, method, path, form)
		if err != nil || p.status != http.StatusServiceUnavailable || b.later == nil || time.Since(began) > patience || ctx.Err() != nil {
			return p, err
		}
		b.later()
		pause(ctx, time.Second/2+rand.N(time.Second)) //nolint:gosec // jitter
	}
}

func (b *browser) askOnce(ctx context.Context, method, path string, form url.Values) (page, error) {
	r, err := http.NewRequestWithContext(ctx, method, b.server+path, strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	r.Header.Set("Accept-Language", "it")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.server)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := b.client.Do(r)
	if err != nil {
		return page{}, err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage))
	return page{res.StatusCode, res.Header.Get("Location"), body}, err
}

// leads says whether the server sent the browser on.
func (p page) leads() bool { return p.status == http.StatusSeeOther }

// value is that of the input of a name.
func (p page) value(name string) string {
	for rest := p.body; ; {
		_, after, found := bytes.Cut(rest, []byte("<input"))
		if !found {
			return ""
		}
		tag, next, _ := bytes.Cut(after, []byte{'>'})
		if string(field(tag, `name="`)) == name {
			return html.UnescapeString(string(field(tag, ` value="`)))
		}
		rest = next
	}
}

// unexpected is the error of a page that is not the one that was expected, or did not come at all.
func (p page) unexpected(what string, err error) error {
	if err == nil {
		err = errUnexpected
	}
	return fmt.Errorf("%s: %d: %w", what, p.status, err)
}

var errUnexpected = errors.New("not the page that was expected")

// solved puts the answer to a page's puzzle into a form, if the page has one.
func (b *browser) solved(p page, form url.Values) error {
	work := string(field(p.body, `data-work="`))
	if work == "" {
		return nil
	}
	n, err := strconv.Atoi(string(field(p.body, `data-bits="`)))
	if err != nil || n > 24 {
		return fmt.Errorf("a puzzle of %q bits: %w", field(p.body, `data-bits="`), errUnexpected)
	}
	working <- struct{}{} // a phone each, but here they share few cores
	began := time.Now()
	proof := solve(work, n)
	b.proofs = append(b.proofs, time.Since(began))
	<-working
	form.Set("puzzle", p.value("puzzle"))
	form.Set("proof", proof)
	return nil
}

var working = make(chan struct{}, 2)

// solve finds a number that, after work and a colon, gives a SHA-256 with so many leading zero bits.
func solve(work string, least int) string {
	text := append([]byte(work), ':')
	for n := int64(0); ; n++ {
		try := strconv.AppendInt(text, n, 10)
		sum := sha256.Sum256(try)
		if bits.LeadingZeros64(binary.BigEndian.Uint64(sum[:8])) >= least {
			return string(try[len(text):])
		}
	}
}

// tries is how often a form that comes back with another puzzle is sent: the price may rise while one works on it.
const tries = 4

// enter begins an account as a guest does, page by page, and leads to the waiting room's form.
func (b *browser) enter(ctx context.Context) error {
	p, err := b.get(ctx, "/enter")
	if err != nil {
		return err
	}
	form := url.Values{"adult": {"true"}, "consent": {"true"}, "version": {p.value("version")}}
	if p, err = b.post(ctx, "/enter", form); err != nil {
		return err
	}
	for range tries {
		form.Set("alias", p.value("alias"))
		if err := b.solved(p, form); err != nil {
			return err
		}
		if p, err = b.post(ctx, "/enter/name", form); err != nil || p.leads() {
			return err
		}
	}
	return p.unexpected("/enter/name", nil)
}

// wait takes a place in the waiting room and gives its room; asked is called before each time the form is sent. Twice sends it two times at once, as a double click does.
func (b *browser) wait(ctx context.Context, topic, feeling string, twice bool, asked func()) (room string, err error) {
	p, err := b.get(ctx, "/waiting")
	if err != nil {
		return "", err
	}
	form := url.Values{"topic": {topic}, "feeling": {feeling}}
	for range tries {
		if err := b.solved(p, form); err != nil {
			return "", err
		}
		asked()
		if p, err = b.send(ctx, "/waiting", form, twice); err != nil {
			return "", err
		}
		if p.leads() {
			return b.place(ctx)
		}
	}
	return "", p.unexpected("/waiting", nil)
}

func (b *browser) send(ctx context.Context, path string, form url.Values, twice bool) (page, error) {
	if !twice {
		return b.post(ctx, path, form)
	}
	type answer struct {
		page
		err error
	}
	other := make(chan answer, 1)
	go func() {
		p, err := b.post(ctx, path, form)
		other <- answer{p, err}
	}()
	p, err := b.post(ctx, path, form)
	if second := <-other; err != nil || second.err == nil && second.leads() {
		return second.page, second.err
	}
	return p, err
}

// place is the room of the place that the waiting page shows; empty when it shows none.
func (b *browser) place(ctx context.Context) (room string, err error) {
	p, err := b.get(ctx, "/waiting")
	if err != nil {
		return "", err
	}
	if p.status != http.StatusOK {
		return "", p.unexpected("/waiting", nil)
	}
	if !bytes.Contains(p.body, []byte(`data-view="waiting"`)) {
		return "", nil
	}
	if room = p.room(); room == "" {
		return "", fmt.Errorf("/waiting without a room: %w", errUnexpected)
	}
	return room, nil
}

// room is the first one that a page leads to; empty when there is none.
func (p page) room() string {
	_, rest, _ := bytes.Cut(p.body, []byte(`href="/rooms/`))
	const length = len("00000000-0000-0000-0000-000000000000")
	if len(rest) < length {
		return ""
	}
	return string(rest[:length])
}
