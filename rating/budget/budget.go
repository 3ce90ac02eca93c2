// Package budget says what a customer wants to spend in a month at most, counts what is spent while usage comes in, warns,
// and stops what may not go on.
//
// Owns: budgets of organisations, units, services and tags, what they have come to, what was said about them, which services
// stand still because of them.
// Does not own: what something costs (rating, price), usage (meter), limits and reservations of orders (order), the
// life of a service (subscription).
// Reads: the estimate of rating over the running windows of meter; organisations of party; what orders reserved; the facts
// of subscriptions, charges and orders, as a hint of what to look at again.
// Writes: budget, budget_cost, budget_day, budget_notice, budget_stop; facts budget.*; mails; the commands order.SetRoom
// .Cover, .Uncover and .DropRoom, subscription.Suspend and .Resume.
//
// # Rules
//
//   - A budget is an amount for a calendar month in the zone of the account. It counts in the basis of its prices (with or
//     without tax), services with other currencies not.
//   - Used is what usage of the month costs, charged or still running, what is owed once, and prices per period for the
//     whole month: what is certain to come is not spent twice. Discounts and minimums of a price are settled on invoices
//     and do not count here.
//   - Peaks, last values, different items and values held are estimated until their window closes; a 95th percentile counts
//     when it has.
//   - Reserved is what orders under way hold. It leaves no room for other orders, and stops no service.
//   - Usage that was accepted counts within a second. What was in flight when the cap fell is still charged: it happened.
//   - A cap ends when the month turns or somebody sets the budget anew above what is used; it does not end because time
//     passes. A service stopped by several budgets goes on when the last of them lets it.
//   - A budget of a tag counts what bears the tag now, from the month's beginning. What loses the tag is counted no more and
//     goes on; what gets it while the cap is there stands still. Whoever may tag decides that.
package budget

import (
	"embed"
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed mails/*.txt
var mailTexts embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations { return store.Migrations{Package: "budget", Files: files} }

// Action is what happens when a budget is used up.
type Action string

// The actions. Each does what the one before does, too.
const (
	Notify  Action = "notify"  // people are told
	Refuse  Action = "refuse"  // new orders are refused
	Suspend Action = "suspend" // the services stand still
)

// Actions lists them.
func Actions() []Action { return []Action{Notify, Refuse, Suspend} }

// State is where a budget stands.
type State string

// The states.
const (
	Watching State = "watching"
	Capped   State = "capped" // used up, and Action says more than to tell
	Removed  State = "removed"
)

// Command moves a budget.
type Command string

// The commands.
const (
	CommandCap    Command = "cap"
	CommandRenew  Command = "renew"
	CommandLift   Command = "lift"
	CommandRemove Command = "remove"
)

// Transition is one row of the table.
type Transition struct {
	From    State
	Command Command
	Guard   string // in words; decide checks it
	To      State
	Fact    string
}

// Transitions is the closed table of a budget.
func Transitions() []Transition {
	return []Transition{
		{Watching, CommandCap, "as much is used as the budget allows; the action is more than to tell", Capped, FactCapped},
		{Capped, CommandRenew, "the month turned, and fees alone use the budget up", Capped, FactCapped},
		{Capped, CommandLift, "the month turned, or the budget was set anew above what is used", Watching, FactLifted},
		{Watching, CommandRemove, "", Removed, FactRemoved},
		{Capped, CommandRemove, "nothing stands still any more", Removed, FactRemoved},
	}
}

// move takes the row of the table.
func (b *Budget) move(c Command) (Transition, error) {
	for _, t := range Transitions() {
		if t.From == b.State && t.Command == c {
			b.State = t.To
			return t, nil
		}
	}
	return Transition{}, fail.New(fail.Conflict, "budget.state", fmt.Sprintf("A budget that is %s cannot take %s.", b.State, c), "Look at the budget again; it has moved on.")
}

// Budget is what may be spent in a month.
type Budget struct {
	ID         string
	Org        string // organisation or unit; its units count in it
	Path       string
	Service    string // the one subscription that it is for; "" for all
	Tag        string // the tag that its services bear, "key" or "key=value"; "" for all
	Amount     money.Amount
	Thresholds []int // percent, ascending, at which people are told
	Action     Action
	Zone       string // IANA name
	State      State
	Period     string // "2026-11", month of the figures
	Until      time.Time
	Used       money.Amount
	Reserved   money.Amount
	CappedIn   string    // month in which the cap fell; "" for none
	CappedAt   time.Time // zero: none, or the budget was set since and the cap is judged anew
	CreatedAt  time.Time
	ChangedAt  time.Time // when somebody set it last
	ETag       int64
}

// Percent is how much of the budget is used, rounded down; of a budget of nothing it is 100.
func (b Budget) Percent() int64 {
	if b.Amount.Minor == 0 {
		return 100
	}
	return percent(b.Used.Minor, b.Amount.Minor)
}

func percent(used, amount int64) int64 {
	whole, rest := used/amount, used%amount
	return whole*100 + rest*100/amount // amounts are far below what would overflow: see maxAmount
}

// maxAmount bounds a budget, in minor units.
const maxAmount = int64(1) << 50

// Default thresholds in percent.
func defaultThresholds() []int { return []int{50, 80, 100} }

// checked gives thresholds in order, without repeats; the usual ones when there are none.
func checked(list []int) ([]int, error) {
	if len(list) == 0 {
		return defaultThresholds(), nil
	}
	out := slices.Clone(list)
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > 10 || out[0] < 1 || out[len(out)-1] > 1000 {
		return nil, fail.New(fail.Invalid, "budget.thresholds", "Thresholds are up to ten percentages from 1 to 1000.", "Correct the thresholds.").Field("thresholds", "must be up to ten numbers from 1 to 1000")
	}
	return out, nil
}

// monthOf is the calendar month of an instant in a zone, with its name "2026-11".
func monthOf(t time.Time, zone *time.Location) (string, price.Interval) {
	t = t.In(zone)
	from := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, zone)
	return from.Format("2006-01"), price.Interval{From: from.UTC(), To: from.AddDate(0, 1, 0).UTC()}
}
