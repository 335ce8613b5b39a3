package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// report is what one scenario found.
type report struct {
	Scenario string  `json:"scenario"`
	Servers  int     `json:"servers"`
	Lines    int     `json:"lines"`
	Rooms    int     `json:"rooms"`
	Asked    float64 `json:"asked_per_s,omitempty"`
	Reached  float64 `json:"reached_per_s,omitempty"`
	Acked    *spread `json:"acked,omitempty"`
	Shown    *spread `json:"shown,omitempty"`
	Caught   *spread `json:"caught_up,omitempty"`
	CPU      float64 `json:"server_us_per_message,omitempty"`
	Memory   int64   `json:"server_bytes"`
	PerLine  int64   `json:"server_bytes_per_line,omitempty"`
	Queue    *waits  `json:"queue,omitempty"`
	Faults   faults  `json:"faults"`
	Seconds  float64 `json:"seconds"`
	Remarks  string  `json:"remarks,omitempty"`
}

func (r report) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	row := func(name, format string, args ...any) { _, _ = fmt.Fprintf(t, name+"\t"+format+"\n", args...) } // Flush tells
	row("scenario", "%s, %d servers, %d lines, %d rooms, %.1f s", r.Scenario, r.Servers, r.Lines, r.Rooms, r.Seconds)
	if r.Asked > 0 {
		row("messages a second", "%.0f asked, %.0f reached", r.Asked, r.Reached)
	}
	r.Acked.row(row, "to acknowledged")
	r.Shown.row(row, "to shown")
	r.Caught.row(row, "to caught up")
	if r.CPU > 0 {
		row("server CPU", "%.1f us a message", r.CPU)
	}
	if r.Memory > 0 {
		row("server memory", "%.1f MiB resident", float64(r.Memory)/(1<<20))
	}
	if r.PerLine != 0 {
		row("for each line", "%.2f KiB", float64(r.PerLine)/1024)
	}
	if r.Queue != nil {
		r.Queue.table(row)
	}
	f := r.Faults
	row("faults", "%d lost, %d doubled, %d out of order; %d unanswered, %d refused, %d lines broken", f.Lost, f.Doubled, f.Disordered, f.Unanswered, f.Refused, f.Broken)
	if r.Queue != nil {
		row("", "%d met twice, %d in two states, %d out of turn", f.MetTwice, f.TwoStates, f.OutOfTurn)
	}
	if r.Remarks != "" {
		row("remarks", "%s", r.Remarks)
	}
	return t.Flush()
}

// row writes the spread into a table; nil writes nothing.
func (s *spread) row(row func(name, format string, args ...any), name string) {
	if s != nil {
		row(name, "p50 %.2f  p95 %.2f  p99 %.2f  p99.9 %.2f  max %.2f ms (%d)", s.P50, s.P95, s.P99, s.P999, s.Max, s.N)
	}
}
