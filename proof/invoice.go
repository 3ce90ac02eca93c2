package proof

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/tax"
)

// InvoiceVersion is the first field of every invoice document.
const InvoiceVersion = "halle-invoice-document/1"

// The kinds of document (UNTDID 1001, EN 16931 BT-3).
const (
	TypeInvoice        = "380"
	TypeCreditNote     = "381"
	TypeSelfBilled     = "389" // issued by the buyer in the name of the seller
	TypeSelfBilledNote = "261" // a credit note issued by the buyer
	TypeProforma       = "325" // charges that another system bills: no invoice
)

// Invoice is an issued invoice or credit note in the terms of EN 16931. It never changes: the SHA-256 of its canonical
// bytes stands in the fact invoice.issued and in the next invoice of the series. The amounts of a credit note are those
// of its invoice with the sign turned, so that documents add up; a writer of EN 16931 documents turns it back.
type Invoice struct {
	Version   string           `json:"version"`
	ID        string           `json:"id"`
	Type      string           `json:"type"`
	Number    string           `json:"number"`   // without gaps for the seller and series
	Series    string           `json:"series"`   // "INV", "CRN"
	Previous  string           `json:"previous"` // hash of the document before it in the series, hex; "" for the first
	Nonce     string           `json:"nonce"`    // 32 random bytes in hex, so that nobody guesses a document from its hash
	Issued    time.Time        `json:"issued"`   // UTC
	Date      price.Date       `json:"date"`     // of issue, in the seller's zone
	Due       price.Date       `json:"due"`
	Currency  money.Currency   `json:"currency"`
	Basis     price.Basis      `json:"basis"` // whether the prices carried tax
	Seller    InvoiceParty     `json:"seller"`
	Buyer     InvoiceParty     `json:"buyer"`
	Org       string           `json:"org"`    // the buying organisation
	Entity    string           `json:"entity"` // the selling legal entity
	Reference InvoiceReference `json:"reference,omitzero"`
	Note      string           `json:"note,omitempty"` // why, of a credit note
	Lines     []InvoiceLine    `json:"lines"`
	Closings  []InvoiceClosing `json:"closings,omitempty"` // of prices with terms; of no credit note
	Decision  tax.Decision     `json:"decision"`           // which tax applies, and why
	Mentions  []string         `json:"mentions,omitempty"`
	Totals    tax.Totals       `json:"totals"`
	InvoiceTrade
}

// InvoiceReference is the invoice that a credit note takes back (BG-3).
type InvoiceReference struct {
	ID     string     `json:"id"`
	Number string     `json:"number"`
	Hash   string     `json:"hash"`
	Date   price.Date `json:"date"`
	Note   string     `json:"note,omitempty"` // hash of the note before that took back a part of it
}

// InvoiceLine is one line: the charges of one component of one price version for one subscription. Exact is the sum of
// its charges, Amount that sum rounded once, in the basis of the prices. Where the price has terms, a line is of one
// month, and what a term changes in one period is a line without charges: its Component is the key of the term.
type InvoiceLine struct {
	No           int             `json:"no"`
	Subscription string          `json:"subscription"`
	Item         string          `json:"item"` // name of what was bought
	Component    string          `json:"component"`
	Unit         string          `json:"unit"`
	Quantity     money.Quantity  `json:"quantity"` // base units of usage, or items of the other kinds
	Correction   bool            `json:"correction,omitempty"`
	Term         price.TermKind  `json:"term,omitempty"`  // of a term's line
	Trial        bool            `json:"trial,omitempty"` // from the time of the trial
	Period       price.Interval  `json:"period,omitzero"` // from the first charge to the last
	Price        string          `json:"price"`           // hash of the price version, hex
	Exact        money.Exact     `json:"exact"`
	Amount       money.Amount    `json:"amount"`
	Net          money.Amount    `json:"net"`
	Category     tax.Category    `json:"category"`
	BasisPoints  int             `json:"basis_points"` // 2000 is 20 %
	Charges      []InvoiceCharge `json:"charges"`
	Shares       []price.Share   `json:"shares,omitempty"`     // of the parts of a bundle, or of what a term changes
	Credits      int             `json:"credits,omitempty"`    // of a note about a part: number of the line on the invoice
	Order        string          `json:"order,omitempty"`      // purchase order of the buyer, where it is not that of the document
	Accounting   string          `json:"accounting,omitempty"` // cost centre of the buyer for this line (BT-133)
	Per          money.Quantity  `json:"per,omitzero"`         // of usage: base units in one Unit
}

