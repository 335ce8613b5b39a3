package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation"
)

// TestTexts: rules are tried on what persons said and is kept: nothing that helpers said, nothing of another service, and nothing whose key is gone.
func TestTexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.saying(person, esp, room, "prima", "esp: risposta", "seconda")
	require.NoError(t, w.edit(person, room, 3, "terza"))
	other, otherESP, younger := w.talking()
	w.saying(other, otherESP, younger, "altrove")
	every := func(service account.ServiceID, most int) (list []string, whole bool) {
		whole, err := w.chat.Texts().EachText(w.ctx, service, most, func(about moderation.Subject, text string) {
			assert.Equal(t, moderation.SubjectRoom, about.Kind)
			list = append(list, text)
		})
		require.NoError(t, err)
		return list, whole
	}
	list, whole := every(w.service, 100)
	assert.True(t, whole)
	assert.Equal(t, []string{"altrove", "terza", "seconda", "prima"}, list)
	list, whole = every(w.service, 4)
	assert.True(t, whole)
	assert.Len(t, list, 4)
	list, whole = every(w.service, 2)
	assert.False(t, whole)
	assert.Equal(t, []string{"altrove", "terza"}, list)
	list, _ = every(w.newService("altrove.example"), 100)
	assert.Empty(t, list)

	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	w.later(room, "2 years")
	w.erase()
	require.True(t, w.gone(room))
	list, _ = every(w.service, 100)
	assert.Equal(t, []string{"altrove"}, list)
}

// TestMigrateNewest: with rows in the tables.
func TestMigrateNewest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	w.post(person, room, "ciao")
	w.migrateFrom(19)
	_, err := w.chat.Texts().EachText(w.ctx, w.service, 10, func(moderation.Subject, string) {})
	require.NoError(t, err)
	assert.Equal(t, []string{"ciao"}, w.texts(person, room))
}
