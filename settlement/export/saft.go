package export

import (
	"bufio"
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/ledger"
)

const (
	saftSpace   = "urn:StandardAuditFile-Taxation-Financial:NO"
	saftVersion = "1.30"
)

func saftWords() map[string]string {
	return map[string]string{"invoice": "Faktura", "credit": "Kreditnota", "payment": "Innbetaling", "hold": "Tilbakehold", "release": "Frigivelse", "statement": "Avregning",
		"payout": "Utbetaling bestilt", "payout-paid": "Utbetaling", "payout-returned": "Utbetaling returnert"}
}

// saft is SAF-T Financial 1.30: header, accounts with their balances, customers and suppliers, one journal.
func (w *work) saft(ctx context.Context) (*File, error) {
	f := fail.New(fail.Invalid, "export.saft", "The head of the file names the company and whom to ask, and something of it is not known.", "Write it into the settings of exports, and the registration into the legal entity.")
	if w.company.Registration == "" {
		f = f.Field("registration", "the legal entity of the operator has none")
	}
	if w.First == "" || w.Last == "" {
		f = f.Field("last", "name a person whom the tax office may ask")
	}
	if exp, _ := w.Currency.Exponent(); exp > 2 {
		f = f.Field("currency", "has more than two decimals, which this form does not know")
	}
	if len(f.Fields) > 0 {
		return nil, f
	}
	if err := w.total(ctx); err != nil {
		return nil, err
	}
	registration := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, w.company.Registration)
	return &File{Name: "SAF-T Financial_" + registration + "_" + w.Now().UTC().Format("20060102150405") + "_1_1.xml", Type: "application/xml", write: func(out io.Writer) error {
		b := bufio.NewWriter(out)
		x := &markup{w: b}
		x.raw(xml.Header)
		x.raw(`<AuditFile xmlns="` + saftSpace + `">`)
		w.saftHeader(x)
		if err := w.saftMasters(ctx, x); err != nil {
			return err
		}
		if err := w.saftEntries(ctx, x); err != nil {
			return err
		}
		x.raw("\n</AuditFile>\n")
		return cmp.Or(x.err, b.Flush())
	}}, nil
}

// markup writes elements one after the other and keeps the first error.
type markup struct {
	w   io.Writer
	err error
}

func (x *markup) raw(s string) {
	if x.err == nil {
		_, x.err = io.WriteString(x.w, s)
	}
}

// in writes an element with what f writes inside.
func (x *markup) in(name string, f func()) {
	x.raw("\n<" + name + ">")
	f()
	x.raw("\n</" + name + ">")
}

// of writes an element with text of at most limit signs; control signs become spaces.
func (x *markup) of(name, text string, limit int) {
	x.raw("\n<" + name + ">")
	if x.err == nil {
		x.err = xml.EscapeText(x.w, []byte(cut(strings.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, text), limit)))
	}
	x.raw("</" + name + ">")
}

// balance writes the debit or the credit of a name, as the difference is.
func (x *markup) balance(w *work, name string, m ledger.Moved) {
	side, minor := "Debit", m.Debits-m.Credits
	if minor < 0 {
		side, minor = "Credit", -minor
	}
	x.of(name+side+"Balance", decimal(minor, w.Currency, "."), 20)
}

func (w *work) saftHeader(x *markup) {
	x.in("Header", func() {
		x.of("AuditFileVersion", saftVersion, 9)
		x.of("AuditFileCountry", "NO", 2)
		x.of("AuditFileDateCreated", w.Now().UTC().Format("2006-01-02"), 10)
		x.of("SoftwareCompanyName", "Halle", 70)
		x.of("SoftwareID", "Halle", 256)
		x.of("SoftwareVersion", "1", 18)
		x.in("Company", func() {
			x.of("RegistrationNumber", w.company.Registration, 35)
			x.of("Name", w.company.Name, 256)
			x.in("Address", func() {
				x.of("StreetName", strings.ReplaceAll(w.company.Address, "\n", ", "), 256)
				x.of("Country", w.company.Country, 2)
			})
			x.in("Contact", func() {
				x.in("ContactPerson", func() {
					x.of("FirstName", w.First, 35)
					x.of("LastName", w.Last, 70)
				})
			})
			if w.company.VATID != "" {
				x.in("TaxRegistration", func() { x.of("TaxRegistrationNumber", w.company.VATID, 35) })
			}
		})
		x.of("DefaultCurrencyCode", string(w.Currency), 3)
		x.in("SelectionCriteria", func() {
			x.of("SelectionStartDate", w.From.String(), 10)
			x.of("SelectionEndDate", w.To.String(), 10)
		})
		x.of("TaxAccountingBasis", "A", 18)
	})
}

