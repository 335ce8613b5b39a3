// Package errs is the small vocabulary of what can go wrong. A domain error pairs a Kind with a message
// key; what a person reads is looked up from the key, never taken from an error's own text.
package errs

import (
	"errors"
	"strings"
)

// Kind says what a caller can do about an error. It decides an HTTP status, a close code or whether a job is retried.
type Kind uint8

// The kinds. An error without one is Internal.
const (
	Internal        Kind = iota
	Invalid              // the input is wrong; say which field
	Unauthenticated      // nobody is signed in, or no longer
	Forbidden            // signed in, but this function is not for this role
	NotFound             // it does not exist, or it is not yours to see: both look the same
	Conflict             // somebody was first, or the state has moved on
	TooMany              // slow down
	Unavailable          // not now; the same request may succeed later
)

// Error is an error a person can be told about.
type Error struct {
	Kind Kind
	// Key names the text in the catalogue, as `domain.place_or_state`. It is never renamed once shipped.
	Key string
	// Field is the form field at fault, or empty.
	Field string
	// Params fill the placeholders of the text.
	Params map[string]any
}

// New makes an error of a kind. The result is comparable by identity, so it can be a sentinel.
func New(kind Kind, key string) *Error { return &Error{Kind: kind, Key: key} }

// Field makes an Invalid error tied to a form field.
func Field(field, key string, params map[string]any) *Error {
	return &Error{Kind: Invalid, Key: key, Field: field, Params: params}
}

func (e *Error) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Key
	}
	return e.Key
}

// Fields collects every mistake of one form, so that a person hears of all of them at once.
type Fields []*Error

// Add appends a mistake.
func (f *Fields) Add(field, key string, params map[string]any) {
	*f = append(*f, Field(field, key, params))
}

// Err is nil when there was no mistake.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

func (f Fields) Error() string {
	parts := make([]string, len(f))
	for i, e := range f {
		parts[i] = e.Error()
	}
	return strings.Join(parts, "; ")
}

// KindOf is the kind of the first error in the chain that has one, else Internal.
func KindOf(err error) Kind {
	if _, ok := errors.AsType[Fields](err); ok {
		return Invalid
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
