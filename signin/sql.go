package signin

import (
	"errors"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
)

const kindPassword = "password"

// selectPassword gives "" when the person has none.
func selectPassword(tx *store.Tx, person string) (secret string, err error) {
	err = tx.QueryRow("SELECT secret FROM credential WHERE person = $1 AND kind = $2 AND name = ''", person, kindPassword).Scan(&secret)
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	return secret, err
}

func upsertPassword(tx *store.Tx, person, secret string, now time.Time) error {
	err := tx.Send(`INSERT INTO credential (person, kind, name, secret, created_at) VALUES ($1, $2, '', $3, $4)
		ON CONFLICT (person, kind, name) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at`,
		person, kindPassword, secret, store.At(now))
	return err
}

// rehash replaces a hash by one of the same password at another cost.
func rehash(tx *store.Tx, person, old, secret string) error {
	err := tx.Send("UPDATE credential SET secret = $4 WHERE person = $1 AND kind = $2 AND name = '' AND secret = $3", person, kindPassword, old, secret)
	return err
}

type sessionRow struct {
	Session
	onBehalfOf, purpose string
	sealed              []byte
	ended               bool
}

const sessionColumns = "id, person, org, on_behalf_of, purpose, country, method, origin_sealed, created_at, seen_at, ends_at, ended_at"

func scanSession(row store.Scanner) (s sessionRow, err error) {
	var created, seen, ends store.Time
	var ended *store.Time
	err = row.Scan(&s.ID, &s.Person, &s.Org, &s.onBehalfOf, &s.purpose, &s.Origin.Country, &s.Method, &s.sealed, &created, &seen, &ends, &ended)
	s.CreatedAt, s.SeenAt, s.EndsAt, s.ended = created.Time, seen.Time, ends.Time, ended != nil
	return s, err
}

func insertSession(tx *store.Tx, s sessionRow, hash []byte) error {
	err := tx.Send(`INSERT INTO session (id, secret_hash, person, org, on_behalf_of, purpose, country, method, origin_sealed, created_at, seen_at, ends_at)
		VALUES ($1, $2, $3, $4, '', '', $5, $6, $7, $8, $8, $9)`,
		s.ID, hash, s.Person, s.Org, s.Origin.Country, s.Method, s.sealed, store.At(s.CreatedAt), store.At(s.EndsAt))
	return err
}

func selectSession(tx *store.Tx, hash []byte) (sessionRow, error) {
	return store.One(tx, scanSession, "SELECT "+sessionColumns+" FROM session WHERE secret_hash = $1", hash)
}

func selectSessions(tx *store.Tx, person string, now, seenAfter time.Time) ([]sessionRow, error) {
	return store.All(tx, scanSession, "SELECT "+sessionColumns+` FROM session
		WHERE person = $1 AND ended_at IS NULL AND ends_at > $2 AND seen_at > $3 ORDER BY created_at DESC, id`, person, store.At(now), store.At(seenAfter))
}

func updateSeen(tx *store.Tx, session string, now time.Time) error {
	err := tx.Send("UPDATE session SET seen_at = $2 WHERE id = $1 AND seen_at < $2", session, store.At(now))
	return err
}

func updateActing(tx *store.Tx, session, org, onBehalfOf, purpose string) error {
	err := tx.Send("UPDATE session SET org = $2, on_behalf_of = $3, purpose = $4 WHERE id = $1", session, org, onBehalfOf, purpose)
	return err
}

func updateEnded(tx *store.Tx, person, session string, now time.Time) (bool, error) {
	n, err := tx.Exec("UPDATE session SET ended_at = $3 WHERE id = $1 AND person = $2 AND ended_at IS NULL", session, person, store.At(now))
	return n == 1, err
}

const tokenColumns = "id, org, name, roles, scopes, subject, created_by, created_at, expires_at, used_at, revoked_at"

func scanToken(row store.Scanner) (t Token, err error) {
	var roles, scopes string
	var created, expires store.Time
	var used, revoked *store.Time
	err = row.Scan(&t.ID, &t.Org, &t.Name, &roles, &scopes, &t.Subject, &t.CreatedBy, &created, &expires, &used, &revoked)
	t.Roles, t.Scopes = split[access.Role](roles), split[access.Action](scopes)
	t.CreatedAt, t.ExpiresAt, t.UsedAt, t.RevokedAt = created.Time, expires.Time, used.OrZero(), revoked.OrZero()
	return t, err
}

