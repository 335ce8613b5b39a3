package triage

import (
	"slices"
	"strings"
	"time"
)

// windowTurns is how many messages of the person are read together.
const windowTurns = 20

// splitTurns is how many of the newest messages are joined to find a sentence sent in pieces, and splitWordsMax how
// many words a piece may have to count as one.
const (
	splitTurns    = 4
	splitWordsMax = 4
)

// ambersForRed is how many faint signs about oneself within ambersWithin, in different messages or of different kinds, make a red.
const (
	ambersForRed = 3
	ambersWithin = time.Hour
)

type turnSigns struct {
	at      time.Time
	signals uint64
	ambers  []Category
}

// Window is what was said in a conversation so far, as far as what comes next may need it: a few kilobytes at most, however long it is. Engine.Listen
// begins one. For one goroutine at a time.
type Window struct {
	e      *Engine
	level  Level       // the highest so far
	signs  []turnSigns // of the person's last messages
	pieces []string    // their newest, which the next one may complete
	asked  uint64      // by the ESP just now
}

// Listen begins a conversation.
func (e *Engine) Listen() *Window { return &Window{e: e} }

// By says whether the window was begun by this engine.
func (w *Window) By(e *Engine) bool { return w.e == e }

// Next reads the next turn and says what it adds: what it means by itself and what it completes. Of a message for which Read does not say Continues it finds what
// Read finds. The only error is ErrBudget, after which the window is of no use.
func (w *Window) Next(t Turn) (Verdict, error) {
	r := w.e.borrow()
	defer w.e.scratch.Put(r)
	v := w.e.nothing()
	if err := w.next(r, t, &v, w.level); err != nil {
		return w.e.unscored(), err
	}
	w.level = max(w.level, v.Level)
	return v, nil
}

// ReadTurns reads a conversation, oldest turn first. The level is the highest after any turn: it only rises. Besides
// every message alone it reads sentences sent in pieces, signs that only together mean danger (a wish in one message,
// means in the next), the person's answer to an ESP's screening question, and ambers that add up. The only error is
// ErrBudget.
func (e *Engine) ReadTurns(turns []Turn) (Verdict, error) {
	r := e.borrow()
	defer e.scratch.Put(r)
	v := e.nothing()
	w := Window{e: e}
	for _, t := range turns {
		if err := w.next(r, t, &v, v.Level); err != nil {
			return e.unscored(), err
		}
	}
	return v, nil
}

// ReadLast reads the last turn of a conversation with all that was said before it, and says what Window.Next says of it.
func (e *Engine) ReadLast(turns []Turn) (v Verdict, err error) {
	w := e.Listen()
	v = e.nothing()
	for _, t := range turns {
		if v, err = w.Next(t); err != nil {
			return v, err
		}
	}
	return v, nil
}

// next reads a turn and puts what it adds to a verdict. Ambers add up to a red only where nothing before it was red.
func (w *Window) next(r *reading, t Turn, v *Verdict, before Level) error {
	if err := r.read(t.Text, t.Author); err != nil {
		return err
	}
	if t.Author == AuthorESP {
		w.asked = r.signals & (w.e.set.screening | w.e.set.safety)
		r.report(v)
		return nil
	}
	signs := turnSigns{at: t.At, signals: r.signals, ambers: r.faint()}
	screened, at := w.asked&w.e.set.screening != 0, len(t.Text)
	affirmed, notDenied, unsafe := screened && r.affirms(), screened && r.notDenied(t.Text), w.asked&w.e.set.safety != 0 && r.deniesSafety(t.Text)
	w.asked = 0
	short := r.short()
	if w.signs = append(w.signs, signs); len(w.signs) > windowTurns {
		w.signs = w.signs[1:]
	}
	fresh := signs.signals
	all := fresh
	for _, s := range w.signs {
		all |= s.signals
	}
	weight := w.e.weigh(r)
	r.combine(all, fresh, t.Author)
	r.report(v)
	weight.raise(r, v)
	if affirmed {
		v.raise(Red, CategorySuicide, Reason{"window.screening_affirmed", CategorySuicide, 0, at, modScreening.names()})
	} else if unsafe {
		v.raise(Red, CategorySuicide, Reason{"window.safety_denied", CategorySuicide, 0, at, modScreening.names()})
	} else if notDenied {
		v.raise(Red, CategorySuicide, Reason{"window.screening_not_denied", CategorySuicide, 0, at, modScreening.names()})
	}
	if max(v.Level, before) < Red && addUp(w.signs) {
		v.raise(Red, CategorySuicide, Reason{"window.ambers_add_up", CategorySuicide, 0, at, modAccumulated.names()})
	}

	if w.pieces = append(w.pieces, t.Text); len(w.pieces) > splitTurns {
		w.pieces = w.pieces[1:]
	}
	if !short {
		// A long message may still end with the beginning that the next, short one completes.
		w.pieces = w.pieces[len(w.pieces)-1:]
	}
	if len(w.pieces) == 1 {
		return nil
	}
	joined, err := w.e.readPieces(r, w.pieces)
	if err != nil {
		return err
	}
	for _, why := range joined {
		v.raise(why.level, why.category, why.reason)
		w.signs[len(w.signs)-1].signals |= why.signals
	}
	return nil
}

