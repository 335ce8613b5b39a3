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
var pingFrame = control(opPing, nil)

// frame is a server frame as it stands on the line. Frames to clients are not masked, so one is built for all who hear it.
func frame(f wire.Server) []byte {
	b := wire.Append(make([]byte, maxHeader, 320), f)
	head := header(opText, len(b)-maxHeader)
	b = b[maxHeader-len(head):]
	copy(b, head)
	return b
}

// maxHeader is how long a header gets, in bytes.
const maxHeader = 10

// header is what stands before so many bytes.
func header(op byte, n int) []byte {
	b := append(make([]byte, 0, maxHeader), op)
	switch {
	case n < 126:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
}

// control is a control frame.
func control(op byte, payload []byte) []byte { return append(header(op, len(payload)), payload...) }

func closeFrame(code int, reason string) []byte {
	return control(opClose, append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...))
}
