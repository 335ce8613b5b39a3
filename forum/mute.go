package forum

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// MuteID names a muted person in the list of who muted them.
type MuteID = ids.ID[Mute]

// Mute is a person whose texts somebody does not want to meet.
type Mute struct {
	ID    MuteID
	Who   account.Public
	Since time.Time
}

// Filters are what somebody does not want to meet in the forum. What they say no to is folded and never withheld: it can be opened, notices and what is pinned are not
// touched, and nobody else learns of it.
type Filters struct {
	Words     []string // as they were typed, cleaned
	OpenNoted bool     // texts with content notes come unfolded
	People    []Mute   // the first to be muted first
}

// Bounds of filters.
const (
	MaxMutes     = 200
	MaxMuteWords = 50
	MinMuteWord  = 2 // letters and digits, without which a word would fold everything
	MaxMuteWord  = 40
	anyEnd       = "*" // at the end of a word: in any form that begins like this
)

// ErrMutesFull says that nobody more can be muted.
var ErrMutesFull = errs.New(errs.Invalid, "forum.mutes_full")

// Muted says why a text is folded for one reader; empty: it is not.
type Muted string

// The reasons.
const (
	MutedPerson Muted = "person"
	MutedWord   Muted = "word"
)

// Filters gives what the actor does not want to meet.
func (f *Forum) Filters(ctx context.Context, actor account.Actor) (Filters, error) {
	if err := mayEnter(actor); err != nil {
		return Filters{}, err
	}
	row, err := selectFilters(ctx, f.pool, actor)
	if err != nil {
		return Filters{}, pg.Classify(err)
	}
	out := Filters{OpenNoted: row.openNoted}
	if out.Words, err = f.openWords(actor, row); err != nil {
		return Filters{}, err
	}
	mutes, err := selectMutes(ctx, f.pool, actor)
	if err != nil {
		return Filters{}, pg.Classify(err)
	}
	who := make([]account.ID, len(mutes))
	for i, m := range mutes {
		who[i] = m.Who
	}
	names, err := f.accounts.Public(ctx, f.pool, who)
	for _, m := range mutes {
		out.People = append(out.People, Mute{ID: m.ID, Who: names[m.Who], Since: m.Since})
	}
	return out, err
}

// ChangeFilters stores the words, one on each line, and whether texts with content notes come unfolded. Errors: errs.Fields for too many words, and for one that is
// too short or too long.
func (f *Forum) ChangeFilters(ctx context.Context, actor account.Actor, lines string, openNoted bool) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	words, err := muteWords(lines)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(words)
	if err != nil {
		return fmt.Errorf("forum: seal filters: %w", err)
	}
	sealed, err := f.keys.SealAlone(plain, filtersOf(actor.ID))
	if err != nil {
		return fmt.Errorf("forum: seal filters: %w", err)
	}
	return pg.Classify(upsertFilters(ctx, f.pool, actor, openNoted, sealed))
}

// muteWords reads what was typed, each word once.
func muteWords(lines string) ([]string, error) {
	words, seen := []string{}, map[string]bool{}
	for line := range strings.Lines(cleanText(lines)) {
		word := cleanTitle(line)
		spoken := said(word)
		if word == "" || seen[spoken] {
			continue
		}
		letters := strings.Count(strings.ReplaceAll(spoken, " ", ""), "") - 1
		switch {
		case letters < MinMuteWord:
			return nil, errs.Field("words", "forum.mute_word_short", map[string]any{"Word": word, "Min": MinMuteWord})
		case utf8.RuneCountInString(word) > MaxMuteWord:
			return nil, errs.Field("words", "forum.mute_word_long", map[string]any{"Max": MaxMuteWord})
		case len(words) == MaxMuteWords:
			return nil, errs.Field("words", "forum.mute_words_many", map[string]any{"Max": MaxMuteWords})
		}
		words, seen[spoken] = append(words, word), true
	}
	return words, nil
}

// filtersOf binds sealed words to whose they are.
func filtersOf(a account.ID) string { return "forum filters|" + a.String() }

// filterRow are somebody's filters as they are stored.
type filterRow struct {
	openNoted bool
	sealed    seal.Alone
}

func (f *Forum) openWords(actor account.Actor, r filterRow) (words []string, err error) {
	if r.sealed.KeyID == "" {
		return nil, nil
	}
	plain, err := f.keys.OpenAlone(r.sealed, filtersOf(actor.ID))
	if err == nil {
		err = json.Unmarshal(plain, &words)
	}
	if err != nil {
		return nil, fmt.Errorf("forum: open filters: %w", err)
	}
	return words, nil
}

// filter decides what is folded for one reader.
type filter []string

// filter makes the filter of stored ones.
func (f *Forum) filter(actor account.Actor, r filterRow) (filter, error) {
	words, err := f.openWords(actor, r)
	for i, w := range words {
		words[i] = " " + said(w)
		if !strings.HasSuffix(w, anyEnd) {
			words[i] += " "
		}
	}
	return words, err
}

// filterOf is the filter of the actor.
func (f *Forum) filterOf(ctx context.Context, actor account.Actor) (filter, error) {
	row, err := selectFilters(ctx, f.pool, actor)
	if err != nil {
		return nil, pg.Classify(err)
	}
	return f.filter(actor, row)
}

// on says why a text is folded: byMuted is true of the texts of somebody who is muted.
func (f filter) on(byMuted bool, text string) Muted {
	if byMuted {
		return MutedPerson
	}
	if len(f) == 0 {
		return ""
	}
	all := " " + said(text) + " "
	if slices.ContainsFunc(f, func(word string) bool { return strings.Contains(all, word) }) {
		return MutedWord
	}
	return ""
}

// said is a text as words alone: small letters without accents, one space between them.
func said(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(fold(text)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// MuteAuthor folds what the author of a post writes, here and elsewhere in the forum, for the actor alone; again is no mistake. Errors: account.ErrNotFound for a
// post that is not the actor's to read, account.ErrForbidden for one's own, ErrMutesFull.
func (f *Forum) MuteAuthor(ctx context.Context, actor account.Actor, id PostID) (Receipt, error) {
	var r Receipt
	if err := mayEnter(actor); err != nil {
		return r, err
	}
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		p, _, c, err := selectPost(ctx, tx, actor, id, false)
		if err != nil {
			return err
		}
		if err := mayRead(actor, c.place()); err != nil {
			return err
		}
		if p.Author == actor.ID {
			return account.ErrForbidden
		}
		if p.voice > 0 {
			return ErrNoNameToMute
		}
		r = Receipt{Thread: p.Thread, Post: p.ID, Number: p.Number}
		n, err := countMutes(ctx, tx, actor)
		if err != nil {
			return err
		}
		if n >= MaxMutes {
			return ErrMutesFull
		}
		return insertMute(ctx, tx, actor, ids.New[Mute](), p.Author)
	})
	return r, pg.Classify(err)
}

// Unmute shows again what somebody writes; one that is gone is no mistake.
func (f *Forum) Unmute(ctx context.Context, actor account.Actor, id MuteID) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	return pg.Classify(deleteMute(ctx, f.pool, actor, id))
}
