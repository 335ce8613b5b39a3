package forum

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/forum/community"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// importAtOnce is how many lines are written in one transaction.
const importAtOnce = 200

// CheckImport reads a community as Import would and says everything that is wrong with it, line by line. Nothing is written. Source names where it comes from: identifiers
// of one source are other ones in another. For Ponti itself only.
func (f *Forum) CheckImport(ctx context.Context, actor account.Actor, source string, r io.Reader) (n Counts, wrong []community.Mistake, err error) {
	if !actor.Is(account.RoleSystem) {
		return n, nil, account.ErrForbidden
	}
	k := newKnown(actor.Service, source, time.Now())
	add := func(m community.Mistake) { wrong = append(wrong, m) }
	err = community.Read(r, func(line int, rec community.Record) error {
		n.add(rec.Kind)
		for _, what := range k.take(line, rec) {
			add(community.Mistake{Line: line, What: what})
		}
		if rec.Kind != community.Person {
			return nil
		}
		what, err := f.checkPerson(ctx, actor.Service, k, rec)
		if what != "" {
			add(community.Mistake{Line: line, What: what})
		}
		return err
	}, add)
	return n, wrong, err
}

// checkPerson says what keeps a person who is well described from being imported here.
func (f *Forum) checkPerson(ctx context.Context, service account.ServiceID, k *known, r community.Record) (wrong string, err error) {
	if r.Erased {
		return "", nil
	}
	if (account.Actor{Role: account.Role(r.Role)}).IsStaff() {
		if _, err = f.accounts.StaffByAlias(ctx, service, r.Alias); errors.Is(err, account.ErrNotFound) {
			return fmt.Sprintf("is of the staff, and nobody of the staff is called %q here: invite them first", r.Alias), nil
		}
		return "", err
	}
	err = f.accounts.CheckImported(ctx, service, k.person(r))
	if errors.Is(err, account.ErrAliasTaken) {
		return "has an alias that somebody here has", nil
	}
	if errs.KindOf(err) == errs.Invalid {
		return "", nil // said with what is wrong with the line itself
	}
	return "", err
}

func (n *Counts) add(kind community.Kind) {
	switch kind {
	case community.Person:
		n.People++
	case community.Category:
		n.Categories++
	case community.Thread:
		n.Threads++
	case community.Post:
		n.Posts++
	}
}

// Import writes a community that CheckImport found nothing wrong with, and counts what was not here before: reading the same again, or more of the same, writes only what is
// missing. Code is told the recovery code of each person just before they are made; an error of it ends the import. Texts follow the rules of any other; they are not read for risk,
// because an alarm about the past would call people away from today. What somebody wrote who was erased here is not brought back.
// For Ponti itself only.
func (f *Forum) Import(ctx context.Context, actor account.Actor, source string, r io.Reader, code func(alias, code string) error) (n Counts, err error) {
	if !actor.Is(account.RoleSystem) {
		return n, account.ErrForbidden
	}
	in := &importing{f: f, actor: actor, known: newKnown(actor.Service, source, time.Now()), code: code, authors: map[string]account.ID{}, places: map[string]CategoryID{}}
	err = community.Read(r, func(line int, rec community.Record) error {
		if wrong := in.known.take(line, rec); len(wrong) > 0 {
			return fmt.Errorf("forum: import: %s", community.Mistake{Line: line, What: wrong[0]})
		}
		return in.line(ctx, rec)
	}, func(m community.Mistake) { in.broken = append(in.broken, m) })
	if err == nil && len(in.broken) > 0 {
		err = fmt.Errorf("forum: import: %s", in.broken[0])
	}
	if err == nil {
		err = in.flush(ctx)
	}
	return in.n, err
}

// importing is one run.
type importing struct {
	f       *Forum
	actor   account.Actor
	known   *known
	code    func(alias, code string) error
	authors map[string]account.ID // by their id elsewhere; zero: they were erased here
	places  map[string]CategoryID
	waiting []community.Record // threads and posts
	broken  []community.Mistake
	n       Counts
}

func (in *importing) line(ctx context.Context, r community.Record) (err error) {
	switch r.Kind {
	case community.Person:
		return in.person(ctx, r)
	case community.Category:
		return in.category(ctx, r)
	case community.Thread, community.Post:
	}
	if in.waiting = append(in.waiting, r); len(in.waiting) < importAtOnce {
		return nil
	}
	return in.flush(ctx)
}

