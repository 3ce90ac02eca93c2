package sepa_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStatement(t *testing.T) {
	var first []sepa.Entry
	for _, name := range []string{"camt.053.001.08.xml", "camt.053.001.02.xml"} {
		list, err := sepa.ReadStatements(read(t, name))
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: %v", name, err)
		}
		s := list[0]
		if s.ID != "STMT-234" || s.Account.Electronic() != "FR7630006000011234567890189" || s.Opening.Amount != eur(-100_00) || s.Closing.Amount != eur(42_50) || len(s.Entries) != 4 {
			t.Fatalf("%s: %+v", name, s)
		}
		batch, back, in, soon := s.Entries[0], s.Entries[1], s.Entries[2], s.Entries[3]
		if len(batch.Transactions) != 2 || batch.Transactions[1].Amount != eur(100_00) || batch.Transactions[0].EndToEnd != "INV-2026-000001" || batch.Code != "PMNT/IDDT/ESDD" ||
			batch.Transactions[0].Payer != "Zoe" || batch.Transactions[0].Account == "" {
			t.Errorf("%s: batch %+v", name, batch)
		}
		r := back.Transactions[0]
		if r.Return == nil || r.Return.Code != "AC04" || r.Return.Text != "compte clos" || r.Credit || r.Amount != eur(20_00) || !back.Reversal || r.Payer != "Zoe" || back.Date != day("2026-12-08") {
			t.Errorf("%s: return %+v", name, back)
		}
		if one := in.Transactions[0]; one.EndToEnd != "" || one.Remittance != "Rechnung inv 2026 000007 danke" || one.Payer != "Anna Nowak" || one.Amount != eur(42_50) {
			t.Errorf("%s: transfer %+v", name, one)
		}
		if soon.Booked {
			t.Error("an announced booking counts")
		}
		if first == nil {
			first = s.Entries
		} else if !reflect.DeepEqual(first, s.Entries) {
			t.Error("the two editions are read differently")
		}
		seen := map[string]bool{}
		for _, e := range s.Entries {
			for _, tx := range e.Transactions {
				if seen[tx.Key] || len(tx.Key) != 64 {
					t.Errorf("key %q", tx.Key)
				}
				seen[tx.Key] = true
			}
		}
	}
}

