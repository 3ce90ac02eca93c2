package sepa

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Sequence tells where a debit stands among those of its mandate (EPC130-08, AT-21).
type Sequence string

// The sequences. Since November 2016 a first one may be presented as Recurrent, too.
const (
	First     Sequence = "FRST"
	Recurrent Sequence = "RCUR"
	Final     Sequence = "FNAL"
	OneOff    Sequence = "OOFF"
)

// order is how batches of one day follow each other.
var order = []Sequence{First, Recurrent, Final, OneOff}

// Scheme is the rulebook of a direct debit.
type Scheme string

// The schemes: for everybody, with eight weeks to ask the money back; and between businesses, without.
const (
	Core     Scheme = "CORE"
	Business Scheme = "B2B"
)

// Mandate is the payer's permission that stands behind a debit. When its reference or the account changed since the last
// debit, FormerID or FormerIBAN says what it was.
type Mandate struct {
	ID         string // unique for the creditor; at most 35 signs
	Signed     price.Date
	FormerID   string
	FormerIBAN IBAN
}

// Debit is one amount to collect.
type Debit struct {
	EndToEnd   string // comes back with every answer; at most 35 signs, unique in the file
	Amount     money.Amount
	Due        price.Date // when the payer's bank takes it
	Sequence   Sequence
	Mandate    Mandate
	Debtor     Account
	Remittance string // what the payer reads; at most 140 signs are kept
}

// Collection is a file of direct debits of one creditor into one account.
type Collection struct {
	Header
	Creditor   Account
	CreditorID CreditorID
	Scheme     Scheme // empty: Core
	Debits     []Debit
}

// Batch is a part of a file that the bank books as one sum.
type Batch struct {
	ID       string
	Due      price.Date
	Sequence Sequence
	Sum      money.Amount
	Debits   []Debit
}

// Batches groups the debits by due date and sequence, oldest first; inside a batch they keep their order.
func (c Collection) Batches() []Batch {
	var out []Batch
	debits := slices.Clone(c.Debits)
	slices.SortStableFunc(debits, func(a, b Debit) int {
		return cmp.Or(cmp.Compare(a.Due.String(), b.Due.String()), cmp.Compare(slices.Index(order, a.Sequence), slices.Index(order, b.Sequence)))
	})
	for _, d := range debits {
		if n := len(out); n == 0 || out[n-1].Due != d.Due || out[n-1].Sequence != d.Sequence {
			out = append(out, Batch{ID: batchID(c.ID, n+1), Due: d.Due, Sequence: d.Sequence, Sum: money.Zero(money.EUR)})
		}
		b := &out[len(out)-1]
		b.Debits = append(b.Debits, d)
		b.Sum.Minor += d.Amount.Minor
	}
	return out
}

// File is the collection as a file of the version, DirectDebit or DirectDebitOld. The same collection gives the same
// bytes. Error: fail.Invalid, which names every field that a bank would refuse.
func (c Collection) File(v Version) ([]byte, error) {
	c.Scheme = cmp.Or(c.Scheme, Core)
	if err := c.check(v); err != nil {
		return nil, err
	}
	batches, total := c.Batches(), int64(0)
	for _, b := range batches {
		total += b.Sum.Minor
	}
	return document(v, "CstmrDrctDbtInitn", func(s *sheet) {
		s.groupHeader(c.Header, len(c.Debits), total)
		for _, b := range batches {
			c.batch(s, v, b)
		}
	}), nil
}

func (c Collection) batch(s *sheet, v Version, b Batch) {
	defer s.open("PmtInf")()
	s.batchHead("DD", b.ID, len(b.Debits), b.Sum.Minor)
	end := s.open("PmtTpInf")
	s.path("SEPA", "SvcLvl", "Cd")
	s.path(string(c.Scheme), "LclInstrm", "Cd")
	s.leaf("SeqTp", string(b.Sequence))
	end()
	s.leaf("ReqdColltnDt", b.Due.String())
	s.path(Text(c.Creditor.Name, MaxName), "Cdtr", "Nm")
	s.path(c.Creditor.IBAN.Electronic(), "CdtrAcct", "Id", "IBAN")
	s.agent("CdtrAgt", v, c.Creditor.BIC)
	s.leaf("ChrgBr", "SLEV")
	s.creditorScheme("CdtrSchmeId", c.CreditorID)
	for _, d := range b.Debits {
		d.write(s, v)
	}
}

