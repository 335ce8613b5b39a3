package account

import (
	"context"
	"embed"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"ponti/internal/errs"
)

// Bounds of an alias, in characters, and the digits it may hold: more look like a telephone number or a birth date.
const (
	MinAlias    = 2
	MaxAlias    = 30
	aliasDigits = 4
)

// ErrAliasTaken says that somebody of the service is called so, or so alike that people would take one for the other.
var ErrAliasTaken = &errs.Error{Kind: errs.Conflict, Key: "account.alias_taken", Field: "alias"}

// Words that would make a person look like staff or like Ponti itself, compared in their confusable form: whole words, parts of words.
var (
	staffWords = []string{"esp", "dsm", "cps", "asl", "ats", "asst", "oss", "root", "aiuto", "help", "team", "capo", "dott", "prof"}
	staffStems = []string{
		"ponti", "tutor", "admin", "amministra", "moderat", "operator", "operatric", "support", "staff", "sistem", "system", "serviz",
		"service", "esperto", "esperta", "psicolog", "psichiatr", "psychol", "psychiat", "dottor", "doctor", "medic", "infermier", "nurse",
		"educator", "assistente", "auditor", "revisor", "official", "ufficial", "polizia", "police", "carabinier", "telefonoamico", "webmaster",
	}
)

// CheckAlias gives the alias as it is stored, and what two people would confuse it by. Whether somebody already has it only
// the database knows. staff may be called what would make a person look like staff.
func CheckAlias(raw string, staff bool) (alias, key string, err error) {
	alias = strings.Join(strings.Fields(norm.NFC.String(raw)), " ")
	n := utf8.RuneCountInString(alias)
	if n < MinAlias || n > MaxAlias {
		return "", "", errs.Field("alias", "account.alias_length", map[string]any{"Min": MinAlias, "Max": MaxAlias})
	}
	digits, script := 0, ""
	for _, r := range alias {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case unicode.IsLetter(r):
			s := scriptOf(r)
			if s == "" || script != "" && s != script {
				return "", "", errs.Field("alias", "account.alias_scripts", nil)
			}
			script = s
		case unicode.Is(unicode.Mn, r) && script != "" && script != "Latin", r == ' ', r == '-', r == '\'', r == '’', r == '.':
		default:
			return "", "", errs.Field("alias", "account.alias_characters", nil)
		}
	}
	if script == "" {
		return "", "", errs.Field("alias", "account.alias_characters", nil)
	}
	if digits > aliasDigits {
		return "", "", errs.Field("alias", "account.alias_digits", map[string]any{"Max": aliasDigits})
	}
	key = aliasKey(alias)
	if utf8.RuneCountInString(key) < MinAlias {
		return "", "", errs.Field("alias", "account.alias_length", map[string]any{"Min": MinAlias, "Max": MaxAlias})
	}
	if !staff && looksLikeStaff(alias, key) {
		return "", "", errs.Field("alias", "account.alias_staff", nil)
	}
	return alias, key, nil
}

func scriptOf(r rune) string {
	for _, s := range []string{"Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Han", "Bengali", "Devanagari", "Gurmukhi", "Ethiopic", "Sinhala", "Tamil", "Georgian", "Armenian", "Hangul", "Thai"} {
		if unicode.Is(unicode.Scripts[s], r) {
			return s
		}
	}
	return ""
}

