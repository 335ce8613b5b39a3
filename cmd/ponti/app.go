package main

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"ponti/account"
	"ponti/chat"
	"ponti/forum"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/moderation"
	"ponti/moderation/triage"
	"ponti/roster"
	"ponti/web"
)

// app is Ponti wired together: the only place that knows all parts. Static after newApp.
type app struct {
	config     Config
	log        zerolog.Logger
	stores     *stores
	metrics    *prometheus.Registry
	bus        *bus.Bus
	accounts   *account.Accounts
	roster     *roster.Roster
	moderation *moderation.Moderation
	chat       *chat.Chat
	forum      *forum.Forum
	web        *web.Server
	linker     *audit.Linker
	auditor    *auditor
	keeper     *keeper
	journal    *journal
}

func newApp(c Config, st *stores, log zerolog.Logger) (*app, error) {
	engine, err := triage.New()
	if err != nil {
		return nil, err
	}
	a := &app{config: c, log: log, stores: st, metrics: prometheus.NewRegistry()}
	a.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.bus = bus.New(st.redis, "ponti:", log)
	a.accounts = account.New(st.pool, account.Options{Hints: a.bus})
	a.roster = roster.New(st.pool, a.accounts, a.bus)
	a.moderation = moderation.New(st.pool, a.accounts, a.roster, engine, a.bus, moderation.Options{
		Keys: st.keyring, Pool: st.urgent, BaseURL: c.URL.String(), Registerer: a.metrics, Log: log, Mail: c.Mail, Push: c.Push, Classifier: moderation.ClassifierOptions{URL: c.Classifier},
		Words: func(locale, key string, values ...any) string { return a.web.Words(locale, key, values...) }})
	a.chat = chat.New(st.pool, a.accounts, a.roster, a.moderation, st.keyring, a.bus, log)
	a.forum = forum.New(st.pool, a.accounts, a.moderation, st.keyring, a.bus)
	a.moderation.Use(moderation.SubjectRoom, a.chat.RoomContent())
	a.moderation.Use(moderation.SubjectMessage, a.chat.MessageContent())
	a.moderation.Use(moderation.SubjectParticipant, a.chat.ParticipantContent())
	a.moderation.Use(moderation.SubjectPost, a.forum.Content())
	a.moderation.UseTexts(a.chat.Texts(), a.forum.Texts())
	a.linker, a.auditor = audit.NewLinker(st.pool, log), newAuditor(st.urgent, c.Deadman, a.metrics, log)
	a.keeper, a.journal = newKeeper(a, a.metrics, log), newJournal(a, a.metrics, log)
	limits := web.DefaultLimits().Times(c.LimitFactor)
	a.web, err = web.New(web.Deps{
		URL: c.URL, Proxies: c.Proxies, Limits: &limits, Handshakes: c.Handshakes, Pace: c.LimitFactor, Secret: st.keyring.Secret("puzzles"), Log: log, StoresUp: func(ctx context.Context) error { return st.urgent.Ping(ctx) },
		Accounts: a.accounts, Roster: a.roster, Moderation: a.moderation, Chat: a.chat, Forum: a.forum, Bus: a.bus, Registerer: a.metrics,
	})
	if err != nil {
		return nil, err
	}
	a.forum.TellBy(forum.Outlet{Mail: c.Mail, Words: a.web.Words, Count: a.web.CountWords, Site: a.siteURL})
	return a, nil
}

// startWorkers starts what runs beside requests. It outlives the signal to stop: stopWorkers ends it, after the drain.
func (a *app) startWorkers(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	a.bus.Start(ctx)
	a.roster.Start(ctx, a.log)
	a.moderation.Start(ctx)
	a.chat.Start(ctx)
	a.forum.Start(ctx, a.log)
	a.web.Live().Start()
	a.linker.Start(ctx)
	a.auditor.Start(ctx)
	a.keeper.Start(ctx)
	a.journal.Start(ctx)
}

func (a *app) stopWorkers() {
	a.journal.Stop()
	a.keeper.Stop()
	a.auditor.Stop()
	a.web.Live().Stop()
	a.forum.Stop()
	a.chat.Stop()
	a.moderation.Stop()
	a.roster.Stop()
	a.linker.Stop()
	a.bus.Stop()
}

// siteURL is where people reach a service: the public URL, with the service's own host if it has one.
func (a *app) siteURL(s account.Service) string {
	u := *a.config.URL
	if s.Host != account.AnyHost {
		u.Host = s.Host
		if port := a.config.URL.Port(); port != "" {
			u.Host += ":" + port
		}
	}
	return u.String()
}

func (a *app) metricsServer() *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{Registry: a.metrics}))
	return web.NewHTTPServer(mux)
}
