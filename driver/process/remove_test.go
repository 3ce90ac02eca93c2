package process_test

import (
	"context"
	"testing"
	"time"

	"github.com/halle-cloud/halle/driver/process"
	"github.com/halle-cloud/halle/provision"
)

// remove deletes a resource and demands that nothing is left of it.
func remove(t testing.TB, d *process.Driver, resource string) {
	t.Helper()
	op := provision.Operation{Version: 1, ID: "del-" + resource, Action: provision.ActionDelete, Tenant: "org_a",
		Resource: resource, Generation: 99, Attempt: 1}
	p, err := d.Begin(context.Background(), op)
	for until := time.Now().Add(20 * time.Second); err == nil && !p.Phase.Final(); {
		if time.Now().After(until) {
			t.Fatalf("delete of %s is not final: %+v", resource, p)
		}
		p, err = d.Poll(context.Background(), op, p.Handle)
	}
	if err != nil || p.Phase != provision.PhaseDone {
		t.Fatalf("delete of %s: %+v %v", resource, p, err)
	}
}
