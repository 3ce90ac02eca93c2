package collect

import (
	"context"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
)

const pageSize = 50

// above tells whether an organisation stands on a path.
func above(org, path string) bool { return strings.Contains(path, "/"+org+"/") }

// Collections lists those of the legal entities of the caller's organisation, newest first, after a cursor ("" for the
// first page). Staff that collects may, and its auditors.
func (s *Collects) Collections(ctx context.Context, c access.Caller, cursor string) (list []Collection, next string, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		next = ""
		if _, err := s.allowed(tx, c, access.CollectionRead, c.Org, "organisation", c.Org); err != nil {
			return err
		}
		if list, err = selectCollections(tx, c.Org, cursor, pageSize+1); err != nil {
			return err
		}
		if len(list) > pageSize {
			list, next = list[:pageSize], list[pageSize-1].ID
		}
		return nil
	})
	return list, next, err
}

// Collection gives one with its debits, newest first. Staff that collects may, and its auditors.
func (s *Collects) Collection(ctx context.Context, c access.Caller, id string) (k Collection, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if k, err = s.collection(tx, c, access.CollectionRead, id); err != nil {
			return err
		}
		k.Debits, err = selectDebits(tx, "collection", id, maxDebits)
		return err
	})
	if err != nil {
		return Collection{}, err
	}
	return k, nil
}
