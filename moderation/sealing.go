package moderation

import (
	"context"
	"fmt"

	"ponti/internal/pg"
	"ponti/internal/seal"
)

// sealed is a text under a data key of its own.
type sealed struct {
	Text    []byte
	Wrapped []byte
	KeyID   string
}

// seal encrypts text with a fresh key and binds it to its place.
func (m *Moderation) seal(text, place string) (sealed, error) {
	key, wrapped, id, err := m.options.Keys.NewKey()
	if err != nil {
		return sealed{}, fmt.Errorf("moderation: seal: %w", err)
	}
	return sealed{Text: key.Seal([]byte(text), []byte(place)), Wrapped: wrapped, KeyID: id}, nil
}

func (m *Moderation) open(s sealed, place string) (string, error) {
	key, err := m.options.Keys.Unwrap(s.Wrapped, s.KeyID)
	if err != nil {
		return "", fmt.Errorf("moderation: open: %w", err)
	}
	return openWith(key, s.Text, place)
}

func openWith(key *seal.Key, text []byte, place string) (string, error) {
	plain, err := key.Open(text, []byte(place))
	if err != nil {
		return "", fmt.Errorf("moderation: open: %w", err)
	}
	return string(plain), nil
}

func (m *Moderation) openNote(ctx context.Context, e row) (string, error) {
	s, err := selectNote(ctx, m.pool, e.ID)
	if err != nil {
		return "", pg.Classify(err)
	}
	if s.Text == nil {
		return "", nil // erased
	}
	return m.open(s, "escalation note|"+e.ID.String())
}
