package web

import (
	"context"
	"net/http"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/ids"
	"ponti/web/live"
)

// newHub makes the sockets' part of the site. It accepts nobody until it is started.
func (s *Server) newHub() *live.Hub {
	return live.New(live.Deps{
		Chat: s.Chat, LiveSessions: s.Accounts.LiveSessions, Heartbeat: s.Roster.Heartbeat, ThreadMark: s.threadMark, Bus: s.Bus, Handshakes: s.Handshakes, Pace: s.Pace,
		Text: s.textOf, Metrics: s.Registerer, Log: s.Log.With().Str("part", "live").Logger(),
	})
}

// threadMark is how a thread stands for somebody, by its id as text.
func (s *Server) threadMark(ctx context.Context, actor account.Actor, thread string, from int) (id, mark string, err error) {
	t, err := ids.Parse[forum.Thread](thread)
	if err != nil {
		return "", "", err
	}
	mark, err = s.Forum.ThreadMark(ctx, actor, t, from)
	return t.String(), mark, err
}

// Live is the sockets of this site: the program starts, drains and stops them.
func (s *Server) Live() *live.Hub { return s.live }

// textOf is an error's text in a language.
func (s *Server) textOf(locale, key string, params map[string]any) string {
	return s.catalog.Localizer(locale, s.zone).T(key, params)
}

// openSocket hands the bare connection over.
func (s *Server) openSocket(w http.ResponseWriter, r *http.Request) error {
	s.live.Accept(w, r, s.actor(r), s.origin(r))
	return nil
}

// socketActs are the rows of the matrix that frames stand for.
func socketActs() []account.Action {
	var rows []account.Action
	for _, act := range live.Acts() {
		rows = append(rows, act)
	}
	return rows
}
