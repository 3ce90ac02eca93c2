package export_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/export"
	"github.com/halle-cloud/halle/settlement/ledger"
)

// books gives what the ledger says of each account, called by name.
func (w *world) books(t *testing.T, name func(ledger.Account) string) map[string]string {
	t.Helper()
	list, err := w.settlements.Accounts(ctx, w.Operator, "", "", 0, 1000)
	must(t, err)
	sums := map[string][2]int64{}
	for _, a := range list {
		if n := name(a); n != "" {
			sums[n] = [2]int64{sums[n][0] + a.Debits, sums[n][1] + a.Credits}
		}
	}
	out := map[string]string{}
	for n, s := range sums {
		out[n] = fmt.Sprint(s[0], " ", s[1])
	}
	return out
}

// numbered names accounts in euro by a chart, those of other sellers apart.
func (w *world) numbered(s export.Settings, c export.Chart) func(ledger.Account) string {
	return func(a ledger.Account) string {
		if a.Key.Currency != money.EUR {
			return ""
		}
		code := a.Key.Code
		if (code == settlement.Bank || code == settlement.VAT) && a.Key.Owner != w.Operator.Org {
			code = export.Foreign
		}
		found := ""
		for _, r := range s.Rows(c) {
			if r.Code == code {
				return r.Account.Number
			}
			if r.Code == export.Other {
				found = r.Account.Number
			}
		}
		return found
	}
}

func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s has %v\nthe books have %v", what, got, want)
	}
}

// compare reads every form back and holds it against the books.
func (w *world) compare(t *testing.T) {
	t.Helper()
	s, err := w.exports.Settings(ctx, w.Operator)
	must(t, err)
	_, file := w.write(t, export.Journal)
	same(t, "the journal", added(t, readJournal(t, file)), w.books(t, func(a ledger.Account) string { return fmt.Sprint(a.Key.Code, " ", a.Key.Owner, " ", a.Key.Currency) }))
	_, file = w.write(t, export.FEC)
	same(t, "FEC", added(t, readFEC(t, file)), w.books(t, w.numbered(s, export.PCG)))
	_, file = w.write(t, export.SAFT)
	rows, saft := readSAFT(t, file)
	want := w.books(t, w.numbered(s, export.NS4102))
	same(t, "SAF-T", added(t, rows), want)
	for _, a := range saft.MasterFiles.Accounts {
		var debits, credits, closing int64
		_, err := fmt.Sscan(want[a.AccountID], &debits, &credits)
		must(t, err)
		if a.ClosingDebitBalance != "" {
			closing = minor(t, a.ClosingDebitBalance, ".")
		} else {
			closing = -minor(t, a.ClosingCreditBalance, ".")
		}
		if closing != debits-credits {
			t.Errorf("account %s closes with %d, the books with %d", a.AccountID, closing, debits-credits)
		}
	}
	_, file = w.write(t, export.DATEV)
	rows, _ = readDATEV(t, file)
	numbers := w.numbered(s, export.SKR04)
	serial := map[string]int64{}
	same(t, "DATEV", added(t, rows), w.books(t, func(a ledger.Account) string {
		if serial[a.Key.Owner] == 0 {
			serial[a.Key.Owner] = a.ID
		}
		switch {
		case a.Key.Currency != money.EUR:
			return ""
		case a.Key.Code == settlement.Receivable:
			return fmt.Sprint(10_000 + serial[a.Key.Owner])
		case a.Key.Code == settlement.Due || a.Key.Code == settlement.Commission:
			return fmt.Sprint(70_000 + serial[a.Key.Owner])
		}
		return numbers(a)
	}))
}

