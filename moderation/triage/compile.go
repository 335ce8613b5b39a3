package triage

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"
)

// ruleSet is a compiled rule set. Static after compile.
type ruleSet struct {
	version string
	vocab   *vocabulary

	idioms, sentence, message patternIndex

	combos  []*rule
	signals []string
	mod     struct {
		negation, transparent, shield, past, again, recovery, media, other, filler, everyday int32
		yes, no, aside, unsure, fine                                                         int32
	}
	screening uint64 // the signal of an ESP's question about suicide or self-injury
	safety    uint64 // of a question whose no is the alarm
	proofs    []*ruleSource
}

type rule struct {
	name, owner string
	level       Level
	category    Category
	signals     uint64
	emits       uint64
	subjectMe   bool
	anyAuthor   bool
	message     bool
	combo       bool
	changed     bool // by a service

	ignore, lower, drop modifier
}

type elementKind uint8

const (
	conceptElement elementKind = iota
	gapElement
	startElement
	clauseElement
	endElement
	notElement
)

type element struct {
	kind     elementKind
	optional bool
	concept  int32
	n        int32
}

// pattern is one match line: parts that must all be found, in any order.
type pattern struct {
	rule     *rule
	parts    [][]element
	required []int32
}

// patternIndex finds the patterns worth trying by the rarest concept they need.
type patternIndex struct {
	anchors  []uint64
	byAnchor [][]*pattern
}

type compiler struct {
	src      *source
	set      *ruleSet
	concepts map[string]int32 // named and inline concepts
	inline   []inlineConcept
}

type inlineConcept struct {
	at           place
	alternatives []string
	id           int32
}

func compile(files []ruleFile) (*ruleSet, error) {
	src, err := parseFiles(files)
	if err != nil {
		return nil, err
	}
	set := &ruleSet{vocab: newVocabulary(), version: contentHash(files)}
	c := &compiler{src: src, set: set, concepts: map[string]int32{}}
	for i, name := range classNames {
		c.concepts[name] = int32(i)
	}
	for _, name := range src.order {
		c.concepts[name] = int32(len(c.concepts))
	}
	if err := c.reserved(); err != nil {
		return nil, err
	}
	var idioms, sentence, message []*pattern
	for _, rs := range src.rules {
		r := &rs.rule
		if r.signals, err = c.signalBits(rs.at, rs.sigNames); err != nil {
			return nil, err
		}
		if r.emits, err = c.signalBits(rs.at, rs.emitName); err != nil {
			return nil, err
		}
		set.proofs = append(set.proofs, rs)
		if r.combo {
			set.combos = append(set.combos, r)
		}
		for _, m := range rs.matches {
			p, err := c.pattern(r, m)
			if err != nil {
				return nil, err
			}
			switch {
			case rs.idiom:
				idioms = append(idioms, p)
			case r.message:
				message = append(message, p)
			default:
				sentence = append(sentence, p)
			}
		}
	}
	if set.screening, err = c.signalBits(place{file: "rules"}, []string{"screening"}); err != nil {
		return nil, err
	}
	if set.safety, err = c.signalBits(place{file: "rules"}, []string{"safety"}); err != nil {
		return nil, err
	}
	if err := c.words(); err != nil {
		return nil, err
	}
	common := c.commonness()
	set.idioms = c.index(idioms, common)
	set.sentence = c.index(sentence, common)
	set.message = c.index(message, common)
	return set, nil
}

