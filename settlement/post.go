package settlement

import (
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/settlement/ledger"
)

// posting is one document on its way into the books.
type posting struct {
	s         *Settlements
	tx        *store.Tx
	doc       *proof.Invoice
	seller    string // organisation of the entity on the document
	resellers []string
	contracts map[string]rating.Contract
	offers    map[string]string
	rules     map[string]Rule
	sold      map[string]money.Amount
	lines     []Line
}

// post shares an issued document, in the caller's transaction. A document that was shared already changes nothing.
func (s *Settlements) post(tx *store.Tx, invoice string) error {
	have, err := selectLines(tx, "document = $1", invoice)
	if err != nil || len(have) > 0 {
		return err
	}
	sum, doc, err := s.Invoices.IssuedIn(tx, invoice)
	if err != nil {
		return err
	}
	if doc == nil {
		return fmt.Errorf("document %s was erased before it was shared", sum.Number)
	}
	seller, err := s.Parties.Entity(tx, doc.Entity)
	if err != nil {
		return err
	}
	p := posting{s: s, tx: tx, doc: doc, seller: seller.Org, contracts: map[string]rating.Contract{}, offers: map[string]string{}, rules: map[string]Rule{},
		sold: map[string]money.Amount{}}
	if p.resellers, err = s.resellers(tx, doc.Org); err != nil {
		return err
	}
	if doc.Type == proof.TypeCreditNote {
		err = p.credit(sum)
	} else {
		err = p.invoice()
	}
	if err != nil {
		return err
	}
	if err := p.whole(); err != nil {
		return err
	}
	if err := insertLines(tx, p.lines); err != nil {
		return err
	}
	if err := p.book(); err != nil {
		return err
	}
	return s.holdBack(tx, doc, p.lines, p.rules)
}

// resellers are those above a customer, the nearest first.
func (s *Settlements) resellers(tx *store.Tx, org string) (out []string, err error) {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return nil, err
	}
	steps := strings.Split(strings.Trim(o.Path, "/"), "/")
	for i := len(steps) - 2; i > 0; i-- {
		up, err := s.Parties.Lookup(tx, steps[i])
		if err != nil {
			return nil, err
		}
		if up.Is(party.KindReseller) {
			out = append(out, up.ID)
		}
	}
	return out, nil
}

// line is a line of the document with what it is of, not shared yet.
func (p *posting) line(l proof.InvoiceLine) (Line, error) {
	k, ok := p.contracts[l.Subscription]
	if !ok {
		var err error
		if k, err = p.s.Ratings.ContractIn(p.tx, l.Subscription); err != nil {
			return Line{}, err
		}
		p.contracts[l.Subscription] = k
		if p.offers[l.Subscription], err = p.s.Offer(p.tx, l.Subscription); err != nil {
			return Line{}, err
		}
	}
	none := money.Zero(p.doc.Currency)
	out := Line{Document: p.doc.ID, No: l.No, Date: p.doc.Date, Customer: p.doc.Org, Subscription: l.Subscription, Publisher: k.Publisher, Offer: p.offers[l.Subscription],
		Market: k.Market, Name: l.Item, Component: l.Component, Net: l.Net, Share: none, Kept: none, Resellers: none, Tax: none, Mode: Resale}
	if k.Publisher != p.s.Operator && k.Publisher == p.seller && p.doc.Buyer.Business {
		out.Mode = Agency
	}
	for _, r := range p.resellers {
		out.PassedOn = append(out.PassedOn, PassedOn{Reseller: r, Amount: none})
	}
	return out, nil
}

// invoice shares each line by the rule in force on the date of the document.
func (p *posting) invoice() error {
	for _, l := range p.doc.Lines {
		out, err := p.line(l)
		if err != nil {
			return err
		}
		share, rule, err := p.share(out, l)
		if err != nil {
			return fmt.Errorf("line %d of %s: %w", l.No, p.doc.Number, err)
		}
		out.Rule = rule
		if err := out.take(share); err != nil {
			return err
		}
		p.lines = append(p.lines, out)
	}
	return nil
}

// share asks the rule. What the operator publishes itself is its own.
func (p *posting) share(l Line, in proof.InvoiceLine) (Share, string, error) {
	if l.Publisher == p.s.Operator {
		t := defaultTerms(Whole)
		share, err := t.Split(Item{Net: l.Net, Resellers: len(p.resellers)})
		return share, defaultRule, err
	}
	key := strings.Join([]string{l.Publisher, l.Offer, l.Market}, " ")
	r, ok := p.rules[key]
	if !ok {
		var err error
		if r, err = p.s.ruleFor(p.tx, l.Publisher, l.Offer, l.Market, p.doc.Date); err != nil {
			return Share{}, "", err
		}
		p.rules[key] = r
	}
	base, ok := p.sold[l.Publisher+" "+r.ID]
	if !ok {
		var err error
		if base, err = sold(p.tx, l.Publisher, r.ID, p.doc.Currency, p.doc.Date); err != nil {
			return Share{}, "", err
		}
	}
	share, err := r.Terms.Split(Item{Component: in.Component, Term: in.Term != "", Net: in.Net, Quantity: in.Quantity, Resellers: len(p.resellers), Sold: base})
	if err == nil {
		p.sold[l.Publisher+" "+r.ID], err = base.Add(in.Net)
	}
	return share, r.ID, err
}

