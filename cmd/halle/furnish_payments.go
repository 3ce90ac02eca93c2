package main

import (
	"bytes"
	"context"
	"fmt"
	"text/template"
	"time"

	debits "github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/price"
)

// demoStatement is what the demo's bank says: a debit that was booked, the same one sent back the day after, and money
// that names no invoice.
var demoStatement = template.Must(template.New("camt.053").Parse(`<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>DEMO-1</MsgId><CreDtTm>{{.Day}}T20:00:00Z</CreDtTm></GrpHdr>
<Stmt><Id>DEMO-1</Id><CreDtTm>{{.Day}}T20:00:00Z</CreDtTm><Acct><Id><IBAN>{{.IBAN}}</IBAN></Id></Acct>
<Ntry><Amt Ccy="EUR">{{.Amount}}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{{.Day}}</Dt></BookgDt><AcctSvcrRef>DEMO-B1</AcctSvcrRef><BkTxCd><Prtry><Cd>SDD</Cd></Prtry></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>{{.EndToEnd}}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="EUR">{{.Amount}}</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{{.Day}}</Dt></BookgDt><AcctSvcrRef>DEMO-B2</AcctSvcrRef><BkTxCd><Prtry><Cd>SDD</Cd></Prtry></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>{{.EndToEnd}}</EndToEndId></Refs><RtrInf><Rsn><Cd>AM04</Cd></Rsn></RtrInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="EUR">42.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{{.Day}}</Dt></BookgDt><AcctSvcrRef>DEMO-B3</AcctSvcrRef><BkTxCd><Prtry><Cd>SCT</Cd></Prtry></BkTxCd>
<NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>Jardin Bonnet</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>pour le service de mars, merci</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
</Stmt></BkToCstmrStmt></Document>
`))

// payments leaves an account of the operator, a mandate of Acme's, a debit that came back because there was not enough
// money, and a transfer that nobody knows. The account numbers are the examples of the IBAN registry.
func (s *story) payments(ctx context.Context) error {
	h := s.h
	entities, err := h.parties.Entities(ctx, s.cast.operator, s.cast.operator.Org)
	if err != nil || len(entities) == 0 {
		return fmt.Errorf("the operator's legal entity: %w", err)
	}
	seller := entities[0].ID
	a, err := h.collects.SetAccount(ctx, s.cast.operator, debits.AccountInput{Entity: seller, IBAN: demoIBAN, BIC: "AGRIFRPP", CreditorID: "FR72ZZZ123456", NoticeDays: 5})
	if err != nil {
		return fmt.Errorf("the operator's account: %w", err)
	}
	if _, err := h.collects.Give(ctx, s.cast.acme, debits.MandateInput{Org: s.cast.acme.Org, Entity: seller, Name: "Acme Santé", IBAN: "FR1420041010050500013M02606", Signed: true, Lang: "en"}); err != nil {
		return fmt.Errorf("Acme's mandate: %w", err)
	}
	k, made, err := h.collects.Run(ctx, s.cast.operator, seller)
	if err != nil || !made {
		return fmt.Errorf("nothing was collected (%t): %w", made, err)
	}
	if _, _, err := h.collects.File(ctx, s.cast.operator, k.ID); err != nil {
		return fmt.Errorf("the file for the bank: %w", err)
	}
	if _, err := h.collects.HandOver(ctx, s.cast.operator, k.ID); err != nil {
		return fmt.Errorf("handing over: %w", err)
	}
	if k, err = h.collects.Collection(ctx, s.cast.operator, k.ID); err != nil {
		return err
	}
	d := k.Debits[0]
	var b bytes.Buffer
	err = demoStatement.Execute(&b, map[string]any{"Day": price.DateOf(h.now(), time.UTC), "IBAN": a.IBAN.Electronic(), "Amount": d.Amount.Decimal(), "EndToEnd": d.EndToEnd})
	if err != nil {
		return err
	}
	_, err = h.banks.Import(ctx, s.cast.operator, seller, "releve.xml", b.Bytes())
	return err
}
