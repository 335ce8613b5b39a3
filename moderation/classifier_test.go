package moderation_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// outsider is a classifier as somebody else would write one.
type outsider struct {
	*httptest.Server

	mu    sync.Mutex
	asked []string // bodies
	reply func(text string) (status int, body string)
}

func newOutsider(t *testing.T, reply func(text string) (int, string)) *outsider {
	t.Helper()
	o := &outsider{reply: reply}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in struct{ Text string }
		_ = json.Unmarshal(body, &in)
		o.mu.Lock()
		o.asked = append(o.asked, string(body))
		reply := o.reply
		o.mu.Unlock()
		status, answer := reply(in.Text)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *outsider) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.asked)
}

func (o *outsider) says(reply func(string) (int, string)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reply = reply
}

func (o *outsider) options(t *testing.T) moderation.ClassifierOptions {
	t.Helper()
	u, err := url.Parse(o.URL)
	require.NoError(t, err)
	return moderation.ClassifierOptions{URL: u, Rest: 300 * time.Millisecond}
}

// outcomes counts what came of the texts.
func outcomes(t *testing.T, reg *prometheus.Registry, outcome string) int {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == "ponti_classifier_total" && l.GetValue() == outcome {
					return int(m.GetCounter().GetValue())
				}
			}
		}
	}
	return 0
}

// TestConsider: the classifier gets the text alone, and raises where it sees more; it lowers nothing, and what it says twice is once.
func TestConsider(t *testing.T) {
	levels := map[string]string{"uno": "red", "due": "none", "tre": "amber", "quattro": "crisis"}
	o := newOutsider(t, func(text string) (int, string) {
		return http.StatusOK, `{"level":"` + levels[text] + `","category":"suicide","more":"x"}`
	})
	reg := prometheus.NewRegistry()
	w := newWorld(t, moderation.Options{Classifier: o.options(t), Registerer: reg})
	require.True(t, w.ReadsOutside())
	member, esp := w.newActor(account.RoleMember, "Mare"), w.newESP("Emma", w.newTutor("Anna"))
	w.Start(t.Context())
	t.Cleanup(w.Stop)
	consider := func(seq int, level triage.Level, text string) {
		r := w.flagged("stanza", seq, level, member, esp)
		r.Rules = nil
		w.Consider(r, text)
	}
	consider(1, triage.None, "uno")
	w.until("it is raised", func() bool { return outcomes(t, reg, "raised") == 1 })
	assert.Equal(t, "red", scalar[string](w, `select level::text from moderation_escalations`))
	assert.Equal(t, "outside message:stanza/1 outside", scalar[string](w, `select kind || ' ' || ref || ' ' || array_to_string(rules, ' ') from moderation_causes`))
	assert.Equal(t, "suicide", scalar[string](w, `select category from moderation_escalations`))
	require.JSONEq(t, `{"text":"uno"}`, o.asked[0])
	w.until("somebody is asked", func() bool { return scalar[int](w, `select count(*) from moderation_routes`) > 0 })

	consider(2, triage.None, "due")
	consider(3, triage.Red, "tre")
	w.until("it agrees", func() bool { return outcomes(t, reg, "agreed") == 2 })
	consider(1, triage.None, "uno")
	w.until("it says so again", func() bool { return outcomes(t, reg, "raised") == 2 })
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_causes`))
	consider(5, triage.Unscored, "quattro")
	w.until("it is lifted", func() bool {
		return scalar[string](w, `select max(level)::text from moderation_escalations`) == "crisis"
	})
	asked := o.count()
	consider(6, triage.Crisis, "uno")
	consider(7, triage.None, "")
	consider(8, triage.None, "due")
	w.until("the last one is read", func() bool { return outcomes(t, reg, "agreed") == 3 })
	assert.Equal(t, asked+1, o.count(), "what is a crisis already, or nothing at all, is not sent")
}

// TestConsider_that_fails: whatever it answers, nothing is raised; after five times it is left alone, and asked again later.
func TestConsider_that_fails(t *testing.T) {
	wrong := []func(string) (int, string){
		func(string) (int, string) { return http.StatusInternalServerError, "" },
		func(string) (int, string) { return http.StatusFound, "" },
		func(string) (int, string) { return http.StatusOK, "Voglio morire" },
		func(string) (int, string) { return http.StatusOK, `{"level":"unscored"}` },
		func(string) (int, string) { return http.StatusOK, `{"level":"` },
	}
	o := newOutsider(t, wrong[0])
	reg := prometheus.NewRegistry()
	w := newWorld(t, moderation.Options{Classifier: o.options(t), Registerer: reg})
	w.Start(t.Context())
	t.Cleanup(w.Stop)
	r := w.flagged("stanza", 1, triage.None, w.newActor(account.RoleMember, "Mare"), account.Actor{})
	for i, reply := range wrong {
		o.says(reply)
		w.Consider(r, "uno")
		w.until("it failed", func() bool { return outcomes(t, reg, "failed") == i+1 })
	}
	w.Consider(r, "uno")
	w.until("it is left alone", func() bool { return outcomes(t, reg, "skipped") == 1 })
	require.Equal(t, len(wrong), o.count())
	assert.Zero(t, scalar[int](w, `select count(*) from moderation_causes`))

	o.says(func(string) (int, string) { return http.StatusOK, `{"level":"amber","category":"unheard of"}` })
	w.until("it is asked again", func() bool {
		w.Consider(r, "uno")
		return outcomes(t, reg, "raised") > 0
	})
	assert.Equal(t, "none", scalar[string](w, `select category from moderation_escalations`))
}

// TestConsider_that_hangs: nobody waits for it, and what does not fit is left out.
func TestConsider_that_hangs(t *testing.T) {
	held := make(chan struct{})
	o := newOutsider(t, func(string) (int, string) { <-held; return http.StatusOK, `{"level":"red"}` })
	t.Cleanup(func() { close(held) }) // before its server closes
	reg := prometheus.NewRegistry()
	w := newWorld(t, moderation.Options{Classifier: o.options(t), Registerer: reg})
	w.Start(t.Context())
	t.Cleanup(w.Stop)
	r := w.flagged("stanza", 1, triage.None, w.newActor(account.RoleMember, "Mare"), account.Actor{})
	began := time.Now()
	for range 1500 {
		w.Consider(r, "uno")
	}
	assert.Less(t, time.Since(began), time.Second)
	assert.Positive(t, outcomes(t, reg, "dropped"))
	w.until("it is given up", func() bool { return outcomes(t, reg, "failed") >= 4 })
}

func TestConsider_without_one(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	require.False(t, w.ReadsOutside())
	w.Consider(moderation.Raise{}, "uno")
}
