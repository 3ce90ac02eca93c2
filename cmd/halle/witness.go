package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/observe"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/trace/witness"
)

type witnessCommand struct {
	Serve witnessServe `cmd:"" default:"withargs" help:"Cosign the checkpoints of logs that only grow. Run it on another machine than the logs."`
	Key   witnessKey   `cmd:"" help:"Make the secret key of a witness and print its verifier key."`
}

type witnessKey struct {
	Name string `arg:"" help:"The witness's name for ever: its address without https://, such as witness.example.org."`
	File string `arg:"" help:"Where the secret key goes; a file that is there is not replaced." type:"path"`
}

// Run makes a key.
func (c witnessKey) Run(w console) error {
	secret, err := witness.GenerateKey(c.Name)
	if err != nil {
		return err
	}
	key, err := witness.VerifierKey(secret)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(secret + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.out, key)
	return err
}

type witnessServe struct {
	Dir     string `required:"" help:"Folder where the witness remembers. It must not be brought back from an older copy." type:"path"`
	Key     string `required:"" help:"File with its secret key, from halle witness key." type:"existingfile"`
	Logs    string `required:"" help:"File with the verifier keys of the logs it cosigns, one a line, or a policy (C2SP tlog-policy)." type:"existingfile"`
	Listen  string `default:"127.0.0.1:8081" help:"host:port. Put it behind a server with TLS where it is reached from elsewhere."`
	Metrics string `help:"Address of the /metrics page, host:port; none when it is missing."`
}

// Run cosigns until it is told to stop.
func (c witnessServe) Run(ctx context.Context, w console) error {
	secret, err := os.ReadFile(c.Key)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(c.Logs)
	if err != nil {
		return err
	}
	policy, err := proof.ParsePolicy(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", c.Logs, err)
	}
	report := observe.NewLog(w.err, "info")
	wit, err := witness.Open(witness.Config{Dir: c.Dir, Key: strings.TrimSpace(string(secret)), Logs: policy.Logs(), Now: clock.System, Report: report})
	if err != nil {
		return err
	}
	defer func() { _ = wit.Close() }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return err
	}
	metrics := observe.NewMetrics()
	metrics.Gauge("halle_witness_refused", "Checkpoints since the start that a log signed and that did not go on from the one cosigned last.", func() float64 { return float64(refused(wit)) })
	server := &http.Server{Handler: wit.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 1 << 14}
	if c.Metrics != "" {
		stop := page(c.Metrics, metrics)
		defer stop()
	}
	_, _ = fmt.Fprintf(w.out, "The witness answers on http://%s. Its key, for policies:\n%s\n", listener.Addr(), wit.Key())
	if err := serveHTTP(ctx, server, func() error { return server.Serve(listener) }, report); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func refused(w *witness.Witness) (n uint64) {
	for _, s := range w.States() {
		n += s.Refused
	}
	return n
}

// page serves /metrics beside a small program, until it ends.
func page(address string, m *observe.Metrics) (stop func()) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Page())
	s := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.ListenAndServe() }()
	return func() { _ = s.Close() }
}

// witnesses are those that the configuration names; none without a policy.
func (h *house) witnesses() ([]*trace.Witnesses, error) {
	if h.conf.Witness == "" {
		return nil, nil
	}
	policy, err := os.ReadFile(h.conf.Witness)
	if err != nil {
		return nil, fmt.Errorf("witnesses: %w", err)
	}
	w, err := trace.ParseWitnesses(policy, h.log)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.conf.Witness, err)
	}
	h.metrics.Gauge("halle_log_witness_age_seconds", "Time since the witness that is furthest behind cosigned; since the start when it never did.", func() float64 { return witnessAge(w, time.Now()) })
	h.metrics.Gauge("halle_log_alarms", "Witnesses that know another history of this log. Anything but 0 needs a person at once.", func() float64 { return float64(alarms(w)) })
	return []*trace.Witnesses{w}, nil
}

func witnessAge(w *trace.Witnesses, now time.Time) (age float64) {
	for _, s := range w.States() {
		age = max(age, now.Sub(s.Since()).Seconds())
	}
	return age
}

func alarms(w *trace.Witnesses) (n int) {
	for _, s := range w.States() {
		if s.Alarm != "" {
			n++
		}
	}
	return n
}

// reconcile finds out before anything runs whether database and log belong together, and whether a witness saw more.
func (h *house) reconcile(ctx context.Context) error {
	if err := h.facts.Reconcile(ctx, h.tlog); err != nil {
		return err
	}
	return h.tlog.AskWitnesses(ctx)
}
