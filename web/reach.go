package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"ponti/internal/ids"
	"ponti/moderation"
	moderationpage "ponti/web/page/moderation"
	"ponti/web/page/parts"
)

// reachPath is the page from which a browser lets itself be woken, and all that its worker looks after.
const reachPath = "/reach"

func (s *Server) showReach(w http.ResponseWriter, r *http.Request) error {
	return s.reachPage(w, r, nil)
}

// reachPage is how somebody of the staff is told of alerts, with what was wrong with a form of it.
func (s *Server) reachPage(w http.ResponseWriter, r *http.Request, wrong error) error {
	status := http.StatusOK
	f, again := formAgain(r, wrong)
	switch {
	case again:
		status = http.StatusUnprocessableEntity
	case wrong != nil:
		return wrong
	}
	list, err := s.Moderation.Reaches(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, status, moderationpage.Reach(moderationpage.ReachView{Reaches: list, Form: f}))
}

func (s *Server) addReachMail(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Address string `form:"address"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := s.Moderation.AddMail(r.Context(), s.actor(r), in.Address, visitOf(r).words.Lang()); err != nil {
		return s.reachPage(w, r, err)
	}
	return s.redirectDone(w, r, reachPath, "reach_code")
}

func (s *Server) addReachPush(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Subscription string `form:"subscription"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := s.Moderation.AddPush(r.Context(), s.actor(r), in.Subscription, visitOf(r).words.Lang()); err != nil {
		return s.reachPage(w, r, err)
	}
	return s.redirectDone(w, r, reachPath, "reach_added")
}

func (s *Server) confirmReach(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Code string `form:"code"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	return s.changeReach(w, r, "reach_added", func(id moderation.ReachID) error {
		return s.Moderation.Confirm(r.Context(), s.actor(r), id, in.Code)
	})
}

func (s *Server) tryReach(w http.ResponseWriter, r *http.Request) error {
	return s.changeReach(w, r, "reach_tried", func(id moderation.ReachID) error {
		return s.Moderation.TryReach(r.Context(), s.actor(r), id)
	})
}

func (s *Server) removeReach(w http.ResponseWriter, r *http.Request) error {
	return s.changeReach(w, r, "reach_removed", func(id moderation.ReachID) error {
		return s.Moderation.RemoveReach(r.Context(), s.actor(r), id)
	})
}

func (s *Server) changeReach(w http.ResponseWriter, r *http.Request, done string, change func(moderation.ReachID) error) error {
	id, err := ids.Parse[moderation.Reach](r.PathValue("reach"))
	if err != nil {
		return err
	}
	if err := change(id); err != nil {
		return s.reachPage(w, r, err)
	}
	return s.redirectDone(w, r, reachPath, done)
}

func (s *Server) changeQuiet(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		From string `form:"from"`
		To   string `form:"to"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	q := moderation.Quiet{From: readMinutes(in.From), To: readMinutes(in.To)}
	if strings.TrimSpace(in.From+in.To) == "" {
		q = moderation.Quiet{}
	}
	if err := s.Moderation.ChangeQuiet(r.Context(), s.actor(r), q); err != nil {
		return s.reachPage(w, r, err)
	}
	return s.redirectDone(w, r, reachPath, "quiet_saved")
}

// readMinutes reads a time of the day such as 22:30 as minutes; what is none is refused by the domain in its words.
func readMinutes(text string) int {
	hours, minutes, ok := strings.Cut(strings.TrimSpace(text), ":")
	h, err := strconv.Atoi(hours)
	m, err2 := strconv.Atoi(minutes)
	if !ok || err != nil || err2 != nil || h < 0 || h > 23 || m < 0 || m > 59 {
		return -1
	}
	return h*60 + m
}

// showPushWorker is what a browser of the staff runs when it is woken.
func (s *Server) showPushWorker(w http.ResponseWriter, r *http.Request) error {
	return s.showWorker(w, r, "moderation.push_title", "moderation.push_body", "/console")
}

// showTurnWorker is what the browser of somebody who waits runs when it is their turn. It names nothing: others may see the screen.
func (s *Server) showTurnWorker(w http.ResponseWriter, r *http.Request) error {
	return s.showWorker(w, r, "chat.turn_title", "chat.turn_body", waitingPath)
}

// showWorker is the script with its words in the language of the page, and the page that it leads to.
func (s *Server) showWorker(w http.ResponseWriter, r *http.Request, title, body, page string) error {
	words := visitOf(r).words
	b, err := json.Marshal(map[string]string{"title": words.T(title), "body": words.T(body), "page": page})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	_, err = fmt.Fprintf(w, "const words = %s;\n%s", b, s.assets.body("js/push-worker.js"))
	return err
}

// scripts are the names of the policy by which a page may start a script that is not a module of ours; a page without one may start none.
func scripts(path string) string {
	if path == reachPath || path == waitingPath || path == waitingPath+"/wake" || path == digestPath || strings.HasPrefix(path, digestPath+"/") {
		return parts.WorkerPolicy
	}
	return "'none'"
}
