package process_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/driver/process"
	"github.com/halle-cloud/halle/driver/process/shim"
	"github.com/halle-cloud/halle/internal/durable"
	"github.com/halle-cloud/halle/provision"
)

func operation(a provision.Action, resource string, generation int, spec string) provision.Operation {
	return provision.Operation{Version: 1, ID: fmt.Sprintf("op-%s-%d", resource, generation), Action: a, Tenant: "org_a",
		Resource: resource, Generation: int64(generation), Attempt: 1, Spec: json.RawMessage(spec)}
}

func configure(t *testing.T, c process.Config) *process.Driver {
	t.Helper()
	c.Apps = []string{"echo"}
	if c.Root == "" {
		c.Root = t.TempDir()
	}
	d, err := process.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What an application tries, and whether each level lets it.
func TestIsolationHolds(t *testing.T) {
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = outside.Close() }()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	posted := make(chan string, 4)
	broker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		posted <- r.URL.Path + " " + r.Header.Get("Authorization") + " " + string(b)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer broker.Close()
	spec := fmt.Sprintf(`{"app":"echo","config":{"greeting":"hello","spy":%q,"dial":%q,"usage":"seven"}}`, secret, outside.Addr())
	for level, reached := range map[string][]string{
		shim.IsolationFull:  {"parent", "usage"}, // its parent is the empty root
		shim.IsolationBasic: {"dial", "usage"},
		shim.IsolationNone:  {"spy", "parent", "dial", "usage"},
	} {
		t.Run(level, func(t *testing.T) {
			d := configure(t, process.Config{Isolation: level, UsageURL: broker.URL + "/api/v1/usage"})
			if got, _ := d.Isolation(); got != level {
				t.Fatalf("this machine gives %s isolation", got)
			}
			_, p := create(t, d, "res_spy", spec)
			if got := greeting(t, p.Outputs["endpoint"]); got != "hello" {
				t.Errorf("greeted with %q", got)
			}
			if got := <-posted; got != "/api/v1/usage Bearer the-token seven" {
				t.Errorf("the broker received %q", got)
			}
			found := map[string]string{}
			if _, err := durable.ReadJSON(filepath.Join(d.Folder("res_spy"), shim.DataDir, "found.json"), &found); err != nil {
				t.Fatal(err)
			}
			for _, what := range []string{"spy", "parent", "dial", "usage"} {
				want := false
				for _, r := range reached {
					want = want || r == what
				}
				if (found[what] == "reached") != want {
					t.Errorf("%s: %q, want reached %v", what, found[what], want)
				}
			}
		})
	}
}

func TestAnOfferThatDemandsMoreIsRefused(t *testing.T) {
	d := configure(t, process.Config{Isolation: shim.IsolationNone})
	p := finish(t, d, operation(provision.ActionCreate, "res_x", 1, `{"app":"echo","isolation":"full"}`))
	if p.Failure == nil || p.Failure.Class != provision.ClassPolicy || !strings.Contains(p.Failure.Text, "full") {
		t.Errorf("%+v", p)
	}
	if desc, err := d.Describe(t.Context(), provision.Target{}); err != nil || desc.Isolation != shim.IsolationNone {
		t.Errorf("%+v %v", desc, err)
	}
}

func TestABrokenApplicationIsNamed(t *testing.T) {
	d := configure(t, process.Config{})
	_, p := create(t, d, "res_bad", `{"app":"echo","config":{"exit":7}}`)
	if p.Failure == nil || p.Failure.Class != provision.ClassPermanent || !strings.Contains(p.Failure.Text, "exit status 7") ||
		!strings.Contains(p.Failure.Text, "the greeting is broken") {
		t.Errorf("%+v", p.Failure)
	}
}

func TestAMissingProgramIsNamed(t *testing.T) {
	root := t.TempDir()
	program := filepath.Join(t.TempDir(), "halle")
	if err := os.Symlink(os.Args[0], program); err != nil {
		t.Fatal(err)
	}
	d := configure(t, process.Config{Root: root, Program: program, Isolation: shim.IsolationBasic})
	op, _ := create(t, d, "res_gone", `{"app":"echo","config":{"greeting":"x"}}`)
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	change := operation(provision.ActionChange, op.Resource, 2, `{"app":"echo","config":{"greeting":"y"}}`)
	if p := finish(t, d, change); p.Failure == nil || p.Failure.Class != provision.ClassPermanent {
		t.Errorf("%+v", p)
	}
}

