package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/halle-cloud/halle/internal/config"
	"github.com/halle-cloud/halle/internal/observe"
)

type demoCommand struct {
	Once   bool   `help:"End after the story and leave the data to look at."`
	Data   string `help:"Folder for the data; a temporary one that is removed at the end when it is missing." type:"path"`
	Listen string `help:"Address of the portal." default:"127.0.0.1:8080"`
}

// Run tells the story on a fresh installation, then serves its portal.
func (c demoCommand) Run(ctx context.Context, w console) (err error) {
	dir, remove, err := c.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	conf, err := c.configuration(dir)
	if err != nil {
		return err
	}
	logFile, err := os.Create(filepath.Join(dir, "halle.log"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, logFile.Close()) }()
	h, err := openHouse(ctx, conf, observe.NewLog(logFile, "info"), true, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	defer func() { err = errors.Join(err, h.stopApplications(ctx)) }()
	return c.play(ctx, w.out, h)
}

// stopApplications ends what the demo started on this machine; a server leaves its applications running.
func (h *house) stopApplications(ctx context.Context) error {
	if h.process == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return h.process.StopAll(ctx)
}

// folder gives the data folder and how it is removed. A folder that holds a demo already is refused: its story was told.
func (c demoCommand) folder() (dir string, remove func() error, err error) {
	keep := func() error { return nil }
	if c.Data == "" {
		dir, err = os.MkdirTemp("", "halle-demo-")
		if c.Once {
			return dir, keep, err
		}
		return dir, func() error { return os.RemoveAll(dir) }, err
	}
	if _, err := os.Stat(filepath.Join(c.Data, "halle.db")); err == nil {
		return "", keep, fmt.Errorf("%s holds an installation already: name a new folder, or remove it", c.Data)
	}
	return c.Data, keep, os.MkdirAll(c.Data, 0o700)
}

// configuration is the default but for what makes a demo quick. A portal address that is taken is replaced by a free
// one, so that two demos can run.
func (c demoCommand) configuration(dir string) (config.Config, error) {
	listen := c.Listen
	l, err := net.Listen("tcp", listen)
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return config.Config{}, err
		}
	}
	listen = l.Addr().String() // :0 becomes a port, which links need
	if err := l.Close(); err != nil {
		return config.Config{}, err
	}
	return config.Load("", []string{"HALLE_DATA=" + dir, "HALLE_HOME=demo", "HALLE_LISTEN=" + listen, "HALLE_PASSWORD_MEMORY_KIB=8192",
		"HALLE_PASSWORD_TIME=1", "HALLE_PROCESS_MIN_ISOLATION=none", "HALLE_PROCESS_OBSERVE=1s", "HALLE_METERING_INTERVAL=1s",
		"HALLE_PLACE_COUNTRY=FR", "HALLE_PLACE_CITY=Lyon"})
}

// play serves, and tells the story to the server that runs.
func (c demoCommand) play(ctx context.Context, out io.Writer, h *house) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	start := time.Now()
	past := h.past()
	h.travel.to(past.begin)
	cast, err := h.seed(ctx)
	if err != nil {
		return fmt.Errorf("the demo's installation: %w", err)
	}
	if err := h.ready(ctx); err != nil {
		return err
	}
	if err := h.play(ctx, &cast, past); err != nil {
		return fmt.Errorf("the demo's past month: %w", err)
	}
	h.travel.home()
	h.roles = cast.roles()
	g, ctx := errgroup.WithContext(ctx)
	up := make(chan string, 1)
	g.Go(func() error { return h.serve(ctx, func(address string) { up <- address }) })
	g.Go(func() error {
		var address string
		select {
		case address = <-up:
		case <-ctx.Done():
			return ctx.Err()
		}
		s := &story{h: h, cast: cast, out: out, start: start}
		if err := s.offers(ctx); err != nil {
			return err
		}
		if err := s.tell(ctx); err != nil {
			return err
		}
		if c.Once {
			_, _ = fmt.Fprintf(out, "\nThe data is in %s. Check it again:\n halle verify log %s\n halle verify invoice %s\n", h.conf.Data, h.tlog.Dir, s.proofFile)
			stop()
			return nil
		}
		_, err := fmt.Fprintf(out, "\nOpen http://%s and sign in as Acme, as a household, a publisher, the operator, an auditor, a reseller.\nStop with Ctrl-C.\n", address)
		return err
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
