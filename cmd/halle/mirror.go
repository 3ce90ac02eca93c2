package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/tessera/client"

	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/observe"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace/mirror"
)

// exitAlarm is the exit code of a mirror that found the log rolled back, forked or altered.
const exitAlarm = 3

type mirrorCommand struct {
	Log     string        `arg:"" help:"Address of the log, such as https://halle.example.org/log/, or its folder."`
	Dir     string        `arg:"" help:"Folder of the copy." type:"path"`
	Key     string        `help:"The log's verifier key, or a file with it, or a policy (C2SP tlog-policy)." required:"" placeholder:"KEY"`
	Every   time.Duration `default:"5s" help:"How often the log is looked at."`
	Once    bool          `help:"Copy what is new, check it, and end."`
	Listen  string        `help:"host:port where the copy is served as the log is; nothing is served when it is missing."`
	Metrics string        `help:"Address of the /metrics page, host:port; none when it is missing."`
	Webhook string        `help:"Address that is sent an alarm as JSON." placeholder:"URL"`
	Mail    string        `help:"Folder where an alarm is put as a mail, for the machine's mail program to send." type:"existingdir"`
}

// Run copies until it is told to stop or the log is no longer what it was: exit code 3.
func (c mirrorCommand) Run(ctx context.Context, w console) error {
	report := observe.NewLog(w.err, "info")
	config, key, err := c.config(report)
	if err != nil {
		return err
	}
	m, err := mirror.Open(ctx, config)
	if err != nil {
		return c.told(ctx, report, err, false)
	}
	defer func() { _ = m.Close() }()
	if err := m.Key(key); err != nil {
		return err
	}
	var size, seen atomic.Int64
	stop, err := c.serve(ctx, w, report, &size, &seen)
	if err != nil {
		return err
	}
	defer stop()
	return c.told(ctx, report, c.follow(ctx, w, report, m, &size, &seen), true)
}

func (c mirrorCommand) follow(ctx context.Context, w console, report *slog.Logger, m *mirror.Mirror, size, seen *atomic.Int64) error {
	for {
		round, err := m.Look(ctx)
		var alarm *mirror.Alarm
		switch {
		case errors.As(err, &alarm), err != nil && (c.Once || ctx.Err() != nil):
			return err
		case err != nil:
			report.WarnContext(ctx, "the log could not be copied; it is tried again", "error", err)
		default:
			size.Store(int64(m.Size()))
			seen.Store(time.Now().Unix())
			if round.Copied > 0 {
				report.InfoContext(ctx, "copied", "new", round.Copied, "entries", round.Size, "cosigned_by", len(round.Witnesses))
			}
		}
		if c.Once {
			_, err := fmt.Fprintf(w.out, "The copy in %s has %d entries, %d of them new. They give the root that the log signed, on from the root of the copy.\n", c.Dir, round.Size, round.Copied)
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(c.Every):
		}
	}
}

func (c mirrorCommand) config(report *slog.Logger) (mirror.Config, string, error) {
	key := c.Key
	if !strings.Contains(key, "+") {
		b, err := os.ReadFile(key)
		if err != nil {
			return mirror.Config{}, "", err
		}
		key = strings.TrimSpace(string(b))
	}
	trust, err := proof.ParsePolicy(key)
	if err == nil && trust.Origin() == "" {
		err = errors.New("the key or policy names no log")
	}
	if err != nil {
		return mirror.Config{}, "", err
	}
	config := mirror.Config{Dir: c.Dir, Trust: trust, Now: clock.System, Report: report}
	if info, err := os.Stat(c.Log); err == nil && info.IsDir() {
		config.From = client.FileFetcher{Root: c.Log}
		return config, key, nil
	}
	u, err := url.Parse(c.Log)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return config, "", fmt.Errorf("%s is neither a folder nor an address with https://", c.Log)
	}
	config.From, err = client.NewHTTPFetcher(u, &http.Client{Timeout: time.Minute, Transport: bounded{http.DefaultTransport}})
	return config, key, err
}

// bounded keeps a log from filling the mirror's memory: no file of a log is larger.
type bounded struct{ next http.RoundTripper }

// RoundTrip is for http.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(res.Body, 1<<20), res.Body}
	return res, nil
}

// serve shows the copy and the figures, where that is asked for.
func (c mirrorCommand) serve(ctx context.Context, w console, report *slog.Logger, size, seen *atomic.Int64) (stop func(), err error) {
	stops := []func(){}
	stop = func() {
		for _, s := range stops {
			s()
		}
	}
	if c.Metrics != "" {
		m := observe.NewMetrics()
		begin := time.Now()
		m.Gauge("halle_mirror_entries", "Entries of the copy.", func() float64 { return float64(size.Load()) })
		m.Gauge("halle_mirror_age_seconds", "Time since the copy was last found to be at the log's checkpoint.", func() float64 { return time.Since(time.Unix(max(seen.Load(), begin.Unix()), 0)).Seconds() })
		m.Gauge("halle_mirror_alarm", "1 while an alarm stands in the folder of the copy.", func() float64 {
			if _, err := os.Stat(filepath.Join(c.Dir, mirror.AlarmFile)); err == nil {
				return 1
			}
			return 0
		})
		stops = append(stops, page(c.Metrics, m))
	}
	if c.Listen == "" {
		return stop, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return stop, err
	}
	server := &http.Server{Handler: logFiles(c.Dir), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, ErrorLog: slog.NewLogLogger(report.Handler(), slog.LevelDebug)}
	server.Handler = http.StripPrefix("/", server.Handler)
	go func() { _ = server.Serve(listener) }()
	_, _ = fmt.Fprintf(w.out, "The copy is served on http://%s/\n", listener.Addr())
	return func() { _ = server.Close(); stop() }, nil
}

// told tells an alarm to whoever is to know, and gives it its exit code.
func (c mirrorCommand) told(ctx context.Context, report *slog.Logger, err error, fresh bool) error {
	var a *mirror.Alarm
	if !errors.As(err, &a) {
		return err
	}
	report.ErrorContext(ctx, "ALARM: the log is no longer what it was", "kind", a.Kind, "what", a.What)
	if !fresh {
		return exitError{exitAlarm, err}
	}
	text, _ := json.Marshal(map[string]any{"log": c.Log, "kind": a.Kind, "what": a.What, "at": a.At, "copy": c.Dir}) // strings and a time always marshal
	if c.Webhook != "" {
		if err := post(ctx, c.Webhook, text); err != nil {
			report.ErrorContext(ctx, "the webhook did not take the alarm", "error", err)
		}
	}
	if c.Mail != "" {
		mail := fmt.Sprintf("Date: %s\r\nSubject: ALARM: the log %s was %s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n\r\nThe evidence, both signed checkpoints, is in %s.\r\n",
			a.At.Format(time.RFC1123Z), c.Log, a.Kind, a.What, filepath.Join(c.Dir, mirror.AlarmFile))
		if err := os.WriteFile(filepath.Join(c.Mail, "halle-mirror-"+a.At.Format("20060102T150405")+".eml"), []byte(mail), 0o600); err != nil {
			report.ErrorContext(ctx, "the mail could not be written", "error", err)
		}
	}
	return exitError{exitAlarm, err}
}

func post(ctx context.Context, address string, text []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= 300 {
		return errors.New(res.Status)
	}
	return nil
}

// exitError is a failure with an exit code of its own.
type exitError struct {
	code int
	error
}

// Unwrap is for errors.
func (e exitError) Unwrap() error { return e.error }
