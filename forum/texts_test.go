package forum

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation"
)

// TestTexts: rules are tried on the posts that stand, from the newest to the oldest.
func TestTexts(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	author := w.as(account.RoleMember)
	r := w.open(author, "members", "Il titolo", calm)
	w.answer(author, r.Thread, "Una risposta.")
	hidden := w.answer(author, r.Thread, "Da nascondere.")
	require.NoError(t, w.Content().Hide(t.Context(), w.pool, w.a, hidden.Post.String(), "x", author.ID))
	every := func(service account.ServiceID, most int) (list []string, whole bool) {
		whole, err := w.Texts().EachText(t.Context(), service, most, func(about moderation.Subject, text string) {
			assert.Equal(t, moderation.SubjectPost, about.Kind)
			list = append(list, text)
		})
		require.NoError(t, err)
		return list, whole
	}
	list, whole := every(w.a, 10)
	assert.True(t, whole)
	assert.Equal(t, []string{"\n\nUna risposta.", "Il titolo\n\n" + calm}, list)
	list, whole = every(w.a, 1)
	assert.False(t, whole)
	assert.Len(t, list, 1)
	list, _ = every(w.b, 10)
	assert.Empty(t, list)
}
