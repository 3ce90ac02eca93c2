package payout

import (
	"errors"
	"fmt"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
)

const payeeColumns = "id, publisher, entity, sealed, usable_from, created_at, created_by, approved_at, approved_by, dropped_at, dropped_by"

func scanPayee(r store.Scanner) (p Payee, err error) {
	var from, created store.Time
	var approved, dropped *store.Time
	err = r.Scan(&p.ID, &p.Publisher, &p.Entity, &p.sealed, &from, &created, &p.CreatedBy, &approved, &p.ApprovedBy, &dropped, &p.DroppedBy)
	if err == nil {
		p.From, p.CreatedAt, p.ApprovedAt, p.DroppedAt = from.Time, created.Time, approved.OrZero(), dropped.OrZero()
	}
	return p, err
}

func insertPayee(tx *store.Tx, p Payee) error {
	_, err := tx.Exec("INSERT INTO payout_payee ("+payeeColumns+") VALUES "+store.Places(1, 11), p.ID, p.Publisher, p.Entity, p.sealed, store.At(p.From), store.At(p.CreatedAt), p.CreatedBy,
		store.AtOrNull(p.ApprovedAt), p.ApprovedBy, store.AtOrNull(p.DroppedAt), p.DroppedBy)
	return err
}

// updatePayee approves or drops an account that waits.
func updatePayee(tx *store.Tx, p Payee) error {
	n, err := tx.Exec("UPDATE payout_payee SET approved_at = $1, approved_by = $2, dropped_at = $3, dropped_by = $4 WHERE id = $5 AND approved_at IS NULL AND dropped_at IS NULL",
		store.AtOrNull(p.ApprovedAt), p.ApprovedBy, store.AtOrNull(p.DroppedAt), p.DroppedBy, p.ID)
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("account %s was changed meanwhile", p.ID))
	}
	return err
}

func selectPayee(tx *store.Tx, id string) (Payee, error) {
	p, err := store.One(tx, scanPayee, "SELECT "+payeeColumns+" FROM payout_payee WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return p, fail.Missing("account", id)
	}
	return p, err
}

func selectPayees(tx *store.Tx, publisher string) ([]Payee, error) {
	return store.All(tx, scanPayee, "SELECT "+payeeColumns+" FROM payout_payee WHERE publisher = $1 ORDER BY id DESC LIMIT 50", publisher)
}

const runColumns = "id, org, entity, state, message, pays_on, count, total, created_at, created_by, approved_at, approved_by, handed_at, handed_by"

func scanRun(r store.Scanner) (k Run, err error) {
	var on string
	var created store.Time
	var approved, handed *store.Time
	if err = r.Scan(&k.ID, &k.Org, &k.Entity, &k.State, &k.Message, &on, &k.Count, &k.Total.Minor, &created, &k.CreatedBy, &approved, &k.ApprovedBy, &handed, &k.HandedBy); err != nil {
		return k, err
	}
	k.Total.Currency, k.CreatedAt, k.ApprovedAt, k.HandedAt = money.EUR, created.Time, approved.OrZero(), handed.OrZero()
	return k, k.On.UnmarshalText([]byte(on))
}

func insertRun(tx *store.Tx, k Run) error {
	_, err := tx.Exec("INSERT INTO payout_run ("+runColumns+") VALUES "+store.Places(1, 14), k.ID, k.Org, k.Entity, string(k.State), k.Message, k.On.String(), k.Count, k.Total.Minor,
		store.At(k.CreatedAt), k.CreatedBy, store.AtOrNull(k.ApprovedAt), k.ApprovedBy, store.AtOrNull(k.HandedAt), k.HandedBy)
	return err
}

// updateRun moves a run that nobody else moved since it was read.
func updateRun(tx *store.Tx, was, k Run) error {
	n, err := tx.Exec("UPDATE payout_run SET state = $1, approved_at = $2, approved_by = $3, handed_at = $4, handed_by = $5 WHERE id = $6 AND state = $7", string(k.State),
		store.AtOrNull(k.ApprovedAt), k.ApprovedBy, store.AtOrNull(k.HandedAt), k.HandedBy, k.ID, string(was.State))
	if err == nil && n != 1 {
		err = store.Retry(fmt.Errorf("payout run %s was moved meanwhile", k.ID))
	}
	return err
}

func selectRun(tx *store.Tx, id string) (Run, error) {
	k, err := store.One(tx, scanRun, "SELECT "+runColumns+" FROM payout_run WHERE id = $1", id)
	if errors.Is(err, store.ErrNone) {
		return k, fail.Missing("payout run", id)
	}
	return k, err
}

// selectMessage finds a run by the identifier of its file; found is false when there is none.
func selectMessage(tx *store.Tx, message string) (k Run, found bool, err error) {
	k, err = store.One(tx, scanRun, "SELECT "+runColumns+" FROM payout_run WHERE message = $1", message)
	if errors.Is(err, store.ErrNone) {
		return k, false, nil
	}
	return k, err == nil, err
}

func selectRuns(tx *store.Tx, org, before string, limit int) ([]Run, error) {
	return store.All(tx, scanRun, "SELECT "+runColumns+" FROM payout_run WHERE org = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3", org, before, int64(limit))
}

const itemColumns = "payout, run, payee, end_to_end"

func scanItem(r store.Scanner) (i Item, err error) {
	err = r.Scan(&i.Payout.ID, &i.Run, &i.Account, &i.EndToEnd)
	return i, err
}

func insertItem(tx *store.Tx, i Item) error {
	_, err := tx.Exec("INSERT INTO payout_item ("+itemColumns+") VALUES "+store.Places(1, 4), i.Payout.ID, i.Run, i.Account, i.EndToEnd)
	return err
}

func selectItems(tx *store.Tx, where string, arg string) ([]Item, error) {
	return store.All(tx, scanItem, "SELECT "+itemColumns+" FROM payout_item WHERE "+where+" = $1 ORDER BY payout", arg)
}