func TestAPortInUseIsACapacityFailure(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	number := taken.Addr().(*net.TCPAddr).Port
	d := configure(t, process.Config{PortFrom: number, PortTo: number})
	op, p := create(t, d, "res_port", `{"app":"echo","config":{"greeting":"hello"}}`)
	if p.Failure == nil || p.Failure.Class != provision.ClassCapacity || p.Failure.Code != "port_taken" {
		t.Fatalf("%+v", p)
	}
	_ = taken.Close()
	op.Attempt = 2
	if p = finish(t, d, op); p.Phase != provision.PhaseDone || p.Outputs["port"] != fmt.Sprint(number) {
		t.Errorf("the second attempt: %+v", p)
	}
}

func TestSuspendedTurnsAwayAndKeepsItsPort(t *testing.T) {
	d := configure(t, process.Config{})
	_, p := create(t, d, "res_s", `{"app":"echo","config":{"greeting":"hello"}}`)
	endpoint := p.Outputs["endpoint"]
	finish(t, d, operation(provision.ActionSuspend, "res_s", 2, `{"app":"echo","config":{"greeting":"hello"}}`))
	if got := greeting(t, endpoint); !strings.Contains(got, "refused") {
		t.Errorf("suspended, and greeted with %q", got)
	}
	file := filepath.Join(t.TempDir(), "export")
	spec := fmt.Sprintf(`{"app":"echo","config":{"greeting":"hello"},"file":%q}`, file)
	if p := finish(t, d, operation(provision.ActionExport, "res_s", 3, spec)); p.Phase != provision.PhaseDone {
		t.Errorf("export of a suspended resource: %+v", p.Failure)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "all of it" {
		t.Errorf("exported %q, %v", b, err)
	}
	if got := greeting(t, endpoint); !strings.Contains(got, "refused") {
		t.Errorf("suspended after the export, and greeted with %q", got)
	}
	finish(t, d, operation(provision.ActionResume, "res_s", 4, `{"app":"echo","config":{"greeting":"again"}}`))
	if got := greeting(t, endpoint); got != "again" {
		t.Errorf("resumed, and greeted with %q", got)
	}
	if p := finish(t, d, operation(provision.ActionImport, "res_s", 5, spec)); p.Phase != provision.PhaseDone {
		t.Errorf("import: %+v", p.Failure)
	}
	if b, err := os.ReadFile(filepath.Join(d.Folder("res_s"), shim.DataDir, "imported")); err != nil || string(b) != "all of it" {
		t.Errorf("imported %q, %v", b, err)
	}
	finish(t, d, operation(provision.ActionDrain, "res_s", 6, spec))
	if _, err := os.Stat(filepath.Join(d.Folder("res_s"), shim.DataDir, "drained")); err != nil {
		t.Errorf("the application was not asked to drain: %v", err)
	}
	if got := greeting(t, endpoint); !strings.Contains(got, "refused") {
		t.Errorf("drained, and greeted with %q", got)
	}
}

func TestADeafApplicationIsKilledAfterItsGrace(t *testing.T) {
	d := configure(t, process.Config{})
	create(t, d, "res_deaf", `{"app":"echo","config":{"greeting":"hello","deaf":true},"stop_grace_ms":100}`)
	finish(t, d, operation(provision.ActionSuspend, "res_deaf", 2, `{"app":"echo","stop_grace_ms":100}`))
	var st shim.State
	if _, err := durable.ReadJSON(filepath.Join(d.Folder("res_deaf"), shim.StateFile), &st); err != nil {
		t.Fatal(err)
	}
	if st.Exit == nil || st.Exit.Text != "signal: killed" {
		t.Errorf("ended %+v", st.Exit)
	}
}

func TestSecretsLieInOneFileOnly(t *testing.T) {
	d := configure(t, process.Config{})
	const secret = "the-token"
	create(t, d, "res_secret", `{"app":"echo","config":{"greeting":"hello"}}`)
	folder := d.Folder("res_secret")
	err := filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if token := filepath.Base(path) == shim.TokenFile; strings.Contains(string(b), secret) != token {
			t.Errorf("%s: holds the secret: %v", path, !token)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"shim", "app"} {
		for _, pid := range processesIn(t, folder, verb) {
			for _, name := range []string{"cmdline", "environ"} {
				if b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name)); strings.Contains(string(b), secret) {
					t.Errorf("the secret is in the %s of the %s", name, verb)
				}
			}
		}
	}
}

// A folder with a long path, and an identifier that is no file name: sockets have short addresses, names are hashed.
func TestLongPathsAndOddNames(t *testing.T) {
	for _, level := range []string{shim.IsolationFull, shim.IsolationBasic, shim.IsolationNone} {
		d := configure(t, process.Config{Isolation: level, Root: filepath.Join(t.TempDir(), strings.Repeat("long", 30))})
		_, p := create(t, d, "../res/ö", `{"app":"echo","config":{"greeting":"hello"}}`)
		if got := greeting(t, p.Outputs["endpoint"]); got != "hello" {
			t.Errorf("%s: greeted with %q, %+v", level, got, p.Failure)
		}
		if o := observed(t, d); len(o) != 1 || o[0].Resource != "../res/ö" {
			t.Errorf("%+v", o)
		}
	}
}

