package seal_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/seal"
)

func newKEK(t testing.TB) []byte {
	t.Helper()
	keks, err := seal.ParseKEKs(seal.GenerateKEK())
	require.NoError(t, err)
	return keks[0]
}

func newKey(t testing.TB, r *seal.Keyring) (*seal.Key, []byte, string) {
	t.Helper()
	k, wrapped, id, err := r.NewKey()
	require.NoError(t, err)
	return k, wrapped, id
}

func newRing(t testing.TB, keks ...[]byte) *seal.Keyring {
	t.Helper()
	if len(keks) == 0 {
		keks = [][]byte{newKEK(t)}
	}
	r, err := seal.NewKeyring(keks[0], keks[1:]...)
	require.NoError(t, err)
	return r
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	key, wrapped, id := newKey(t, ring)
	assert.Equal(t, id, key.ID())
	again, err := ring.Unwrap(wrapped, id)
	require.NoError(t, err)

	for _, text := range []string{"", "ciao", strings.Repeat("à", 4000)} {
		sealed := key.Seal([]byte(text), []byte("place"))
		assert.NotEqual(t, sealed, key.Seal([]byte(text), []byte("place")), "equal texts must not look equal")
		open, err := again.Open(sealed, []byte("place"))
		require.NoError(t, err)
		assert.Equal(t, text, string(open))
	}
	assert.NotContains(t, string(key.Seal([]byte("canarino"), nil)), "canarino")
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	key, wrapped, id := newKey(t, ring)
	other, otherWrapped, otherID := newKey(t, ring)
	one, two := key.Seal([]byte("one"), []byte("row 1")), key.Seal([]byte("two"), []byte("row 2"))

	t.Run("the bytes of another row", func(t *testing.T) {
		_, err := key.Open(two, []byte("row 1"))
		assert.ErrorIs(t, err, seal.ErrOpen)
	})
	t.Run("other associated data", func(t *testing.T) {
		_, err := key.Open(one, []byte("row 11"))
		assert.ErrorIs(t, err, seal.ErrOpen)
	})
	t.Run("another room's key", func(t *testing.T) {
		_, err := other.Open(one, []byte("row 1"))
		assert.ErrorIs(t, err, seal.ErrOpen)
	})
	t.Run("any changed bit, and any cut", func(t *testing.T) {
		for i := range one {
			changed := bytes.Clone(one)
			changed[i] ^= 1
			_, err := key.Open(changed, []byte("row 1"))
			require.ErrorIs(t, err, seal.ErrOpen, "byte %d", i)
			_, err = key.Open(one[:i], []byte("row 1"))
			require.ErrorIs(t, err, seal.ErrOpen, "cut at %d", i)
		}
	})
	t.Run("a wrapped key under another key's name", func(t *testing.T) {
		_, err := ring.Unwrap(otherWrapped, id)
		require.ErrorIs(t, err, seal.ErrOpen)
		_, err = ring.Unwrap(wrapped, otherID)
		assert.ErrorIs(t, err, seal.ErrOpen)
	})
	t.Run("a changed wrapped key", func(t *testing.T) {
		for i := range wrapped {
			changed := bytes.Clone(wrapped)
			changed[i] ^= 1
			_, err := ring.Unwrap(changed, id)
			require.Error(t, err, "byte %d", i)
		}
	})
}

func TestRotation(t *testing.T) {
	t.Parallel()
	first, second := newKEK(t), newKEK(t)
	before, after, without := newRing(t, first), newRing(t, second, first), newRing(t, second)
	key, wrapped, id := newKey(t, before)
	sealed := key.Seal([]byte("old text"), nil)

	unwrapped, err := after.Unwrap(wrapped, id)
	require.NoError(t, err, "an older KEK still opens")
	text, err := unwrapped.Open(sealed, nil)
	require.NoError(t, err)
	assert.Equal(t, "old text", string(text))

	_, err = without.Unwrap(wrapped, id)
	require.ErrorIs(t, err, seal.ErrUnknownKEK)

	_, wrapped, id = newKey(t, after)
	_, err = without.Unwrap(wrapped, id)
	require.NoError(t, err, "the first KEK wraps new keys")
	_, err = before.Unwrap(wrapped, id)
	assert.ErrorIs(t, err, seal.ErrUnknownKEK)
}

func TestSum(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	key, wrapped, id := newKey(t, ring)
	other, _, _ := newKey(t, ring)
	again, err := ring.Unwrap(wrapped, id)
	require.NoError(t, err)
	assert.Equal(t, key.Sum([]byte("a")), again.Sum([]byte("a")))
	assert.NotEqual(t, key.Sum([]byte("a")), key.Sum([]byte("b")))
	assert.NotEqual(t, key.Sum([]byte("a")), other.Sum([]byte("a")), "one room's hashes say nothing about another's")
}

func TestParseKEKs(t *testing.T) {
	t.Parallel()
	one, two := seal.GenerateKEK(), seal.GenerateKEK()
	keys, err := seal.ParseKEKs("# made today\n" + one + "\n\n " + two + "\r\n")
	require.NoError(t, err)
	assert.Len(t, keys, 2)
	_, err = seal.ParseKEKs("# none\n" + one + "\nx\n")
	require.ErrorContains(t, err, "line 3")
	for _, bad := range []string{"", " \n", "# none", "short", one[:20], one + "," + two} {
		_, err := seal.ParseKEKs(bad)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), one)
	}
	_, err = seal.NewKeyring(make([]byte, 16))
	assert.Error(t, err, "AES-128 is not accepted by accident")
}

func FuzzOpen(f *testing.F) {
	ring := newRing(f)
	key, wrapped, id := newKey(f, ring)
	f.Add(key.Seal([]byte("text"), []byte("aad"))[1:], []byte("aad"), wrapped[1:], id)
	f.Add([]byte{}, []byte{}, []byte{}, "")
	f.Add([]byte{1}, []byte{}, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, "0011223344556677")
	f.Fuzz(func(t *testing.T, sealed, aad, wrappedBytes []byte, keyID string) {
		if text, err := key.Open(sealed, aad); err == nil {
			t.Fatalf("opened %d bytes that were never sealed", len(text))
		}
		if _, err := ring.Unwrap(wrappedBytes, keyID); err == nil && !(bytes.Equal(wrappedBytes, wrapped) && keyID == id) {
			t.Fatal("unwrapped a key that was never wrapped")
		}
	})
}
