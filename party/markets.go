package party

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
)

// newEntity validates a legal entity of the organisation and makes its key.
func (s *Parties) newEntity(ctx context.Context, o Organisation, e Entity) (Entity, error) {
	e.ID, e.Org = s.ids.New("lge"), o.ID
	e.ControlledFrom, e.Rounding = or(e.ControlledFrom, e.Country), or(e.Rounding, RoundAway)
	e = e.merged(Entity{})
	if err := e.validate(); err != nil {
		return e, err
	}
	if err := e.checkVAT(Entity{}); err != nil {
		return e, err
	}
	return e, s.ring.Ensure(ctx, keys.Entity(e.ID))
}

func (e Entity) validate() error {
	f := fail.New(fail.Invalid, "party.entity", "The legal entity cannot be accepted as described.", "Correct the fields named.")
	f = checkText(f, "name", e.Name, maxName, true)
	f = checkText(f, "vat_id", e.VATID, maxPhone, false)
	f = checkText(f, "registration", e.Registration, maxName, false)
	if e.Details == nil || e.Details.City == "" { // else it is made of parts, each of which is looked at
		f = checkText(f, "address", strings.ReplaceAll(e.Address, "\n", " "), maxAddress, false)
	}
	if !isCountry(e.Country) || !isCountry(e.ControlledFrom) {
		f = f.Field("country", "write two capital letters, as in FR")
	}
	if e.Rounding != RoundAway && e.Rounding != RoundEven {
		f = f.Field("rounding", "use "+RoundAway+" or "+RoundEven)
	}
	if e.Details != nil {
		f = e.Details.validate(f, e.Registration)
	}
	return orNil(f)
}

// setEntity writes the row and its fact.
func (s *Parties) setEntity(tx *store.Tx, c access.Caller, o Organisation, e Entity) error {
	sealed, err := s.sealDetails(tx.Context(), e)
	if err == nil {
		err = upsertEntity(tx, entityRow{e, sealed})
	}
	if err != nil {
		return fmt.Errorf("legal entity: %w", err)
	}
	return s.record(tx, c, FactEntitySet, e.ID, o, EntityFact{Entity: e.ID, Org: e.Org, Name: e.Name, Country: e.Country,
		ControlledFrom: e.ControlledFrom, VATID: e.VATID, Details: e.Details.known()})
}

// SetEntity changes a legal entity (its ID set) or adds one to the organisation (ID empty): its owner, or staff above it.
// Without Details those that stand stay. Version is what the caller has seen, 0 for whatever stands.
func (s *Parties) SetEntity(ctx context.Context, c access.Caller, e Entity) (Entity, error) {
	fresh := e.ID == ""
	if fresh {
		if err := s.db.Read(ctx, func(tx *store.Tx) error {
			_, err := s.allowed(tx, c, access.OrgUpdate, e.Org)
			return err
		}); err != nil {
			return Entity{}, err
		}
		var err error
		if e, err = s.newEntity(ctx, Organisation{ID: e.Org}, e); err != nil {
			return Entity{}, err
		}
	}
	e.ControlledFrom, e.Rounding = or(e.ControlledFrom, e.Country), or(e.Rounding, RoundAway)
	out := e
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.OrgUpdate, e.Org)
		if err != nil {
			return err
		}
		have := Entity{}
		if !fresh {
			if have, err = s.readEntity(tx, e.ID); err != nil || have.Org != o.ID {
				return orError(err, fail.Missing("legal entity", e.ID))
			}
			if e.Version != 0 && e.Version != have.Version {
				return stale("legal entity")
			}
		}
		out = e.merged(have)
		if c.Outside(o.Path) && have.Details != nil && out.Details.Contact == (BillingContact{}) {
			out.Details.Contact = have.Details.Contact // which staff from outside does not see
		}
		out.Version = have.Version + 1
		if err := out.validate(); err != nil {
			return err
		}
		if err := out.checkVAT(have); err != nil {
			return err
		}
		return s.setEntity(tx, c, o.Organisation, out)
	})
	return out, err
}

// Entity gives a legal entity, for packages downstream. Legal entities stand on invoices and in placements: they are no
// secret of their organisation, and the caller's package decides who sees them.
func (s *Parties) Entity(tx *store.Tx, entity string) (Entity, error) {
	return store.Once(tx, entityKey+entity, func() (Entity, error) { return s.readEntity(tx, entity) })
}

// Imprint gives a legal entity to everybody: who sells must be known before the contract (Directive 2011/83/EU, art. 5
// and 6). Whom to ask about a bill, and the other details, are not for everybody.
func (s *Parties) Imprint(ctx context.Context, entity string) (e Entity, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		row, err := selectEntity(tx, entity)
		e = row.Entity
		return err
	})
	return e, err
}