func looksLikeStaff(alias, key string) bool {
	if strings.Contains(alias, "ESP") || slices.Contains(staffWords, key) {
		return true
	}
	words := strings.FieldsFunc(alias, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, word := range words {
		word = aliasKey(word)
		if slices.Contains(staffWords, word) || slices.Contains(staffWords, strings.TrimRight(word, "olz0123456789")) {
			return true
		}
	}
	return slices.ContainsFunc(staffStems, func(stem string) bool {
		stem = aliasKey(stem)
		return strings.HasPrefix(key, stem) || // spelled out with spaces
			slices.ContainsFunc(words, func(word string) bool { return strings.Contains(aliasKey(word), stem) })
	})
}

// alike maps characters to the one they pass for.
var alike = map[rune]rune{
	'0': 'o', '1': 'l', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', 'i': 'l', 'ı': 'l',
	'а': 'a', 'в': 'b', 'е': 'e', 'ё': 'e', 'з': 'e', 'і': 'l', 'ї': 'l', 'ј': 'j', 'к': 'k', 'м': 'm', 'н': 'h', 'о': 'o', 'р': 'p', 'с': 'c',
	'ѕ': 's', 'т': 't', 'у': 'y', 'х': 'x', 'ԁ': 'd', 'ԛ': 'q', 'ԝ': 'w', 'п': 'n', 'г': 'r',
	'α': 'a', 'β': 'b', 'ε': 'e', 'η': 'n', 'ι': 'l', 'κ': 'k', 'μ': 'm', 'ν': 'v', 'ο': 'o', 'π': 'n', 'ρ': 'p', 'σ': 'o', 'ς': 's', 'τ': 't',
	'υ': 'u', 'χ': 'x', 'ω': 'w', 'γ': 'y', 'ø': 'o', 'đ': 'd', 'ł': 'l', 'æ': 'a', 'œ': 'o', 'ß': 's', 'þ': 'p', 'ŋ': 'n', 'ħ': 'h',
}

// aliasKey is what two aliases share when people would take one for the other: without case, accents, spaces and
// punctuation, each look-alike as the character it passes for.
func aliasKey(alias string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(alias)) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		// A capital may have a lower case only after decomposition.
		r = unicode.ToLower(r)
		if a, ok := alike[r]; ok {
			r = a
		}
		b.WriteRune(r)
	}
	// Two letters that pass for one.
	return strings.NewReplacer("rn", "m", "vv", "w").Replace(b.String())
}

//go:embed words/*.txt
var wordFiles embed.FS

// wordList holds the safe words of one language.
type wordList struct {
	nouns, describing []string
	describingFirst   bool
}

var wordLists = map[string]wordList{"it": readWords("it", false), "en": readWords("en", true)}

func readWords(locale string, describingFirst bool) wordList {
	b, err := wordFiles.ReadFile("words/" + locale + ".txt")
	if err != nil {
		panic(err) // embedded: the program would not have been built
	}
	l := wordList{describingFirst: describingFirst}
	into := &l.nouns
	for line := range strings.Lines(string(b)) {
		switch line = strings.TrimSpace(line); {
		case line == "-":
			into = &l.describing
		case line != "" && line[0] != '#':
			*into = append(*into, line)
		}
	}
	return l
}

// propose makes one alias out of safe words. number is 0 for none.
func (l wordList) propose(noun, describing, number int) string {
	words := []string{l.nouns[noun], l.describing[describing]}
	if l.describingFirst {
		slices.Reverse(words)
	}
	if number > 0 {
		words = append(words, strconv.Itoa(number))
	}
	return strings.Join(words, " ")
}

// ProposeAlias offers an alias of safe words that nobody of the service has. Between the offer and the entering somebody may take it.
func (a *Accounts) ProposeAlias(ctx context.Context, service ServiceID, locale string) (string, error) {
	l, ok := wordLists[locale]
	if !ok {
		l = wordLists["it"]
	}
	const tries = 8
	names, keys := make([]string, tries), make([]string, tries)
	for i := range names {
		number := 0
		if i >= tries/2 { // plain pairs first, while there are free ones
			number = 2 + rand.IntN(998) //nolint:gosec // a name, not a secret
		}
		names[i] = l.propose(rand.IntN(len(l.nouns)), rand.IntN(len(l.describing)), number) //nolint:gosec // a name, not a secret
		keys[i] = aliasKey(names[i])
	}
	taken, err := selectAliasKeys(ctx, a.pool, service, keys)
	if err != nil {
		return "", err
	}
	for i, name := range names {
		if !slices.Contains(taken, keys[i]) {
			return name, nil
		}
	}
	return "", errs.New(errs.Unavailable, "account.no_alias_free")
}
