package api

import (
	"context"
	"io"
	"net/http"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/settlement/export"
)

// ChartAccount is what an account of the books is at the accountant's.
type ChartAccount struct {
	Code   string `json:"code" doc:"of the books; foreign: bank and tax of another seller; other: what has no number of its own"`
	Number string `json:"number"`
	Name   string `json:"name"`
	Own    bool   `json:"own,omitempty" doc:"set by the operator, not the default"`
}

func (s *server) exportRoutes() {
	const tag = "books"
	s.raw(route{method: http.MethodGet, path: "/ledger/export", id: "exportLedger",
		summary: "The books as a file: format journal (CSV), datev, fec or saft, of the days from and to, both included; currency where the books have several", tag: tag},
		"/ledger/export", rawDoc{gives: []string{"text/csv", "text/plain", "application/xml"}, query: []string{"format", "from", "to", "currency"}}, s.exportLedger)
	add(s, route{method: http.MethodGet, path: "/ledger/export-settings", id: "getExportSettings", summary: "How the accountants know the books", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[export.Settings], error) {
			out, err := s.Exports.Settings(ctx, c)
			return body(out, err)
		})
	add(s, route{method: http.MethodPut, path: "/ledger/export-settings", id: "setExportSettings", summary: "Set how the accountants know the books", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct{ Body export.Settings }) (*Body[export.Settings], error) {
			return body(in.Body, s.Exports.SetSettings(ctx, c, in.Body))
		})
	add(s, route{method: http.MethodGet, path: "/ledger/charts/{chart}", id: "getChart", summary: "The accounts of the books in a chart", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Chart string `path:"chart" enum:"pcg,skr03,skr04,ns4102"`
		}) (*Body[List[ChartAccount]], error) {
			set, err := s.Exports.Settings(ctx, c)
			if err != nil {
				return nil, err
			}
			return listOf(set.Rows(export.Chart(in.Chart)), "", func(r export.Row) ChartAccount {
				return ChartAccount{Code: string(r.Code), Number: r.Account.Number, Name: r.Account.Name, Own: r.Own}
			}, nil)
		})
}

func (s *server) exportLedger(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	in := export.Request{Format: export.Format(q.Get("format")), Currency: money.Currency(q.Get("currency"))}
	var err error
	if in.From, err = day("from", q.Get("from")); err != nil {
		return err
	}
	if in.To, err = day("to", q.Get("to")); err != nil {
		return err
	}
	f, err := s.Exports.File(r.Context(), callerOf(r), in)
	if err != nil {
		return err
	}
	return s.file(w, r, f.Type, f.Name, func(w io.Writer) error { return f.Write(w) })
}
