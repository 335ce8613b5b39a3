package ids_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/ids"
)

type room struct{}

func TestParse(t *testing.T) {
	id := ids.New[room]()
	back, err := ids.Parse[room](id.String())
	require.NoError(t, err)
	assert.Equal(t, id, back)
	for _, s := range []string{"", "x", strings.ToUpper("urn:uuid:") + id.String(), "{" + id.String() + "}", id.String() + "0", strings.ReplaceAll(id.String(), "-", "")} {
		_, err := ids.Parse[room](s)
		assert.ErrorIs(t, err, ids.ErrUnknown, "only one spelling of an identifier is read: %q", s)
	}
}

func TestNew(t *testing.T) {
	// A version 4 UUID fixes six bits; here each of the 128 is seen both set and clear.
	var set, clear [16]byte
	for range 500 {
		id := ids.New[room]()
		for i, b := range id {
			set[i] |= b
			clear[i] |= ^b
		}
	}
	for i := range set {
		assert.Equal(t, byte(0xff), set[i]&clear[i], "byte %d", i)
	}
}

func TestStored(t *testing.T) {
	id := ids.New[room]()
	v, err := id.UUIDValue()
	require.NoError(t, err)
	var back ids.ID[room]
	require.NoError(t, back.ScanUUID(v))
	assert.Equal(t, id, back)
	none, err := ids.ID[room]{}.UUIDValue()
	require.NoError(t, err)
	assert.False(t, none.Valid, "the zero ID is NULL")
	require.NoError(t, back.ScanUUID(pgtype.UUID{}))
	assert.True(t, back.IsZero())

	raw, err := json.Marshal(map[string]any{"room": id})
	require.NoError(t, err)
	var read struct{ Room ids.ID[room] }
	require.NoError(t, json.Unmarshal(raw, &read))
	assert.Equal(t, id, read.Room)

	for _, src := range []any{id.String(), []byte(id.String()), [16]byte(id)} {
		require.NoError(t, back.Scan(src))
		assert.Equal(t, id, back)
	}
	assert.Error(t, back.Scan(7))
}
