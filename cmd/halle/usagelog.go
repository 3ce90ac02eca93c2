package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/batchlog/jetstream"
	"github.com/halle-cloud/halle/internal/batchlog/segment"
	"github.com/halle-cloud/halle/internal/config"
	"github.com/halle-cloud/halle/internal/observe"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
)

// usageLog opens the log that the configuration asks for; nil means files in the data folder.
func (h *house) usageLog() func(context.Context, batchlog.Durable) (batchlog.Log, error) {
	if h.conf.UsageLog.URL == "" {
		return nil
	}
	return func(ctx context.Context, durable batchlog.Durable) (batchlog.Log, error) {
		return openStream(ctx, h.conf, h.log, durable)
	}
}

func openStream(ctx context.Context, conf config.Config, log *slog.Logger, durable batchlog.Durable) (batchlog.Log, error) {
	u := conf.UsageLog
	return jetstream.Open(ctx, jetstream.Config{URL: u.URL, Stream: u.Stream, Home: conf.Home, Replicas: u.Replicas, CredentialsFile: u.CredentialsFile,
		AuthFile: u.AuthFile, CAFile: u.CAFile, CertFile: u.CertFile, KeyFile: u.KeyFile, Monitor: u.Monitor, Durable: durable, Log: log})
}

type usageLogCommand struct {
	Move moveLogCommand `cmd:"" help:"Copy the usage log from the files of this machine into the stream that usage_log.url names, and go on there. The server must be stopped."`
}

type moveLogCommand struct {
	Config string `help:"Configuration file (TOML)." type:"path"`
}

// Run moves. It may be stopped and run again at any moment: what is in the stream already is compared, not written.
func (c moveLogCommand) Run(ctx context.Context, w console) (err error) {
	conf, err := config.Load(c.Config, os.Environ())
	if err != nil {
		return err
	}
	if conf.UsageLog.URL == "" {
		return errors.New("usage_log.url names no servers to move the log to")
	}
	h := &house{conf: conf}
	defer func() { err = errors.Join(err, h.close()) }()
	if err := h.lock(); err != nil {
		return err
	}
	folder := filepath.Join(conf.Data, "usage", "log")
	if _, err := os.Stat(folder); err != nil {
		return fmt.Errorf("there is no usage log to move: %w", err)
	}
	from, err := segment.Open(folder, segment.Options{})
	if err != nil {
		return err
	}
	h.closers = append(h.closers, from.Close)
	to, err := openStream(ctx, conf, observe.NewLog(w.err, conf.LogLevel), nil)
	if err != nil {
		return err
	}
	h.closers = append(h.closers, to.Close)
	db, err := store.Open(ctx, conf.Usage)
	if err != nil {
		return err
	}
	h.closers = append(h.closers, db.Close)
	if err := db.Migrate(ctx, usage.Migrations()); err != nil {
		return err
	}
	n, err := usage.MoveLog(ctx, db, from, to)
	if err == nil {
		_, err = fmt.Fprintf(w.out, "%d records are in %s, and usage goes on there.\nThe files in %s are no longer used: keep them until the next backup, then remove them.\n", n, to.State().Place, folder)
	}
	return err
}
