package forum

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ponti/account"
	"ponti/internal/pg"
)

// Limits of a search.
const (
	ResultsPerPage = 20
	MaxResults     = 1000 // the newest so many are ranked
	MaxQuery       = 200  // runes; what is longer is cut
	maxTerms       = 8    // words; further ones are left out
	maxAlike       = 4    // words that may stand for one that was typed wrong
)

// Query is what somebody looks for.
type Query struct {
	Text     string
	Category string // slug; empty is everywhere
	Newest   bool   // newest first; otherwise what fits best
	Page     int    // from 1
}

// Found is one post that fits.
type Found struct {
	Thread   ThreadID
	Kind     Kind // of the thread
	Number   int
	Category Category
	// Title is nil where the reader may not see it.
	Title, Text []Piece
	Notes       []ContentNote // what Text speaks of
	// Muted is why the text, TitleMuted why the title is folded for this reader.
	Muted, TitleMuted Muted
	At                time.Time
}

// Results are one page of what was found.
type Results struct {
	Found []Found
	// Total is how many there are, at most MaxResults.
	Total, Page int
	// Alike is true when nothing fits what was typed, and words like it were looked for.
	Alike bool
	// Categories are those the reader may search.
	Categories []Category
}

// Pages is how many pages there are.
func (r Results) Pages() int { return (r.Total + ResultsPerPage - 1) / ResultsPerPage }

// Piece is a part of a text; Hit says that it is what was looked for.
type Piece struct {
	Text string
	Hit  bool
}

// Search looks in all posts that the actor may read, never in hidden or deleted ones. All words must be in a post, in any form that Italian or
// English gives them and with or without accents; when nothing fits, words that differ by a letter are looked for. What was written in the last
// seconds may not be found yet.
func (f *Forum) Search(ctx context.Context, actor account.Actor, q Query) (Results, error) {
	if err := mayEnter(actor); err != nil {
		return Results{}, err
	}
	r := Results{Page: min(max(q.Page, 1), MaxResults)}
	scope := search{Reader: actor, Category: q.Category, Newest: q.Newest, Offset: (r.Page - 1) * ResultsPerPage}
	for _, w := range terms(q.Text) {
		scope.Terms = append(scope.Terms, []string{w})
		if n := utf8.RuneCountInString(w); n >= minKnownWord && n <= maxKnownWord {
			scope.Typed = append(scope.Typed, strings.ToLower(w))
		}
	}
	noCategory := strings.Trim(q.Category, "abcdefghijklmnopqrstuvwxyz0123456789-") != ""
	if len(scope.Terms) == 0 || noCategory || scope.Offset >= MaxResults {
		categories, err := f.readableCategories(ctx, actor)
		r.Categories = categories
		return r, err
	}
	found, err := f.find(ctx, &scope, &r)
	if err != nil {
		return Results{}, pg.Classify(err)
	}
	r.Total, r.Categories = found.total, found.categories
	words, err := f.filter(actor, found.filters)
	if err != nil {
		return Results{}, err
	}
	r.Found, err = f.shown(ctx, actor, scope, words, found.rows)
	return r, pg.Classify(err)
}

// find looks for the words as they were typed and, when nothing at all fits them, for words like them.
func (f *Forum) find(ctx context.Context, s *search, r *Results) (foundRows, error) {
	found, err := selectFound(ctx, f.pool, *s)
	if err != nil || found.total > 0 || !s.widen(found.alike) {
		return found, err
	}
	found, err = selectFound(ctx, f.pool, *s)
	r.Alike = found.total > 0
	return found, err
}

// terms are the words of what was typed.
func terms(text string) []string {
	if r := []rune(cleanText(text)); len(r) > MaxQuery {
		text = string(r[:MaxQuery])
	}
	words := strings.FieldsFunc(fold(cleanText(text)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	words = slices.DeleteFunc(words, func(w string) bool { return utf8.RuneCountInString(w) < 2 })
	return words[:min(len(words), maxTerms)]
}

// widen adds to each word those of the forum that are nearly the same. False: there are none.
func (s *search) widen(known []string) (found bool) {
	for i, t := range s.Terms {
		near := nearest(strings.ToLower(t[0]), known)
		s.Terms[i] = append(t, near...)
		found = found || len(near) > 0
	}
	return found
}

// nearest picks the known words that differ from a word by one slip, or by two in a long one, nearest first.
func nearest(word string, known []string) []string {
	type candidate struct {
		word string
		far  int
	}
	w := []rune(word)
	allowed := 1
	if len(w) >= 8 {
		allowed = 2
	}
	var near []candidate
	for _, k := range known {
		if d := slips(w, []rune(k), allowed); d > 0 && d <= allowed {
			near = append(near, candidate{k, d})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.word, b.word)) })
	out := make([]string, 0, maxAlike)
	for _, c := range near[:min(len(near), maxAlike)] {
		out = append(out, c.word)
	}
	return out
}

// slips counts letters left out, added, changed or swapped with a neighbour between two words; beyond most it may say anything above it.
func slips(a, b []rune, most int) int {
	if d := len(a) - len(b); d > most || -d > most {
		return most + 1
	}
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}

// shown makes of rows what the reader sees: with the words that were found marked, and without titles that are not theirs to see.
func (f *Forum) shown(ctx context.Context, actor account.Actor, s search, words filter, rows []foundRow) ([]Found, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	texts := make([]string, 0, 2*len(rows))
	for _, r := range rows {
		texts = append(texts, r.thread.seenBy(actor, r.category.place(), nil).Title, shapeOf(r.thread.Kind, r.number).plain(r.source))
	}
	folded := make([]string, len(texts))
	for i, t := range texts {
		folded[i] = fold(t)
	}
	marked, err := selectMarked(ctx, f.pool, s.Terms, folded)
	if err != nil {
		return nil, err
	}
	out := make([]Found, len(rows))
	for i, r := range rows {
		out[i] = Found{
			Thread: r.thread.ID, Kind: r.thread.Kind, Number: r.number, Category: r.category, At: r.at, Notes: knownNotes(r.notes),
			TitleMuted: r.thread.mutedFor(actor, words),
			Title:      pieces([]rune(texts[2*i]), marked[2*i], MaxTitle), Text: pieces([]rune(texts[2*i+1]), marked[2*i+1], excerpt),
		}
		if r.author != actor.ID {
			out[i].Muted = words.on(r.muted, r.source)
		}
	}
	return out, nil
}

// excerpt is how many runes of a post are shown.
const excerpt = 260

// pieces cuts a text where hits begin and end, and shows no more than so many runes, around the first hit.
func pieces(text []rune, hit []bool, most int) []Piece {
	if len(text) == 0 {
		return nil
	}
	from, to := 0, len(text)
	if to > most {
		from = max(0, slices.Index(hit, true)-most/4)
		for from > 0 && !unicode.IsSpace(text[from-1]) {
			from--
		}
		to = min(len(text), from+most)
		for to < len(text) && to > from+most/2 && !unicode.IsSpace(text[to]) {
			to--
		}
	}
	var out []Piece
	if from > 0 {
		out = append(out, Piece{Text: "… "})
	}
	for i := from; i < to; {
		j := i
		for j < to && hit[j] == hit[i] {
			j++
		}
		out = append(out, Piece{Text: string(text[i:j]), Hit: hit[i]})
		i = j
	}
	if to < len(text) {
		out = append(out, Piece{Text: " …"})
	}
	return out
}
