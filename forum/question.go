package forum

import (
	"context"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// ErrAnswerByPeer says that a question to the ESPs is answered by one of them: what others write is welcome, and is not the answer.
var ErrAnswerByPeer = errs.New(errs.Conflict, "kind.answer_by_peer")

// byAnybody and byPeer say whose posts may be the answer in a thread.
func byAnybody(account.Public) bool { return true }

func byPeer(a account.Public) bool { return a.Role == account.RoleESP || a.Role == account.RoleSenior }

// CanAnswer is true of a post of the list that the reader may say is the answer, or is not any more.
func (l *PostList) CanAnswer(p *Post) bool {
	answers := l.Thread.Kind.rule().answers
	return l.MayAnswer && p.Number > 1 && p.State == Shown && (p.Number == l.Thread.Answer || answers(p.Author.Public))
}

// Unanswered is a question that waits for an answer.
type Unanswered struct {
	Thread   Thread
	Category Category
}

// UnansweredList is one page of them, the newest first.
type UnansweredList struct {
	Questions []Unanswered
	Older     Cursor // zero when this page is the last
}

// UnansweredQuestions gives the page before a cursor of the questions, in all categories that the actor may read, of which no post is said to be the answer, and in which
// one may still be written. For ESPs, and tutors beside them.
func (f *Forum) UnansweredQuestions(ctx context.Context, actor account.Actor, before Cursor, limit int) (UnansweredList, error) {
	if err := mayEnter(actor); err != nil {
		return UnansweredList{}, err
	}
	if err := account.Can(actor, ForStaff.reading(), account.Relation{Object: true}); err != nil {
		return UnansweredList{}, err
	}
	limit = min(max(limit, 1), 100)
	words, err := f.filterOf(ctx, actor)
	if err != nil {
		return UnansweredList{}, err
	}
	readable, err := f.readableCategories(ctx, actor)
	if err != nil {
		return UnansweredList{}, err
	}
	var open []CategoryID
	for _, c := range readable {
		if !c.Archived {
			open = append(open, c.ID)
		}
	}
	rows, categories, err := selectUnanswered(ctx, f.pool, actor, open, before, limit+1)
	if err != nil {
		return UnansweredList{}, pg.Classify(err)
	}
	var l UnansweredList
	if len(rows) > limit {
		rows = rows[:limit]
		l.Older = Cursor{At: rows[limit-1].CreatedAt, ID: rows[limit-1].ID}
	}
	authors := make([]account.ID, len(rows))
	for i, t := range rows {
		authors[i] = t.named()
	}
	names, err := f.accounts.Public(ctx, f.pool, authors)
	if err != nil {
		return UnansweredList{}, err
	}
	l.Questions = make([]Unanswered, len(rows))
	for i, t := range rows {
		l.Questions[i] = Unanswered{Thread: t.seenBy(actor, categories[i].place(), names), Category: categories[i]}
		l.Questions[i].Thread.Muted = t.mutedFor(actor, words)
	}
	return l, nil
}
