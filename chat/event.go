package chat

import (
	"encoding/binary"
	"errors"
	"time"

	"ponti/internal/bus"
	"ponti/internal/seal"
)

// Event is one message on its way to the sockets of a room.
type Event struct {
	Room    RoomID
	Message Message
}

// Errors of OpenEvent. Either only means: read from the database what the actor may read.
var (
	ErrForged   = errors.New("chat: not an event of ours")
	ErrNoKeyYet = errors.New("chat: the key of this room is not in memory yet")
)

const eventVersion = 2

// eventHead is how many bytes stand in clear before what is sealed: the version and the room.
const eventHead = 1 + 16

func eventAAD(room RoomID, keyID string) []byte {
	return append(append([]byte("event 2|"), room[:]...), keyID...)
}

// publish sends a message to the instances that have sockets in the room. Only after commit.
func (c *Chat) publish(id RoomID, key *seal.Key, m Message) {
	payload := append(append(make([]byte, 0, eventHead+len(m.Text)+128), eventVersion), id[:]...)
	c.hints.Publish(bus.Room(id.String()), append(payload, key.Seal(m.pack(), eventAAD(id, key.ID()))...))
}

// OpenEvent opens what came over the bus, from whoever may write to it. It never asks the database: the key is in memory
// once anything of the room was read here, and a forged event is not worth a query.
func (c *Chat) OpenEvent(payload []byte) (Event, error) {
	if len(payload) <= eventHead || payload[0] != eventVersion {
		return Event{}, ErrForged
	}
	id := RoomID(payload[1:eventHead])
	key := c.keys.get(id)
	if key == nil {
		return Event{}, ErrNoKeyYet
	}
	body, err := key.Open(payload[eventHead:], eventAAD(id, key.ID()))
	if err != nil {
		return Event{}, ErrForged
	}
	m, ok := unpack(body)
	if !ok {
		return Event{}, ErrForged
	}
	return Event{Room: id, Message: m}, nil
}

// Bits of a packed message.
const (
	isHidden = 1 << iota
	isEdited
	isWithdrawn
)

// pack writes a message as bytes for other instances: numbers, then each text behind its length, the last without. Every message is packed once and
// unpacked by each instance, which is why it is not JSON.
func (m Message) pack() []byte {
	b := append(make([]byte, 0, 64+len(m.CID)+len(m.Kind)+len(m.Text)), bit(isHidden, m.Hidden)|bit(isEdited, m.Edited)|bit(isWithdrawn, m.Withdrawn))
	b = binary.AppendVarint(b, m.Seq)
	b = binary.AppendVarint(b, int64(m.From))
	b = binary.AppendVarint(b, m.About)
	b = binary.AppendVarint(b, m.At.UnixMicro()) // what PostgreSQL keeps
	for _, s := range []string{m.CID, string(m.Kind)} {
		b = append(append(b, byte(len(s))), s...)
	}
	return append(b, m.Text...)
}

func bit(b byte, set bool) byte {
	if set {
		return b
	}
	return 0
}

// unpack is the reverse of pack.
func unpack(b []byte) (m Message, ok bool) {
	if len(b) == 0 {
		return Message{}, false
	}
	m.Hidden, m.Edited, m.Withdrawn = b[0]&isHidden != 0, b[0]&isEdited != 0, b[0]&isWithdrawn != 0
	b = b[1:]
	var numbers [4]int64
	for i := range numbers {
		n, size := binary.Varint(b)
		if size <= 0 {
			return Message{}, false
		}
		numbers[i], b = n, b[size:]
	}
	m.Seq, m.From, m.About, m.At = numbers[0], int16(numbers[1]), numbers[2], time.UnixMicro(numbers[3])
	var texts [2]string
	for i := range texts {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return Message{}, false
		}
		n := 1 + int(b[0])
		texts[i], b = string(b[1:n]), b[n:]
	}
	m.CID, m.Kind, m.Text = texts[0], Kind(texts[1]), string(b)
	return m, true
}
