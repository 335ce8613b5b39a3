// Package seal encrypts what people write. Every room has a data key of its own (AES-256-GCM through Tink); data keys are stored
// wrapped by a key-encryption key, the KEK, which is never in PostgreSQL. Destroying a room's wrapped key destroys its text, in backups too.
//
// What is sealed is bound to its place by associated data: bytes moved to another row do not open. It is not end-to-end
// encryption: whoever holds both the database and a KEK can read.
package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// KeySize is the length in bytes of a KEK and of a data key.
const KeySize = 32

const (
	wrapVersion = 1
	kekIDSize   = 8
)

// ErrOpen says that sealed bytes were changed, moved to another place, or sealed with another key. It never says which.
var ErrOpen = errors.New("seal: does not open")

// ErrUnknownKEK says that none of the keyring's KEKs wrapped this data key: a KEK is missing from the configuration.
var ErrUnknownKEK = errors.New("seal: wrapped by a key-encryption key that is not here")

// Keyring wraps and unwraps data keys. It is static after NewKeyring and safe for concurrent use.
type Keyring struct {
	wrapper kek
	root    []byte // what other secrets are derived from
	all     map[[kekIDSize]byte]kek
}

type kek struct {
	id   [kekIDSize]byte
	aead *subtle.AESGCM
}

// NewKeyring takes the KEK that wraps new data keys, and older ones that only unwrap. Each has KeySize bytes.
func NewKeyring(current []byte, older ...[]byte) (*Keyring, error) {
	r := &Keyring{all: map[[kekIDSize]byte]kek{}}
	for i, raw := range append([][]byte{current}, older...) {
		k, err := newKEK(raw)
		if err != nil {
			return nil, fmt.Errorf("seal: key-encryption key %d: %w", i+1, err)
		}
		if i == 0 {
			r.wrapper, r.root = k, derive(raw, "ponti secrets")
		}
		r.all[k.id] = k
	}
	return r, nil
}

// Secret is a secret of KeySize bytes for a purpose, the same wherever the same KEK wraps.
func (r *Keyring) Secret(purpose string) []byte { return derive(r.root, purpose) }

func newKEK(raw []byte) (kek, error) {
	if len(raw) != KeySize {
		return kek{}, fmt.Errorf("has %d bytes, not %d", len(raw), KeySize)
	}
	var k kek
	// The id is derived by a one-way function: it is stored beside each wrapped key and tells nothing of the KEK.
	copy(k.id[:], derive(raw, "ponti kek id"))
	a, err := subtle.NewAESGCM(raw)
	if err != nil {
		return kek{}, err
	}
	k.aead = a
	return k, nil
}

// GenerateKEK makes a KEK as a line that ParseKEKs reads.
func GenerateKEK() string {
	return base64.StdEncoding.EncodeToString(random())
}

// ParseKEKs reads KEKs as a key file holds them: KeySize bytes in base64, one a line; empty lines and lines that begin
// with # do not count. The first is to wrap. Its errors are for the operator, and hold nothing of a key.
func ParseKEKs(text string) ([][]byte, error) {
	var keys [][]byte
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(raw) != KeySize {
			return nil, fmt.Errorf("line %d is not %d bytes in base64; make a key with: ponti key", n, KeySize)
		}
		keys = append(keys, raw)
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key; make one with: ponti key")
	}
	return keys, nil
}

// NewKey makes a data key. wrapped and keyID are stored together; keyID is random and names the key in associated data.
func (r *Keyring) NewKey() (plain *Key, wrapped []byte, keyID string, err error) {
	raw := random()
	keyID = hex.EncodeToString(random()[:8])
	sealed, err := r.wrapper.aead.Encrypt(raw, wrapAAD(keyID))
	if err != nil {
		return nil, nil, "", fmt.Errorf("seal: wrap: %w", err)
	}
	wrapped = append(append([]byte{wrapVersion}, r.wrapper.id[:]...), sealed...)
	plain, err = newKey(raw, keyID)
	return plain, wrapped, keyID, err
}

// Unwrap gives the data key back. ErrUnknownKEK when its KEK is missing, ErrOpen when the bytes are not what NewKey made for keyID.
func (r *Keyring) Unwrap(wrapped []byte, keyID string) (*Key, error) {
	if len(wrapped) < 1+kekIDSize || wrapped[0] != wrapVersion {
		return nil, ErrOpen
	}
	k, ok := r.all[[kekIDSize]byte(wrapped[1:1+kekIDSize])]
	if !ok {
		return nil, ErrUnknownKEK
	}
	raw, err := k.aead.Decrypt(wrapped[1+kekIDSize:], wrapAAD(keyID))
	if err != nil || len(raw) != KeySize {
		return nil, ErrOpen
	}
	return newKey(raw, keyID)
}

func wrapAAD(keyID string) []byte { return []byte("ponti data key 1|" + keyID) }

// Key is the data key of one room. It is static and safe for concurrent use; it has no form that could be printed or stored.
type Key struct {
	id   string
	aead *subtle.AESGCM
	sums sync.Pool // of hash.Hash: making one costs more than a short text
}

func newKey(raw []byte, id string) (*Key, error) {
	// Two keys from one: the same bytes never serve both encryption and hashing.
	a, err := subtle.NewAESGCM(derive(raw, "ponti body"))
	if err != nil {
		return nil, fmt.Errorf("seal: data key: %w", err)
	}
	mac := derive(raw, "ponti sum")
	return &Key{id: id, aead: a, sums: sync.Pool{New: func() any { return hmac.New(sha256.New, mac) }}}, nil
}

// ID is what NewKey returned as keyID.
func (k *Key) ID() string { return k.id }

// Seal encrypts text under a fresh nonce and binds it to aad. Equal texts give different bytes.
func (k *Key) Seal(text, aad []byte) []byte {
	sealed, err := k.aead.Encrypt(text, aad)
	if err != nil {
		panic(err) // only for texts beyond 64 GiB; the random source ends the program itself
	}
	return sealed
}

// Open is the reverse of Seal with the same aad; ErrOpen for anything else.
func (k *Key) Open(sealed, aad []byte) ([]byte, error) {
	text, err := k.aead.Decrypt(sealed, aad)
	if err != nil {
		return nil, ErrOpen
	}
	return text, nil
}

// Sum is a keyed hash of text: it tells whether two texts of one room are equal, and nobody without the key can try guesses against it.
func (k *Key) Sum(text []byte) []byte {
	h, ok := k.sums.Get().(hash.Hash)
	if !ok {
		panic("seal: the pool holds hashes")
	}
	defer k.sums.Put(h)
	h.Reset()
	h.Write(text)
	return h.Sum(nil)
}

func derive(secret []byte, use string) []byte {
	out, err := hkdf.Key(sha256.New, secret, nil, use, KeySize)
	if err != nil {
		panic(err) // only for lengths beyond 255 hashes
	}
	return out
}

func random() []byte {
	b := make([]byte, KeySize)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
