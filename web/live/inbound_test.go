package live

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/web/wire"
)

// masked is a frame as a client sends it.
func masked(head byte, payload string) []byte {
	b := []byte{head}
	switch n := len(payload); {
	case n < 126:
		b = append(b, maskedBit|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, maskedBit|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, maskedBit|127), uint64(n))
	}
	key := [4]byte{7, 99, 200, 41}
	b = append(b, key[:]...)
	for i := range len(payload) { // bytes, not runes
		b = append(b, payload[i]^key[i&3])
	}
	return b
}

// read gives the messages in what a client sent, and how it ended.
func read(sent []byte) (messages []string, s *socket, err error) {
	s = newSocket(New(Deps{}), account.Actor{})
	in := bufio.NewReaderSize(bytes.NewReader(sent), readAtOnce)
	for {
		m, whole, err := s.next(in)
		if err != nil {
			return messages, s, err
		}
		if whole {
			messages = append(messages, string(m))
		}
	}
}

func TestInbound(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("àè", wire.MaxFrame/4)
	for _, size := range []int{0, 1, 3, 125, 126, readAtOnce - 1, readAtOnce, readAtOnce + 1, 1<<16 - 1, wire.MaxFrame} {
		messages, _, err := read(masked(0x81, long[:size]))
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, []string{long[:size]}, messages)
	}
	half := masked(0x01, long[:40_000])
	tests := []struct {
		name string
		sent []byte
		want []string
		err  error
	}{
		{"one after the other", append(masked(0x81, "a"), masked(0x81, "b")...), []string{"a", "b"}, io.EOF},
		{"in pieces, with a ping between them", bytes.Join([][]byte{masked(0x01, "a"), masked(0x89, "?"), masked(0x00, ""), masked(0x80, "b")}, nil), []string{"ab"}, io.EOF},
		{"cut off", masked(0x81, "abc")[:8], nil, io.ErrUnexpectedEOF},
		{"over the limit", masked(0x81, long+"x"), nil, errTooBig},
		{"pieces over the limit", append(half, masked(0x80, long[:40_000])...), nil, errTooBig},
		{"a length that is a lie", []byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, nil, errTooBig},
		{"a piece of nothing", masked(0x80, "x"), nil, errProtocol},
		{"a message within a message", append(masked(0x01, "a"), masked(0x81, "b")...), nil, errProtocol},
		{"not masked", []byte{0x81, 1, 'x'}, nil, errProtocol},
		{"reserved bits", masked(0xc1, "x"), nil, errProtocol},
		{"an unknown kind", masked(0x83, "x"), nil, errProtocol},
		{"an unknown kind of control", masked(0x8b, "x"), nil, errProtocol},
		{"a ping in pieces", masked(0x09, "x"), nil, errProtocol},
		{"a long ping", masked(0x89, strings.Repeat("x", 126)), nil, errProtocol},
		{"bytes", masked(0x82, "x"), nil, errNotText},
		{"a goodbye", append(masked(0x88, "\x03\xe8"), masked(0x81, "after")...), nil, errHungUp},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			messages, _, err := read(tt.sent)
			require.ErrorIs(t, err, tt.err)
			require.Equal(t, tt.want, messages)
		})
	}
	_, s, _ := read(masked(0x89, "are you there"))
	require.Equal(t, [][]byte{control(opPong, []byte("are you there"))}, s.queue)
}

// What a stranger announces costs no memory before it is there.
func TestInbound_believes_no_length(t *testing.T) {
	t.Parallel()
	_, s, err := read(masked(0x81, strings.Repeat("x", wire.MaxFrame))[:20])
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.LessOrEqual(t, cap(s.pieces), 2*readAtOnce)
}

func FuzzInbound(f *testing.F) {
	f.Add(masked(0x81, `{"t":"beat"}`))
	f.Add(append(masked(0x01, "a"), masked(0x80, "b")...))
	f.Add(masked(0x88, "\x03\xe8"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		messages, s, err := read(sent)
		require.Error(t, err)
		total := len(s.pieces)
		for _, m := range messages {
			require.LessOrEqual(t, len(m), wire.MaxFrame)
			total += len(m)
		}
		require.LessOrEqual(t, total, len(sent)+readAtOnce, "no more than was sent")
	})
}
