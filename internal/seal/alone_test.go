package seal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ponti/internal/seal"
)

// TestAlone: a text under a key of its own opens in its place, and in no other, nor without the key it was wrapped with.
func TestAlone(t *testing.T) {
	t.Parallel()
	ring, other := newRing(t), newRing(t)
	a, err := ring.SealAlone([]byte("Il glicine 🌿"), "a draft")
	require.NoError(t, err)
	require.NotContains(t, string(a.Text)+string(a.Wrapped)+a.KeyID, "glicine")
	text, err := ring.OpenAlone(a, "a draft")
	require.NoError(t, err)
	require.Equal(t, "Il glicine 🌿", string(text))
	_, err = ring.OpenAlone(a, "another")
	require.ErrorIs(t, err, seal.ErrOpen)
	_, err = other.OpenAlone(a, "a draft")
	require.ErrorIs(t, err, seal.ErrUnknownKEK)
	b, err := ring.SealAlone([]byte("Altro"), "a draft")
	require.NoError(t, err)
	b.Text = a.Text
	_, err = ring.OpenAlone(b, "a draft")
	require.ErrorIs(t, err, seal.ErrOpen, "each text has a key of its own")
}
