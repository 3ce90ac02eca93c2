package order

import (
	"fmt"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/party"
)

// Room is what a budget leaves for orders until the month turns.
type Room struct {
	Budget       string
	Org          string // organisation or unit that it is for
	Subscription string // the one service that it is for, Tagged for those that Cover names; "" for all of the organisation and its units
	Currency     money.Currency
	Max          int64     // minor units a month
	Left         int64     // below zero when it was passed
	Until        time.Time // when the month turns
}

// SetRoom tells how much room a budget leaves, in the caller's transaction; rating/budget calls it whenever that changes.
func (s *Orders) SetRoom(tx *store.Tx, r Room) error {
	_, err := tx.Exec(`INSERT INTO order_budget (budget, org, subscription, currency, max, room, until_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (budget) DO UPDATE SET max = excluded.max, room = excluded.room, until_at = excluded.until_at
		WHERE order_budget.room <> excluded.room OR order_budget.max <> excluded.max OR order_budget.until_at <> excluded.until_at`,
		r.Budget, r.Org, r.Subscription, r.Currency, r.Max, r.Left, store.At(r.Until))
	if err != nil {
		return fmt.Errorf("room of budget %s: %w", r.Budget, err)
	}
	return nil
}

// Tagged stands in Room.Subscription for the services that Cover names.
const Tagged = "tagged"

// Cover says that the room of a budget is also for these services, in the caller's transaction.
func (s *Orders) Cover(tx *store.Tx, budget string, services []string) error {
	for _, id := range services {
		if err := tx.Send("INSERT INTO order_budget_service (budget, subscription) VALUES ($1, $2) ON CONFLICT (budget, subscription) DO NOTHING", budget, id); err != nil {
			return fmt.Errorf("room of budget %s: %w", budget, err)
		}
	}
	return nil
}

// Uncover takes one of them out again, in the caller's transaction.
func (s *Orders) Uncover(tx *store.Tx, budget, service string) error {
	return tx.Send("DELETE FROM order_budget_service WHERE budget = $1 AND subscription = $2", budget, service)
}

// DropRoom says that a budget refuses nothing any more, in the caller's transaction.
func (s *Orders) DropRoom(tx *store.Tx, budget string) error {
	if _, err := tx.Exec("DELETE FROM order_budget_service WHERE budget = $1", budget); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM order_budget WHERE budget = $1", budget)
	return err
}

// ReservedIn is what orders under way have reserved of an organisation's month, for another package in its transaction.
func (s *Orders) ReservedIn(tx *store.Tx, org string, c money.Currency) (n int64, err error) {
	err = tx.QueryRow("SELECT coalesce(sum(reserved), 0) FROM order_limit WHERE org = $1 AND dimension = $2", org, Monthly(c)).Scan(&n)
	return n, err
}

// House lists an organisation and those above it up to the customer: units share the limits and budgets of the house.
func House(path string) []string { return house(path) }

// Nearest lists the people with one of the roles in the organisation of a path, or in the next above it in its house that
// has some: whom a package downstream writes to. It does not authorise.
func Nearest(tx *store.Tx, parties *party.Parties, path string, roles ...access.Role) ([]string, error) {
	for _, org := range house(path) {
		var people []string
		for _, role := range roles {
			some, err := parties.Holders(tx, org, role)
			if err != nil {
				return nil, err
			}
			people = append(people, some...)
		}
		slices.Sort(people)
		if people = slices.Compact(people); len(people) > 0 {
			return people, nil
		}
	}
	return nil, nil
}

// ZoneIn is where the civil dates of an organisation are: in the zone of the country of its market.
func (s *Orders) ZoneIn(tx *store.Tx, org string) (*time.Location, money.Currency, error) {
	o, err := s.Parties.Lookup(tx, org)
	if err != nil {
		return nil, "", err
	}
	orgs := house(o.Path)
	for n := 0; o.Market == "" && n < len(orgs); n++ { // a unit buys in the market of its house
		if o, err = s.Parties.Lookup(tx, orgs[n]); err != nil {
			return nil, "", err
		}
	}
	if o.Market == "" {
		return time.UTC, "", nil
	}
	m, err := s.Parties.Market(tx, o.Market)
	if err != nil {
		return nil, "", err
	}
	zone, err := time.LoadLocation(zoneOf(m.Country))
	return zone, money.Currency(m.Currency), err
}

// takeRoom takes what an item needs from every budget of the house, or refuses and names the one that would be passed.
// What is given back, or costs another amount in the end, the budget sees when it is worked out next.
func (s *Orders) takeRoom(tx *store.Tx, o Order, i Item, before int64) error {
	if i.Action != ActionAdd && i.Action != ActionChange {
		return nil
	}
	amount := int64(0)
	for _, n := range i.needs(o.Currency, before) {
		if n.dimension == Monthly(o.Currency) {
			amount = n.amount
		}
	}
	if i.Action == ActionChange && amount <= 0 {
		return nil // a cheaper plan is the way out of a budget that is used up
	}
	args := []any{o.Currency, i.Subscription, store.At(s.Now())}
	for _, org := range house(o.Path) {
		args = append(args, org)
	}
	rooms, err := store.All(tx, scanRoom, "SELECT "+roomColumns+` FROM order_budget WHERE currency = $1 AND (subscription = '' OR subscription = $2
		OR EXISTS (SELECT 1 FROM order_budget_service o WHERE o.budget = order_budget.budget AND o.subscription = $2))
		AND until_at > $3 AND org IN `+store.Places(4, len(args)-3)+" ORDER BY budget", args...)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		changed, err := tx.Exec("UPDATE order_budget SET room = room - $2 WHERE budget = $1 AND room >= $2 AND room > 0", r.Budget, amount)
		if err != nil {
			return err
		}
		if changed == 0 {
			return r.refusal(amount)
		}
	}
	return nil
}

const roomColumns = "budget, org, subscription, currency, max, room, until_at"

func scanRoom(row store.Scanner) (r Room, err error) {
	var until store.Time
	err = row.Scan(&r.Budget, &r.Org, &r.Subscription, &r.Currency, &r.Max, &r.Left, &until)
	r.Until = until.Time
	return r, err
}

// refusal names the budget, what is left of it and what is asked for.
func (r Room) refusal(amount int64) error {
	show := func(v int64) string { return money.New(v, r.Currency).String() }
	code, text := "order.budget", fmt.Sprintf("The budget of %s for this month is used up.", show(r.Max))
	if r.Left > 0 {
		code, text = "order.budget_room", fmt.Sprintf("This would pass the budget of %s for this month: %s are left, and this needs %s.", show(r.Max), show(r.Left), show(amount))
	}
	return fail.New(fail.Limit, code, text,
		"Ask an owner or somebody with the role billing to raise the budget, or order again on or after "+r.Until.UTC().Format(time.DateTime)+" UTC.").
		With("budget", r.Budget).With("max", show(r.Max)).With("left", show(max(0, r.Left))).With("needed", show(amount)).With("org", r.Org)
}
