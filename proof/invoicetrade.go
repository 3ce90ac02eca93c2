package proof

import (
	"slices"
	"strings"

	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// InvoiceTrade is what a document says for the buyer's bookkeeping and payment, in the terms of EN 16931. All of it came
// later than the first documents and is left out when empty, so that theirs keep their canonical bytes and hash.
type InvoiceTrade struct {
	Order          string         `json:"order,omitempty"`           // number of the buyer's purchase order (BT-13)
	Contract       string         `json:"contract,omitempty"`        // number of the contract (BT-12)
	BuyerReference string         `json:"buyer_reference,omitempty"` // what the buyer routes by, such as a Leitweg-ID (BT-10)
	Accounting     string         `json:"accounting,omitempty"`      // cost centre of the buyer for the whole document (BT-19)
	Period         InvoiceSpan    `json:"period,omitzero"`           // what the document bills (BG-14)
	Terms          string         `json:"terms,omitempty"`           // how and when to pay, in words (BT-20)
	Payment        InvoicePayment `json:"payment,omitzero"`          // BG-16
	Notes          []InvoiceNote  `json:"notes,omitempty"`           // sentences that the law of the seller wants, with what they are about (BG-1)
	VATBooked      money.Amount   `json:"vat_booked,omitzero"`       // the tax in the currency of the seller's books, where it is another (BT-6, BT-111)
}

// InvoiceNote is a sentence on a document.
type InvoiceNote struct {
	Subject string `json:"subject,omitempty"` // UNTDID 4451: "PMT" costs of recovery, "PMD" penalty, "AAB" discount (BT-21)
	Text    string `json:"text"`              // BT-22
}

// InvoiceSpan is a span of civil days, the last included.
type InvoiceSpan struct {
	From price.Date `json:"from"` // BT-73
	To   price.Date `json:"to"`   // BT-74
}

// The means of payment that are used (UNTDID 4461, BT-81).
const (
	PayTransfer     = "30" // credit transfer
	PayCard         = "48" // bank card
	PaySEPATransfer = "58" // SEPA credit transfer
	PaySEPADebit    = "59" // SEPA direct debit
)

// InvoicePayment tells how a document is paid: to which account, or by which mandate.
type InvoicePayment struct {
	Means    string `json:"means"`              // PayTransfer and its like (BT-81)
	Text     string `json:"text,omitempty"`     // the means in words (BT-82)
	Remit    string `json:"remit,omitempty"`    // what the payer writes on the payment (BT-83)
	IBAN     string `json:"iban,omitempty"`     // the account that is paid to, without spaces (BT-84)
	Holder   string `json:"holder,omitempty"`   // name of that account (BT-85)
	BIC      string `json:"bic,omitempty"`      // of its bank (BT-86)
	Mandate  string `json:"mandate,omitempty"`  // reference of the direct debit mandate (BT-89)
	Creditor string `json:"creditor,omitempty"` // the seller's creditor identifier (BT-90)
	Debited  string `json:"debited,omitempty"`  // IBAN of the account that is debited (BT-91)
}

// InvoiceParty is the seller or the buyer as they were on the day. The lines of Address are for reading; the fields of
// the structured address, once known, say the same in parts.
type InvoiceParty struct {
	Name         string         `json:"name"`
	Address      string         `json:"address,omitempty"` // lines separated by "\n"
	Country      string         `json:"country"`           // ISO 3166-1 alpha-2
	VATID        string         `json:"vat_id,omitempty"`
	Registration string         `json:"registration,omitempty"`
	Business     bool           `json:"business"`
	Street       string         `json:"street,omitempty"`              // street and number (BT-35, BT-50)
	Street2      string         `json:"street2,omitempty"`             // BT-36, BT-51
	City         string         `json:"city,omitempty"`                // BT-37, BT-52
	Postcode     string         `json:"postcode,omitempty"`            // BT-38, BT-53
	Region       string         `json:"region,omitempty"`              // BT-39, BT-54
	Scheme       string         `json:"registration_scheme,omitempty"` // of Registration: ISO 6523, "0002" is SIREN, "0009" SIRET (BT-30-1, BT-47-1)
	TaxNumber    string         `json:"tax_number,omitempty"`          // of the seller at its tax office, where it is not the VAT identifier (BT-32)
	LegalInfo    string         `json:"legal_info,omitempty"`          // legal form and capital of the seller (BT-33)
	Trading      string         `json:"trading,omitempty"`             // the name it trades under (BT-28, BT-45)
	Endpoint     InvoiceAddress `json:"endpoint,omitzero"`             // where it takes electronic documents (BT-34, BT-49)
	Contact      InvoiceContact `json:"contact,omitzero"`              // BG-6, BG-9
}

// InvoiceAddress is an electronic address with its scheme.
type InvoiceAddress struct {
	Scheme string `json:"scheme"` // of the code list EAS: "0009" SIRET, "9930" German VAT identifier, "EM" e-mail
	ID     string `json:"id"`
}

// InvoiceContact is whom to ask.
type InvoiceContact struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
}

// CostCentre is what the lines of one cost centre come to, without tax.
type CostCentre struct {
	Name string // "" of the lines that have none
	Net  money.Amount
}

// CostCentres sums the lines by their cost centre, by name, those without at the end; none when no line has one. They
// come to Totals.Net. Error: money.overflow.
func (i *Invoice) CostCentres() (list []CostCentre, err error) {
	sums := map[string]money.Amount{}
	for n := range i.Lines {
		l := &i.Lines[n]
		sum, known := sums[l.Accounting]
		if !known {
			sum = money.Zero(i.Currency)
		}
		if sums[l.Accounting], err = sum.Add(l.Net); err != nil {
			return nil, err
		}
	}
	if _, without := sums[""]; without && len(sums) == 1 {
		return nil, nil
	}
	for name, sum := range sums {
		list = append(list, CostCentre{name, sum})
	}
	slices.SortFunc(list, func(a, b CostCentre) int {
		if (a.Name == "") != (b.Name == "") {
			return len(b.Name) - len(a.Name)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list, nil
}
