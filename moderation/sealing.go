package moderation

import (
	"fmt"

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
