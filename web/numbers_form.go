package web

import (
	"fmt"
	"strings"

	"ponti/account"
	"ponti/internal/errs"
)

// numberRow is one row of the form of emergency numbers.
type numberRow struct {
	Number string `form:"number"`
	Name   string `form:"name"`
	Note   string `form:"note"`
}

func (n numberRow) empty() bool { return strings.TrimSpace(n.Number+n.Name+n.Note) == "" }

// keepNumbers is the rows that say something. A row left as it was shown keeps what stands behind it: the key of a text
// in every language, and that it answers day and night.
func keepNumbers(rows []numberRow, before, shown []account.Number) []account.Number {
	var kept []account.Number
	for i, row := range rows {
		if row.empty() {
			continue
		}
		n := account.Number{Number: strings.TrimSpace(row.Number), Name: strings.TrimSpace(row.Name), Note: strings.TrimSpace(row.Note)}
		if i < len(before) {
			if n.Number == before[i].Number {
				n.Always = before[i].Always
			}
			if n.Name == shown[i].Name {
				n.Name = before[i].Name
			}
			if n.Note == shown[i].Note {
				n.Note = before[i].Note
			}
		}
		kept = append(kept, n)
	}
	return kept
}

// backToRows moves mistakes from the numbers that were kept to the rows they came from.
func backToRows(mistakes errs.Fields, rows []numberRow) errs.Fields {
	var from []int
	for i, row := range rows {
		if !row.empty() {
			from = append(from, i)
		}
	}
	moved := make(errs.Fields, len(mistakes))
	for k, e := range mistakes {
		at := *e
		var i int
		var field string
		if n, _ := fmt.Sscanf(e.Field, "numbers[%d].%s", &i, &field); n == 2 && i < len(from) {
			at.Field = fmt.Sprintf("numbers[%d].%s", from[i], field)
		}
		moved[k] = &at
	}
	return moved
}
