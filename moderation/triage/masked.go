package triage

// masked reads amma**armi and suic**e: letters hidden behind stars, one star each, when the letters shown fit a word of the rules. At least three letters, and at least half of the word, must be shown.
func (r *reading) masked(i int) int {
	n := i + 1
	for n < len(r.raw) && n-i < 6 && r.raw[n].glue == '*' && r.raw[n].class < 0 {
		n++
	}
	if n-i < 2 {
		return 0
	}
	r.word = append(r.word[:0], r.text(&r.raw[i])...)
	shown := len(r.word)
	for k := i + 1; k < n; k++ {
		for range r.raw[k].start - r.raw[k-1].end {
			r.word = append(r.word, '*')
		}
		r.word = append(r.word, r.text(&r.raw[k])...)
		shown += int(r.raw[k].ne - r.raw[k].ns)
	}
	if shown < 3 || 2*shown < len(r.word) || len(r.word) > maxWord {
		return 0
	}
	for _, id := range r.set.vocab.risky[len(r.word)] {
		r.steps++
		if fits(r.word, r.set.vocab.names[id]) {
			whole := r.raw[i]
			whole.end, whole.ne = r.raw[n-1].end, r.raw[n-1].ne
			r.emit(whole, id)
			return n - i
		}
	}
	return 0
}

func fits(pattern []byte, word string) bool {
	for i, c := range pattern {
		if c != '*' && c != word[i] {
			return false
		}
	}
	return true
}

// cutUp reads "sui cid armi": a word of the rules written in two to four pieces, the second of which is no word.
func (r *reading) cutUp(i int) int {
	for n := i + 2; n <= i+4 && n <= len(r.raw); n++ {
		last := r.raw[n-1]
		for _, t := range r.raw[i+1 : n] {
			if t.flags&(startsSentence|startsClause) != 0 || t.class >= 0 || t.ne-t.ns > 6 {
				return 0
			}
		}
		joined := r.buf[r.raw[i].ns:last.ne]
		if len(joined) < 6 || len(joined) > maxWord {
			continue
		}
		r.steps++
		if id, ok := r.set.vocab.ids[string(joined)]; ok && r.set.vocab.risk[id] {
			whole := r.raw[i]
			whole.end, whole.ne = last.end, last.ne
			r.emit(whole, id)
			return n - i
		}
	}
	return 0
}
