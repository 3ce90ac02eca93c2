package desk_test

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/web/desk"
)

func unpack(t *testing.T, dir string, r io.Reader) {
	t.Helper()
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		must(t, err)
		b, err := io.ReadAll(in)
		must(t, err)
		name := filepath.Join(dir, filepath.FromSlash(h.Name))
		must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		must(t, os.WriteFile(name, b, 0o600))
	}
}

// Taking what stands before and what was removed gives the old text back, what stands and was added the new one.
func TestADiffIsBothTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		a, b := rapid.SliceOfN(line, 0, 12).Draw(t, "a"), rapid.SliceOfN(line, 0, 12).Draw(t, "b")
		d := desk.Compare("", strings.Join(a, "\n"), strings.Join(b, "\n"))
		plus, minus, gaps := 0, 0, 0
		for _, l := range d.Lines {
			switch l.Sign {
			case "+":
				plus++
			case "-":
				minus++
			case "…":
				gaps++
			}
		}
		if len(a) > 0 && len(b) > 0 && len(a)-minus != len(b)-plus {
			t.Fatalf("%v to %v: %d removed, %d added", a, b, minus, plus)
		}
		if strings.Join(a, "\n") == strings.Join(b, "\n") && len(d.Lines) != 0 {
			t.Fatalf("two equal texts differ: %v", d.Lines)
		}
	})
}
