package export

import (
	"bufio"
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"

	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/settlement"
)

// JournalColumns are the columns of the journal; docs/exports.md says what stands in each.
func JournalColumns() []string {
	return []string{"entry", "date", "posted_at", "kind", "ref", "document", "line", "debit_account", "debit_owner", "debit_name", "credit_account", "credit_owner", "credit_name",
		"amount", "currency", "hash"}
}

// journal is every transfer as a row.
func (w *work) journal(ctx context.Context) *File {
	return &File{Name: "journal-" + w.From.String() + "-" + w.To.String() + ".csv", Type: "text/csv; charset=utf-8", write: func(out io.Writer) error {
		c := csv.NewWriter(out)
		if err := c.Write(JournalColumns()); err != nil {
			return err
		}
		err := w.each(ctx, func(e *entry) error {
			for _, p := range e.pairs {
				if err := c.Write([]string{strconv.FormatInt(e.Seq, 10), e.Date.String(), e.At.UTC().Format(time.RFC3339Nano), e.Ref.Kind, e.Ref.ID, harmless(e.piece), strconv.Itoa(p.line),
					string(p.debit.key.Code), p.debit.key.Owner, harmless(p.debit.name), string(p.credit.key.Code), p.credit.key.Owner, harmless(p.credit.name),
					p.amount.Decimal(), string(p.amount.Currency), e.Hash}); err != nil {
					return err
				}
			}
			return nil
		})
		c.Flush()
		if err == nil {
			err = c.Error()
		}
		return err
	}}
}

// harmless keeps a spreadsheet from running a name as a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(text)[0]) {
		return "'" + text
	}
	return text
}

// in writes text in a character set of one byte a sign: what it does not have is written as banks would (EPC217-08).
func in(set *charmap.Charmap, text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < ' ' || r == 0x7f {
			r = ' '
		}
		if one, ok := set.EncodeRune(r); ok {
			b.WriteByte(one)
			continue
		}
		for _, r := range sepa.Text(string(r), 8) {
			if one, ok := set.EncodeRune(r); ok {
				b.WriteByte(one)
			}
		}
	}
	return b.String()
}

// FECColumns are the columns of article A47 A-1, VII, 1° of the livre des procédures fiscales, in their order.
func FECColumns() []string {
	return []string{"JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib", "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit",
		"EcritureLet", "DateLet", "ValidDate", "Montantdevise", "Idevise"}
}

// fecWords say what an entry is about.
func fecWords() map[string]string {
	return map[string]string{"invoice": "Facture", "credit": "Avoir", "payment": "Règlement facture", "hold": "Retenue", "release": "Libération de retenue", "statement": "Relevé éditeur",
		"payout": "Ordre de virement", "payout-paid": "Virement", "payout-returned": "Virement retourné"}
}

// fecJournal is the journal that a kind of entry stands in.
func fecJournal(kind string) (code, name string) {
	switch kind {
	case "invoice":
		return "VE", "Ventes"
	case "statement":
		return "AC", "Achats"
	case "payment", "payout-paid", "payout-returned":
		return "BQ", "Banque"
	}
	return "OD", "Opérations diverses"
}

// fec is the file of the French tax office: SIREN, "FEC", last day of the financial year; ISO 8859-15, columns divided by
// a bar, amounts with a comma.
func (w *work) fec(ctx context.Context) (*File, error) {
	if err := w.oneYear(); err != nil {
		return nil, err
	}
	if w.SIREN == "" {
		return nil, fail.New(fail.Invalid, "export.siren", "The name of the file begins with the SIREN of the company, and it is not known.", "Write it into the settings of exports.").Field("siren", "is missing")
	}
	if w.Currency != money.EUR {
		return nil, fail.New(fail.Invalid, "export.euro", "This file is in euro.", "Choose EUR, or another form.").Field("currency", "must be EUR")
	}
	_, last := w.year(w.From)
	return &File{Name: w.SIREN + "FEC" + compact(last) + ".txt", Type: "text/plain; charset=iso-8859-15", write: func(out io.Writer) error {
		b := bufio.NewWriter(out)
		if err := writeLine(b, strings.Join(FECColumns(), "|")); err != nil {
			return err
		}
		if err := w.each(ctx, func(e *entry) error { return w.fecEntry(b, e) }); err != nil {
			return err
		}
		return b.Flush()
	}}, nil
}

func (w *work) fecEntry(b io.Writer, e *entry) error {
	code, name := fecJournal(e.Ref.Kind)
	for _, s := range e.sums() {
		aux, called := "", ""
		if personal(s.side) {
			aux, called = s.side.key.Owner, s.side.name
		}
		cells := []string{code, name, strconv.FormatInt(e.Seq, 10), compact(e.Date), s.side.number, s.side.chart.Name, aux, called, e.piece, compact(e.Date), e.text(fecWords(), 200),
			decimal(s.debit, w.Currency, ","), decimal(s.credit, w.Currency, ","), "", "", e.At.UTC().Format("20060102"), "", ""}
		for i := range cells {
			cells[i] = in(charmap.ISO8859_15, strings.ReplaceAll(cells[i], "|", " "))
		}
		if err := writeLine(b, strings.Join(cells, "|")); err != nil {
			return err
		}
	}
	return nil
}

// personal tells whether an account is one of many of its kind, each of another organisation.
func personal(s side) bool {
	switch s.key.Code {
	case settlement.Receivable, settlement.Payable, settlement.Held, settlement.Due, settlement.Transit, settlement.Commission:
		return true
	}
	return false
}
