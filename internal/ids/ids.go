// Package ids makes identifiers: 128 random bits, typed by what they name so that a room is never taken for
// an account. An identifier grants nothing; it is only impossible to guess.
package ids

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"ponti/internal/errs"
)

// ErrUnknown is what a malformed identifier gives: it names nothing, as an unknown one does.
var ErrUnknown = errs.New(errs.NotFound, "error.not_found")

// ID identifies a T. The zero ID names nothing and is stored as NULL.
type ID[T any] [16]byte

// New takes 128 fresh random bits; unlike a version 4 UUID none of them is fixed.
func New[T any]() ID[T] {
	var id ID[T]
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	return id
}

// Of is the one identifier that the parts give, in their order: what comes again from elsewhere is known again. It is as hard to guess as they are.
func Of[T any](parts ...string) ID[T] {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return ID[T](h.Sum(nil)[:16])
}

// Parse reads the form that String writes; ErrUnknown otherwise.
func Parse[T any](s string) (ID[T], error) {
	if len(s) != 36 {
		return ID[T]{}, ErrUnknown
	}
	u, err := uuid.Parse(s)
	if err != nil {
		return ID[T]{}, ErrUnknown
	}
	return ID[T](u), nil
}

// String is the form in URLs, frames and psql: 36 characters of hexadecimal digits and hyphens.
func (id ID[T]) String() string { return uuid.UUID(id).String() }

// IsZero is true of an ID that names nothing.
func (id ID[T]) IsZero() bool { return id == ID[T]{} }

// MarshalText writes String.
func (id ID[T]) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID[T]) UnmarshalText(b []byte) error {
	v, err := Parse[T](string(b))
	*id = v
	return err
}

// UUIDValue lets pgx send the ID as a uuid.
func (id ID[T]) UUIDValue() (pgtype.UUID, error) {
	return pgtype.UUID{Bytes: id, Valid: !id.IsZero()}, nil
}

// ScanUUID lets pgx read a uuid; NULL is the zero ID.
func (id *ID[T]) ScanUUID(v pgtype.UUID) error {
	if !v.Valid {
		*id = ID[T]{}
		return nil
	}
	*id = v.Bytes
	return nil
}

// Value lets database/sql send the ID.
func (id ID[T]) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, nil //nolint:nilnil // NULL is a value here, not an absence of an answer
	}
	return id.String(), nil
}

// Scan lets database/sql read the ID.
func (id *ID[T]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*id = ID[T]{}
		return nil
	case string:
		return id.UnmarshalText([]byte(v))
	case []byte:
		return id.UnmarshalText(v)
	case [16]byte:
		*id = v
		return nil
	}
	return errors.New("ids: cannot read this kind of value")
}