// SetMarket makes a market (ID empty) or changes one, for the staff of the organisation that runs it.
func (s *Parties) SetMarket(ctx context.Context, c access.Caller, m Market) (Market, error) {
	fresh := m.ID == ""
	if fresh {
		m.ID = s.ids.New("mkt")
	}
	m.MonthClose = cmp.Or(m.MonthClose, CloseAutomatic)
	if err := m.validate(); err != nil {
		return Market{}, err
	}
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.MarketSet, m.Org)
		if err != nil {
			return err
		}
		if !fresh {
			if have, err := selectMarket(tx, m.ID); err != nil || have.Org != o.ID {
				return orError(err, fail.Missing("market", m.ID))
			}
		}
		if e, err := selectEntity(tx, m.Entity); err != nil || e.Org != o.ID {
			return orError(err, fail.Missing("legal entity", m.Entity))
		}
		if other, err := selectMarketByDomain(tx, m.Domain); err != nil {
			return err
		} else if other.ID != "" && other.ID != m.ID {
			return fail.New(fail.Conflict, "party.domain_taken", "Another market has the domain "+m.Domain+".", "Use a domain of your own.").Field("domain", "taken")
		}
		if m.Version, err = upsertMarket(tx, m); err != nil {
			if store.IsUnique(err) {
				return store.Retry(err) // a rival took the domain: the next run says so
			}
			return fmt.Errorf("market: %w", err)
		}
		return s.record(tx, c, FactMarketSet, m.ID, o.Organisation, MarketFact{Market: m.ID, Org: m.Org, Entity: m.Entity, Country: m.Country,
			Currency: m.Currency, Languages: m.Languages, SellsTo: m.SellsTo, FirstLimit: m.FirstLimit, VATMode: m.VATMode, MonthClose: m.MonthClose})
	})
	return m, err
}

func (m Market) validate() error {
	f := fail.New(fail.Invalid, "party.market", "The market cannot be accepted as described.", "Correct the fields named.")
	f = checkText(f, "name", m.Name, maxName, true)
	f = checkText(f, "brand", m.Brand, maxName, true)
	f = checkText(f, "domain", m.Domain, maxName, true)
	if strings.ContainsAny(m.Domain, " /@") || m.Domain != strings.ToLower(m.Domain) {
		f = f.Field("domain", "write a host name in lower case")
	}
	if len(m.Currency) != 3 || m.Currency != strings.ToUpper(m.Currency) {
		f = f.Field("currency", "write three capital letters, as in EUR")
	}
	if len(m.Languages) == 0 {
		f = f.Field("languages", "name at least one")
	}
	for _, l := range m.Languages {
		f = checkPlace(f, m.Country, l)
	}
	if m.FirstLimit < 0 {
		f = f.Field("first_limit", "is not negative")
	}
	if !slices.Contains([]SellsTo{SellsToConsumers, SellsToBusinesses, SellsToBoth}, m.SellsTo) {
		f = f.Field("sells_to", "use consumer, business or both")
	}
	if m.VATMode != VATGross && m.VATMode != VATNet {
		f = f.Field("vat_mode", "use gross or net")
	}
	if m.MonthClose != CloseAutomatic && m.MonthClose != CloseApproved {
		f = f.Field("month_close", "use automatic or approval")
	}
	if m.VATMode == VATNet && m.SellsTo == SellsToConsumers {
		f = f.Field("vat_mode", "consumers are shown prices with VAT")
	}
	return orNil(f)
}

// Markets lists the markets, for everybody: a storefront says what it is.
func (s *Parties) Markets(ctx context.Context) (list []Market, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		list, err = selectMarkets(tx)
		return err
	})
	return list, err
}

// MarketsIn lists the markets for packages downstream in their transaction.
func (s *Parties) MarketsIn(tx *store.Tx) ([]Market, error) { return selectMarkets(tx) }

// Market gives one market, for packages downstream in their transaction.
func (s *Parties) Market(tx *store.Tx, market string) (Market, error) {
	return selectMarket(tx, market)
}

// marketFor gives the market when an organisation of the form may buy there. path is where it stands, "" for anywhere:
// a market serves the branch of the organisation that runs it.
func (s *Parties) marketFor(tx *store.Tx, path, market string, form Form) (Market, error) {
	m, err := selectMarket(tx, market)
	if err != nil {
		return m, err
	}
	if !m.SellsTo.Accepts(form) {
		return m, fail.New(fail.Invalid, "party.market_form", fmt.Sprintf("%s does not sell to a %s.", m.Brand, form), "Choose another market.").Field("market", "does not sell to a "+string(form))
	}
	if path != "" && !strings.Contains(path, "/"+m.Org+"/") {
		return m, fail.Missing("market", market)
	}
	return m, nil
}

// SetFirstMarket gives an organisation that has none, in the branch of the one that runs the market, the market it buys in.
func (s *Parties) SetFirstMarket(ctx context.Context, c access.Caller, org, market string) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.OrgUpdate, org)
		if err != nil {
			return err
		}
		if o.Market != "" {
			return fail.New(fail.Conflict, "party.market_set", "The organisation buys in a market already.", "An organisation stays in its market; create another one.")
		}
		if _, err := s.marketFor(tx, o.Path, market, o.Form); err != nil {
			return err
		}
		row := o
		row.Market = market
		return s.saveOrg(tx, c, row)
	})
}
