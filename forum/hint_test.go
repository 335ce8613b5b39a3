package forum

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// TestHints: who writes is told what they may want to know before they publish, and nobody else is; nothing is raised by a text that was not sent.
func TestHints(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for text, want := range map[string][]Hint{
		calm: {}, "": {}, "Chiamami al 333 1234567.": {HintContact}, "Scrivimi a mirto@example.org": {HintContact}, "Call me on +39 333 1234567": {HintContact},
		"Il mio numero preferito è 7": {}, "Il 112 risponde sempre.": {}, crisis: {HintHelp, HintNote}, crisis + " Chiamami al 333 1234567.": {HintHelp, HintContact, HintNote},
		strings.Repeat("a", MaxDraft): {}, "👩‍👩‍👧 \u202e": {},
	} {
		assert.Equal(t, want, w.HintsFor(w.a, "", text, nil), text)
	}
	assert.Equal(t, []Hint{HintContact}, w.HintsFor(w.a, "Il mio numero: 333 1234567", calm, nil), "a title is read, too")
	assert.Equal(t, []Hint{HintHelp}, w.HintsFor(w.a, "", crisis, []ContentNote{NoteSuicide}), "who gave a note is not asked for one")

	ctx := t.Context()
	member := w.as(account.RoleMember)
	r := w.open(w.as(account.RoleFamily), "members", "Un titolo", calm)
	_, err := w.KeepDraft(ctx, member, Keep{Thread: r.Thread, Text: crisis, CID: newCID()})
	require.NoError(t, err)
	d, err := w.DraftOf(ctx, member, r.Thread, "", DraftID{})
	require.NoError(t, err)
	assert.Equal(t, []Hint{HintHelp, HintNote}, d.Hints)
	assert.Zero(t, w.count(`select count(*) from moderation_escalations`))
}
