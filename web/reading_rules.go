package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/moderation"
	moderationpage "ponti/web/page/moderation"
	"ponti/web/page/parts"
)

func (s *Server) showReadingRules(w http.ResponseWriter, r *http.Request) error {
	return s.readingRulesPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) readingRulesPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	ctx, actor := r.Context(), s.actor(r)
	v := moderationpage.RulesView{MaySet: actor.Is(account.RoleTutor), Query: r.URL.Query().Get("q"), Form: f}
	var err error
	if v.Rules, err = s.Moderation.Rules(ctx, actor); err != nil {
		return err
	}
	if v.Work != nil {
		if v.Changed, _, err = s.Moderation.Sections(ctx, actor, ""); err != nil {
			return err
		}
	}
	if v.Query != "" {
		if v.Found, v.All, err = s.Moderation.Sections(ctx, actor, v.Query); err != nil {
			return err
		}
	}
	return s.render(w, r, status, moderationpage.Rules(v))
}

func (s *Server) showRuleSection(w http.ResponseWriter, r *http.Request) error {
	return s.ruleSectionPage(w, r, http.StatusOK, r.URL.Query().Get("key"), parts.Form{})
}

func (s *Server) ruleSectionPage(w http.ResponseWriter, r *http.Request, status int, key string, f parts.Form) error {
	ctx, actor := r.Context(), s.actor(r)
	rules, err := s.Moderation.Rules(ctx, actor)
	if err != nil {
		return err
	}
	v := moderationpage.SectionView{Form: f, Waits: rules.Work != nil && rules.Work.State == moderation.RulesAsked}
	v.MaySet = actor.Is(account.RoleTutor) && !v.Waits
	switch {
	case key != "":
		if v.Section, err = s.Moderation.Section(ctx, actor, key); err != nil {
			return err
		}
	case !v.MaySet:
		return account.ErrNotFound
	}
	return s.render(w, r, status, moderationpage.RuleSection(v))
}

func (s *Server) saveRuleSection(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Key  string `form:"key"`
		Mark string `form:"mark"`
		Text string `form:"text"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	key, err := s.Moderation.SaveSection(r.Context(), s.actor(r), in.Key, in.Mark, in.Text)
	if f, again := formAgain(r, asMistake(err, "text")); again {
		return s.ruleSectionPage(w, r, http.StatusUnprocessableEntity, in.Key, f)
	}
	if err != nil {
		return err
	}
	// What a service wrote and took out again is not there any more.
	if _, err := s.Moderation.Section(r.Context(), s.actor(r), key); errors.Is(err, moderation.ErrUnknown) {
		return s.redirectDone(w, r, "/rules", "rules_saved")
	}
	return s.redirectDone(w, r, "/rules/section?key="+url.QueryEscape(key), "rules_saved")
}

func (s *Server) showTryRules(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.Moderation.Rules(r.Context(), s.actor(r)); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, moderationpage.TryRules(moderationpage.TryView{}))
}

func (s *Server) tryText(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Text string `form:"text"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	tried, err := s.Moderation.TryText(r.Context(), s.actor(r), in.Text)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, moderationpage.TryRules(moderationpage.TryView{Text: in.Text, Tried: &tried}))
}

func (s *Server) trialRules(w http.ResponseWriter, r *http.Request) error {
	err := s.Moderation.TryRules(r.Context(), s.actor(r))
	return s.rulesDone(w, r, err, "rules_tried")
}

func (s *Server) askRules(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Why string `form:"why"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	err := s.Moderation.AskRules(r.Context(), s.actor(r), in.Why)
	return s.rulesDone(w, r, err, "second_awaited")
}

// rulesDone answers what was asked of the draft: what keeps it from being done stands beside what was written.
func (s *Server) rulesDone(w http.ResponseWriter, r *http.Request, err error, done string) error {
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Kind == errs.Conflict {
		err = errs.Field("why", e.Key, e.Params)
	}
	if f, again := formAgain(r, err); again {
		return s.readingRulesPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/rules", done)
}

func (s *Server) approveRules(w http.ResponseWriter, r *http.Request) error {
	return s.settleRules(w, r, s.Moderation.ApproveRules, "rules_active")
}

func (s *Server) takeBackRules(w http.ResponseWriter, r *http.Request) error {
	return s.settleRules(w, r, s.Moderation.TakeBackRules, "rules_taken_back")
}

func (s *Server) dropRules(w http.ResponseWriter, r *http.Request) error {
	return s.settleRules(w, r, s.Moderation.DropRules, "rules_dropped")
}

func (s *Server) returnRules(w http.ResponseWriter, r *http.Request) error {
	return s.settleRules(w, r, s.Moderation.ReturnRules, "rules_returned")
}

func (s *Server) settleRules(w http.ResponseWriter, r *http.Request, settle func(context.Context, account.Actor, int) error, done string) error {
	version, err := strconv.Atoi(r.PathValue("version"))
	if err != nil {
		return account.ErrNotFound
	}
	if err := settle(r.Context(), s.actor(r), version); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/rules", done)
}
