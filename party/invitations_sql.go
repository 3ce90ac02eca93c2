package party

import (
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
)

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
	_, err := tx.Exec(`INSERT INTO invitation (id, org, person, email_hash, email_sealed, roles, language, secret_hash, invited_by, created_at, expires_at)
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
