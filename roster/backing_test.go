package roster_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/roster"
)

// TestUnbacked: an ESP on shift whose own tutor is not there is told to the others, with whether somebody else is.
func TestUnbacked(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	anna, bruno := w.newActor(account.RoleTutor, "Anna"), w.newActor(account.RoleTutor, "Bruno")
	esp := w.newActor(account.RoleESP, "Marta")
	w.assign(esp, anna)
	for _, who := range []account.Actor{anna, bruno, esp} {
		require.NoError(t, w.GoOn(ctx, who))
	}
	unbacked := func() []roster.Unbacked {
		list, err := w.Unbacked(ctx, bruno)
		require.NoError(t, err)
		return list
	}
	assert.Empty(t, unbacked())
	w.silence(anna, 2*time.Minute)
	assert.Equal(t, []roster.Unbacked{{ESP: "Marta", Tutor: "Anna", Others: true}}, unbacked())
	w.silence(bruno, 2*time.Minute)
	assert.Equal(t, []roster.Unbacked{{ESP: "Marta", Tutor: "Anna"}}, unbacked())
	_, err := w.Unbacked(ctx, w.newActor(account.RoleMember, "Mare"))
	assert.Equal(t, errs.Forbidden, errs.KindOf(err))
}
