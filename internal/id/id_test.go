package id

import "testing"

func TestRoundTrip(t *testing.T) {
	s, err := NewSource("demo")
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for range 1000 {
		got := s.New("ord")
		prefix, home, u, ok := Parts(got)
		if !ok || prefix != "ord" || home != "demo" || s.From("ord", u) != got {
			t.Fatalf("%s does not come back", got)
		}
		if got <= last {
			t.Fatalf("%s does not sort after %s", got, last)
		}
		last = got
	}
}

func TestWrongForms(t *testing.T) {
	for _, home := range []string{"", "a", "A1", "1a", "has_underscore", "waytoolongforaninstallation"} {
		if _, err := NewSource(home); err == nil {
			t.Errorf("home %q was accepted", home)
		}
	}
	for _, s := range []string{"", "ord", "ord_demo", "ord_demo_", "ord_demo_short", "ord_demo_0123456789ABCDEFGHJKMNPQRS", "_demo_06fq3zt2k8v7rj1m5w9x0abcde"} {
		if _, _, _, ok := Parts(s); ok {
			t.Errorf("%q was accepted", s)
		}
	}
}

func FuzzParts(f *testing.F) {
	f.Add("ord_demo_06fq3zt2k8v7rj1m5w9x0abcde")
	f.Fuzz(func(t *testing.T, s string) {
		prefix, home, u, ok := Parts(s)
		if ok && prefix+"_"+home+"_"+encode(u) != s {
			t.Fatalf("%q is not canonical", s)
		}
	})
}
