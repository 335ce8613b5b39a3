package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"ponti/forum"
	"ponti/internal/errs"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
)

const (
	// digestPath is the page from which somebody says how they are told what is new to them, and all that its worker looks after.
	digestPath = "/forum/digest"
	// leavePath is where a letter's link leads by which its address is forgotten. Mail programs send a form there by themselves, with no browser.
	leavePath = "/digest/leave/"
)

func (s *Server) showDigest(w http.ResponseWriter, r *http.Request) error {
	return s.digestPage(w, r, nil)
}

// digestPage is how somebody is told what is new to them, with what was wrong with a form of it.
func (s *Server) digestPage(w http.ResponseWriter, r *http.Request, wrong error) error {
	status := http.StatusOK
	f, again := formAgain(r, wrong)
	switch {
	case again:
		status = http.StatusUnprocessableEntity
	case wrong != nil:
		return wrong
	}
	d, err := s.Forum.Digests(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, status, forumpage.Digest(d, f))
}

func (s *Server) changeDigest(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Every   string `form:"every"`
		Weekday string `form:"weekday"`
		Hour    string `form:"hour"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	err := s.Forum.ChangeDigest(r.Context(), s.actor(r), forum.Every(in.Every), time.Weekday(number(in.Weekday)), number(in.Hour))
	return s.digestChanged(w, r, "digest_saved", err)
}

func (s *Server) changeDigestQuiet(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		From string `form:"from"`
		To   string `form:"to"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	var q forum.Quiet
	if strings.TrimSpace(in.From+in.To) != "" {
		q = forum.Quiet{From: readMinutes(in.From), To: readMinutes(in.To)}
	}
	return s.digestChanged(w, r, "digest_quiet", s.Forum.ChangeQuiet(r.Context(), s.actor(r), q))
}

// number reads a small number; what is none is refused by the domain in its words.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

func (s *Server) askDigestMail(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Address string `form:"address"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	return s.digestChanged(w, r, "digest_asked", s.Forum.AskMail(r.Context(), s.actor(r), in.Address, visitOf(r).words.Lang()))
}

func (s *Server) addDigestBrowser(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Subscription string `form:"subscription"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	return s.digestChanged(w, r, "digest_added", s.Forum.AddBrowser(r.Context(), s.actor(r), in.Subscription, visitOf(r).words.Lang()))
}

func (s *Server) removeDigestWay(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Way](r.PathValue("way"))
	if err != nil {
		return err
	}
	return s.digestChanged(w, r, "digest_removed", s.Forum.RemoveWay(r.Context(), s.actor(r), id))
}

func (s *Server) digestChanged(w http.ResponseWriter, r *http.Request, done string, err error) error {
	if err != nil {
		return s.digestPage(w, r, err)
	}
	return s.redirectDone(w, r, digestPath, done)
}

// showConfirmDigest is where the link of a letter leads that asks whether an address is right. What reads letters before people do opens links and presses nothing.
func (s *Server) showConfirmDigest(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, forumpage.Letter("confirm"))
}

func (s *Server) confirmDigest(w http.ResponseWriter, r *http.Request) error {
	err := s.Forum.ConfirmMail(r.Context(), s.service(r).ID, r.PathValue("token"))
	if errs.KindOf(err) == errs.NotFound {
		return s.render(w, r, http.StatusNotFound, forumpage.Letter("old"))
	}
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Letter("confirmed"))
}

func (s *Server) showLeaveDigest(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, forumpage.Letter("leave"))
}

func (s *Server) leaveDigest(w http.ResponseWriter, r *http.Request) error {
	if err := s.Forum.LeaveMail(r.Context(), s.service(r).ID, r.PathValue("token")); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Letter("left"))
}

// oneClick is true of what mail programs send by themselves when somebody wants no more letters (RFC 8058). It asks for nothing but what the secret in its address allows, so it matters
// not who sends it.
func oneClick(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, leavePath)
}

// showDigestWorker is what a browser runs when it is woken because something is new. It names nothing: others may see the screen.
func (s *Server) showDigestWorker(w http.ResponseWriter, r *http.Request) error {
	return s.showWorker(w, r, "digest.push_title", "digest.push_body", "/forum")
}
