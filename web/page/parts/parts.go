// Package parts holds what several pages share: the layout around them, fields, notices, badges, times. It decides nothing.
//
// Texts come from the catalogue through T, N and L; a component gets its data as parameters, and only what every page
// shows (Frame) and the language travel in the context.
package parts

import (
	"context"
	"time"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/internal/i18n"
)

// Frame is what the layout shows around a page.
type Frame struct {
	Asset      func(name string) string // the address of an asset, as "css/ponti.css"
	Nonce      string                   // what script elements must carry
	Path       string                   // this page, to come back to after choosing a language
	Service    string                   // name of the service, empty when it is not known
	Down       bool                     // the stores cannot be reached
	Done       string                   // what the form before this page did, in words; may be empty
	Now        time.Time
	Numbers    []Number
	Role       account.Role
	Alias      string
	Languages  []string
	Navigation []Link
}

// Number is a telephone number that answers people in danger or in need.
type Number struct {
	Number string // as it is read: "02 2327 2327"
	Name   string // what answers, in words
	Note   string // when, and for whom
}

// Tel is the address that calls the number.
func (n Number) Tel() templ.SafeURL {
	digits := make([]byte, 0, len(n.Number))
	for i := range len(n.Number) {
		if c := n.Number[i]; c >= '0' && c <= '9' || c == '+' {
			digits = append(digits, c)
		}
	}
	return templ.SafeURL("tel:" + string(digits))
}

// Link leads to a page of ours; Key is the text it is read by.
type Link struct{ URL, Key string }

type frameKey struct{}

// With gives templates their frame.
func With(ctx context.Context, f *Frame) context.Context {
	return context.WithValue(ctx, frameKey{}, f)
}

// Of is the frame of a context made by With; without one it panics.
func Of(ctx context.Context) *Frame {
	f, ok := ctx.Value(frameKey{}).(*Frame)
	if !ok {
		panic("parts: no frame in this context")
	}
	return f
}

// T is the text of a key in the page's language, with its values as name and value in turn.
func T(ctx context.Context, key string, values ...any) string {
	return i18n.From(ctx).T(key, values...)
}

// N is T in the plural form of count, which the text names {Count}.
func N(ctx context.Context, key string, count int, values ...any) string {
	return i18n.From(ctx).N(key, count, values...)
}

// L is the language of the page and how it tells times: L(ctx).When(now, t).
func L(ctx context.Context) *i18n.Localizer { return i18n.From(ctx) }

// Asset is the address of an asset: Asset(ctx, "img/front.svg").
func Asset(ctx context.Context, name string) string { return Of(ctx).Asset(name) }

// Now is when this page is made.
func Now(ctx context.Context) time.Time { return Of(ctx).Now }

// WorkerPolicy names the one trusted-types policy there is: that by which a browser lets itself be woken.
const WorkerPolicy = "ponti-worker"
