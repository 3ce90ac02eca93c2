// Command summary reads what `go test -json` prints and shows what a person needs: a line for each package, the output
// of what failed, the slowest tests, and a closing line with the counts. A skipped test counts as failed.
//
// Owns: the closing summary of make test.
// Does not own: what is tested.
// Reads: standard input.
// Writes: standard output.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

const module = "github.com/halle-cloud/halle"

// event is one line of go test -json; fields as `go doc test2json` has them.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output
	Test       string
	Elapsed    float64
	Output     string
}

// summary is what is known so far.
type summary struct {
	out                     io.Writer
	passed, failed, skipped int
	open                    map[string][]string // output by package and test, until it is known whether anybody needs it
	blamed                  map[string]bool     // packages with a failed test
	slow                    []event
}

func main() {
	s := &summary{out: os.Stdout, open: map[string][]string{}, blamed: map[string]bool{}}
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(1)
	}
	if !s.close() {
		os.Exit(1)
	}
}

func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if len(line) > 0 && json.Unmarshal(line, &e) == nil {
			s.event(e)
		} else {
			fmt.Fprintf(s.out, "%s", line) // not from go test: somebody has to see it
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) event(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(s.out, e.Output)
	case "output":
		if strings.HasPrefix(e.Output, "=== ") {
			return // the start of a test, said again when it fails
		}
		s.open[key] = append(s.open[key], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.packageDone(e)
		} else {
			s.testDone(e)
		}
		delete(s.open, key)
	}
}

func (s *summary) testDone(e event) {
	// A test with parts counts once for each part and once for itself, as go test has it.
	switch e.Action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
		s.blamed[e.Package] = true
		s.show(e)
	case "skip":
		s.skipped++
		s.show(e)
	}
	if !strings.Contains(e.Test, "/") {
		s.slow = append(s.slow, e)
	}
}

func (s *summary) packageDone(e event) {
	name := strings.TrimPrefix(e.Package, module+"/")
	switch e.Action {
	case "pass":
		fmt.Fprintf(s.out, "ok    %-40s %6.1fs\n", name, e.Elapsed)
	case "fail":
		// What no test of the package owns, such as a panic or a failed build, is shown here.
		s.show(e)
		fmt.Fprintf(s.out, "FAIL  %-40s %6.1fs\n", name, e.Elapsed)
		if !s.blamed[e.Package] {
			s.failed++
		}
	}
}

func (s *summary) show(e event) {
	for _, line := range s.open[e.Package+" "+e.Test] {
		fmt.Fprint(s.out, line)
	}
}

// close prints the end and reports whether all is well.
func (s *summary) close() bool {
	slices.SortFunc(s.slow, func(a, b event) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	fmt.Fprintln(s.out, "slowest:")
	for _, e := range s.slow[:min(5, len(s.slow))] {
		fmt.Fprintf(s.out, "      %-60s %6.1fs\n", strings.TrimPrefix(e.Package, module+"/")+" "+e.Test, e.Elapsed)
	}
	if s.skipped > 0 {
		fmt.Fprintf(s.out, "%d tests were skipped: a test that does not run proves nothing, so this is a failure\n", s.skipped)
	}
	fmt.Fprintf(s.out, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	return s.failed == 0 && s.skipped == 0 && s.passed > 0
}