func TestAStatementThatCannotBeTrusted(t *testing.T) {
	good := string(read(t, "camt.053.001.08.xml"))
	change := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("no %q in the file", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	for what, bad := range map[string]string{
		"a booking is missing":  change(`<Amt Ccy="EUR">120.00</Amt>`, `<Amt Ccy="EUR">119.00</Amt>`),
		"another currency":      change(`<Amt Ccy="EUR">120.00</Amt>`, `<Amt Ccy="CHF">120.00</Amt>`),
		"a negative amount":     change(`>20.00</Amt>`, `>-20.00</Amt>`),
		"finer than a cent":     change(`>100.00000</Amt>`, `>100.00001</Amt>`),
		"a currency of nowhere": change(`<Amt Ccy="EUR">9.00`, `<Amt Ccy="ZZZ">9.00`),
		"no sign":               change(`<CdtDbtInd>CRDT</CdtDbtInd><Sts>`, `<Sts>`),
		"no date":               change(`<BookgDt><Dt>2026-12-08</Dt></BookgDt><ValDt><Dt>2026-12-08</Dt></ValDt>`, ``),
		"a date that is none":   change(`<BookgDt><Dt>2026-12-08`, `<BookgDt><Dt>2026-13-08`),
		"a status report":       change(`camt.053.001.08`, `pain.002.001.10`),
		"no ISO message":        change(`urn:iso:std:iso:20022:tech:xsd:`, `urn:x:`),
		"cut off":               good[:len(good)/2],
		"a document type":       change(`<Document`, `<!DOCTYPE x [<!ENTITY a "b">]><Document`),
		"an entity":             change(`<Nm>Zoe`, `<Nm>&a;`),
		"an instruction":        change(`<BkToCstmrStmt>`, `<BkToCstmrStmt><?php x?>`),
		"another encoding":      change(`encoding="UTF-8"`, `encoding="ISO-8859-1"`),
		"too deep":              `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">` + strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200) + "</Document>",
		"too many elements":     `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><a>` + strings.Repeat("<b/>", 1_600_000) + "</a></Document>",
		"a long text":           change(`<Nm>Zoe`, `<Nm>`+strings.Repeat("x", 5000)),
		"two documents":         good + good[strings.Index(good, "<Document"):],
		"nothing":               "",
	} {
		if _, err := sepa.ReadStatements([]byte(bad)); !fail.Is(err, fail.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := sepa.ReadStatements(make([]byte, sepa.MaxFile+1)); !fail.Is(err, fail.TooLarge) {
		t.Errorf("a huge file: %v", err)
	}
}

func TestPartsThatDoNotSumStayOne(t *testing.T) {
	good := string(read(t, "camt.053.001.08.xml"))
	list, err := sepa.ReadStatements([]byte(strings.Replace(good, `<Amt Ccy="EUR">100.00000</Amt><CdtDbtInd>CRDT</CdtDbtInd>`, "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if e := list[0].Entries[0]; len(e.Transactions) != 1 || e.Transactions[0].Amount != eur(120_00) || e.Transactions[0].Batch != "DD-1-1" || e.Transactions[0].EndToEnd != "" {
		t.Errorf("%+v", e.Transactions)
	}
	list, err = sepa.ReadStatements([]byte(strings.Replace(good, `<Amt Ccy="EUR">20.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>
          <RltdPties>`, `<Amt Ccy="CHF">25.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>
          <RltdPties>`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if got := list[0].Entries[1].Transactions[0].Amount; got != money.New(20_00, money.EUR) {
		t.Errorf("one transaction of another currency: %v", got)
	}
}

const report = `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>R-1</MsgId><CreDtTm>2026-11-25T10:00:00Z</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>DD-1</OrgnlMsgId><OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>DD-1-1</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts>
<TxInfAndSts><OrgnlEndToEndId>E-1</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>MD01</Cd></Rsn></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>DD-1-2</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf></OrgnlPmtInfAndSts>
</CstmrPmtStsRpt></Document>`

func TestStatusReport(t *testing.T) {
	r, err := sepa.ReadReport([]byte(report))
	if err != nil || r.Original != "DD-1" || r.Group != sepa.Partly {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, want := range []struct {
		batch, e2e string
		status     sepa.Status
		code       string
	}{{"DD-1-1", "E-1", sepa.Rejected, "MD01"}, {"DD-1-1", "E-2", "", ""}, {"DD-1-2", "E-9", sepa.Rejected, "FF01"}} {
		if s, reason := r.Of(want.batch, want.e2e); s != want.status || reason.Code != want.code {
			t.Errorf("%s %s: %s %s", want.batch, want.e2e, s, reason.Code)
		}
	}
	whole, err := sepa.ReadReport([]byte(strings.Replace(strings.Replace(report, "PART", "RJCT", 1), "<PmtInfSts>PART</PmtInfSts>", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := whole.Of("DD-1-1", "E-2"); !s.Refused() {
		t.Error("a file that was rejected is not")
	}
	if _, err := sepa.ReadReport(read(t, "camt.053.001.08.xml")); !fail.Is(err, fail.Invalid) {
		t.Errorf("a statement as report: %v", err)
	}
}

func TestReasons(t *testing.T) {
	for code, effect := range map[string]sepa.Effect{"AM04": sepa.MayRetry, "AC04": sepa.FixFirst, "MD01": sepa.EndsMandate, "MD06": sepa.EndsMandate, "XX99": sepa.MayRetry, "": sepa.MayRetry} {
		r := sepa.Reason{Code: code, Text: "Anna Nowak"}
		if r.Effect() != effect || r.Say("en") == r.Say("fr") || strings.Contains(r.Say("fr"), "Anna") {
			t.Errorf("%s: %v, %q", code, r.Effect(), r.Say("fr"))
		}
	}
}

// FuzzRead: whatever comes in is read or refused with a reason; what is read adds up.
func FuzzRead(f *testing.F) {
	f.Add(read(f, "camt.053.001.08.xml"))
	f.Add(read(f, "camt.053.001.02.xml"))
	f.Add([]byte(report))
	f.Add([]byte(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Ntry/></Stmt></BkToCstmrStmt></Document>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := sepa.ReadStatements(data)
		if err != nil && fail.KindOf(err) == fail.Internal {
			t.Fatal(err)
		}
		for _, s := range list {
			for _, e := range s.Entries {
				sum := int64(0)
				for _, tx := range e.Transactions {
					if tx.Amount.Minor < 0 || tx.Amount.Currency != e.Amount.Currency || tx.Key == "" {
						t.Fatalf("%+v", tx)
					}
					if tx.Credit == e.Credit {
						sum += tx.Amount.Minor
					} else {
						sum -= tx.Amount.Minor
					}
				}
				if sum != e.Amount.Minor {
					t.Fatalf("%d of %d", sum, e.Amount.Minor)
				}
			}
		}
		if _, err := sepa.ReadReport(data); err != nil && fail.KindOf(err) == fail.Internal {
			t.Fatal(err)
		}
	})
}
