package party

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

const orgColumns = "id, parent, path, kinds, form, name, head, name_sealed, country, language, market, entity, created_at, version"

type orgRow struct {
	Organisation
	sealed []byte
}

func scanOrg(row store.Scanner) (o orgRow, err error) {
	var parent, head *string
	var kinds string
	var at store.Time
	err = row.Scan(&o.ID, &parent, &o.Path, &kinds, &o.Form, &o.Name, &head, &o.sealed, &o.Country, &o.Language, &o.Market, &o.Entity, &at, &o.Version)
	if parent != nil {
		o.Parent = *parent
	}
	if head != nil {
		o.Head = *head
	}
	o.Kinds, o.CreatedAt = split[Kind](kinds), at.Time
	return o, err
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func insertOrg(tx *store.Tx, o orgRow) error {
	err := tx.Send("INSERT INTO organisation ("+orgColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)",
		o.ID, orNull(o.Parent), o.Path, join(o.Kinds, " "), o.Form, o.Name, orNull(o.Head), o.sealed, o.Country, o.Language, o.Market, o.Entity, store.At(o.CreatedAt))
	return err
}

func updateOrg(tx *store.Tx, o orgRow) (bool, error) {
	n, err := tx.Exec(`UPDATE organisation SET kinds = $3, name = $4, name_sealed = $5, country = $6, language = $7, market = $8, entity = $9,
		version = version + 1 WHERE id = $1 AND version = $2`,
		o.ID, o.Version, join(o.Kinds, " "), o.Name, o.sealed, o.Country, o.Language, o.Market, o.Entity)
	return n == 1, err
}

func selectOrg(tx *store.Tx, org string) (orgRow, error) {
	o, err := store.One(tx, scanOrg, "SELECT "+orgColumns+" FROM organisation WHERE id = $1", org)
	return o, missing("organisation", org, err)
}

// missing makes the answer for a row that is not there, in the words for a row that may not be seen.
func missing(noun, id string, err error) error {
	if errors.Is(err, store.ErrNone) {
		return fail.Missing(noun, id)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", noun, id, err)
	}
	return nil
}

// selectBranch lists the organisations at and below the path, in the order of the tree.
func selectBranch(tx *store.Tx, path, after string, limit int) ([]orgRow, error) {
	// "0" is the sign after "/": every path that starts with the prefix lies between.
	end := strings.TrimSuffix(path, "/") + "0"
	return store.All(tx, scanOrg, "SELECT "+orgColumns+" FROM organisation WHERE path >= $1 AND path < $2 AND path > $3 ORDER BY path LIMIT $4",
		path, end, after, limit)
}

func selectAnyOrg(tx *store.Tx) (bool, error) {
	var taken bool
	err := tx.QueryRow("SELECT count(*) > 0 FROM organisation").Scan(&taken)
	return taken, err
}

// selectRoot gives the operator's id; store.ErrNone on an empty installation.
func selectRoot(tx *store.Tx) (id string, err error) {
	err = tx.QueryRow("SELECT id FROM organisation WHERE coalesce(parent, '') = ''").Scan(&id)
	return id, err
}

type personRow struct {
	Person
	sealed []byte
}

const personColumns = "p.id, p.home, p.contact_sealed, p.language, p.confirmed_at, p.created_at, p.version"

func personFields(p *personRow, confirmed **store.Time, created *store.Time) []any {
	return []any{&p.ID, &p.Home, &p.sealed, &p.Language, confirmed, created, &p.Version}
}

func scanPerson(row store.Scanner) (p personRow, err error) {
	var confirmed *store.Time
	var created store.Time
	err = row.Scan(personFields(&p, &confirmed, &created)...)
	p.Confirmed, p.CreatedAt = confirmed != nil, created.Time
	return p, err
}

func insertPerson(tx *store.Tx, p personRow, hash []byte, now time.Time) error {
	var confirmed *store.Time
	if p.Confirmed {
		confirmed = store.AtOrNull(now)
	}
	_, err := tx.Exec(`INSERT INTO person (id, home, email_hash, contact_sealed, language, confirmed_at, created_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 1)`, p.ID, p.Home, hash, p.sealed, p.Language, confirmed, store.At(now))
	return err
}

func selectPerson(tx *store.Tx, person string) (personRow, error) {
	p, err := store.One(tx, scanPerson, "SELECT "+personColumns+" FROM person p WHERE p.id = $1", person)
	return p, missing("person", person, err)
}

// selectPersonByEmail gives "" when there is none.
func selectPersonByEmail(tx *store.Tx, hash []byte) (person string, err error) {
	err = tx.QueryRow("SELECT id FROM person WHERE email_hash = $1", hash).Scan(&person)
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	return person, err
}

