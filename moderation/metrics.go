package moderation

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics count; they carry no account, subject or text.
type metrics struct {
	raised     *prometheus.CounterVec
	steps      *prometheus.CounterVec
	alarms     *prometheus.CounterVec
	deliveries *prometheus.CounterVec
	lateness   prometheus.Histogram
	failures   prometheus.Counter
	unscored   prometheus.Counter

	rulesRefused prometheus.Gauge
	classified   *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	return &metrics{
		raised:     f.NewCounterVec(prometheus.CounterOpts{Name: "ponti_escalations_raised_total", Help: "Escalations raised."}, []string{"level"}),
		steps:      f.NewCounterVec(prometheus.CounterOpts{Name: "ponti_escalation_steps_total", Help: "Steps of the ladder."}, []string{"level", "kind"}),
		alarms:     f.NewCounterVec(prometheus.CounterOpts{Name: "ponti_escalation_alarms_total", Help: "Times the ladder's end was reached again, or no outside channel was there. Each is an incident."}, []string{"why"}),
		deliveries: f.NewCounterVec(prometheus.CounterOpts{Name: "ponti_escalation_deliveries_total", Help: "Deliveries by channel and outcome of the attempt."}, []string{"channel", "outcome"}),
		lateness: f.NewHistogram(prometheus.HistogramOpts{Name: "ponti_escalation_lateness_seconds", Help: "How long after its due time a step was taken.",
			Buckets: []float64{0.05, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300}}),
		failures: f.NewCounter(prometheus.CounterOpts{Name: "ponti_escalation_failures_total", Help: "Steps that failed and are tried again."}),
		unscored: f.NewCounter(prometheus.CounterOpts{Name: "ponti_triage_unscored_total", Help: "Texts that triage could not read."}),

		rulesRefused: f.NewGauge(prometheus.GaugeOpts{Name: "ponti_triage_rules_refused", Help: "Services whose own rules do not hold with this version of the program."}),
		classified:   f.NewCounterVec(prometheus.CounterOpts{Name: "ponti_classifier_total", Help: "Texts given to the classifier beside Ponti, by what came of it."}, []string{"outcome"}),
	}
}
