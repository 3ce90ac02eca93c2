package provision

import (
	"context"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
)

// Troubled lists resources below the caller's organisation that need somebody: failed, observed down or degraded, or with
// something left to remove; after a cursor, at most limit (resource.read). For the operator's desk.
func (s *Resources) Troubled(ctx context.Context, c access.Caller, after string, limit int) (list []Resource, err error) {
	if err := s.Policy.Check(c, access.ResourceRead, access.Resource{Type: "resource", Org: c.Org, Path: c.Path}); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = store.All(tx, scanResource, "SELECT "+resourceColumns+` FROM resource WHERE id > $1 AND org_path >= $2 AND org_path < $3
			AND (state = $4 OR condition IN ($5, $6) AND state <> $7) ORDER BY id LIMIT $8`,
			after, c.Path, c.Path+"~", StateFailed, ConditionDown, ConditionDegraded, StateGone, limit)
		return err
	})
	return list, err
}
