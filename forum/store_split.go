package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// splitColumns are those of Parted. What is former is counted only in threads that something was split off.
const splitColumns = `t.split_from,
	case when t.former_until = 0 then 0 else (select count(*) from forum_former_places m where m.thread_id = t.id and m.number <= t.posts) end,
	case when t.former_until = 0 then 0 else (select count(*) from forum_former_places m where m.thread_id = t.id and m.number <= t.posts and m.number > ` + readColumn + `) end,
	t.former_until`

// formerRow is a former place, with the thread where its post stands now.
type formerRow struct {
	number   int
	post     PostID
	thread   threadRow // without an id when it is not the reader's to read
	category Category
}

func selectFormer(ctx context.Context, q pg.Querier, a account.Actor, id ThreadID, after, limit int, audiences []Audience) ([]formerRow, error) {
	rows, err := q.Query(ctx, `select m.number, m.post_id, c.audience = any($6) and t.deleted_at is null, `+threadColumns+`, `+categoryColumns+`
		from forum_former_places m join forum_posts n on n.id = m.post_id join forum_threads t on t.id = n.thread_id join forum_categories c on c.id = t.category_id
		left join forum_posts p on p.thread_id = t.id and p.number = 1
		where m.service_id = $1 and m.thread_id = $3 and m.number > $4 and m.number <= $4::int + $5::int order by m.number`, a.Service, a.ID, id, after, limit, audiences)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r formerRow, err error) {
		var open bool
		err = row.Scan(append(append([]any{&r.number, &r.post, &open}, r.thread.fields()...), r.category.fields()...)...)
		if !open {
			r.thread = threadRow{}
		}
		return r, err
	})
}

// selectNeighbours are the numbers of the posts nearest to a page, before and after it; 0 where there is none.
func selectNeighbours(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, after, limit int) (earlier, later int, err error) {
	err = q.QueryRow(ctx, `select coalesce((select max(number) from forum_posts where service_id = $1 and thread_id = $2 and number <= $3), 0),
		coalesce((select min(number) from forum_posts where service_id = $1 and thread_id = $2 and number > $3::int + $4::int), 0)`, s, id, after, limit).Scan(&earlier, &later)
	return earlier, later, err
}

// selectFormerCount is how many numbers of a thread are former places.
func selectFormerCount(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) (n int, err error) {
	err = q.QueryRow(ctx, `select count(*) from forum_former_places where service_id = $1 and thread_id = $2`, s, id).Scan(&n)
	return n, err
}

// chosenSQL are the posts of a thread, $2, that stand in spans of numbers, $3 and $4; its opening never does.
const chosenSQL = ` from unnest($3::int[], $4::int[]) s (first, last) join forum_posts p on p.service_id = $1 and p.thread_id = $2 and p.number between greatest(s.first, 2) and s.last `

// selectFirstChosen counts the chosen posts and names the first of them; the zero id when there is none.
func selectFirstChosen(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, c Chosen) (first PostID, n int, err error) {
	from, to := c.bounds()
	err = q.QueryRow(ctx, `select (array_agg(p.id order by p.number))[1], count(*)`+chosenSQL, s, id, from, to).Scan(&first, &n)
	return first, n, err
}

// selectChosen lists the chosen posts in their order.
func selectChosen(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, c Chosen) (posts []PostID, numbers []int, err error) {
	from, to := c.bounds()
	rows, err := q.Query(ctx, `select p.id, p.number`+chosenSQL+`order by p.number`, s, id, from, to)
	if err != nil {
		return nil, nil, err
	}
	var post PostID
	var number int
	_, err = pgx.ForEachRow(rows, []any{&post, &number}, func() error {
		posts, numbers = append(posts, post), append(numbers, number)
		return nil
	})
	return posts, numbers, err
}

// selectSources are the texts of one page of a thread, by number.
func selectSources(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, after, limit int) (map[int]string, error) {
	rows, err := q.Query(ctx, `select number, source from forum_posts where service_id = $1 and thread_id = $2 and number > $3 and number <= $3::int + $4::int`, s, id, after, limit)
	if err != nil {
		return nil, err
	}
	texts := map[int]string{}
	var number int
	var source string
	_, err = pgx.ForEachRow(rows, []any{&number, &source}, func() error {
		texts[number] = source
		return nil
	})
	return texts, err
}

