package sepa

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Payment is one amount to pay.
type Payment struct {
	EndToEnd   string // comes back with every answer; at most 35 signs, unique in the file
	Amount     money.Amount
	On         price.Date // when the bank carries it out
	Creditor   Account
	Remittance string // what the receiver reads; at most 140 signs are kept
}

// Payments is a file of credit transfers of one debtor from one account.
type Payments struct {
	Header
	Debtor   Account
	Payments []Payment
}

// PaymentBatch is a part of a file of one day.
type PaymentBatch struct {
	ID       string
	On       price.Date
	Sum      money.Amount
	Payments []Payment
}

// Batches groups the payments by day, oldest first; inside a batch they keep their order.
func (p Payments) Batches() []PaymentBatch {
	var out []PaymentBatch
	list := slices.Clone(p.Payments)
	slices.SortStableFunc(list, func(a, b Payment) int { return cmp.Compare(a.On.String(), b.On.String()) })
	for _, one := range list {
		if n := len(out); n == 0 || out[n-1].On != one.On {
			out = append(out, PaymentBatch{ID: batchID(p.ID, n+1), On: one.On, Sum: money.Zero(money.EUR)})
		}
		b := &out[len(out)-1]
		b.Payments = append(b.Payments, one)
		b.Sum.Minor += one.Amount.Minor
	}
	return out
}

// File is the payments as a file of the version, Transfer or TransferOld. The same payments give the same bytes. Error:
// fail.Invalid, which names every field that a bank would refuse.
func (p Payments) File(v Version) ([]byte, error) {
	if err := p.check(v); err != nil {
		return nil, err
	}
	batches, total := p.Batches(), int64(0)
	for _, b := range batches {
		total += b.Sum.Minor
	}
	return document(v, "CstmrCdtTrfInitn", func(s *sheet) {
		s.groupHeader(p.Header, len(p.Payments), total)
		for _, b := range batches {
			p.batch(s, v, b)
		}
	}), nil
}

func (p Payments) batch(s *sheet, v Version, b PaymentBatch) {
	defer s.open("PmtInf")()
	s.batchHead("TRF", b.ID, len(b.Payments), b.Sum.Minor)
	s.path("SEPA", "PmtTpInf", "SvcLvl", "Cd")
	if v == Transfer {
		s.path(b.On.String(), "ReqdExctnDt", "Dt")
	} else {
		s.leaf("ReqdExctnDt", b.On.String())
	}
	s.path(Text(p.Debtor.Name, MaxName), "Dbtr", "Nm")
	s.path(p.Debtor.IBAN.Electronic(), "DbtrAcct", "Id", "IBAN")
	s.agent("DbtrAgt", v, p.Debtor.BIC)
	s.leaf("ChrgBr", "SLEV")
	for _, one := range b.Payments {
		one.write(s, v)
	}
}

func (p Payment) write(s *sheet, v Version) {
	defer s.open("CdtTrfTxInf")()
	s.path(p.EndToEnd, "PmtId", "EndToEndId")
	end := s.open("Amt")
	s.amount("InstdAmt", p.Amount.Minor)
	end()
	if p.Creditor.BIC != "" {
		s.agent("CdtrAgt", v, p.Creditor.BIC)
	}
	s.path(Text(p.Creditor.Name, MaxName), "Cdtr", "Nm")
	s.path(p.Creditor.IBAN.Electronic(), "CdtrAcct", "Id", "IBAN")
	s.path(Text(p.Remittance, MaxRemittance), "RmtInf", "Ustrd")
}

func (p Payments) check(v Version) error {
	e := p.Header.check(refused("The payments cannot be written as they are."))
	e = p.Debtor.check(e, "debtor")
	if v != Transfer && v != TransferOld {
		e = e.Field("version", "use "+string(Transfer)+" or "+string(TransferOld))
	}
	if len(p.Payments) == 0 {
		e = e.Field("payments", "are none: a file holds at least one")
	}
	if len(p.Batches()) > maxBatches {
		e = e.Field("payments", "have more than 999 different days")
	}
	seen, sum := map[string]bool{}, int64(0)
	for i, one := range p.Payments {
		field := fmt.Sprintf("payments.%d", i)
		e = one.check(e, field)
		if seen[one.EndToEnd] {
			e = e.Field(field+".end_to_end", "stands twice in the file")
		}
		if seen[one.EndToEnd], sum = true, sum+max(0, min(one.Amount.Minor, maxAmount)); sum > maxTotal {
			return e.Field("payments", "come to more than a file can hold")
		}
	}
	return orNil(e)
}

func (p Payment) check(e *fail.Error, field string) *fail.Error {
	if what := checkID(p.EndToEnd); what != "" {
		e = e.Field(field+".end_to_end", what)
	}
	e = checkAmount(e, field+".amount", p.Amount)
	if !p.On.Valid() {
		e = e.Field(field+".on", "must be a date")
	}
	if e = p.Creditor.check(e, field+".creditor"); p.Creditor.IBAN.NeedsBIC() && p.Creditor.BIC == "" {
		e = e.Field(field+".creditor.bic", "is needed for an account outside the European Economic Area")
	}
	return e
}
