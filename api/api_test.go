package api_test

import (
	"flag"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/api"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s differs; when that is wanted: go test -update (-want +got)\n%s", path, d)
	}
}

func document(t *testing.T) []byte {
	t.Helper()
	doc := api.New(http.NewServeMux(), api.Services{}, slog.New(slog.DiscardHandler))
	text, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return indent(t, text)
}

func TestTheDescriptionIsCheckedIn(t *testing.T) {
	golden(t, "openapi.json", document(t))
}
