package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

const (
	offerColumns   = "o.id, o.key, o.publisher, o.path, o.current, o.latest, o.created_at"
	headColumns    = "v.id, v.offer, v.publisher, v.path, v.number, v.state, v.note, v.hash, v.created_at, v.submitted_at, v.published_at, v.withdrawn_at, v.etag"
	versionColumns = headColumns + ", v.content"
)

func scanOffer(row store.Scanner) (o Offer, err error) {
	var at store.Time
	var current *string
	err = row.Scan(&o.ID, &o.Key, &o.Publisher, &o.Path, &current, &o.Latest, &at)
	if current != nil {
		o.Current = *current
	}
	o.CreatedAt = at.Time
	return o, err
}

// scanHead is a version without its content.
func scanHead(row store.Scanner) (Version, error) { return scanWith(row) }

func scanWith(row store.Scanner, more ...any) (v Version, err error) {
	var created store.Time
	var submitted, published, withdrawn *store.Time
	err = row.Scan(append([]any{&v.ID, &v.Offer, &v.Publisher, &v.Path, &v.Number, &v.State, &v.Note, &v.Hash, &created, &submitted, &published, &withdrawn,
		&v.ETag}, more...)...)
	v.CreatedAt, v.SubmittedAt, v.PublishedAt, v.WithdrawnAt = created.Time, submitted.OrZero(), published.OrZero(), withdrawn.OrZero()
	return v, err
}

func scanVersion(row store.Scanner) (Version, error) {
	var content []byte
	v, err := scanWith(row, &content)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(content, &v.Content); err != nil {
		return v, fmt.Errorf("offer version %s: stored content: %w", v.ID, err)
	}
	return v, nil
}

func missing(noun, id string, err error) error {
	if errors.Is(err, store.ErrNone) {
		return fail.Missing(noun, id)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", noun, id, err)
	}
	return nil
}

func selectOffer(tx *store.Tx, idOrKey string) (Offer, error) {
	o, err := store.One(tx, scanOffer, "SELECT "+offerColumns+" FROM offer o WHERE o.id = $1 OR o.key = $1", idOrKey)
	return o, missing("offer", idOrKey, err)
}

func selectVersion(tx *store.Tx, id string) (Version, error) {
	v, err := store.One(tx, scanVersion, "SELECT "+versionColumns+" FROM offer_version v WHERE v.id = $1", id)
	return v, missing("offer version", id, err)
}

func selectNumber(tx *store.Tx, offer string, number int64) (Version, error) {
	v, err := store.One(tx, scanVersion, "SELECT "+versionColumns+" FROM offer_version v WHERE v.offer = $1 AND v.number = $2", offer, number)
	return v, missing("offer version", fmt.Sprintf("%s/%d", offer, number), err)
}

func insertOffer(tx *store.Tx, o Offer) error {
	err := tx.Send("INSERT INTO offer (id, key, publisher, path, latest, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
		o.ID, o.Key, o.Publisher, o.Path, o.Latest, store.At(o.CreatedAt))
	return err
}

func insertVersion(tx *store.Tx, v Version, content []byte) error {
	if err := tx.Send("UPDATE offer SET latest = $2 WHERE id = $1", v.Offer, v.Number); err != nil {
		return err
	}
	err := tx.Send(`INSERT INTO offer_version (id, offer, publisher, path, number, state, note, content, hash, created_at, etag)
		VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, 1)`, v.ID, v.Offer, v.Publisher, v.Path, v.Number, v.State, content, v.Hash, store.At(v.CreatedAt))
	return err
}

// updateDraft changes the content of a draft and of nothing else.
func updateDraft(tx *store.Tx, v Version, content []byte) (bool, error) {
	n, err := tx.Exec("UPDATE offer_version SET content = $3, hash = $4, etag = etag + 1 WHERE id = $1 AND etag = $2 AND state = 'draft'", v.ID, v.ETag, content, v.Hash)
	return n == 1, err
}

func updateState(tx *store.Tx, v Version) (bool, error) {
	n, err := tx.Exec(`UPDATE offer_version SET state = $3, note = $4, submitted_at = $5, published_at = $6, withdrawn_at = $7, etag = etag + 1
		WHERE id = $1 AND etag = $2`, v.ID, v.ETag, v.State, v.Note, store.AtOrNull(v.SubmittedAt), store.AtOrNull(v.PublishedAt), store.AtOrNull(v.WithdrawnAt))
	return n == 1, err
}

// putOnShelf makes the version the current one of its offer and lets it be found.
func putOnShelf(tx *store.Tx, v Version) error {
	if err := takeFromShelf(tx, v.Offer); err != nil {
		return err
	}
	if err := tx.Send("UPDATE offer SET current = $2 WHERE id = $1", v.Offer, v.ID); err != nil {
		return err
	}
	for _, l := range v.Content.languages() {
		if err := tx.Send("INSERT INTO offer_text (offer, language, body) VALUES ($1, $2, $3)", v.Offer, l, v.Content.searchable(l)); err != nil {
			return err
		}
	}
	for _, f := range v.Content.Families {
		if err := tx.Send("INSERT INTO offer_family (family, offer) VALUES ($1, $2)", f, v.Offer); err != nil {
			return err
		}
	}
	return nil
}

func takeFromShelf(tx *store.Tx, offer string) error {
	for _, q := range []string{
		"UPDATE offer SET current = NULL WHERE id = $1", "DELETE FROM offer_text WHERE offer = $1", "DELETE FROM offer_family WHERE offer = $1",
	} {
		if err := tx.Send(q, offer); err != nil {
			return err
		}
	}
	return nil
}

// selectShelf gives a page of offers with their current version, in the order of their key. Every word must be found.
func selectShelf(tx *store.Tx, after, family, language string, words []string, limit int) ([]Version, error) {
	args := []any{after, limit}
	where := ""
	if family != "" {
		args = append(args, family)
		where += fmt.Sprintf(" AND EXISTS (SELECT 1 FROM offer_family f WHERE f.offer = o.id AND f.family = $%d)", len(args))
	}
	for _, w := range words {
		args = append(args, "%"+escapeLike(w)+"%", language)
		where += fmt.Sprintf(` AND EXISTS (SELECT 1 FROM offer_text t WHERE t.offer = o.id AND t.body LIKE $%d ESCAPE '\' AND ($%d = '' OR t.language = $%d))`,
			len(args)-1, len(args), len(args))
	}
	return store.All(tx, scanVersion, "SELECT "+versionColumns+" FROM offer o JOIN offer_version v ON v.id = o.current WHERE o.key > $1"+where+" ORDER BY o.key LIMIT $2", args...)
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

func selectVersionsOf(tx *store.Tx, publisher, after string, limit int) ([]Version, error) {
	return store.All(tx, scanVersion, "SELECT "+versionColumns+" FROM offer_version v WHERE v.publisher = $1 AND v.id < $2 ORDER BY v.id DESC LIMIT $3", publisher, after, limit)
}

func selectInReview(tx *store.Tx, pathPrefix, after string, limit int) ([]Version, error) {
	return store.All(tx, scanVersion, "SELECT "+versionColumns+` FROM offer_version v WHERE v.state = 'review' AND v.path LIKE $1 ESCAPE '\' AND v.id > $2 ORDER BY v.id LIMIT $3`,
		escapeLike(pathPrefix)+"%", after, limit)
}

func (v Version) stamped(to State, now time.Time) Version {
	v.State = to
	switch to {
	case StateReview:
		v.SubmittedAt = now
	case StatePublished:
		v.PublishedAt = now
	case StateWithdrawn:
		v.WithdrawnAt = now
	}
	return v
}
