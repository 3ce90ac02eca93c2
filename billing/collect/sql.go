package collect

import (
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
)

func scanAccount(r store.Scanner) (a Account, err error) {
	var iban, bic, creditor, version string
	var at store.Time
	err = r.Scan(&a.Entity, &a.Org, &iban, &bic, &creditor, &a.NoticeDays, &version, &at)
	a.IBAN, a.BIC, a.CreditorID, a.Version, a.ChangedAt = sepa.IBAN(iban), sepa.BIC(bic), sepa.CreditorID(creditor), sepa.Version(version), at.Time
	return a, err
}

const accountColumns = "entity, org, iban, bic, creditor, notice_days, version, changed_at"

// selectAccount gives the account of a legal entity; found is false when it has none.
func selectAccount(tx *store.Tx, entity string) (a Account, found bool, err error) {
	a, err = store.One(tx, scanAccount, "SELECT "+accountColumns+" FROM collect_account WHERE entity = $1", entity)
	if errors.Is(err, store.ErrNone) {
		return a, false, nil
	}
	return a, err == nil, err
}

func upsertAccount(tx *store.Tx, a Account) error {
	_, err := tx.Exec(`INSERT INTO collect_account (`+accountColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (entity) DO UPDATE SET
		iban = excluded.iban, bic = excluded.bic, creditor = excluded.creditor, notice_days = excluded.notice_days, version = excluded.version, changed_at = excluded.changed_at`,
		a.Entity, a.Org, a.IBAN.Electronic(), string(a.BIC), string(a.CreditorID), a.NoticeDays, string(a.Version), store.At(a.ChangedAt))
	return err
}

const mandateColumns = "id, org, path, entity, reference, holder, sealed, state, why, channel, signer, lang, text_hash, signed, used, used_at, created_at, ended_at, etag"

func scanMandate(r store.Scanner) (m Mandate, err error) {
	var signed string
	var used, created store.Time
	var ended *store.Time
	err = r.Scan(&m.ID, &m.Org, &m.Path, &m.Entity, &m.Reference, &m.holder, &m.sealed, &m.State, &m.Why, &m.Signature.Channel, &m.Signature.Signer, &m.Signature.Lang,
		&m.Signature.TextHash, &signed, &m.Used, &used, &created, &ended, &m.etag)
	if err != nil {
		return m, err
	}
	m.UsedAt, m.CreatedAt, m.EndedAt = used.Time, created.Time, ended.OrZero()
	return m, m.Signed.UnmarshalText([]byte(signed))
}

func insertMandate(tx *store.Tx, m Mandate) error {
	_, err := tx.Exec("INSERT INTO mandate ("+mandateColumns+") VALUES "+store.Places(1, 19), m.ID, m.Org, m.Path, m.Entity, m.Reference, m.holder, m.sealed, string(m.State), m.Why,
		m.Signature.Channel, m.Signature.Signer, m.Signature.Lang, m.Signature.TextHash, m.Signed.String(), m.Used, store.At(m.UsedAt), store.At(m.CreatedAt), store.AtOrNull(m.EndedAt), 1)
	return err
}

// updateMandate writes what may change when nobody else did since it was read.
func updateMandate(tx *store.Tx, m Mandate) error {
	n, err := tx.Exec(`UPDATE mandate SET state = $1, why = $2, channel = $3, signer = $4, lang = $5, text_hash = $6, signed = $7, used = $8, used_at = $9, ended_at = $10, etag = etag + 1
		WHERE id = $11 AND etag = $12`, string(m.State), m.Why, m.Signature.Channel, m.Signature.Signer, m.Signature.Lang, m.Signature.TextHash, m.Signed.String(), m.Used,
		store.At(m.UsedAt), store.AtOrNull(m.EndedAt), m.ID, m.etag)
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("mandate %s was changed meanwhile", m.ID))
	}
	return err
}

func selectMandate(tx *store.Tx, id string) (Mandate, error) {
	m, err := store.One(tx, scanMandate, "SELECT "+mandateColumns+" FROM mandate WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return m, fail.Missing("mandate", id)
	}
	return m, err
}

func selectMandates(tx *store.Tx, org string) ([]Mandate, error) {
	return store.All(tx, scanMandate, "SELECT "+mandateColumns+" FROM mandate WHERE org = $1 ORDER BY id DESC LIMIT 100", org)
}

// selectActive finds the mandate by which an entity collects from an organisation; found is false when there is none.
func selectActive(tx *store.Tx, org, entity string) (m Mandate, found bool, err error) {
	m, err = store.One(tx, scanMandate, "SELECT "+mandateColumns+" FROM mandate WHERE org = $1 AND entity = $2 AND state = 'active'", org, entity)
	if errors.Is(err, store.ErrNone) {
		return m, false, nil
	}
	return m, err == nil, err
}

func selectIdle(tx *store.Tx, before time.Time, limit int) ([]Mandate, error) {
	return store.All(tx, scanMandate, "SELECT "+mandateColumns+" FROM mandate WHERE state = 'active' AND used_at < $1 ORDER BY used_at LIMIT $2", store.At(before), limit)
}

const collectionColumns = "id, entity, org, state, edition, taken, count, total, message, created_at, actor, handed_at, handed_by"

func scanCollection(r store.Scanner) (k Collection, err error) {
	var created store.Time
	var handed *store.Time
	err = r.Scan(&k.ID, &k.Entity, &k.Org, &k.State, &k.Edition, &k.Taken, &k.Count, &k.Total.Minor, &k.Message, &created, &k.Actor, &handed, &k.HandedBy)
	k.Total.Currency, k.CreatedAt, k.HandedAt = money.EUR, created.Time, handed.OrZero()
	return k, err
}

func insertCollection(tx *store.Tx, k Collection) error {
	_, err := tx.Exec("INSERT INTO collection ("+collectionColumns+") VALUES "+store.Places(1, 13), k.ID, k.Entity, k.Org, string(k.State), k.Edition, k.Taken, k.Count, k.Total.Minor, k.Message,
		store.At(k.CreatedAt), k.Actor, store.AtOrNull(k.HandedAt), k.HandedBy)
	return err
}

// updateCollection writes a collection that nobody else moved since it was read.
func updateCollection(tx *store.Tx, was, k Collection) error {
	n, err := tx.Exec(`UPDATE collection SET state = $1, edition = $2, taken = $3, count = $4, total = $5, message = $6, handed_at = $7, handed_by = $8
		WHERE id = $9 AND state = $10 AND edition = $11 AND taken = $12`, string(k.State), k.Edition, k.Taken, k.Count, k.Total.Minor, k.Message, store.AtOrNull(k.HandedAt), k.HandedBy,
		k.ID, string(was.State), was.Edition, was.Taken)
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("collection %s was changed meanwhile", k.ID))
	}
	return err
}

func selectCollection(tx *store.Tx, id string) (Collection, error) {
	k, err := store.One(tx, scanCollection, "SELECT "+collectionColumns+" FROM collection WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return k, fail.Missing("collection", id)
	}
	return k, err
}

func selectCollections(tx *store.Tx, org, before string, limit int) ([]Collection, error) {
	return store.All(tx, scanCollection, "SELECT "+collectionColumns+" FROM collection WHERE org = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3", org, before, limit)
}

const debitColumns = "id, collection, entity, invoice, mandate, org, end_to_end, amount, due, sequence, state, code, created_at, changed_at"

func scanDebit(r store.Scanner) (d Debit, err error) {
	var due string
	var created, changed store.Time
	err = r.Scan(&d.ID, &d.Collection, &d.Entity, &d.Invoice, &d.Mandate, &d.Org, &d.EndToEnd, &d.Amount.Minor, &due, &d.Sequence, &d.State, &d.Code, &created, &changed)
	d.Amount.Currency, d.CreatedAt, d.ChangedAt = money.EUR, created.Time, changed.Time
	return d, errors.Join(err, d.Due.UnmarshalText([]byte(due)))
}

func insertDebit(tx *store.Tx, d Debit) error {
	_, err := tx.Exec("INSERT INTO collect_debit ("+debitColumns+") VALUES "+store.Places(1, 14), d.ID, d.Collection, d.Entity, d.Invoice, d.Mandate, d.Org, d.EndToEnd, d.Amount.Minor, d.Due.String(),
		string(d.Sequence), string(d.State), d.Code, store.At(d.CreatedAt), store.At(d.ChangedAt))
	return err
}

// updateDebit moves a debit that stands where it stood.
func updateDebit(tx *store.Tx, was DebitState, d Debit) error {
	n, err := tx.Exec("UPDATE collect_debit SET state = $1, code = $2, changed_at = $3 WHERE id = $4 AND state = $5", string(d.State), d.Code, store.At(d.ChangedAt), d.ID, string(was))
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("debit %s was changed meanwhile", d.ID))
	}
	return err
}

func selectDebits(tx *store.Tx, where, value string, limit int) ([]Debit, error) {
	return store.All(tx, scanDebit, "SELECT "+debitColumns+" FROM collect_debit WHERE "+where+" = $1 ORDER BY id DESC LIMIT $2", value, limit)
}

func selectDebit(tx *store.Tx, column, value string) (d Debit, found bool, err error) {
	d, err = store.One(tx, scanDebit, "SELECT "+debitColumns+" FROM collect_debit WHERE "+column+" = $1", value)
	if errors.Is(err, store.ErrNone) {
		return d, false, nil
	}
	return d, err == nil, err
}

func selectCredit(tx *store.Tx, org, entity, currency string) (amount int64, err error) {
	err = tx.QueryRow("SELECT amount FROM collect_credit WHERE org = $1 AND entity = $2 AND currency = $3", org, entity, currency).Scan(&amount)
	if errors.Is(err, store.ErrNone) {
		err = nil
	}
	return amount, err
}

// addCredit changes what is kept for a customer; it is never below zero.
func addCredit(tx *store.Tx, k Credit, id, entry, invoice, actor string, at time.Time) (bool, error) {
	currency := string(k.Amount.Currency)
	if _, err := tx.Exec("INSERT INTO collect_credit (org, entity, currency, amount) VALUES ($1, $2, $3, 0) ON CONFLICT (org, entity, currency) DO NOTHING", k.Org, k.Entity, currency); err != nil {
		return false, err
	}
	n, err := tx.Exec("UPDATE collect_credit SET amount = amount + $1 WHERE org = $2 AND entity = $3 AND currency = $4 AND amount + $1 >= 0", k.Amount.Minor, k.Org, k.Entity, currency)
	if err != nil || n != 1 {
		return false, err
	}
	_, err = tx.Exec("INSERT INTO collect_credit_move (id, org, entity, currency, amount, entry, invoice, actor, at) VALUES "+store.Places(1, 9), id, k.Org, k.Entity, currency, k.Amount.Minor, entry,
		invoice, actor, store.At(at))
	return true, err
}

func selectCredits(tx *store.Tx, org string) ([]Credit, error) {
	return store.All(tx, func(r store.Scanner) (k Credit, err error) {
		var currency string
		err = r.Scan(&k.Org, &k.Entity, &currency, &k.Amount.Minor)
		k.Amount.Currency = money.Currency(currency)
		return k, err
	}, "SELECT org, entity, currency, amount FROM collect_credit WHERE org = $1 AND amount > 0 ORDER BY entity, currency", org)
}
