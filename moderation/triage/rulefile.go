package triage

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:embed rules
var ruleData embed.FS

// ruleFile is one *.rules file, or a section of one: its name and its text. Line is how many lines stand before it.
type ruleFile struct {
	name, text string
	line       int
	key        string // of a section
	changed    bool   // by a service
}

func embeddedRules() ([]ruleFile, error) {
	var files []ruleFile
	err := fs.WalkDir(ruleData, "rules", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(ruleData, path)
		files = append(files, ruleFile{name: path, text: string(text)})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("triage: read rules: %w", err)
	}
	return files, nil
}

// place is a line of a rule file; every complaint of the loader starts with one.
type place struct {
	file string
	line int

	section string // its key
	row     int    // in it
}

func (p place) errorf(format string, args ...any) error {
	return p.complaint(Complaint{What: WrongText, Detail: fmt.Sprintf(format, args...)})
}

func (p place) complaint(c Complaint) error {
	c.Section, c.Row, c.file, c.line = p.section, p.row, p.file, p.line
	return &c
}

// source is a rule set as written, before its words have numbers.
type source struct {
	concepts  map[string]*conceptSource
	order     []string
	shorthand []pairSource
	emoji     []pairSource
	known     []string
	helplines []string
	rules     []*ruleSource
	names     map[string]place
}

type conceptSource struct {
	at            place
	typos, intent bool
	phrases       []phraseSource
}

type phraseSource struct {
	at   place
	text string
}

type pairSource struct {
	at       place
	from, to string
}

type ruleSource struct {
	rule
	at       place
	idiom    bool
	matches  []phraseSource
	positive []phraseSource
	negative []phraseSource
	sigNames []string
	emitName []string
	has      map[string]bool
}

type parser struct {
	src     *source
	at      place
	section string
	changed bool
	concept *conceptSource
	rule    *ruleSource
}

func parseFiles(files []ruleFile) (*source, error) {
	p := &parser{src: &source{concepts: map[string]*conceptSource{}, names: map[string]place{}}}
	for _, f := range files {
		p.section, p.changed, p.rule, p.concept = "", f.changed, nil, nil
		for n, line := range strings.Split(f.text, "\n") {
			p.at = place{f.name, f.line + n + 1, f.key, n + 1}
			if t := strings.TrimSpace(line); t == "" || strings.HasPrefix(t, "# ") || t == "#" {
				continue
			}
			indented := line[0] == ' ' || line[0] == '\t'
			var err error
			if indented {
				err = p.body(strings.TrimSpace(line))
			} else {
				err = p.header(strings.Fields(line))
			}
			if err != nil {
				return nil, err
			}
		}
		if err := p.endRule(); err != nil {
			return nil, err
		}
	}
	return p.src, nil
}

func (p *parser) header(words []string) error {
	if err := p.endRule(); err != nil {
		return err
	}
	p.section, p.rule, p.concept = words[0], nil, nil
	switch words[0] {
	case "shorthand", "emoji", "known", "helplines":
		if len(words) != 1 {
			return p.at.errorf("%s takes no name", words[0])
		}
	case "concept":
		if len(words) < 2 {
			return p.at.errorf("a concept needs a name")
		}
		c := p.src.concepts[words[1]]
		if c == nil {
			c = &conceptSource{at: p.at}
			p.src.concepts[words[1]] = c
			p.src.order = append(p.src.order, words[1])
		}
		for _, flag := range words[2:] {
			switch flag {
			case "typos":
				c.typos = true
			case "intent":
				c.intent = true
			default:
				return p.at.errorf("unknown mark %q on a concept", flag)
			}
		}
		p.concept = c
	case "rule", "combine", "idiom":
		if len(words) != 2 {
			return p.at.errorf("%s needs exactly one name", words[0])
		}
		if first, ok := p.src.names[words[1]]; ok {
			return p.at.errorf("the name %s is taken by %s:%d", words[1], first.file, first.line)
		}
		p.src.names[words[1]] = p.at
		p.rule = &ruleSource{rule: rule{changed: p.changed}, at: p.at, idiom: words[0] == "idiom", has: map[string]bool{}}
		p.rule.name, p.rule.combo = words[1], words[0] == "combine"
	default:
		return p.at.errorf("unknown section %q", words[0])
	}
	return nil
}

func (p *parser) body(line string) error {
	here := phraseSource{p.at, line}
	switch p.section {
	case "concept":
		for _, phrase := range splitOutside(line, ',') {
			if phrase = strings.TrimSpace(phrase); phrase != "" {
				p.concept.phrases = append(p.concept.phrases, phraseSource{p.at, phrase})
			}
		}
	case "shorthand", "emoji":
		from, to, ok := strings.Cut(line, "=")
		if !ok {
			return p.at.errorf("want: short = full")
		}
		for f := range strings.FieldsSeq(from) {
			pair := pairSource{p.at, f, strings.TrimSpace(to)}
			if p.section == "emoji" {
				p.src.emoji = append(p.src.emoji, pair)
			} else {
				p.src.shorthand = append(p.src.shorthand, pair)
			}
		}
	case "known":
		p.src.known = append(p.src.known, strings.Fields(line)...)
	case "helplines":
		p.src.helplines = append(p.src.helplines, strings.ReplaceAll(line, " ", ""))
	case "rule", "combine", "idiom":
		return p.ruleLine(here)
	default:
		return p.at.errorf("a line outside every section")
	}
	return nil
}

