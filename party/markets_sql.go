package party

import (
	"errors"
	"strings"

	"github.com/halle-cloud/halle/internal/store"
)

const entityColumns = "id, org, name, country, controlled_from, vat_id, registration, address, rounding, version"

func upsertEntity(tx *store.Tx, e Entity) error {
	_, err := tx.Exec("INSERT INTO legal_entity ("+entityColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, country = excluded.country, controlled_from = excluded.controlled_from,
		vat_id = excluded.vat_id, registration = excluded.registration, address = excluded.address, rounding = excluded.rounding,
		version = legal_entity.version + 1`,
		e.ID, e.Org, e.Name, e.Country, e.ControlledFrom, e.VATID, e.Registration, e.Address, e.Rounding)
	return err
}

func selectEntity(tx *store.Tx, entity string) (e Entity, err error) {
	err = tx.QueryRow("SELECT "+entityColumns+" FROM legal_entity WHERE id = $1", entity).Scan(
		&e.ID, &e.Org, &e.Name, &e.Country, &e.ControlledFrom, &e.VATID, &e.Registration, &e.Address, &e.Rounding, &e.Version)
	return e, missing("legal entity", entity, err)
}

const marketColumns = "id, org, entity, name, brand, domain, country, currency, languages, sells_to, first_limit, vat_mode, version"

func upsertMarket(tx *store.Tx, m Market) (version int64, err error) {
	err = tx.QueryRow("INSERT INTO market ("+marketColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)
		ON CONFLICT (id) DO UPDATE SET entity = excluded.entity, name = excluded.name, brand = excluded.brand, domain = excluded.domain,
		country = excluded.country, currency = excluded.currency, languages = excluded.languages, sells_to = excluded.sells_to,
		first_limit = excluded.first_limit, vat_mode = excluded.vat_mode, version = market.version + 1 RETURNING version`,
		m.ID, m.Org, m.Entity, m.Name, m.Brand, m.Domain, m.Country, m.Currency, strings.Join(m.Languages, " "), m.SellsTo, m.FirstLimit, m.VATMode).Scan(&version)
	return version, err
}

func scanMarket(row store.Scanner) (m Market, err error) {
	var languages string
	err = row.Scan(&m.ID, &m.Org, &m.Entity, &m.Name, &m.Brand, &m.Domain, &m.Country, &m.Currency, &languages, &m.SellsTo, &m.FirstLimit, &m.VATMode, &m.Version)
	m.Languages = strings.Fields(languages)
	return m, err
}

func selectMarket(tx *store.Tx, market string) (Market, error) {
	m, err := store.One(tx, scanMarket, "SELECT "+marketColumns+" FROM market WHERE id = $1", market)
	return m, missing("market", market, err)
}

// selectMarketByDomain gives a zero Market when there is none.
func selectMarketByDomain(tx *store.Tx, domain string) (Market, error) {
	m, err := store.One(tx, scanMarket, "SELECT "+marketColumns+" FROM market WHERE domain = $1", domain)
	if errors.Is(err, store.ErrNone) {
		return Market{}, nil
	}
	return m, err
}

func selectMarkets(tx *store.Tx) ([]Market, error) {
	return store.All(tx, scanMarket, "SELECT "+marketColumns+" FROM market ORDER BY name, id")
}
