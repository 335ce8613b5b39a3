package forum

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// Bounds of calling people by name.
const (
	MaxMentions     = 5  // people in one post
	mentionsPerHour = 20 // of one author; beyond, a name is a word like any other
)

// names are those by which people can be called in one post: only names under which somebody shows in its thread, or looks after its category. So nobody learns by calling that a name
// exists elsewhere, and nobody hears of a thread that is not theirs.
type names struct {
	ids   map[string]account.ID // by the name as spelled finds it
	told  []account.ID          // called by an earlier version: they cost nothing
	left  int                   // how many others may be called
	found []account.ID
}

// spelled is a name without case and accents, of as many runes.
func spelled(name string) string { return fold(strings.ToLower(name)) }

// namesFor are the names of a post that is about to be stored. It takes a lock of its author, who calls nobody from two windows at once: before the thread is locked, always in this order.
func (f *Forum) namesFor(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, p newPost) (*names, error) {
	audience, who, err := selectShowing(ctx, q, s, c, p.Thread)
	if err != nil {
		return nil, err
	}
	known, err := f.accounts.Named(ctx, q, s, who)
	if err != nil {
		return nil, err
	}
	called, err := selectCalled(ctx, q, []PostID{p.ID}, false)
	if err != nil {
		return nil, err
	}
	used, err := countMentions(ctx, q, s, p.Author)
	n := &names{ids: map[string]account.ID{}, told: called[p.ID], left: max(mentionsPerHour-used, 0)}
	for id, who := range known {
		if id != p.Author && mayRead(account.Actor{Service: s, ID: id, Role: who.Role}, place{Audience: audience}) == nil {
			n.ids[spelled(who.Alias)] = id
		}
	}
	return n, err
}

// mention marks in a text whom it calls by name.
func (f *Forum) mention(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, p *newPost) error {
	if p.Nameless || !strings.Contains(p.Source, "@") { // who has no name calls nobody by theirs
		return nil
	}
	n, err := f.namesFor(ctx, q, s, c, *p)
	if err != nil {
		return err
	}
	p.rendered, p.called = p.shape.render(p.Source, n), n.found
	return nil
}

// store puts a text where everybody reads it, with the names in it marked, in a new thread when it opens one.
func (f *Forum) store(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, w *writing) (Receipt, error) {
	if err := f.mention(ctx, q, s, c, &w.post); err != nil {
		return Receipt{}, err
	}
	r, err := w.store(ctx, q, s)
	if err == nil && len(w.post.called) > 0 {
		err = updateMentions(ctx, q, s, w.post.ID, w.post.Author, w.post.called)
	}
	return r, err
}

// replace gives a post a new text, and makes its mentions those of that.
func (f *Forum) replace(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, old postRow, p prepared, l triage.Level) error {
	n := newPost{ID: old.ID, Thread: old.Thread, Author: old.Author, Nameless: old.voice > 0, prepared: p}
	if err := f.mention(ctx, q, s, c, &n); err != nil {
		return err
	}
	if err := updateMentions(ctx, q, s, old.ID, old.Author, n.called); err != nil {
		return err
	}
	return updatePostText(ctx, q, s, old.ID, n.prepared, l)
}

// MarkMentionsRead notes that the actor has seen where they are called in some posts of a thread, whichever device they read on. It marks nothing of anybody else's.
func (f *Forum) MarkMentionsRead(ctx context.Context, actor account.Actor, id ThreadID, from, to int) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	return pg.Classify(updateMentionsRead(ctx, f.pool, actor, id, from, to))
}

// namesOf are those who were called in stored posts, to render them again.
func (f *Forum) namesOf(ctx context.Context, q pg.Querier, posts []PostID) (map[PostID]*names, error) {
	called, err := selectCalled(ctx, q, posts, true)
	if err != nil {
		return nil, err
	}
	var all []account.ID
	for _, who := range called {
		all = append(all, who...)
	}
	public, err := f.accounts.Public(ctx, q, all)
	out := map[PostID]*names{}
	for post, who := range called {
		n := &names{ids: map[string]account.ID{}, told: who}
		for _, id := range who {
			n.ids[spelled(public[id].Alias)] = id
		}
		out[post] = n
	}
	return out, err
}

// call says that somebody is called, and whether they may be.
func (n *names) call(id account.ID) bool {
	if slices.Contains(n.found, id) {
		return true
	}
	before := slices.Contains(n.told, id)
	if len(n.found) == MaxMentions || !before && n.left == 0 {
		return false
	}
	if !before {
		n.left--
	}
	n.found = append(n.found, id)
	return true
}

// at is the length of the name that a text begins with, the longest of those that fit; 0 when it begins with none, or with nobody who may be called.
func (n *names) at(text string) int {
	var ends []int // where each rune ends
	for i, r := range text {
		if len(ends) == account.MaxAlias {
			break
		}
		ends = append(ends, i+utf8.RuneLen(r))
	}
	if len(ends) == 0 {
		return 0
	}
	name := []rune(spelled(text[:ends[len(ends)-1]]))
	for k := min(len(ends), len(name)) - 1; k >= 0; k-- {
		id, known := n.ids[string(name[:k+1])]
		if known && nameEnds(text[ends[k]:]) && n.call(id) {
			return ends[k]
		}
	}
	return 0
}

// nameEnds is true where no name goes on.
func nameEnds(rest string) bool {
	first, size := utf8.DecodeRuneInString(rest)
	if first == '-' { // a longer name, of somebody who is not here
		first, _ = utf8.DecodeRuneInString(rest[size:])
	}
	return !inName(first)
}

func inName(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r))
}

// calls finds the first name that is called in a line, as it was typed: its @, and where it ends. Nobody is called in what stands between backticks, behind a backslash or inside a word.
func (n *names) calls(raw string) (from, to int, ok bool) {
	before := ' '
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRuneInString(raw[i:])
		switch {
		case r == '\\':
			_, next := utf8.DecodeRuneInString(raw[i+size:])
			size += next
		case r == '`':
			if end := strings.IndexByte(raw[i+size:], '`'); end >= 0 {
				size += end + 1
			}
		case r == '@' && !inName(before) && before != '@':
			if length := n.at(raw[i+size:]); length > 0 {
				return i, i + size + length, true
			}
		}
		before, i = r, i+size
	}
	return 0, 0, false
}
