package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
)

// browser is one without JavaScript: cookies, pages, forms. What it sends tells where it comes from as browsers do.
type browser struct {
	at     *instance // whose pages it opens; cookies are good for all instances of a cluster
	host   string    // localhost, or the host of another service
	client *http.Client
}

func newBrowser(at *instance, host string) *browser {
	jar, _ := cookiejar.New(nil) // never fails
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	return &browser{at: at, host: host, client: &http.Client{Timeout: 15 * time.Second, Jar: jar, Transport: &http.Transport{
		DisableKeepAlives: true, // a dead instance's connection is not met again
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return dialer.DialContext(ctx, network, "127.0.0.1:"+port) // hosts of services need no name server
		},
	}}}
}

func (b *browser) origin() string { return b.originAt(b.at) }

func (b *browser) originAt(in *instance) string { return "http://" + b.host + ":" + in.port() }

// page is what came back.
type page struct {
	browser *browser
	status  int
	header  http.Header
	url     *url.URL
	body    []byte
	doc     *goquery.Document
}

func (b *browser) do(method, path string, form url.Values) (*page, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, b.origin()+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", "it")
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	req.Header.Set("Sec-Fetch-Dest", "document")
	req.Header.Set("Sec-Fetch-Site", "none")
	if method == http.MethodPost {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("Origin", b.origin())
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read only
	p := &page{browser: b, status: res.StatusCode, header: res.Header, url: res.Request.URL}
	if p.body, err = io.ReadAll(res.Body); err != nil {
		return nil, err
	}
	p.doc, err = goquery.NewDocumentFromReader(bytes.NewReader(p.body))
	return p, err
}

// get fetches a page whatever its status.
func (b *browser) get(path string) (*page, error) { return b.do(http.MethodGet, path, nil) }

// open fetches a page that must be there.
func (b *browser) open(t *testing.T, path string) *page {
	t.Helper()
	p, err := b.get(path)
	require.NoError(t, err)
	return p.expect(t, http.StatusOK)
}

// holds has an administrator say how many first posts of each person are held back. The instance they ask knows it at once, another within 5 s.
func (b *browser) holds(t *testing.T, first string) {
	t.Helper()
	p, err := b.do(http.MethodPost, "/service/holding", url.Values{"first": {first}})
	require.NoError(t, err)
	p.expect(t, http.StatusOK)
}

func (p *page) expect(t *testing.T, status int) *page {
	t.Helper()
	require.Equal(t, status, p.status, "%s: %s", p.url.Path, p.text("main"))
	return p
}

// text is what stands in an element, without the white space of the source.
func (p *page) text(selector string) string {
	return strings.Join(strings.Fields(p.doc.Find(selector).Text()), " ")
}

// form is a form being filled in.
type form struct {
	page   *page
	sel    *goquery.Selection
	values url.Values
	action string
}

// form finds the one form that matches, with what it holds already.
func (p *page) form(t *testing.T, selector string) *form {
	t.Helper()
	sel := p.doc.Find(selector)
	require.Equal(t, 1, sel.Length(), "%s has no form %s; it has %s", p.url.Path, selector, p.forms())
	f := &form{page: p, sel: sel, values: url.Values{}, action: sel.AttrOr("action", "")}
	sel.Find("input[name], textarea[name], select[name]").Each(func(_ int, in *goquery.Selection) {
		name, kind := in.AttrOr("name", ""), in.AttrOr("type", "")
		_, checked := in.Attr("checked")
		switch {
		case goquery.NodeName(in) == "textarea":
			f.values.Set(name, in.Text())
		case goquery.NodeName(in) == "select":
			if o := in.Find("option[selected]").First(); o.Length() == 1 {
				f.values.Set(name, o.AttrOr("value", o.Text()))
			}
		case kind == "submit", (kind == "checkbox" || kind == "radio") && !checked:
		default:
			f.values.Add(name, in.AttrOr("value", ""))
		}
	})
	return f
}

// forms lists the forms of a page, for failures.
func (p *page) forms() string {
	var all []string
	p.doc.Find("form").Each(func(_ int, f *goquery.Selection) {
		var names []string
		f.Find("[name]").Each(func(_ int, in *goquery.Selection) { names = append(names, in.AttrOr("name", "")) })
		all = append(all, fmt.Sprintf("%s(%s)", f.AttrOr("action", "(here)"), strings.Join(names, " ")))
	})
	return strings.Join(all, ", ")
}

// fill writes into a field the form has.
func (f *form) fill(t *testing.T, name, value string) *form {
	t.Helper()
	require.Positive(t, f.sel.Find(`[name="`+name+`"]`).Length(), "%s has no field %s; it has %s", f.page.url.Path, name, f.page.forms())
	f.values.Set(name, value)
	return f
}

// tick ticks a box of the form.
func (f *form) tick(t *testing.T, name string) *form {
	t.Helper()
	box := f.sel.Find(`input[type="checkbox"][name="` + name + `"]`)
	require.Equal(t, 1, box.Length(), "%s has no box %s; it has %s", f.page.url.Path, name, f.page.forms())
	return f.fill(t, name, box.AttrOr("value", "on"))
}

// to sends the form by the button that leads there.
func (f *form) to(t *testing.T, action string) *form {
	t.Helper()
	require.Equal(t, 1, f.sel.Find(`button[formaction="`+action+`"]`).Length(), "%s has no button to %s", f.page.url.Path, action)
	f.action = action
	return f
}

// submit sends the form and follows where it leads; the page that comes back must be there.
func (f *form) submit(t *testing.T) *page {
	t.Helper()
	p, err := f.send()
	require.NoError(t, err)
	return p.expect(t, http.StatusOK)
}

// send sends the form and follows where it leads, whatever the status.
func (f *form) send() (*page, error) {
	if button := f.sel.Find("button:not([type=button]), input[type=submit]").First(); button.AttrOr("name", "") != "" {
		f.values.Set(button.AttrOr("name", ""), button.AttrOr("value", ""))
	}
	target, err := f.page.url.Parse(f.action)
	if err != nil {
		return nil, err
	}
	f.work()
	return f.page.browser.do(http.MethodPost, target.RequestURI(), f.values)
}

// work finds the answer to the form's puzzle, if it has one: docs/protocol.md says how.
func (f *form) work() {
	puzzle := f.sel.Find("[data-work]")
	most, err := strconv.Atoi(puzzle.AttrOr("data-bits", ""))
	if err != nil {
		return
	}
	for n := 0; ; n++ {
		sum := sha256.Sum256([]byte(puzzle.AttrOr("data-work", "") + ":" + strconv.Itoa(n)))
		if bits.LeadingZeros32(binary.BigEndian.Uint32(sum[:])) >= most {
			f.values.Set("proof", strconv.Itoa(n))
			return
		}
	}
}
