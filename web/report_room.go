package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/moderation"
	moderationpage "ponti/web/page/moderation"
	"ponti/web/page/parts"
)

// reportable is how many of the last messages of others a report may be about.
const reportable = 10

// showRoomReport asks what of a conversation somebody reports: who was there, or one of the last things they said.
func (s *Server) showRoomReport(w http.ResponseWriter, r *http.Request) error {
	return s.renderRoomReport(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) renderRoomReport(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := roomID(r)
	if err != nil {
		return err
	}
	ctx, actor := r.Context(), s.actor(r)
	view, err := s.Chat.Room(ctx, actor, id)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(view.People, func(p chat.Participant) bool { return p.Me }) {
		return account.ErrNotFound // who was not there has nothing of it to report
	}
	messages, err := s.Chat.MessagesBefore(ctx, actor, id, view.Head+1, historyPage)
	if err != nil {
		return err
	}
	messages = slices.DeleteFunc(messages, func(m chat.Message) bool {
		return m.Kind != chat.Text || m.Text == "" || m.From == view.Me || m.About > 0
	})
	if over := len(messages) - reportable; over > 0 {
		messages = messages[over:]
	}
	slices.Reverse(messages)
	return s.render(w, r, status, moderationpage.RoomReport(view, messages, f))
}

func (s *Server) fileRoomReport(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		About  string            `form:"about"` // "participant/2" or "message/12"
		Reason moderation.Reason `form:"reason"`
		Note   string            `form:"note"`
	}
	id, err := roomID(r)
	if err == nil {
		err = decode(r, &in)
	}
	if err != nil {
		return err
	}
	kind, number, _ := strings.Cut(in.About, "/")
	what := moderation.SubjectKind(kind)
	if _, none := strconv.ParseUint(number, 10, 32); none != nil || what != moderation.SubjectParticipant && what != moderation.SubjectMessage {
		err = errs.Field("about", "chat.report_missing", nil)
	} else {
		err = s.Moderation.FileReport(r.Context(), s.actor(r), moderation.Report{Subject: moderation.Subject{Kind: what, ID: id.String() + "/" + number}, Reason: in.Reason, Note: in.Note})
	}
	if f, again := formAgain(r, err); again {
		return s.renderRoomReport(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/reported")
}
