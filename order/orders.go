package order

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/trace"
)

// Config is what the service stands on.
type Config struct {
	DB        *store.DB
	IDs       *id.Source
	Now       clock.Clock
	Facts     *trace.Facts
	Policy    *access.Policy
	Parties   *party.Parties
	Catalogue *catalog.Catalogue
	Outbox    *mail.Outbox
	Queue     *job.Queue
	Site      string // address of the portal without a slash at its end, for links in mails
}

// Orders is the service. Safe for concurrent use.
type Orders struct {
	Config
	texts *mail.Texts
}

// New makes the service and registers its job; it errors when a mail text is missing.
func New(c Config) (*Orders, error) {
	texts, err := mail.LoadTexts(mailTexts, "mails", "en", "fr")
	if err != nil {
		return nil, err
	}
	c.Site = strings.TrimRight(c.Site, "/")
	s := &Orders{Config: c, texts: texts}
	c.Queue.Handle(jobConfirm, s.mailConfirmation)
	return s, nil
}

// organisation gives one when the caller may do the action on its orders.
func (s *Orders) organisation(tx *store.Tx, c access.Caller, a access.Action, org string) (party.Organisation, error) {
	if org == "" {
		org = c.Org
	}
	if org == "" {
		return party.Organisation{}, s.Policy.Check(c, a, access.Resource{Type: "organisation"})
	}
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return o, err
	}
	return o, s.Policy.Check(c, a, o.Resource("organisation", o.ID))
}

// desk gives the market that the organisation buys in, and the language of its contract.
func (s *Orders) desk(tx *store.Tx, o party.Organisation, language string) (desk, error) {
	if o.Market == "" {
		return desk{}, fail.New(fail.Invalid, "order.market", "The organisation does not buy in any market.", "Ask the operator to give it a market.")
	}
	m, err := s.Parties.Market(tx, o.Market)
	if err != nil {
		return desk{}, err
	}
	if !m.SellsTo.Accepts(o.Form) {
		return desk{}, fail.New(fail.Invalid, "order.market", m.Brand+" does not sell to a "+string(o.Form)+".", "Order in another market.")
	}
	if !slices.Contains(m.Languages, language) {
		if language = o.Language; !slices.Contains(m.Languages, language) {
			language = m.Languages[0]
		}
	}
	return desk{org: o, market: m, language: language, now: s.Now()}, nil
}

func basisOf(m party.Market) price.Basis {
	if m.VATMode == party.VATGross {
		return price.Gross
	}
	return price.Net
}

// QuoteInput asks for a price.
type QuoteInput struct {
	Org      string      `json:"org,omitempty"` // empty: the caller's
	Language string      `json:"language,omitempty"`
	Items    []ItemInput `json:"items"`
}

// Quote works out and keeps a price for 14 days. A quote with several items is also the basket. Everybody who may
// use services in the organisation may.
func (s *Orders) Quote(ctx context.Context, c access.Caller, in QuoteInput) (q Quote, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.organisation(tx, c, access.OrderQuote, in.Org)
		if err != nil {
			return err
		}
		d, err := s.desk(tx, o, in.Language)
		if err != nil {
			return err
		}
		now := s.Now()
		q = Quote{ID: s.IDs.New("quo"), Org: o.ID, Path: o.Path, Market: d.market.ID, Language: d.language, Currency: money.Currency(d.market.Currency),
			Basis: basisOf(d.market), CreatedAt: now, ExpiresAt: now.Add(quoteHolds)}
		if q.Lines, err = s.lines(tx, d, in.Items); err != nil {
			return err
		}
		if q.Total, q.Recurring, err = sums(d.market, q.Lines); err != nil {
			return err
		}
		return insertQuote(tx, q)
	})
	if err != nil {
		q = Quote{}
	}
	return q, err
}

// Quoted gives a quote of the caller's organisation.
func (s *Orders) Quoted(ctx context.Context, c access.Caller, id string) (q Quote, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if q, err = selectQuote(tx, id); err != nil {
			return err
		}
		return s.Policy.Check(c, access.OrderQuote, access.Resource{Type: "quote", ID: q.ID, Org: q.Org, Path: q.Path})
	})
	if err != nil {
		q = Quote{}
	}
	return q, err
}

