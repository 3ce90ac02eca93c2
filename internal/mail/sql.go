package mail

import (
	"time"

	"github.com/halle-cloud/halle/internal/store"
)

type row struct {
	person    string
	sealed    []byte
	createdAt time.Time
}

func insert(tx *store.Tx, mailID string, m Message, sealed []byte, now time.Time) error {
	err := tx.Send("INSERT INTO mail (id, person, kind, sealed, created_at, attempts, error) VALUES ($1, $2, $3, $4, $5, 0, '')",
		mailID, m.Person, m.Kind, sealed, store.At(now))
	return err
}

func selectMail(tx *store.Tx, mailID string) (r row, err error) {
	var at store.Time
	err = tx.QueryRow("SELECT person, sealed, created_at FROM mail WHERE id = $1", mailID).Scan(&r.person, &r.sealed, &at)
	r.createdAt = at.Time
	return r, err
}

func updateFailed(tx *store.Tx, mailID, text string) error {
	err := tx.Send("UPDATE mail SET attempts = attempts + 1, error = $2 WHERE id = $1 AND sealed IS NOT NULL", mailID, text)
	return err
}

func updateClosed(tx *store.Tx, mailID, failure string, now time.Time) error {
	column := "sent_at"
	if failure != "" {
		column = "given_up_at"
	}
	err := tx.Send("UPDATE mail SET attempts = attempts + 1, error = $2, sealed = NULL, "+column+" = $3 WHERE id = $1 AND sealed IS NOT NULL",
		mailID, failure, store.At(now))
	return err
}

func deleteClosed(tx *store.Tx, before time.Time) error {
	err := tx.Send("DELETE FROM mail WHERE sealed IS NULL AND created_at < $1", store.At(before))
	return err
}

func selectStates(tx *store.Tx, person string) ([]State, error) {
	return store.All(tx, func(row store.Scanner) (s State, err error) {
		var sent, given *store.Time
		err = row.Scan(&s.ID, &s.Person, &s.Kind, &sent, &given, &s.Attempts, &s.Error)
		s.Sent, s.GivenUp = sent != nil, given != nil
		return s, err
	}, "SELECT id, person, kind, sent_at, given_up_at, attempts, error FROM mail WHERE person = $1 ORDER BY created_at, id", person)
}