// random posts entries between all kinds of accounts in three currencies.
func (w *world) random(t *testing.T, draw *rapid.T, n int) {
	t.Helper()
	keys := func(c money.Currency) []ledger.Key {
		k := func(owner string, code ledger.Code) ledger.Key {
			return ledger.Key{Owner: owner, Code: code, Currency: c}
		}
		return []ledger.Key{k(w.buyer.Org, settlement.Receivable), k(w.house.Org, settlement.Receivable), k(w.pub.Org, settlement.Payable), k(w.pub.Org, settlement.Held), k(w.pub.Org, settlement.Due),
			k(w.pub.Org, settlement.Transit), k(w.reseller.Org, settlement.Commission), k(w.Operator.Org, settlement.VAT), k(w.Operator.Org, settlement.Revenue),
			k(w.Operator.Org, settlement.Cost), k(w.Operator.Org, settlement.Bank), k(w.pub.Org, settlement.Bank), k(w.Operator.Org, "written-off")}
	}
	var list []ledger.Entry
	for range n {
		w.n++
		e := ledger.Entry{Ref: ledger.Ref{Kind: rapid.SampledFrom([]string{"invoice", "payment", "statement", "payout-paid", "fee"}).Draw(draw, "kind"), ID: fmt.Sprint("ev_", w.n)},
			Date: day(2026, rapid.IntRange(1, 12).Draw(draw, "month"), rapid.IntRange(1, 28).Draw(draw, "day"))}
		for range rapid.IntRange(1, 6).Draw(draw, "transfers") {
			all := keys(rapid.SampledFrom([]money.Currency{money.EUR, money.EUR, "CHF", "SEK"}).Draw(draw, "currency"))
			from := rapid.IntRange(0, len(all)-1).Draw(draw, "from")
			to := (from + rapid.IntRange(1, len(all)-1).Draw(draw, "to")) % len(all)
			e.Transfers = append(e.Transfers, ledger.Transfer{Debit: all[to], Credit: all[from], Amount: money.New(rapid.Int64Range(1, 5_000_000).Draw(draw, "minor"), all[to].Currency), Line: rapid.IntRange(0, 3).Draw(draw, "line")})
		}
		list = append(list, e)
	}
	w.post(t, list...)
}

func TestEveryFormReadBackIsTheBooks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.settle(t)
		w.compare(t) // of empty books
		number := w.bought(t, 12_345)
		w.compare(t)
		_, file := w.write(t, export.FEC)
		rows := readFEC(t, file)
		if !strings.Contains(fmt.Sprint(rows), "Facture "+number) || !strings.Contains(fmt.Sprint(rows), "Règlement facture "+number) {
			t.Errorf("the file does not name %s: %v", number, rows)
		}
		rapid.Check(t, func(draw *rapid.T) {
			if w.n < 60 { // the books grow with each round
				w.random(t, draw, 12)
				w.compare(t)
			}
		})
	})
}

func TestAFileIsOfItsPeriodAndSnapshot(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.settle(t)
		entry := func(id string, month int, minor int64) ledger.Entry {
			return ledger.Entry{Ref: ledger.Ref{Kind: "invoice", ID: id}, Date: day(2026, month, 5), Transfers: []ledger.Transfer{{Debit: ledger.Key{Owner: w.buyer.Org, Code: settlement.Receivable, Currency: money.EUR},
				Credit: ledger.Key{Owner: w.Operator.Org, Code: settlement.Revenue, Currency: money.EUR}, Amount: money.New(minor, money.EUR)}}}
		}
		w.post(t, entry("a", 1, 100), entry("b", 2, 200), entry("c", 1, 400), entry("d", 3, 800), entry("e", 2, 1600))
		file, err := w.exports.File(ctx, w.Operator, export.Request{Format: export.SAFT, From: day(2026, 2, 1), To: day(2026, 2, 28)})
		must(t, err)
		w.post(t, entry("late", 2, 3200)) // after the file was begun
		var b bytes.Buffer
		must(t, file.Write(&b))
		rows, saft := readSAFT(t, b.Bytes())
		if got := added(t, rows)["1500"]; got != "1800 0" {
			t.Errorf("February has %s", got)
		}
		a := saft.MasterFiles.Accounts[0]
		if a.AccountID != "1500" || a.OpeningDebitBalance != "5.00" || a.ClosingDebitBalance != "23.00" {
			t.Errorf("%+v", a)
		}
		if c := saft.MasterFiles.Customers; len(c) != 1 || c[0].Name != `Acme; "Müller" | Söhne` || c[0].BalanceAccount[0].ClosingDebitBalance != "23.00" {
			t.Errorf("%+v", c)
		}
	})
}

