package errs_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"ponti/internal/errs"
)

func TestKindOf(t *testing.T) {
	closed := errs.New(errs.Conflict, "chat.room_closed")
	var fields errs.Fields
	fields.Add("alias", "account.alias_short", nil)
	tests := []struct {
		name string
		err  error
		want errs.Kind
	}{
		{"a plain error is internal", errors.New("boom"), errs.Internal},
		{"no error is internal", nil, errs.Internal},
		{"a domain error keeps its kind through wrapping", fmt.Errorf("chat: post: %w", closed), errs.Conflict},
		{"collected mistakes are invalid input", fmt.Errorf("account: %w", fields.Err()), errs.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, errs.KindOf(tt.err)) })
	}
	assert.ErrorIs(t, fmt.Errorf("chat: %w", closed), closed)
}

func TestFields(t *testing.T) {
	var fields errs.Fields
	assert.NoError(t, fields.Err(), "no mistake is no error")
	fields.Add("alias", "account.alias_short", nil)
	fields.Add("secret", "account.secret_short", map[string]any{"Min": 12})
	assert.EqualError(t, fields.Err(), "alias: account.alias_short; secret: account.secret_short")
}
