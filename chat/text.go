package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"ponti/internal/errs"
)

// Limits of what people write, in runes.
const (
	MaxText  = 4000
	MaxTopic = 500
)

// clean makes a text storable: valid UTF-8 in normal form C, line ends as \n, without control characters and without the
// characters that turn the direction of writing. Refusing them would lose a message over a byte its writer cannot see.
func clean(field, text string, most int) (string, error) {
	// Four bytes a rune is the most UTF-8 takes; normalisation never needs to look at more than could fit.
	if len(text) > 16*most {
		return "", tooLong(field, most)
	}
	if !utf8.ValidString(text) {
		return "", errs.Field(field, "chat.text_invalid", nil)
	}
	if !plain(text) {
		text = strings.Map(func(r rune) rune {
			if r != '\n' && r != '\t' && unicode.IsControl(r) || turnsDirection(r) {
				return -1
			}
			return r
		}, lineEnds.Replace(text))
		text = norm.NFC.String(text)
	}
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) > most {
		return "", tooLong(field, most)
	}
	return text, nil
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")

// plain is true of what most people write, in which clean has nothing to do: letters of Latin-1, signs, spaces and line ends. Other texts may be as good.
func plain(text string) bool {
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xc0 || r >= 0x100 {
			return false
		}
	}
	return true
}

func tooLong(field string, most int) error {
	return errs.Field(field, "chat.text_long", map[string]any{"Max": most})
}

// turnsDirection is true of the marks, embeddings, overrides and isolates of the bidirectional algorithm.
func turnsDirection(r rune) bool {
	return r == '\u061c' || r == '\u200e' || r == '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// cleanField is clean for a message, which may not be empty.
func cleanField(field, text string) (string, error) {
	text, err := clean(field, text, MaxText)
	if err == nil && text == "" {
		err = errs.Field(field, "chat.text_empty", nil)
	}
	return text, err
}

// checkCID accepts what clients make: 22 to 36 characters, enough for 128 random bits.
func checkCID(cid string) error {
	ok := len(cid) >= 22 && len(cid) <= 36
	for i := 0; ok && i < len(cid); i++ {
		b := cid[i]
		ok = b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '-' || b == '_'
	}
	if !ok {
		return errs.Field("cid", "chat.cid_invalid", nil)
	}
	return nil
}

// checkFeeling accepts 0 (as bad as it gets) to 10.
func checkFeeling(n int) error {
	if n < 0 || n > 10 {
		return errs.Field("feeling", "chat.feeling_invalid", nil)
	}
	return nil
}
