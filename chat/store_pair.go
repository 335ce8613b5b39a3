package chat

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// The row of who may no longer stays, dated: an offer that was made before may be answered yet.
func upsertPair(ctx context.Context, q pg.Querier, actor account.Actor, esp account.ID, allow bool) error {
	_, err := q.Exec(ctx, `insert into chat_pairs (account_id, service_id, allowed_by, until) values ($1, $2, $3, now() + case when $4 then $5::interval else interval '0' end)
		on conflict (account_id) do update set allowed_by = excluded.allowed_by, until = excluded.until`, esp, actor.Service, actor.ID, allow, pairFor)
	if pg.Constraint(err) == "chat_pairs_account" {
		return ErrNotFound
	}
	return store("upsert pair", err)
}

func selectMayTwo(ctx context.Context, q pg.Querier, esp account.ID) (may bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from chat_pairs where account_id = $1 and until > now())
		or exists (select from chat_participants where account_id = $1 and part = 'esp' and left_at is null and slot = 2)`, esp).Scan(&may)
	return may, store("select may two", err)
}

func selectPairs(ctx context.Context, q pg.Querier, s account.ServiceID) (map[account.ID]bool, error) {
	rows, err := q.Query(ctx, `select account_id from chat_pairs where service_id = $1 and until > now()`, s)
	if err != nil {
		return nil, store("select pairs", err)
	}
	pairs := map[account.ID]bool{}
	var who account.ID
	_, err = pgx.ForEachRow(rows, []any{&who}, func() error { pairs[who] = true; return nil })
	return pairs, store("select pairs", err)
}

// freeESP is an ESP who can be offered somebody; room is the conversation they hold already, or zero.
type freeESP struct {
	account account.ID
	room    RoomID
}

// selectFree keeps those without an offer or a pause who hold no conversation, or one where a tutor allows two. Who holds none comes first, then who was offered somebody
// longest ago.
func selectFree(ctx context.Context, q pg.Querier, peers []account.ID) ([]freeESP, error) {
	rows, err := q.Query(ctx, `select e.id, held.room from unnest($1::uuid[]) e (id)
		left join lateral (select max(made_at) as at from chat_offers where esp_id = e.id) last on true
		cross join lateral (select count(*) as n, (array_agg(p.room_id))[1] as room from chat_participants p where p.account_id = e.id and p.part = 'esp' and p.left_at is null) held
		where held.n < case when exists (select from chat_pairs c where c.account_id = e.id and c.until > now()) then 2 else 1 end
			and not exists (select from chat_offers o where o.esp_id = e.id and o.state = 'open')
			and not exists (select from chat_pauses s where s.account_id = e.id)
		order by held.n, last.at nulls first, e.id`, peers)
	if err != nil {
		return nil, store("select free", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (freeESP, error) {
		var e freeESP
		return e, row.Scan(&e.account, &e.room)
	})
	return list, store("select free", err)
}
