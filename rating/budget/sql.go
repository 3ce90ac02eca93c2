package budget

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

const columns = `id, org, path, subscription, currency, amount, thresholds, action, zone, state, period, until_at, used, reserved,
	capped, capped_at, created_at, changed_at, etag, tag`

func scan(row store.Scanner) (b Budget, err error) {
	var currency, thresholds string
	var until, created, changed store.Time
	var capped *store.Time
	err = row.Scan(&b.ID, &b.Org, &b.Path, &b.Service, &currency, &b.Amount.Minor, &thresholds, &b.Action, &b.Zone, &b.State, &b.Period, &until,
		&b.Used.Minor, &b.Reserved.Minor, &b.CappedIn, &capped, &created, &changed, &b.ETag, &b.Tag)
	if err != nil {
		return b, err
	}
	b.Amount.Currency, b.Used.Currency, b.Reserved.Currency = money.Currency(currency), money.Currency(currency), money.Currency(currency)
	b.Until, b.CappedAt, b.CreatedAt, b.ChangedAt = until.Time, capped.OrZero(), created.Time, changed.Time
	for _, w := range strings.Fields(thresholds) {
		n, err := strconv.Atoi(w)
		if err != nil {
			return b, fmt.Errorf("thresholds of budget %s: %w", b.ID, err)
		}
		b.Thresholds = append(b.Thresholds, n)
	}
	return b, nil
}

func (b Budget) values() []any {
	words := make([]string, len(b.Thresholds))
	for i, n := range b.Thresholds {
		words[i] = strconv.Itoa(n)
	}
	return []any{b.ID, b.Org, b.Path, b.Service, string(b.Amount.Currency), b.Amount.Minor, strings.Join(words, " "), string(b.Action), b.Zone, string(b.State),
		b.Period, store.At(b.Until), b.Used.Minor, b.Reserved.Minor, b.CappedIn, store.AtOrNull(b.CappedAt), store.At(b.CreatedAt), store.At(b.ChangedAt), b.ETag, b.Tag}
}

func insert(tx *store.Tx, b Budget) error {
	v := b.values()
	_, err := tx.Exec("INSERT INTO budget ("+columns+") VALUES "+store.Places(1, len(v)), v...)
	return err
}

// update writes the budget when nobody else did since it was read.
func update(tx *store.Tx, b *Budget) error {
	n, err := tx.Exec(`UPDATE budget SET amount = $6, thresholds = $7, action = $8, zone = $9, state = $10, period = $11, until_at = $12, used = $13,
		reserved = $14, capped = $15, capped_at = $16, changed_at = $18, etag = etag + 1
		WHERE id = $1 AND org = $2 AND path = $3 AND subscription = $4 AND currency = $5 AND created_at = $17 AND etag = $19 AND tag = $20`, b.values()...)
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("budget %s was changed meanwhile", b.ID))
	}
	b.ETag++
	return err
}

func selectOne(tx *store.Tx, id string) (Budget, error) {
	b, err := store.One(tx, scan, "SELECT "+columns+" FROM budget WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return b, fail.Missing("budget", id)
	}
	return b, err
}

func selectScope(tx *store.Tx, org, service, tag string, c money.Currency) (b Budget, found bool, err error) {
	b, err = store.One(tx, scan, "SELECT "+columns+" FROM budget WHERE org = $1 AND subscription = $2 AND tag = $3 AND currency = $4 AND state <> 'removed'", org, service, tag, string(c))
	if errors.Is(err, store.ErrNone) {
		return b, false, nil
	}
	return b, err == nil, err
}

// selectOf lists the budgets of organisations.
func selectOf(tx *store.Tx, orgs ...string) ([]Budget, error) {
	args := make([]any, len(orgs))
	for i, o := range orgs {
		args[i] = o
	}
	return store.All(tx, scan, "SELECT "+columns+" FROM budget WHERE state <> 'removed' AND org IN "+store.Places(1, len(args))+" ORDER BY org, subscription, tag, currency", args...)
}

// selectTurned lists the budgets whose month is over, all of them for the zero time.
func selectTurned(tx *store.Tx, now time.Time) ([]string, error) {
	where, args := "", []any{}
	if !now.IsZero() {
		where, args = " AND until_at <= $1", []any{store.At(now)}
	}
	return store.All(tx, scanText, "SELECT id FROM budget WHERE state <> 'removed'"+where+" ORDER BY id", args...)
}

