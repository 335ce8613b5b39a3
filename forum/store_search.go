package forum

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// unindexed is a post whose words are not known yet.
type unindexed struct {
	ID          PostID
	Version     int
	Service     account.ServiceID
	Title, Text string // Title for the opening post alone
}

// tryIndexing makes the transaction the only one that indexes, unless there is one already.
func tryIndexing(ctx context.Context, q pg.Querier) (mine bool, err error) {
	err = q.QueryRow(ctx, `select pg_try_advisory_xact_lock(hashtext('forum_words'))`).Scan(&mine)
	return mine, err
}

// selectUnindexed reads the queue.
func selectUnindexed(ctx context.Context, q pg.Querier, limit int) ([]unindexed, error) {
	rows, err := q.Query(ctx, `select p.id, p.version, p.service_id, case when p.number = 1 then concat_ws(E'\n', t.title, nullif(t.abstract, '')) else '' end, p.source
		from forum_posts p join forum_threads t on t.id = p.thread_id
		where p.words is null and p.deleted_at is null order by p.id limit $1`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[unindexed])
}

// updateWords leaves alone what was changed since it was read.
func updateWords(ctx context.Context, q pg.Querier, posts []unindexed) error {
	ids, versions, texts := make([]PostID, len(posts)), make([]int, len(posts)), make([]string, len(posts))
	for i, p := range posts {
		ids[i], versions[i], texts[i] = p.ID, p.Version, p.Text
	}
	_, err := q.Exec(ctx, `update forum_posts p set words = to_tsvector('italian', n.text) || to_tsvector('english', n.text)
		from unnest($1::uuid[], $2::int[], $3::text[]) as n(id, version, text)
		where p.id = n.id and p.version = n.version and p.deleted_at is null`, ids, versions, texts)
	return err
}

// insertWords adds what is new to the vocabularies, in one order everywhere: two that add the same words wait, and never for each other.
func insertWords(ctx context.Context, q pg.Querier, posts []unindexed) error {
	type entry struct{ service, word string }
	all := map[entry]bool{}
	for _, p := range posts {
		for _, w := range knownWords(p.Text) {
			all[entry{p.Service.String(), w}] = true
		}
	}
	list := make([]entry, 0, len(all))
	for e := range all {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.service+a.word, b.service+b.word) })
	services, words := make([]string, len(list)), make([]string, len(list))
	for i, e := range list {
		services[i], words[i] = e.service, e.word
	}
	_, err := q.Exec(ctx, `insert into forum_words (service_id, word) select * from unnest($1::uuid[], $2::text[]) on conflict do nothing`, services, words)
	return err
}

