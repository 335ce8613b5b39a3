package triage

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Section is a part of the rules that is written and changed as a whole: a rule, a concept, an idiom or a list, from its heading to the next one with the
// remarks above it.
type Section struct {
	Key  string // where it stands and its heading: "it/suicide:rule it.suicide.plan"
	Text string
}

// Of these sections there is none in the program: a service wrote them. Their keys begin so.
const ownFile = "own"

// Change puts a text in the place of a section of the program, takes one out (no text), or adds one.
type Change struct {
	Key  string `json:"key"`
	Text string `json:"text,omitempty"`
}

// Bounds of what a service changes, in bytes and pieces.
const (
	MaxSection = 16 << 10
	MaxChanges = 200
)

var programSections = sync.OnceValues(func() ([]ruleFile, error) {
	files, err := embeddedRules()
	if err != nil {
		return nil, err
	}
	var list []ruleFile
	for _, f := range files {
		list = append(list, cutSections(f)...)
	}
	return list, nil
})

// cutSections cuts a file before each heading, or before the remarks right above one.
func cutSections(f ruleFile) []ruleFile {
	lines := strings.Split(f.text, "\n")
	var starts []int
	for i, line := range lines {
		if !isHeading(line) {
			continue
		}
		at := i
		for at > 0 && strings.HasPrefix(lines[at-1], "#") {
			at--
		}
		starts = append(starts, at)
	}
	name := strings.TrimSuffix(strings.TrimPrefix(f.name, "rules/"), ".rules")
	list := make([]ruleFile, len(starts))
	for i, from := range starts {
		to := len(lines)
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		text := strings.TrimRight(strings.Join(lines[from:to], "\n"), "\n ") + "\n"
		list[i] = ruleFile{name: f.name, text: text, line: from, key: name + ":" + heading(text)}
	}
	return list
}

func isHeading(line string) bool {
	return strings.TrimSpace(line) != "" && line[0] != ' ' && line[0] != '\t' && line[0] != '#' && line[0] != '\r'
}

// heading is what a section is called by: the kind of its first heading and the name behind it, if there is one.
func heading(text string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if !isHeading(line) {
			continue
		}
		words := strings.Fields(line)
		return strings.Join(words[:min(len(words), 2)], " ")
	}
	return ""
}

// Sections lists those of the program, in order.
func Sections() ([]Section, error) {
	files, err := programSections()
	if err != nil {
		return nil, err
	}
	list := make([]Section, len(files))
	for i, f := range files {
		list[i] = Section{f.key, f.text}
	}
	return list, nil
}

// OwnKey is the key of a section that a service adds, by its text. False when the text has no heading.
func OwnKey(text string) (string, bool) {
	h := heading(text)
	return ownFile + ":" + h, h != ""
}

// Build loads the rules of the program with changes, and proves them on their examples. Complaints lists what is wrong with them.
func Build(changes []Change) (*Engine, error) {
	program, err := programSections()
	if err != nil {
		return nil, err
	}
	files := slices.Clone(program)
	for _, c := range changes {
		i := slices.IndexFunc(files, func(f ruleFile) bool { return f.key == c.Key })
		switch {
		case c.Text == "" && i >= 0:
			files = slices.Delete(files, i, i+1)
			continue
		case c.Text == "":
			continue
		}
		f := ruleFile{name: c.Key, text: c.Text, key: c.Key, changed: true}
		if err := f.check(); err != nil {
			return nil, err
		}
		if i >= 0 {
			files[i] = f
		} else {
			files = append(files, f)
		}
	}
	e, err := newEngine(files)
	if err != nil {
		return nil, err
	}
	e.learned, err = programLearned()
	return e, err
}

var programLearned = sync.OnceValues(func() (*learned, error) { return loadLearned(learnedData) })

// check holds a changed section to being one, and the one it says it is.
func (f ruleFile) check() error {
	at := place{file: f.name, line: 1, section: f.key, row: 1}
	if len(f.text) > MaxSection {
		return at.complaint(Complaint{What: WrongLong})
	}
	for n, line := range strings.Split(f.text, "\n") {
		if _, name, _ := strings.Cut(f.key, ":"); isHeading(line) && heading(line) != name {
			return place{f.name, n + 1, f.key, n + 1}.complaint(Complaint{What: WrongHeading, Text: name})
		}
	}
	if heading(f.text) == "" {
		_, name, _ := strings.Cut(f.key, ":")
		return at.complaint(Complaint{What: WrongHeading, Text: name})
	}
	return nil
}

// File is where a section stands: the part of its key before the heading.
func (s Section) File() string {
	file, _, _ := strings.Cut(s.Key, ":")
	return file
}

// Heading is what a section is and is called: "rule it.suicide.plan".
func (s Section) Heading() string {
	_, name, _ := strings.Cut(s.Key, ":")
	return name
}

// Own says that a service added it.
func (s Section) Own() bool { return s.File() == ownFile }

// Field is the value of a line of a rule, such as its level; empty when there is none.
func (s Section) Field(name string) string {
	for line := range strings.SplitSeq(s.Text, "\n") {
		if key, value, _ := strings.Cut(strings.TrimSpace(line), " "); key == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Apply is the sections of the program with changes, in order, and those added by them behind.
func Apply(changes []Change) ([]Section, error) {
	list, err := Sections()
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		i := slices.IndexFunc(list, func(s Section) bool { return s.Key == c.Key })
		switch {
		case i >= 0:
			list[i].Text = c.Text
		case c.Text != "":
			list = append(list, Section(c))
		}
	}
	return list, nil
}

// Put is a list of changes with one more, or with one in the place of an older one of the same section; in order of their keys. A text that is the
// program's own is no change.
func Put(changes []Change, c Change) ([]Change, error) {
	program, err := Sections()
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(slices.Clone(changes), func(o Change) bool { return o.Key == c.Key })
	i := slices.IndexFunc(program, func(s Section) bool { return s.Key == c.Key })
	if i >= 0 && program[i].Text != c.Text || i < 0 && c.Text != "" {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Change) int { return cmp.Compare(a.Key, b.Key) })
	return list, nil
}
