package operator

import (
	"strings"

	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// collection is one file of debits, from the first download to what became of each.
func (d *pages) collection(r *site.Request) error {
	k, err := d.Collects.Collection(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	names := d.names()
	var rows []table.Row
	for _, one := range k.Debits {
		why := ""
		switch one.State {
		case collect.Failed:
			why = (sepa.Reason{Code: one.Code}).Say(r.Lang())
		case collect.LeftOut:
			why = r.T("payments.out." + one.Code)
		}
		rows = append(rows, table.Row{URL: home + "/invoices/" + one.Invoice, Cells: []table.Cell{desk.Two(names.Of(r, one.Org), desk.Day(r, one.Due)), desk.Stated(r, "debit."+string(one.State)), desk.Text(why), desk.Text(desk.Money(r, one.Amount))}})
	}
	t := desk.List(r, "debits", r.T("operator.collection.debits"), "payments.debits.none", []table.Column{desk.Col(r.T("desk.client")), desk.Col(r.T("desk.state")), desk.Wide(r.T("payments.why")), desk.Num(r.T("operator.collection.total"))}, rows)
	sheet := site.Sheet{Page: page(r, r.T("operator.collection.title", "amount", desk.Money(r, k.Total)), r.T("operator.payments.title"), home+"/payments"), Badge: desk.State(r, "collection."+string(k.State)),
		Lead: r.T("operator.collection.lead." + string(k.State)), Main: []site.Block{{Template: "details", View: desk.Pairs(desk.Pair(r.T("operator.collection.message"), k.Message), desk.Pair(r.T("operator.collection.count"), r.L.Number(k.Count)))},
			desk.Block("debits", r.T("operator.collection.debits"), "", t)}}
	base := home + "/payments/collections/" + k.ID
	take := button.Button{Text: r.T("operator.collection.file"), URL: base + "/file", Post: true, Icon: "download"}
	switch k.State {
	case collect.Made:
		give := button.Button{Text: r.T("operator.collection.hand"), URL: base + "/hand-over", Post: true}
		if k.Taken == k.Edition {
			give.Kind = button.Primary
		} else {
			take.Kind = button.Primary
		}
		sheet.Actions = []button.Button{take, give, {Text: r.T("operator.collection.drop"), URL: base + "/drop", Post: true, Kind: button.Quiet}}
	case collect.Handed:
		sheet.Actions = []button.Button{take}
	}
	return r.OK(sheet)
}

func (d *pages) collectionFile(r *site.Request) error {
	file, name, err := d.Collects.File(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.File(name, "application/xml", file)
}

func (d *pages) handOver(r *site.Request) error {
	if _, err := d.Collects.HandOver(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home+"/payments/collections/"+r.PathValue("id"), site.Done("operator.collection.handed"))
}

func (d *pages) dropCollection(r *site.Request) error {
	if _, err := d.Collects.Drop(r.Context(), r.Caller, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home+"/payments", site.Told("operator.collection.dropped"))
}

// movements are all of them, in a state.
func (d *pages) movements(r *site.Request) error {
	state := r.URL.Query().Get("state")
	list, next, err := d.Banks.Entries(r.Context(), r.Caller, bank.State(state), table.Parse(r.URL).After())
	if err != nil {
		return err
	}
	t := d.movementTable(r, list)
	t.After = next
	options := []string{"", r.T("desk.state.any")}
	for _, s := range []bank.State{bank.Desk, bank.Matched, bank.Assigned, bank.Kept, bank.SentBack, bank.Noted} {
		options = append(options, string(s), desk.StateText(r, "movement."+string(s)))
	}
	t.Filters = []form.Field{desk.Filter(r, "state", "state", r.T("desk.state"), options...)}
	title := r.T("operator.movements.all")
	return r.OK(site.Sheet{Page: page(r, title, r.T("operator.payments.title"), home+"/payments"), Main: []site.Block{desk.Block("", "", "", t)}})
}

func (d *pages) movement(r *site.Request) error {
	e, err := d.Banks.Entry(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return desk.Shown(r, d.decisionForm(r, e), d.movementSheet(r, e))
}

func (d *pages) movementSheet(r *site.Request, e bank.Entry) func(site.FormView) (site.Sheet, error) {
	return func(view site.FormView) (site.Sheet, error) {
		sheet := site.Sheet{Page: page(r, signed(r, e), r.T("operator.payments.title"), home+"/payments"), Badge: desk.State(r, "movement."+string(e.State)),
			Main: []site.Block{{Template: "details", View: desk.Pairs(desk.Pair(r.T("operator.movement.date"), desk.Day(r, e.Date)), desk.Pair(r.T("operator.movement.payer"), e.Payer), desk.Pair(r.T("operator.movement.account"), e.IBAN.Masked()),
				desk.Pair(r.T("operator.movement.text"), e.Text), desk.Pair(r.T("operator.movement.reference"), e.Reference))}}}
		if e.Why != "" {
			sheet.Lead = r.T("operator.why." + e.Why)
		}
		if len(e.Parts) > 0 || !e.Kept.IsZero() {
			var rows []table.Row
			for _, p := range e.Parts {
				rows = append(rows, table.Row{URL: home + "/invoices/" + p.Invoice, Cells: []table.Cell{desk.Text(d.names().Of(r, p.Org)), desk.Text(desk.Money(r, p.Amount))}})
			}
			if !e.Kept.IsZero() {
				rows = append(rows, table.Row{Cells: []table.Cell{desk.Text(r.T("operator.movement.kept")), desk.Text(desk.Money(r, e.Kept))}})
			}
			sheet.Main = append(sheet.Main, desk.Block("parts", r.T("operator.movement.parts"), "", desk.List(r, "part-list", r.T("operator.movement.parts"), "operator.movements.none", []table.Column{desk.Col(r.T("desk.client")), desk.Num(r.T("operator.movement.amount"))}, rows)))
		}
		if e.State == bank.Desk {
			sheet.Main = append(sheet.Main, desk.FormBlock("decide", r.T("operator.decide"), r.T("operator.decide.text"), view))
		}
		return sheet, nil
	}
}

func (d *pages) decisionForm(r *site.Request, e bank.Entry) site.FormView {
	view := site.FormView{Action: home + "/payments/movements/" + e.ID, Button: r.T("operator.decide.button"), Back: &part.Link{Text: r.T("operator.decide.return"), URL: home + "/payments"}}
	what := desk.Field(r, "what", "operator.decide.what", form.Radios)
	for _, w := range []string{"invoices", "keep", "back", "note"} {
		if !e.Credit && w != "note" {
			continue
		}
		what.Options = append(what.Options, form.Option{Value: w, Label: r.T("operator.decide." + w), Hint: r.T("operator.decide." + w + ".hint"), Chosen: w == "invoices" || !e.Credit})
	}
	view.Fields = []form.Field{what}
	if e.Credit {
		parts, keep := desk.Field(r, "parts", "operator.decide.parts", form.Area), desk.Field(r, "keep", "operator.decide.org", form.Text)
		parts.Optional, keep.Optional = true, true
		view.Fields = append(view.Fields, parts, keep)
	}
	return view
}

// splits reads lines "INV-2026-000001 12.50"; the amount may be left out.
func splits(text string, c money.Currency) ([]bank.Split, error) {
	var out []bank.Split
	for _, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		one := bank.Split{Invoice: words[0]}
		if len(words) > 1 {
			a, err := money.ParseAmount(strings.ReplaceAll(words[1], ",", "."), c)
			if err != nil || len(words) > 2 {
				return nil, fail.New(fail.Invalid, "operator.parts", "A line is not an invoice with an amount.", "Write each invoice on a line of its own, with the amount behind it or none.").Field("parts", "cannot be read")
			}
			one.Amount = a
		}
		out = append(out, one)
	}
	return out, nil
}

func (d *pages) decide(r *site.Request) error {
	e, err := d.Banks.Entry(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	in := bank.Decision{}
	switch r.Value("what") {
	case "invoices":
		in.Keep = r.Value("keep")
		if in.Parts, err = splits(r.Value("parts"), e.Amount.Currency); err == nil && len(in.Parts) == 0 {
			err = fail.New(fail.Invalid, "operator.parts", "No invoice is named.", "Write each invoice on a line of its own.").Field("parts", "is needed")
		}
	case "keep":
		if in.Keep = r.Value("keep"); in.Keep == "" {
			err = fail.New(fail.Invalid, "operator.keep", "No customer is named.", "Write the customer's identifier; it stands on its page.").Field("keep", "is needed")
		}
	case "back":
		in.Back = true
	case "note":
		in.Note = true
	}
	if err == nil {
		_, err = d.Banks.Decide(r.Context(), r.Caller, e.ID, in)
	}
	if err != nil {
		return desk.Refused(r, err, map[string]string{"decision": "what", "parts.0": "parts", "parts.1": "parts", "parts.2": "parts"}, d.decisionForm(r, e), d.movementSheet(r, e))
	}
	return r.Redirect(home+"/payments", site.Done("operator.decided"))
}
