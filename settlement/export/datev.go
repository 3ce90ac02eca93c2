package export

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/settlement"
)

// The header of DATEV-Format: version of the header, category (21: Buchungsstapel) and version of the category.
const (
	datevVersion  = 700
	datevCategory = 21
	datevRows     = 13
	datevColumns  = 125
)

// DATEVColumns are the 125 columns of a Buchungsstapel of version 13, in their order.
func DATEVColumns() []string {
	out := []string{"Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "WKZ Umsatz", "Kurs", "Basis-Umsatz", "WKZ Basis-Umsatz", "Konto", "Gegenkonto (ohne BU-Schlüssel)", "BU-Schlüssel",
		"Belegdatum", "Belegfeld 1", "Belegfeld 2", "Skonto", "Buchungstext", "Postensperre", "Diverse Adressnummer", "Geschäftspartnerbank", "Sachverhalt", "Zinssperre", "Beleglink"}
	numbered := func(n int, names ...string) {
		for i := range n {
			for _, name := range names {
				out = append(out, fmt.Sprintf("%s %d", name, i+1))
			}
		}
	}
	numbered(8, "Beleginfo - Art", "Beleginfo - Inhalt")
	out = append(out, "KOST1 - Kostenstelle", "KOST2 - Kostenstelle", "Kost-Menge", "EU-Land u. UStID (Bestimmung)", "EU-Steuersatz (Bestimmung)", "Abw. Versteuerungsart", "Sachverhalt L+L",
		"Funktionsergänzung L+L", "BU 49 Hauptfunktionstyp", "BU 49 Hauptfunktionsnummer", "BU 49 Funktionsergänzung")
	numbered(20, "Zusatzinformation - Art", "Zusatzinformation- Inhalt")
	return append(out, "Stück", "Gewicht", "Zahlweise", "Forderungsart", "Veranlagungsjahr", "Zugeordnete Fälligkeit", "Skontotyp", "Auftragsnummer", "Buchungstyp", "USt-Schlüssel (Anzahlungen)",
		"EU-Land (Anzahlungen)", "Sachverhalt L+L (Anzahlungen)", "EU-Steuersatz (Anzahlungen)", "Erlöskonto (Anzahlungen)", "Herkunft-Kz", "Buchungs GUID", "KOST-Datum", "SEPA-Mandatsreferenz",
		"Skontosperre", "Gesellschaftername", "Beteiligtennummer", "Identifikationsnummer", "Zeichnernummer", "Postensperre bis", "Bezeichnung SoBil-Sachverhalt", "Kennzeichen SoBil-Buchung",
		"Festschreibung", "Leistungsdatum", "Datum Zuord. Steuerperiode", "Fälligkeit", "Generalumkehr (GU)", "Steuersatz", "Land", "Abrechnungsreferenz",
		"BVV-Position (Betriebsvermögensvergleich)", "EU-Land u. UStID (Ursprung)", "EU-Steuersatz (Ursprung)", "Abw. Skontokonto")
}

func datevWords() map[string]string {
	return map[string]string{"invoice": "Rechnung", "credit": "Gutschrift", "payment": "Zahlung", "hold": "Einbehalt", "release": "Freigabe Einbehalt", "statement": "Abrechnung",
		"payout": "Auszahlung angewiesen", "payout-paid": "Auszahlung", "payout-returned": "Auszahlung zurück"}
}

// datev is a Buchungsstapel: a row for each pair of accounts of an entry, the debited one first.
func (w *work) datev(ctx context.Context) (*File, error) {
	if err := w.oneYear(); err != nil {
		return nil, err
	}
	f := fail.New(fail.Invalid, "export.datev", "The tax adviser's numbers stand in the head of the file, and they are not known.", "Write them into the settings of exports.")
	if w.Datev.Adviser == 0 {
		f = f.Field("datev.adviser", "is missing")
	}
	if w.Datev.Client == 0 {
		f = f.Field("datev.client", "is missing")
	}
	if len(f.Fields) > 0 {
		return nil, f
	}
	first, _ := w.year(w.From)
	return &File{Name: "EXTF_Buchungsstapel_" + compact(w.From) + "_" + compact(w.To) + ".csv", Type: "text/csv; charset=windows-1252", write: func(out io.Writer) error {
		b := bufio.NewWriter(out)
		columns := strings.Join(DATEVColumns(), ";")
		if err := cmp.Or(writeLine(b, w.datevHead(compact(first))), writeLine(b, in(charmap.Windows1252, columns))); err != nil {
			return err
		}
		if err := w.each(ctx, func(e *entry) error { return w.datevEntry(b, e) }); err != nil {
			return err
		}
		return b.Flush()
	}}, nil
}

