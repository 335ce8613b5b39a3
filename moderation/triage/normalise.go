package triage

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// token is one word of a text as rules see it, with its place in the original.
type token struct {
	start, end int32 // bytes of the original text
	ns, ne     int32 // bytes of reading.buf: folded letters, before correction
	word       wordID
	class      int32 // built-in concept (a phone number, an address, ...), or -1
	glue       byte  // the sign that joins it to the token before without a space, or 0
	flags      uint8
}

const (
	startsSentence uint8 = 1 << iota
	startsClause
	quoted
	shouted
	question   // the sentence it is in ends with a question mark
	masked     // part of an idiom
	apostrophe // follows an apostrophe
)

// lookalike maps letters of other alphabets to the Latin letter they are mistaken for.
var lookalike = map[rune]byte{
	'а': 'a', 'в': 'b', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'ё': 'e', 'һ': 'h', 'н': 'h', 'і': 'i', 'ї': 'i', 'ј': 'j', 'к': 'k', 'ӏ': 'l', 'м': 'm',
	'о': 'o', 'р': 'p', 'ԛ': 'q', 'ѕ': 's', 'т': 't', 'у': 'y', 'х': 'x', 'ѵ': 'v', 'ԝ': 'w', 'п': 'n', 'и': 'u',
	'α': 'a', 'β': 'b', 'ε': 'e', 'η': 'n', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'χ': 'x', 'γ': 'y', 'μ': 'm',
	'ı': 'i', 'ł': 'l', 'ø': 'o', 'đ': 'd', 'ħ': 'h', 'ŧ': 't', 'ɑ': 'a', 'ɡ': 'g', 'ɩ': 'i', 'ʟ': 'l', 'ɪ': 'i', 'ʀ': 'r', 'ɴ': 'n', 'ʏ': 'y', 'ʙ': 'b',
}

// fold appends the plain lower-case form of r: compatibility forms opened, accents and invisible signs dropped.
func fold(dst []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(dst, byte(r))
	}
	var raw [utf8.UTFMax]byte
	n := utf8.EncodeRune(raw[:], r)
	parts := norm.NFKD.Properties(raw[:n]).Decomposition()
	if parts == nil {
		parts = raw[:n]
	}
	for len(parts) > 0 {
		q, size := utf8.DecodeRune(parts)
		parts = parts[size:]
		if unicode.In(q, unicode.Mn, unicode.Me, unicode.Cf) {
			continue
		}
		q = unicode.ToLower(q)
		if c, ok := lookalike[q]; ok {
			q = rune(c)
		}
		if q == 'ß' {
			dst = append(dst, 's')
			q = 's'
		}
		dst = utf8.AppendRune(dst, q)
	}
	return dst
}

func isApostrophe(r rune) bool {
	return r == '\'' || r == '’' || r == '‘' || r == '`' || r == '´' || r == 'ʼ' || r == '＇'
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsNumber(r)
}

// invisible signs inside a word neither end it nor count.
func isInvisible(r rune) bool {
	return r >= utf8.RuneSelf && unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf)
}

// scan cuts text into raw tokens: folded, with sentence, clause, quotation and glue marked.
func (r *reading) scan(text string) {
	var (
		flags          = startsSentence | startsClause
		quoting        bool
		glue           byte
		sentenceTokens = 0 // index of the first token of the running sentence
		open           = false
		upper, letters int
	)
	closeToken := func(end int) {
		if !open {
			return
		}
		open = false
		t := &r.raw[len(r.raw)-1]
		t.end, t.ne = int32(end), int32(len(r.buf))
		if letters > 1 && upper == letters {
			t.flags |= shouted
		}
		if t.ne == t.ns {
			r.raw = r.raw[:len(r.raw)-1]
		}
	}
	openToken := func(at int) {
		if open {
			return
		}
		open, upper, letters = true, 0, 0
		f := flags
		if quoting {
			f |= quoted
		}
		r.raw = append(r.raw, token{start: int32(at), ns: int32(len(r.buf)), word: unknown, class: -1, glue: glue, flags: f})
		flags, glue = 0, 0
	}
	endSentence := func(asked bool) {
		if asked {
			for i := sentenceTokens; i < len(r.raw); i++ {
				r.raw[i].flags |= question
			}
		}
		sentenceTokens = len(r.raw)
		flags |= startsSentence | startsClause
	}

	for i := 0; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		if !open && (i == 0 || !isWordRune(lastRune(text[:i]))) {
			if class, n := structural(text[i:], r.set.vocab.helpline); n > 0 {
				openToken(i)
				r.raw[len(r.raw)-1].class = class
				r.buf = append(r.buf, '#')
				closeToken(i + n)
				i += n
				continue
			}
		}
		switch {
		case isWordRune(c):
			openToken(i)
			if unicode.IsLetter(c) {
				letters++
				if unicode.IsUpper(c) {
					upper++
				}
			}
			r.buf = fold(r.buf, c)
		case isInvisible(c):
		case isApostrophe(c):
			was := open
			closeToken(i)
			if was {
				flags |= apostrophe
			}
		default:
			was := open
			closeToken(i)
			after := i + size
			for c == '*' && after < len(text) && text[after] == '*' {
				after++ // letters hidden behind several stars
			}
			nextIsWord := after < len(text) && isWordRune(firstRune(text[after:]))
			if was && nextIsWord && c < utf8.RuneSelf && c != ' ' && c != '\n' && c != '\t' {
				glue = byte(c)
			}
			flags &^= apostrophe
			switch c {
			case '.', '!', '?', '…', ';':
				run := i + size
				dots := c == '…'
				asked := c == '?'
				for run < len(text) && (text[run] == '.' || text[run] == '!' || text[run] == '?') {
					asked = asked || text[run] == '?'
					dots = dots || text[run] == '.'
					run++
				}
				switch {
				case glue != 0 && run == i+size && c != '?':
					flags |= startsClause
				case dots && !asked:
					flags |= startsClause // people pause in mid-sentence with dots
				default:
					endSentence(asked)
				}
				size = run - i
			case '\n', '\r':
				endSentence(false)
			case ',', ':', '(', ')', '-', '–', '—', '/':
				if glue == 0 {
					flags |= startsClause
				}
			case '"':
				quoting = !quoting
			case '“', '«', '„':
				quoting = true
			case '”', '»':
				quoting = false
			default:
				if id, ok := r.set.vocab.emoji[c]; ok {
					openToken(i)
					r.raw[len(r.raw)-1].word = id
					r.buf = append(r.buf, '#')
					closeToken(i + size)
				}
			}
		}
		i += size
	}
	closeToken(len(text))
}

func lastRune(s string) rune  { c, _ := utf8.DecodeLastRuneInString(s); return c }
func firstRune(s string) rune { c, _ := utf8.DecodeRuneInString(s); return c }
