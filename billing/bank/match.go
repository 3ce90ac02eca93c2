package bank

import (
	"regexp"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/billing/collect"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

func day(t time.Time) price.Date { return price.DateOf(t, time.UTC) }

// match finds what a movement is for and does what follows. It leaves state and reason in e; the caller writes them.
func (s *Banks) match(tx *store.Tx, c access.Caller, e *Entry) error {
	d, found, err := s.Collects.Found(tx, e.EndToEnd)
	if err != nil {
		return err
	}
	found = found && d.Entity == e.Entity
	if !found && s.Payout != nil {
		ours, why, err := s.Payout(tx, c, *e)
		if err != nil {
			return err
		}
		if ours {
			if e.Why = why; why == "" {
				e.State = Noted
			}
			return nil
		}
	}
	switch {
	case !e.Credit && found:
		return s.returned(tx, c, e, d)
	case !e.Credit && (e.ret || e.sign):
		e.Why = WhyReturn
		return nil
	case !e.Credit:
		e.State = Noted // a payout or a fee: no customer's
		return nil
	case e.sign:
		e.Why = WhyReversal
		return nil
	case e.ret:
		e.Why = WhyReturn
		return nil
	case found:
		return s.collected(tx, c, e, d)
	}
	if done, err := s.batch(tx, c, e); done || err != nil {
		return err
	}
	return s.named(tx, c, e)
}

// returned is a debit that came back.
func (s *Banks) returned(tx *store.Tx, c access.Caller, e *Entry, d collect.Debit) error {
	e.Debit = d.ID
	switch {
	case d.State == collect.Failed:
		e.Why = WhyTwice
	case d.State != collect.Collected && d.State != collect.AtBank:
		e.Why = WhyUntold
	case d.Amount != e.Amount:
		e.Why = WhyAmount
	default:
		e.State = Matched
		return s.Collects.Fail(tx, c, d, sepa.Reason{Code: e.Code}, e.Date, sepa.MessageID("RT", e.Key))
	}
	return nil
}

// collected is a debit whose money came.
func (s *Banks) collected(tx *store.Tx, c access.Caller, e *Entry, d collect.Debit) error {
	e.Debit = d.ID
	why, err := s.doubt(tx, d, e.Amount)
	if err != nil {
		return err
	}
	if why != "" {
		e.Why = why
		return nil
	}
	e.State = Matched
	if err := s.Collects.Collected(tx, c, d, e.Date, reference(e.Key)); err != nil {
		return err
	}
	return s.part(tx, e, Part{Invoice: d.Invoice, Org: d.Org, Amount: d.Amount})
}

// doubt says why the money of a debit is not simply its invoice's, "" when it is.
func (s *Banks) doubt(tx *store.Tx, d collect.Debit, amount money.Amount) (string, error) {
	switch {
	case d.State == collect.Announced || d.State == collect.LeftOut:
		return WhyUntold, nil
	case d.State != collect.AtBank:
		return WhyTwice, nil
	case d.Amount.Currency != amount.Currency:
		return WhyCurrency, nil
	case d.Amount != amount:
		return WhyAmount, nil
	}
	state, err := s.Collects.MandateIn(tx, d.Mandate)
	if err != nil {
		return "", err
	}
	if state != collect.Active {
		return WhyMandate, nil
	}
	i, err := s.Invoices.InvoiceIn(tx, d.Invoice)
	if err != nil {
		return "", err
	}
	if i.Owed().Minor < amount.Minor {
		return WhyPaid, nil
	}
	return "", nil
}

// batch is the sum of a whole batch of ours, which some banks book without saying what is in it.
func (s *Banks) batch(tx *store.Tx, c access.Caller, e *Entry) (done bool, err error) {
	message := e.Ours()
	if message == "" {
		return false, nil
	}
	k, found, err := s.Collects.BatchIn(tx, message)
	if err != nil || !found || k.Entity != e.Entity {
		return false, err
	}
	batches, sum := batchesOf(k), int64(0)
	var list []collect.Debit
	for _, d := range k.Debits {
		if b := batches[d.EndToEnd]; b == "" || e.batch != "" && b != e.batch {
			continue
		}
		why, err := s.doubt(tx, d, d.Amount)
		if err != nil {
			return true, err
		}
		if why != "" {
			e.Why = WhyBatch
			return true, nil
		}
		list, sum = append(list, d), sum+d.Amount.Minor
	}
	if len(list) == 0 || money.New(sum, money.EUR) != e.Amount {
		e.Why = WhyBatch
		return true, nil
	}
	e.State = Matched
	for _, d := range list {
		if err := s.Collects.Collected(tx, c, d, e.Date, reference(e.Key)); err != nil {
			return true, err
		}
		if err := s.part(tx, e, Part{Invoice: d.Invoice, Org: d.Org, Amount: d.Amount}); err != nil {
			return true, err
		}
	}
	return true, nil
}

func reference(key string) string { return sepa.MessageID("BK", key) }

// number is the form of an invoice's number without its hyphens; letters before it may be the payer's.
var number = regexp.MustCompile(`([A-Z]{1,12})([0-9]{4})([0-9]{6})`)

const maxNumbers = 20

// named pays the invoices whose numbers the payer wrote.
func (s *Banks) named(tx *store.Tx, c access.Caller, e *Entry) error {
	list, err := s.numbers(tx, e.Entity, join(e.EndToEnd, e.Text))
	if err != nil {
		return err
	}
	owed := int64(0)
	for _, i := range list {
		if i.Gross.Currency != e.Amount.Currency {
			e.Why = WhyCurrency
			return nil
		}
		owed += i.Owed().Minor
	}
	switch {
	case len(list) == 0:
		e.Why = WhyUnknown
	case owed == 0:
		e.Why = WhyPaid
	case len(list) > 1 && owed != e.Amount.Minor:
		e.Why = WhySeveral
	default:
		e.State = Matched
		return s.settle(tx, c, e, list)
	}
	return nil
}

// settle pays invoices with a movement, oldest first, and keeps what is above.
func (s *Banks) settle(tx *store.Tx, c access.Caller, e *Entry, list []billing.Summary) error {
	left := e.Amount
	for _, i := range list {
		amount := money.New(min(left.Minor, i.Owed().Minor), left.Currency)
		if amount.Sign() <= 0 {
			continue
		}
		if err := s.pay(tx, c, e, i, amount); err != nil {
			return err
		}
		left.Minor -= amount.Minor
	}
	if left.Sign() <= 0 {
		return nil
	}
	e.Kept = left
	return s.Collects.Keep(tx, c, list[0].Org, e.Entity, left, e.ID)
}

func (s *Banks) pay(tx *store.Tx, c access.Caller, e *Entry, i billing.Summary, amount money.Amount) error {
	if _, err := s.Invoices.PayIn(tx, c, billing.PaymentInput{Invoice: i.ID, Amount: amount, Received: e.Date, Reference: reference(e.Key)}); err != nil {
		return err
	}
	return s.part(tx, e, Part{Invoice: i.ID, Org: i.Org, Amount: amount})
}

func (s *Banks) part(tx *store.Tx, e *Entry, p Part) error {
	e.Parts = append(e.Parts, p)
	return insertPart(tx, e.ID, p)
}

// numbers are the invoices of the legal entity whose numbers stand in a text, however it is spaced, each once.
func (s *Banks) numbers(tx *store.Tx, entity, text string) ([]billing.Summary, error) {
	plain := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToUpper(text))
	var out []billing.Summary
	seen := map[string]bool{}
	for _, m := range number.FindAllStringSubmatch(plain, maxNumbers) {
		for from := range m[1] { // "RECHNUNGINV": the series is some end of the letters
			i, found, err := s.Invoices.NumberIn(tx, entity, m[1][from:]+"-"+m[2]+"-"+m[3])
			if err != nil {
				return nil, err
			}
			if !found {
				continue
			}
			if i.Type == proof.TypeInvoice && !seen[i.ID] {
				seen[i.ID] = true
				out = append(out, i)
			}
			break
		}
	}
	return out, nil
}
