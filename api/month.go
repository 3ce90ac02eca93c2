package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement"
)

// LedgerMonth is a month on one page, in one currency.
type LedgerMonth struct {
	Right bool             `json:"right" doc:"every difference is zero"`
	Month settlement.Month `json:"month"`
}

func ledgerMonth(m settlement.Month) LedgerMonth { return LedgerMonth{Right: m.Right(), Month: m} }

func (s *server) monthRoutes() {
	const tag = "books"
	add(s, route{method: http.MethodGet, path: "/ledger/months/{month}", id: "getLedgerMonth", summary: "The invoices of a month and all that became of them, reconciled with the books", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Month string `path:"month" doc:"2026-03"`
		}) (*Body[List[LedgerMonth]], error) {
			at, err := time.Parse("2006-01", in.Month)
			if err != nil {
				return nil, fail.Missing("month", in.Month)
			}
			list, err := s.Settlements.MonthOf(ctx, c, price.DateOf(at, time.UTC))
			return listOf(list, "", ledgerMonth, err)
		})
}
