package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/halle-cloud/halle/api"
	"github.com/halle-cloud/halle/internal/config"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/observe"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/web"
)

type serveCommand struct {
	Config   string `help:"Configuration file (TOML)." type:"path"`
	Database string `help:"sqlite:PATH or postgres://…; wins over the configuration." placeholder:"URL"`
	Listen   string `help:"host:port; wins over the configuration."`
}

// Run serves until it is told to stop.
func (c serveCommand) Run(ctx context.Context, w console) error {
	environ := os.Environ()
	if c.Database != "" {
		environ = append(environ, "HALLE_DATABASE="+c.Database)
	}
	if c.Listen != "" {
		environ = append(environ, "HALLE_LISTEN="+c.Listen)
	}
	conf, err := config.Load(c.Config, environ)
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, conf, observe.NewLog(w.err, conf.LogLevel), false, false)
	if err != nil {
		return err
	}
	err = h.serve(ctx, func(address string) {
		_, _ = fmt.Fprintf(w.out, "Halle serves on http://%s\n", address)
	})
	return errors.Join(err, h.close())
}

// garbagePercent lets the heap grow to three times what lives in it before it is collected, unless the environment's GOGC
// says otherwise: what an event or an order needs dies at once, and collecting half as often leaves them the processor.
const garbagePercent = 200

func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}

// publishEvery is how often a checkpoint of the log is published.
const publishEvery = 500 * time.Millisecond

// openLog finds the operator and opens the log.
func (h *house) openLog(ctx context.Context) error {
	operator, err := h.parties.Operator(ctx)
	if fail.Is(err, fail.NotFound) {
		return fmt.Errorf("%s holds no installation yet: make one with halle init", h.conf.Data)
	}
	if err != nil {
		return err
	}
	h.operator = operator.ID
	witnesses, err := h.witnesses()
	if err != nil {
		return err
	}
	if h.tlog, err = trace.OpenLog(ctx, filepath.Join(h.conf.Data, "log"), h.conf.Origin, h.ring, publishEvery, witnesses...); err != nil {
		return err
	}
	h.closers = append(h.closers, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return h.tlog.Close(ctx)
	})
	return nil
}

// ready opens what serving needs beyond the wiring: the operator, the log, the check of the machine.
func (h *house) ready(ctx context.Context) error {
	if err := h.openLog(ctx); err != nil {
		return err
	}
	// Before anything runs or is answered: a log that is older than the database must not grow another branch, and a
	// server in another folder than the one that this database belongs to must touch nothing.
	if err := h.reconcile(ctx); err != nil {
		return err
	}
	if err := h.business(ctx, h.operator); err != nil {
		return err
	}
	if err := h.technical(ctx); err != nil {
		return err
	}
	return h.isolation(ctx)
}

