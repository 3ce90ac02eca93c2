package desk

import (
	"fmt"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/seal"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// opened is the statement of the address, which must be the publisher's.
func (d Revenue) opened(r *site.Request) (settlement.Statement, string, error) {
	st, hash, err := d.Settlements.Statement(r.Context(), r.Caller, r.PathValue("statement"))
	if err == nil && st.Publisher != d.Org(r) {
		err = fail.Missing("statement", r.PathValue("statement"))
	}
	return st, hash, err
}

// statement is one statement: how it adds up, by offer, and line by line.
func (d Revenue) statement(r *site.Request) error {
	st, hash, err := d.opened(r)
	if err != nil {
		return err
	}
	lines, err := d.lineTable(r, settlement.LineFilter{Statement: st.ID})
	if err != nil {
		return err
	}
	stamp, err := d.stamp(r, st, hash)
	if err != nil {
		return err
	}
	base := d.Base(r) + "/statements/" + st.ID
	sheet := site.Sheet{Page: d.Page(r, st.Number, d.Title(r), d.Base(r)), Lead: r.T("revenue.statement.lead", "kind", kind(r, st.Type), "from", Day(r, st.From), "through", Day(r, st.Through)),
		Actions: []button.Button{{Text: r.T("invoice.pdf"), URL: base + "/pdf", Icon: "download", Kind: button.Primary}, {Text: r.T("revenue.download"), URL: base + "/json", Icon: "download"}},
		Main: []site.Block{Block("sum", r.T("revenue.sum", "amount", Money(r, st.Payable)), "", d.sumTable(r, st)), Block("offers", r.T("revenue.byoffer"), "", d.offerTable(r, st)),
			Block("lines", r.T("revenue.byline"), r.T("revenue.byline.text"), lines),
			{ID: "parties", Title: r.T("revenue.parties"), Template: "details", View: parties(r, st)},
			{ID: "proof", Title: r.T("revenue.proof"), Text: r.T("revenue.proof.text"), Template: "seal", View: stamp}}}
	return r.OK(sheet)
}

// sumTable is how a statement comes to what is payable.
func (d Revenue) sumTable(r *site.Request, st settlement.Statement) table.Table {
	var rows []table.Row
	add := func(key string, a money.Amount, sign string, total bool) {
		if a.IsZero() && !total && sign != "" && key != "revenue.sum.operator" {
			return
		}
		text := Money(r, a)
		if sign == "−" && !a.IsZero() {
			text = Money(r, money.New(-a.Minor, a.Currency))
		}
		rows = append(rows, table.Row{Cells: []table.Cell{Text(r.T(key)), Text(text)}, Total: total})
	}
	add("revenue.sum.net", st.Net, "", false)
	add("revenue.sum.resellers", st.Resellers, "−", false)
	add("revenue.sum.operator", st.Kept, "−", false)
	add("revenue.sum.share."+d.Side, st.Share, "", true)
	add("revenue.sum.vat", st.VAT, "+", false)
	add("revenue.sum.collected", st.Collected, "+", false)
	add("revenue.sum.held", st.Held, "−", false)
	add("revenue.sum.released", st.Released, "+", false)
	add("revenue.sum.payable", st.Payable, "", true)
	return List(r, "sum-list", r.T("revenue.sum.caption"), "revenue.earned.none", []table.Column{Col(r.T("revenue.sum.what")), Num(r.T("revenue.amount"))}, rows)
}

func (d Revenue) offerTable(r *site.Request, st settlement.Statement) table.Table {
	var rows []table.Row
	for _, l := range st.Lines {
		rows = append(rows, table.Row{Cells: []table.Cell{Two(l.Name, l.Component+" · "+r.T("revenue.mode."+string(l.Mode))), Text(r.L.Number(int64(l.Lines))), Text(Money(r, l.Net)), Text(Money(r, l.Resellers)), Text(Money(r, l.Kept)), Text(Money(r, l.Share))}})
	}
	rows = append(rows, table.Row{Total: true, Cells: []table.Cell{Text(r.T("revenue.total")), {}, Text(Money(r, st.Net)), Text(Money(r, st.Resellers)), Text(Money(r, st.Kept)), Text(Money(r, st.Share))}})
	return List(r, "offer-list", r.T("revenue.byoffer"), "revenue.earned.none", []table.Column{Col(r.T("revenue.offer")), {Name: r.T("revenue.lines"), Numeric: true, Hidden: true}, Num(r.T("revenue.net")), {Name: r.T("revenue.resellers"), Numeric: true, Hidden: true},
		{Name: r.T("revenue.operator"), Numeric: true, Hidden: true}, Num(r.T("revenue.share." + d.Side))}, rows)
}

func parties(r *site.Request, st settlement.Statement) details.List {
	one := func(p proof.InvoiceParty) string {
		var parts []string
		for _, s := range []string{p.Name, strings.ReplaceAll(p.Address, "\n", ", "), r.L.Country(p.Country), p.VATID} {
			if s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, " · ")
	}
	return Pairs(Pair(r.T("revenue.seller"), one(st.Seller)), Pair(r.T("revenue.buyer"), one(st.Buyer)), Pair(r.T("revenue.date"), Day(r, st.Date)), Pair(r.T("revenue.tax"), taxText(r, st)), Pair(r.T("revenue.mention"), st.Mention))
}

func taxText(r *site.Request, st settlement.Statement) string {
	if st.Decision.Rule == "notRegistered" {
		return r.T("revenue.tax.none")
	}
	return r.T("revenue.tax.rate", "rate", Rate(r, int64(st.Decision.BasisPoints)))
}

// stamp is the seal of the fact that the statement was closed; its hash is that of the file.
func (d Revenue) stamp(r *site.Request, st settlement.Statement, hash string) (seal.Seal, error) {
	out := seal.Seal{State: seal.Pending, Hash: hash, Open: true}
	list, err := d.Facts.About(r.Context(), r.Caller.Org, st.ID)
	if err != nil || d.Log == nil {
		return out, err
	}
	for _, e := range list {
		if e.Type == settlement.FactClosed {
			err = d.sealed(r, e, &out)
		}
	}
	return out, err
}

func (d Revenue) sealed(r *site.Request, e trace.Entry, out *seal.Seal) error {
	out.At = e.At
	state, err := d.Facts.Seal(r.Context(), d.Log, r.Caller.Org, e.ID)
	if fail.Is(err, fail.NotFound) || fail.Is(err, fail.Unavailable) { // on its way into the log
		return nil
	}
	if err != nil {
		return err
	}
	out.Index = int64(state.Index)
	if state.Published {
		out.State, out.Checkpoint = seal.Verified, int64(state.Size)
		out.Origin, _, _ = strings.Cut(d.Log.Key, "+")
		out.Download = "/facts/" + e.ID
		out.Command = r.Site().Options().Commands.Program + " verify receipt " + e.ID + ".json"
	}
	return nil
}

// statementPaper is the statement to read, print and archive.
func (d Revenue) statementPaper(r *site.Request) error {
	st, _, err := d.opened(r)
	if err != nil {
		return err
	}
	f, err := d.Settlements.Paper(r.Context(), r.Caller, st.ID, r.Lang())
	if err != nil {
		return err
	}
	return r.File(f.Name, f.Type, f.Bytes)
}

// statementFile is the canonical document: its SHA-256 is the hash in the log.
func (d Revenue) statementFile(r *site.Request) error {
	st, hash, err := d.opened(r)
	if err != nil {
		return err
	}
	text, again, err := st.Hash()
	if err == nil && again != hash {
		err = fmt.Errorf("statement %s: it is not written as it was closed", st.ID)
	}
	if err != nil {
		return err
	}
	return r.File(st.Number+".json", "application/json", text)
}
