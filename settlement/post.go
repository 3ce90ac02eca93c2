package settlement

import (
	"errors"
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
	*sharing
	doc       *proof.Invoice
	seller    string // organisation of the entity on the document
	resellers []string
	rules     map[string]Rule // by publisher, offer and market
	lines     []Line
}

// sharing is what documents that are shared in one transaction, or on one snapshot, ask for together.
type sharing struct {
	s         *Settlements
	tx        *store.Tx
	contracts map[string]rating.Contract
	offers    map[string]string
	rule      map[string]Rule // in force on a day
	sold      map[string]money.Amount
	orgs      map[string]party.Organisation
	sellers   map[string]string // organisations of legal entities
}

func (s *Settlements) sharing(tx *store.Tx) *sharing {
	return &sharing{s: s, tx: tx, contracts: map[string]rating.Contract{}, offers: map[string]string{}, rule: map[string]Rule{}, sold: map[string]money.Amount{},
		orgs: map[string]party.Organisation{}, sellers: map[string]string{}}
}

// begin reads whose a document is.
func (sh *sharing) begin(doc *proof.Invoice) (p *posting, err error) {
	p = &posting{sharing: sh, doc: doc, rules: map[string]Rule{}}
	if sh.sellers[doc.Entity] == "" {
		e, err := sh.s.Parties.Entity(sh.tx, doc.Entity)
		if err != nil {
			return nil, err
		}
		sh.sellers[doc.Entity] = e.Org
	}
	p.seller = sh.sellers[doc.Entity]
	p.resellers, err = sh.above(doc.Org)
	return p, err
}

func (sh *sharing) org(id string) (o party.Organisation, err error) {
	o, ok := sh.orgs[id]
	if !ok {
		if o, err = sh.s.Parties.Lookup(sh.tx, id); err == nil {
			sh.orgs[id] = o
		}
	}
	return o, err
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
	p, err := s.sharing(tx).begin(doc)
	if err != nil {
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
	list, err := p.transfers()
	if err != nil {
		return err
	}
	if err := s.postIn(tx, "invoice", doc.ID, doc.Date, list); err != nil {
		return err
	}
	if err := s.reserve(tx, doc, p.lines, p.rules); err != nil {
		return err
	}
	open := map[string]map[string]string{}
	for _, l := range doc.Lines {
		open[l.Subscription] = nil
	}
	if err := disputed(tx, open); err != nil {
		return err
	}
	return s.holdDisputed(tx, doc, p.lines, open)
}

// above are the resellers above a customer, the nearest first.
func (sh *sharing) above(customer string) (out []string, err error) {
	o, err := sh.org(customer)
	if err != nil {
		return nil, err
	}
	steps := strings.Split(strings.Trim(o.Path, "/"), "/")
	for i := len(steps) - 2; i > 0; i-- {
		up, err := sh.org(steps[i])
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
	}
	offer, ok := p.offers[l.Subscription]
	if !ok {
		var err error
		if offer, err = p.s.Offer(p.tx, l.Subscription); err != nil {
			return Line{}, err
		}
		p.offers[l.Subscription] = offer
	}
	none := money.Zero(p.doc.Currency)
	out := Line{Document: p.doc.ID, No: l.No, Date: p.doc.Date, Customer: p.doc.Org, Subscription: l.Subscription, Publisher: k.Publisher, Offer: offer,
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
	r, err := p.inForce(l)
	if err != nil {
		return Share{}, "", err
	}
	base := money.Zero(p.doc.Currency)
	sold := strings.Join([]string{l.Publisher, r.ID, string(p.doc.Currency), first(p.doc.Date)}, " ")
	if r.Terms.tiered() { // only tiers ask what was sold before: it grows with every line of the month
		var ok bool
		if base, ok = p.sold[sold]; !ok {
			if base, err = soldBefore(p.tx, l.Publisher, r.ID, p.doc.Currency, p.doc.Date); err != nil {
				return Share{}, "", err
			}
		}
	}
	share, err := r.Terms.Split(Item{Component: in.Component, Term: in.Term != "", Net: in.Net, Quantity: in.Quantity, Resellers: len(p.resellers), Sold: base})
	if err == nil && r.Terms.tiered() {
		p.sold[sold], err = base.Add(in.Net)
	}
	return share, r.ID, err
}

// inForce is the rule that shares a line.
func (p *posting) inForce(l Line) (Rule, error) {
	key := strings.Join([]string{l.Publisher, l.Offer, l.Market}, " ")
	day := key + " " + p.doc.Date.String()
	r, ok := p.rule[day]
	if !ok {
		var err error
		if r, err = p.s.ruleFor(p.tx, l.Publisher, l.Offer, l.Market, p.doc.Date); err != nil {
			return r, err
		}
		p.rule[day] = r
	}
	p.rules[key] = r
	return r, nil
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

// transfers is what the document does to the books: what each party has of it is one transfer, however many lines that is
// of. The lines themselves are settlement_line's.
func (p *posting) transfers() (list []ledger.Transfer, err error) {
	cur := p.doc.Currency
	from := account(p.doc.Org, Receivable, cur)
	presumed := !p.doc.Buyer.Business && p.seller != p.s.Operator && slices.ContainsFunc(p.lines, func(l Line) bool { return l.Publisher == p.seller })
	sums := map[ledger.Key]money.Amount{}
	var order []ledger.Key
	add := func(to ledger.Key, a money.Amount) {
		was, ok := sums[to]
		if !ok {
			was, order = money.Zero(cur), append(order, to)
		}
		sum, e := was.Add(a)
		sums[to], err = sum, errors.Join(err, e)
	}
	for _, l := range p.lines {
		add(account(l.Publisher, Payable, cur), l.Share)
		add(account(p.s.Operator, Revenue, cur), l.Kept)
		for _, r := range l.PassedOn {
			add(account(r.Reseller, Commission, cur), r.Amount)
		}
		to := account(p.seller, VAT, cur)
		switch {
		case l.Mode == Agency: // the publisher owes it and is paid it
			to = account(l.Publisher, Payable, cur)
		case presumed:
			to = account(p.s.Operator, VAT, cur)
		}
		add(to, l.Tax)
	}
	for _, to := range order {
		list = move(list, from, to, sums[to], 0)
	}
	return list, err
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
