package account

import (
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	tests := []struct {
		password string
		role     Role
		want     string
	}{
		{"il glicine del cortile", RoleMember, ""},
		{"ὕδωρ🙂 пруд  \t 9", RoleMember, ""},
		{strings.Repeat("viola lago ", 11), RoleMember, ""},
		{"elevenchars", RoleMember, "password_short"},
		{"glicine corte", RoleMember, ""},
		{"glicine corte", RoleESP, "password_short"},
		{"glicine e corti", RoleTutor, ""},
		{strings.Repeat("abcdefg xy", 13), RoleMember, "password_long"},
		{"password12345", RoleMember, "password_easy"},
		{"Password2026!", RoleMember, "password_easy"},
		{"juventus1897!", RoleMember, "password_easy"},
		{"aaaaaaaaaaaaaaaa", RoleMember, "password_easy"},
		{"123412341234", RoleMember, "password_easy"},
		{"abcdefghijklmn", RoleMember, "password_easy"},
		{"123456789012", RoleMember, "password_easy"},
		{"PasswordPassword", RoleMember, "password_easy"},
		{"qwertyuiop123", RoleMember, "password_easy"},
		{"Mare di sera 7", RoleMember, "password_easy"}, // the alias and a digit
		{"pontipontiponti", RoleMember, "password_easy"},
		{"Ponti-esp-2026", RoleMember, "password_easy"},
		{"ponti di legno sul Serio", RoleMember, ""},
	}
	for _, tt := range tests {
		err := checkPassword(tt.password, "Mare di sera", tt.role)
		if tt.want == "" {
			assert.NoError(t, err, tt.password)
			continue
		}
		require.Error(t, err, tt.password)
		assert.Equal(t, "password: account."+tt.want, err.Error(), tt.password)
	}
	assert.Greater(t, len(commonPasswords()), 10_000)
}

func TestPasswordHash(t *testing.T) {
	t.Parallel()
	p := newPasswords()
	hash, err := p.hash(t.Context(), "perche\u0301 no, un lago")
	require.NoError(t, err)
	params, _, _, err := argon2id.DecodeHash(hash)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, params.Memory, uint32(19*1024), "KiB")
	assert.GreaterOrEqual(t, params.Iterations, uint32(2))
	for password, want := range map[string]bool{"perché no, un lago": true, "perche no, un lago": false, "": false} {
		ok, err := p.matches(t.Context(), password, hash)
		require.NoError(t, err)
		assert.Equal(t, want, ok, password)
	}
	ok, err := p.matches(t.Context(), "anything", "")
	require.NoError(t, err)
	assert.False(t, ok, "without an account nothing matches")
}

func TestRecoveryCode(t *testing.T) {
	t.Parallel()
	code, hash := newRecoveryCode()
	other, _ := newRecoveryCode()
	assert.NotEqual(t, code, other)
	assert.Equal(t, hash, hashRecoveryCode(strings.ToLower(strings.ReplaceAll(code, "-", " "))), "copied by hand")
	assert.Equal(t, hashRecoveryCode("1010-0000"), hashRecoveryCode("iolo OoOo"))
	assert.NotEqual(t, hash, hashRecoveryCode(other))
}
