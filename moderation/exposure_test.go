package moderation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// TestExposure: each alert counts once, for who opened it alone; after eight a pause is suggested, and nothing is withheld.
func TestExposure(t *testing.T) {
	w := newWorld(t, slow())
	w.Start(t.Context())
	defer w.Stop()
	anna, bruno := w.newTutor("Anna"), w.newTutor("Bruno")
	esp := w.newESP("Marta", anna)
	exposure := func(a account.Actor) moderation.Exposure {
		e, err := w.Exposure(t.Context(), a)
		require.NoError(t, err)
		return e
	}
	for n := range 8 {
		assert.Equal(t, moderation.Exposure{Opened: n}, exposure(anna))
		id := w.raise(w.flagged(newRoom(), 1, triage.Red, w.newActor(account.RoleGuest, "Mare "+string(rune('A'+n))), esp)).ID
		w.until("routed", func() bool { return len(w.routed(id)) == 1 })
		for range 2 {
			_, err := w.ShowEscalation(t.Context(), anna, id)
			require.NoError(t, err)
		}
	}
	assert.Equal(t, moderation.Exposure{Opened: 8, Pause: true}, exposure(anna))
	assert.Zero(t, exposure(bruno))
	_, err := w.Exposure(t.Context(), w.newActor(account.RoleMember, "Girasole"))
	assert.Equal(t, errs.Forbidden, errs.KindOf(err))

	// After a night it begins anew. Entries are never changed: the clock of those is turned back under the trigger's eyes.
	w.exec(`alter table audit_entries disable trigger audit_entries_append_only`)
	w.exec(`update audit_entries set at = at - interval '13 hours'`)
	assert.Zero(t, exposure(anna))
}
