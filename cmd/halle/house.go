package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/bank"
	debits "github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/dunning"
	"github.com/halle-cloud/halle/billing/handover"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/copies/drift"
	"github.com/halle-cloud/halle/driver/process"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/config"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/observe"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/export"
	"github.com/halle-cloud/halle/settlement/ledger"
	"github.com/halle-cloud/halle/settlement/payout"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/web"
)

// house is every package of one installation, wired.
type house struct {
	conf    config.Config
	log     *slog.Logger
	metrics *observe.Metrics
	now     clock.Clock

	ring    *keys.Ring
	db      *store.DB
	ids     *id.Source
	queue   *job.Queue
	facts   *trace.Facts
	tlog    *trace.Log
	policy  *access.Policy
	outbox  *mail.Outbox
	parties *party.Parties
	signIns *signin.SignIns

	residency     *residency.Residency
	catalogue     *catalog.Catalogue
	orders        *order.Orders
	placements    *placement.Placements
	resources     *provision.Resources
	meters        *meter.Meters
	ratings       *rating.Ratings
	budgets       *budget.Budgets
	subscriptions *subscription.Subscriptions
	copies        *copies.Register
	drifts        *drift.Drifts
	licences      *licence.Licences
	invoices      *billing.Invoices
	closes        *monthclose.Closes
	collects      *debits.Collects
	banks         *bank.Banks
	dunnings      *dunning.Dunnings
	settlements   *settlement.Settlements
	payouts       *payout.Payouts
	exports       *export.Exports
	handovers     *handover.Handovers

	travel    *traveller // of a demo, whose past month it plays; nil in production
	operator  string
	roles     []web.DemoRole // of the demo's one-click sign-in; nil in production
	process   *process.Driver
	simulated map[string]provision.Driver // engines beside those of this machine, to measure; nil in production
	program   string                      // the binary that shims and applications run from; "" for the running one
	closers   []func() error
}

// migrations are the tables of the main database, in the order of the packages.
func migrations() []store.Migrations {
	return []store.Migrations{job.Migrations(), mail.Migrations(), trace.Migrations(), party.Migrations(), signin.Migrations(),
		residency.Migrations(), catalog.Migrations(), order.Migrations(), placement.Migrations(), provision.Migrations(), subscription.Migrations(), copies.Migrations(), drift.Migrations(), licence.Migrations(), meter.Migrations(), rating.Migrations(), budget.Migrations(), billing.Migrations(), monthclose.Migrations(), debits.Migrations(), bank.Migrations(), dunning.Migrations(),
		ledger.Migrations(), settlement.Migrations(), payout.Migrations(), export.Migrations(), handover.Migrations()}
}

// openHouse opens the databases and wires the packages; nothing runs yet. demo allows what production must not.
func openHouse(ctx context.Context, conf config.Config, log *slog.Logger, demo, create bool) (h *house, err error) {
	h = &house{conf: conf, log: log, metrics: observe.NewMetrics(), now: clock.System, policy: access.New()}
	if demo {
		h.travel = new(traveller)
		h.now = h.travel.Now
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if err := h.lock(); err != nil {
		return h, err
	}
	if h.ids, err = id.NewSource(conf.Home); err != nil {
		return h, fmt.Errorf("home: %w", err)
	}
	if h.ring, err = keys.Open(ctx, keys.Config{URL: conf.Keys, RootFile: conf.RootKey, CreateRoot: create}); errors.Is(err, fs.ErrNotExist) {
		return h, fmt.Errorf("there is no root key: make a new installation with halle init, or bring the key of this one back (%w)", err)
	} else if err != nil {
		return h, err
	}
	h.closers = append(h.closers, h.ring.Close)
	if h.db, err = store.Open(ctx, conf.Database); err != nil {
		return h, err
	}
	h.closers = append(h.closers, h.db.Close)
	if err := h.db.Migrate(ctx, migrations()...); err != nil {
		return h, err
	}
	h.queue = job.New(h.db, h.place(), h.now, log)
	h.queue.Sole()
	h.facts = trace.New(h.db, h.ring, h.ids, h.now, log)
	return h, h.people(ctx, demo)
}

// lock makes the data folder and keeps it for this process: log, usage and resources in it bear one server only. The
// kernel gives it free when the process ends in whatever way.
func (h *house) lock() error {
	if err := os.MkdirAll(h.conf.Data, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(h.conf.Data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return errors.Join(fmt.Errorf("another Halle is using the data folder %s: stop it, or choose another one", h.conf.Data), f.Close())
	}
	h.closers = append(h.closers, f.Close)
	return nil
}

// place names the locked folder, and so the one process that uses it, to the others on the database.
func (h *house) place() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	if path, err := filepath.Abs(h.conf.Data); err == nil {
		return host + ":" + path
	}
	return host + ":" + h.conf.Data
}

// people wires who takes part and who is calling.
func (h *house) people(ctx context.Context, demo bool) (err error) {
	if h.outbox, err = mail.New(h.db, h.ring, h.queue, h.ids, h.now, h.sender(), h.conf.Mail.From); err != nil {
		return err
	}
	if h.parties, err = party.New(h.db, h.ring, h.ids, h.now, h.facts, h.policy, h.outbox, h.conf.URL); err != nil {
		return err
	}
	p := h.conf.Password
	h.signIns, err = signin.New(ctx, h.db, h.ring, h.ids, h.now, h.facts, h.policy, h.parties, h.outbox, h.queue,
		signin.Config{Site: h.conf.URL, Demo: demo, Cost: signin.Cost{MemoryKiB: p.MemoryKiB, Time: p.Time, Threads: p.Threads}})
	return err
}

func (h *house) sender() mail.Sender {
	if h.conf.Mail.SMTP == "" {
		return mail.Folder{Path: filepath.Join(h.conf.Data, "mail")}
	}
	return mail.SMTP{Address: h.conf.Mail.SMTP, TLS: h.conf.Mail.TLS, Auth: h.conf.Mail.AuthFile, Timeout: 30 * time.Second}
}

// close closes what was opened, last first.
func (h *house) close() error {
	var errs []error
	for i := len(h.closers) - 1; i >= 0; i-- {
		errs = append(errs, h.closers[i]())
	}
	h.closers = nil
	return errors.Join(errs...)
}
