package export

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/settlement"
	"github.com/halle-cloud/halle/settlement/ledger"
)

// Chart is a chart of accounts.
type Chart string

// The charts that have defaults.
const (
	PCG    Chart = "pcg"    // plan comptable général, for fec
	SKR03  Chart = "skr03"  // for datev
	SKR04  Chart = "skr04"  // for datev
	NS4102 Chart = "ns4102" // Norsk Standard 4102, for saft
)

// Charts are all of them.
func Charts() []Chart { return []Chart{PCG, SKR03, SKR04, NS4102} }

// Codes of charts beside those of the books.
const (
	Foreign ledger.Code = "foreign" // bank and tax of another seller than the operator (agency): it passes through
	Other   ledger.Code = "other"   // codes of the books that a chart has no number for
)

// Account is a ledger account as a chart has it.
type Account struct {
	Number   string // digits
	Name     string
	grouping string // of SAF-T: category and code, "kortsiktigGjeld 2990"
}

// defaults are the numbers of a chart. They are accounts without automatic tax: the books have the tax in an account of
// its own, and an accountant's program must not compute it a second time.
func defaults(c Chart) map[ledger.Code]Account {
	switch c {
	case PCG:
		return map[ledger.Code]Account{settlement.Receivable: {Number: "411000", Name: "Clients"}, settlement.Bank: {Number: "512000", Name: "Banques"},
			settlement.Payable: {Number: "408100", Name: "Fournisseurs - Factures non parvenues"}, settlement.Held: {Number: "401700", Name: "Fournisseurs - Retenues de garantie"},
			settlement.Due: {Number: "401000", Name: "Fournisseurs"}, settlement.Transit: {Number: "580000", Name: "Virements internes"},
			settlement.Commission: {Number: "468600", Name: "Divers - Charges à payer"}, settlement.VAT: {Number: "445710", Name: "TVA collectée"},
			settlement.Revenue: {Number: "706000", Name: "Prestations de services"}, settlement.Cost: {Number: "622200", Name: "Commissions et courtages sur ventes"},
			settlement.Credit: {Number: "419100", Name: "Clients - Avances et acomptes reçus"}, Foreign: {Number: "467000", Name: "Autres comptes débiteurs ou créditeurs"}, Other: {Number: "471000", Name: "Comptes d'attente"}}
	case SKR03:
		return map[ledger.Code]Account{settlement.Receivable: {Number: "1400", Name: "Forderungen"}, settlement.Bank: {Number: "1200", Name: "Bank"},
			settlement.Payable: {Number: "1700", Name: "Sonstige Verbindlichkeiten"}, settlement.Held: {Number: "1701", Name: "Sonstige Verbindlichkeiten, einbehalten"},
			settlement.Due: {Number: "1600", Name: "Verbindlichkeiten"}, settlement.Transit: {Number: "1360", Name: "Geldtransit"},
			settlement.Commission: {Number: "1731", Name: "Agenturwarenabrechnung"}, settlement.VAT: {Number: "1770", Name: "Umsatzsteuer"},
			settlement.Revenue: {Number: "8200", Name: "Erlöse"}, settlement.Cost: {Number: "4760", Name: "Verkaufsprovisionen"},
			settlement.Credit: {Number: "1710", Name: "Erhaltene Anzahlungen"}, Foreign: {Number: "1590", Name: "Durchlaufende Posten"}, Other: {Number: "1371", Name: "Verrechnungskonto"}}
	case SKR04:
		return map[ledger.Code]Account{settlement.Receivable: {Number: "1200", Name: "Forderungen"}, settlement.Bank: {Number: "1800", Name: "Bank"},
			settlement.Payable: {Number: "3500", Name: "Sonstige Verbindlichkeiten"}, settlement.Held: {Number: "3501", Name: "Sonstige Verbindlichkeiten, einbehalten"},
			settlement.Due: {Number: "3300", Name: "Verbindlichkeiten"}, settlement.Transit: {Number: "1460", Name: "Geldtransit"},
			settlement.Commission: {Number: "3600", Name: "Verbindlichkeiten, Agentur"}, settlement.VAT: {Number: "3800", Name: "Umsatzsteuer"},
			settlement.Revenue: {Number: "4200", Name: "Erlöse"}, settlement.Cost: {Number: "6770", Name: "Verkaufsprovisionen"},
			settlement.Credit: {Number: "3250", Name: "Erhaltene Anzahlungen"}, Foreign: {Number: "1370", Name: "Durchlaufende Posten"}, Other: {Number: "1485", Name: "Verrechnungskonto"}}
	}
	return map[ledger.Code]Account{settlement.Receivable: {"1500", "Kundefordringer", "balanseverdiForOmloepsmiddel 1500"}, settlement.Bank: {"1920", "Bankinnskudd", "balanseverdiForOmloepsmiddel 1920"},
		settlement.Payable: {"2990", "Skyldig til utgivere, ikke fakturert", "kortsiktigGjeld 2990"}, settlement.Held: {"2991", "Tilbakeholdt", "kortsiktigGjeld 2990"},
		settlement.Due: {"2400", "Leverandørgjeld", "kortsiktigGjeld 2400"}, settlement.Transit: {"2992", "Utbetalinger underveis", "kortsiktigGjeld 2990"},
		settlement.Commission: {"2993", "Provisjon til forhandlere", "kortsiktigGjeld 2990"}, settlement.VAT: {"2740", "Merverdiavgift", "kortsiktigGjeld 2740"},
		settlement.Revenue: {"3000", "Salgsinntekt", "salgsinntekt 3000"}, settlement.Cost: {"7700", "Annen driftskostnad", "annenDriftskostnad 7700"},
		settlement.Credit: {"2900", "Forskudd fra kunder", "kortsiktigGjeld 2900"}, Foreign: {"1570", "Mellomregning andre selgere", "balanseverdiForOmloepsmiddel 1570"}, Other: {"1571", "Mellomregning", "balanseverdiForOmloepsmiddel 1570"}}
}

