package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/internal/history"
	"ponti/web/wire"
)

// otherService is the host of the demo's second service.
const otherService = "valle.localhost"

// demoPassword is that of all the demo's people.
func demoPassword(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../cmd/ponti/demo.json")
	require.NoError(t, err)
	var demo struct{ Password string }
	require.NoError(t, json.Unmarshal(raw, &demo))
	require.NotEmpty(t, demo.Password)
	return demo.Password
}

// signIn signs one of the demo's people in.
func signIn(t *testing.T, at *instance, host, alias string) *browser {
	t.Helper()
	b := newBrowser(at, host)
	b.open(t, "/sign-in").form(t, `form[action="/sign-in"]`).fill(t, "alias", alias).fill(t, "password", demoPassword(t)).submit(t)
	return b
}

// enter comes in as a guest, by the three steps.
func enter(t *testing.T, at *instance) *browser {
	t.Helper()
	b := newBrowser(at, "localhost")
	name := b.open(t, "/enter").form(t, `form[action="/enter"]`).fill(t, "adult", "true").tick(t, "consent").submit(t)
	name.form(t, `form[action="/enter/name"]`).submit(t)
	return b
}

// goOn begins a shift now.
func goOn(t *testing.T, b *browser) {
	t.Helper()
	b.open(t, "/shifts").form(t, `form[action="/shifts/on"]`).submit(t)
}

// staffed puts an ESP and a tutor on shift, with windows open that keep them on call, and returns the ESP's.
func staffed(t *testing.T, espAt, tutorAt *instance, esp, tutor string) (*browser, *device) {
	t.Helper()
	tb := signIn(t, tutorAt, "localhost", tutor)
	goOn(t, tb)
	td := openDevice(t, tb, tutor, &history.History{}, "", places(tutorAt), wire.Console)
	eb := signIn(t, espAt, "localhost", esp)
	goOn(t, eb)
	ed := openDevice(t, eb, esp+" at the desk", &history.History{}, "", places(espAt), wire.Desk)
	for _, d := range []*device{td, ed} {
		require.NoError(t, within(patience, func() error {
			if len(d.frames("welcome")) == 0 {
				return fmt.Errorf("%s has no line", d.name)
			}
			return nil
		}))
	}
	return eb, ed
}

// places are the instances of a cluster with one of them first.
func places(first *instance) []*instance {
	list := []*instance{first}
	for _, in := range first.cluster.instances {
		if in != first {
			list = append(list, in)
		}
	}
	return list
}

// ask asks for a conversation.
func ask(t *testing.T, b *browser) {
	t.Helper()
	p := b.open(t, "/waiting")
	f := p.form(t, `form[action="/waiting"]`)
	f.fill(t, "topic", "Vorrei parlare della mia giornata").submit(t)
}

// offered waits until an offer stands on the ESP's desk and returns the form that takes it.
func offered(t *testing.T, esp *browser) *form {
	t.Helper()
	var p *page
	require.NoError(t, within(patience, func() (err error) {
		if p, err = esp.get("/desk"); err != nil {
			return err
		}
		if p.doc.Find(acceptForm).Length() == 0 {
			return fmt.Errorf("no offer on the desk (%d): %s", p.status, p.text("main"))
		}
		return nil
	}))
	return p.form(t, acceptForm)
}

const acceptForm = `form[action$="/accept"]`

// accept takes the offer on the desk and returns the room it led to.
func accept(t *testing.T, esp *browser) string {
	t.Helper()
	p := offered(t, esp).submit(t)
	room := path.Base(p.url.Path)
	require.True(t, strings.HasPrefix(p.url.Path, "/rooms/"), "accepting led to %s", p.url.Path)
	return room
}

// leave ends the conversation from one side, so that the ESP is free again.
func leave(t *testing.T, b *browser, room string) {
	t.Helper()
	p, err := b.get("/rooms/" + room + "/end")
	require.NoError(t, err)
	p.expect(t, http.StatusOK).form(t, `form[action$="/end"]`).submit(t)
}

// waitsAtMost fails when something took longer than it may.
func waitsAtMost(t *testing.T, limit, took time.Duration, what string) {
	t.Helper()
	t.Logf("%s: %s of %s", what, took, limit)
	require.LessOrEqual(t, took, limit, what)
}