// InvoiceClosing is the settling of the terms of one price of a subscription for one period: what its lines had come to
// when it was closed before, and what with those of this invoice.
type InvoiceClosing struct {
	Subscription string `json:"subscription"`
	Price        string `json:"price"` // hash of the price version, hex
	price.Closing
}

// InvoiceCharge is one priced input of a line: a closed usage window, a span of time, or something owed once. A credit
// note repeats those of its invoice, as they were.
type InvoiceCharge struct {
	ID       string         `json:"id"`
	Window   string         `json:"window,omitempty"`
	Span     price.Interval `json:"span,omitzero"`   // held, of a price per period
	Period   price.Interval `json:"period,omitzero"` // the billing period it counts in; of no charge that is owed once
	Quantity money.Quantity `json:"quantity"`
	From     money.Quantity `json:"from,omitzero"` // units of the period that were charged before
	Exact    money.Exact    `json:"exact"`
}

// InvoiceIssued is the payload of the fact invoice.issued.v1: what the log keeps of a document.
type InvoiceIssued struct {
	Invoice  string         `json:"invoice"`
	Type     string         `json:"type"`
	Number   string         `json:"number"`
	Org      string         `json:"org"`
	Entity   string         `json:"entity"`
	Hash     string         `json:"hash"`
	Previous string         `json:"previous"`
	Net      money.Amount   `json:"net"`
	VAT      money.Amount   `json:"vat"`
	Gross    money.Amount   `json:"gross"`
	Currency money.Currency `json:"currency"`
	Lines    int            `json:"lines"`
	Credits  string         `json:"credits,omitempty"` // the invoice that a credit note takes back
}

// FactInvoiceIssued is the type of that fact.
const FactInvoiceIssued = "invoice.issued.v1"

// Canonical is the one form of the document that is hashed, sealed and kept.
func (i *Invoice) Canonical() ([]byte, error) { return Canonical(i) }

// Hash is the SHA-256 of the canonical form, in hex.
func (i *Invoice) Hash() (string, error) {
	b, err := i.Canonical()
	if err != nil {
		return "", err
	}
	return hexHash(b), nil
}

// Fact is what the log says about the document, given its hash.
func (i *Invoice) Fact(hash string) InvoiceIssued {
	return InvoiceIssued{Invoice: i.ID, Type: i.Type, Number: i.Number, Org: i.Org, Entity: i.Entity, Hash: hash, Previous: i.Previous,
		Net: i.Totals.Net, VAT: i.Totals.VAT, Gross: i.Totals.Gross, Currency: i.Currency, Lines: len(i.Lines), Credits: i.Reference.ID}
}

// Input is what the charge is rated from with its component, which is of the kind given.
func (c InvoiceCharge) Input(kind price.Kind) price.Input {
	in := price.Input{Quantity: c.Quantity, From: c.From, Span: c.Span}
	if kind.Timed() {
		in.Period = c.Period
	}
	return in
}

// Items are the lines as tax sees them.
func (i *Invoice) Items() []tax.Item {
	items := make([]tax.Item, len(i.Lines))
	for n, l := range i.Lines {
		items[n] = tax.Item{Amount: l.Amount, Category: l.Category, BasisPoints: l.BasisPoints}
	}
	return items
}

// Sum computes the totals from the lines, and the net amount of each line: with net prices the amount itself, with
// gross prices what is left when the tax is taken out. Errors: those of tax.NetTotals and tax.GrossTotals.
func (i *Invoice) Sum() (tax.Totals, []money.Amount, error) {
	if i.Basis == price.Gross {
		return tax.GrossTotals(i.Currency, i.Items())
	}
	nets := make([]money.Amount, len(i.Lines))
	for n, l := range i.Lines {
		nets[n] = l.Amount
	}
	totals, err := tax.NetTotals(i.Currency, i.Items())
	return totals, nets, err
}

// Total sets the totals and the net amount of each line to what the lines say. Errors: as Sum.
func (i *Invoice) Total() error {
	totals, nets, err := i.Sum()
	if err != nil {
		return err
	}
	for n := range i.Lines {
		i.Lines[n].Net = nets[n]
	}
	i.Totals = totals
	return nil
}

func hexHash(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
