package triage

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"sync/atomic"
)

//go:embed labelled/*.jsonl
var labelledData embed.FS

// labelled is a text or a conversation that somebody has read and put a level to. They are invented, and come with the program.
type labelled struct {
	Text    string   `json:"text"`
	Turns   []string `json:"turns"`
	Authors []string `json:"authors"`
	Level   string   `json:"expected_level"`
	Probe   string   `json:"level"`

	turns []Turn
	level Level
}

var labelledSet = sync.OnceValues(func() ([]labelled, error) {
	var list []labelled
	names, err := fs.Glob(labelledData, "labelled/*.jsonl")
	if err != nil {
		return nil, fmt.Errorf("triage: %w", err)
	}
	for _, name := range names {
		data, err := labelledData.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("triage: %w", err)
		}
		for line := range bytes.Lines(data) {
			var l labelled
			if err := json.Unmarshal(line, &l); err != nil {
				return nil, fmt.Errorf("triage: %s: %w", name, err)
			}
			if l.Level == "" {
				l.Level = l.Probe
			}
			if l.level, err = ParseLevel(l.Level); err != nil {
				return nil, err
			}
			if l.Turns == nil {
				l.Turns = []string{l.Text}
			}
			for i, text := range l.Turns {
				turn := Turn{Author: AuthorUser, Text: text}
				if i < len(l.Authors) {
					turn.Author = Author(l.Authors[i])
				}
				l.turns = append(l.turns, turn)
			}
			list = append(list, l)
		}
	}
	return list, nil
})

// Replayed is what a rule set finds in the labelled texts that come with the program, beside what another finds.
type Replayed struct {
	Grave, GraveFound int // labelled red or crisis; read as red or above
	Lost              int // of those, found by the other and not by this
	Faint, FaintFound int // labelled amber; flagged
	Quiet, QuietFound int // labelled none; flagged
	QuietBefore       int // and flagged by the other, too
}

// Replay reads the labelled texts with a rule set, and with the one it is to stand for.
func (e *Engine) Replay(before *Engine) (Replayed, error) {
	var r Replayed
	set, err := labelledSet()
	if err != nil {
		return r, err
	}
	nows := e.labelledLevels(set)
	for i, l := range set {
		now := nows[i]
		switch l.level {
		case Red, Crisis:
			r.Grave++
			r.GraveFound += number(now >= Red)
			r.Lost += number(now < Red && before.levelOf(l.turns) >= Red) // the other reads only where it matters: that is a second or two less to wait
		case Amber:
			r.Faint++
			r.FaintFound += number(now > None)
		case None, Unscored:
			r.Quiet++
			r.QuietFound += number(now > None)
			r.QuietBefore += number(now > None && before.levelOf(l.turns) > None)
		}
	}
	return r, nil
}

// labelledLevels are those of the labelled texts. An engine never changes, so it reads them once.
func (e *Engine) labelledLevels(set []labelled) []Level {
	e.replaying.Do(func() {
		e.replayed = make([]Level, len(set))
		// Somebody waits for it: every processor reads a part. A panic is the caller's, as it would be without parts.
		var parts sync.WaitGroup
		var fault atomic.Value
		size := len(set)/runtime.GOMAXPROCS(0) + 1
		for from := 0; from < len(set); from += size {
			parts.Go(func() {
				defer func() {
					if p := recover(); p != nil {
						fault.CompareAndSwap(nil, fmt.Sprint(p))
					}
				}()
				for i, l := range set[from:min(from+size, len(set))] {
					e.replayed[from+i] = e.levelOf(l.turns)
				}
			})
		}
		parts.Wait()
		if p := fault.Load(); p != nil {
			panic(p)
		}
	})
	return e.replayed
}

// levelOf is the level of a conversation; what breaks the budget is Unscored, and so is not found.
func (e *Engine) levelOf(turns []Turn) Level {
	v, err := e.ReadTurns(turns)
	if err != nil {
		return Unscored
	}
	return v.Level
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// Loses says that texts labelled red or crisis would not be found any more.
func (r Replayed) Loses() bool { return r.Lost > 0 }

// Floods says that it flags so much of what means nothing that people would drown in it: over two in a hundred that the other leaves alone.
func (r Replayed) Floods() bool {
	return (r.QuietFound-r.QuietBefore)*50 > r.Quiet
}
