package chat

import (
	"fmt"
	"strconv"
	"sync"

	"ponti/account"
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
