package operator

import (
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/payout"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

const payoutRuns = home + "/payments/runs"

func (d *pages) payoutRunRoutes(get, post func(string, site.Handler)) {
	get("/payments/runs", d.payoutRuns)
	post("/payments/runs", d.preparePayouts)
	get("/payments/runs/{id}", d.payoutRun)
	post("/payments/runs/{id}/file", d.payoutFile)
	for word, f := range map[string]func(*site.Request) error{"approve": d.approvePayouts, "hand-over": d.handPayouts, "drop": d.dropPayouts} {
		post("/payments/runs/{id}/"+word, f)
	}
}

// payoutActions lead to the payouts: the operator of the installation pays publishers, not a reseller.
func payoutActions(r *site.Request, kind button.Kind) []button.Button {
	if !runs(r.Caller) {
		return nil
	}
	return []button.Button{{Text: r.T("operator.payouts.go"), URL: payoutRuns, Kind: kind}}
}

// payoutRuns is to whom something is due, and what was paid by file.
func (d *pages) payoutRuns(r *site.Request) error { return d.showPayoutRuns(r, 200, nil) }

func (d *pages) showPayoutRuns(r *site.Request, status int, notice *flash.Notice) error {
	due, err := d.Payouts.Candidates(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	runs, next, err := d.Payouts.Runs(r.Context(), r.Caller, table.Parse(r.URL).After())
	if err != nil {
		return err
	}
	names, total := d.names(), money.Zero(money.EUR)
	var rows []table.Row
	for _, one := range due {
		why := r.T("payout.why.paid")
		if one.Why == "" {
			total.Minor += one.Amount.Minor
		} else {
			why = r.T("payout.why." + one.Why)
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(names.Of(r, one.Publisher), one.Masked), desk.Text(why), desk.Text(desk.Money(r, one.Amount))}})
	}
	sheet := site.Sheet{Page: page(r, r.T("payout.runs"), r.T("operator.payments.title"), home+"/payments"), Lead: r.T("payout.runs.lead")}
	if total.Sign() > 0 {
		sheet.Actions = []button.Button{{Text: r.T("payout.prepare", "amount", desk.Money(r, total)), URL: payoutRuns, Post: true, Kind: button.Primary}}
	}
	if notice != nil {
		sheet.Main = append(sheet.Main, site.Block{Template: "flash", View: *notice})
	}
	waiting := desk.List(r, "due-list", r.T("payout.due"), "payout.due.none", []table.Column{desk.Col(r.T("payout.publisher")), desk.Col(r.T("payout.next")), desk.Num(r.T("payout.amount"))}, rows)
	rows = nil
	for _, k := range runs {
		rows = append(rows, table.Row{URL: payoutRuns + "/" + k.ID, Cells: []table.Cell{desk.Since(r, k.CreatedAt), desk.Stated(r, "payoutrun."+string(k.State)), desk.Text(r.L.Number(k.Count)), desk.Text(desk.Money(r, k.Total))}})
	}
	before := desk.List(r, "run-list", r.T("payout.runs.before"), "payout.runs.none", []table.Column{desk.Col(r.T("payout.prepared")), desk.Col(r.T("desk.state")), desk.Num(r.T("payout.count")), desk.Num(r.T("payout.total"))}, rows)
	before.After = next
	sheet.Main = append(sheet.Main, desk.Block("due", r.T("payout.due"), r.T("payout.due.text"), waiting), desk.Block("runs", r.T("payout.runs.before"), "", before))
	return r.Show(status, sheet)
}

func (d *pages) preparePayouts(r *site.Request) error {
	k, err := d.Payouts.Prepare(r.Context(), r.Caller)
	if err != nil {
		_, notice, ok := r.Refuse(err, nil, nil)
		if !ok || fail.Is(err, fail.Denied) {
			return err
		}
		return d.showPayoutRuns(r, site.Status(err), notice)
	}
	return r.Redirect(payoutRuns+"/"+k.ID, site.Done("payout.prepare.done"))
}

// payoutRun is one file of payouts, from its preparation to what the bank made of each.
func (d *pages) payoutRun(r *site.Request) error {
	k, err := d.Payouts.Run(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	names := d.names()
	var rows []table.Row
	for _, i := range k.Items {
		why := ""
		if i.Payout.State == settlement.PayoutReturned && k.State != payout.Dropped {
			why = (sepa.Reason{Code: i.Payout.Code}).Say(r.Lang())
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(names.Of(r, i.Payout.Publisher), i.Masked), desk.Stated(r, "payout."+string(i.Payout.State)), desk.Text(why), desk.Text(desk.Money(r, i.Payout.Amount))}})
	}
	t := desk.List(r, "item-list", r.T("payout.items"), "payout.due.none", []table.Column{desk.Col(r.T("payout.publisher")), desk.Col(r.T("desk.state")), desk.Wide(r.T("payout.reason")), desk.Num(r.T("payout.amount"))}, rows)
	pairs := desk.Pairs(desk.Pair(r.T("payout.on"), desk.Day(r, k.On)), desk.Pair(r.T("payout.message"), k.Message), desk.Pair(r.T("payout.prepared"), r.L.Instant(k.CreatedAt)))
	sheet := site.Sheet{Page: page(r, r.T("payout.run.title", "amount", desk.Money(r, k.Total)), r.T("operator.payments.title"), home+"/payments", r.T("payout.runs"), payoutRuns),
		Badge: desk.State(r, "payoutrun."+string(k.State)), Lead: r.T("payout.run.lead." + string(k.State)),
		Main: []site.Block{{Template: "details", View: pairs}, desk.Block("items", r.T("payout.items"), "", t)}}
	base := payoutRuns + "/" + k.ID
	take := button.Button{Text: r.T("payout.file"), URL: base + "/file", Post: true, Icon: "download"}
	drop := button.Button{Text: r.T("payout.drop"), URL: base + "/drop", Post: true, Kind: button.Quiet}
	switch k.State {
	case payout.Prepared:
		if k.CreatedBy != r.Caller.Ref() {
			sheet.Actions = []button.Button{{Text: r.T("payout.approve", "amount", desk.Money(r, k.Total)), URL: base + "/approve", Post: true, Kind: button.Primary}}
		}
		sheet.Actions = append(sheet.Actions, drop)
	case payout.Approved:
		take.Kind = button.Primary
		sheet.Actions = []button.Button{take, {Text: r.T("payout.hand"), URL: base + "/hand-over", Post: true}, drop}
	case payout.Handed:
		sheet.Actions = []button.Button{take}
	}
	return r.OK(sheet)
}

func (d *pages) payoutFile(r *site.Request) error {
	file, name, err := d.Payouts.File(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.File(name, "application/xml", file)
}

func (d *pages) approvePayouts(r *site.Request) error {
	if _, err := d.Payouts.Approve(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(payoutRuns+"/"+r.PathValue("id"), site.Done("payout.approved"))
}

func (d *pages) handPayouts(r *site.Request) error {
	if _, err := d.Payouts.HandOver(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(payoutRuns+"/"+r.PathValue("id"), site.Done("payout.handed"))
}

func (d *pages) dropPayouts(r *site.Request) error {
	if _, err := d.Payouts.Drop(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(payoutRuns, site.Told("payout.dropped"))
}
