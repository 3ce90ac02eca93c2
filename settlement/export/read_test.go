package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"github.com/halle-cloud/halle/settlement/export"
)

// posting is what a reader finds of one line: the number of an account, and minor units.
type posting struct {
	entry, account, party, piece, text string
	debit, credit                      int64
}

// minor reads "12,34" or "12.34".
func minor(t *testing.T, text, sign string) int64 {
	t.Helper()
	whole, cents, ok := strings.Cut(text, sign)
	n, err := strconv.ParseInt(whole+cents, 10, 64)
	if err != nil || !ok || len(cents) != 2 {
		t.Fatalf("%q is no amount", text)
	}
	return n
}

// readFEC reads the file of article A47 A-1 as the tax office's program does.
func readFEC(t *testing.T, file []byte) (out []posting) {
	t.Helper()
	text, err := charmap.ISO8859_15.NewDecoder().Bytes(file)
	must(t, err)
	lines := strings.Split(strings.TrimSuffix(string(text), "\r\n"), "\r\n")
	if lines[0] != strings.Join(export.FECColumns(), "|") || len(export.FECColumns()) != 18 {
		t.Fatalf("head: %s", lines[0])
	}
	for _, l := range lines[1:] {
		c := strings.Split(l, "|")
		if len(c) != 18 {
			t.Fatalf("%d columns: %s", len(c), l)
		}
		for _, i := range []int{0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 15} { // what may not be empty
			if c[i] == "" {
				t.Fatalf("%s is empty: %s", export.FECColumns()[i], l)
			}
		}
		for _, i := range []int{3, 9, 15} {
			if len(c[i]) != 8 || strings.Trim(c[i], "0123456789") != "" {
				t.Fatalf("date %s", c[i])
			}
		}
		out = append(out, posting{entry: c[2], account: c[4], party: c[6], piece: c[8], text: c[10] + " " + c[7], debit: minor(t, c[11], ","), credit: minor(t, c[12], ",")})
	}
	return out
}

// readDATEV reads a Buchungsstapel: each row is a posting on Konto and its opposite on Gegenkonto.
func readDATEV(t *testing.T, file []byte) (out []posting, head []string) {
	t.Helper()
	text, err := charmap.Windows1252.NewDecoder().Bytes(file)
	must(t, err)
	if !bytes.Contains(text, []byte("\r\n")) {
		t.Fatal("lines do not end as they must")
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord = ';', -1
	rows, err := r.ReadAll()
	must(t, err)
	if len(rows[0]) != 31 || strings.Join(rows[0][:5], ";") != "EXTF;700;21;Buchungsstapel;13" {
		t.Fatalf("%d fields: %v", len(rows[0]), rows[0])
	}
	if !slices.Equal(rows[1], export.DATEVColumns()) || len(rows[1]) != 125 || rows[1][113] != "Festschreibung" {
		t.Fatalf("%d columns: %v", len(rows[1]), rows[1])
	}
	for _, c := range rows[2:] {
		if len(c) != 125 || c[1] != "S" || len(c[9]) != 4 || len([]rune(c[13])) > 60 || len(c[10]) > 36 || c[6] == c[7] {
			t.Fatalf("row: %v", c)
		}
		n := minor(t, c[0], ",")
		out = append(out, posting{entry: c[11], account: c[6], piece: c[10], text: c[13], debit: n}, posting{entry: c[11], account: c[7], piece: c[10], text: c[13], credit: n})
	}
	return out, rows[0]
}

type saftBalance struct {
	AccountID                                                                            string
	OpeningDebitBalance, OpeningCreditBalance, ClosingDebitBalance, ClosingCreditBalance string
}

type saftFile struct {
	XMLName     xml.Name
	MasterFiles struct {
		Accounts  []saftBalance `xml:"GeneralLedgerAccounts>Account"`
		Customers []struct {
			Name, CustomerID string
			BalanceAccount   []saftBalance
		} `xml:"Customers>Customer"`
		Suppliers []struct{ Name, SupplierID string } `xml:"Suppliers>Supplier"`
	}
	GeneralLedgerEntries struct {
		NumberOfEntries         int
		TotalDebit, TotalCredit string
		Transactions            []struct {
			TransactionID, TransactionDate, Description string
			Line                                        []struct {
				AccountID, SourceDocumentID, CustomerID, SupplierID string
				Debit                                               string `xml:"DebitAmount>Amount"`
				Credit                                              string `xml:"CreditAmount>Amount"`
			}
		} `xml:"Journal>Transaction"`
	}
}

func readSAFT(t *testing.T, file []byte) (out []posting, f saftFile) {
	t.Helper()
	must(t, xml.Unmarshal(file, &f))
	if f.XMLName.Space != "urn:StandardAuditFile-Taxation-Financial:NO" {
		t.Fatalf("space %q", f.XMLName.Space)
	}
	e := f.GeneralLedgerEntries
	debits := int64(0)
	for _, tr := range e.Transactions {
		for _, l := range tr.Line {
			p := posting{entry: tr.TransactionID, account: l.AccountID, party: l.CustomerID + l.SupplierID, piece: l.SourceDocumentID, text: tr.Description}
			if l.Debit != "" {
				p.debit = minor(t, l.Debit, ".")
			} else {
				p.credit = minor(t, l.Credit, ".")
			}
			debits += p.debit
			out = append(out, p)
		}
	}
	if e.NumberOfEntries != len(e.Transactions) || minor(t, e.TotalDebit, ".") != debits || e.TotalCredit != e.TotalDebit {
		t.Fatalf("%d entries, %s: the file has %d and %d", e.NumberOfEntries, e.TotalDebit, len(e.Transactions), debits)
	}
	return out, f
}

// readJournal reads the CSV; the account is code, owner and currency.
func readJournal(t *testing.T, file []byte) (out []posting) {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	must(t, err)
	if !slices.Equal(rows[0], export.JournalColumns()) {
		t.Fatalf("head: %v", rows[0])
	}
	for _, c := range rows[1:] {
		n := minor(t, c[13], ".")
		out = append(out, posting{entry: c[0], account: c[7] + " " + c[8] + " " + c[14], piece: c[5], debit: n}, posting{entry: c[0], account: c[10] + " " + c[11] + " " + c[14], piece: c[5], credit: n})
	}
	return out
}

// added gives "debits credits" by account, and fails when an entry is not in balance.
func added(t *testing.T, list []posting) map[string]string {
	t.Helper()
	type two struct{ debit, credit int64 }
	entries, accounts := map[string]int64{}, map[string]two{}
	for _, p := range list {
		entries[p.entry] += p.debit - p.credit
		a := accounts[p.account]
		accounts[p.account] = two{a.debit + p.debit, a.credit + p.credit}
	}
	for name, rest := range entries {
		if rest != 0 {
			t.Errorf("entry %s is out of balance by %d", name, rest)
		}
	}
	out := map[string]string{}
	for name, a := range accounts {
		out[name] = fmt.Sprint(a.debit, " ", a.credit)
	}
	return out
}