// datevHead is the first line: 31 fields.
func (w *work) datevHead(year string) string {
	closed := "0"
	if w.locked {
		closed = "1"
	}
	now := w.Now().UTC()
	return strings.Join([]string{`"EXTF"`, strconv.Itoa(datevVersion), strconv.Itoa(datevCategory), `"Buchungsstapel"`, strconv.Itoa(datevRows),
		now.Format("20060102150405") + fmt.Sprintf("%03d", now.Nanosecond()/1_000_000), "", `"HA"`, `"Halle"`, `""`, strconv.Itoa(w.Datev.Adviser), strconv.Itoa(w.Datev.Client), year,
		strconv.Itoa(w.Datev.length()), compact(w.From), compact(w.To), quoted("Halle "+w.From.String()[:7], 30), `""`, "1", "0", closed, quoted(string(w.Currency), 3), "", `""`, "", "",
		quoted(strings.TrimPrefix(string(w.Datev.chart()), "skr"), 2), "", "", `""`, `""`}, ";")
}

func quoted(text string, limit int) string {
	return `"` + in(charmap.Windows1252, strings.ReplaceAll(cut(text, limit), `"`, `""`)) + `"`
}

// datevEntry sums by pair of accounts: the lines of a document do not matter to the accountant.
func (w *work) datevEntry(b io.Writer, e *entry) error {
	var list []pair
	for _, p := range e.pairs {
		i := slices.IndexFunc(list, func(o pair) bool { return o.debit.key == p.debit.key && o.credit.key == p.credit.key })
		if i < 0 {
			list = append(list, p)
			continue
		}
		list[i].amount.Minor += p.amount.Minor
	}
	for _, p := range list {
		debit, err := w.datevNumber(p.debit)
		if err != nil {
			return err
		}
		credit, err := w.datevNumber(p.credit)
		if err != nil {
			return err
		}
		if debit == credit {
			return fail.New(fail.Invalid, "export.same", fmt.Sprintf("In entry %d the accounts %s and %s have the same number %s.", e.Seq, p.debit.key.Code, p.credit.key.Code, debit),
				"Give one of them another number in the settings of exports.")
		}
		row := make([]string, datevColumns)
		row[0], row[1], row[2], row[6], row[7] = decimal(p.amount.Minor, w.Currency, ","), `"S"`, quoted(string(w.Currency), 3), debit, credit
		row[9] = fmt.Sprintf("%02d%02d", e.Date.Day, e.Date.Month)
		row[10], row[11] = quoted(document(e.piece), 36), quoted(strconv.FormatInt(e.Seq, 10), 12)
		who := p.debit
		if !personal(who) {
			who = p.credit
		}
		row[13] = quoted(cut(e.text(datevWords(), 60)+", "+who.name, 60), 60)
		if w.locked {
			row[113] = "1"
		}
		if err := writeLine(b, strings.Join(row, ";")); err != nil {
			return err
		}
	}
	return nil
}

// document keeps the signs that Belegfeld 1 takes.
func document(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("$&%*+-/", r) {
			return r
		}
		return '-'
	}, text)
}

// datevNumber is the number of an account: of customers (Debitoren, the first digit 1 to 6) and of those who are paid
// (Kreditoren, 7 to 9) the personal account, one digit longer than the others.
func (w *work) datevNumber(s side) (string, error) {
	length := w.Datev.length()
	ten := int64(1)
	for range length {
		ten *= 10
	}
	serial := w.serial[s.key.Owner]
	first, last := ten, 7*ten-1
	switch s.key.Code {
	case settlement.Receivable:
	case settlement.Due, settlement.Commission:
		first, last = 7*ten, 10*ten-1
	default:
		number := s.number + strings.Repeat("0", max(0, length-len(s.number)))
		return number, nil
	}
	if first+serial > last {
		return "", fail.New(fail.Invalid, "export.personal", fmt.Sprintf("With general accounts of %d digits there is no personal account left for organisation %d.", length, serial),
			"Agree on longer accounts with the tax adviser, and write their length into the settings of exports.")
	}
	return strconv.FormatInt(first+serial, 10), nil
}
