// Package catalogtest puts offers on the shelf for tests.
//
// Owns: the way of an offer from its file to the shelf, as a publisher and the operator go it.
// Does not own: the offer of the tests, which stands in catalog/testdata.
// Reads: catalog/testdata/m2m.yaml.
// Writes: the catalogue it is given.
package catalogtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
)

// Sample is the offer relay-m2m of the tests, which ends in the list of its plans: more of them may be appended.
func Sample(t testing.TB) []byte {
	t.Helper()
	dir, err := os.Getwd() // the folder of the package under test
	if err != nil {
		t.Fatal(err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "catalog", "testdata", "m2m.yaml"))
		if err == nil {
			return text
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("catalog/testdata/m2m.yaml is in no folder above")
		}
		dir = filepath.Dir(dir)
	}
}

// Publish imports an offer for a publisher, submits it, and publishes it as the operator.
func Publish(t testing.TB, cat *catalog.Catalogue, publisher, operator access.Caller, offer []byte) catalog.Version {
	t.Helper()
	ctx := context.Background()
	v, err := cat.ImportOffer(ctx, publisher, publisher.Org, offer)
	if err == nil {
		_, err = cat.Submit(ctx, publisher, v.ID)
	}
	if err == nil {
		v, err = cat.Publish(ctx, operator, v.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}