// saftMasters writes the accounts, each once with all of its organisations, then customers and suppliers.
func (w *work) saftMasters(ctx context.Context, x *markup) error {
	type held struct{ opening, closing ledger.Moved }
	accounts := map[Account]*held{}
	parties := map[ledger.Key]held{}
	for _, a := range w.all {
		if a.Key.Currency != w.Currency {
			continue
		}
		was, now := w.before[a.ID], w.within[a.ID]
		now.Debits, now.Credits = now.Debits+was.Debits, now.Credits+was.Credits
		of := w.charts(a.Key)
		h := accounts[of]
		if h == nil {
			h = &held{}
			accounts[of] = h
		}
		h.opening.Debits, h.opening.Credits = h.opening.Debits+was.Debits, h.opening.Credits+was.Credits
		h.closing.Debits, h.closing.Credits = h.closing.Debits+now.Debits, h.closing.Credits+now.Credits
		parties[a.Key] = held{was, now}
	}
	sorted := make([]Account, 0, len(accounts))
	for a := range accounts {
		sorted = append(sorted, a)
	}
	slices.SortFunc(sorted, func(a, b Account) int { return cmp.Compare(a.Number, b.Number) })
	x.raw("\n<MasterFiles>")
	if len(sorted) > 0 {
		x.in("GeneralLedgerAccounts", func() {
			for _, a := range sorted {
				x.in("Account", func() {
					category, code, _ := strings.Cut(a.grouping, " ")
					x.of("AccountID", a.Number, 70)
					x.of("AccountDescription", a.Name, 256)
					x.of("GroupingCategory", category, 256)
					x.of("GroupingCode", code, 35)
					x.of("AccountType", "GL", 18)
					x.balance(w, "Opening", accounts[a].opening)
					x.balance(w, "Closing", accounts[a].closing)
				})
			}
		})
	}
	for _, kind := range []string{"Customer", "Supplier"} {
		err := w.saftParties(ctx, x, kind, func(k ledger.Key) (ledger.Moved, ledger.Moved) { return parties[k].opening, parties[k].closing })
		if err != nil {
			return err
		}
	}
	x.raw("\n</MasterFiles>")
	return x.err
}

// saftKind tells whether an account is a customer's or a supplier's; "" for neither.
func saftKind(s ledger.Key) string {
	switch {
	case s.Code == settlement.Receivable:
		return "Customer"
	case personal(side{key: s}):
		return "Supplier"
	}
	return ""
}

// tail is an identifier in the 35 signs that the form has for one: its end, which is what makes it unique.
func tail(id string) string { return id[max(0, len(id)-35):] }

func (w *work) saftParties(ctx context.Context, x *markup, kind string, balance func(ledger.Key) (ledger.Moved, ledger.Moved)) error {
	owners := map[string][]ledger.Key{}
	var order []string
	for _, a := range w.all {
		if a.Key.Currency != w.Currency || saftKind(a.Key) != kind {
			continue
		}
		if len(owners[a.Key.Owner]) == 0 {
			order = append(order, a.Key.Owner)
		}
		owners[a.Key.Owner] = append(owners[a.Key.Owner], a.Key)
	}
	if len(order) == 0 {
		return nil
	}
	x.raw("\n<" + kind + "s>")
	for some := range slices.Chunk(order, step) {
		err := w.DB.Read(ctx, func(tx *store.Tx) error {
			for _, owner := range some {
				if _, err := w.side(tx, owners[owner][0]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, owner := range some {
			x.in(kind, func() {
				x.of("Name", w.names[owner], 256)
				x.of(kind+"ID", tail(owner), 35)
				for _, k := range owners[owner] {
					x.in("BalanceAccount", func() {
						opening, closing := balance(k)
						x.of("AccountID", w.charts(k).Number, 70)
						x.balance(w, "Opening", opening)
						x.balance(w, "Closing", closing)
					})
				}
			})
		}
	}
	x.raw("\n</" + kind + "s>")
	return x.err
}

func (w *work) saftEntries(ctx context.Context, x *markup) error {
	total := int64(0)
	for _, m := range w.within {
		total += m.Debits
	}
	x.raw("\n<GeneralLedgerEntries>")
	x.of("NumberOfEntries", strconv.FormatInt(w.entries, 10), 20)
	x.of("TotalDebit", decimal(total, w.Currency, "."), 20)
	x.of("TotalCredit", decimal(total, w.Currency, "."), 20)
	x.raw("\n<Journal>")
	x.of("JournalID", "GL", 18)
	x.of("Description", "Hovedbok", 256)
	x.of("Type", "GL", 9)
	err := w.each(ctx, func(e *entry) error {
		w.saftEntry(x, e)
		return x.err
	})
	x.raw("\n</Journal>\n</GeneralLedgerEntries>")
	return cmp.Or(err, x.err)
}

func (w *work) saftEntry(x *markup, e *entry) {
	x.in("Transaction", func() {
		first, _ := w.year(e.Date)
		x.of("TransactionID", strconv.FormatInt(e.Seq, 10), 70)
		x.of("Period", strconv.Itoa((e.Date.Year-first.Year)*12+int(e.Date.Month)-int(first.Month)+1), 3)
		x.of("PeriodYear", strconv.Itoa(first.Year), 4)
		x.of("TransactionDate", e.Date.String(), 10)
		x.of("VoucherType", e.Ref.Kind, 70)
		x.of("Description", e.text(saftWords(), 256), 256)
		x.of("SystemEntryDate", e.At.UTC().Format("2006-01-02"), 10)
		x.of("GLPostingDate", e.Date.String(), 10)
		for n, s := range e.sums() {
			x.in("Line", func() {
				x.of("RecordID", fmt.Sprintf("%d-%d", e.Seq, n+1), 18)
				x.of("AccountID", s.side.number, 70)
				x.of("SourceDocumentID", tail(e.piece), 35)
				if kind := saftKind(s.side.key); kind != "" {
					x.of(kind+"ID", tail(s.side.key.Owner), 35)
				}
				x.of("Description", s.side.name, 256)
				name, minor := "DebitAmount", s.debit
				if minor == 0 {
					name, minor = "CreditAmount", s.credit
				}
				x.in(name, func() { x.of("Amount", decimal(minor, w.Currency, "."), 20) })
			})
		}
	})
}
