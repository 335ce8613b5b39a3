package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"ponti/account"
	"ponti/moderation"
	moderationpage "ponti/web/page/moderation"
	"ponti/web/page/parts"
)

func (s *Server) showPolicy(w http.ResponseWriter, r *http.Request) error {
	return s.policyPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) policyPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	p, err := s.Moderation.Policies(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, status, moderationpage.Policy(moderationpage.PolicyView{Policies: p, MaySet: s.actor(r).Is(account.RoleTutor), Form: f}))
}

func (s *Server) askPolicy(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		CrisisWithin string `form:"crisis_within"`
		CrisisIdle   string `form:"crisis_idle"`
		RedWithin    string `form:"red_within"`
		RedIdle      string `form:"red_idle"`
		AmberWithin  string `form:"amber_within"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	err := s.Moderation.AskPolicy(r.Context(), s.actor(r), moderation.Ladder{
		Crisis: moderation.Times{Within: readSeconds(in.CrisisWithin), Idle: readSeconds(in.CrisisIdle)},
		Red:    moderation.Times{Within: readSeconds(in.RedWithin), Idle: readSeconds(in.RedIdle)},
		Amber:  moderation.Times{Within: readSeconds(in.AmberWithin)},
	})
	if f, again := formAgain(r, err); again {
		return s.policyPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/policy", "second_awaited")
}

// readSeconds reads whole seconds; what is none is out of every bound, and refused by the domain in its words.
func readSeconds(text string) time.Duration {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1_000_000 {
		return -1
	}
	return time.Duration(n) * time.Second
}

func (s *Server) approvePolicy(w http.ResponseWriter, r *http.Request) error {
	return s.settlePolicy(w, r, s.Moderation.ApprovePolicy, "policy_approved")
}

func (s *Server) dropPolicy(w http.ResponseWriter, r *http.Request) error {
	return s.settlePolicy(w, r, s.Moderation.DropPolicy, "policy_dropped")
}

func (s *Server) settlePolicy(w http.ResponseWriter, r *http.Request, settle func(context.Context, account.Actor, int) error, done string) error {
	version, err := strconv.Atoi(r.PathValue("version"))
	if err != nil {
		return account.ErrNotFound
	}
	if err := settle(r.Context(), s.actor(r), version); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/policy", done)
}
