package main

import (
	"bytes"
	"context"
	"fmt"
	"text/template"
	"time"

	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/settlement"
)

// demoIBAN is the account of the demo's operator: an example of the IBAN registry.
const demoIBAN = "FR7630006000011234567890189"

// paidIn is one movement of the past month's bank statement.
type paidIn struct {
	Ref, Amount, Day, Number, EndToEnd, Payer string
	Returned                                  bool
}

// pastStatement is what the bank says of the past month: transfers that name their invoices, a debit, and the same debit
// sent back because the account is closed.
var pastStatement = template.Must(template.New("camt.053").Parse(`<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>PAST-1</MsgId><CreDtTm>{{.Day}}T20:00:00Z</CreDtTm></GrpHdr>
<Stmt><Id>PAST-1</Id><CreDtTm>{{.Day}}T20:00:00Z</CreDtTm><Acct><Id><IBAN>{{.IBAN}}</IBAN></Id></Acct>
{{range .Movements}}<Ntry><Amt Ccy="EUR">{{.Amount}}</Amt><CdtDbtInd>{{if .Returned}}DBIT</CdtDbtInd><RvslInd>true</RvslInd>{{else}}CRDT</CdtDbtInd>{{end}}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{{.Day}}</Dt></BookgDt><AcctSvcrRef>{{.Ref}}</AcctSvcrRef>
<NtryDtls><TxDtls>{{with .EndToEnd}}<Refs><EndToEndId>{{.}}</EndToEndId></Refs>{{end}}{{with .Payer}}<RltdPties><Dbtr><Pty><Nm>{{.}}</Nm></Pty></Dbtr></RltdPties>{{end}}{{with .Number}}<RmtInf><Ustrd>{{.}}</Ustrd></RmtInf>{{end}}{{if .Returned}}<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>{{end}}</TxDtls></NtryDtls></Ntry>
{{end}}</Stmt></BkToCstmrStmt></Document>
`))

// pay collects what the spa owes by its mandate, and imports what the bank says.
func (p *past) pay(ctx context.Context) error {
	p.day(8)
	h, c := p.h, p.c
	k, made, err := h.collects.Run(ctx, c.operator, c.seller)
	if err != nil || !made {
		return fmt.Errorf("nothing was collected (%t): %w", made, err)
	}
	if _, _, err := h.collects.File(ctx, c.operator, k.ID); err != nil {
		return err
	}
	if _, err := h.collects.HandOver(ctx, c.operator, k.ID); err != nil {
		return err
	}
	if k, err = h.collects.Collection(ctx, c.operator, k.ID); err != nil {
		return err
	}
	p.day(20)
	movements, err := p.transfers(ctx)
	if err != nil {
		return err
	}
	d := k.Debits[0]
	debit := paidIn{Ref: "PAST-D1", Amount: d.Amount.Decimal(), Day: p.date(16), EndToEnd: d.EndToEnd}
	back := debit
	back.Ref, back.Day, back.Returned = "PAST-D2", p.date(18), true
	var b bytes.Buffer
	if err := pastStatement.Execute(&b, map[string]any{"Day": p.date(20), "IBAN": demoIBAN, "Movements": append(movements, debit, back)}); err != nil {
		return err
	}
	f, err := h.banks.Import(ctx, c.operator, c.seller, "releve-"+p.date(20)[:7]+".xml", b.Bytes())
	if err != nil {
		return err
	}
	if f.Desk > 0 || f.Failed != 1 {
		left, _, _ := h.banks.Entries(ctx, c.operator, bank.Desk, "")
		return fmt.Errorf("of %d movements %d were understood, %d failed: %+v", f.Entries, f.Matched, f.Failed, left)
	}
	return p.settle(ctx)
}

// date is a day of the month, 2026-10-16.
func (p *past) date(n int) string { return p.month.AddDate(0, 0, n-1).Format("2006-01-02") }

// transfers are what clinic and bakery pay: all that they owe, with the numbers of their invoices.
func (p *past) transfers(ctx context.Context) (out []paidIn, err error) {
	for _, who := range []string{p.c.clinic.Org, p.c.bakery.Org} {
		page, err := p.h.invoices.Invoices(ctx, p.c.operator, who, "")
		if err != nil {
			return nil, err
		}
		for _, i := range page.Invoices {
			if i.Type == proof.TypeInvoice && i.Owed().Sign() > 0 {
				out = append(out, paidIn{Ref: "PAST-" + i.Number, Amount: i.Owed().Decimal(), Day: p.date(14), Number: i.Number})
			}
		}
	}
	return out, nil
}

// payOut closes the month's statements in the first hours of the next month, as the job does, and pays one publisher; the
// other one's is due.
func (p *past) payOut(ctx context.Context) error {
	next := p.month.AddDate(0, 1, 0)
	p.h.travel.to(next.Add(2 * time.Hour))
	publishers := []string{p.c.alpes.Org, p.c.atlantic.Org}
	err := until(ctx, "the statements", func() (bool, error) {
		if err := p.settle(ctx); err != nil {
			return false, err
		}
		for _, org := range publishers {
			if list, err := p.h.settlements.Statements(ctx, p.c.operator, org, "", 1); err != nil || len(list) == 0 {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	paid, err := p.h.settlements.PayOut(ctx, p.c.operator, p.c.alpes.Org, money.EUR)
	if err != nil {
		return err
	}
	_, err = p.h.settlements.EndPayout(ctx, p.c.operator, settlement.PayoutInput{Payout: paid.ID, State: settlement.PayoutPaid, Reference: "VIR-1", Date: price.DateOf(p.h.now(), time.UTC)})
	if err != nil {
		return err
	}
	return p.settle(ctx)
}
