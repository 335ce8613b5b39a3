package live_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Who writes much is not stopped by a message that waits: the line is read on, and all is stored in the order in which it was sent.
func TestMessagesInFlight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	c := w.connect(w.one, person)
	c.join(room, 0, "")
	lock, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	defer lock.Rollback(t.Context()) //nolint:errcheck // it was committed
	_, err = lock.Exec(t.Context(), `select 1 from chat_rooms where id = $1 for update`, room)
	require.NoError(t, err)

	const many = 8
	for i := range many {
		c.send(map[string]any{"t": "send", "room": room.String(), "cid": newCID(), "text": fmt.Sprintf("riga %d", i)})
	}
	c.send(map[string]any{"t": "beat"})
	c.next("heads", nil)
	require.NoError(t, lock.Commit(t.Context()))

	for i := range many {
		m := c.within(converge, "message", says(fmt.Sprintf("riga %d", i)))
		require.EqualValues(t, i+1, m["seq"])
	}
	for range many {
		c.within(converge, "ack", nil)
	}
}
