package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/ids"
	"ponti/internal/seal"
)

// Associated data binds sealed bytes to their place. The sequence is not part of it: it is allocated after sealing.
func messageAAD(room RoomID, sender account.ID, cid string, version int16, keyID string) []byte {
	return []byte("message|" + room.String() + "|" + sender.String() + "|" + cid + "|" + strconv.Itoa(int(version)) + "|" + keyID)
}

func topicAAD(room RoomID, keyID string) []byte {
	return []byte("topic|" + room.String() + "|" + keyID)
}

func eventAAD(room RoomID, keyID string) []byte {
	return []byte("event|" + room.String() + "|" + keyID)
}

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

const eventVersion = 1

// publish sends a message to the instances that have sockets in the room. Only after commit.
func (c *Chat) publish(id RoomID, key *seal.Key, m Message) {
	body, err := json.Marshal(m)
	if err != nil {
		panic(err) // Message holds only text, numbers and an instant
	}
	payload := append([]byte{eventVersion}, id[:]...)
	c.hints.Publish(bus.Room(id.String()), append(payload, key.Seal(body, eventAAD(id, key.ID()))...))
}

// OpenEvent opens what came over the bus, from whoever may write to it. It never asks the database: the key is in memory
// once anything of the room was read here, and a forged event is not worth a query.
func (c *Chat) OpenEvent(payload []byte) (Event, error) {
	if len(payload) <= 17 || payload[0] != eventVersion {
		return Event{}, ErrForged
	}
	id := RoomID(payload[1:17])
	key := c.keys.get(id)
	if key == nil {
		return Event{}, ErrNoKeyYet
	}
	body, err := key.Open(payload[17:], eventAAD(id, key.ID()))
	if err != nil {
		return Event{}, ErrForged
	}
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		return Event{}, ErrForged
	}
	return Event{Room: id, Message: m}, nil
}

// sealedKey is a room's key as the database holds it.
type sealedKey struct {
	id      string
	wrapped []byte
}

// open unwraps a room's key, or takes it from memory when it is the same one.
func (c *Chat) open(id RoomID, s sealedKey) (*seal.Key, error) {
	if k := c.keys.get(id); k != nil && k.ID() == s.id {
		return k, nil
	}
	k, err := c.keyring.Unwrap(s.wrapped, s.id)
	if err != nil {
		return nil, fmt.Errorf("chat: key of room: %w", err)
	}
	c.keys.put(id, k)
	return k, nil
}

// keyCache keeps the keys of rooms that were touched here lately.
type keyCache struct {
	mu   sync.Mutex
	keys map[RoomID]*seal.Key // guarded by mu
}

// maxKeys bounds the cache to a few megabytes.
const maxKeys = 10_000

func newKeyCache() *keyCache { return &keyCache{keys: map[RoomID]*seal.Key{}} }

func (kc *keyCache) get(id RoomID) *seal.Key {
	kc.mu.Lock()
	defer kc.mu.Unlock()
	return kc.keys[id]
}

func (kc *keyCache) put(id RoomID, k *seal.Key) {
	kc.mu.Lock()
	defer kc.mu.Unlock()
	for old := range kc.keys {
		if len(kc.keys) < maxKeys {
			break
		}
		delete(kc.keys, old) // any: it only costs an unwrap
	}
	kc.keys[id] = k
}

func (kc *keyCache) drop(id RoomID) {
	kc.mu.Lock()
	defer kc.mu.Unlock()
	delete(kc.keys, id)
}

// newCID is a client id for what Ponti itself writes on somebody's behalf.
func newCID() string { return ids.New[Message]().String() }
