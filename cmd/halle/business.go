package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/monthclose"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/driver/people"
	"github.com/halle-cloud/halle/driver/process"
	"github.com/halle-cloud/halle/driver/remote"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/rating/budget"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/tax"
	"github.com/halle-cloud/halle/trace"
)

// business wires from the offer to the charge. The operator exists.
func (h *house) business(ctx context.Context, operator string) (err error) {
	h.residency = residency.New(residency.Config{DB: h.db, Facts: h.facts, Policy: h.policy, Rules: residency.NewRules(), Operator: operator, Now: h.now,
		Parties: h.parties, IDs: h.ids,
		Sells: func(tx *store.Tx, m party.Market) ([]residency.Sold, error) { return h.placements.Sells(tx, m) }})
	h.catalogue = catalog.New(h.db, h.ids, h.now, h.facts, h.policy, h.parties)
	if h.orders, err = order.New(order.Config{DB: h.db, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Catalogue: h.catalogue,
		Outbox: h.outbox, Queue: h.queue, Site: h.conf.URL}); err != nil {
		return err
	}
	h.placements = placement.New(placement.Config{DB: h.db, Facts: h.facts, Policy: h.policy, IDs: h.ids, Now: h.now, Residency: h.residency,
		Catalog: h.catalogue, Operator: operator, Entity: h.parties.Entity, ItemPlaced: h.orders.ItemPlaced, ItemRefused: h.orders.ItemRefused})
	drivers, err := h.drivers()
	if err != nil {
		return err
	}
	h.resources = provision.New(provision.Config{DB: h.db, Facts: h.facts, Ring: h.ring, Queue: h.queue, Policy: h.policy, SignIns: h.signIns, IDs: h.ids,
		Operator: operator, Now: h.now, Log: h.log, Drivers: drivers, Upstream: h.upstream(), ObserveEvery: h.conf.Process.Observe.Duration})
	if err := h.usage(ctx); err != nil {
		return err
	}
	h.subscriptions = subscription.New(subscription.Config{DB: h.db, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Orders: h.orders,
		Queue: h.queue, SetDesired: h.resources.SetDesired})
	if err := h.register(operator); err != nil {
		return err
	}
	if h.licences, err = licence.New(licence.Config{DB: h.db, IDs: h.ids, Now: h.now, Ring: h.ring, Facts: h.facts, Policy: h.policy, Parties: h.parties, Catalogue: h.catalogue,
		Orders: h.orders, Subscriptions: h.subscriptions, Outbox: h.outbox, Queue: h.queue, Site: h.conf.URL}); err != nil {
		return err
	}
	h.ratings = rating.New(rating.Config{DB: h.db, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Spend: h.spend,
		Windows: h.meters.WindowsIn, Trial: h.subscriptions.TrialIn, Subscribers: h.subscriptions.Subscribers})
	if err := h.spending(); err != nil {
		return err
	}
	if err := h.bills(operator); err != nil {
		return err
	}
	return h.payments()
}

// spending wires the budgets, which look at usage as it runs.
func (h *house) spending() (err error) {
	h.budgets, err = budget.New(budget.Config{DB: h.db, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Orders: h.orders,
		Subscriptions: h.subscriptions, Ratings: h.ratings, Outbox: h.outbox, Log: h.log, Site: h.conf.URL,
		Meter: budget.Meter{Moved: h.meters.Moved, Moves: h.meters.Moves, RunningOf: h.meters.RunningOf}})
	return err
}

// bills wires from the charge to the invoice.
func (h *house) bills(operator string) error {
	rates, err := tax.Builtin()
	if err != nil {
		return err
	}
	h.invoices = billing.New(billing.Config{DB: h.db, Ring: h.ring, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Ratings: h.ratings,
		Tax: rates, Log: h.log, LogKey: h.tlog.Key, Paid: h.orders.Paid, Bearings: h.subscriptions.BearingsIn,
		Payment: func(tx *store.Tx, org, entity string, c money.Currency) (proof.InvoicePayment, error) {
			return h.collects.PaymentIn(tx, org, entity, c) // made after the invoices, whose payments it notes
		},
		Receipt: func(ctx context.Context, party, fact string) (proof.Receipt, error) {
			return h.facts.Receipt(ctx, h.tlog, party, fact)
		},
		WindowFile: func(ctx context.Context, window string) (*proof.WindowFile, error) {
			return h.meters.WindowFile(ctx, access.System("billing"), window)
		},
		Window: func(ctx context.Context, window string) (proof.Window, error) {
			w, err := h.meters.Window(ctx, access.System("billing"), window)
			return w.Proof(), err
		},
		WindowEvents: func(ctx context.Context, window string, out *proof.EventsWriter) error {
			return h.meters.WriteEvents(ctx, access.System("billing"), window, out)
		},
		CountEvents: h.meters.CountEvents})
	if h.closes, err = monthclose.New(monthclose.Config{DB: h.db, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Ratings: h.ratings, Invoices: h.invoices,
		Outbox: h.outbox, Queue: h.queue, Site: h.conf.URL}); err != nil {
		return err
	}
	h.settle(rates, operator)
	h.queue.Handle(jobMonths, func(ctx context.Context, _ job.Job) error { return h.invoices.CloseMonths(ctx) })
	h.queue.Every(jobMonths, time.Hour)
	h.queue.Handle(jobOrphans, func(ctx context.Context, _ job.Job) error {
		swept, err := h.parties.SweepKeys(ctx, h.now().Add(-party.OrphansAfter))
		if swept > 0 {
			h.log.InfoContext(ctx, "keys without data were swept", "keys", swept)
		}
		return err
	})
	h.queue.Every(jobOrphans, 24*time.Hour)
	if h.conf.VAT.VIES != "" {
		h.parties.AskVAT(party.VIES{URL: strings.TrimRight(h.conf.VAT.VIES, "/"), Client: &http.Client{}})
	}
	h.queue.Handle(jobVAT, func(ctx context.Context, _ job.Job) error { return h.parties.RecheckVAT(ctx) })
	h.queue.Every(jobVAT, 24*time.Hour)
	return nil
}