func TestNamesAndHeads(t *testing.T) {
	w := newWorld(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
	w.settle(t)
	rapid.Check(t, func(draw *rapid.T) {
		if w.n < 40 {
			w.random(t, draw, 40)
		}
	})
	var all bytes.Buffer
	for _, f := range export.Formats() {
		name, file := w.write(t, f)
		all.Write(file)
		if want := map[export.Format]string{export.Journal: "journal-2026-01-01-2026-12-31.csv", export.FEC: "552100554FEC20261231.txt", export.DATEV: "EXTF_Buchungsstapel_20260101_20261231.csv",
			export.SAFT: "SAF-T Financial_552100554_"}[f]; !strings.HasPrefix(name, want) {
			t.Errorf("%s is called %s", f, name)
		}
	}
	if bytes.Contains(all.Bytes(), []byte("Zo")) && bytes.Contains(all.Bytes(), []byte("Martin")) {
		t.Error("a household is named")
	}
	_, file := w.write(t, export.DATEV)
	rows, head := readDATEV(t, file)
	if head[10] != "1001" || head[11] != "1" || head[12] != "20260101" || head[13] != "4" || head[14] != "20260101" || head[15] != "20261231" || head[20] != "0" || head[21] != "EUR" || head[26] != "04" {
		t.Errorf("head: %v", head)
	}
	if !strings.Contains(fmt.Sprint(rows), "Éditions Lódz") {
		t.Error("a letter that Windows-1252 does not have is not written as its nearest")
	}
}

func TestWhatCannotBeWrittenSaysWhatIsMissing(t *testing.T) {
	w := newWorld(t, storetest.Open(t, storetest.URL(t, store.SQLite, sets()), sets()))
	year := export.Request{From: day(2026, 1, 1), To: day(2026, 12, 31), Currency: money.EUR}
	ask := func(change func(*export.Request)) error {
		r := year
		change(&r)
		_, err := w.exports.File(ctx, w.Operator, r)
		return err
	}
	for want, err := range map[string]error{
		"export.siren":   ask(func(r *export.Request) { r.Format = export.FEC }),
		"export.datev":   ask(func(r *export.Request) { r.Format = export.DATEV }),
		"export.saft":    ask(func(r *export.Request) { r.Format = export.SAFT }),
		"export.request": ask(func(r *export.Request) { r.Format = "xls" }),
		"export.year":    ask(func(r *export.Request) { r.Format, r.To = export.FEC, day(2027, 1, 1) }),
	} {
		if code(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	w.settle(t)
	for want, err := range map[string]error{
		"export.euro":     ask(func(r *export.Request) { r.Format, r.Currency = export.FEC, "CHF" }),
		"export.settings": w.exports.SetSettings(ctx, w.Operator, export.Settings{SIREN: "552100555"}),
	} {
		if code(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	bad := export.Settings{Numbers: map[export.Chart]map[ledger.Code]string{export.PCG: {settlement.Revenue: "411000"}, export.SKR04: {settlement.Bank: "18000"}}, YearMonth: 13,
		Datev: export.DatevSettings{Adviser: 1, Client: -1, Length: 9, Chart: "skr51"}, Last: strings.Repeat("x", 40)}
	if err := w.exports.SetSettings(ctx, w.Operator, bad); code(err) != "export.settings" {
		t.Errorf("%v", err)
	}
	good := export.Settings{SIREN: "552100554", YearMonth: 7, Numbers: map[export.Chart]map[ledger.Code]string{export.PCG: {settlement.Revenue: "706100", "fee": "627000"}}}
	must(t, w.exports.SetSettings(ctx, w.Operator, good))
	if err := ask(func(r *export.Request) { r.Format = export.FEC }); code(err) != "export.year" {
		t.Errorf("a year that begins in July: %v", err)
	}
	file, err := w.exports.File(ctx, w.Operator, export.Request{Format: export.FEC, From: day(2026, 7, 1), To: day(2026, 12, 31)})
	must(t, err)
	if file.Name != "552100554FEC20270630.txt" {
		t.Error(file.Name)
	}
}

func TestOnlyWhoMayReadTheBooks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.settle(t)
		auditor := w.Join(t, w.Operator, w.Operator.Org, "auditor@operator.example", access.RoleAuditor)
		req := export.Request{Format: export.Journal, From: day(2026, 1, 1), To: day(2026, 12, 31)}
		if _, err := w.exports.File(ctx, auditor, req); err != nil {
			t.Errorf("an auditor: %v", err)
		}
		if err := w.exports.SetSettings(ctx, auditor, export.Settings{}); code(err) == "" {
			t.Error("an auditor sets numbers")
		}
		for _, c := range []access.Caller{{}, w.buyer, w.pub, w.reseller, w.house} {
			_, err := w.exports.File(ctx, c, req)
			_, err2 := w.exports.Settings(ctx, c)
			_, err3 := w.exports.Currencies(ctx, c)
			if err4 := w.exports.SetSettings(ctx, c, export.Settings{}); err == nil || err2 == nil || err3 == nil || err4 == nil {
				t.Errorf("%s reads the books: %v %v %v %v", c.Ref(), err, err2, err3, err4)
			}
		}
	})
}

// counter counts bytes, lets nothing stay, and looks every now and then how much memory is in use.
type counter struct{ n, looked, most int64 }

func (c *counter) Write(b []byte) (int, error) {
	if c.n += int64(len(b)); c.n-c.looked > 5_000_000 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		c.looked, c.most = c.n, max(c.most, int64(m.HeapAlloc))
	}
	return len(b), nil
}

// BenchmarkFiles writes books of 100,000 entries and tells the most memory that was in use on the way.
func BenchmarkFiles(b *testing.B) {
	const entries = 100_000
	w := newWorld(b, storetest.Open(b, storetest.URL(b, store.SQLite, sets()), sets()))
	w.settle(b)
	var list []ledger.Entry
	for n := range entries {
		k := func(owner string, code ledger.Code) ledger.Key {
			return ledger.Key{Owner: owner, Code: code, Currency: money.EUR}
		}
		list = append(list, ledger.Entry{Ref: ledger.Ref{Kind: "invoice", ID: fmt.Sprint("inv_", n)}, Date: day(2026, 1+n%12, 1), Transfers: []ledger.Transfer{
			{Debit: k(w.buyer.Org, settlement.Receivable), Credit: k(w.pub.Org, settlement.Payable), Amount: money.New(8000, money.EUR), Line: 1},
			{Debit: k(w.buyer.Org, settlement.Receivable), Credit: k(w.Operator.Org, settlement.Revenue), Amount: money.New(2000, money.EUR), Line: 1},
			{Debit: k(w.buyer.Org, settlement.Receivable), Credit: k(w.Operator.Org, settlement.VAT), Amount: money.New(2000, money.EUR)}}})
		if len(list) == 1000 {
			w.post(b, list...)
			list = nil
		}
	}
	for _, f := range export.Formats() {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				file, err := w.exports.File(context.Background(), w.Operator, export.Request{Format: f, From: day(2026, 1, 1), To: day(2026, 12, 31)})
				must(b, err)
				out := &counter{}
				must(b, file.Write(io.Writer(out)))
				b.ReportMetric(float64(out.n), "bytes")
				b.ReportMetric(float64(out.most)/1e6, "MB-in-use")
			}
			b.ReportMetric(entries*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