func updatePerson(tx *store.Tx, p personRow) (bool, error) {
	n, err := tx.Exec("UPDATE person SET contact_sealed = $3, language = $4, version = version + 1 WHERE id = $1 AND version = $2",
		p.ID, p.Version, p.sealed, p.Language)
	return n == 1, err
}

func updateConfirmed(tx *store.Tx, person string, now time.Time) (bool, error) {
	n, err := tx.Exec("UPDATE person SET confirmed_at = $2, version = version + 1 WHERE id = $1 AND confirmed_at IS NULL", person, store.At(now))
	return n == 1, err
}

func insertMember(tx *store.Tx, org, person string, roles []access.Role, now time.Time) error {
	err := tx.Send(`INSERT INTO membership (org, person, joined_at) VALUES ($1, $2, $3)
		ON CONFLICT (org, person) DO UPDATE SET joined_at = excluded.joined_at, left_at = NULL WHERE membership.left_at IS NOT NULL`, org, person, store.At(now))
	if err != nil {
		return err
	}
	for _, r := range roles {
		if _, err := insertRole(tx, org, person, r, now); err != nil {
			return err
		}
	}
	return nil
}

func insertRole(tx *store.Tx, org, person string, role access.Role, now time.Time) (bool, error) {
	n, err := tx.Exec("INSERT INTO membership_role (org, person, role, since) VALUES ($1, $2, $3, $4) ON CONFLICT (org, person, role) DO NOTHING",
		org, person, role, store.At(now))
	return n == 1, err
}

func deleteRole(tx *store.Tx, org, person string, role access.Role) (bool, error) {
	n, err := tx.Exec("DELETE FROM membership_role WHERE org = $1 AND person = $2 AND role = $3", org, person, role)
	return n == 1, err
}

func updateLeft(tx *store.Tx, org, person string, now time.Time) (bool, error) {
	n, err := tx.Exec("UPDATE membership SET left_at = $3 WHERE org = $1 AND person = $2 AND left_at IS NULL", org, person, store.At(now))
	if err != nil || n == 0 {
		return false, err
	}
	err = tx.Send("DELETE FROM membership_role WHERE org = $1 AND person = $2", org, person)
	return true, err
}

// selectRoles gives the roles of a person in an organisation; ok is false when it is no member.
func selectRoles(tx *store.Tx, org, person string) (roles []access.Role, ok bool, err error) {
	err = tx.QueryRow("SELECT count(*) > 0 FROM membership WHERE org = $1 AND person = $2 AND left_at IS NULL", org, person).Scan(&ok)
	if err != nil || !ok {
		return nil, false, err
	}
	roles, err = store.All(tx, func(row store.Scanner) (r access.Role, err error) {
		err = row.Scan(&r)
		return r, err
	}, "SELECT role FROM membership_role WHERE org = $1 AND person = $2", org, person)
	return inOrder(roles), true, err
}

// inOrder sorts roles as the matrix does.
func inOrder(roles []access.Role) []access.Role {
	var out []access.Role
	for _, r := range access.Roles() {
		for _, have := range roles {
			if have == r {
				out = append(out, r)
				break
			}
		}
	}
	return out
}

func selectOwners(tx *store.Tx, org string) (n int64, err error) {
	err = tx.QueryRow("SELECT count(*) FROM membership_role WHERE org = $1 AND role = $2", org, access.RoleOwner).Scan(&n)
	return n, err
}

type memberRow struct {
	personRow
	joinedAt time.Time
}

func selectMembers(tx *store.Tx, org string) ([]memberRow, error) {
	return store.All(tx, func(row store.Scanner) (m memberRow, err error) {
		var confirmed *store.Time
		var created, joined store.Time
		err = row.Scan(append(personFields(&m.personRow, &confirmed, &created), &joined)...)
		m.Confirmed, m.CreatedAt, m.joinedAt = confirmed != nil, created.Time, joined.Time
		return m, err
	}, "SELECT "+personColumns+`, m.joined_at FROM membership m JOIN person p ON p.id = m.person
		WHERE m.org = $1 AND m.left_at IS NULL ORDER BY m.joined_at, p.id`, org)
}

func selectMemberships(tx *store.Tx, person string) ([]string, error) {
	return store.All(tx, func(row store.Scanner) (org string, err error) {
		err = row.Scan(&org)
		return org, err
	}, "SELECT org FROM membership WHERE person = $1 AND left_at IS NULL ORDER BY joined_at, org", person)
}

func selectHolders(tx *store.Tx, org string, role access.Role) ([]string, error) {
	return store.All(tx, func(row store.Scanner) (person string, err error) {
		err = row.Scan(&person)
		return person, err
	}, "SELECT person FROM membership_role WHERE org = $1 AND role = $2 ORDER BY since, person", org, role)
}

type invitationRow struct {
	Invitation
	person   string // reserved for the invited, whose key seals the address
	hash     []byte // keyed, of the address
	sealed   []byte
	language string
	closed   bool // accepted or withdrawn
}

