package process_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/halle-cloud/halle/driver/drivertest"
	"github.com/halle-cloud/halle/driver/process"
	"github.com/halle-cloud/halle/driver/process/shim"
	"github.com/halle-cloud/halle/provision"
)

func open(t testing.TB, root, isolation string) *process.Driver {
	t.Helper()
	d, err := process.New(process.Config{Root: root, Apps: []string{"echo"}, Isolation: isolation})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// leftovers is what still lies or runs for the resources of a root.
func leftovers(root string) string {
	entries, _ := os.ReadDir(root)
	for _, e := range entries {
		return fmt.Sprintf("%s in %s", e.Name(), root)
	}
	return ""
}

func harness(t *testing.T, isolation string) drivertest.Harness {
	root := t.TempDir()
	open(t, root, isolation).Isolation()
	return drivertest.Harness{
		Open: func(t *testing.T) provision.Driver { return open(t, root, isolation) },
		Kind: "echo", Spec: json.RawMessage(`{"app":"echo","config":{"greeting":"hello"},"limits":{"files":200}}`),
		Changed: json.RawMessage(`{"app":"echo","config":{"greeting":"good morning"},"limits":{"files":300}}`),
		Refused: json.RawMessage(`{"app":"nosuch"}`), RefusedClass: provision.ClassUser,
		Secrets: map[string]string{process.UsageSecret: "token-of-the-suite"},
		Foreign: func(t *testing.T, resource string) func() error {
			file := filepath.Join(root, resource, "theirs")
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte("theirs"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(file)) })
			return func() error {
				entries, err := os.ReadDir(filepath.Dir(file))
				if err != nil || len(entries) != 1 || entries[0].Name() != "theirs" {
					return fmt.Errorf("the foreign folder now holds %v (%v)", entries, err)
				}
				return nil
			}
		},
		Plant: func(t *testing.T, resource string) func() {
			d := open(t, root, isolation)
			name, err := d.Copy(t.Context(), process.CopyInput{Resource: resource, Kind: provision.CopyBackup})
			if err != nil {
				t.Fatal(err)
			}
			return func() {
				if err := d.RemoveCopy(name); err != nil {
					t.Error(err)
				}
			}
		},
		Left: func(resource string) string {
			if entries, _ := filepath.Glob(filepath.Join(root, "*"+resource+"*")); len(entries) > 0 {
				return fmt.Sprint(entries)
			}
			hidden, _ := filepath.Glob(filepath.Join(root, ".[ng]*"))
			if len(hidden) > 0 {
				return fmt.Sprint(hidden)
			}
			return ""
		},
	}
}

func TestConformance(t *testing.T) {
	for _, level := range []string{shim.IsolationFull, shim.IsolationBasic, shim.IsolationNone} {
		t.Run(level, func(t *testing.T) {
			if got, why := open(t, t.TempDir(), level).Isolation(); got != level {
				t.Logf("this machine does not give %s isolation: %v; the suite runs at %s", level, why, got)
			}
			drivertest.Run(t, harness(t, level))
		})
	}
}

func create(t testing.TB, d *process.Driver, resource, spec string) (provision.Operation, provision.Progress) {
	t.Helper()
	op := provision.Operation{Version: 1, ID: "op-" + resource, Action: provision.ActionCreate, Tenant: "org_a",
		Resource: resource, Subscription: "sub_a", Kind: "echo", Spec: json.RawMessage(spec), Generation: 1, Attempt: 1,
		Secrets: map[string]string{process.UsageSecret: "the-token"}}
	t.Cleanup(func() { remove(t, d, resource) })
	return op, finish(t, d, op)
}

func finish(t testing.TB, d *process.Driver, op provision.Operation) provision.Progress {
	t.Helper()
	p, err := d.Begin(t.Context(), op)
	for until := time.Now().Add(20 * time.Second); err == nil && !p.Phase.Final(); {
		if time.Now().After(until) {
			t.Fatalf("%s is not final: %+v", op.Action, p)
		}
		p, err = d.Poll(t.Context(), op, p.Handle)
	}
	if err != nil {
		t.Fatalf("%s: %v", op.Action, err)
	}
	return p
}
