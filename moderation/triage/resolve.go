package triage

// resolve turns raw tokens into the words rules know: shorthand spelled out, contractions opened, disguises and slips
// undone. Every resulting token keeps the place of what was written.
func (r *reading) resolve() {
	for i := 0; i < len(r.raw); {
		i += r.resolveAt(i)
	}
}

func (r *reading) text(t *token) []byte { return r.buf[t.ns:t.ne] }

func (r *reading) emit(t token, w wordID) {
	if len(r.tok) > 0 && r.tok[len(r.tok)-1].start == t.start {
		t.flags &^= startsSentence | startsClause
	}
	t.word = w
	r.tok = append(r.tok, t)
}

// resolveAt resolves the raw token i (with others, if it is part of a disguise) and says how many it used.
func (r *reading) resolveAt(i int) int {
	v := r.set.vocab
	t := r.raw[i]
	r.steps++
	if t.class >= 0 {
		t.word = v.classWord[t.class]
	}
	if t.word != unknown {
		r.emit(t, t.word)
		return 1
	}
	w := r.text(&t)
	if t.flags&apostrophe != 0 && r.contraction(t, w) {
		return 1
	}
	if len(w) == 1 && i+2 < len(r.raw) {
		if n := r.spacedOut(i); n > 0 {
			return n
		}
	}
	if i+1 < len(r.raw) && r.raw[i+1].glue != 0 {
		if n := r.glued(i); n > 0 {
			return n
		}
		if n := r.masked(i); n > 0 {
			return n
		}
	}
	if i+1 < len(r.raw) && !r.isWord(i+1) {
		if n := r.cutUp(i); n > 0 {
			return n
		}
	}
	if r.plain(t, w) {
		return 1
	}
	digits, letters := 0, 0
	for _, c := range w {
		if '0' <= c && c <= '9' {
			digits++
		} else {
			letters++
		}
	}
	if digits > 0 {
		if letters == 0 {
			t.class = classNumber
		} else if r.leet(t, w) {
			return 1
		}
		r.emit(t, unknown)
		return 1
	}
	if r.unstretched(t, w) {
		return 1
	}
	if i+1 < len(r.raw) && r.shiftedSpace(i) {
		return 2
	}
	if id := v.correct(w, r.tmp[:0]); id != unknown {
		r.emit(t, id)
		return 1
	}
	if r.runTogether(t, w) {
		return 1
	}
	r.emit(t, unknown)
	return 1
}

// plain takes a word as written, or its shorthand.
func (r *reading) plain(t token, w []byte) bool {
	v := r.set.vocab
	if full, ok := v.abbr[string(w)]; ok {
		for _, id := range full {
			r.emit(t, id)
		}
		return true
	}
	id, ok := v.ids[string(w)]
	if !ok {
		return false
	}
	if w[0] >= '0' && w[0] <= '9' {
		t.class = classNumber
	}
	r.emit(t, id)
	return true
}

// contraction opens the English endings after an apostrophe: don't, I'm, they'll.
func (r *reading) contraction(t token, w []byte) bool {
	var full string
	switch string(w) {
	case "t":
		full = "not"
	case "m":
		full = "am"
	case "re":
		full = "are"
	case "ve":
		full = "have"
	case "ll":
		full = "will"
	case "d":
		full = "would"
	default:
		return false
	}
	v := r.set.vocab
	if full == "not" && len(r.tok) > 0 {
		last := &r.tok[len(r.tok)-1]
		stem := r.buf[last.ns:last.ne]
		switch {
		case len(stem) < 2 || stem[len(stem)-1] != 'n':
			return false
		case string(stem) == "can":
		case string(stem) == "won":
			last.word = v.ids["will"]
		default:
			last.word = unknown
			if id, ok := v.ids[string(stem[:len(stem)-1])]; ok {
				last.word = id
			}
		}
	}
	r.emit(t, v.ids[full])
	return true
}

