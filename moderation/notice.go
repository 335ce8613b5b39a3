package moderation

import (
	"context"
	"slices"
	"time"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// NoticeKind says what somebody is told.
type NoticeKind string

// The kinds of notice.
const (
	NoticeHidden       NoticeKind = "hidden"        // to the author: hidden, and why
	NoticeReportHidden NoticeKind = "report_hidden" // to a reporter: it was hidden
	NoticeReportKept   NoticeKind = "report_kept"   // to a reporter: it was read and stays

	NoticeReportActed NoticeKind = "report_acted" // to a reporter: it was read and stays, and something was done

	NoticeWarned NoticeKind = "warned" // to the author: a warning, and why
	NoticeMuted  NoticeKind = "muted"  // to the author: nothing in the forum until then, and why
	NoticeBanned NoticeKind = "banned" // to the author: not coming in until then, and why
	NoticeLifted NoticeKind = "lifted" // to the author: that is over before its time

	NoticeRevealed NoticeKind = "revealed" // to the author of a text without a name: because of a danger a tutor was told whose it is

	NoticeAppealKept     NoticeKind = "appeal_kept"     // to the author: somebody else looked, and it stays hidden
	NoticeAppealRestored NoticeKind = "appeal_restored" // to the author: somebody else looked, and it is back
	NoticeReportRestored NoticeKind = "report_restored" // to a reporter: it was hidden first, and is back

	NoticeTakenBack       NoticeKind = "taken_back"        // to the author: it is back, and why
	NoticeReportTakenBack NoticeKind = "report_taken_back" // to a reporter: it was hidden first, and is back

	NoticeCaseOverdue NoticeKind = "case_overdue" // to who may decide it: nobody has claimed it in time
)

// withStatement are those that give the author the reason.
var withStatement = []NoticeKind{NoticeHidden, NoticeAppealKept, NoticeWarned, NoticeMuted, NoticeBanned, NoticeTakenBack}

// noticesShown is how many somebody is shown, the newest.
const noticesShown = 50

// Notice tells somebody about a decision that concerns them.
type Notice struct {
	ID        NoticeID
	Kind      NoticeKind
	Subject   Subject
	Title     string    // of where it stands; empty when it is gone
	URL       string    // empty when it is gone
	Statement string    // for the author
	Hidden    bool      // the text was hidden, and is still
	Until     time.Time // of a mute or a ban; zero when it was lifted
	Case      CaseID
	Appeal    AppealState // for the author of what was hidden
	At        time.Time
	Read      bool
}

// Notices lists what the actor was told, newest first, at most fifty.
func (m *Moderation) Notices(ctx context.Context, actor account.Actor) ([]Notice, error) {
	if err := account.Can(actor, account.ReportSeeOwnAndItsOutcome, account.Relation{Own: true}); err != nil {
		return nil, err
	}
	rows, err := selectNotices(ctx, m.pool, actor)
	if err != nil {
		return nil, pg.Classify(err)
	}
	list := make([]Notice, 0, len(rows))
	for _, r := range rows {
		n := r.Notice
		if slices.Contains(withStatement, n.Kind) {
			if n.Statement, err = m.openInCase(r.Of, r.Sealed); err != nil {
				return nil, err
			}
		}
		list = append(list, n)
	}
	reveals, err := selectRevealNotices(ctx, m.pool, actor)
	if err != nil {
		return nil, pg.Classify(err)
	}
	list = append(list, reveals...)
	slices.SortStableFunc(list, func(a, b Notice) int { return b.At.Compare(a.At) })
	list = list[:min(len(list), noticesShown)]
	for i := range list {
		if err := m.place(ctx, actor, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// place says where the subject stands, to those who may still read it.
func (m *Moderation) place(ctx context.Context, actor account.Actor, n *Notice) error {
	keeper, err := m.content(n.Subject.Kind)
	if err != nil {
		return err
	}
	err = keeper.MayRead(ctx, m.pool, actor, n.Subject.ID)
	if err == nil {
		var ex Excerpt
		if ex, err = keeper.Excerpt(ctx, m.pool, actor.Service, n.Subject.ID); err == nil {
			n.Title, n.URL = ex.Title, ex.URL
		}
	}
	if k := errs.KindOf(err); err != nil && k != errs.NotFound && k != errs.Forbidden {
		return err
	}
	return nil
}

// UnreadNotices counts what the actor was told and has not seen.
func (m *Moderation) UnreadNotices(ctx context.Context, actor account.Actor) (int, error) {
	if err := account.Can(actor, account.ReportSeeOwnAndItsOutcome, account.Relation{Own: true}); err != nil {
		return 0, err
	}
	n, err := selectUnreadNotices(ctx, m.pool, actor)
	return n, pg.Classify(err)
}

// MarkNoticesRead marks all of the actor's notices up to a moment as seen: that of the page they were shown on.
func (m *Moderation) MarkNoticesRead(ctx context.Context, actor account.Actor, upTo time.Time) error {
	if err := account.Can(actor, account.ReportSeeOwnAndItsOutcome, account.Relation{Own: true}); err != nil {
		return err
	}
	return pg.Classify(updateNoticesRead(ctx, m.pool, actor, upTo))
}
