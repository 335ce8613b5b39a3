package chat

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is packed is unpacked as it was, and what is cut is refused or is another message, but never more than there is.
func FuzzPack(f *testing.F) {
	f.Add(int64(17), int16(2), "0123456789012345678901", "text", "Oggi è andata 😀\n", int64(3), uint8(5), int64(1_764_450_000_123_456))
	f.Add(int64(-1), int16(-1), "", "", "", int64(0), uint8(0), int64(-5))
	f.Fuzz(func(t *testing.T, seq int64, from int16, cid, kind, text string, about int64, bits uint8, micros int64) {
		if len(cid) > 36 || len(kind) > 20 {
			return
		}
		m := Message{
			Seq: seq, From: from, CID: cid, Kind: Kind(kind), Text: text, About: about, At: time.UnixMicro(micros),
			Hidden: bits&1 != 0, Edited: bits&2 != 0, Withdrawn: bits&4 != 0,
		}
		packed := m.pack()
		got, ok := unpack(packed)
		require.True(t, ok)
		require.Equal(t, m, got)
		for n := range packed {
			if cut, ok := unpack(packed[:n]); ok {
				require.Equal(t, text[:len(cut.Text)], cut.Text)
				require.Equal(t, cid, cut.CID)
			}
		}
		_, _ = unpack([]byte(text + cid)) // whatever it is, it does not panic
	})
}
