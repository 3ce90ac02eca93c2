package main

import (
	"context"
	"time"

	"github.com/halle-cloud/halle/billing/handover"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/export"
	"github.com/halle-cloud/halle/tax"
)

// The jobs of settlement: reserves whose day has come go back, and months that are over are stated.
const (
	jobReserves   = "settlement.reserves"
	jobStatements = "settlement.statements"
	jobHandOver   = "billing.handover" // what waits goes into batches
)

// settle wires from the invoice to the payout.
func (h *house) settle(rates *tax.Table, operator string) {
	h.settlements = settlement.New(settlement.Config{DB: h.db, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Ratings: h.ratings,
		Invoices: h.invoices, Tax: rates, Log: h.log, Operator: operator, Share: h.conf.Settlement.OperatorShare,
		Offer: func(tx *store.Tx, subscription string) (string, error) {
			s, err := h.subscriptions.SubscriptionIn(tx, subscription)
			return s.Deal.Key, err
		}, Offers: h.subscriptions.OffersIn})
	h.exports = export.New(h.settlements)
	h.handovers = handover.New(handover.Config{DB: h.db, IDs: h.ids, Now: h.now, Facts: h.facts, Policy: h.policy, Parties: h.parties, Ratings: h.ratings, Invoices: h.invoices})
	h.queue.Handle(jobHandOver, func(ctx context.Context, _ job.Job) error { return h.handovers.Run(ctx) })
	h.queue.Every(jobHandOver, time.Hour)
	h.queue.Handle(jobReserves, func(ctx context.Context, _ job.Job) error { return h.settlements.ReleaseReserves(ctx) })
	h.queue.Every(jobReserves, time.Hour)
	h.queue.Handle(jobStatements, func(ctx context.Context, _ job.Job) error { return h.settlements.CloseMonth(ctx) })
	h.queue.Every(jobStatements, time.Hour)
}