// PlaceInput is a binding request.
type PlaceInput struct {
	Key            string       `json:"-"`               // idempotency key, 1 to 128 printable signs
	Org            string       `json:"org,omitempty"`   // empty: the caller's
	Quote          string       `json:"quote,omitempty"` // either this or Items
	Items          []ItemInput  `json:"items,omitempty"`
	Language       string       `json:"language,omitempty"`       // in which the contract was shown
	Total          money.Amount `json:"total,omitzero"`           // as shown to the person; refused when it is not the price
	ConsentToStart bool         `json:"consentToStart,omitempty"` // a consumer asks to start within the withdrawal period
	PurchaseOrder  string       `json:"purchaseOrder,omitempty" maxLength:"100" doc:"number of your own purchase order: it stands on the bills of what is ordered"`
}

const maxPurchaseOrder = 100 // bytes

// Place takes an order: settings checked, price, contract, seller and total frozen, quota and budget reserved, in one
// transaction. The same key with the same body gives the same order again; with another body it is a conflict. Above
// the approval limit the order is held. Owners and buyers may.
func (s *Orders) Place(ctx context.Context, c access.Caller, in PlaceInput) (o Order, err error) {
	if in.Org == "" {
		in.Org = c.Org
	}
	body, err := in.body()
	if err != nil {
		return Order{}, err
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		org, err := s.organisation(tx, c, access.OrderPlace, in.Org)
		if err != nil {
			return err
		}
		id := s.IDs.New("ord")
		if err := insertKey(tx, org.ID, in.Key, body, id, s.Now()); err != nil {
			return err
		}
		d, err := s.desk(tx, org, in.Language)
		if err != nil {
			return err
		}
		if o, err = s.draft(tx, c, d, id, in); err != nil {
			return err
		}
		o, err = s.accept(tx, c, d.market, o)
		return err
	})
	if store.IsUnique(err) {
		return s.again(ctx, c, in, body)
	}
	if err != nil {
		o = Order{}
	}
	return o, err
}

// draft works out the order without writing anything but that its quote is taken.
func (s *Orders) draft(tx *store.Tx, c access.Caller, d desk, id string, in PlaceInput) (Order, error) {
	org, now := d.org, s.Now()
	o := Order{ID: id, Org: org.ID, Path: org.Path, Market: d.market.ID, Country: d.market.Country, Zone: zoneOf(d.market.Country),
		Currency: money.Currency(d.market.Currency), Basis: basisOf(d.market), Requester: c.Ref(), Consumer: org.Form == party.FormHousehold,
		Consent: in.ConsentToStart, PurchaseOrder: strings.TrimSpace(in.PurchaseOrder), CreatedAt: now, ETag: 1}
	if len(o.PurchaseOrder) > maxPurchaseOrder || strings.ContainsFunc(o.PurchaseOrder, unicode.IsControl) {
		return Order{}, fail.New(fail.Invalid, "order.purchase_order", "That is no number of a purchase order.", "Write one line of at most 100 signs, or none.").Field("purchaseOrder", "is no number")
	}
	lines, err := s.wanted(tx, d, &o, in)
	if err != nil {
		return Order{}, err
	}
	if o.Total, o.Recurring, err = sums(d.market, lines); err != nil {
		return Order{}, err
	}
	if in.Total != (money.Amount{}) && in.Total != o.Total {
		return Order{}, fail.New(fail.Conflict, "order.total", fmt.Sprintf("The price is %s, not %s.", o.Total, in.Total), "Look at the price again, then order.").Field("total", "is not the price")
	}
	for n, l := range lines {
		i := Item{ID: s.IDs.New("itm"), Order: o.ID, Org: o.Org, No: int64(n + 1), Action: l.Action, State: ItemAcknowledged, Subscription: l.Subscription,
			Terms: l.Terms, CreatedAt: now, ETag: 1}
		if i.Action == ActionAdd {
			i.Subscription = s.IDs.New("sub")
		}
		o.Items = append(o.Items, i)
	}
	if o.Consumer && slices.ContainsFunc(o.Items, func(i Item) bool { return i.Action == ActionAdd }) {
		if o.WithdrawBy, err = withdrawBy(now, o.Zone); err != nil {
			return Order{}, err
		}
		if !o.Consent {
			return Order{}, fail.New(fail.Invalid, "order.consent", "A service that starts at once starts within your 14 days of withdrawal; the law wants you to ask for that.",
				"Ask to start now: you may still withdraw, and then pay only for the days used.").Field("consentToStart", "is needed to start now")
		}
	}
	return o, nil
}