func contentHash(files []ruleFile) string {
	h := sha256.New()
	for _, f := range files {
		h.Write([]byte(f.name + "\x00" + f.text + "\x00"))
	}
	h.Write(learnedData)
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// reserved finds the concepts that the engine itself uses.
func (c *compiler) reserved() error {
	m := &c.set.mod
	for name, to := range map[string]*int32{
		"mod.negation": &m.negation, "mod.transparent": &m.transparent, "mod.shield": &m.shield, "mod.past": &m.past,
		"mod.again": &m.again, "mod.recovery": &m.recovery, "mod.media": &m.media, "mod.other": &m.other,
		"mod.filler": &m.filler, "mod.everyday": &m.everyday, "answer.yes": &m.yes, "answer.no": &m.no, "answer.aside": &m.aside,
		"answer.unsure": &m.unsure, "answer.fine": &m.fine,
	} {
		id, ok := c.concepts[name]
		if !ok {
			return place{file: "rules"}.errorf("the concept %s is missing", name)
		}
		*to = id
	}
	return nil
}

func (c *compiler) signalBits(at place, names []string) (uint64, error) {
	var set uint64
	for _, name := range names {
		i := slices.Index(c.set.signals, name)
		if i < 0 {
			if i = len(c.set.signals); i == 64 {
				return 0, at.errorf("more than 64 signals")
			}
			c.set.signals = append(c.set.signals, name)
		}
		set |= 1 << i
	}
	return set, nil
}

func (c *compiler) pattern(r *rule, m phraseSource) (*pattern, error) {
	p := &pattern{rule: r}
	for part := range strings.SplitSeq(m.text, "&") {
		elements, err := c.elements(m.at, part)
		if err != nil {
			return nil, err
		}
		needs := false
		for _, e := range elements {
			if e.kind == conceptElement && !e.optional {
				needs = true
				if !slices.Contains(p.required, e.concept) {
					p.required = append(p.required, e.concept)
				}
			}
		}
		if !needs || elements[0].kind == gapElement || elements[len(elements)-1].kind == gapElement {
			return nil, m.at.errorf("a match needs a word, and neither begins nor ends with a gap: %q", strings.TrimSpace(part))
		}
		p.parts = append(p.parts, elements)
	}
	return p, nil
}

func (c *compiler) elements(at place, text string) ([]element, error) {
	var out []element
	for _, word := range splitOutside(strings.TrimSpace(text), ' ') {
		e := element{kind: conceptElement}
		switch {
		case word == "":
			continue
		case word == "<":
			e.kind = startElement
		case word == "|":
			e.kind = clauseElement
		case word == ">":
			e.kind = endElement
		case strings.HasPrefix(word, ".."):
			n, ok := gapSize(word)
			if !ok {
				return nil, at.errorf("a gap is ..1 to ..12, not %q", word)
			}
			e.kind, e.n = gapElement, n
		default:
			if strings.HasPrefix(word, "!") {
				e.kind, word = notElement, word[1:]
			}
			if word, e.optional = strings.CutSuffix(word, "?"); e.optional && e.kind == notElement {
				return nil, at.errorf("%q is both excluded and optional", word)
			}
			id, err := c.conceptOf(at, word)
			if err != nil {
				return nil, err
			}
			e.concept = id
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return nil, at.errorf("an empty match")
	}
	return out, nil
}

// conceptOf numbers @name, #class, (a|b c|@d) or a plain word. Equal inline groups share one number.
func (c *compiler) conceptOf(at place, word string) (int32, error) {
	if name, ok := strings.CutPrefix(word, "@"); ok {
		id, ok := c.concepts[name]
		if !ok {
			return 0, at.errorf("no concept %s", word)
		}
		return id, nil
	}
	if id, ok := c.concepts["="+word]; ok {
		return id, nil
	}
	var alternatives []string
	if inner, ok := strings.CutPrefix(word, "("); ok {
		inner, ok = strings.CutSuffix(inner, ")")
		if !ok || strings.ContainsAny(inner, "()") {
			return 0, at.errorf("unbalanced group %q", word)
		}
		alternatives = splitOutside(inner, '|')
	} else {
		if strings.ContainsAny(word, "()|") {
			return 0, at.errorf("unbalanced group %q", word)
		}
		alternatives = []string{word}
	}
	if len(alternatives) == 1 && strings.HasPrefix(alternatives[0], "#") {
		id, ok := c.concepts[alternatives[0]]
		if !ok {
			return 0, at.errorf("no built-in %s", alternatives[0])
		}
		return id, nil
	}
	id := int32(len(c.concepts))
	c.concepts["="+word] = id
	c.inline = append(c.inline, inlineConcept{at, alternatives, id})
	return id, nil
}

// membership is a phrase that belongs to a concept, spelled out.
type membership struct {
	words   []wordID
	concept int32
}

// words numbers every word, then fills the tries and bitsets.
func (c *compiler) words() error {
	v := c.set.vocab
	for _, w := range []string{"not", "am", "are", "have", "will", "would"} {
		v.id(w)
	}
	for i, name := range classNames {
		v.classWord[i] = v.id(name)
	}
	for _, e := range c.src.emoji {
		v.emoji[firstRune(e.from)] = v.id(e.to)
	}
	var all []membership
	for _, name := range c.src.order {
		list, err := c.spell(c.src.concepts[name].phrases, c.concepts[name], []string{name})
		if err != nil {
			return err
		}
		all = append(all, list...)
	}
	for _, in := range c.inline {
		var phrases []phraseSource
		for _, a := range in.alternatives {
			phrases = append(phrases, phraseSource{in.at, strings.TrimSpace(a)})
		}
		list, err := c.spell(phrases, in.id, nil)
		if err != nil {
			return err
		}
		all = append(all, list...)
	}
	for _, s := range c.src.shorthand {
		words, err := splitWords(s.at, s.to)
		if err != nil {
			return err
		}
		var ids []wordID
		for _, w := range words {
			ids = append(ids, v.id(w))
		}
		if _, twice := v.abbr[foldString(s.from)]; twice {
			return s.at.errorf("shorthand %q stands twice", s.from)
		}
		v.abbr[foldString(s.from)] = ids
	}
	for _, k := range c.src.known {
		v.known[foldString(k)] = struct{}{}
	}
	for _, h := range c.src.helplines {
		v.helpline[h] = struct{}{}
	}
	v.width = (len(c.concepts) + 63) / 64
	lists := make([][]int32, len(v.names))
	for _, m := range all {
		if len(m.words) == 1 {
			lists[m.words[0]] = append(lists[m.words[0]], m.concept)
		} else {
			v.addPhrase(m.words, m.concept)
		}
	}
	v.setConcepts(lists)
	named := make(map[int32]*conceptSource, len(c.src.order))
	for _, name := range c.src.order {
		named[c.concepts[name]] = c.src.concepts[name]
	}
	v.intent = make([]bool, len(v.names))
	for _, m := range all {
		s := named[m.concept]
		if s == nil {
			continue
		}
		for _, w := range m.words {
			if s.typos {
				v.allowTypos(w)
			}
			v.intent[w] = v.intent[w] || s.intent
		}
	}
	return nil
}

// spell opens braces and references of phrases; path guards against circles.
func (c *compiler) spell(phrases []phraseSource, id int32, path []string) ([]membership, error) {
	var out []membership
	for _, p := range phrases {
		if name, ok := strings.CutPrefix(p.text, "@"); ok {
			ref, ok := c.src.concepts[name]
			if !ok {
				return nil, p.at.errorf("no concept @%s", name)
			}
			if slices.Contains(path, name) {
				return nil, p.at.errorf("concept @%s contains itself", name)
			}
			list, err := c.spell(ref.phrases, id, append(slices.Clone(path), name))
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
			continue
		}
		texts, err := expand(p.text)
		if err != nil {
			return nil, p.at.errorf("%v", err)
		}
		for _, text := range texts {
			words, err := splitWords(p.at, text)
			if err != nil {
				return nil, err
			}
			var ids []wordID
			for _, w := range words {
				ids = append(ids, c.set.vocab.id(w))
			}
			out = append(out, membership{ids, id})
		}
	}
	return out, nil
}

var contractions = strings.NewReplacer("can't", "can not", "won't", "will not", "n't", " not", "'m", " am", "'re", " are", "'ve", " have", "'ll", " will", "'d", " would", "'", " ")

func foldString(s string) string {
	var b []byte
	for _, r := range s {
		b = fold(b, r)
	}
	return string(b)
}

// splitWords brings a phrase of a rule file into the same words that reading a text yields.
func splitWords(at place, phrase string) ([]string, error) {
	words := strings.Fields(contractions.Replace(foldString(strings.ReplaceAll(phrase, "’", "'"))))
	if len(words) == 0 {
		return nil, at.errorf("an empty phrase")
	}
	for _, w := range words {
		if strings.HasPrefix(w, "#") && slices.Contains(classNames[:], w) {
			continue
		}
		if strings.HasPrefix(w, ":") && strings.HasSuffix(w, ":") && len(w) > 2 {
			continue
		}
		for _, r := range w {
			if !isWordRune(r) || r == utf8.RuneError {
				return nil, at.errorf("%q is not a word that a text can contain", w)
			}
		}
	}
	return words, nil
}

// commonness counts in how many examples of the rules each concept occurs.
func (c *compiler) commonness() []int {
	count := make([]int, len(c.concepts))
	r := newReading(c.set)
	for _, rs := range c.set.proofs {
		for _, list := range [][]phraseSource{rs.positive, rs.negative} {
			for _, example := range list {
				r.prepare(example.text)
				clear(r.present)
				r.gather(r.present, 0, int32(len(r.tok)))
				for id := range count {
					if r.present[id>>6]&(1<<(id&63)) != 0 {
						count[id]++
					}
				}
			}
		}
	}
	return count
}

func (c *compiler) index(patterns []*pattern, common []int) patternIndex {
	ix := patternIndex{anchors: make([]uint64, c.set.vocab.width), byAnchor: make([][]*pattern, len(c.concepts))}
	for _, p := range patterns {
		slices.SortFunc(p.required, func(a, b int32) int { return cmp.Or(common[a]-common[b], int(a-b)) })
		anchor := p.required[0]
		ix.anchors[anchor>>6] |= 1 << (anchor & 63)
		ix.byAnchor[anchor] = append(ix.byAnchor[anchor], p)
	}
	return ix
}
