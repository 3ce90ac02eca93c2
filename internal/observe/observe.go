// Package observe is what an operator sees of the running program: logs and metrics.
//
// Owns: the log handler, request ids in the context, the metrics registry.
// Does not own: what is logged or counted; each package says that itself, and never personal data.
// Reads: nothing.
// Writes: the log on standard error; the /metrics page.
package observe

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type requestKey struct{}

// WithRequest puts a request's id into the context: every log line under it bears it.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// Request is the id of the request, "" outside of one.
func Request(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// NewLog makes a logger of lines for a person (text) at a level: debug, info, warn or error.
func NewLog(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(handler{slog.NewTextHandler(w, &slog.HandlerOptions{Level: l})})
}

// handler adds the request's id.
type handler struct{ slog.Handler }

// Handle is for slog.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if id := Request(ctx); id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs is for slog.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup is for slog.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// Metrics counts what an operator watches. Labels are names of routes and kinds, never ids or people.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

// NewMetrics makes a registry with the runtime's own figures.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "halle_http_request_seconds", Help: "Time to answer, by route and status.",
		Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}}, []string{"route", "status"})
	m.registry.MustRegister(m.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Gauge registers a figure that is read when the page is asked for; f must be quick.
func (m *Metrics) Gauge(name, help string, f func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
}

// Observe counts one answered request.
func (m *Metrics) Observe(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

// Page is the /metrics page.
func (m *Metrics) Page() http.Handler { return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}) }
