package triage

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

type inputLine struct {
	ID    string      `json:"id"`
	Text  *string     `json:"text"`
	Turns []inputTurn `json:"turns"`
}

type inputTurn struct {
	Author string `json:"author"`
	Text   string `json:"text"`
}

type outputLine struct {
	ID       string   `json:"id"`
	Level    string   `json:"level"`
	Category Category `json:"category"`
	Reasons  []string `json:"reasons"`
}

type errorLine struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

// maxLine bounds one input line of Run: far above the largest conversation, far below memory.
const maxLine = 16 << 20

// Run is the command "ponti triage": JSON lines {"id","turns":[{"author","text"}]} or {"id","text"} in, lines
// {"id","level","category","reasons"} out, in order. A malformed line yields {"line","error"}, the rest is still
// read, and Run returns an error at the end. A text over the step budget has the level "unscored".
func Run(e *Engine, r io.Reader, w io.Writer) error {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), maxLine)
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	bad, line := 0, 0
	for in.Scan() {
		line++
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		result, err := e.readLine(in.Bytes())
		if err != nil {
			bad++
			if err := enc.Encode(errorLine{line, err.Error()}); err != nil {
				return fmt.Errorf("triage: write: %w", err)
			}
			continue
		}
		if err := enc.Encode(result); err != nil {
			return fmt.Errorf("triage: write: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("triage: write: %w", err)
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("triage: read after line %d: %w", line, err)
	}
	if bad > 0 {
		return fmt.Errorf("triage: %d of %d lines are malformed", bad, line)
	}
	return nil
}

func (e *Engine) readLine(line []byte) (outputLine, error) {
	var in inputLine
	dec := json.NewDecoder(bytes.NewReader(line))
	if err := dec.Decode(&in); err != nil {
		return outputLine{}, errors.New("not a JSON object of the documented shape")
	}
	if dec.More() {
		return outputLine{}, errors.New("more than one JSON value on the line")
	}
	if in.ID == "" {
		return outputLine{}, errors.New("no id")
	}
	if (in.Text == nil) == (in.Turns == nil) {
		return outputLine{}, errors.New("exactly one of text and turns is needed")
	}
	turns := make([]Turn, 0, len(in.Turns)+1)
	if in.Text != nil {
		turns = append(turns, Turn{Author: AuthorUser, Text: *in.Text})
	}
	for i, t := range in.Turns {
		switch a := Author(t.Author); a {
		case AuthorUser, AuthorESP:
			turns = append(turns, Turn{Author: a, Text: t.Text})
		default:
			return outputLine{}, fmt.Errorf("turn %d: author is neither user nor esp", i+1)
		}
	}
	v, err := e.ReadTurns(turns)
	if err != nil && !errors.Is(err, ErrBudget) {
		return outputLine{}, err
	}
	return outputLine{ID: in.ID, Level: v.Level.String(), Category: v.Category, Reasons: v.Rules()}, nil
}
