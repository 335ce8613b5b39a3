package audit_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/audit"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m, audit.Migrations()) }

func TestAppend(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), pgtest.New(t)
	entry := audit.Entry{Service: ids.New[int](), Actor: ids.New[int](), Role: "tutor", Action: "break-glass: open a conversation", Object: "room:1", Reason: "worried"}
	require.NoError(t, audit.Append(ctx, pool, entry))
	require.NoError(t, audit.Append(ctx, pool, audit.Entry{Service: ids.New[int](), Role: "system", Action: "x", Object: "y"}), "Ponti itself acts without an account")

	t.Run("an entry goes with its transaction", func(t *testing.T) {
		err := pg.InTx(ctx, pool, func(ctx context.Context, tx pgx.Tx) error {
			require.NoError(t, audit.Append(ctx, tx, entry))
			return assert.AnError
		})
		require.ErrorIs(t, err, assert.AnError)
	})
	for name, sql := range map[string]string{
		"changed":  `update audit_entries set reason = 'nothing happened'`,
		"removed":  `delete from audit_entries`,
		"swept up": `truncate audit_entries`,
	} {
		t.Run("an entry is never "+name, func(t *testing.T) {
			_, err := pool.Exec(ctx, sql)
			assert.ErrorContains(t, err, "only appended")
		})
	}
	var n int
	require.NoError(t, pool.QueryRow(ctx, `select count(*) from audit_entries`).Scan(&n))
	assert.Equal(t, 2, n)
}