// credit takes back by the shares of the lines that the note is about.
func (p *posting) credit(sum billing.Summary) error {
	origins, err := selectLines(p.tx, "document = $1 AND line > 0", p.doc.Reference.ID)
	if err != nil {
		return err
	}
	if len(origins) == 0 {
		return fmt.Errorf("the invoice %s that %s takes back was not shared yet", p.doc.Reference.Number, sum.Number)
	}
	for _, l := range p.doc.Lines {
		of, err := origin(origins, l)
		if err != nil {
			return err
		}
		out := of
		out.Document, out.No, out.Origin, out.OriginNo, out.Date, out.Net, out.Statement = p.doc.ID, l.No, of.Document, of.No, p.doc.Date, l.Net, ""
		before, times, err := takenBack(p.tx, of)
		if err != nil {
			return err
		}
		share := Share{Publisher: money.Zero(l.Net.Currency), Operator: l.Net, Resellers: make([]money.Amount, len(of.PassedOn))}
		for i := range share.Resellers {
			share.Resellers[i] = money.Zero(l.Net.Currency)
		}
		if of.Net.Minor != 0 || times == 0 {
			r, err := p.s.rule(p.tx, of.Rule)
			if err != nil {
				return err
			}
			switch {
			case r.Terms.CreditNote == ByOperator:
			case r.Terms.CreditNote == ByPublisher:
				share.Publisher, share.Operator = l.Net, money.Zero(l.Net.Currency)
			default:
				if share, err = takeBack(of.parts(), of.Net, before, l.Net); err != nil {
					return err
				}
			}
		}
		if err := out.take(share); err != nil {
			return err
		}
		p.lines = append(p.lines, out)
	}
	return nil
}

// origin is the line that a credit note's line takes back: the one it names when it is of a part, else of its number, or
// else of what it is about.
func origin(origins []Line, l proof.InvoiceLine) (Line, error) {
	if l.Credits > 0 {
		i := slices.IndexFunc(origins, func(o Line) bool { return o.No == l.Credits })
		if i < 0 {
			return Line{}, fmt.Errorf("line %d takes back line %d, which is not on the invoice", l.No, l.Credits)
		}
		return origins[i], nil
	}
	for _, same := range []func(o Line) bool{
		func(o Line) bool { return o.No == l.No },
		func(Line) bool { return true },
	} {
		for _, o := range origins {
			if same(o) && o.Subscription == l.Subscription && o.Component == l.Component {
				return o, nil
			}
		}
	}
	return Line{}, fmt.Errorf("line %d takes back what is not on the invoice", l.No)
}

// whole adds the tax as line 0 and refuses a document whose parts are not its gross amount.
func (p *posting) whole() error {
	none := money.Zero(p.doc.Currency)
	t := Line{Document: p.doc.ID, Origin: p.doc.Reference.ID, Date: p.doc.Date, Customer: p.doc.Org, Component: "tax", Net: none, Share: none, Kept: none, Resellers: none,
		Tax: p.doc.Totals.VAT, Mode: Resale}
	total := p.doc.Totals.VAT
	for _, l := range p.lines {
		var err error
		if total, err = total.Add(l.Net); err != nil {
			return err
		}
		if l.Mode == Agency {
			t.Mode, t.Publisher = Agency, l.Publisher
		}
	}
	if total != p.doc.Totals.Gross {
		return fmt.Errorf("the lines and the tax of %s come to %s, and it says %s", p.doc.Number, total, p.doc.Totals.Gross)
	}
	p.lines = append(p.lines, t)
	return nil
}

// book posts the entry of the document.
func (p *posting) book() error {
	cur := p.doc.Currency
	from := account(p.doc.Org, Receivable, cur)
	presumed := !p.doc.Buyer.Business && p.seller != p.s.Operator && slices.ContainsFunc(p.lines, func(l Line) bool { return l.Publisher == p.seller })
	var list []ledger.Transfer
	for _, l := range p.lines {
		list = move(list, from, account(l.Publisher, Payable, cur), l.Share, l.No)
		list = move(list, from, account(p.s.Operator, Revenue, cur), l.Kept, l.No)
		for _, r := range l.PassedOn {
			list = move(list, from, account(r.Reseller, Commission, cur), r.Amount, l.No)
		}
		to := account(p.seller, VAT, cur)
		switch {
		case l.Mode == Agency: // the publisher owes it and is paid it
			to = account(l.Publisher, Payable, cur)
		case presumed:
			to = account(p.s.Operator, VAT, cur)
		}
		list = move(list, from, to, l.Tax, l.No)
	}
	if len(list) == 0 {
		return nil
	}
	return p.s.postIn(p.tx, "invoice", p.doc.ID, p.doc.Date, list)
}

// postIn posts one entry in the caller's transaction, on the first open day from its date on.
func (s *Settlements) postIn(tx *store.Tx, kind, ref string, date price.Date, list []ledger.Transfer) error {
	if len(list) == 0 {
		return nil
	}
	day, err := s.open(tx, date)
	if err != nil {
		return err
	}
	_, err = s.Book.PostIn(tx, ledger.Entry{Ref: ledger.Ref{Kind: kind, ID: ref}, Date: day, Transfers: list})
	return err
}