// wanted gives the lines of the quote, still on sale, or works them out from the items.
func (s *Orders) wanted(tx *store.Tx, d desk, o *Order, in PlaceInput) ([]Line, error) {
	o.Language = d.language
	if in.Quote == "" {
		return s.lines(tx, d, in.Items)
	}
	q, err := selectQuote(tx, in.Quote)
	if err != nil {
		return nil, err
	}
	switch {
	case q.Org != o.Org:
		return nil, fail.Missing("quote", in.Quote)
	case q.Order != "":
		return nil, fail.New(fail.Conflict, "order.quote_used", "This quote was ordered already.", "Ask for a new quote.").With("order", q.Order)
	case !o.CreatedAt.Before(q.ExpiresAt):
		return nil, fail.New(fail.Gone, "order.quote_expired", "The quote expired on "+q.ExpiresAt.Format(time.DateOnly)+".", "Ask for a new quote.")
	case q.Market != o.Market:
		return nil, fail.New(fail.Gone, "order.quote_market", "The quote was made for another market.", "Ask for a new quote.")
	}
	o.Language = q.Language
	for n, l := range q.Lines {
		if err := s.onSale(tx, l); err != nil {
			return nil, numbered(err, n)
		}
	}
	ok, err := updateQuoteTaken(tx, q.ID, o.ID)
	if err == nil && !ok {
		err = store.Retry(fmt.Errorf("quote %s was ordered meanwhile", q.ID))
	}
	return q.Lines, err
}

// onSale refuses a line whose version was withdrawn, or whose service another order changes, since it was quoted.
func (s *Orders) onSale(tx *store.Tx, l Line) error {
	if l.Subscription != "" {
		r, err := selectRegistered(tx, l.Subscription)
		if err == nil && (r.busy != nil || !r.live) {
			err = fail.New(fail.Conflict, "order.busy", "Another order is changing this service, or it has ended.", "Look at the service again.").Field("subscription", "is being changed or has ended")
		}
		if err != nil || l.Action != ActionChange {
			return err
		}
	}
	v, err := s.Catalogue.VersionIn(tx, l.Terms.Version)
	if err == nil && v.State == catalog.StateWithdrawn {
		err = catalog.Gone(l.Terms.Key).Field("offer", "was withdrawn since the quote")
	}
	return err
}

// accept writes the order, reserves, and says go or asks for an approval.
func (s *Orders) accept(tx *store.Tx, c access.Caller, m party.Market, o Order) (Order, error) {
	held, err := needsApproval(tx, o)
	if err != nil {
		return o, err
	}
	o.State = StateAcknowledged
	if held {
		o.State = StateHeld
		for n := range o.Items {
			o.Items[n].State = ItemHeld
		}
	} else {
		o.ReleasedAt = o.CreatedAt
	}
	if err := insertOrder(tx, o); err != nil {
		return o, fmt.Errorf("order: %w", err)
	}
	if err := s.takeAll(tx, c, m, o); err != nil {
		return o, err
	}
	if !held {
		if err := s.recordGo(tx, c.Ref(), o); err != nil {
			return o, err
		}
		return o, s.confirm(tx, o)
	}
	f, err := o.placed()
	if err != nil {
		return o, err
	}
	if err := s.record(tx, c.Ref(), FactHeld, o, f); err != nil {
		return o, err
	}
	return o, s.mailApproval(tx, o)
}

// takeAll registers or locks each subscription and reserves what each item needs.
func (s *Orders) takeAll(tx *store.Tx, c access.Caller, m party.Market, o Order) error {
	first, err := s.firstLimit(tx, c, o, m.FirstLimit)
	if err != nil {
		return err
	}
	for n, i := range o.Items {
		before := int64(0)
		if i.Action == ActionAdd {
			err = insertRegistered(tx, o, i)
		} else {
			var r registered
			if r, err = selectRegistered(tx, i.Subscription); err != nil {
				return err
			}
			before, r.busy = r.recurring, &i.ID
			err = updateRegistered(tx, r)
		}
		if err != nil {
			return err
		}
		if err := s.reserve(tx, o, i, before, first); err != nil {
			return numbered(err, n)
		}
		if err := s.takeRoom(tx, o, i, before); err != nil {
			return numbered(err, n)
		}
	}
	return nil
}
