package web

import (
	"net/http"
	"strconv"

	accountpage "ponti/web/page/account"
)

func (s *Server) showRegister(w http.ResponseWriter, r *http.Request) error {
	before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0 // an old or broken link shows the newest
	}
	p, err := s.Accounts.Register(r.Context(), s.actor(r), before)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, accountpage.Register(p, before > 0))
}

func (s *Server) showProof(w http.ResponseWriter, r *http.Request) error {
	end, err := s.Accounts.RegisterEnd(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, accountpage.ChainProof(end, nil))
}

func (s *Server) proveRegister(w http.ResponseWriter, r *http.Request) error {
	p, err := s.Accounts.ProveRegister(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, accountpage.ChainProof(p.Head, &p))
}
