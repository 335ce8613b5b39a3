package live

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are counted per instance. None has a label that names a person or a room.
type metrics struct {
	accepted, slow, resyncs, healed, forged, delivered, panics, refusedOrigin prometheus.Counter
	resumed, dropped, deferred                                                prometheus.Counter

	ends, refusals                *prometheus.CounterVec
	sendToCommit, commitToDeliver prometheus.Histogram
}

func newMetrics() *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "ponti", Subsystem: "live", Name: name, Help: help})
	}
	seconds := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "ponti", Subsystem: "live", Name: name, Help: help,
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		})
	}
	return &metrics{
		accepted:      counter("sockets_accepted_total", "Sockets opened."),
		slow:          counter("sockets_slow_total", "Sockets cut because their queue was full."),
		resyncs:       counter("resyncs_total", "Joins whose sequence belonged to another history."),
		healed:        counter("messages_healed_total", "Messages that the bus lost and Postgres gave."),
		resumed:       counter("resumes_total", "Joins that went on from the sequence the client knew."),
		dropped:       counter("presence_dropped_total", "Frames of who is there that a socket which is behind did not get."),
		deferred:      counter("handshakes_deferred_total", "Handshakes told to come back, because too many came at once."),
		forged:        counter("events_unopened_total", "Events on the bus that did not open: forged, broken, or of a room not read here yet."),
		delivered:     counter("messages_delivered_total", "Messages delivered to the sockets of a room."),
		panics:        counter("panics_total", "Panics survived."),
		refusedOrigin: counter("handshakes_foreign_total", "Handshakes from another origin, or from none."),
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "ponti", Subsystem: "live", Name: "sockets_closed_total", Help: "Sockets closed by us.",
		}, []string{"code"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "ponti", Subsystem: "live", Name: "limits_total", Help: "Frames over a limit or outside the protocol.",
		}, []string{"limit"}),
		sendToCommit:    seconds("send_to_commit_seconds", "From the frame to the committed message."),
		commitToDeliver: seconds("commit_to_deliver_seconds", "From the message's instant to the queues of its hearers."),
	}
}

func (m *metrics) closed(code int) prometheus.Counter {
	return m.ends.WithLabelValues(strconv.Itoa(code))
}

func (m *metrics) refused(limit string) prometheus.Counter { return m.refusals.WithLabelValues(limit) }

func (m *metrics) register(to prometheus.Registerer, h *Hub) {
	if to == nil {
		return
	}
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "ponti", Subsystem: "live", Name: name, Help: help}, f)
	}
	to.MustRegister(m.accepted, m.slow, m.resyncs, m.healed, m.forged, m.delivered, m.panics, m.refusedOrigin,
		m.resumed, m.dropped, m.deferred,
		m.ends, m.refusals, m.sendToCommit, m.commitToDeliver,
		gauge("sockets", "Open sockets.", func() float64 { return float64(len(h.allSockets())) }),
		gauge("queue_bytes", "Bytes that wait for sockets.", func() float64 {
			sum := 0
			for _, s := range h.allSockets() {
				sum += s.waiting()
			}
			return float64(sum)
		}),
		gauge("rooms", "Rooms with sockets here.", func() float64 { return float64(h.heardRooms()) }),
		gauge("authority_age_seconds", "Time since all rights were last found to hold.", func() float64 { return h.authorityAge().Seconds() }),
		gauge("bus_degraded", "1 while hints do not arrive.", func() float64 {
			if h.Bus.Degraded() {
				return 1
			}
			return 0
		}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "ponti", Subsystem: "live", Name: "bus_dropped_total", Help: "Hints that never reached Redis."},
			func() float64 { return float64(h.Bus.Dropped()) }),
	)
}
