package web

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics count requests by route pattern and status; they know no address and nobody.
type metrics struct {
	requests   *prometheus.HistogramVec
	panics     prometheus.Counter
	limited    prometheus.Counter
	unpaid     prometheus.Counter
	violations *prometheus.CounterVec
}

// newMetrics registers with r, which may be nil: then nobody reads them.
func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	return &metrics{
		requests: f.NewHistogramVec(prometheus.HistogramOpts{Name: "ponti_http_request_seconds", Help: "Time to answer a request.",
			Buckets: []float64{0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10}}, []string{"route", "status"}),
		panics:     f.NewCounter(prometheus.CounterOpts{Name: "ponti_http_panics_total", Help: "Handlers that panicked."}),
		limited:    f.NewCounter(prometheus.CounterOpts{Name: "ponti_http_limited_total", Help: "Requests over a limit."}),
		unpaid:     f.NewCounter(prometheus.CounterOpts{Name: "ponti_entries_unpaid_total", Help: "Entries sent back because many come and no proof of work was with them."}),
		violations: f.NewCounterVec(prometheus.CounterOpts{Name: "ponti_http_policy_violations_total", Help: "Reports of the Content-Security-Policy."}, []string{"directive"}),
	}
}

func (m *metrics) answered(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}
