// Package rating turns usage windows and contracts into charges: the reading and writing around price, which computes.
//
// Owns: what each subscription has agreed to pay and since when, charges, the units charged so far in a billing period.
// Does not own: usage (meter), the arithmetic of prices (price), invoices (billing), limits and budgets (order).
// Reads: organisations of party; facts subscription.activated, .plan_changed, .suspended, .resumed, .ended and
// window.closed.
// Writes: rating_price, rating_contract, rating_interval, charge, rating_total, rating_window, rating_closing, charge_change; fact charges.rated; the
// limit *spent* by order's command.
//
// # Rules
//
//   - A window has the price in force at its last microsecond, also when the plan changed inside it; a window of late
//     events the price of its own time, which it shares with the window it corrects.
//   - The tiers and the free quantity of a billing period count by price version: a new plan begins at zero.
//   - What is owed once is charged at activation, not again at a change of plan.
//   - Prices per period are charged for the seconds held, when they are billed or at the end; suspended time is not
//     charged, nor a trial.
//   - Billing periods are civil months or years from the anchor of the subscription, in its zone.
//   - A price by hours of the week counts a window as a whole in the hours of its last microsecond.
//   - Terms of a price (discounts, minimums, commitments) are settled by month or year on the lines of each invoice, and
//     once more when the period is over. What comes late changes only what it changes. Each price version settles its own.
//   - When a consumer withdraws and owes nothing, what is not billed yet never will be; what was billed is credited.
package rating

import (
	"embed"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "rating", Files: files} }

// FactRated is recorded for each window that gave charges, and when everything of an ended subscription is charged.
const FactRated = "charges.rated.v1"

// RatedFact is the payload of charges.rated.v1.
type RatedFact struct {
	Org          string        `json:"org"`
	Subscription string        `json:"subscription"`
	Publisher    string        `json:"publisher"`
	Window       string        `json:"window,omitempty"`
	Charges      []RatedCharge `json:"charges"`
	Final        bool          `json:"final"` // nothing more comes but late usage
}

// RatedCharge is one charge in that fact.
type RatedCharge struct {
	Charge    string         `json:"charge"`
	Component string         `json:"component"`
	Price     string         `json:"price_hash"`
	Quantity  money.Quantity `json:"quantity"`
	From      money.Quantity `json:"from"`
	Exact     money.Exact    `json:"exact"`
}

// Start is what a subscription begins with.
type Start struct {
	Subscription string
	Org          string
	Path         string // of Org in the tree
	Publisher    string // organisation
	Seller       string // legal entity that contracts and invoices
	Market       string
	Name         string // of the offer and plan, as it will stand on invoices
	Plan         string
	Zone         string // IANA name
	Anchor       price.Date
	Price        []byte // canonical bytes of the price version
	At           time.Time
	FreeUntil    time.Time // end of a trial without prices per period; zero for none
	Fact         string    // id of subscription.activated: its receipt proves the price
}

// Contract is what rating knows of a subscription.
type Contract struct {
	Subscription string
	Org          string
	Path         string
	Publisher    string
	Seller       string
	Market       string
	Currency     money.Currency
	Name         string
	Zone         string
	Anchor       price.Date
	ActivatedAt  time.Time
	EndedAt      time.Time // zero while it runs
	ChargedTo    time.Time // prices per period are charged until then, or free until then
	Complete     bool      // ended, and the last window was rated
	Waived       bool      // withdrawn from, nothing is owed
	EndedFact    string    // id of subscription.ended, for proofs; "" while it runs
	exact        money.Exact
	raised       int64
}

// Interval is one stretch of the history of plans, until the next one or the end.
type Interval struct {
	Seq   int64
	Price string // hash
	Plan  string
	Name  string
	Held  bool // false while suspended
	Fact  string
	From  time.Time
}

// Charge is one priced input. Usage has a Window, a price per period a Span, what is owed once neither.
type Charge struct {
	ID           string
	Org          string
	Subscription string
	Component    string
	Price        string // hash of the price version, hex
	Window       string
	Fact         string // window.closed, or the fact of the price
	Correction   bool   // of events that came after their window had closed
	At           price.Interval
	Period       price.Interval
	Quantity     money.Quantity
	From         money.Quantity // units of the period charged before
	Exact        money.Exact
	CreatedAt    time.Time
	Invoice      string // "" while it is not billed
}

const onceSource = "once"

// Proof is the charge as it stands on an invoice.
func (c Charge) Proof(kind price.Kind) proof.InvoiceCharge {
	p := proof.InvoiceCharge{ID: c.ID, Window: c.Window, Period: c.Period, Quantity: c.Quantity, From: c.From, Exact: c.Exact}
	if kind == price.PerPeriod {
		p.Span = c.At
	}
	return p
}

// source makes the charge unique for its subscription, component and price.
func (c Charge) source() string {
	switch {
	case c.Window != "":
		return c.Window
	case c.Period.IsZero():
		return onceSource
	}
	return "span " + c.At.From.UTC().Format(time.RFC3339)
}

// decides is the instant by which a charge belongs to a period and to the trial: the last microsecond of a window, the
// first instant of anything else.
func (c Charge) decides() time.Time {
	if c.Window != "" {
		return c.At.To.Add(-time.Microsecond)
	}
	return c.At.From
}

// trial is the end of the trial of a component; zero when it has none.
func (c Contract) trial(v *price.Version, part *price.Component) time.Time {
	days := v.TrialDays(part)
	if days == 0 {
		return time.Time{}
	}
	return c.ActivatedAt.Add(time.Duration(days) * 24 * time.Hour)
}

// at is the interval in force at an instant; before the first one, the first.
func at(history []Interval, t time.Time) Interval {
	now := history[0]
	for _, i := range history[1:] {
		if !i.From.After(t) {
			now = i
		}
	}
	return now
}

// cycle is the billing periods of a component.
func (c Contract) cycle(every price.Every) (price.Cycle, error) {
	zone, err := time.LoadLocation(c.Zone)
	if every == "" {
		every = price.Month
	}
	return price.Cycle{Anchor: c.Anchor, Every: every, Zone: zone}, err
}

// month is the billing period in which tiers and free quantities of usage count.
func (c Contract) month(t time.Time) (price.Period, error) {
	cycle, err := c.cycle(price.Month)
	if err != nil {
		return price.Period{}, err
	}
	return cycle.At(t)
}

// held cuts the time between charged and upTo into the stretches that are charged per period, each in one interval.
func (c Contract) held(history []Interval, upTo time.Time) []stretch {
	if !c.EndedAt.IsZero() && c.EndedAt.Before(upTo) {
		upTo = c.EndedAt
	}
	var out []stretch
	for n, i := range history {
		to := upTo
		if n+1 < len(history) && history[n+1].From.Before(to) {
			to = history[n+1].From
		}
		from := i.From
		if from.Before(c.ChargedTo) {
			from = c.ChargedTo
		}
		if i.Held && from.Before(to) {
			out = append(out, stretch{i, price.Interval{From: from, To: to}})
		}
	}
	return out
}

type stretch struct {
	Interval
	span price.Interval
}
