package operator

import (
	"strconv"

	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

func (d *pages) paymentRoutes(get, post func(string, site.Handler)) {
	get("/payments", d.payments)
	post("/payments/sellers/{entity}/run", d.runCollection)
	post("/payments/sellers/{entity}/import", d.importBank)
	get("/payments/sellers/{entity}/account", d.account)
	post("/payments/sellers/{entity}/account", d.saveAccount)
	get("/payments/collections/{id}", d.collection)
	post("/payments/collections/{id}/file", d.collectionFile)
	post("/payments/collections/{id}/hand-over", d.handOver)
	post("/payments/collections/{id}/drop", d.dropCollection)
	get("/payments/aged", d.aged)
	d.payoutRunRoutes(get, post)
	get("/payments/movements", d.movements)
	get("/vat", d.vatDesk)
	get("/vat/{id}", d.vatEntry)
	post("/vat/{id}", d.decideVAT)
	get("/payments/movements/{id}", d.movement)
	post("/payments/movements/{id}", d.decide)
}

// payments is what came and went: collections, files of the bank, and what waits for a person.
func (d *pages) payments(r *site.Request) error { return d.showPayments(r, 200, "", nil) }

func (d *pages) showPayments(r *site.Request, status int, entity string, notice *flash.Notice) error {
	waiting, _, err := d.Banks.Entries(r.Context(), r.Caller, bank.Desk, "")
	if err != nil {
		return err
	}
	sheet := site.Sheet{Page: page(r, r.T("operator.payments.title")), Lead: r.T("operator.payments.lead"),
		Actions: append(payoutActions(r, button.Secondary), button.Button{Text: r.T("operator.aged"), URL: home + "/payments/aged"}, button.Button{Text: r.T("operator.movements.all"), URL: home + "/payments/movements"})}
	sheet.Main = append(sheet.Main, desk.Block("desk", r.T("operator.movements"), r.T("operator.movements.text"), d.movementTable(r, waiting)))
	entities, err := d.Parties.Entities(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return err
	}
	for _, e := range entities {
		block, err := d.sellerBlocks(r, e, entity, notice)
		if err != nil {
			return err
		}
		sheet.Main = append(sheet.Main, block...)
	}
	list, _, err := d.Collects.Collections(r.Context(), r.Caller, "")
	if err != nil {
		return err
	}
	files, err := d.Banks.Files(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	sheet.Main = append(sheet.Main, desk.Block("collections", r.T("operator.collections"), r.T("operator.collections.text"), d.collectionTable(r, list)), desk.Block("files", r.T("operator.bankfiles"), "", d.fileTable(r, files)))
	return r.Show(status, sheet)
}

// sellerBlocks is what can be done for one legal entity: collect, and import what its bank says.
func (d *pages) sellerBlocks(r *site.Request, e party.Entity, refused string, notice *flash.Notice) ([]site.Block, error) {
	a, found, err := d.Collects.Account(r.Context(), e.ID)
	if err != nil {
		return nil, err
	}
	base := home + "/payments/sellers/" + e.ID
	buttons := []button.Button{{Text: r.T("operator.account"), URL: base + "/account"}}
	text := r.T("operator.account.none")
	if found {
		text = r.T("operator.account.is", "iban", a.IBAN.Paper())
	}
	if found && a.CreditorID != "" {
		buttons = append([]button.Button{{Text: r.T("operator.collect"), URL: base + "/run", Post: true, Kind: button.Primary}}, buttons...)
		text += " " + r.T("operator.account.notice", "days", strconv.Itoa(a.NoticeDays))
	}
	upload := desk.File{Action: base + "/import", ID: "file-" + e.ID, Label: r.T("operator.bankfile"), Hint: r.T("operator.bankfile.hint"), Accept: ".xml", Button: r.T("operator.bankfile.button")}
	if refused == e.ID {
		upload.Notice = notice
	}
	return []site.Block{{ID: "seller-" + e.ID, Title: e.Name, Text: text, Template: "site/buttons", View: site.Rows{Buttons: buttons}}, {Template: "desk/file", View: upload}}, nil
}

func (d *pages) movementTable(r *site.Request, list []bank.Entry) table.Table {
	var rows []table.Row
	for _, e := range list {
		text := e.Text
		if text == "" {
			text = e.Reference
		}
		rows = append(rows, table.Row{URL: home + "/payments/movements/" + e.ID, Cells: []table.Cell{desk.Two(desk.Day(r, e.Date), e.Payer), desk.Two(movementState(r, e), text), desk.Text(signed(r, e))}})
	}
	return desk.List(r, "movement-list", r.T("operator.movements"), "operator.movements.none", []table.Column{desk.Col(r.T("operator.movement")), desk.Col(r.T("operator.movement.why")), desk.Num(r.T("operator.movement.amount"))}, rows)
}

func movementState(r *site.Request, e bank.Entry) string {
	if e.Why != "" {
		return r.T("operator.why." + e.Why)
	}
	return desk.StateText(r, "movement."+string(e.State))
}

func signed(r *site.Request, e bank.Entry) string {
	if e.Credit {
		return desk.Money(r, e.Amount)
	}
	return "−" + desk.Money(r, e.Amount)
}

func (d *pages) collectionTable(r *site.Request, list []collect.Collection) table.Table {
	var rows []table.Row
	for _, k := range list {
		rows = append(rows, table.Row{URL: home + "/payments/collections/" + k.ID, Cells: []table.Cell{desk.Since(r, k.CreatedAt), desk.Stated(r, "collection."+string(k.State)), desk.Text(r.L.Number(k.Count)), desk.Text(desk.Money(r, k.Total))}})
	}
	return desk.List(r, "collection-list", r.T("operator.collections"), "operator.collections.none", []table.Column{desk.Col(r.T("operator.collection.made")), desk.Col(r.T("desk.state")), desk.Num(r.T("operator.collection.count")), desk.Num(r.T("operator.collection.total"))}, rows)
}

func (d *pages) fileTable(r *site.Request, list []bank.File) table.Table {
	var rows []table.Row
	for _, f := range list {
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(f.Name, r.T("operator.bankfile."+string(f.Kind))), desk.Since(r, f.ImportedAt), desk.Text(r.L.Number(f.Entries)), desk.Text(r.L.Number(f.Matched)), desk.Text(r.L.Number(f.Desk)), desk.Text(r.L.Number(f.Failed))}})
	}
	return desk.List(r, "file-list", r.T("operator.bankfiles"), "operator.bankfiles.none", []table.Column{desk.Col(r.T("operator.bankfile.name")), desk.Wide(r.T("operator.bankfile.at")), desk.Num(r.T("operator.bankfile.entries")), desk.Num(r.T("operator.bankfile.matched")),
		desk.Num(r.T("operator.bankfile.desk")), desk.Num(r.T("operator.bankfile.failed"))}, rows)
}

