package forum

import (
	"context"
	"io"
	"slices"
	"strconv"

	"ponti/account"
	"ponti/forum/community"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// exportAtOnce is how many threads, or posts of one, are read at a time.
const exportAtOnce = 500

// Export writes a service's forum as Import reads it: who wrote, categories, and each thread with its posts, hidden ones too and deleted ones without a text. What was
// written without a name has nobody's. What was held, drafts, earlier versions, reactions and what anybody reads, follows or mutes are not in it. It is not one moment: what is written meanwhile may be in it or not. For Ponti itself only.
func (f *Forum) Export(ctx context.Context, actor account.Actor, w io.Writer) (n Counts, err error) {
	if !actor.Is(account.RoleSystem) {
		return n, account.ErrForbidden
	}
	out := community.NewWriter(w)
	line := func(r community.Record) error {
		n.add(r.Kind)
		return out.Write(r)
	}
	for after := (account.ID{}); ; {
		authors, err := selectAuthors(ctx, f.pool, actor.Service, after, exportAtOnce)
		if err != nil {
			return n, pg.Classify(err)
		}
		names, err := f.accounts.Public(ctx, f.pool, authors)
		if err != nil {
			return n, err
		}
		left, err := f.accounts.Remaining(ctx, actor.Service, authors)
		if err != nil {
			return n, err
		}
		for _, id := range authors {
			r := community.Record{Kind: community.Person, ID: id.String(), Erased: !slices.Contains(left, id)}
			if !r.Erased {
				r.Alias, r.Role = names[id].Alias, string(names[id].Role)
			}
			if err := line(r); err != nil {
				return n, err
			}
		}
		if len(authors) < exportAtOnce {
			break
		}
		after = authors[len(authors)-1]
	}
	categories, err := selectCategories(ctx, f.pool, actor)
	if err != nil {
		return n, pg.Classify(err)
	}
	for _, c := range categories {
		err := line(community.Record{Kind: community.Category, ID: c.ID.String(), Slug: c.Slug, Audience: string(c.Audience), Title: c.Title, Rules: c.Rules, Archived: c.Archived})
		if err == nil {
			err = f.exportCategory(ctx, actor.Service, c.ID, line)
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (f *Forum) exportCategory(ctx context.Context, service account.ServiceID, c CategoryID, line func(community.Record) error) error {
	for after := (ThreadID{}); ; {
		threads, err := selectThreadsToExport(ctx, f.pool, service, c, after, exportAtOnce)
		if err != nil {
			return pg.Classify(err)
		}
		for _, t := range threads {
			if err := f.exportThread(ctx, service, c, t, line); err != nil {
				return err
			}
		}
		if len(threads) < exportAtOnce {
			return nil
		}
		after = threads[len(threads)-1].ID
	}
}

func (f *Forum) exportThread(ctx context.Context, service account.ServiceID, c CategoryID, t exportedThread, line func(community.Record) error) error {
	voices := map[int]string{} // told already
	round, err := f.exportRound(ctx, service, t)
	if err != nil {
		return err
	}
	for after := 0; ; {
		posts, err := selectPostsToExport(ctx, f.pool, service, t.ID, after, exportAtOnce)
		if err != nil {
			return pg.Classify(err)
		}
		for _, p := range posts {
			r := community.Record{Kind: community.Post, ID: p.ID.String(), Thread: t.ID.String(), Author: p.Author.String(), Text: p.Source, At: &p.At, Reason: p.Reason, Minutes: round.minutes[p.ID]}
			if p.Voice > 0 {
				if r.Author, err = exportVoice(t.ID, p.Voice, voices, line); err != nil {
					return err
				}
				r.Voice = p.Voice
			}
			for _, note := range p.Notes {
				r.Notes = append(r.Notes, string(note))
			}
			switch {
			case p.Deleted:
				r.State, r.Reason = string(Deleted), ""
			case p.Reason != "":
				r.State = string(Hidden)
			}
			if p.Number == 1 {
				if t.Kind != KindDiscussion {
					r.ThreadKind = string(t.Kind)
				}
				r.Abstract, r.Closed, r.Agenda = t.Told.Abstract, t.Told.Closed, round.agenda
				if p.Deleted { // a later agenda may stand; its opening comes in without
					r.Agenda = nil
				}
				if r.Event, err = f.exportEvent(ctx, service, t, p.Deleted); err != nil {
					return err
				}
				r.Kind, r.ID, r.Thread, r.Title, r.Category, r.Locked, r.Pinned = community.Thread, t.ID.String(), "", t.Title, c.String(), t.Locked, t.Pinned
			}
			if err := line(r); err != nil {
				return err
			}
		}
		if len(posts) < exportAtOnce {
			return nil
		}
		after = posts[len(posts)-1].Number
	}
}

// exportVoice is who stands in the lines of a thread for what somebody wrote there without their name: a person who was forgotten, with an id that is made of the thread and their voice in it alone.
func exportVoice(t ThreadID, voice int, known map[int]string, line func(community.Record) error) (string, error) {
	if id, ok := known[voice]; ok {
		return id, nil
	}
	known[voice] = ids.Of[account.Account]("forum export voice", t.String(), strconv.Itoa(voice)).String()
	return known[voice], line(community.Record{Kind: community.Person, ID: known[voice], Erased: true})
}
