package main

import (
	"context"
	"time"

	"github.com/halle-cloud/halle/billing/bank"
	debits "github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/dunning"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/settlement/payout"
)

// jobMandates ends mandates that nobody used for 36 months.
const jobMandates = "collect.mandates"

// jobReminders takes the next step of overdue invoices, and lets services go on that were paid.
const jobReminders = "dunning.steps"

// payments wires from the invoice to the money for it.
func (h *house) payments() (err error) {
	h.collects, err = debits.New(debits.Config{DB: h.db, Ring: h.ring, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Invoices: h.invoices, Outbox: h.outbox,
		Log: h.log, Site: h.conf.URL})
	if err != nil {
		return err
	}
	h.payouts, err = payout.New(payout.Config{DB: h.db, Ring: h.ring, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Collects: h.collects,
		Settlements: h.settlements, Site: h.conf.URL})
	if err != nil {
		return err
	}
	h.banks = bank.New(bank.Config{DB: h.db, Ring: h.ring, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Invoices: h.invoices, Collects: h.collects,
		Payout: h.payouts.Moved, Payouts: h.payouts.Reported})
	h.dunnings, err = dunning.New(dunning.Config{DB: h.db, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Subscriptions: h.subscriptions, Ratings: h.ratings, Invoices: h.invoices,
		Collects: h.collects, Site: h.conf.URL})
	if err != nil {
		return err
	}
	h.queue.Handle(jobReminders, func(ctx context.Context, _ job.Job) error { return h.dunnings.Run(ctx) })
	h.queue.Every(jobReminders, time.Hour)
	h.queue.Handle(jobMandates, func(ctx context.Context, _ job.Job) error { return h.collects.ExpireMandates(ctx) })
	h.queue.Every(jobMandates, 24*time.Hour)
	return nil
}
