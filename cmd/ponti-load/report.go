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
	for _, s := range []struct {
		name string
		of   *spread
	}{{"to acknowledged", r.Acked}, {"to shown", r.Shown}, {"to caught up", r.Caught}} {
		if s.of != nil {
			row(s.name, "p50 %.2f  p95 %.2f  p99 %.2f  p99.9 %.2f  max %.2f ms (%d)", s.of.P50, s.of.P95, s.of.P99, s.of.P999, s.of.Max, s.of.N)
		}
	}
	if r.CPU > 0 {
		row("server CPU", "%.1f us a message", r.CPU)
	}
	if r.Memory > 0 {
		row("server memory", "%.1f MiB resident", float64(r.Memory)/(1<<20))
	}
	if r.PerLine != 0 {
		row("for each line", "%.2f KiB", float64(r.PerLine)/1024)
	}
	f := r.Faults
	row("faults", "%d lost, %d doubled, %d out of order; %d unanswered, %d refused, %d lines broken", f.Lost, f.Doubled, f.Disordered, f.Unanswered, f.Refused, f.Broken)
	if r.Remarks != "" {
		row("remarks", "%s", r.Remarks)
	}
	return t.Flush()
}
