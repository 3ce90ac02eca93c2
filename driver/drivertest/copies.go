package drivertest

import (
	"testing"

	"github.com/halle-cloud/halle/provision"
)

// copies holds the listing of copies to the contract: a resource is one primary copy while it is there and none after, the
// same object at every listing, and a copy that somebody makes behind the broker's back is listed too.
func copies(t *testing.T, s *suite) {
	r := s.resource()
	op := s.operation(provision.ActionCreate, r)
	if found := s.listed(r); len(found) > 0 {
		t.Fatalf("copies of a resource that was never made: %+v", found)
	}
	s.finish(op)
	if s.Nothing {
		if found := s.listed(r); len(found) > 0 {
			t.Errorf("an engine without data lists %+v", found)
		}
		return
	}
	first := s.primary(r)
	if first.Tenant != op.Tenant || first.Operation != op.ID {
		t.Errorf("labels of the primary copy: %+v", first)
	}
	s.restart()
	if again := s.primary(r); again.Object != first.Object {
		t.Errorf("the primary copy is called %q, then %q", first.Object, again.Object)
	}
	s.planted(r)
	s.finish(s.operation(provision.ActionDelete, r))
	if found := s.listed(r); len(found) > 0 {
		t.Errorf("after the delete: %+v", found)
	}
}

// planted demands that a copy made by the engine's own interface shows, and no longer once it is removed.
func (s *suite) planted(r string) {
	s.t.Helper()
	if s.Plant == nil {
		return
	}
	before := len(s.listed(r))
	remove := s.Plant(s.t, r)
	list := s.listed(r)
	if len(list) != before+1 {
		s.t.Errorf("%d copies before somebody made one, %d after: %+v", before, len(list), list)
	}
	s.primary(r)
	remove()
	if n := len(s.listed(r)); n != before {
		s.t.Errorf("%d copies after it was removed, want %d", n, before)
	}
}

func (s *suite) listed(resource string) (out []provision.Copy) {
	s.t.Helper()
	list, full, err := provision.CopiesOf(s.ctx, s.driver, s.Target)
	if err != nil {
		s.t.Fatalf("copies: %v", err)
	}
	seen := map[string]bool{}
	for _, c := range list {
		if c.Object == "" || seen[c.Object] || c.Bytes < 0 || !full && c.Kind != provision.CopyPrimary {
			s.t.Errorf("a copy without a name of its own, or of a kind that nobody can know: %+v", c)
		}
		seen[c.Object] = true
		if c.Resource == resource {
			out = append(out, c)
		}
	}
	return out
}

// primary is the one primary copy of a resource.
func (s *suite) primary(resource string) (out provision.Copy) {
	s.t.Helper()
	n := 0
	for _, c := range s.listed(resource) {
		if c.Kind == provision.CopyPrimary {
			out, n = c, n+1
		}
	}
	if n != 1 {
		s.t.Fatalf("%d primary copies of %s, want 1", n, resource)
	}
	return out
}
