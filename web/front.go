package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/link"
	"ponti/roster"
	"ponti/web/page/front"
)

func (s *Server) showFront(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, front.Front(s.opening(r)))
}

// opening is whether people may enter; not known while the stores are down.
func (s *Server) opening(r *http.Request) front.Opening {
	if visitOf(r).down {
		return front.Opening{}
	}
	o, err := s.Roster.Opening(r.Context(), s.service(r).ID)
	if err != nil {
		s.Log.Warn().Str("req", visitOf(r).id).Err(err).Msg("opening unknown")
		visitOf(r).down = true
		return front.Opening{}
	}
	known := openingOf(o)
	if o.Open {
		if known.UsualFrom, known.UsualTo, err = s.Chat.UsualWait(r.Context(), s.service(r).ID); err != nil {
			s.Log.Warn().Str("req", visitOf(r).id).Err(err).Msg("usual wait unknown") // the page is true without it
		}
	}
	return known
}

// lastSoon is how long before the last admission its time is shown.
const lastSoon = time.Hour

func openingOf(o roster.Opening) front.Opening {
	known := front.Opening{Known: true, Open: o.Open, Ending: o.Covered && !o.Open, ESPs: o.ESPs, NextAt: o.NextAt}
	if o.LastAt != nil && time.Until(*o.LastAt) < lastSoon {
		known.LastAt = o.LastAt
	}
	return known
}

func (s *Server) showNumbers(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, front.Numbers(numbersOf(s.service(r), s.words(r))))
}

func (s *Server) showHowItWorks(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, front.HowItWorks())
}

func (s *Server) showPrivacy(w http.ResponseWriter, r *http.Request) error {
	kept := s.service(r).Keeping
	if kept == (account.Keeping{}) { // the stores cannot be asked
		kept = account.DefaultKeeping
	}
	return s.render(w, r, http.StatusOK, front.Privacy(kept, s.Moderation.ReadsOutside()))
}

func (s *Server) showAccessibility(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, front.Accessibility())
}

// showLeaving says where an address leads before anybody goes there. What people may not be led to is no page of ours.
func (s *Server) showLeaving(w http.ResponseWriter, r *http.Request) error {
	href, host := link.Outside(r.URL.Query().Get("to"))
	if href == "" {
		return errs.New(errs.NotFound, "error.not_found")
	}
	back := "/"
	if from, err := url.Parse(r.Referer()); err == nil && from.Host == r.Host && from.Path != r.URL.Path {
		back = localPath(from.RequestURI())
	}
	return s.render(w, r, http.StatusOK, front.Leaving(href, host, back))
}

func (s *Server) showOffline(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, front.Offline())
}

// chooseLanguage remembers the language in a cookie of its own, so that it outlives the session.
func (s *Server) chooseLanguage(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Language string `form:"language"`
		Next     string `form:"next"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	if slices.Contains(s.catalog.Languages(), in.Language) {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever people reach us by https
			Name: s.cookieName("language"), Value: in.Language, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
			HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
		})
	}
	return s.redirect(w, r, in.Next)
}

// language is what a page is written in: the person's choice, else what their browser asks for, else the service's.
func (s *Server) language(r *http.Request, service account.Service) string {
	chosen := ""
	if c, err := r.Cookie(s.cookieName("language")); err == nil {
		chosen = c.Value
	}
	return s.catalog.Match(chosen, r.Header.Get("Accept-Language"), service.Locale)
}

// leaveQuickly ends the session on this device and leads to a page that says nothing. The script of the button does not wait for
// the answer: it shows an empty page at once.
//
// Clear-Site-Data leaves out "cache": browsers take seconds over it, and private pages are never cached.
func (s *Server) leaveQuickly(w http.ResponseWriter, r *http.Request) error {
	if err := s.endSession(w, r); err != nil {
		s.Log.Warn().Str("req", visitOf(r).id).Err(err).Msg("session outlives a quick exit")
	}
	w.Header().Set("Clear-Site-Data", `"cookies", "storage"`)
	return s.redirect(w, r, "/exit")
}

func (s *Server) showExit(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, front.Exit())
}

func (s *Server) showIcon(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, s.assets.url("img/icon.svg"), http.StatusMovedPermanently)
	return nil
}

func (s *Server) showRobots(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := io.WriteString(w, "User-agent: *\nAllow: /$\nAllow: /numbers\nAllow: /how-it-works\nAllow: /information\nAllow: /sitemap.xml\nAllow: /privacy\nAllow: /accessibility\nAllow: /assets/\nDisallow: /\n")
	return ignoreGone(err)
}

// showHealth says that the process lives; a supervisor restarts it when not.
func (s *Server) showHealth(w http.ResponseWriter, _ *http.Request) error {
	return writeState(w, http.StatusOK, map[string]string{"process": "up"})
}

// showReady says whether to send people here: 200 unless the instance is ending. One that is starting, or without PostgreSQL,
// stays in service: people get the page with the numbers from it, and perhaps from nowhere else.
func (s *Server) showReady(w http.ResponseWriter, r *http.Request) error {
	phase := s.phase.Load()
	state := map[string]string{"process": phaseNames[phase], "postgres": "up"}
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := s.StoresUp(ctx); err != nil {
		state["postgres"] = "down"
	}
	if phase == draining {
		return writeState(w, http.StatusServiceUnavailable, state)
	}
	return writeState(w, http.StatusOK, state)
}

func writeState(w http.ResponseWriter, status int, state map[string]string) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return ignoreGone(json.NewEncoder(w).Encode(state))
}

// countViolation notes which rule of the Content-Security-Policy a page of ours broke, and nothing of where.
func (s *Server) countViolation(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Report struct {
			Directive string `json:"effective-directive"`
		} `json:"csp-report"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return errUnreadable
	}
	directive := in.Report.Directive
	if !slices.Contains([]string{"script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr", "img-src", "connect-src", "font-src", "form-action", "frame-src", "require-trusted-types-for"}, directive) {
		directive = "other"
	}
	s.metrics.violations.WithLabelValues(directive).Inc()
	s.Log.Warn().Str("directive", directive).Msg("content security policy broken")
	w.WriteHeader(http.StatusNoContent)
	return nil
}
