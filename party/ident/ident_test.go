package ident

import (
	"strings"
	"testing"
)

// TestExamplesAreValid: the example that people are shown passes, and with one digit changed it does not where a check
// digit is known.
func TestExamplesAreValid(t *testing.T) {
	for _, s := range schemes {
		if !s.Valid(s.Example) {
			t.Errorf("%s %s: the example %s is refused", s.Code, s.Name, s.Example)
		}
		if s.check == nil {
			continue
		}
		last := s.Example[len(s.Example)-1]
		if bad := s.Example[:len(s.Example)-1] + string('0'+(last-'0'+1)%10); s.Valid(bad) {
			t.Errorf("%s %s: %s passes", s.Code, s.Name, bad)
		}
	}
}

func TestForms(t *testing.T) {
	for id, ok := range map[string]bool{
		"0225 303265045_30326504500011": true, "0225 303265045_compta": true, "0225 303265045_95450607700012": false, "0225 303265046": false,
		"0009 35600000000048": true, "0009 35600000049837": true, "0009 35600000049838": false, "0009 30326504500012": false,
		"0204 991-33333TEST-33": true, "0204 04011000-1234512345-07": false, "0204 991": false,
		"EM invoices@example.org": true, "EM invoices": false, "EM a@b": false, "EM .a@example.org": false,
		"0002 ": false, "0002 30326504": false, "0002 30326504A": false, "0208 0202239952": false,
	} {
		code, text, _ := strings.Cut(id, " ")
		s, found := Find(code)
		if !found || s.Valid(text) != ok {
			t.Errorf("%s: %v", id, !ok)
		}
	}
	if _, found := Find("9999"); found {
		t.Error("9999 is offered")
	}
	if (Scheme{}).Valid("1") {
		t.Error("no scheme has a valid identifier")
	}
}

func TestSchemesOfACountryComeFirst(t *testing.T) {
	if got := Schemes("DE"); got[0].Code != "0204" || got[1].Code != "9930" || len(got) != len(schemes) {
		t.Error(got[:2])
	}
	if got := Schemes("FR")[0].Code; got != "0225" {
		t.Error(got)
	}
}

func FuzzValid(f *testing.F) {
	for _, s := range schemes {
		f.Add(s.Example)
	}
	f.Fuzz(func(t *testing.T, id string) {
		for _, s := range schemes {
			if s.Valid(id) && (id == "" || len(id) > 300 || strings.ContainsAny(id, " \n\x00")) {
				t.Errorf("%s takes %q", s.Code, id)
			}
		}
	})
}
