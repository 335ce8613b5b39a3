package triage

import "slices"

// wordID numbers the distinct words that rules know. Everything else people write is unknown (-1).
type wordID = int32

const unknown wordID = -1

// vocabulary holds every word of the rules, their misspellings and the phrases built from them. Static after compile.
type vocabulary struct {
	ids   map[string]wordID
	abbr  map[string][]wordID // SMS and chat shorthand, contractions without apostrophe
	emoji map[rune]wordID
	known map[string]struct{} // ordinary words that are never corrected into a word of the rules

	classWord [classCount]wordID // the word that stands for a class in groups of alternatives

	risk     []bool                // by word: misspellings are recognised
	risky    [maxWord + 1][]wordID // risk words by length
	intent   []bool                // by word: may be written together with the next word
	squeezed map[string]wordID     // risk words with every doubled letter made single
	near     map[uint64]nearTwo    // hash of a risk word with at most one letter removed
	nearBits []uint64              // Bloom-like filter before near: most words of a message stop here

	first    []int32             // by word: trie node after it, or 0
	next     map[uint64]int32    // node<<32|word -> node
	outcomes [][]int32           // by node: concepts that end here
	concepts []int32             // of all words, one after the other: those a word is in by itself, in order
	from     []int32             // by word: where its concepts begin; one more at the end
	width    int                 // uint64s of a set of concepts
	names    []string            // by word
	helpline map[string]struct{} // digits of numbers that are nobody's private number
}

// nearTwo keeps up to two risk words for one deletion, since "die"-like stems collide.
type nearTwo struct{ a, b wordID }

func newVocabulary() *vocabulary {
	return &vocabulary{
		ids: map[string]wordID{}, abbr: map[string][]wordID{}, emoji: map[rune]wordID{}, known: map[string]struct{}{},
		squeezed: map[string]wordID{}, near: map[uint64]nearTwo{}, nearBits: make([]uint64, 1<<12),
		next: map[uint64]int32{}, outcomes: make([][]int32, 1), helpline: map[string]struct{}{},
	}
}

func (v *vocabulary) id(word string) wordID {
	if id, ok := v.ids[word]; ok {
		return id
	}
	id := wordID(len(v.names))
	v.ids[word] = id
	v.names = append(v.names, word)
	v.first = append(v.first, 0)
	v.risk = append(v.risk, false)
	return id
}

// setConcepts says which concepts each word is in by itself.
func (v *vocabulary) setConcepts(lists [][]int32) {
	v.from = make([]int32, 1, len(lists)+1)
	for _, list := range lists {
		slices.Sort(list)
		v.concepts = append(v.concepts, slices.Compact(list)...)
		v.from = append(v.from, int32(len(v.concepts)))
	}
}

// conceptsOf are those a word is in by itself, in order.
func (v *vocabulary) conceptsOf(w wordID) []int32 { return v.concepts[v.from[w]:v.from[w+1]] }

// addPhrase makes a phrase of two or more words a member of a concept.
func (v *vocabulary) addPhrase(words []wordID, concept int32) {
	node := v.first[words[0]]
	if node == 0 {
		node = v.newNode()
		v.first[words[0]] = node
	}
	for _, w := range words[1:] {
		key := uint64(node)<<32 | uint64(uint32(w))
		to, ok := v.next[key]
		if !ok {
			to = v.newNode()
			v.next[key] = to
		}
		node = to
	}
	v.outcomes[node] = append(v.outcomes[node], concept)
}

func (v *vocabulary) newNode() int32 {
	v.outcomes = append(v.outcomes, nil)
	return int32(len(v.outcomes) - 1)
}

const (
	minFuzzy    = 5 // shorter words have too many honest neighbours
	maxWord     = 40
	hashSeed    = 1469598103934665603
	hashFactor  = 1099511628211
	nearBitMask = 1<<18 - 1
)

func hashSkip(word []byte, skip int) uint64 {
	h := uint64(hashSeed)
	for i, c := range word {
		if i != skip {
			h = (h ^ uint64(c)) * hashFactor
		}
	}
	return h
}

// allowTypos makes misspellings of a word recognised.
func (v *vocabulary) allowTypos(id wordID) {
	word := v.names[id]
	if v.risk[id] || len(word) < minFuzzy || len(word) > maxWord {
		return
	}
	v.risk[id] = true
	v.risky[len(word)] = append(v.risky[len(word)], id)
	if sq := string(squeeze(nil, []byte(word))); v.squeezed[sq] == 0 {
		v.squeezed[sq] = id + 1
	}
	for skip := -1; skip < len(word); skip++ {
		if skip == 0 {
			continue // the first letter is almost never the wrong one, and guards against "foglio" for "voglio"
		}
		h := hashSkip([]byte(word), skip)
		two := v.near[h]
		switch {
		case two.a == 0:
			two.a = id + 1
		case two.a != id+1 && two.b == 0:
			two.b = id + 1
		}
		v.near[h] = two
		v.nearBits[(h&nearBitMask)>>6] |= 1 << (h & 63)
	}
}

func squeeze(dst, word []byte) []byte {
	for i, c := range word {
		if i == 0 || c != word[i-1] {
			dst = append(dst, c)
		}
	}
	return dst
}

// correct finds the risk word that an unknown word misspells by one letter or one swap, or doubles wrongly.
func (v *vocabulary) correct(word, tmp []byte) wordID {
	if len(word) < minFuzzy-1 || len(word) > maxWord {
		return unknown
	}
	if _, ok := v.known[string(word)]; ok {
		return unknown
	}
	tmp = squeeze(tmp[:0], word)
	if id := v.squeezed[string(tmp)]; id != 0 && len(tmp) >= 4 {
		return id - 1
	}
	for skip := -1; skip < len(word); skip++ {
		if skip == 0 {
			continue
		}
		h := hashSkip(word, skip)
		if v.nearBits[(h&nearBitMask)>>6]&(1<<(h&63)) == 0 {
			continue
		}
		two := v.near[h]
		for _, id := range [2]wordID{two.a - 1, two.b - 1} {
			if id >= 0 && oneSlip(word, v.names[id]) {
				return id
			}
		}
	}
	return unknown
}

// oneSlip reports whether a and b differ by one letter left out, added, changed or swapped with its neighbour.
func oneSlip(a []byte, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	tail := func(x, y int) bool { return string(a[min(x, len(a)):]) == b[min(y, len(b)):] }
	switch {
	case len(a) == len(b):
		if tail(i+1, i+1) {
			return true
		}
		return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && tail(i+2, i+2)
	case len(a)+1 == len(b):
		return tail(i, i+1)
	case len(a) == len(b)+1:
		return tail(i+1, i)
	}
	return false
}
