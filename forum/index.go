package forum

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"golang.org/x/text/unicode/norm"

	"ponti/internal/pg"
	"ponti/internal/worker"
)

// Search is made beside the writing: a post is stored without its words, and the indexer adds them a moment later. So writing
// costs what it cost before, and a word that many threads share is no place to queue.
const (
	indexEvery = 2 * time.Second
	indexBatch = 200
	// Words outside these lengths, in runes, are not put right when they are typed wrong.
	minKnownWord, maxKnownWord = 4, 30
)

// Start begins to index what was written, on every instance, of which one works at a time, and to send digests. Starting twice is fine.
func (f *Forum) Start(ctx context.Context, log zerolog.Logger) {
	f.startDigests(ctx, log)
	f.indexer.Start(ctx, func(ctx context.Context) {
		timer := time.NewTimer(rand.N(indexEvery)) //nolint:gosec // jitter, not a secret
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			err := worker.Guard(func() error { _, err := f.IndexPosts(ctx); return err })
			if err != nil && ctx.Err() == nil {
				log.Warn().Err(err).Msg("posts not indexed")
			}
			timer.Reset(indexEvery)
		}
	})
}

// Stop returns when all of it has stopped. Stopping twice is fine.
func (f *Forum) Stop() {
	f.letters.Stop()
	f.calls.Stop()
	f.indexer.Stop()
}

// IndexPosts makes every stored post findable and returns how many it read; none while another instance does that. It holds no post while it reads:
// one that is edited meanwhile stays in the queue. With nothing to do it costs one look into an index.
func (f *Forum) IndexPosts(ctx context.Context) (total int, err error) {
	for {
		n := 0
		err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
			if mine, err := tryIndexing(ctx, tx); err != nil || !mine {
				return err // another instance is at it
			}
			posts, err := selectUnindexed(ctx, tx, indexBatch)
			if n = len(posts); err != nil || n == 0 {
				return err
			}
			for i, p := range posts {
				posts[i].Text = fold(p.Title + "\n" + short.plain(p.Text))
			}
			if err := insertWords(ctx, tx, posts); err != nil {
				return err
			}
			return updateWords(ctx, tx, posts)
		})
		if total += n; err != nil || n < indexBatch {
			return total, pg.Classify(err)
		}
	}
}

// fold takes accents off letters. Each rune stays one rune, so a place in the result is the same place in s.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return r
		}
		letter := r
		for i, part := range norm.NFD.String(string(r)) {
			switch {
			case i == 0:
				letter = part
			case !unicode.Is(unicode.Mn, part):
				return r // more than a letter and its accents
			}
		}
		return letter
	}, norm.NFC.String(s))
}

// knownWords are the words of a folded text that may be looked for, each once, in order.
func knownWords(folded string) []string {
	words := strings.FieldsFunc(strings.ToLower(folded), func(r rune) bool { return !unicode.IsLetter(r) })
	words = slices.DeleteFunc(words, func(w string) bool {
		n := utf8.RuneCountInString(w)
		return n < minKnownWord || n > maxKnownWord
	})
	slices.Sort(words)
	return slices.Compact(words)
}
