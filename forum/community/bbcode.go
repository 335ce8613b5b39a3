package community

import (
	"encoding/xml"
	"errors"
	"html"
	"io"
	"regexp"
	"strings"
)

// phpBB keeps texts in one of two ways: since 3.2 as XML in which what was typed stands beside what it means, before as BBCode whose marks carry a number of the post's own.
var (
	smilies   = regexp.MustCompile(`<!-- s(.*?) --><img [^>]*><!-- s.*? -->`)
	autolinks = regexp.MustCompile(`<!-- [mlwe] --><a [^>]*href="([^"]*)"[^>]*>.*?</a><!-- [mlwe] -->`)
	lineBreak = regexp.MustCompile(`<br\s*/?>\n?`)
	bbmark    = regexp.MustCompile(`\[(/?)([a-zA-Z*]+)(?::[a-z0-9]+)?(?:=((?:"[^"]*"|[^\]"])*?))?(?::[a-z0-9]+)*\]`)
)

// fromPHPBB is the Markdown of a text as phpBB keeps it.
func fromPHPBB(text string) string {
	if strings.HasPrefix(text, "<r>") || strings.HasPrefix(text, "<t>") {
		if out, err := fromXML(text); err == nil {
			return out
		}
	}
	text = smilies.ReplaceAllString(text, "$1")
	text = autolinks.ReplaceAllString(text, "$1")
	text = lineBreak.ReplaceAllString(text, "\n")
	return fromBBCode(html.UnescapeString(text))
}

// fromXML reads what phpBB 3.2 and later keep.
func fromXML(text string) (string, error) {
	m := newMarkdown()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = false
	typed := 0 // open elements that only say what was typed for a mark
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return m.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch name := t.Name.Local; name {
			case "s", "e", "i":
				typed++
			case "br", "r", "t", "p", "E":
			default:
				m.begin(name, value(t))
			}
		case xml.EndElement:
			switch name := t.Name.Local; name {
			case "s", "e", "i":
				typed--
			case "br", "r", "t", "p", "E":
			default:
				m.end(name)
			}
		case xml.CharData:
			if typed == 0 {
				m.say(string(t))
			}
		}
	}
}

// value is what an element is about: the address of a link, whom a quote is of, the kind of a list.
func value(t xml.StartElement) string {
	for _, name := range []string{"url", "author", "type"} {
		for _, a := range t.Attr {
			if a.Name.Local == name {
				if name == "type" && a.Value == "decimal" {
					return "1"
				}
				return a.Value
			}
		}
	}
	return ""
}

// fromBBCode reads marks in square brackets. An item of a list ends where the next begins.
func fromBBCode(text string) string {
	m := newMarkdown()
	at := 0
	for _, x := range bbmark.FindAllStringSubmatchIndex(text, -1) {
		m.say(text[at:x[0]])
		at = x[1]
		name, closes := strings.ToUpper(text[x[4]:x[5]]), x[3] > x[2]
		given := ""
		if x[6] >= 0 {
			given = strings.Trim(text[x[6]:x[7]], `"`)
		}
		switch {
		case !known[name]:
			m.say(text[x[0]:x[1]])
		case name == "*":
			if m.top().name == "LI" {
				m.end("LI")
			}
			if !closes {
				m.begin("LI", "")
			}
		case closes:
			m.end(name)
		default:
			m.begin(name, given)
		}
	}
	m.say(text[at:])
	return m.String()
}

// known are the marks that are no words of somebody's own.
var known = map[string]bool{
	"B": true, "I": true, "U": true, "S": true, "QUOTE": true, "LIST": true, "*": true, "URL": true, "IMG": true, "COLOR": true, "SIZE": true, "CODE": true,
	"EMAIL": true, "ATTACHMENT": true, "SPOILER": true,
}
