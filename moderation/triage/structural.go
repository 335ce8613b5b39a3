package triage

import "strings"

// Built-in concepts: what a token is by its shape. Rules name them like words: #phone, #email, ...
const (
	classNumber int32 = iota
	classLongNumber
	classPhone
	classEmail
	classURL
	classIBAN
	classTaxCode
	classCount
)

var classNames = [classCount]string{"#num", "#longnum", "#phone", "#email", "#url", "#iban", "#taxcode"}

// structural recognises an address or a long number at the start of s and says how many bytes it takes (0: none).
func structural(s string, helpline map[string]struct{}) (class int32, n int) {
	c := s[0]
	if c == '+' || '0' <= c && c <= '9' {
		if class, n = longNumber(s, helpline); n > 0 {
			return class, n
		}
	}
	letter := 'a' <= c|0x20 && c|0x20 <= 'z'
	if !letter && (c < '0' || c > '9') {
		return 0, 0
	}
	// One look at the run of characters without a space; bounded, so that a wall of text stays linear.
	at, dot, slash, end := -1, -1, -1, 0
	for end < len(s) && end < 120 && s[end] > ' ' && !strings.ContainsRune(`,;"()<>`, rune(s[end])) {
		switch s[end] {
		case '@':
			if at < 0 {
				at = end
			}
		case '.':
			dot = end
		case '/':
			if slash < 0 {
				slash = end
			}
		}
		end++
	}
	run := strings.TrimRight(s[:end], ".!?:'")
	switch {
	case at > 0 && dot > at+1 && dot < len(run)-1:
		return classEmail, len(run)
	case strings.HasPrefix(run, "http://"), strings.HasPrefix(run, "https://"), strings.HasPrefix(run, "www."):
		return classURL, len(run)
	case slash > 3 && strings.LastIndexByte(run[:slash], '.') > 0 && len(run)-slash > 1 && asciiHost(run[:slash]):
		return classURL, len(run)
	}
	if letter {
		return code(run)
	}
	return 0, 0
}

func asciiHost(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	if len(s)-dot < 3 || len(s)-dot > 7 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '.' && s[i] != '-' {
			return false
		}
	}
	return true
}

// longNumber takes digit groups with single separators: a telephone, or another number of seven or more digits.
func longNumber(s string, helpline map[string]struct{}) (int32, int) {
	var digits [20]byte
	n, count := 0, 0
	i := 0
	if s[0] == '+' {
		i = 1
	}
	for i < len(s) && count < len(digits) {
		c := s[i]
		if '0' <= c && c <= '9' {
			digits[count] = c
			count++
			i++
			n = i
			continue
		}
		if (c == ' ' || c == '-' || c == '.') && i+1 < len(s) && '0' <= s[i+1] && s[i+1] <= '9' {
			i++
			continue
		}
		break
	}
	if count < 7 || n < len(s) && isWordRune(firstRune(s[n:])) {
		return 0, 0
	}
	d := string(digits[:count])
	if _, ok := helpline[d]; ok || strings.HasPrefix(d, "800") || strings.HasPrefix(d, "0800") || strings.HasPrefix(d, "116") {
		return classNumber, n
	}
	switch {
	case s[0] == '+' && count >= 9, strings.HasPrefix(d, "00") && count >= 11,
		d[0] == '3' && (count == 9 || count == 10), d[0] == '0' && count >= 9 && count <= 11:
		return classPhone, n
	}
	return classLongNumber, n
}

// code recognises an IBAN and an Italian tax code.
func code(s string) (int32, int) {
	if len(s) < 15 || len(s) > 34 {
		return 0, 0
	}
	var shape [34]byte
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			shape[i] = 'a'
		case '0' <= c && c <= '9':
			shape[i] = '0'
		default:
			return 0, 0
		}
	}
	form := string(shape[:len(s)])
	if form == "aaaaaa00a00a000a" {
		return classTaxCode, len(s)
	}
	if strings.HasPrefix(form, "aa00") && strings.Count(form, "0") >= 10 {
		return classIBAN, len(s)
	}
	return 0, 0
}
