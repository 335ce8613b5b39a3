package mail_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"ponti/internal/mail"
)

func TestOpen(t *testing.T) {
	for _, good := range []string{"smtps://u:p@mail.example.org:465", "smtps://mail.example.org", "smtp://mail.example.org:587", "smtp://127.0.0.1:25"} {
		_, err := mail.Open(good, "ponti@example.org")
		assert.NoError(t, err, good)
	}
	for _, bad := range []string{"", "mail.example.org", "http://u:s3cret@mail.example.org", "smtps://u:s3cret@", "smtp://u:s3cret@mail.example.org:x", "smtp://u:s3cret@mail.example.org:99999"} {
		_, err := mail.Open(bad, "ponti@example.org")
		if assert.Error(t, err, bad) {
			assert.NotContains(t, err.Error(), "s3cret")
		}
	}
	_, err := mail.Open("smtps://u:s3cret@mail.example.org", "Ponti")
	assert.Error(t, err)
}

func TestAddress(t *testing.T) {
	for _, good := range []string{"anna@example.org", "a.b+c@mail.example.org", " anna@example.org "} {
		a, ok := mail.Address(good)
		assert.True(t, ok, good)
		assert.Equal(t, strings.TrimSpace(good), a)
	}
	for _, bad := range []string{"", "anna", "anna@localhost", "Anna <anna@example.org>", "anna@example.org, b@example.org", "anna@example.org\r\nBcc: b@example.org", "@example.org", "anna@"} {
		_, ok := mail.Address(bad)
		assert.False(t, ok, bad)
	}
}