func (in *importing) person(ctx context.Context, r community.Record) (err error) {
	if (account.Actor{Role: account.Role(r.Role)}).IsStaff() {
		in.authors[r.ID], err = in.f.accounts.StaffByAlias(ctx, in.actor.Service, r.Alias)
		return err
	}
	p := in.known.person(r)
	made, err := in.f.accounts.Import(ctx, in.actor, p, func(code string) error { return in.code(p.Alias, code) })
	if err != nil {
		return fmt.Errorf("forum: import person %q: %w", r.ID, err)
	}
	if made {
		in.n.People++
		in.authors[r.ID] = p.ID
		return nil
	}
	left, err := in.f.accounts.Remaining(ctx, in.actor.Service, []account.ID{p.ID})
	if err == nil && (len(left) == 1 || r.Erased) {
		in.authors[r.ID] = p.ID
	}
	return err
}

func (in *importing) category(ctx context.Context, r community.Record) error {
	before, err := selectCategoryIDs(ctx, in.f.pool, in.actor.Service)
	if err != nil {
		return pg.Classify(err)
	}
	id, there := before[r.Slug]
	if !there {
		id, err = in.f.CreateCategory(ctx, in.actor, NewCategory{Slug: r.Slug, Audience: Audience(r.Audience), Title: r.Title, Rules: r.Rules, Position: len(before), Archived: r.Archived})
		in.n.Categories++
	}
	in.places[r.ID] = id
	return err
}

// flush writes what waits. Nothing of it is counted before it is committed.
func (in *importing) flush(ctx context.Context) error {
	var n Counts
	err := pg.InTx(ctx, in.f.pool, func(ctx context.Context, tx pgx.Tx) error {
		n = Counts{}
		for _, r := range in.waiting {
			write := in.post
			if r.Kind == community.Thread {
				write = in.thread
			}
			wrote, err := write(ctx, tx, r)
			if err != nil {
				return fmt.Errorf("forum: import %s %q: %w", r.Kind, r.ID, err)
			}
			if wrote {
				n.add(r.Kind)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	in.waiting = in.waiting[:0]
	in.n.Threads, in.n.Posts = in.n.Threads+n.Threads, in.n.Posts+n.Posts
	return nil
}

func (in *importing) thread(ctx context.Context, tx pgx.Tx, r community.Record) (wrote bool, err error) {
	author := in.authors[r.Author]
	if author.IsZero() {
		return false, nil
	}
	id := of[Thread](in.known, community.Thread, r.ID)
	if wrote, err = insertImportedThread(ctx, tx, in.actor.Service, newThread{ID: id, Category: in.places[r.Category], Author: author, Title: cleanTitle(r.Title), Kind: kindOf(r), Told: toldOf(r).clean(), At: r.At, voice: r.Voice}, r.Locked, r.Pinned); err != nil || !wrote {
		return false, err
	}
	if r.Event != nil {
		if err := insertEvent(ctx, tx, in.actor.Service, id, eventOf(*r.Event)); err != nil {
			return false, err
		}
	}
	opening := of[Post](in.known, community.Thread, r.ID)
	if err := in.round(ctx, tx, r, id, opening, author); err != nil {
		return false, err
	}
	return in.text(ctx, tx, r, id, opening, author)
}

func (in *importing) post(ctx context.Context, tx pgx.Tx, r community.Record) (wrote bool, err error) {
	author := in.authors[r.Author]
	if author.IsZero() {
		return false, nil
	}
	thread, id := of[Thread](in.known, community.Thread, r.Thread), of[Post](in.known, community.Post, r.ID)
	if wrote, err = in.text(ctx, tx, r, thread, id, author); wrote && r.Minutes {
		err = upsertWriting(ctx, tx, account.Actor{Service: in.actor.Service, ID: author}, thread, id, ForMinutes, 1)
	}
	return wrote, err
}

// text stores an opening or an answer; false when it is here, or its thread is not.
func (in *importing) text(ctx context.Context, tx pgx.Tx, r community.Record, thread ThreadID, id PostID, author account.ID) (wrote bool, err error) {
	p := newPost{ID: id, Thread: thread, Author: author, CID: id.String(), Level: triage.None, At: r.At, voice: r.Voice}
	if p.Notes = knownNotes(notesOf(r)); State(r.State) != Deleted {
		if p.prepared, err = readRecord(r, r.Kind == community.Thread); err != nil {
			return false, err
		}
	}
	return insertImportedPost(ctx, tx, in.actor.Service, p, State(r.State), r.Reason)
}
