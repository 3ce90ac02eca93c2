package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/transparency-dev/formats/log"

	"github.com/halle-cloud/halle/cli"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/config"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/observe"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

type logCommand struct {
	Check  logCheck  `cmd:"" help:"Compare the database with the fact log, fact by fact, and name what was changed, hidden or doubled. The server must be stopped."`
	Accept logAccept `cmd:"" help:"Go on with a database from an older backup than the log, when there is no newer one."`
}

type logCheck struct {
	Config string   `help:"Configuration file (TOML)." type:"path"`
	Seen   []string `help:"File with a checkpoint that was seen before, such as the last one that a witness cosigned. Without it a database and a log that were brought back together pass." type:"existingfile" placeholder:"FILE"`
}

// Run checks, and writes nothing. The server must be stopped: the keys bear one process.
func (c logCheck) Run(ctx context.Context, w console, o cli.Out) (err error) {
	conf, err := config.Load(c.Config, os.Environ())
	if err != nil {
		return err
	}
	h := &house{conf: conf, log: observe.NewLog(w.err, conf.LogLevel), now: clock.System}
	defer func() { err = errors.Join(err, h.close()) }()
	if err := h.openFacts(ctx); err != nil {
		return err
	}
	l, err := proof.OpenLog(filepath.Join(conf.Data, "log"), "")
	if err != nil {
		return err
	}
	var seen []*log.Checkpoint
	for _, name := range c.Seen {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		one, _, err := l.Seen(b)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		seen = append(seen, one)
	}
	report, err := h.facts.Check(ctx, l, seen...)
	if err != nil {
		return err
	}
	if err := o.Show(report, func(w io.Writer) error { return tellCheck(w, report, len(seen)) }); err != nil {
		return err
	}
	if len(report.Findings) > 0 {
		return cli.ErrShown
	}
	return nil
}

func tellCheck(w io.Writer, r trace.CheckReport, seen int) error {
	if len(r.Findings) > 0 {
		_, _ = fmt.Fprintf(w, "NOT AS RECORDED: %d findings.\n", len(r.Findings))
		for _, f := range r.Findings {
			_, _ = fmt.Fprintln(w, " -", f)
		}
		_, err := fmt.Fprintln(w, "Keep database and log as they are, and compare them with a backup and a mirror.")
		return err
	}
	_, _ = fmt.Fprintf(w, "Database and log agree: %d facts of %d parties, %d entries, none changed, hidden, doubled or moved.\n", r.Facts, r.Parties, r.Entries)
	if r.Pending > 0 {
		_, _ = fmt.Fprintf(w, "%d more are on their way into the log.\n", r.Pending)
	}
	if r.Lost > 0 {
		_, _ = fmt.Fprintf(w, "%d entries belong to facts that a restore lost, as was accepted then.\n", r.Lost)
	}
	if seen > 0 {
		_, err := fmt.Fprintln(w, "The log goes on from what was seen before.")
		return err
	}
	_, err := fmt.Fprintln(w, "A database and a log that were brought back together from an older copy, or written anew with the log's key, look like this too: give a witness's last checkpoint with --seen.")
	return err
}

// openFacts opens database and keys, and nothing else.
func (h *house) openFacts(ctx context.Context) (err error) {
	if h.ids, err = id.NewSource(h.conf.Home); err != nil {
		return err
	}
	if h.ring, err = keys.Open(ctx, keys.Config{URL: h.conf.Keys, RootFile: h.conf.RootKey}); err != nil {
		return err
	}
	h.closers = append(h.closers, h.ring.Close)
	if h.db, err = store.Open(ctx, h.conf.Database); err != nil {
		return err
	}
	h.closers = append(h.closers, h.db.Close)
	h.facts = trace.New(h.db, h.ring, h.ids, h.now, h.log)
	return nil
}

type logAccept struct {
	Config string `help:"Configuration file (TOML)." type:"path"`
	Reason string `required:"" help:"What happened, for the fact that says so."`
}

// Run writes down what was lost. The server must be stopped.
func (c logAccept) Run(ctx context.Context, w console) error {
	conf, err := config.Load(c.Config, os.Environ())
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, conf, observe.NewLog(w.err, conf.LogLevel), false, false)
	if err != nil {
		return err
	}
	lost, err := h.acceptLoss(ctx, c.Reason)
	if err := errors.Join(err, h.close()); err != nil {
		return err
	}
	whose := map[string]bool{}
	for _, e := range lost {
		whose[e.Party] = true
	}
	_, err = fmt.Fprintf(w.out, "%d entries of %d organisations are written down as lost. Their statements name them, their numbers are not given again.\nStart the server: halle serve\n", len(lost), len(whose))
	return err
}

func (h *house) acceptLoss(ctx context.Context, reason string) ([]trace.Lost, error) {
	if err := h.openLog(ctx); err != nil {
		return nil, err
	}
	if err := h.tlog.AskWitnesses(ctx); err != nil {
		return nil, err
	}
	return h.facts.AcceptLoss(ctx, h.tlog, h.operator, "system:operator", reason)
}