// selectSplitOff says whether a thread is there that was split off another one.
func selectSplitOff(ctx context.Context, q pg.Querier, s account.ServiceID, id, from ThreadID) (is bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from forum_threads where service_id = $1 and id = $2 and split_from = $3)`, s, id, from).Scan(&is)
	return is, err
}

// lengthenStatements lets ten thousand posts take longer than any statement else may: they are moved rarely, and somebody waits for it.
func lengthenStatements(ctx context.Context, q pg.Querier) error {
	_, err := q.Exec(ctx, `set local statement_timeout = '60s'`)
	return err
}

// splitThread moves posts of a thread, in the order of the numbers they have there, to a new one that is there without posts, with what hangs on who wrote and read them.
func splitThread(ctx context.Context, q pg.Querier, s account.ServiceID, from, to ThreadID, posts []PostID, numbers []int) error {
	if err := lengthenStatements(ctx, q); err != nil {
		return err
	}
	// Its opening is found by the title too, as soon as it was read again.
	if _, err := q.Exec(ctx, `update forum_posts p set thread_id = $3, number = c.place, words = case when c.place > 1 then p.words end
		from unnest($2::uuid[]) with ordinality as c (id, place) where p.service_id = $1 and p.id = c.id`, s, posts, to); err != nil {
		return err
	}
	if err := insertFormerPlaces(ctx, q, s, from, posts, numbers); err != nil {
		return err
	}
	if _, err := q.Exec(ctx, `update forum_threads t set split_from = f.id, voices = f.voices, locked_at = f.locked_at, locked_reason = f.locked_reason
		from forum_threads f where f.service_id = $1 and f.id = $2 and t.service_id = $1 and t.id = $3`, s, from, to); err != nil {
		return err
	}
	if _, err := q.Exec(ctx, `insert into forum_subscriptions (service_id, account_id, thread_id, wanted)
		select service_id, account_id, $3, wanted from forum_subscriptions
		where service_id = $1 and thread_id = $2 and account_id in (select author_id from forum_posts where thread_id = $3)`, s, from, to); err != nil {
		return err
	}
	// Whoever had come to one of them, or further, has read as many as stood up to there.
	if _, err := q.Exec(ctx, `insert into forum_reads (service_id, account_id, thread_id, number, read_at)
		select service_id, account_id, $3, width_bucket(number, $4::int[]), read_at from forum_reads
		where service_id = $1 and thread_id = $2 and width_bucket(number, $4::int[]) > 0`, s, from, to, numbers); err != nil {
		return err
	}
	for _, id := range []ThreadID{from, to} {
		if err := updateThreadStanding(ctx, q, s, id); err != nil {
			return err
		}
		if err := updateVoices(ctx, q, s, id); err != nil {
			return err
		}
	}
	return nil
}

// insertFormerPlaces notes the numbers that posts had in a thread which they left.
func insertFormerPlaces(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, posts []PostID, numbers []int) error {
	_, err := q.Exec(ctx, `insert into forum_former_places (service_id, thread_id, number, post_id) select $1, $2, m.number, m.id from unnest($3::uuid[], $4::int[]) m (id, number)`,
		s, id, posts, numbers)
	return err
}

// updateThreadStanding notes on a thread what stands in it, after posts came or went. What no longer stands there is no answer.
func updateThreadStanding(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) error {
	_, err := q.Exec(ctx, `update forum_threads t set posts = p.last, last_post_at = greatest(t.created_at, p.at),
			former_until = coalesce((select max(number) from forum_former_places m where m.thread_id = $2), 0),
			answer = (select a.number from forum_posts a where a.thread_id = $2 and a.number = t.answer and a.number > 1)
		from (select max(number) as last, max(created_at) as at from forum_posts where thread_id = $2) p
		where t.service_id = $1 and t.id = $2`, s, id)
	return err
}