func (s *sheet) creditorScheme(name string, id CreditorID) {
	defer s.open(name)()
	defer s.open("Id")()
	defer s.open("PrvtId")()
	defer s.open("Othr")()
	s.leaf("Id", string(id))
	s.path("SEPA", "SchmeNm", "Prtry")
}

func (d Debit) write(s *sheet, v Version) {
	defer s.open("DrctDbtTxInf")()
	s.path(d.EndToEnd, "PmtId", "EndToEndId")
	s.amount("InstdAmt", d.Amount.Minor)
	end := s.open("DrctDbtTx")
	d.Mandate.write(s)
	end()
	s.agent("DbtrAgt", v, d.Debtor.BIC)
	s.path(Text(d.Debtor.Name, MaxName), "Dbtr", "Nm")
	s.path(d.Debtor.IBAN.Electronic(), "DbtrAcct", "Id", "IBAN")
	s.path(Text(d.Remittance, MaxRemittance), "RmtInf", "Ustrd")
}

func (m Mandate) write(s *sheet) {
	defer s.open("MndtRltdInf")()
	s.leaf("MndtId", m.ID)
	s.leaf("DtOfSgntr", m.Signed.String())
	if m.FormerID == "" && m.FormerIBAN == "" {
		return
	}
	s.leaf("AmdmntInd", "true")
	defer s.open("AmdmntInfDtls")()
	s.leaf("OrgnlMndtId", m.FormerID)
	s.path(m.FormerIBAN.Electronic(), "OrgnlDbtrAcct", "Id", "IBAN")
}

func (c Collection) check(v Version) error {
	e := c.Header.check(refused("The direct debits cannot be written as they are."))
	e = c.Creditor.check(e, "creditor")
	if v != DirectDebit && v != DirectDebitOld {
		e = e.Field("version", "use "+string(DirectDebit)+" or "+string(DirectDebitOld))
	}
	if _, err := ParseCreditorID(string(c.CreditorID)); err != nil {
		e = e.Field("creditor_id", "is no creditor identifier")
	}
	if c.Scheme != Core && c.Scheme != Business {
		e = e.Field("scheme", "use CORE or B2B")
	}
	if len(c.Debits) == 0 {
		e = e.Field("debits", "are none: a file holds at least one")
	}
	if len(c.Batches()) > maxBatches {
		e = e.Field("debits", "have more than 999 different due dates and sequences")
	}
	seen, sum := map[string]bool{}, int64(0)
	for i, d := range c.Debits {
		field := fmt.Sprintf("debits.%d", i)
		e = d.check(e, field)
		if seen[d.EndToEnd] {
			e = e.Field(field+".end_to_end", "stands twice in the file")
		}
		if seen[d.EndToEnd], sum = true, sum+max(0, min(d.Amount.Minor, maxAmount)); sum > maxTotal {
			return e.Field("debits", "come to more than a file can hold")
		}
	}
	return orNil(e)
}

// maxTotal keeps a control sum within the 18 digits of the schemas.
const maxTotal = 999_999_999_999_999_999

func (d Debit) check(e *fail.Error, field string) *fail.Error {
	if what := checkID(d.EndToEnd); what != "" {
		e = e.Field(field+".end_to_end", what)
	}
	e = checkAmount(e, field+".amount", d.Amount)
	if !d.Due.Valid() {
		e = e.Field(field+".due", "must be a date")
	}
	if !slices.Contains(order, d.Sequence) {
		e = e.Field(field+".sequence", "use FRST, RCUR, FNAL or OOFF")
	}
	if what := checkID(d.Mandate.ID); what != "" || d.Mandate.FormerID != "" && checkID(d.Mandate.FormerID) != "" {
		e = e.Field(field+".mandate", cmp.Or(what, "had a reference that banks cannot write"))
	}
	if !d.Mandate.Signed.Valid() || d.Due.Before(d.Mandate.Signed) {
		e = e.Field(field+".mandate.signed", "must be a date before the debit")
	}
	if d.Mandate.FormerIBAN != "" {
		if _, err := ParseIBAN(d.Mandate.FormerIBAN.Electronic()); err != nil {
			e = e.Field(field+".mandate.former_iban", "is no account number")
		}
	}
	if e = d.Debtor.check(e, field+".debtor"); d.Debtor.IBAN.NeedsBIC() && d.Debtor.BIC == "" {
		e = e.Field(field+".debtor.bic", "is needed for an account outside the European Economic Area")
	}
	return e
}
