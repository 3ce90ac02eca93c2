package provision

import (
	"context"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
)

// CopyKind says what a copy of data is.
type CopyKind string

// The kinds. A technical copy is data of the platform itself: its databases, keys and logs (SecNumCloud 3.2, 19.2.e).
const (
	CopyPrimary   CopyKind = "primary"
	CopyReplica   CopyKind = "replica"
	CopySnapshot  CopyKind = "snapshot"
	CopyBackup    CopyKind = "backup"
	CopyExport    CopyKind = "export"
	CopyLog       CopyKind = "log"
	CopyKey       CopyKind = "key"
	CopyCache     CopyKind = "cache"
	CopyTechnical CopyKind = "technical"
)

// CopyKinds are all kinds, the nearest to the customer first.
func CopyKinds() []CopyKind {
	return []CopyKind{CopyPrimary, CopyReplica, CopySnapshot, CopyBackup, CopyExport, CopyLog, CopyKey, CopyCache, CopyTechnical}
}

// Copy is one copy of data as an engine lists it.
type Copy struct {
	Object    string    `json:"object"` // the engine's own name for it; the same at every listing
	Kind      CopyKind  `json:"kind"`
	Tenant    string    `json:"tenant,omitempty"`    // our labels, as far as it bears them
	Resource  string    `json:"resource,omitempty"`  // that it is a copy of
	Operation string    `json:"operation,omitempty"` // that made it
	Region    string    `json:"region,omitempty"`    // where it lies; "" for the target's region
	Bytes     int64     `json:"bytes"`
	Made      time.Time `json:"made"`           // zero where the engine does not tell
	Part      bool      `json:"part,omitempty"` // it came with the resource and goes with it, as its log does
}

// Lister is what a driver can do beyond Driver where its engine lists every copy of data that it has, also those that
// nobody ordered through the broker. A driver without it has what Observe shows: the resources themselves.
type Lister interface {
	// Copies lists every copy on the target that bears our labels or was made of an object that does: resources,
	// replicas, snapshots, backups, exports, logs, keys, caches. What is listed is complete, or the answer is an error.
	Copies(ctx context.Context, target Target) ([]Copy, error)
}

// maxCopies is how many copies one target may list: more is an answer outside the contract.
const maxCopies = 1_000_000

// Copies asks an engine which copies of data it has on a target. full is false where the driver knows resources only: what
// else there is, nobody has looked at then.
func (s *Resources) Copies(ctx context.Context, driver string, t Target) (list []Copy, full bool, err error) {
	d, ok := s.Drivers[driver]
	if !ok {
		return nil, false, fail.New(fail.Unavailable, "provision.driver", fmt.Sprintf("This installation has no driver %q.", driver), "The operator adds the driver.")
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, full, err = CopiesOf(ctx, d, t)
	if err == nil && len(list) > maxCopies {
		err = fmt.Errorf("driver %s lists %d copies on %s, more than %d", driver, len(list), t.ID, maxCopies)
	}
	return list, full, err
}

// CopiesOf lists the copies that a driver knows: all of them (full), or its resources where it can list nothing else.
func CopiesOf(ctx context.Context, d Driver, t Target) (list []Copy, full bool, err error) {
	if l, ok := d.(Lister); ok {
		if list, err = l.Copies(ctx, t); !fail.Is(err, fail.NotFound) {
			return list, true, err
		}
	}
	seen, err := d.Observe(ctx, t)
	for _, o := range seen {
		list = append(list, Copy{Object: o.Object, Kind: CopyPrimary, Tenant: o.Tenant, Resource: o.Resource, Operation: o.Operation})
	}
	return list, false, err
}
