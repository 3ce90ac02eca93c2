package settlement

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/trace"
)

// defaultRule names the configured part where no rule was written.
const defaultRule = "default"

// RuleInput is a new version of the terms for a publisher, an offer or a market; "" is any. From is today or later: what
// was shared stays as it is.
type RuleInput struct {
	Publisher string
	Offer     string
	Market    string
	From      price.Date // the zero date is today
	Terms     Terms
}

const maxWord = 128

// SetRule writes a version of a split rule. The operator's staff may. Error: fail.Invalid (settlement.terms).
func (s *Settlements) SetRule(ctx context.Context, c access.Caller, in RuleInput) (r Rule, err error) {
	if !in.From.Valid() {
		in.From = s.today()
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.SplitSet, s.Operator, "organisation", s.Operator); err != nil {
			return err
		}
		if err := s.checkRule(tx, in); err != nil {
			return err
		}
		var last int64
		if err := tx.QueryRow("SELECT coalesce(max(number), 0) FROM settlement_rule WHERE publisher = $1 AND offer = $2 AND market = $3", in.Publisher, in.Offer, in.Market).
			Scan(&last); err != nil {
			return err
		}
		r = Rule{ID: s.IDs.New("spl"), Publisher: in.Publisher, Offer: in.Offer, Market: in.Market, Number: last + 1, From: in.From, Terms: in.Terms, Actor: c.Ref(), CreatedAt: s.Now()}
		if err := insertRule(tx, r); err != nil {
			return err
		}
		var parties []string
		if in.Publisher != "" {
			parties = []string{in.Publisher}
		}
		_, err := s.Facts.Record(tx, trace.Fact{Type: FactSplitSet, Aggregate: r.ID, First: true, Owner: s.Operator, Parties: parties, Actor: c.Ref(), At: r.CreatedAt,
			Machine: SplitFact{Rule: r.ID, Publisher: r.Publisher, Offer: r.Offer, Market: r.Market, Number: r.Number, From: r.From, Terms: r.Terms}})
		return err
	})
	return r, err
}

// CheckRule says what SetRule would refuse, and writes nothing. The operator's staff may.
func (s *Settlements) CheckRule(ctx context.Context, c access.Caller, in RuleInput) error {
	if !in.From.Valid() {
		in.From = s.today()
	}
	return s.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.allowed(tx, c, access.SplitSet, s.Operator, "organisation", s.Operator); err != nil {
			return err
		}
		return s.checkRule(tx, in)
	})
}

func (s *Settlements) checkRule(tx *store.Tx, in RuleInput) error {
	err := in.Terms.Validate()
	var e *fail.Error
	if !errors.As(err, &e) {
		e = fail.New(fail.Invalid, "settlement.terms", "The revenue cannot be split like this.", "Correct the fields named.")
	}
	if in.From.Before(s.today()) {
		e = e.Field("from", "is past: what was shared stays as it is")
	}
	for field, id := range map[string]string{"offer": in.Offer, "market": in.Market} {
		if len(id) > maxWord {
			e = e.Field(field, "is no identifier")
		}
	}
	if in.Market != "" {
		if _, err := s.Parties.Market(tx, in.Market); fail.Is(err, fail.NotFound) {
			e = e.Field("market", "is not known")
		} else if err != nil {
			return err
		}
	}
	if in.Publisher != "" {
		if _, err := s.Parties.Lookup(tx, in.Publisher); fail.Is(err, fail.NotFound) {
			e = e.Field("publisher", "is not known")
		} else if err != nil {
			return err
		}
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// Rules lists the split rules that are about a publisher, the newest versions first, with the default at the end; of all
// publishers for "". The operator's staff may read all, a publisher those about itself.
func (s *Settlements) Rules(ctx context.Context, c access.Caller, publisher string) (list []Rule, err error) {
	a, org := access.StatementRead, publisher
	if publisher == "" {
		a, org = access.LedgerRead, s.Operator
	}
	err = s.read(ctx, c, a, org, "organisation", func(tx *store.Tx) error {
		list, err = store.All(tx, scanRule, "SELECT "+ruleColumns+" FROM settlement_rule WHERE $1 = '' OR publisher IN ('', $1) ORDER BY from_date DESC, id DESC LIMIT 500", publisher)
		list = append(list, Rule{ID: defaultRule, Terms: defaultTerms(s.Share)})
		return err
	})
	return list, err
}

// ruleFor is the rule in force on a day: of those that began, the most exact and of it the latest.
func (s *Settlements) ruleFor(tx *store.Tx, publisher, offer, market string, on price.Date) (Rule, error) {
	list, err := store.All(tx, scanRule, "SELECT "+ruleColumns+` FROM settlement_rule WHERE publisher IN ('', $1) AND offer IN ('', $2) AND market IN ('', $3)
		AND from_date <= $4`, publisher, offer, market, on.String())
	if err != nil || len(list) == 0 {
		return Rule{ID: defaultRule, Terms: defaultTerms(s.Share)}, err
	}
	return slices.MaxFunc(list, func(a, b Rule) int {
		if n := cmp.Compare(a.rank(), b.rank()); n != 0 {
			return n
		}
		if a.From != b.From {
			return cmp.Compare(a.From.String(), b.From.String())
		}
		return cmp.Compare(a.Number, b.Number)
	}), nil
}

// rule is a version by its identifier.
func (s *Settlements) rule(tx *store.Tx, id string) (Rule, error) {
	if id == defaultRule {
		return Rule{ID: defaultRule, Terms: defaultTerms(s.Share)}, nil
	}
	return store.One(tx, scanRule, "SELECT "+ruleColumns+" FROM settlement_rule WHERE id = $1", id)
}

const ruleColumns = "id, publisher, offer, market, number, from_date, terms, actor, created_at"

func scanRule(row store.Scanner) (r Rule, err error) {
	var from string
	var terms store.JSON
	var at store.Time
	if err = row.Scan(&r.ID, &r.Publisher, &r.Offer, &r.Market, &r.Number, &from, &terms, &r.Actor, &at); err != nil {
		return r, err
	}
	r.CreatedAt = at.Time
	return r, errors.Join(r.From.UnmarshalText([]byte(from)), terms.Into(&r.Terms))
}

func insertRule(tx *store.Tx, r Rule) error {
	terms, err := store.Doc(r.Terms)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO settlement_rule ("+ruleColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", r.ID, r.Publisher, r.Offer, r.Market, r.Number, r.From.String(),
		terms, r.Actor, store.At(r.CreatedAt))
	return err
}
