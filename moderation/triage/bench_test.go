package triage

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	proseIt = "Ciao a tutti, oggi sono andata al lavoro e poi ho fatto la spesa con mia sorella. Non è stata una giornata facile, però alla fine ci siamo fermate a bere un caffè e abbiamo riso un po'. Stasera vorrei leggere qualcosa e andare a dormire presto, perché domani mi aspetta una visita. Voi come state? "
	proseEn = "Hi all, went to work today and then did the shopping with my sister. It was not an easy day, but in the end we stopped for a coffee and laughed a bit. Tonight I want to read something and go to bed early, since I have an appointment tomorrow. How are you all doing? "
)

func prose(size int) string {
	text := strings.Repeat(proseIt+proseEn, size/len(proseIt)+1)
	return strings.ToValidUTF8(text[:size], "")
}

func benchmarkRead(b *testing.B, text string) {
	e := newTestEngine(b)
	b.ReportAllocs()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := e.Read(text); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-µs")
}

func BenchmarkRead500(b *testing.B)   { benchmarkRead(b, prose(500)) }
func BenchmarkRead10000(b *testing.B) { benchmarkRead(b, prose(10_000)) }
func BenchmarkReadRisk(b *testing.B) {
	benchmarkRead(b, "non ce la faccio più, stanotte la faccio finita, ho qui le pastiglie. addio a tutti")
}
func BenchmarkReadHostile(b *testing.B) {
	benchmarkRead(b, strings.Repeat("mi vojlio voglio ho pastiglie mia madre ", 250))
}
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}