func TestAStrangerOnTheSocketIsNotBelieved(t *testing.T) {
	d := configure(t, process.Config{})
	create(t, d, "res_n", `{"app":"echo","config":{"greeting":"hello"}}`)
	file := filepath.Join(d.Folder("res_n"), shim.LabelFile)
	var label shim.Label
	if _, err := durable.ReadJSON(file, &label); err != nil {
		t.Fatal(err)
	}
	right := label.Nonce
	label.Nonce = strings.Repeat("0", 64)
	if err := durable.WriteJSON(file, label); err != nil {
		t.Fatal(err)
	}
	if o := observed(t, d); o[0].Condition != provision.ConditionUnknown {
		t.Errorf("observed %+v", o)
	}
	change := operation(provision.ActionChange, "res_n", 2, `{"app":"echo","config":{"greeting":"other"}}`)
	if p := finish(t, d, change); p.Failure == nil || p.Failure.Code != "stranger" {
		t.Errorf("%+v", p)
	}
	label.Nonce = right
	if err := durable.WriteJSON(file, label); err != nil {
		t.Fatal(err)
	}
}

func TestUsageFollowsTheBroker(t *testing.T) {
	root := t.TempDir()
	d := configure(t, process.Config{Root: root, UsageURL: "http://127.0.0.1:1/old"})
	create(t, d, "res_u", `{"app":"echo","config":{"greeting":"hello"}}`)
	d = configure(t, process.Config{Root: root, UsageURL: "http://127.0.0.1:2/new"})
	observed(t, d)
	if b, err := os.ReadFile(filepath.Join(d.Folder("res_u"), shim.EndpointFile)); err != nil || string(b) != "http://127.0.0.1:2/new" {
		t.Errorf("%q %v", b, err)
	}
}

func TestADeadlineEndsAnOperationThatDoesNotCome(t *testing.T) {
	now := time.Now()
	d := configure(t, process.Config{Clock: func() time.Time { return now }, Wait: time.Millisecond})
	op := operation(provision.ActionCreate, "res_late", 1, `{"app":"echo","config":{"greeting":"hello"}}`)
	op.Deadline = now.Add(time.Minute)
	t.Cleanup(func() { remove(t, d, "res_late") })
	p, err := d.Begin(t.Context(), op)
	if err != nil || p.Phase != provision.PhaseRunning {
		t.Fatalf("%+v %v", p, err)
	}
	now = now.Add(time.Hour)
	for p.Phase == provision.PhaseRunning {
		if p, err = d.Poll(t.Context(), op, p.Handle); err != nil {
			t.Fatal(err)
		}
	}
	// It may have come in the meantime, which is better than the deadline.
	if p.Phase == provision.PhaseFailed && (p.Failure.Class != provision.ClassTransient || p.Failure.Code != "deadline") {
		t.Errorf("%+v", p.Failure)
	}
}

func TestSpecificationsOutsideTheFormAreRefused(t *testing.T) {
	d := configure(t, process.Config{})
	for _, spec := range []string{``, `[]`, `{"app":"echo","nosuch":1}`, `{"app":""}`, `{"app":"../echo"}`, `{"app":"echo","config":[]}`,
		`{"app":"echo","limits":{"files":-1}}`, `{"app":"echo","isolation":"most"}`} {
		op := operation(provision.ActionCreate, "res_f", 1, spec)
		if p := finish(t, d, op); p.Failure == nil || p.Failure.Class != provision.ClassUser {
			t.Errorf("%s: %+v", spec, p)
		}
	}
}

func FuzzSpec(f *testing.F) {
	d, err := process.New(process.Config{Root: f.TempDir(), Apps: []string{"echo"}, Isolation: shim.IsolationNone})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"app":"echo","config":{"a":1},"limits":{"files":10},"isolation":"full"}`))
	f.Add([]byte(`{"app":"echo","config":null}`))
	f.Fuzz(func(t *testing.T, spec []byte) {
		// An operation that is late is refused before anything happens; what is fuzzed is that the rest never panics.
		op := provision.Operation{Version: 1, ID: "op", Action: provision.ActionChange, Tenant: "t", Resource: "r", Spec: spec}
		if p, err := d.Begin(t.Context(), op); err != nil || p.Phase != provision.PhaseFailed {
			t.Errorf("%+v %v", p, err)
		}
	})
}