func (d *pages) runCollection(r *site.Request) error {
	k, made, err := d.Collects.Run(r.Context(), r.Caller, r.PathValue("entity"))
	if err != nil {
		return err
	}
	if !made {
		return r.Redirect(home+"/payments", site.Told("operator.collect.none"))
	}
	return r.Redirect(home+"/payments/collections/"+k.ID, site.Done("operator.collect.done", "n", r.L.Number(k.Count)))
}

func (d *pages) importBank(r *site.Request) error {
	entity := r.PathValue("entity")
	name, content, err := desk.Uploaded(r)
	var f bank.File
	if err == nil {
		f, err = d.Banks.Import(r.Context(), r.Caller, entity, name, content)
	}
	if err != nil {
		_, notice, ok := r.Refuse(err, nil, nil)
		if !ok {
			return err
		}
		return d.showPayments(r, site.Status(err), entity, notice)
	}
	if f.Again {
		return r.Redirect(home+"/payments", site.Told("operator.bank.imported.again"))
	}
	return r.Redirect(home+"/payments", site.Done("operator.bank.imported", "matched", r.L.Number(f.Matched), "desk", r.L.Number(f.Desk), "failed", r.L.Number(f.Failed)))
}

func (d *pages) accountForm(r *site.Request, e party.Entity, a collect.Account) site.FormView {
	iban, bic, creditor, days, old := desk.Field(r, "iban", "operator.account.iban", form.Text), desk.Field(r, "bic", "operator.account.bic", form.Text), desk.Field(r, "creditor_id", "operator.account.creditor", form.Text),
		desk.Field(r, "notice_days", "operator.account.days", form.Integer), desk.Field(r, "old", "operator.account.old", form.Checkbox)
	iban.Value, bic.Value, creditor.Value, bic.Optional, creditor.Optional = a.IBAN.Paper(), string(a.BIC), string(a.CreditorID), true, true
	if days.Value = strconv.Itoa(collect.DefaultNotice); a.NoticeDays > 0 {
		days.Value = strconv.Itoa(a.NoticeDays)
	}
	old.Checked = a.Version == sepa.DirectDebitOld
	return site.FormView{Action: home + "/payments/sellers/" + e.ID + "/account", Fields: []form.Field{iban, bic, creditor, days, old}, Button: r.T("operator.account.button"), Back: &part.Link{Text: r.T("operator.account.back"), URL: home + "/payments"}}
}

// seller is the legal entity of the address, which must be the caller's.
func (d *pages) seller(r *site.Request) (party.Entity, error) {
	list, err := d.Parties.Entities(r.Context(), r.Caller, r.Caller.Org)
	for _, e := range list {
		if e.ID == r.PathValue("entity") {
			return e, nil
		}
	}
	if err == nil {
		err = desk.Missing("legal entity", r.PathValue("entity"))
	}
	return party.Entity{}, err
}

func (d *pages) accountSheet(r *site.Request, e party.Entity) func(site.FormView) (site.Sheet, error) {
	return desk.Ask(page(r, r.T("operator.account.title", "name", e.Name), r.T("operator.payments.title"), home+"/payments"), r.T("operator.account.lead"))
}

func (d *pages) account(r *site.Request) error {
	e, err := d.seller(r)
	if err != nil {
		return err
	}
	a, _, err := d.Collects.Account(r.Context(), e.ID)
	if err != nil {
		return err
	}
	return desk.Shown(r, d.accountForm(r, e, a), d.accountSheet(r, e))
}

func (d *pages) saveAccount(r *site.Request) error {
	e, err := d.seller(r)
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(r.Value("notice_days"))
	if err != nil {
		days = -1
	}
	_, err = d.Collects.SetAccount(r.Context(), r.Caller, collect.AccountInput{Entity: e.ID, IBAN: r.Value("iban"), BIC: r.Value("bic"), CreditorID: r.Value("creditor_id"), NoticeDays: days, Old: r.Ticked("old")})
	if err != nil {
		return desk.Refused(r, err, nil, d.accountForm(r, e, collect.Account{}), d.accountSheet(r, e))
	}
	return r.Redirect(home+"/payments", site.Done("operator.account.saved"))
}