func (p *parser) ruleLine(line phraseSource) error {
	r := p.rule
	key, rest, _ := strings.Cut(line.text, " ")
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return p.at.errorf("%s needs a value", key)
	}
	switch key {
	case "match":
		r.matches = append(r.matches, phraseSource{p.at, rest})
		return nil
	case "+":
		r.positive = append(r.positive, phraseSource{p.at, rest})
		return nil
	case "-":
		r.negative = append(r.negative, phraseSource{p.at, rest})
		return nil
	}
	if r.has[key] {
		return p.at.errorf("%s stands twice", key)
	}
	r.has[key] = true
	switch key {
	case "level":
		l, err := ParseLevel(rest)
		if err != nil || l == Unscored {
			return p.at.errorf("no level %q", rest)
		}
		r.level = l
	case "category":
		r.category = Category(rest)
		if !slices.Contains(categories, r.category) {
			return p.at.errorf("no category %q", rest)
		}
	case "owner":
		r.owner = rest
	case "subject":
		if rest != "me" && rest != "any" {
			return p.at.errorf("subject is me or any, not %q", rest)
		}
		r.subjectMe = rest == "me"
	case "author":
		if rest != "any" && rest != "user" {
			return p.at.errorf("author is user or any, not %q", rest)
		}
		r.anyAuthor = rest == "any"
	case "scope":
		if rest != "sentence" && rest != "message" {
			return p.at.errorf("scope is sentence or message, not %q", rest)
		}
		r.message = rest == "message"
	case "signal", "signals":
		r.sigNames = strings.Fields(rest)
	case "emits":
		r.emitName = strings.Fields(rest)
	case "ignore", "lower", "drop":
		var set modifier
		for name := range strings.FieldsSeq(rest) {
			i := slices.Index(modifierNames, name)
			if i < 0 {
				return p.at.errorf("no modifier %q", name)
			}
			set |= 1 << i
		}
		switch key {
		case "ignore":
			r.ignore = set
		case "lower":
			r.lower |= set
		case "drop":
			r.drop |= set
		}
	case "hold", "block", "hide", "delay":
		return p.at.errorf("%s: reading a text never holds, blocks, hides or delays it", key)
	default:
		return p.at.errorf("unknown field %q", key)
	}
	return nil
}

// endRule checks that the rule just read is whole.
func (p *parser) endRule() error {
	r := p.rule
	if r == nil {
		return nil
	}
	p.rule = nil
	if r.idiom {
		if len(r.matches) == 0 {
			return r.at.errorf("idiom %s matches nothing", r.name)
		}
		p.src.rules = append(p.src.rules, r)
		return nil
	}
	for _, field := range []string{"level", "category", "owner"} {
		if !r.has[field] {
			return r.at.errorf("rule %s has no %s", r.name, field)
		}
	}
	switch {
	case r.combo && (len(r.matches) > 0 || len(r.sigNames) == 0):
		return r.at.errorf("combine %s takes signals and no match", r.name)
	case !r.combo && len(r.matches) == 0:
		return r.at.errorf("rule %s matches nothing", r.name)
	case len(r.positive) == 0:
		return r.at.errorf("rule %s has no example that it must find", r.name)
	case len(r.negative) == 0:
		return r.at.errorf("rule %s has no example that it must leave alone", r.name)
	case r.level == None && len(r.sigNames) == 0:
		return r.at.errorf("rule %s has neither a level nor a signal", r.name)
	}
	r.drop |= (modNegated | modTitle | modRecovery | modOther) &^ r.lower
	r.lower |= modPast &^ r.drop
	p.src.rules = append(p.src.rules, r)
	return nil
}

// splitOutside splits at sep where it stands outside braces and parentheses.
func splitOutside(s string, sep byte) []string {
	var out []string
	depth, from := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '{', '(':
			depth++
		case '}', ')':
			depth--
		case sep:
			if depth == 0 {
				out = append(out, s[from:i])
				from = i + 1
			}
		}
	}
	return append(out, s[from:])
}

// expand opens uccid{o,e,ere} into its words; groups may follow each other, not nest.
func expand(s string) ([]string, error) {
	if list, err := expandAll(s); err != nil || len(list) <= maxExpanded {
		return list, err
	}
	return nil, fmt.Errorf("more than %d words in %q", maxExpanded, s)
}

// maxExpanded bounds what the braces of one phrase open into.
const maxExpanded = 500

func expandAll(s string) ([]string, error) {
	open := strings.IndexByte(s, '{')
	if open < 0 {
		if strings.IndexByte(s, '}') >= 0 {
			return nil, fmt.Errorf("a brace closes that was not opened in %q", s)
		}
		return []string{s}, nil
	}
	shut := strings.IndexByte(s, '}')
	if shut < open {
		return nil, fmt.Errorf("an open brace in %q", s)
	}
	tails, err := expand(s[shut+1:])
	if err != nil {
		return nil, err
	}
	var out []string
	for mid := range strings.SplitSeq(s[open+1:shut], ",") {
		for _, tail := range tails {
			out = append(out, s[:open]+strings.TrimSpace(mid)+tail)
		}
	}
	return out, nil
}

// gapSize reads "..3".
func gapSize(s string) (int32, bool) {
	n, err := strconv.ParseInt(strings.TrimPrefix(s, ".."), 10, 32)
	return int32(n), err == nil && n > 0 && n <= 12
}
