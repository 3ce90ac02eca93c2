package provision

import "github.com/halle-cloud/halle/internal/store"

// ResourceIn gives a resource to another package inside its transaction. It does not authorise.
func (s *Resources) ResourceIn(tx *store.Tx, resource string) (Resource, error) {
	return selectResource(tx, resource)
}

// OfIn gives the resource of a subscription to another package inside its transaction. It does not authorise.
func (s *Resources) OfIn(tx *store.Tx, subscription string) (Resource, error) {
	return selectBySubscription(tx, subscription)
}
