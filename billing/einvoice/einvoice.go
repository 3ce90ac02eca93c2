// Package einvoice writes, checks and reads electronic invoices of the European standard EN 16931-1:2017.
//
// Owns: the model of the standard (its business terms BT and groups BG as fields), its making from an issued document,
// the two syntaxes (OASIS UBL 2.1 and UN/CEFACT CII D16B), the rules of the standard and its code lists, national
// profiles as data (profiles.json).
// Does not own: what an invoice says (billing, proof), the rules of tax (tax), paper and PDF, delivery.
// Reads: nothing but its embedded lists.
// Writes: nothing.
//
// It is pure: the same document gives the same bytes. [From] makes a [Document] of an issued one, [Profile.Apply] adds
// what a country or network asks for, [Check] names each rule that is violated, [UBL] and [CII] refuse to write such a
// document, and [Read] reads both syntaxes back.
//
// The rules are those of EN 16931-1 section 6.4 and of the syntax bindings in CEN/TS 16931-3-2 and -3-3; the numbers of
// the terms stand beside the fields.
package einvoice

import (
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/tax"
)

// Specification is BT-24 of a document that keeps to the standard and to nothing more.
const Specification = "urn:cen.eu:en16931:2017"

// Document is an invoice or credit note in the terms of the standard. The amounts of a credit note are positive where
// it gives back. An amount without a currency, an empty text and a zero date are not there.
type Document struct {
	Number         string         // BT-1
	Issued         price.Date     // BT-2
	Type           string         // BT-3, UNTDID 1001: proof.TypeInvoice and its like
	Currency       money.Currency // BT-5
	TaxPoint       price.Date     // BT-7
	Due            price.Date     // BT-9
	BuyerReference string         // BT-10
	Contract       string         // BT-12
	Order          string         // BT-13
	Accounting     string         // BT-19
	Terms          string         // BT-20
	Notes          []Note         // BG-1
	Process        string         // BT-23
	Specification  string         // BT-24
	Preceding      []Reference    // BG-3
	Seller         Party          // BG-4
	Buyer          Party          // BG-7
	Delivery       Delivery       // BG-13
	Period         Period         // BG-14
	Payment        Payment        // BG-16
	Adjustments    []Adjustment   // BG-20, BG-21
	Totals         Totals         // BG-22
	VAT            []Breakdown    // BG-23
	Supporting     []Supporting   // BG-24
	Lines          []Line         // BG-25
}

// Credit tells whether the document gives back what another asked for.
func (d *Document) Credit() bool { return has("creditTypes", d.Type) }

// Note is BG-1.
type Note struct {
	Subject string // BT-21, UNTDID 4451
	Text    string // BT-22
}

// Reference is an earlier document, BG-3.
type Reference struct {
	Number string     // BT-25
	Issued price.Date // BT-26
}

// Identifier is an identifier with the scheme it is of; the scheme may be empty where the standard lets it.
type Identifier struct{ Scheme, ID string }

// Party is the seller (BG-4) or the buyer (BG-7).
type Party struct {
	Name      string     // BT-27, BT-44
	Trading   string     // BT-28, BT-45
	ID        Identifier // BT-29, BT-46
	Legal     Identifier // BT-30, BT-47
	VATID     string     // BT-31, BT-48
	TaxNumber string     // BT-32, of the seller
	LegalInfo string     // BT-33, of the seller
	Endpoint  Identifier // BT-34, BT-49
	Address   Address    // BG-5, BG-8
	Contact   Contact    // BG-6, BG-9
}

// Address is BG-5 or BG-8.
type Address struct {
	Line1    string // BT-35, BT-50
	Line2    string // BT-36, BT-51
	Line3    string // BT-162, BT-163
	City     string // BT-37, BT-52
	Postcode string // BT-38, BT-53
	Region   string // BT-39, BT-54
	Country  string // BT-40, BT-55; ISO 3166-1 alpha-2
}

// Contact is BG-6 or BG-9.
type Contact struct {
	Name  string // BT-41, BT-56
	Phone string // BT-42, BT-57
	Email string // BT-43, BT-58
}

// Delivery is BG-13.
type Delivery struct {
	Date     price.Date // BT-72
	City     string     // BT-77
	Postcode string     // BT-78
	Country  string     // BT-80
}

// Period is a span of civil days, the last included: BG-14, or BG-26 of a line.
type Period struct{ From, To price.Date }

// Payment is BG-16.
type Payment struct {
	Means    string // BT-81, UNTDID 4461
	Text     string // BT-82
	Remit    string // BT-83
	Account  string // BT-84
	Holder   string // BT-85
	BIC      string // BT-86
	Mandate  string // BT-89
	Creditor string // BT-90
	Debited  string // BT-91
}

// Adjustment is an allowance, or a charge, of the document (BG-20, BG-21) or of a line (BG-27, BG-28, without tax).
type Adjustment struct {
	Charge      bool
	Amount      money.Amount // BT-92, BT-99, BT-136, BT-141
	Base        money.Amount // BT-93, BT-100, BT-137, BT-142
	Percent     Decimal      // BT-94, BT-101, BT-138, BT-143
	Category    tax.Category // BT-95, BT-102
	BasisPoints int          // BT-96, BT-103
	Reason      string       // BT-97, BT-104, BT-139, BT-144
	Code        string       // BT-98, BT-105, BT-140, BT-145
}

// Totals is BG-22.
type Totals struct {
	Lines      money.Amount // BT-106
	Allowances money.Amount // BT-107
	Charges    money.Amount // BT-108
	Net        money.Amount // BT-109
	VAT        money.Amount // BT-110
	VATBooked  money.Amount // BT-111, in the currency BT-6
	Gross      money.Amount // BT-112
	Prepaid    money.Amount // BT-113
	Rounding   money.Amount // BT-114
	Due        money.Amount // BT-115
}

// Breakdown is BG-23.
type Breakdown struct {
	Base        money.Amount // BT-116
	VAT         money.Amount // BT-117
	Category    tax.Category // BT-118
	BasisPoints int          // BT-119; 2000 is 20 %
	Reason      string       // BT-120
	Code        string       // BT-121, VATEX
}

// Supporting is BG-24, without an attached file.
type Supporting struct {
	ID   string // BT-122
	Text string // BT-123
	URI  string // BT-124
}

// Line is BG-25. Its net amount is quantity × price ÷ base, and its adjustments.
type Line struct {
	ID          string       // BT-126
	Note        string       // BT-127
	Quantity    Decimal      // BT-129
	Unit        string       // BT-130, UN/ECE Recommendation 20
	Net         money.Amount // BT-131
	OrderLine   string       // BT-132
	Accounting  string       // BT-133
	Period      Period       // BG-26
	Adjustments []Adjustment // BG-27, BG-28
	Price       Decimal      // BT-146, never below zero
	Base        Decimal      // BT-149, in the unit of the quantity; "" is 1
	Category    tax.Category // BT-151
	BasisPoints int          // BT-152
	Item        string       // BT-153
	Text        string       // BT-154
}
