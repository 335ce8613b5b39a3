package forum

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"ponti/account"
	"ponti/forum/community"
	"ponti/internal/errs"
	"ponti/internal/ids"
)

// slugs are what the table of categories takes.
var slugs = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$`)

// maxRecordID is the most that an identifier of somewhere else may have, in bytes.
const maxRecordID = 200

// maxVoice is the most that a voice may be: more than a thread has posts.
const maxVoice = 1_000_000

// Counts are of what was read, or written.
type Counts struct{ People, Categories, Threads, Posts int }

// known is what a file has said so far.
type known struct {
	source     string
	service    account.ServiceID
	people     map[string]bool
	staff      map[string]bool // those of them who work there
	aliases    map[string]int  // lines, by what two aliases would be confused by
	categories map[string]bool
	slugs      map[string]int
	threads    map[string]bool
	rounds     map[string]bool // those of them that are round tables
	posts      map[string]bool
	now        time.Time
}

func newKnown(service account.ServiceID, source string, now time.Time) *known {
	return &known{source: source, service: service, people: map[string]bool{}, staff: map[string]bool{}, aliases: map[string]int{}, categories: map[string]bool{},
		slugs: map[string]int{}, threads: map[string]bool{}, rounds: map[string]bool{}, posts: map[string]bool{}, now: now}
}

// of is what something of elsewhere is called here: the same each time.
func of[T any](k *known, kind community.Kind, id string) ids.ID[T] {
	return ids.Of[T]("forum import", k.service.String(), k.source, string(kind), id)
}

// person is somebody as account imports them.
func (k *known) person(r community.Record) account.Imported {
	return account.Imported{ID: of[account.Account](k, community.Person, r.ID), Alias: r.Alias, Family: r.Role == string(account.RoleFamily), Erased: r.Erased}
}

// take checks a line against those before it and remembers it. What it says is all that is wrong with it.
func (k *known) take(line int, r community.Record) (wrong []string) {
	if r.ID == "" || len(r.ID) > maxRecordID {
		return []string{fmt.Sprintf("needs an id of 1 to %d bytes", maxRecordID)}
	}
	switch r.Kind {
	case community.Person:
		wrong = k.takePerson(line, r)
	case community.Category:
		wrong = k.takeCategory(line, r)
	case community.Thread:
		wrong = k.takeThread(r)
	case community.Post:
		wrong = k.takePost(r)
	default:
		wrong = []string{fmt.Sprintf("has kind %q, which is none of person, category, thread and post", r.Kind)}
	}
	return wrong
}

func (k *known) takePerson(line int, r community.Record) (wrong []string) {
	if k.people[r.ID] {
		return []string{fmt.Sprintf("repeats person %q", r.ID)}
	}
	k.people[r.ID] = true
	if r.Erased {
		if r.Alias != "" || r.Role != "" {
			wrong = append(wrong, "was erased and has an alias or a role")
		}
		return wrong
	}
	staff := account.Actor{Role: account.Role(r.Role)}.IsStaff()
	k.staff[r.ID] = staff
	if !staff && r.Role != string(account.RoleMember) && r.Role != string(account.RoleFamily) {
		wrong = append(wrong, fmt.Sprintf("has role %q, which is none of member, family and those of the staff", r.Role))
	}
	_, key, err := account.CheckAlias(r.Alias, staff)
	if err != nil {
		return append(wrong, "has an alias that Ponti does not take: "+reasonOf(err))
	}
	if first, taken := k.aliases[key]; taken {
		wrong = append(wrong, fmt.Sprintf("has an alias that is too much like that of line %d", first))
	}
	k.aliases[key] = line
	return wrong
}

func (k *known) takeCategory(line int, r community.Record) (wrong []string) {
	if k.categories[r.ID] {
		return []string{fmt.Sprintf("repeats category %q", r.ID)}
	}
	k.categories[r.ID] = true
	if !slugs.MatchString(r.Slug) {
		wrong = append(wrong, "needs a slug of small letters, digits and hyphens, 60 at most")
	} else if first, taken := k.slugs[r.Slug]; taken {
		wrong = append(wrong, fmt.Sprintf("has the slug of line %d", first))
	}
	k.slugs[r.Slug] = line
	if n := len([]rune(cleanTitle(r.Title))); n < MinTitle || n > MaxTitle {
		wrong = append(wrong, fmt.Sprintf("needs a title of %d to %d characters", MinTitle, MaxTitle))
	}
	switch Audience(r.Audience) {
	case ForMembers, ForFamily, ForStaff:
	default:
		wrong = append(wrong, fmt.Sprintf("has audience %q, which is none of members, family and staff", r.Audience))
	}
	return wrong
}

func (k *known) takeThread(r community.Record) (wrong []string) {
	if k.threads[r.ID] {
		return []string{fmt.Sprintf("repeats thread %q", r.ID)}
	}
	if !k.categories[r.Category] {
		wrong = append(wrong, fmt.Sprintf("names category %q, which no line before it is", r.Category))
	}
	k.threads[r.ID] = true
	if kindOf(r) != KindPublication && toldOf(r) != (Told{}) {
		wrong = append(wrong, "has an abstract or is closed to replies, and is no publication")
	}
	if !kindOf(r).travels() {
		wrong = append(wrong, fmt.Sprintf("has thread_kind %q, which cannot be brought in", r.ThreadKind))
	}
	k.rounds[r.ID] = kindOf(r) == KindRoundTable
	return slices.Concat(wrong, wrongEvent(r), wrongRound(r), k.takeText(r, true))
}

func (k *known) takePost(r community.Record) (wrong []string) {
	if k.posts[r.ID] {
		return []string{fmt.Sprintf("repeats post %q", r.ID)}
	}
	k.posts[r.ID] = true
	if !k.threads[r.Thread] {
		wrong = append(wrong, fmt.Sprintf("names thread %q, which no line before it is", r.Thread))
	}
	if r.Minutes && !k.rounds[r.Thread] {
		wrong = append(wrong, "is minutes of what is no round table")
	}
	return append(wrong, k.takeText(r, false)...)
}

// takeText checks what a thread's opening and an answer have in common.
func (k *known) takeText(r community.Record, opens bool) (wrong []string) {
	if !k.people[r.Author] {
		wrong = append(wrong, fmt.Sprintf("names author %q, whom no line before it is", r.Author))
	}
	switch {
	case r.Voice < 0 || r.Voice > maxVoice:
		wrong = append(wrong, "has a voice that is none")
	case r.Voice > 0 && k.staff[r.Author]:
		wrong = append(wrong, "has a voice, and its author is of the staff: who works here answers by name")
	case r.Voice > 0 && (opens && kindOf(r) == KindRoundTable || !opens && k.rounds[r.Thread]):
		wrong = append(wrong, "has a voice at a round table, where everybody sees who has the word")
	}
	switch {
	case r.At == nil:
		wrong = append(wrong, "needs at, when it was written")
	case r.At.After(k.now):
		wrong = append(wrong, "was written in the future")
	case r.At.Year() < 1990:
		wrong = append(wrong, "was written before 1990")
	}
	if (State(r.State) == Hidden) != (r.Reason != "") {
		wrong = append(wrong, "needs a reason if it is hidden, and none if not")
	}
	switch State(r.State) {
	case "", Shown, Hidden:
		if _, err := readRecord(r, opens); err != nil {
			wrong = append(wrong, reasonOf(err))
		}
	case Deleted:
		if r.Text != "" || r.Title != "" {
			wrong = append(wrong, "is deleted and says something")
		}
	default:
		wrong = append(wrong, fmt.Sprintf("has state %q, which is none of shown, hidden and deleted", r.State))
	}
	for _, n := range notesOf(r) {
		if len(knownNotes([]ContentNote{n})) == 0 {
			wrong = append(wrong, fmt.Sprintf("has note %q, which Ponti does not know", n))
		}
	}
	return wrong
}

// readRecord prepares the text of a line.
func readRecord(r community.Record, opens bool) (prepared, error) {
	if opens && kindOf(r) == KindPublication {
		return prepareTold(r.Title, r.Text, toldOf(r), notesOf(r))
	}
	return prepare(r.Title, r.Text, notesOf(r), opens)
}

func toldOf(r community.Record) Told { return Told{r.Abstract, r.Closed} }

// kindOf is the kind of a thread's line.
func kindOf(r community.Record) Kind { return cmp.Or(Kind(r.ThreadKind), KindDiscussion) }

func notesOf(r community.Record) []ContentNote {
	notes := make([]ContentNote, len(r.Notes))
	for i, n := range r.Notes {
		notes[i] = ContentNote(n)
	}
	return notes
}

// reasons are what texts are refused for, for the operator.
var reasons = map[string]string{
	"forum.title_short": "its title is too short", "forum.title_long": "its title is too long",
	"kind.abstract_short": "its abstract is too short", "kind.abstract_long": "its abstract is too long",
	"forum.text_long": "its text is too long", "forum.text_empty": "it has no text",
	"account.alias_length": "too short or too long", "account.alias_taken": "somebody else has it", "account.alias_scripts": "it mixes alphabets",
	"account.alias_characters": "it has characters that are not letters, digits or plain marks", "account.alias_digits": "it looks like a number of a person",
	"account.alias_staff": "it sounds like somebody of the staff",
}

func reasonOf(err error) string {
	if fields, ok := errors.AsType[errs.Fields](err); ok && len(fields) > 0 {
		err = fields[0]
	}
	e, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return err.Error()
	}
	if text, ok := reasons[e.Key]; ok {
		return text
	}
	return e.Key
}