// selectAlike gives the words of the forum that begin like one of these and are nearly as long.
func selectAlike(ctx context.Context, q pg.Querier, s account.ServiceID, typed []string) ([]string, error) {
	rows, err := q.Query(ctx, `select distinct w.word from unnest($2::text[]) as t(word)
		join forum_words w on w.service_id = $1 and left(w.word, 1) = left(t.word, 1)
			and char_length(w.word) between char_length(t.word) - 2 and char_length(t.word) + 2`, s, typed)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// search is a search whose words and places are known.
type search struct {
	Service    account.ServiceID
	Reader     account.Actor
	Categories []CategoryID
	Terms      [][]string // each with what may stand for it
	Newest     bool
	Offset     int
}

// foundRow is a post that fits.
type foundRow struct {
	number   int
	at       time.Time
	source   string
	notes    []ContentNote
	author   account.ID
	muted    bool // by the reader
	thread   threadRow
	category Category
}

// tsquery writes the question: every term, in any of its forms; placeholders count on from args.
func tsquery(terms [][]string, args []any) (string, []any) {
	var all []string
	for _, term := range terms {
		var forms []string
		for _, word := range term {
			args = append(args, word)
			forms = append(forms, fmt.Sprintf("plainto_tsquery('italian', $%[1]d) || plainto_tsquery('english', $%[1]d)", len(args)))
		}
		all = append(all, "("+strings.Join(forms, " || ")+")")
	}
	return strings.Join(all, " && "), args
}

// Bounds of a search.
const (
	// commonFrom is the share of posts from which on words are looked for by reading backwards in time, and walked how many of the newest posts that reads at most:
	// as many posts from all over the table, which is what the index of words would lead to, cost more than these.
	commonFrom = 0.01
	walked     = 20_000
	// lookedThrough is how many of the newest matches of a word that is not common are looked through, wherever they stand, for those that a search may show.
	lookedThrough = 20_000
)

// shareOf writes how large a share of all posts has all of some words, each in one of its forms, as if words came without regard to each other, and as far as
// PostgreSQL has noted them; 0 when it has not noted one, which is rare then.
func shareOf(terms [][]string, args []any) (string, []any) {
	var all []string
	for _, term := range terms {
		args = append(args, term)
		all = append(all, fmt.Sprintf(`(select coalesce(max(e.share), 0) from pg_stats s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) e (word, share)
			where s.schemaname = current_schema() and s.tablename = 'forum_posts' and s.attname = 'words' and e.word = any(
				select unnest(tsvector_to_array(to_tsvector('italian', w) || to_tsvector('english', w))) from unnest($%d::text[]) w))`, len(args)))
	}
	return strings.Join(all, " * "), args
}

// foundSQL is the statement of a search. Where very many posts hold the words, the newest are read backwards until there is enough, and what is older than those is not looked
// at; where few do, or none of the newest, the matches are found by the index of words. It does not leave that choice to the planner, which takes a word that it never
// heard of for one that is in many posts of a forum with few words, and would read all of them. The place of each match is looked up by itself, so that no plan reads all
// threads. Held by a test.
func foundSQL(s search) (string, []any) {
	query, args := tsquery(s.Terms, []any{s.Service, s.Reader.ID, s.Categories, s.Offset})
	share, args := shareOf(s.Terms, args)
	order := "f.created_at desc"
	if !s.Newest {
		order = "ts_rank(f.words, " + query + ", 1) desc, f.created_at desc"
	}
	const row = "p.number, p.thread_id, p.author_id, p.created_at, p.source, p.notes || p.added_notes as notes, p.words from forum_posts p where p.service_id = $1 and p.deleted_at is null and p.hidden_at is null"
	const shown = "(select t.category_id = any($3) from forum_threads t where t.id = m.thread_id and t.deleted_at is null)"
	return fmt.Sprintf(`with common as materialized (select `+share+` >= %[7]f as yes),
		newest as materialized (
			select m.* from (select `+row+` and (select yes from common) order by p.created_at desc limit %[8]d) m
			where m.words @@ (%[1]s) and `+shown+` limit %[2]d),
		rest as materialized (
			select m.* from (select `+row+` and p.words @@ (%[1]s) and not exists (select from newest) order by p.created_at + interval '0' desc limit %[9]d) m
			where `+shown+` limit %[2]d),
		f as materialized (select * from newest union all select * from rest),
		best as (select *, count(*) over () as total, row_number() over (order by %[3]s) as place from f order by place limit %[4]d offset $4)
		select f.total, f.number, f.created_at, f.source, f.notes, f.author_id, f.author_id`+mutedByReader+`, %[5]s, %[6]s
		from best f join forum_threads t on t.id = f.thread_id join forum_categories c on c.id = t.category_id
		join forum_posts p on p.thread_id = t.id and p.number = 1
		order by f.place`, query, MaxResults, order, ResultsPerPage, threadColumns, categoryColumns, commonFrom, walked, lookedThrough), args
}

func selectFound(ctx context.Context, q pg.Querier, s search) (found []foundRow, total int, err error) {
	sql, args := foundSQL(s)
	// Planned for these words each time: which plan is right depends on how common they are.
	rows, err := q.Query(ctx, sql, append([]any{pgx.QueryExecModeDescribeExec}, args...)...)
	if err != nil {
		return nil, 0, err
	}
	found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (f foundRow, err error) {
		return f, row.Scan(append(append([]any{&total, &f.number, &f.at, &f.source, &f.notes, &f.author, &f.muted}, f.thread.fields()...), f.category.fields()...)...)
	})
	return found, total, err
}

// Marks around what was found; no stored text holds them.
const markFrom, markTo = '\x01', '\x02'

// selectMarked says of each rune of each text whether it belongs to a word that was looked for.
func selectMarked(ctx context.Context, q pg.Querier, terms [][]string, folded []string) ([][]bool, error) {
	query, args := tsquery(terms, []any{folded, fmt.Sprintf(`HighlightAll=true, StartSel="%c", StopSel="%c"`, markFrom, markTo)})
	rows, err := q.Query(ctx, fmt.Sprintf(`select ts_headline('italian', n.text, %[1]s, $2), ts_headline('english', n.text, %[1]s, $2)
		from unnest($1::text[]) with ordinality as n(text, place) order by n.place`, query), args...)
	if err != nil {
		return nil, err
	}
	out := make([][]bool, 0, len(folded))
	var italian, english string
	_, err = pgx.ForEachRow(rows, []any{&italian, &english}, func() error {
		hit := marks(italian)
		for i, m := range marks(english) {
			hit[i] = hit[i] || m
		}
		out = append(out, hit)
		return nil
	})
	return out, err
}

func marks(s string) []bool {
	var out []bool
	inside := false
	for _, r := range s {
		switch r {
		case markFrom:
			inside = true
		case markTo:
			inside = false
		default:
			out = append(out, inside)
		}
	}
	return out
}
