package moderation

import (
	"context"
	"fmt"

	"ponti/internal/pg"
	"ponti/internal/seal"
)

// seal encrypts text with a fresh key and binds it to its place.
func (m *Moderation) seal(text, place string) (seal.Alone, error) {
	s, err := m.options.Keys.SealAlone([]byte(text), place)
	if err != nil {
		return seal.Alone{}, fmt.Errorf("moderation: seal: %w", err)
	}
	return s, nil
}

func (m *Moderation) open(s seal.Alone, place string) (string, error) {
	text, err := m.options.Keys.OpenAlone(s, place)
	if err != nil {
		return "", fmt.Errorf("moderation: open: %w", err)
	}
	return string(text), nil
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
