package e2e

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ponti/internal/history"
)

// storedIn reads which messages a room has; their texts are sealed and come from a reader.
func storedIn(t *testing.T, conn *pgx.Conn, room string, read []history.Event) []history.Row {
	t.Helper()
	texts := map[int64]string{}
	for _, e := range read {
		if e.Step == history.Shown {
			texts[e.Seq] = e.Text
		}
	}
	rows, err := conn.Query(context.WithoutCancel(t.Context()), "select seq, cid, kind <> 'text' from chat_messages where room_id = $1 order by seq, cid", room)
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s history.Row, err error) {
		err = row.Scan(&s.Seq, &s.CID, &s.Own)
		s.Text = texts[s.Seq]
		return s, err
	})
	require.NoError(t, err)
	return list
}
