package triage

// windowTurns is how many messages of the person are read together.
const windowTurns = 20

// splitTurns is how many of the newest messages are joined to find a sentence sent in pieces, and splitWordsMax how
// many words a piece may have to count as one.
const (
	splitTurns    = 4
	splitWordsMax = 4
)

// ambersForRed is how many faint signs about oneself, in different messages or of different kinds, make a red.
const ambersForRed = 3

type turnSigns struct {
	signals uint64
	ambers  []Category
}

// ReadTurns reads a conversation, oldest turn first. The level is the highest after any turn: it only rises. Besides
// every message alone it reads sentences sent in pieces, signs that only together mean danger (a wish in one message,
// means in the next), the person's answer to an ESP's screening question, and ambers that add up. The only error is
// ErrBudget.
func (e *Engine) ReadTurns(turns []Turn) (Verdict, error) {
	r := e.borrow()
	defer e.scratch.Put(r)
	v := Verdict{Level: None, Category: CategoryNone, Version: e.set.version}
	var (
		window []turnSigns
		pieces []string
		asked  uint64
	)
	for _, t := range turns {
		if err := r.read(t.Text, t.Author); err != nil {
			return Verdict{Level: Unscored, Category: CategoryNone, Version: e.set.version}, err
		}
		if t.Author == AuthorESP {
			asked = r.signals & e.set.screening
			r.report(&v)
			continue
		}
		signs := turnSigns{signals: r.signals}
		for _, h := range r.hits {
			if h.level == Amber && h.rule.category.aboutSelf() {
				signs.ambers = append(signs.ambers, h.rule.category)
			}
		}
		affirmed, at := asked != 0 && r.affirms(), len(t.Text)
		asked = 0
		short := len(r.tok) <= splitWordsMax
		window = append(window, signs)
		if len(window) > windowTurns {
			window = window[1:]
		}
		fresh := signs.signals
		var all uint64
		for _, s := range window {
			all |= s.signals
		}
		r.combine(all|fresh, fresh, t.Author)
		r.report(&v)
		if affirmed {
			v.raise(Red, CategorySuicide, Reason{"window.screening_affirmed", CategorySuicide, 0, at, modScreening.names()})
		}
		if v.Level < Red && addUp(window) {
			v.raise(Red, CategorySuicide, Reason{"window.ambers_add_up", CategorySuicide, 0, at, modAccumulated.names()})
		}

		pieces = append(pieces, t.Text)
		if len(pieces) > splitTurns {
			pieces = pieces[1:]
		}
		if !short {
			pieces = pieces[len(pieces)-1:]
			// A long message may still end with the beginning that the next, short one completes.
		}
		if len(pieces) > 1 || !short {
			joined, err := e.readPieces(r, pieces)
			if err != nil {
				return Verdict{Level: Unscored, Category: CategoryNone, Version: e.set.version}, err
			}
			for _, why := range joined {
				v.raise(why.level, why.category, why.reason)
				window[len(window)-1].signals |= why.signals
			}
		}
	}
	return v, nil
}

type joinedHit struct {
	level    Level
	category Category
	reason   Reason
	signals  uint64
}

// readPieces reads the newest messages as one and keeps what begins in an earlier one and ends in the last.
func (e *Engine) readPieces(r *reading, pieces []string) ([]joinedHit, error) {
	size := 0
	for _, p := range pieces {
		size += len(p) + 1
	}
	text := make([]byte, 0, size)
	for i, p := range pieces {
		if i > 0 {
			text = append(text, ' ')
		}
		text = append(text, p...)
	}
	base := int32(len(text) - len(pieces[len(pieces)-1]))
	if err := r.read(string(text), AuthorUser); err != nil {
		return nil, err
	}
	var out []joinedHit
	for _, h := range r.hits {
		if h.level > None && h.start < base && h.end > base && !h.rule.combo {
			out = append(out, joinedHit{h.level, h.rule.category,
				Reason{h.rule.name, h.rule.category, 0, int(h.end - base), (h.mods | modSplit).names()}, h.rule.signals})
		}
	}
	return out, nil
}

// affirms reports whether the message just read says yes: it begins with a yes, or is one short phrase of assent.
func (r *reading) affirms() bool {
	m := &r.set.mod
	for i := range r.tok {
		if i > 5 {
			return false
		}
		if r.matchesAt(i, m.no) > 0 {
			return false
		}
		if r.matchesAt(i, m.yes) > 0 {
			return true
		}
	}
	return false
}

func addUp(window []turnSigns) bool {
	n := 0
	for _, s := range window {
		for i, c := range s.ambers {
			seen := false
			for _, d := range s.ambers[:i] {
				seen = seen || c == d
			}
			if !seen {
				n++
			}
		}
	}
	return n >= ambersForRed
}
