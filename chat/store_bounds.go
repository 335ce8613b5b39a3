package chat

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// selectDue lists open conversations whose time is over and whom nobody keeps open by being there.
func selectDue(ctx context.Context, q pg.Querier) ([]due, error) {
	rows, err := q.Query(ctx, `select r.id, r.service_id, e.account_id
		from chat_rooms r join chat_participants e on e.room_id = r.id and e.part = 'esp' and e.left_at is null
		where r.state = 'open' and r.ends_at <= now()
			and not exists (select from chat_participants t where t.room_id = r.id and t.part = 'tutor' and t.left_at is null)
		order by r.ends_at desc limit 200`)
	if err != nil {
		return nil, store("select due", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (due, error) {
		var d due
		return d, row.Scan(&d.room, &d.service, &d.esp)
	})
	return list, store("select due", err)
}

// selectIsOver tells whether the time of a room is over, and whether it was before, while a danger kept it open.
func selectIsOver(ctx context.Context, q pg.Querier, id RoomID) (over, held bool, err error) {
	err = q.QueryRow(ctx, `select ends_at <= now(), held from chat_rooms where id = $1`, id).Scan(&over, &held)
	return over, held, store("select is over", err)
}

func updateHeld(ctx context.Context, q pg.Querier, id RoomID) error {
	_, err := q.Exec(ctx, `update chat_rooms set held = true where id = $1 and not held`, id)
	return store("hold room", err)
}

// updateLastWhile gives a conversation that was kept open beyond its time a last while of it.
func updateLastWhile(ctx context.Context, q pg.Querier, id RoomID) error {
	_, err := q.Exec(ctx, `update chat_rooms set held = false, ends_at = greatest(ends_at, now() + $2::interval) where id = $1`, id, NoticeBefore)
	return store("give a last while", err)
}

func selectEndIsNear(ctx context.Context, q pg.Querier, id RoomID) (near bool, err error) {
	err = q.QueryRow(ctx, `select ends_at is not null and ends_at <= now() + $2::interval from chat_rooms where id = $1`, id, NoticeBefore).Scan(&near)
	return near, store("select end is near", err)
}

// updateMoreWanted notes a wish and says whether the person and their ESP both have one now. The caller has locked the room.
func updateMoreWanted(ctx context.Context, q pg.Querier, id RoomID, who account.ID) (both bool, err error) {
	if _, err = q.Exec(ctx, `update chat_participants set more_at = coalesce(more_at, now()) where room_id = $1 and account_id = $2`, id, who); err != nil {
		return false, store("want more time", err)
	}
	err = q.QueryRow(ctx, `select count(distinct part) = 2 from chat_participants
		where room_id = $1 and part in ('person', 'esp') and left_at is null and more_at is not null`, id).Scan(&both)
	return both, store("want more time", err)
}

// updateEndLater gives more time, counted from now when it is over already.
func updateEndLater(ctx context.Context, q pg.Querier, id RoomID, by time.Duration) error {
	_, err := q.Exec(ctx, `with wishes as (update chat_participants set more_at = null where room_id = $1)
		update chat_rooms set ends_at = greatest(ends_at, now()) + $2::interval where id = $1`, id, by)
	return store("end later", err)
}

// updateRoomTimeUp ends a room because its time is over; by is the number of its ESP, in whose name that is said.
func updateRoomTimeUp(ctx context.Context, q pg.Querier, id RoomID, by int16) error {
	if err := updateRoomEnded(ctx, q, id, by); err != nil {
		return err
	}
	_, err := q.Exec(ctx, `update chat_rooms set time_up = true where id = $1`, id)
	return store("time up", err)
}