// codes are those that charts have numbers for, in their order.
func codes() []ledger.Code { return append(settlement.Codes(), Foreign, Other) }

// Row is one line of a mapping: what an account of the books is at the accountant's.
type Row struct {
	Code    ledger.Code
	Account Account
	Own     bool // the operator's own number, not the default
}

// Settings is how the accountants of an operator know its books.
type Settings struct {
	Numbers   map[Chart]map[ledger.Code]string `json:"numbers,omitempty"`   // instead of the chart's
	YearMonth int                              `json:"yearMonth,omitempty"` // in which the financial year begins, 1 to 12; 0 for January
	SIREN     string                           `json:"siren,omitempty"`     // nine digits, for fec
	Datev     DatevSettings                    `json:"datev,omitzero"`
	First     string                           `json:"first,omitempty"` // whom the tax office asks about a SAF-T file: first name
	Last      string                           `json:"last,omitempty"`
}

// DatevSettings are what a tax adviser gives its client.
type DatevSettings struct {
	Adviser int   `json:"adviser,omitempty"` // Beraternummer, 1001 to 9999999
	Client  int   `json:"client,omitempty"`  // Mandantennummer, 1 to 99999
	Chart   Chart `json:"chart,omitempty"`   // SKR03 or SKR04; "" for SKR04
	Length  int   `json:"length,omitempty"`  // of general accounts, 4 to 8; 0 for 4; personal accounts have one digit more
}

func (d DatevSettings) chart() Chart {
	if d.Chart == "" {
		return SKR04
	}
	return d.Chart
}

func (d DatevSettings) length() int { return max(d.Length, 4) }

func (s Settings) yearMonth() int { return max(s.YearMonth, 1) }

// account is what a code of the books is in a chart.
func (s Settings) account(c Chart, code ledger.Code) Account {
	base := defaults(c)
	a, ok := base[code]
	if !ok {
		a = base[Other]
	}
	if own := s.Numbers[c][code]; own != "" {
		a.Number = own
	}
	return a
}

// Rows is the whole mapping of a chart: the codes of the books and those that were given a number beside them.
func (s Settings) Rows(c Chart) (out []Row) {
	all := codes()
	for code := range s.Numbers[c] {
		if !slices.Contains(all, code) {
			all = append(all, code)
		}
	}
	slices.Sort(all[len(codes()):])
	for _, code := range all {
		out = append(out, Row{Code: code, Account: s.account(c, code), Own: s.Numbers[c][code] != ""})
	}
	return out
}

var (
	numberForm = regexp.MustCompile(`^[0-9]{3,12}$`)
	codeForm   = regexp.MustCompile(`^[a-z][a-z-]{0,31}$`)
	sirenForm  = regexp.MustCompile(`^[0-9]{9}$`)
)

// validate refuses what no file can be written with.
func (s Settings) validate() error {
	f := fail.New(fail.Invalid, "export.settings", "The accountant's numbers cannot be accepted as they are.", "Correct the fields named.")
	for c, own := range s.Numbers {
		if !slices.Contains(Charts(), c) {
			f = f.Field("numbers."+string(c), "is no chart: use pcg, skr03, skr04 or ns4102")
			continue
		}
		for code, number := range own {
			switch limit := s.Datev.length(); {
			case !codeForm.MatchString(string(code)):
				f = f.Field("numbers."+string(c)+"."+string(code), "is no account of the books")
			case !numberForm.MatchString(number):
				f = f.Field("numbers."+string(c)+"."+string(code), "write 3 to 12 digits")
			case (c == SKR03 || c == SKR04) && len(number) > limit:
				f = f.Field("numbers."+string(c)+"."+string(code), fmt.Sprintf("has more than %d digits, the length of general accounts", limit))
			}
		}
		taken := map[string]ledger.Code{}
		for _, row := range s.Rows(c) {
			if other, twice := taken[row.Account.Number]; twice {
				f = f.Field("numbers."+string(c)+"."+string(row.Code), "has the number of "+string(other)+": what moves between them would not show")
			}
			taken[row.Account.Number] = row.Code
		}
	}
	if s.YearMonth < 0 || s.YearMonth > 12 {
		f = f.Field("yearMonth", "use 1 to 12")
	}
	if s.SIREN != "" && (!sirenForm.MatchString(s.SIREN) || !luhn(s.SIREN)) {
		f = f.Field("siren", "write the nine digits of the SIREN; the last one does not fit the others")
	}
	f = s.Datev.validate(f)
	for name, text := range map[string]string{"first": s.First, "last": s.Last} {
		if len([]rune(text)) > 35 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			f = f.Field(name, "has more than 35 letters")
		}
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

func (d DatevSettings) validate(f *fail.Error) *fail.Error {
	if d.Adviser != 0 && (d.Adviser < 1001 || d.Adviser > 9_999_999) {
		f = f.Field("datev.adviser", "use 1001 to 9999999")
	}
	if d.Client < 0 || d.Client > 99_999 {
		f = f.Field("datev.client", "use 1 to 99999")
	}
	if !slices.Contains([]Chart{"", SKR03, SKR04}, d.Chart) {
		f = f.Field("datev.chart", "use skr03 or skr04")
	}
	if d.Length != 0 && (d.Length < 4 || d.Length > 8) {
		f = f.Field("datev.length", "use 4 to 8")
	}
	return f
}

// luhn checks the last digit of a SIREN (ISO/IEC 7812-1, annex B).
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