func insertToken(tx *store.Tx, t Token, hash []byte) error {
	err := tx.Send(`INSERT INTO api_token (id, secret_hash, org, name, roles, scopes, subject, created_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		t.ID, hash, t.Org, t.Name, join(t.Roles), join(t.Scopes), t.Subject, t.CreatedBy, store.At(t.CreatedAt), store.At(t.ExpiresAt))
	return err
}

func selectTokenBySecret(tx *store.Tx, hash []byte) (Token, error) {
	return store.One(tx, scanToken, "SELECT "+tokenColumns+" FROM api_token WHERE secret_hash = $1", hash)
}

func selectTokens(tx *store.Tx, org string) ([]Token, error) {
	return store.All(tx, scanToken, "SELECT "+tokenColumns+" FROM api_token WHERE org = $1 ORDER BY created_at DESC, id", org)
}

func selectTokensBy(tx *store.Tx, org, by string, until time.Time) ([]string, error) {
	return store.All(tx, func(row store.Scanner) (token string, err error) {
		err = row.Scan(&token)
		return token, err
	}, "SELECT id FROM api_token WHERE org = $1 AND created_by = $2 AND created_at <= $3 AND revoked_at IS NULL ORDER BY id", org, by, store.At(until))
}

func updateUsed(tx *store.Tx, token string, now time.Time) error {
	err := tx.Send("UPDATE api_token SET used_at = $2 WHERE id = $1", token, store.At(now))
	return err
}

// updateRevoked tells whether the token is there, and whether it stood until now.
func updateRevoked(tx *store.Tx, org, token string, now time.Time) (there, fresh bool, err error) {
	if err := tx.QueryRow("SELECT count(*) > 0 FROM api_token WHERE id = $1 AND org = $2", token, org).Scan(&there); err != nil || !there {
		return there, false, err
	}
	n, err := tx.Exec("UPDATE api_token SET revoked_at = $3 WHERE id = $1 AND org = $2 AND revoked_at IS NULL", token, org, store.At(now))
	return true, n == 1, err
}

func insertLink(tx *store.Tx, hash []byte, kind, person string, expires time.Time) error {
	err := tx.Send("INSERT INTO one_time (secret_hash, kind, person, expires_at) VALUES ($1, $2, $3, $4)", hash, kind, person, store.At(expires))
	return err
}

// useLink uses a link once and gives its person; ErrNone when it is not good any more.
func useLink(tx *store.Tx, hash []byte, kind string, now time.Time) (person string, err error) {
	err = tx.QueryRow(`UPDATE one_time SET used_at = $3 WHERE secret_hash = $1 AND kind = $2 AND used_at IS NULL AND expires_at > $3
		RETURNING person`, hash, kind, store.At(now)).Scan(&person)
	return person, err
}

// voidLinks makes every other link of the kind worthless.
func voidLinks(tx *store.Tx, kind, person string, now time.Time) error {
	err := tx.Send("UPDATE one_time SET used_at = $3 WHERE kind = $1 AND person = $2 AND used_at IS NULL", kind, person, store.At(now))
	return err
}

func upsertAttempt(tx *store.Tx, key []byte, now, over time.Time) (tries int64, started time.Time, err error) {
	var at store.Time
	err = tx.QueryRow(`INSERT INTO attempt (key, started_at, tries) VALUES ($1, $2, 1) ON CONFLICT (key) DO UPDATE SET
		tries = CASE WHEN attempt.started_at <= $3 THEN 1 ELSE attempt.tries + 1 END,
		started_at = CASE WHEN attempt.started_at <= $3 THEN excluded.started_at ELSE attempt.started_at END
		RETURNING tries, started_at`, key, store.At(now), store.At(over)).Scan(&tries, &at)
	return tries, at.Time, err
}

func deleteAttempt(tx *store.Tx, key []byte) error {
	err := tx.Send("DELETE FROM attempt WHERE key = $1", key)
	return err
}

// sweep deletes what has been over since before the instant.
func sweep(tx *store.Tx, before time.Time) error {
	for _, query := range []string{
		"DELETE FROM attempt WHERE started_at < $1",
		"DELETE FROM one_time WHERE expires_at < $1",
		"DELETE FROM session WHERE ends_at < $1 OR ended_at < $1",
	} {
		if err := tx.Send(query, store.At(before)); err != nil {
			return err
		}
	}
	return nil
}