const invitationColumns = "id, org, person, email_hash, email_sealed, roles, language, created_at, expires_at, accepted_at, withdrawn_at"

func scanInvitation(row store.Scanner) (i invitationRow, err error) {
	var roles string
	var created, expires store.Time
	var accepted, withdrawn *store.Time
	err = row.Scan(&i.ID, &i.Org, &i.person, &i.hash, &i.sealed, &roles, &i.language, &created, &expires, &accepted, &withdrawn)
	i.Roles, i.CreatedAt, i.ExpiresAt = split[access.Role](roles), created.Time, expires.Time
	i.closed = accepted != nil || withdrawn != nil
	return i, err
}

func insertInvitation(tx *store.Tx, i invitationRow, secret []byte, by string) error {
	err := tx.Send(`INSERT INTO invitation (id, org, person, email_hash, email_sealed, roles, language, secret_hash, invited_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		i.ID, i.Org, i.person, i.hash, i.sealed, join(i.Roles, " "), i.language, secret, by, store.At(i.CreatedAt), store.At(i.ExpiresAt))
	return err
}

func selectInvitation(tx *store.Tx, org, id string) (invitationRow, error) {
	i, err := store.One(tx, scanInvitation, "SELECT "+invitationColumns+" FROM invitation WHERE id = $1 AND org = $2", id, org)
	return i, missing("invitation", id, err)
}

func selectInvitationBySecret(tx *store.Tx, secret []byte) (invitationRow, error) {
	return store.One(tx, scanInvitation, "SELECT "+invitationColumns+" FROM invitation WHERE secret_hash = $1", secret)
}

func selectInvitations(tx *store.Tx, org string, now time.Time) ([]invitationRow, error) {
	return store.All(tx, scanInvitation, "SELECT "+invitationColumns+` FROM invitation
		WHERE org = $1 AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2 ORDER BY created_at, id`, org, store.At(now))
}

func updateAccepted(tx *store.Tx, id string, now time.Time) (bool, error) {
	n, err := tx.Exec("UPDATE invitation SET accepted_at = $2 WHERE id = $1 AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2", id, store.At(now))
	return n == 1, err
}

func updateWithdrawn(tx *store.Tx, id string, now time.Time) (bool, error) {
	n, err := tx.Exec("UPDATE invitation SET withdrawn_at = $2 WHERE id = $1 AND accepted_at IS NULL AND withdrawn_at IS NULL", id, store.At(now))
	return n == 1, err
}

const entityColumns = "id, org, name, country, controlled_from, vat_id, registration, address, rounding, details_sealed, version"

func upsertEntity(tx *store.Tx, e entityRow) error {
	err := tx.Send("INSERT INTO legal_entity ("+entityColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, country = excluded.country, controlled_from = excluded.controlled_from,
		vat_id = excluded.vat_id, registration = excluded.registration, address = excluded.address, rounding = excluded.rounding,
		details_sealed = excluded.details_sealed, version = legal_entity.version + 1`,
		e.ID, e.Org, e.Name, e.Country, e.ControlledFrom, e.VATID, e.Registration, e.Address, e.Rounding, e.sealed)
	return err
}

func selectEntity(tx *store.Tx, entity string) (entityRow, error) {
	e, err := store.One(tx, scanEntity, "SELECT "+entityColumns+" FROM legal_entity WHERE id = $1", entity)
	return e, missing("legal entity", entity, err)
}

const marketColumns = "id, org, entity, name, brand, domain, country, currency, languages, sells_to, first_limit, vat_mode, month_close, version"

func upsertMarket(tx *store.Tx, m Market) (version int64, err error) {
	err = tx.QueryRow("INSERT INTO market ("+marketColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)
		ON CONFLICT (id) DO UPDATE SET entity = excluded.entity, name = excluded.name, brand = excluded.brand, domain = excluded.domain,
		country = excluded.country, currency = excluded.currency, languages = excluded.languages, sells_to = excluded.sells_to,
		first_limit = excluded.first_limit, vat_mode = excluded.vat_mode, month_close = excluded.month_close, version = market.version + 1 RETURNING version`,
		m.ID, m.Org, m.Entity, m.Name, m.Brand, m.Domain, m.Country, m.Currency, strings.Join(m.Languages, " "), m.SellsTo, m.FirstLimit, m.VATMode, m.MonthClose).Scan(&version)
	return version, err
}

func scanMarket(row store.Scanner) (m Market, err error) {
	var languages string
	err = row.Scan(&m.ID, &m.Org, &m.Entity, &m.Name, &m.Brand, &m.Domain, &m.Country, &m.Currency, &languages, &m.SellsTo, &m.FirstLimit, &m.VATMode, &m.MonthClose, &m.Version)
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
