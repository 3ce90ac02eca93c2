package subscription

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

const columns = "id, org, path, publisher, state, reasons, deal, resource, region, outputs, condition, ending, owed, trial_until, term_until, created_at, activated_at, cancelled_at, ended_at, etag"

// written are the columns of values, in their order.
const written = columns + ", order_id"

func scan(row store.Scanner) (s Subscription, err error) {
	var publisher, reasons string
	var deal []byte
	var outputs store.JSON
	var created store.Time
	var trial, term, activated, cancelled, ended *store.Time
	err = row.Scan(&s.ID, &s.Org, &s.Path, &publisher, &s.State, &reasons, &deal, &s.Resource, &s.Region, &outputs, &s.Condition, &s.Ending, &s.Owed,
		&trial, &term, &created, &activated, &cancelled, &ended, &s.ETag)
	if err != nil {
		return s, err
	}
	s.Reasons = split(reasons)
	s.TrialUntil, s.TermUntil, s.CreatedAt = trial.OrZero(), term.OrZero(), created.Time
	s.ActivatedAt, s.CancelledAt, s.EndedAt = activated.OrZero(), cancelled.OrZero(), ended.OrZero()
	if err := errors.Join(json.Unmarshal(deal, &s.Deal), outputs.Into(&s.Outputs)); err != nil {
		return s, fmt.Errorf("subscription %s: stored deal: %w", s.ID, err)
	}
	return s, nil
}

func join(reasons []Reason) string {
	texts := make([]string, len(reasons))
	for i, r := range reasons {
		texts[i] = string(r)
	}
	return strings.Join(texts, " ")
}

func split(text string) []Reason {
	var out []Reason
	for _, w := range strings.Fields(text) {
		out = append(out, Reason(w))
	}
	return out
}

func selectOne(tx *store.Tx, id string) (Subscription, error) {
	s, err := store.One(tx, scan, "SELECT "+columns+" FROM subscription WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return s, fail.Missing("service", id)
	}
	if err != nil {
		err = fmt.Errorf("subscription %s: %w", id, err)
	}
	return s, err
}

func values(s Subscription) ([]any, error) {
	deal, err := json.Marshal(s.Deal)
	if err != nil {
		return nil, err
	}
	if s.Outputs == nil {
		s.Outputs = map[string]string{}
	}
	outputs, err := store.Doc(s.Outputs)
	return []any{s.ID, s.Org, s.Path, s.Deal.Publisher, s.State, join(s.Reasons), deal, s.Resource, s.Region, outputs, s.Condition, s.Ending, s.Owed,
		store.AtOrNull(s.TrialUntil), store.AtOrNull(s.TermUntil), store.At(s.CreatedAt), store.AtOrNull(s.ActivatedAt), store.AtOrNull(s.CancelledAt),
		store.AtOrNull(s.EndedAt), s.ETag, s.Deal.Order}, err
}

// insert is idempotent by id: a subscription is made once.
func insert(tx *store.Tx, s Subscription) (bool, error) {
	args, err := values(s)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec("INSERT INTO subscription ("+written+") VALUES "+store.Places(1, len(args))+" ON CONFLICT (id) DO NOTHING", args...)
	return n == 1, err
}

func update(tx *store.Tx, s *Subscription) error {
	args, err := values(*s)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE subscription SET org = $2, path = $3, publisher = $4, state = $5, reasons = $6, deal = $7, resource = $8, region = $9, outputs = $10,
		condition = $11, ending = $12, owed = $13, trial_until = $14, term_until = $15, created_at = $16, activated_at = $17, cancelled_at = $18, ended_at = $19, order_id = $21, etag = etag + 1
		WHERE id = $1 AND etag = $20`, args...)
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("subscription %s was changed meanwhile", s.ID))
	}
	s.ETag++
	return err
}

// openSpan closes the present state and opens the next.
func openSpan(tx *store.Tx, s Subscription, at time.Time) error {
	if err := closeLast(tx, "subscription_span", s.ID, at); err != nil {
		return err
	}
	err := tx.Send(`INSERT INTO subscription_span (subscription, no, from_at, state, reasons)
		SELECT $1, COALESCE(MAX(no), 0) + 1, $2, $3, $4 FROM subscription_span WHERE subscription = $1`, s.ID, store.At(at), s.State, join(s.Reasons))
	return err
}

// openPrice closes the present price and opens that of the deal.
func openPrice(tx *store.Tx, s Subscription, at time.Time) error {
	if err := closeLast(tx, "subscription_price", s.ID, at); err != nil {
		return err
	}
	d := s.Deal
	err := tx.Send(`INSERT INTO subscription_price (subscription, no, from_at, offer_version, plan, price_version, price_hash, price)
		SELECT $1, COALESCE(MAX(no), 0) + 1, $2, $3, $4, $5, $6, $7 FROM subscription_price WHERE subscription = $1`,
		s.ID, store.At(at), d.OfferVersion, d.Plan, d.PriceVersion, d.PriceHash, []byte(d.Price))
	return err
}

// closeLast ends the open interval of a table, which is one of the program's own words.
func closeLast(tx *store.Tx, table, subscription string, at time.Time) error {
	err := tx.Send("UPDATE "+table+" SET to_at = $2 WHERE subscription = $1 AND to_at IS NULL", subscription, store.At(at))
	return err
}

// selectPrices gives the intervals that meet from ≤ t < to, cut to it; a zero to means without end.
func selectPrices(tx *store.Tx, subscription string, from, to time.Time) ([]PriceSpan, error) {
	return store.All(tx, func(row store.Scanner) (p PriceSpan, err error) {
		var at store.Time
		var until *store.Time
		err = row.Scan(&at, &until, &p.OfferVersion, &p.Plan, &p.PriceVersion, &p.PriceHash, (*[]byte)(&p.Price))
		p.From, p.To = cut(at.Time, until.OrZero(), from, to)
		return p, err
	}, `SELECT from_at, to_at, offer_version, plan, price_version, price_hash, price FROM subscription_price
		WHERE subscription = $1 AND (to_at IS NULL OR to_at > $2) AND from_at < $3 AND (to_at IS NULL OR to_at > from_at) ORDER BY no`, subscription, store.At(from), store.At(orFar(to)))
}

func selectSpans(tx *store.Tx, subscription string, from, to time.Time) ([]Span, error) {
	return store.All(tx, func(row store.Scanner) (p Span, err error) {
		var at store.Time
		var until *store.Time
		var reasons string
		err = row.Scan(&at, &until, &p.State, &reasons)
		p.From, p.To = cut(at.Time, until.OrZero(), from, to)
		p.Reasons = split(reasons)
		return p, err
	}, `SELECT from_at, to_at, state, reasons FROM subscription_span
		WHERE subscription = $1 AND (to_at IS NULL OR to_at > $2) AND from_at < $3 AND (to_at IS NULL OR to_at > from_at) ORDER BY no`, subscription, store.At(from), store.At(orFar(to)))
}

func orFar(t time.Time) time.Time {
	if t.IsZero() {
		return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	return t
}

// cut is the part of an interval that lies in from ≤ t < to; zero ends are open.
func cut(a, b, from, to time.Time) (time.Time, time.Time) {
	if a.Before(from) {
		a = from
	}
	if b.IsZero() || !to.IsZero() && to.Before(b) {
		b = to
	}
	return a, b
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