// faint lists the ambers about oneself of the text just read.
func (r *reading) faint() (list []Category) {
	for _, h := range r.hits {
		if h.level == Amber && h.rule.category.aboutSelf() {
			list = append(list, h.rule.category)
		}
	}
	return list
}

// short says that the text just read may be a piece of a sentence.
func (r *reading) short() bool { return len(r.tok) <= splitWordsMax }

// continues says that the text just read may mean more with what was said before: it is short enough to complete a sentence or to be an answer, says yes, is a faint sign, or one of several
// that only together mean danger.
func (r *reading) continues() bool {
	if len(r.tok) <= answerWords || r.affirms() || len(r.faint()) > 0 {
		return true
	}
	for _, c := range r.set.combos {
		if !c.message && r.signals&c.signals != 0 && r.signals&c.signals != c.signals {
			return true
		}
	}
	return false
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
	if len(out) == 0 {
		return nil, nil
	}
	// What the earlier ones say without the last is not completed by it.
	if err := r.read(string(text[:base]), AuthorUser); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(j joinedHit) bool {
		return slices.ContainsFunc(r.hits, func(h hit) bool { return h.rule.name == j.reason.Rule && h.level >= j.level })
	}), nil
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

// answerWords is how long an answer may be, in words, that counts because it denies nothing: "tantissima", "it comes and goes".
const answerWords = 8

// notDenied reports whether the message just read answers a question without saying no: it is short, has no negation, asks nothing back and does not put the answer off.
func (r *reading) notDenied(text string) bool {
	m := &r.set.mod
	if len(r.tok) == 0 || len(r.tok) > answerWords || strings.Contains(text, "?") {
		return false
	}
	for i := range r.tok {
		if r.matchesAt(i, m.no) > 0 || r.matchesAt(i, m.aside) > 0 || r.polarity[i] == negation {
			return false
		}
	}
	return true
}

// deniesSafety reports whether the message just read, an answer to whether they are safe, says no or not quite: it is short, has a no or is unsure, asks nothing back, and nowhere
// says that all is well.
func (r *reading) deniesSafety(text string) bool {
	m := &r.set.mod
	if len(r.tok) > answerWords || strings.Contains(text, "?") {
		return false
	}
	denied, before := false, false // before: a negation stands just before
	for i := range r.tok {
		if r.matchesAt(i, m.fine) > 0 && !before {
			return false
		}
		denied = denied || r.matchesAt(i, m.no) > 0 || r.matchesAt(i, m.unsure) > 0 || r.polarity[i] == negation
		before = r.polarity[i] == negation || before && r.polarity[i] == transparent
	}
	return denied
}

// addUp counts back from the last message.
func addUp(window []turnSigns) bool {
	n, last := 0, window[len(window)-1].at
	for _, s := range window {
		if !s.at.IsZero() && !last.IsZero() && last.Sub(s.at) > ambersWithin {
			continue
		}
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
