package forum

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// Categories, News and Visit are parts of the front page.

func (w *town) Categories(ctx context.Context, actor account.Actor) ([]Board, error) {
	front, err := w.Front(ctx, actor, false, 3)
	return front.Boards, err
}

func (w *town) News(ctx context.Context, actor account.Actor) ([]News, error) {
	front, err := w.Front(ctx, actor, false, 3)
	return front.News, err
}

func (w *town) Visit(ctx context.Context, actor account.Actor) (Visit, error) {
	front, err := w.Front(ctx, actor, true, 3)
	return front.Visit, err
}

// TestFront: one page has what waits for its reader, and who only looks ahead was not there.
func TestFront(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member := w.as(account.RoleMember)
	w.keep(member, Keep{Category: "members", Text: "Vorrei dire", CID: newCID(), DraftMark: DraftMark{Writer: "finestra"}})
	for visits, visiting := range []bool{false, true} {
		front, err := w.Front(ctx, member, visiting, 3)
		require.NoError(t, err)
		assert.Len(t, front.Boards, 1)
		assert.Equal(t, 1, front.Drafts)
		var noted int
		require.NoError(t, w.pool.QueryRow(ctx, `select count(*) from forum_visits where account_id = $1`, member.ID).Scan(&noted))
		assert.Equal(t, visits, noted)
	}
}
