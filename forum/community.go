package forum

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// Community is how many invented discussions a category is filled with, to see how the forum bears its size.
type Community struct {
	Category CategoryID
	Authors  []account.ID
	Threads  int
	Posts    int // of each thread
}

// plantBatch is how many threads one transaction stores.
const plantBatch = 500

// PlantCommunity fills a category with discussions of sentences put together by chance, the same each time. Ponti itself may. Each is a minute older than the
// one before it.
func (f *Forum) PlantCommunity(ctx context.Context, actor account.Actor, in Community) error {
	if !actor.Is(account.RoleSystem) {
		return account.ErrForbidden
	}
	if len(in.Authors) == 0 || in.Threads < 1 || in.Posts < 1 {
		return fmt.Errorf("forum: a community of %d authors, %d threads and %d posts", len(in.Authors), in.Threads, in.Posts)
	}
	chance := rand.New(rand.NewPCG(20, 26)) //nolint:gosec // the same each time
	now := time.Now()
	for first := 0; first < in.Threads; first += plantBatch {
		var threads, posts [][]any
		for n := first; n < min(first+plantBatch, in.Threads); n++ {
			id, last := ids.New[Thread](), now.Add(-time.Duration(n)*time.Minute)
			begin := last.Add(-time.Duration(in.Posts) * time.Hour)
			title := sentence(chance)
			author := in.Authors[chance.IntN(len(in.Authors))]
			threads = append(threads, []any{id, actor.Service, in.Category, author, title, begin, last, in.Posts})
			for i := range in.Posts {
				source := passage(chance)
				ready := render(source)
				post := ids.New[Post]()
				at := begin.Add(time.Duration(i+1) * time.Hour)
				words := ready.Plain
				if i == 0 {
					words = title + "\n" + words
				}
				posts = append(posts, []any{post, id, i + 1, author, post.String(), source, ready.HTML, at, fold(words)})
				author = in.Authors[chance.IntN(len(in.Authors))]
			}
		}
		err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
			return insertCommunity(ctx, tx, actor.Service, threads, posts)
		})
		if err != nil {
			return fmt.Errorf("forum: community: %w", err)
		}
	}
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error { return analyze(ctx, tx) })
}

// What invented people say, in three parts.
var (
	begins = strings.Split("Stamattina|Ieri sera|Da qualche giorno|Quando piove|Al parco|In cucina|Dopo il lavoro|La domenica|Con mia sorella|Sul treno|Prima di dormire|In silenzio|A volte|Per la prima volta|Today|Last night|On the bus|After lunch|With a friend|At home", "|")
	middle = strings.Split("ho camminato|ho acceso la radio|ho scritto due righe|ho chiamato qualcuno|ho guardato il lago|ho preparato il pane|ho letto un libro|ho respirato piano|ho annaffiato le piante|ho sistemato la stanza|ho ascoltato la pioggia|ho bevuto un tè|ho disegnato un albero|I went for a walk|I made some soup|I listened to music|I wrote a letter|I fed the cat", "|")
	ends   = strings.Split("e mi è servito|e poi sono tornato a casa|senza fretta|come facevo da bambino|finché è passata|e ho dormito meglio|anche se faceva freddo|con le finestre aperte|e qualcuno ha risposto|per una mezz'ora|e va bene così|and it helped|until it got dark|without any hurry|like I used to|and then I slept", "|")
)

func sentence(chance *rand.Rand) string {
	pick := func(list []string) string { return list[chance.IntN(len(list))] }
	return pick(begins) + " " + pick(middle) + " " + pick(ends)
}

// passage is some sentences: two lines, or a page, as people write.
func passage(chance *rand.Rand) string {
	var b strings.Builder
	for n := 1 + chance.IntN(6); n > 0; n-- {
		b.WriteString(sentence(chance) + ". ")
		if n == 3 {
			b.WriteString("\n\n")
		}
	}
	return strings.TrimSpace(b.String())
}