// spacedOut joins s p a c e d or d.o.t.t.e.d letters into the words they spell.
func (r *reading) spacedOut(i int) int {
	n := i
	for n < len(r.raw) && n-i < 40 && r.raw[n].ne-r.raw[n].ns == 1 && r.raw[n].flags&apostrophe == 0 && r.raw[n].class < 0 && r.raw[n].word == unknown {
		n++
	}
	if n-i < 3 {
		return 0
	}
	joined := r.buf[r.raw[i].ns:r.raw[n-1].ne]
	whole := r.raw[i]
	whole.end, whole.ne = r.raw[n-1].end, r.raw[n-1].ne
	if _, ok := r.set.vocab.abbr[string(joined)]; ok {
		r.plain(whole, joined)
		return n - i
	}
	// Longest words first; the longest must be a real word, or "a b c" would become rules' small words.
	var cut [20]int
	parts, longest := 0, 0
	for at := 0; at < len(joined); {
		size := 0
		for to := len(joined); to > at; to-- {
			r.steps++
			if _, ok := r.set.vocab.ids[string(joined[at:to])]; ok {
				size = to - at
				break
			}
		}
		if size == 0 || parts == len(cut) {
			if id := r.set.vocab.correct(joined, r.tmp[:0]); id != unknown {
				r.emit(whole, id)
				return n - i
			}
			return 0
		}
		at += size
		cut[parts] = at
		parts++
		longest = max(longest, size)
	}
	if longest < 4 {
		return 0
	}
	from := 0
	for _, to := range cut[:parts] {
		part := whole
		part.start = r.raw[i+from].start
		part.end = r.raw[i+to-1].end
		part.ns, part.ne = r.raw[i+from].ns, r.raw[i+to-1].ne
		if from > 0 {
			part.flags &^= startsSentence | startsClause
		}
		r.emit(part, r.set.vocab.ids[string(joined[from:to])])
		from = to
	}
	return n - i
}

// leetLetter gives the letter a digit or sign stands for, or 0 when it only pads.
func leetLetter(c byte, one byte) byte {
	switch c {
	case '0':
		return 'o'
	case '1', '!', '|':
		return one
	case '3':
		return 'e'
	case '4', '@':
		return 'a'
	case '5', '$':
		return 's'
	case '7', '+':
		return 't'
	case '8':
		return 'b'
	case '9':
		return 'g'
	}
	return 0
}

// glued joins su!cidio, k-m-s, mor*re: parts without a space between, when together they make a word of the rules.
func (r *reading) glued(i int) int {
	v := r.set.vocab
	n := i + 1
	allKnown := r.isWord(i)
	for n < len(r.raw) && n-i < 12 && r.raw[n].glue != 0 && r.raw[n].class < 0 {
		allKnown = allKnown && r.isWord(n)
		n++
	}
	if n-i < 2 || allKnown {
		return 0
	}
	for _, one := range [2]byte{'i', 'l'} {
		r.word = r.word[:0]
		for k := i; k < n; k++ {
			r.steps++
			if k > i {
				if c := leetLetter(r.raw[k].glue, one); c != 0 {
					r.word = append(r.word, c)
				}
			}
			for _, c := range r.text(&r.raw[k]) {
				if m := leetLetter(c, one); m != 0 {
					c = m
				}
				r.word = append(r.word, c)
			}
		}
		if len(r.word) < 3 || len(r.word) > maxWord {
			return 0
		}
		whole := r.raw[i]
		whole.end = r.raw[n-1].end
		whole.ne = r.raw[n-1].ne
		if (len(r.word) >= 4 || n-i == 2 && leetLetter(r.raw[i+1].glue, one) != 0) && r.plain(whole, r.word) {
			return n - i
		}
		if _, ok := v.abbr[string(r.word)]; ok && r.plain(whole, r.word) {
			return n - i
		}
		if id := v.correct(r.word, r.tmp[:0]); id != unknown {
			r.emit(whole, id)
			return n - i
		}
	}
	return 0
}

