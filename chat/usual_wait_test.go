package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

func TestUsualWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esp := w.onCall(account.RoleESP)
	usual := func() (from, to time.Duration) {
		t.Helper()
		from, to, err := w.chat.UsualWait(w.ctx, w.service)
		require.NoError(t, err)
		return from, to
	}
	wait := func() {
		person := w.someone(account.RoleGuest)
		w.enter(person, "")
		require.NoError(t, w.chat.EndConversation(w.ctx, esp, w.accept(esp)))
	}
	for range 19 {
		wait()
	}
	// Waits of 1 to 19 minutes, all of them long ago; the twentieth is of 20.
	age := func(ago string) {
		w.exec(`update chat_places p set started_at = now() - $1::interval, created_at = now() - $1::interval - make_interval(mins => n.n::int)
			from (select id, row_number() over (order by id) n from chat_places) n where n.id = p.id`, ago)
	}
	age("29 days")
	from, to := usual()
	assert.Zero(t, from)
	assert.Zero(t, to, "nineteen waits say nothing")
	wait()
	age("29 days")
	from, to = usual()
	assert.Equal(t, 5*time.Minute+45*time.Second, from.Round(time.Second))
	assert.Equal(t, 15*time.Minute+15*time.Second, to.Round(time.Second))
	age("31 days")
	_, to = usual()
	assert.Zero(t, to, "what was a month ago is not usual now")
}
