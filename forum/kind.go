package forum

import (
	"slices"

	"ponti/account"
	"ponti/internal/errs"
)

// Kind is what a thread is for. All kinds are one mechanism: what differs is the row of a kind in the table of rules, and the data that some have.
type Kind string

// The kinds, in the order in which they are offered.
const (
	KindDiscussion  Kind = "discussion"
	KindQuestion    Kind = "question"    // of a person to the ESPs
	KindStory       Kind = "story"       // of somebody's recovery
	KindPublication Kind = "publication" // an article of the service
	KindEvent       Kind = "event"
	KindRoundTable  Kind = "round_table"
)

// Kinds are all there are.
func Kinds() []Kind {
	return []Kind{KindDiscussion, KindQuestion, KindStory, KindPublication, KindEvent, KindRoundTable}
}

// ErrKind says that a thread of this kind cannot be opened here by the actor, or that there is no such kind.
var ErrKind = errs.Field("kind", "kind.not_here", nil)

// persons are those who come for themselves or for somebody close.
func persons(a account.Actor, _ place) bool { return a.IsPerson() }

// moderators are those who look after a place: the ESPs of its category, and tutors.
func moderators(a account.Actor, p place) bool {
	return account.Can(a, account.ThreadLockMovePin, p.relation(false)) == nil
}

// opener says who of those who may open threads in a place may open one of a kind.
type opener func(account.Actor, place) bool

func nobody(account.Actor, place) bool { return false }

func anybody(account.Actor, place) bool { return true }

// rule is what a kind allows.
type rule struct {
	opens      opener
	audiences  []Audience                // of the categories in which one may stand
	answers    func(account.Public) bool // whose posts may be said to be the answer; nil: nobody's
	twoReaders bool                      // two people read one before it appears, and who opened it takes all of it back: story.go
	ownForm    bool                      // it is opened on a page of its own, with fields that others have not
	merges     bool                      // its posts may be put behind those of another thread of the kind, and the other way about
}

var everywhere = []Audience{ForMembers, ForFamily, ForStaff}

// rules is the table: a kind that is not in it allows nothing.
var rules = map[Kind]rule{
	KindDiscussion:  {opens: anybody, audiences: everywhere, answers: byAnybody, merges: true},
	KindQuestion:    {opens: persons, audiences: []Audience{ForMembers, ForFamily}, answers: byPeer, merges: true},
	KindStory:       {opens: tellers, audiences: []Audience{ForMembers, ForFamily}, twoReaders: true},
	KindPublication: {opens: moderators, audiences: everywhere, ownForm: true},
	KindEvent:       {opens: nobody, audiences: everywhere, ownForm: true},                        // OpenEvent opens one
	KindRoundTable:  {opens: nobody, audiences: []Audience{ForMembers, ForFamily}, ownForm: true}, // OpenRound opens one
}

func (k Kind) rule() rule {
	if r, ok := rules[k]; ok {
		return r
	}
	return rule{opens: nobody}
}

// HasOwnForm is true of a kind that is opened on a page of its own, with fields that others have not.
func (k Kind) HasOwnForm() bool { return k.rule().ownForm }

// IsKnown is true of the kinds that there are.
func (k Kind) IsKnown() bool { return slices.Contains(Kinds(), k) }

// ParseKind reads a kind from an address. Anything else is the empty kind, which stands for all: an old or broken link shows the whole list.
func ParseKind(s string) Kind {
	if k := Kind(s); k.IsKnown() {
		return k
	}
	return ""
}

// mayOpen decides about a new thread of a kind in a place. An empty kind is a discussion.
func mayOpen(actor account.Actor, p place, k Kind) error {
	if err := mayWrite(actor, p, account.ThreadOpen); err != nil {
		return err
	}
	if r := k.rule(); !slices.Contains(r.audiences, p.Audience) || !r.opens(actor, p) {
		return ErrKind
	}
	return nil
}

// held is the kind that something keeps while it is read before it appears. What has fields of its own is held for a danger in it alone, as words like any other.
func (k Kind) held() Kind {
	if k == "" || k.HasOwnForm() {
		return KindDiscussion
	}
	return k
}

// travels is true of kinds whose threads are all in the lines of an export.
func (k Kind) travels() bool { return len(k.rule().audiences) > 0 }

// KindsToOpen are the kinds of which the actor may open a thread in a category.
func (f *Forum) KindsToOpen(actor account.Actor, c Category) []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return mayOpen(actor, c.place(), k) != nil })
}

// KindsIn are the kinds that may stand in a category, to choose from its list.
func KindsIn(c Category) []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !slices.Contains(k.rule().audiences, c.Audience) })
}
