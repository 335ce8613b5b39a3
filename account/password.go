package account

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // the list of common passwords
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"

	"ponti/internal/errs"
)

// Lengths of a password in characters. Any character counts; nothing is demanded of their kinds.
const (
	MinMemberPassword = 12
	MinStaffPassword  = 15
	MaxPassword       = 128
)

//go:embed common_passwords.txt
var commonPasswordsText string

var commonPasswords = sync.OnceValue(func() map[string]struct{} {
	m := make(map[string]struct{}, 11000)
	lines := bufio.NewScanner(strings.NewReader(commonPasswordsText))
	for lines.Scan() {
		if line := lines.Text(); line != "" && line[0] != '#' {
			m[line] = struct{}{}
		}
	}
	return m
})

// checkPassword refuses what is too short, too long, or what others would try first.
func checkPassword(password, alias string, role Role) error {
	const field = "password"
	least := MinMemberPassword
	if (Actor{Role: role}).IsStaff() {
		least = MinStaffPassword
	}
	n := utf8.RuneCountInString(password)
	switch {
	case n < least:
		return errs.Field(field, "account.password_short", map[string]any{"Min": least})
	case n > MaxPassword:
		return errs.Field(field, "account.password_long", map[string]any{"Max": MaxPassword})
	case isEasy(password, alias):
		return errs.Field(field, "account.password_easy", nil)
	}
	return nil
}

// isEasy is true of passwords that are tried first: listed ones, listed words with digits around them, one piece repeated, a
// run along the alphabet or the digits, the alias, the service's own words.
func isEasy(password, alias string) bool {
	p := strings.ToLower(norm.NFKC.String(password))
	core := strings.TrimFunc(p, func(r rune) bool { return !unicode.IsLetter(r) })
	piece := shortestPiece(p)
	for _, s := range []string{p, core, piece, shortestPiece(core)} {
		if _, common := commonPasswords()[s]; common {
			return true
		}
	}
	if utf8.RuneCountInString(piece) <= 4 || isRun(p) {
		return true
	}
	// What is left of it without the words anybody would guess must still be long.
	left := aliasKey(password)
	for _, word := range []string{aliasKey(alias), "pontl", "esp"} { // as aliasKey writes them
		if word != "" {
			left = strings.ReplaceAll(left, word, "")
		}
	}
	return left != aliasKey(password) && utf8.RuneCountInString(left) < 8
}

// shortestPiece is the shortest beginning that, repeated, gives the whole: "abcabcab" gives "abc".
func shortestPiece(s string) string {
	r := []rune(s)
	for n := 1; n < len(r); n++ {
		same := true
		for i := n; i < len(r) && same; i++ {
			same = r[i] == r[i-n]
		}
		if same {
			return string(r[:n])
		}
	}
	return s
}

func isRun(s string) bool {
	r := []rune(s)
	steps := map[rune]int{}
	for i := 1; i < len(r); i++ {
		steps[r[i]-r[i-1]]++
	}
	return max(steps[1], steps[-1]) >= len(r)*3/4
}

// errBusy is what somebody gets who has waited too long for their turn to have a password checked.
var errBusy = errs.New(errs.Unavailable, "error.unavailable")

// passwords hashes and compares, a few at a time: each takes tens of milliseconds of a core and 19 MiB, and a flood of
// sign-ins must not starve the conversations.
type passwords struct {
	turns  *semaphore.Weighted
	params argon2id.Params
	// decoy is compared with where there is no account, so that its absence takes as long as its presence.
	decoy func() string
}

const passwordPatience = 3 * time.Second

func newPasswords() *passwords {
	// OWASP's first recommendation for argon2id.
	p := argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	return &passwords{
		turns:  semaphore.NewWeighted(int64(max(1, runtime.GOMAXPROCS(0)/2))),
		params: p,
		decoy: sync.OnceValue(func() string {
			h, err := argon2id.CreateHash(rand.Text(), &p)
			if err != nil {
				panic(err) // only crypto/rand could fail, and it ends the program itself
			}
			return h
		}),
	}
}

func (p *passwords) turn(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, passwordPatience)
	defer cancel()
	if err := p.turns.Acquire(ctx, 1); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return errBusy
		}
		return err
	}
	defer p.turns.Release(1)
	return f()
}

func (p *passwords) hash(ctx context.Context, password string) (hash string, err error) {
	err = p.turn(ctx, func() error {
		hash, err = argon2id.CreateHash(norm.NFC.String(password), &p.params)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("account: hash password: %w", err)
	}
	return hash, nil
}

// matches takes the same time whether or not there is a hash; without one it is always false.
func (p *passwords) matches(ctx context.Context, password, hash string) (ok bool, err error) {
	err = p.turn(ctx, func() error {
		against := hash
		if against == "" {
			against = p.decoy()
		}
		ok, err = argon2id.ComparePasswordAndHash(norm.NFC.String(password), against)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("account: compare password: %w", err)
	}
	return ok && hash != "", nil
}

// newToken is 256 random bits for a link, and the hash that is stored of them.
func newToken() (token string, hash []byte) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	token = base64.RawURLEncoding.EncodeToString(b)
	return token, hashToken(token)
}

// hashToken is enough for what is random and long: nothing to guess, so nothing to slow down.
func hashToken(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// recoveryLetters have no I, L, O, U: they are read aloud and copied by hand.
const recoveryLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newRecoveryCode is 100 random bits in five groups of four.
func newRecoveryCode() (code string, hash []byte) {
	b := make([]byte, 20)
	_, _ = rand.Read(b)
	var s strings.Builder
	for i, v := range b {
		if i > 0 && i%4 == 0 {
			s.WriteByte('-')
		}
		s.WriteByte(recoveryLetters[v&31])
	}
	return s.String(), hashRecoveryCode(s.String())
}

// hashRecoveryCode forgives what copying by hand does: case, spaces, hyphens, O for 0, I or L for 1.
func hashRecoveryCode(code string) []byte {
	clean := strings.Map(func(r rune) rune {
		switch r = unicode.ToUpper(r); r {
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		if !strings.ContainsRune(recoveryLetters, r) {
			return -1
		}
		return r
	}, code)
	return hashToken(clean)
}
