package bank

import (
	"errors"
	"fmt"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
)

const fileColumns = "id, entity, org, digest, kind, name, entries, fresh, matched, desk, failed, imported_at, actor"

func scanFile(r store.Scanner) (f File, err error) {
	var at store.Time
	err = r.Scan(&f.ID, &f.Entity, &f.Org, &f.Digest, &f.Kind, &f.Name, &f.Entries, &f.Fresh, &f.Matched, &f.Desk, &f.Failed, &at, &f.Actor)
	f.ImportedAt = at.Time
	return f, err
}

func insertFile(tx *store.Tx, f File) (bool, error) {
	n, err := tx.Exec("INSERT INTO bank_file ("+fileColumns+") VALUES "+store.Places(1, 13)+" ON CONFLICT (entity, digest) DO NOTHING", f.ID, f.Entity, f.Org, f.Digest, string(f.Kind), f.Name, f.Entries,
		f.Fresh, f.Matched, f.Desk, f.Failed, store.At(f.ImportedAt), f.Actor)
	return n == 1, err
}

func selectFile(tx *store.Tx, entity, digest string) (f File, found bool, err error) {
	f, err = store.One(tx, scanFile, "SELECT "+fileColumns+" FROM bank_file WHERE entity = $1 AND digest = $2", entity, digest)
	if errors.Is(err, store.ErrNone) {
		return f, false, nil
	}
	return f, err == nil, err
}

func selectFiles(tx *store.Tx, org string, limit int) ([]File, error) {
	return store.All(tx, scanFile, "SELECT "+fileColumns+" FROM bank_file WHERE org = $1 ORDER BY imported_at DESC, id LIMIT $2", org, limit)
}

const entryColumns = "id, file, entity, org, key, reference, end_to_end, amount, currency, credit, date, code, sealed, state, why, debit, kept, created_at, decided_at, decided_by"

func scanEntry(r store.Scanner) (e Entry, err error) {
	var currency, date string
	var created store.Time
	var decided *store.Time
	err = r.Scan(&e.ID, &e.File, &e.Entity, &e.Org, &e.Key, &e.Reference, &e.EndToEnd, &e.Amount.Minor, &currency, &e.Credit, &date, &e.Code, &e.sealed, &e.State, &e.Why, &e.Debit, &e.Kept.Minor,
		&created, &decided, &e.DecidedBy)
	e.Amount.Currency, e.Kept.Currency, e.CreatedAt, e.DecidedAt = money.Currency(currency), money.Currency(currency), created.Time, decided.OrZero()
	return e, errors.Join(err, e.Date.UnmarshalText([]byte(date)))
}

// claimEntry writes the movement unless it is known.
func claimEntry(tx *store.Tx, e Entry) (bool, error) {
	n, err := tx.Exec("INSERT INTO bank_entry ("+entryColumns+") VALUES "+store.Places(1, 20)+" ON CONFLICT (entity, key) DO NOTHING", e.ID, e.File, e.Entity, e.Org, e.Key, e.Reference, e.EndToEnd, e.Amount.Minor,
		string(e.Amount.Currency), e.Credit, e.Date.String(), e.Code, e.sealed, string(e.State), e.Why, e.Debit, e.Kept.Minor, store.At(e.CreatedAt), store.AtOrNull(e.DecidedAt), e.DecidedBy)
	return n == 1, err
}

// updateEntry moves a movement that stands where it stood.
func updateEntry(tx *store.Tx, was State, e Entry) error {
	n, err := tx.Exec("UPDATE bank_entry SET state = $1, why = $2, debit = $3, kept = $4, decided_at = $5, decided_by = $6 WHERE id = $7 AND state = $8", string(e.State), e.Why, e.Debit, e.Kept.Minor,
		store.AtOrNull(e.DecidedAt), e.DecidedBy, e.ID, string(was))
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("movement %s was decided meanwhile", e.ID))
	}
	return err
}

func selectEntry(tx *store.Tx, id string) (Entry, error) {
	e, err := store.One(tx, scanEntry, "SELECT "+entryColumns+" FROM bank_entry WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return e, fail.Missing("movement", id)
	}
	return e, err
}

func selectEntries(tx *store.Tx, org string, state State, before string, limit int) ([]Entry, error) {
	return store.All(tx, scanEntry, "SELECT "+entryColumns+" FROM bank_entry WHERE org = $1 AND ($2 = '' OR state = $2) AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4", org, string(state), before, limit)
}

func insertPart(tx *store.Tx, entry string, p Part) error {
	_, err := tx.Exec("INSERT INTO bank_part (entry, invoice, org, amount) VALUES ($1, $2, $3, $4)", entry, p.Invoice, p.Org, p.Amount.Minor)
	return err
}

func selectParts(tx *store.Tx, e Entry) ([]Part, error) {
	return store.All(tx, func(r store.Scanner) (p Part, err error) {
		p.Amount.Currency = e.Amount.Currency
		err = r.Scan(&p.Invoice, &p.Org, &p.Amount.Minor)
		return p, err
	}, "SELECT invoice, org, amount FROM bank_part WHERE entry = $1 ORDER BY invoice", e.ID)
}
