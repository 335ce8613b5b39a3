package live

import (
	"encoding/binary"

	"ponti/web/wire"
)

// Opcodes of RFC 6455, with the bit that ends a message.
const (
	opText  = 0x81
	opClose = 0x88
	opPing  = 0x89
	opPong  = 0x8a
)

// pingFrame is the same for all.
var pingFrame = header(opPing, nil)

// frame is a server frame as it stands on the line. Frames to clients are not masked, so one is built for all who hear it.
func frame(f wire.Server) []byte { return header(opText, wire.Encode(f)) }

func header(op byte, payload []byte) []byte {
	b := make([]byte, 0, len(payload)+10)
	b = append(b, op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

func closeFrame(code int, reason string) []byte {
	return header(opClose, append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...))
}
