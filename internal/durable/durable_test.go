package durable_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/halle-cloud/halle/internal/durable"
)

func TestWriteReplacesAndLeavesNothingElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, text := range []string{"one", "two"} {
		if err := durable.WriteJSON(path, text); err != nil {
			t.Fatal(err)
		}
		var got string
		if found, err := durable.ReadJSON(path, &got); err != nil || !found || got != text {
			t.Errorf("%q %v %v", got, found, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v %v", entries, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var v int
	if found, err := durable.ReadJSON(path, &v); found || err != nil {
		t.Errorf("%v %v", found, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := durable.ReadJSON(path, &v); !found || err == nil {
		t.Errorf("%v %v", found, err)
	}
	if err := durable.Write(filepath.Join(path, "below"), nil); err == nil {
		t.Error("written below a file")
	}
}
