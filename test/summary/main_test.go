package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		name, in string
		ok       bool
		want     []string
	}{
		{"all well", `{"Action":"pass","Package":"github.com/halle-cloud/halle/money","Test":"TestAdd","Elapsed":0.1}
{"Action":"pass","Package":"github.com/halle-cloud/halle/money","Elapsed":0.2}
`, true, []string{"ok    money", "1 passed, 0 failed, 0 skipped\n"}},
		{"a failure shows its output", `{"Action":"output","Package":"p","Test":"TestA","Output":"a_test.go:1: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}
`, false, []string{"a_test.go:1: wrong\n", "FAIL  p", "0 passed, 1 failed, 0 skipped\n"}},
		{"what passes is quiet about its output", `{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
`, true, []string{"1 passed"}},
		{"a skip fails", `{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"skip","Package":"p","Test":"TestB"}
`, false, []string{"1 tests were skipped", "1 passed, 0 failed, 1 skipped\n"}},
		{"a build that fails is a failure", `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: undefined\n"}
{"Action":"fail","Package":"p"}
`, false, []string{"p.go:1: undefined", "0 passed, 1 failed"}},
		{"nothing ran", "", false, []string{"0 passed, 0 failed"}},
		{"a stray line is shown", "sh: not found\n", false, []string{"sh: not found\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			s := &summary{out: &out, open: map[string][]string{}, blamed: map[string]bool{}}
			if err := s.read(strings.NewReader(c.in)); err != nil {
				t.Fatal(err)
			}
			if ok := s.close(); ok != c.ok {
				t.Errorf("all well: %v, want %v", ok, c.ok)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, out.String())
				}
			}
			if strings.Contains(out.String(), "chatter") {
				t.Errorf("shows the output of a test that passed:\n%s", out.String())
			}
		})
	}
}
