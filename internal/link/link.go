// Package link says where people may be led out of Ponti, and what they see of it first: the host, never only words that somebody chose.
package link

import (
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

// Rel says of a link out of Ponti that we neither vouch for it nor tell the other side where a reader comes from.
const Rel = "noopener noreferrer nofollow ugc"

// RelLeaving is Rel for a link to the page that stands before the way out, which may know where its reader comes from.
const RelLeaving = "noopener nofollow ugc"

// Leaving is the path of that page for an address that Target gave.
func Leaving(href string) string { return "/leaving?to=" + url.QueryEscape(href) }

var (
	mailAddress = regexp.MustCompile(`^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}$`)
	phoneNumber = regexp.MustCompile(`^\+?[0-9]{2,15}$`)
	phoneFiller = strings.NewReplacer(" ", "", ".", "", "-", "", "(", "", ")", "", "/", "")
)

// Target returns the target to link to and what to show of it: the host, the address, the number. Both are empty when we do not
// link there: other schemes, a name before the host (https://bank@evil), hosts that are not plain names.
func Target(dest string) (href, shown string) {
	u, err := url.Parse(strings.TrimSpace(dest))
	if err != nil {
		return "", ""
	}
	switch u.Scheme {
	case "https":
		// ToASCII shows look-alike letters of other scripts for what they are: xn--…
		host, err := idna.Lookup.ToASCII(u.Hostname())
		if err != nil || host == "" || u.User != nil || u.Opaque != "" {
			return "", ""
		}
		if p := u.Port(); p != "" {
			host += ":" + p
		}
		u.Host = host
		return u.String(), host
	case "mailto":
		if addr, err := url.PathUnescape(u.Opaque); err == nil && mailAddress.MatchString(addr) {
			return "mailto:" + addr, addr
		}
	case "tel":
		if number := phoneFiller.Replace(strings.ReplaceAll(u.Opaque, "%20", "")); phoneNumber.MatchString(number) {
			return "tel:" + number, number
		}
	}
	return "", ""
}

// Outside is Target for addresses of the web alone.
func Outside(dest string) (href, host string) {
	if href, host = Target(dest); !strings.HasPrefix(href, "https:") {
		return "", ""
	}
	return href, host
}

// Piece is a part of a text: an address of the web with where it leads, or what stands between.
type Piece struct {
	Text, Href, Host string // Href and Host are empty for what is no address
}

// address is what looks like one; signs at its end belong to the sentence. web/assets/js/links.js finds the same.
var address = regexp.MustCompile(`https://[^\s<>"']+`)

const ends = ".,;:!?)]}»”’"

// Split cuts a text at the addresses in it. The pieces together are the text.
func Split(text string) []Piece {
	var list []Piece
	at := 0
	for _, found := range address.FindAllStringIndex(text, -1) {
		start, end := found[0], found[0]+len(strings.TrimRight(text[found[0]:found[1]], ends))
		href, host := Outside(text[start:end])
		if href == "" {
			continue
		}
		if start > at {
			list = append(list, Piece{Text: text[at:start]})
		}
		list = append(list, Piece{text[start:end], href, host})
		at = end
	}
	if at < len(text) {
		list = append(list, Piece{Text: text[at:]})
	}
	return list
}
