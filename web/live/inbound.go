package live

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"ponti/web/wire"
)

// A quiet line costs a goroutine that waits for a byte, and nothing else: no buffer, and a stack so small that reading would not fit on it. Once something came it ends and
// take begins, in a goroutine with a stack of its own and a buffer that all share, reads what is there, acts on it, and has the line wait again.

// inbound is what lies between two readings of a line. It is handed from one goroutine to the next, and owned by the one that runs.
type inbound struct {
	raw     syscall.RawConn       // static after open; nil: this line cannot tell that something came without being read
	arrived func(fd uintptr) bool // static after open, as taking is: made once, since what waits must not allocate
	taking  func()
	pieces  []byte // of a message that has not ended; nil: none has begun
}

// Opcodes of RFC 6455, of frames from clients.
const (
	opPiece     = 0x0
	opMessage   = 0x1
	opBinary    = 0x2
	opHangUp    = 0x8
	opAsk       = 0x9
	opAnswer    = 0xa
	maxControl  = 125
	readAtOnce  = 4 << 10 // what a frame announces is not believed before it is there
	finalBit    = 0x80
	reservedBit = 0x70
	maskedBit   = 0x80
)

// How reading a line may end, beside with the line.
var (
	errTooBig   = errors.New("live: a message over the limit")
	errProtocol = errors.New("live: not a frame of RFC 6455")
	errNotText  = errors.New("live: not a text")
	errHungUp   = errors.New("live: the client closed")
)

// serve greets and reads until the line ends.
func (s *socket) serve() {
	s.hub.counts.accepted.Inc()
	if func() (ok bool) {
		defer s.survive()
		s.welcome()
		return s.keepListening() == nil
	}() {
		s.await()
	} else {
		s.over()
	}
}

// await has take run as soon as there is something to read, or the line or its time has ended.
func (s *socket) await() {
	if s.raw == nil {
		s.take()
		return
	}
	go s.idle()
}

// idle must call nothing that needs stack or memory: with 2 KiB it fits into the least that a goroutine has, and what it grows to it keeps.
func (s *socket) idle() {
	_ = s.raw.Read(s.arrived) // why it ended, reading tells
	go s.taking()
}

// hasArrived tells the waiting goroutine that there is something: bytes, the end of the line, or why it cannot be known.
func (s *socket) hasArrived(fd uintptr) bool {
	var one [1]byte
	_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return !errors.Is(err, syscall.EAGAIN)
}

func (s *socket) take() {
	if s.takeAll() {
		s.await()
	} else {
		s.over()
	}
}

// over ends a line whose reading has ended.
func (s *socket) over() {
	defer s.hub.readers.Done()
	defer s.hub.remove(s)
	s.hangUp()
}

// inputs are shared by all lines; each holds what one of them has sent, while it is read.
var inputs = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readAtOnce) }}

// takeAll acts on what has come, and says whether there may be more later.
func (s *socket) takeAll() (more bool) {
	defer s.survive()
	in, ok := inputs.Get().(*bufio.Reader)
	if !ok {
		panic("live: the pool holds readers")
	}
	in.Reset(s.conn)
	defer func() {
		in.Reset(nil)
		inputs.Put(in)
	}()
	for {
		message, whole, err := s.next(in)
		if err != nil {
			s.readFailed(err)
			return false
		}
		if s.isGone() {
			return false
		}
		if !s.frames.Allow() {
			s.hub.counts.refused("frames").Inc()
			s.bye(reasonLater, 30*time.Second)
			return false
		}
		if whole {
			frame, err := wire.Decode(message)
			if err != nil {
				s.badFrame()
				return false
			}
			s.answer(frame)
		}
		if s.keepListening() != nil {
			return false
		}
		if in.Buffered() == 0 && s.raw != nil {
			return true
		}
	}
}

func (s *socket) badFrame() {
	s.hub.counts.refused("frame").Inc()
	s.end(wire.CloseBadFrame, "")
}

func (s *socket) readFailed(err error) {
	switch {
	case errors.Is(err, errTooBig):
		s.end(wire.CloseTooBig, "")
	case errors.Is(err, errNotText):
		s.badFrame()
	case errors.Is(err, errProtocol):
		s.end(websocket.CloseProtocolError, "")
	case errors.Is(err, errHungUp):
		s.end(websocket.CloseNormalClosure, "")
	}
}

// next reads one frame and answers a ping. It gives the message that the frame ends, if it ends one.
func (s *socket) next(in *bufio.Reader) (message []byte, whole bool, err error) {
	op, final, size, mask, err := readHeader(in)
	if err != nil {
		return nil, false, err
	}
	if op >= opHangUp {
		return nil, false, s.nextControl(in, op, final, size, mask)
	}
	switch {
	case op == opBinary:
		return nil, false, errNotText
	case op != opMessage && op != opPiece, (op == opPiece) != (s.pieces != nil):
		return nil, false, errProtocol
	case size > uint64(wire.MaxFrame-len(s.pieces)):
		return nil, false, errTooBig
	}
	if s.pieces == nil {
		s.pieces = make([]byte, 0, min(size, readAtOnce))
	}
	if s.pieces, err = readMasked(in, s.pieces, int(size), mask); err != nil || !final {
		return nil, false, err
	}
	message, s.pieces = s.pieces, nil
	return message, true, nil
}

func (s *socket) nextControl(in *bufio.Reader, op byte, final bool, size uint64, mask [4]byte) error {
	if !final || size > maxControl || op > opAnswer {
		return errProtocol
	}
	payload, err := readMasked(in, nil, int(size), mask)
	switch {
	case err != nil:
		return err
	case op == opHangUp:
		return errHungUp
	case op == opAsk:
		s.put(control(opPong, payload))
	}
	return nil
}

// readHeader reads what stands before a frame's payload. errProtocol for what no client may send, and as its size more than any may have for one that cannot be.
func readHeader(in *bufio.Reader) (op byte, final bool, size uint64, mask [4]byte, err error) {
	var b [8]byte
	if _, err = io.ReadFull(in, b[:2]); err != nil {
		return 0, false, 0, mask, err
	}
	op, final, size = b[0]&0xf, b[0]&finalBit != 0, uint64(b[1]&^maskedBit)
	if b[0]&reservedBit != 0 || b[1]&maskedBit == 0 {
		return 0, false, 0, mask, errProtocol
	}
	switch size {
	case 126:
		_, err = io.ReadFull(in, b[:2])
		size = uint64(binary.BigEndian.Uint16(b[:2]))
	case 127:
		_, err = io.ReadFull(in, b[:8])
		size = binary.BigEndian.Uint64(b[:8])
	}
	if err == nil {
		_, err = io.ReadFull(in, mask[:])
	}
	return op, final, size, mask, err
}

// readMasked appends so many bytes, as they were before they were masked.
func readMasked(in *bufio.Reader, to []byte, size int, mask [4]byte) ([]byte, error) {
	for done := 0; done < size; {
		n := min(size-done, readAtOnce)
		from := len(to)
		to = append(to, make([]byte, n)...)
		if _, err := io.ReadFull(in, to[from:]); err != nil {
			return to, err
		}
		for i := range n {
			to[from+i] ^= mask[(done+i)&3]
		}
		done += n
	}
	return to, nil
}
