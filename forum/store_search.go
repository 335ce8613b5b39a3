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

// search is a search whose words are known.
type search struct {
	Reader   account.Actor
	Category string     // slug; empty is all that the reader may read
	Terms    [][]string // each with what may stand for it
	Typed    []string   // words that may be typed wrong
	Newest   bool
	Offset   int
}

// foundRow is a post that fits.
type foundRow struct {
	place    int // among those that fit
	number   int
	at       time.Time
	source   string
	notes    []ContentNote
	author   account.ID
	muted    bool // by the reader
	thread   threadRow
	category Category
}

// foundRows are one page of what fits, and what the page shows around it.
type foundRows struct {
	total      int
	rows       []foundRow
	categories []Category // that the reader may search
	filters    filterRow
	alike      []string // words that begin like those that were typed and are nearly as long; only where nothing fits
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
	// commonFrom is the share of posts from which on words may be looked for by reading backwards in time, and walked how many of the newest posts that reads at most.
	commonFrom = 0.01
	walked     = 20_000
	// dearer is how many posts are read backwards in the time that one match of the index of words takes.
	dearer = 3
	// lookedThrough is how many of the newest matches of a word that is not common are looked through, wherever they stand, for those that a search may show.
	lookedThrough = 20_000
)

// foundSQL is the statement of a search. Where many posts hold the words, the newest are read backwards until there is enough, and what is older than those is not looked
// at; where few do, or none of the newest, the matches are found by the index of words. It reckons itself which of the two costs less, from how large a share of
// all posts PostgreSQL has noted for each word, as if words came without regard to each other, and does not leave that to the planner, which takes a word that it never heard
// of for one that is in many posts of a forum with few words, and would read all of them. The place of each match is looked up by itself, so that no plan reads all
// threads; what is shown of a post is read of one page's posts alone. So it is prepared once, whatever is looked for. Held by a test.
//
// The service is $1, the reader $2, the audiences $3, the category $4, the words $5 and of which term each is $6, the offset $7, and what may be typed wrong $8.
func foundSQL(newest bool) string {
	order := "rank desc, created_at desc"
	if newest {
		order = "created_at desc"
	}
	return fmt.Sprintf(foundText, order, commonFrom, walked, lookedThrough, MaxResults, ResultsPerPage, dearer)
}

const foundText = `with q as materialized (
		select string_agg('(' || t.forms || ')', ' & ')::tsquery as query from (
			select string_agg('(' || f.form::text || ')', ' | ') as forms from unnest($5::text[], $6::int[]) w (word, term)
			cross join lateral (select plainto_tsquery('italian', w.word) || plainto_tsquery('english', w.word) as form) f
			where numnode(f.form) > 0 group by w.term) t),
	common as materialized (
		select s.share >= %[2]f and %[7]d * s.share * (select reltuples from pg_class where oid = 'forum_posts'::regclass) > least(%[3]d, %[5]d / s.share) as yes
		from (select case when bool_and(t.share is not null) then exp(sum(ln(t.share))) end as share from (
			select max(e.share) as share from unnest($5::text[], $6::int[]) w (word, term)
			cross join lateral (select tsvector_to_array(to_tsvector('italian', w.word) || to_tsvector('english', w.word)) as forms offset 0) f
			left join (select e.word, e.share from pg_stats s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) e (word, share)
				where s.schemaname = current_schema() and s.tablename = 'forum_posts' and s.attname = 'words') e
			on e.word = any(f.forms)
			group by w.term) t) s),
	newest as materialized (
		select m.id, m.created_at, ts_rank(m.words, (select query from q), 1) as rank from (
			select p.id, p.thread_id, p.created_at, p.words from forum_posts p
			where p.service_id = $1 and p.deleted_at is null and p.hidden_at is null and (select yes from common) order by p.created_at desc limit %[3]d) m
		` + mayBeFound + ` where m.words @@ (select query from q) limit %[5]d),
	rest as materialized (
		select m.id, m.created_at, (select ts_rank(p.words, (select query from q), 1) from forum_posts p where p.id = m.id) as rank from (
			select p.id, p.thread_id, p.created_at from forum_posts p
			where p.service_id = $1 and p.deleted_at is null and p.hidden_at is null and p.words @@ (select query from q) and not exists (select from newest)
			order by p.created_at + interval '0' desc limit %[4]d) m
		` + mayBeFound + ` limit %[5]d),
	fits as materialized (select * from newest union all select * from rest),
	best as materialized (select id, row_number() over (order by %[1]s) as place from fits order by place limit %[6]d offset $7)
` + foundShown

// mayBeFound looks up whether the thread of the post m may be searched.
const mayBeFound = `cross join lateral (select t.id from forum_threads t where t.id = m.thread_id and t.deleted_at is null
	and t.category_id = any(array(select c.id from forum_categories c where c.service_id = $1 and c.audience = any($3) and ($4 = '' or c.slug = $4))) offset 0) t`

// foundShown gives a row for each post of the page, and one for each category without any. Words like those that were typed come with one of the rows.
const foundShown = `
	select (select count(*) from fits), case when row_number() over () = 1 and not exists (select from fits) then array(select distinct w.word from unnest($8::text[]) t (word)
			join forum_words w on w.service_id = $1 and left(w.word, 1) = left(t.word, 1) and char_length(w.word) between char_length(t.word) - 2 and char_length(t.word) + 2) end,
		` + filterColumns + `, ` + categoryColumns + `, b.place is not null,
		b.place, h.number, h.created_at, h.source, h.notes || h.added_notes, h.author_id, h.voice is null and h.author_id` + mutedByReader + `, ` + threadColumns + `
	from forum_categories c left join forum_filters f on f.account_id = $2
	left join (best b join forum_posts h on h.id = b.id join forum_threads t on t.id = h.thread_id join forum_posts p on p.thread_id = t.id and p.number = 1) on t.category_id = c.id
	where c.service_id = $1 and c.audience = any($3)
	order by c.archived_at is not null, c.position, c.title, c.id, b.place`

func (s search) args() []any {
	var words []string
	var of []int
	for i, term := range s.Terms {
		for _, word := range term {
			words, of = append(words, word), append(of, i)
		}
	}
	return []any{s.Reader.Service, s.Reader.ID, readable(s.Reader), s.Category, words, of, s.Offset, s.Typed}
}

func selectFound(ctx context.Context, q pg.Querier, s search) (r foundRows, err error) {
	rows, err := q.Query(ctx, foundSQL(s.Newest), s.args()...)
	if err != nil {
		return r, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := r.scan(rows); err != nil {
			return r, err
		}
	}
	slices.SortFunc(r.rows, func(a, b foundRow) int { return a.place - b.place })
	return r, rows.Err()
}

// scan reads a row once for the category and, where there is a post, once for that.
func (r *foundRows) scan(row pgx.Rows) error {
	var c Category
	var found bool
	var f foundRow
	var alike []string
	around := append(append(append([]any{&r.total, &alike}, r.filters.fields()...), c.fields()...), &found)
	post := append([]any{&f.place, &f.number, &f.at, &f.source, &f.notes, &f.author, &f.muted}, f.thread.fields()...)
	if err := row.Scan(append(around, make([]any, len(post))...)...); err != nil {
		return err
	}
	r.alike = append(r.alike, alike...)
	if n := len(r.categories); n == 0 || r.categories[n-1].ID != c.ID {
		r.categories = append(r.categories, c)
	}
	if !found {
		return nil
	}
	if err := row.Scan(append(make([]any, len(around)), post...)...); err != nil {
		return err
	}
	f.category = c
	r.rows = append(r.rows, f)
	return nil
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