func (r *reading) isWord(i int) bool {
	w := r.text(&r.raw[i])
	if len(w) < 2 {
		return false
	}
	_, ok := r.set.vocab.ids[string(w)]
	return ok
}

// leet undoes digits inside words, only where that yields a word of the rules.
func (r *reading) leet(t token, w []byte) bool {
	for _, one := range [2]byte{'i', 'l'} {
		r.word = r.word[:0]
		for _, c := range w {
			if m := leetLetter(c, one); m != 0 {
				c = m
			}
			r.word = append(r.word, c)
		}
		if r.plain(t, r.word) || r.unstretched(t, r.word) {
			return true
		}
		if id := r.set.vocab.correct(r.word, r.tmp[:0]); id != unknown {
			r.emit(t, id)
			return true
		}
	}
	return false
}

// unstretched undoes morireee and diiie.
func (r *reading) unstretched(t token, w []byte) bool {
	stretched := false
	for i := 1; i < len(w); i++ {
		if w[i] == w[i-1] && (i == len(w)-1 || i > 1 && w[i] == w[i-2]) {
			stretched = true
			break
		}
	}
	if !stretched {
		return false
	}
	for keep := 1; keep <= 2; keep++ {
		r.word2 = r.word2[:0]
		for i := 0; i < len(w); {
			run := i
			for run < len(w) && w[run] == w[i] {
				run++
			}
			n := run - i
			if n >= 3 || run == len(w) {
				n = min(n, keep)
			}
			for ; n > 0; n-- {
				r.word2 = append(r.word2, w[i])
			}
			i = run
		}
		if r.plain(t, r.word2) {
			return true
		}
	}
	if id := r.set.vocab.correct(r.word2, r.tmp[:0]); id != unknown {
		r.emit(t, id)
		return true
	}
	return false
}

// shiftedSpace undoes "vogli omorire" and "uccider mi": the space stands in the wrong place.
func (r *reading) shiftedSpace(i int) bool {
	v := r.set.vocab
	a, b := r.raw[i], r.raw[i+1]
	la, lb := int(a.ne-a.ns), int(b.ne-b.ns)
	if b.flags&(startsSentence|startsClause) != 0 || b.class >= 0 || b.word != unknown || la+lb < 5 || la > 20 || lb > 20 || a.ne != b.ns {
		return false
	}
	both := r.buf[a.ns:b.ne]
	if id, ok := v.ids[string(both)]; ok && v.risk[id] {
		whole := a
		whole.end, whole.ne = b.end, b.ne
		r.emit(whole, id)
		return true
	}
	for _, shift := range [2]int{-1, 1} {
		cut := la + shift
		if cut < 2 || len(both)-cut < 2 {
			continue
		}
		x, okx := v.ids[string(both[:cut])]
		y, oky := v.ids[string(both[cut:])]
		if okx && oky && (v.risk[x] || v.risk[y] || cut >= 4 && len(both)-cut <= 3) {
			r.emit(a, x)
			r.emit(b, y)
			return true
		}
	}
	return false
}

// runTogether splits vogliomorire and wannadie into two words, one of which must be a risk word.
func (r *reading) runTogether(t token, w []byte) bool {
	v := r.set.vocab
	if len(w) < 7 || len(w) > maxWord {
		return false
	}
	if _, ok := v.known[string(w)]; ok {
		return false
	}
	for cut := len(w) - 3; cut >= 4; cut-- {
		r.steps++
		x, ok := v.ids[string(w[:cut])]
		if !ok {
			continue
		}
		y, ok := v.ids[string(w[cut:])]
		if ok && v.intent[x] && v.risk[y] || ok && v.intent[x] && len(w)-cut == 3 {
			first := t
			r.emit(first, x)
			second := t
			second.flags &^= startsSentence | startsClause
			r.emit(second, y)
			return true
		}
	}
	return false
}
