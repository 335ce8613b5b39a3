package seal

// Alone is a text under a data key of its own, as it is stored: whoever deletes the row has destroyed the key.
type Alone struct {
	Text    []byte
	Wrapped []byte
	KeyID   string
}

// SealAlone encrypts a text with a fresh key and binds it to its place.
func (r *Keyring) SealAlone(text []byte, place string) (Alone, error) {
	key, wrapped, id, err := r.NewKey()
	if err != nil {
		return Alone{}, err
	}
	return Alone{Text: key.Seal(text, []byte(place)), Wrapped: wrapped, KeyID: id}, nil
}

// OpenAlone gives the text back. Errors as Unwrap, and ErrOpen for another place.
func (r *Keyring) OpenAlone(a Alone, place string) ([]byte, error) {
	key, err := r.Unwrap(a.Wrapped, a.KeyID)
	if err != nil {
		return nil, err
	}
	return key.Open(a.Text, []byte(place))
}