// serve runs everything until ctx ends or a part fails. listening is told the address once it answers.
func (h *house) serve(ctx context.Context, listening func(address string)) error {
	collectLess()
	if h.invoices == nil { // else it was made ready before: a demo plays its past month first
		if err := h.ready(ctx); err != nil {
			return err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", h.conf.Listen)
	if err != nil {
		return h.refused(err)
	}
	handler, err := h.handler()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: writeFor, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelDebug)}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.keep(ctx, "readers", func() error { return h.facts.Run(ctx, h.readers()...) }) })
	g.Go(func() error { return h.keep(ctx, "log", func() error { return h.facts.Pump(ctx, h.tlog) }) })
	g.Go(func() error { return h.keep(ctx, "meter", func() error { return h.meters.Run(ctx) }) })
	g.Go(func() error { return h.keep(ctx, "budgets", func() error { return h.budgets.Run(ctx) }) })
	g.Go(func() error { return h.keep(ctx, "jobs", func() error { return h.queue.Run(ctx, h.conf.Workers) }) })
	g.Go(func() error {
		return serveHTTP(ctx, server, func() error { return server.Serve(listener) }, h.log)
	})
	if h.conf.Metrics != "" {
		g.Go(func() error { return h.serveMetrics(ctx) })
	}
	listening(listener.Addr().String())
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// keep runs a part of the server, anew after a second when the database was away at its start: that passes, and must
// not end the server. Any other failure does.
func (h *house) keep(ctx context.Context, part string, run func() error) error {
	for {
		err := run()
		if !fail.Is(err, fail.Unavailable) || ctx.Err() != nil {
			return err
		}
		h.log.WarnContext(ctx, "a part of the server waits for the database", "part", part, "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// refused says why the server cannot have its address.
func (h *house) refused(err error) error {
	if errors.Is(err, unix.EADDRINUSE) {
		return fmt.Errorf("another program uses the address %s: stop it, or choose another address with --listen (%w)", h.conf.Listen, err)
	}
	return fmt.Errorf("listen: %w", err)
}

// serveMetrics answers on an address of its own, which no customer reaches.
func (h *house) serveMetrics(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h.metrics.Page())
	server := &http.Server{Addr: h.conf.Metrics, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return serveHTTP(ctx, server, server.ListenAndServe, h.log)
}

// handler is the whole surface: API, portal, the log's files, health and metrics.
func (h *house) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	api.New(mux, api.Services{Operator: h.operator, Policy: h.policy, SignIns: h.signIns, Parties: h.parties, Residency: h.residency, Catalogue: h.catalogue,
		Orders: h.orders, Placements: h.placements, Resources: h.resources, Subscriptions: h.subscriptions, Copies: h.copies, Drifts: h.drifts, Licences: h.licences, Meters: h.meters, Ratings: h.ratings, Budgets: h.budgets,
		Invoices: h.invoices, Closes: h.closes, Collects: h.collects, Banks: h.banks, Dunnings: h.dunnings, Settlements: h.settlements, Payouts: h.payouts, Exports: h.exports, Handovers: h.handovers, Facts: h.facts, Log: h.tlog, Jobs: h.queue}, h.log)
	mux.HandleFunc("GET /healthz", h.health)
	mux.Handle("GET /log/", http.StripPrefix("/log/", logFiles(h.tlog.Dir)))
	if err := web.New(mux, web.Services{SignIns: h.signIns, Parties: h.parties, Catalogue: h.catalogue, Residency: h.residency, Facts: h.facts, Log: h.tlog,
		Orders: h.orders, Placements: h.placements, Subscriptions: h.subscriptions, Resources: h.resources, Copies: h.copies, Drifts: h.drifts, Licences: h.licences, Meters: h.meters, Ratings: h.ratings, Budgets: h.budgets,
		Invoices: h.invoices, Closes: h.closes, Collects: h.collects, Banks: h.banks, Dunnings: h.dunnings, Exports: h.exports, Handovers: h.handovers, Settlements: h.settlements, Payouts: h.payouts, Policy: h.policy, Queue: h.queue},
		web.Options{Secure: strings.HasPrefix(h.conf.URL, "https:"), Now: h.now, Log: h.log, Demo: h.roles, Gallery: h.roles != nil, LogURL: "/log/"}); err != nil {
		return nil, err
	}
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.problem(r.Context(), w, fail.New(fail.Denied, "serve.cross_origin", "Another site sent this request.", "Send it from a page of this server, or with an API token from a program."))
	}))
	proxies, err := h.conf.TrustedProxies()
	return behind(proxies, h.outer(mux, origin.Handler(mux))), err
}

// health answers 200 when the database answers.
func (h *house) health(w http.ResponseWriter, r *http.Request) {
	if _, err := h.parties.Operator(r.Context()); err != nil {
		h.problem(r.Context(), w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, "ok")
}

// problem answers with a problem document outside of api.
func (h *house) problem(ctx context.Context, w http.ResponseWriter, err error) {
	p := api.NewProblem(ctx, h.log, err)
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}