// jobMonths issues the invoices of months that are over in their buyers' zones.
const jobMonths = "billing.months"

// jobVAT asks again about VAT identifiers.
const jobVAT = "party.vat"

// jobOrphans destroys keys that a crash left without data.
const jobOrphans = "party.orphans"

// drivers are the engines of this machine.
func (h *house) drivers() (map[string]provision.Driver, error) {
	p := h.conf.Process
	proc, err := process.New(process.Config{Root: filepath.Join(h.conf.Data, "resources"), Program: h.program, Apps: []string{"m2m"}, Host: p.Host, PortFrom: p.PortFrom,
		PortTo: p.PortTo, UsageURL: h.conf.URL + "/api/v1/usage", Clock: h.now})
	if err != nil {
		return nil, err
	}
	work, err := people.New(people.Config{Root: filepath.Join(h.conf.Data, "work"), Kinds: []string{"visit"}, Clock: h.now})
	if err != nil {
		return nil, err
	}
	h.process = proc
	all := map[string]provision.Driver{"process": proc, "people": work}
	for _, r := range h.conf.Services {
		token, err := os.ReadFile(r.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("service %s: %w", r.Name, err)
		}
		if all[r.Name], err = remote.New(remote.Config{URL: r.URL, Token: strings.TrimSpace(string(token))}); err != nil {
			return nil, fmt.Errorf("service %s: %w", r.Name, err)
		}
	}
	maps.Copy(all, h.simulated)
	return all, nil
}

// upstream hands what became of a resource to the packages above provision.
func (h *house) upstream() provision.Upstream {
	return provision.Upstream{
		ItemDone:      h.orders.ItemDone,
		ItemCancelled: h.orders.ItemCancelled,
		ItemFailed: func(tx *store.Tx, item string, f provision.Failure) error {
			return h.orders.ItemFailed(tx, item, order.Failure{Class: string(f.Class), Code: f.Code, Text: f.Text})
		},
		Elsewhere: h.placements.Elsewhere,
		Released:  h.placements.Release,
	}
}

// usage opens the usage store in its own database and the meter over it.
func (h *house) usage(ctx context.Context) error {
	db, err := store.Open(ctx, h.conf.Usage)
	if err != nil {
		return fmt.Errorf("usage store: %w", err)
	}
	h.closers = append(h.closers, db.Close)
	if err := db.Migrate(ctx, usage.Migrations()); err != nil {
		return fmt.Errorf("usage store: %w", err)
	}
	u, err := usage.Open(ctx, usage.Config{Dir: filepath.Join(h.conf.Data, "usage"), DB: db, Now: h.now, IDs: h.ids, Log: h.log, Grace: h.conf.Metering.Grace.Duration,
		OpenLog: h.usageLog()})
	if err != nil {
		return fmt.Errorf("usage store: %w", err)
	}
	h.closers = append(h.closers, u.Close)
	h.meters = meter.New(h.db, h.ids, h.now, h.facts, h.policy, h.parties, u, h.log)
	return nil
}

// spend raises what was spent on the limits of the organisation.
func (h *house) spend(tx *store.Tx, org string, amount money.Amount) error {
	_, err := h.orders.RaiseSpent(tx, org, amount)
	return err
}

// readers are what the packages do on upstream facts, in the order of the packages.
func (h *house) readers() []trace.Reader {
	var all []trace.Reader
	all = append(all, h.signIns.Readers()...)
	all = append(all, h.placements.Readers()...)
	all = append(all, h.resources.Readers()...)
	all = append(all, h.subscriptions.Readers()...)
	all = append(all, h.copies.Readers()...)
	all = append(all, h.drifts.Readers()...)
	all = append(all, h.licences.Readers()...)
	all = append(all, h.meters.Readers()...)
	all = append(all, h.ratings.Readers()...)
	all = append(all, h.budgets.Readers()...)
	all = append(all, h.invoices.Readers()...)
	return append(append(all, h.settlements.Readers()...), h.handovers.Readers()...)
}

// isolation refuses to start where the machine isolates less than the configuration demands.
func (h *house) isolation(ctx context.Context) error {
	d, err := h.resources.Describe(ctx, "process", provision.Target{ID: "local"})
	if err != nil {
		return err
	}
	rank := map[string]int{"none": 0, "basic": 1, "full": 2}
	if rank[d.Isolation] < rank[h.conf.Process.MinIsolation] {
		return errors.Join(fmt.Errorf("this machine isolates applications only at the level %q, and process.min_isolation demands %q", d.Isolation, h.conf.Process.MinIsolation),
			fail.New(fail.Unavailable, "serve.isolation", "Applications would not be kept apart well enough.", "Allow user namespaces or Landlock on this machine, or lower process.min_isolation."))
	}
	h.log.InfoContext(ctx, "applications run isolated", "level", d.Isolation)
	return nil
}