func selectCapped(tx *store.Tx, path string, limit int) ([]Budget, error) {
	like := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(path) + "%"
	return store.All(tx, scan, "SELECT "+columns+` FROM budget WHERE state = 'capped' AND path LIKE $1 ESCAPE '\' ORDER BY capped_at DESC, id LIMIT $2`, like, limit)
}

func scanText(row store.Scanner) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}

// cost is what a service came to, in millionths.
type cost struct {
	subscription string
	usage, fixed int64
}

func putCost(tx *store.Tx, b Budget, c cost) error {
	return tx.Send(`INSERT INTO budget_cost (budget, period, subscription, usage, fixed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (budget, period, subscription) DO UPDATE SET usage = excluded.usage, fixed = excluded.fixed`, b.ID, b.Period, c.subscription, c.usage, c.fixed)
}

func sumCost(tx *store.Tx, b Budget) (usage, fixed int64, err error) {
	err = tx.Each(func(row store.Scanner) error {
		var u, f int64
		err := row.Scan(&u, &f)
		usage, fixed = usage+u, fixed+f
		return err
	}, "SELECT usage, fixed FROM budget_cost WHERE budget = $1 AND period = $2", b.ID, b.Period)
	return usage, fixed, err
}

func putDay(tx *store.Tx, budget string, day price.Date, usage int64) error {
	return tx.Send("INSERT INTO budget_day (budget, day, usage) VALUES ($1, $2, $3) ON CONFLICT (budget, day) DO UPDATE SET usage = excluded.usage", budget, day.String(), usage)
}

func selectDays(tx *store.Tx, budget string, from price.Date) (Days, error) {
	days := Days{}
	err := tx.Each(func(row store.Scanner) error {
		var text string
		var usage int64
		if err := row.Scan(&text, &usage); err != nil {
			return err
		}
		day, err := price.ParseDate(text)
		days[day] = usage
		return err
	}, "SELECT day, usage FROM budget_day WHERE budget = $1 AND day >= $2", budget, from.String())
	return days, err
}

// notice tells whether it is the first time that this is said.
func notice(tx *store.Tx, budget, when string, mark int, at time.Time) (bool, error) {
	n, err := tx.Exec("INSERT INTO budget_notice (budget, time, mark, at) VALUES ($1, $2, $3, $4) ON CONFLICT (budget, time, mark) DO NOTHING", budget, when, mark, store.At(at))
	return n == 1, err
}

// forget takes back what was said about thresholds that are not reached any more: they may be reached again.
func forget(tx *store.Tx, b Budget) error {
	_, err := tx.Exec("DELETE FROM budget_notice WHERE budget = $1 AND time = $2 AND mark > $3", b.ID, b.Period, b.Percent())
	return err
}

func insertStop(tx *store.Tx, budget, subscription string) (bool, error) {
	n, err := tx.Exec("INSERT INTO budget_stop (budget, subscription) VALUES ($1, $2) ON CONFLICT (budget, subscription) DO NOTHING", budget, subscription)
	return n == 1, err
}

// unstopped lists the services that count in a budget and do not stand still because of it.
func unstopped(tx *store.Tx, b Budget) ([]string, error) {
	return store.All(tx, scanText, `SELECT c.subscription FROM budget_cost c WHERE c.budget = $1 AND c.period = $2
		AND NOT EXISTS (SELECT 1 FROM budget_stop s WHERE s.budget = c.budget AND s.subscription = c.subscription) ORDER BY c.subscription`, b.ID, b.Period)
}

// dropStops takes stops of a budget away, all or that of one service, and gives the services that no other budget stops.
func dropStops(tx *store.Tx, budget, one string) ([]string, error) {
	free, err := store.All(tx, scanText, `SELECT subscription FROM budget_stop s WHERE budget = $1 AND ($2 = '' OR subscription = $2)
		AND NOT EXISTS (SELECT 1 FROM budget_stop o WHERE o.subscription = s.subscription AND o.budget <> s.budget) ORDER BY subscription`, budget, one)
	if err == nil {
		_, err = tx.Exec("DELETE FROM budget_stop WHERE budget = $1 AND ($2 = '' OR subscription = $2)", budget, one)
	}
	return free, err
}
