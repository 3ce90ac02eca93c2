package process_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/halle-cloud/halle/driver/process"
	"github.com/halle-cloud/halle/driver/process/shim"
	"github.com/halle-cloud/halle/provision"
)

// broker drives one operation, as a process that a test kills.
func broker(args []string) int {
	var op provision.Operation
	if err := json.Unmarshal([]byte(args[1]), &op); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	d, err := process.New(process.Config{Root: args[0], Apps: []string{"echo"}, Isolation: shim.IsolationBasic, Wait: time.Millisecond})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	d.Isolation()
	fmt.Println("ready") // the probe and the start of the program are not what is tested
	p, err := d.Begin(context.Background(), op)
	for err == nil && !p.Phase.Final() {
		p, err = d.Poll(context.Background(), op, p.Handle)
	}
	fmt.Println(p.Phase, err)
	return 0
}

// killedBroker runs op in a broker and kills it that long after it was ready.
func killedBroker(t *testing.T, root string, op provision.Operation, after time.Duration) {
	t.Helper()
	raw, err := json.Marshal(op)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "broker", root, string(raw))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = out.Read(make([]byte, 6))
	time.Sleep(after)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// A broker killed at any moment of any operation, then another that begins the same operation: one object, the end
// that was wanted, nothing left.
func TestBrokerKilledAtAnyMoment(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, shim.IsolationBasic)
	for round := range 6 {
		r := "res_kill_" + strconv.Itoa(round)
		for i, a := range []provision.Action{provision.ActionCreate, provision.ActionChange, provision.ActionSuspend, provision.ActionDelete} {
			op := provision.Operation{Version: 1, ID: fmt.Sprintf("op-%s-%d", r, i), Action: a, Tenant: "org_a", Resource: r,
				Subscription: "sub_a", Generation: int64(i), Attempt: 1,
				Spec: json.RawMessage(`{"app":"echo","config":{"greeting":"` + string(a) + `"}}`)}
			after := time.Duration(rand.Int64N(int64(40 * time.Millisecond)))
			killedBroker(t, root, op, after)
			if p := finish(t, d, op); p.Phase != provision.PhaseDone {
				t.Fatalf("round %d, %s killed after %v: %s %+v", round, a, after, p.Phase, p.Failure)
			}
			if n := len(observed(t, d)); a != provision.ActionDelete && n != 1 {
				t.Fatalf("round %d, after %s: %d objects", round, a, n)
			}
		}
		if left := leftovers(root); left != "" {
			t.Fatalf("round %d: %s is left", round, left)
		}
	}
}

func observed(t testing.TB, d *process.Driver) []provision.Observed {
	t.Helper()
	o, err := d.Observe(t.Context(), provision.Target{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// waitFor observes until the one resource is as wanted.
func waitFor(t *testing.T, d *process.Driver, want provision.Condition) provision.Observed {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		o := observed(t, d)
		if len(o) == 1 && o[0].Condition == want {
			return o[0]
		}
		if time.Now().After(until) {
			t.Fatalf("never %s: %+v", want, o)
		}
	}
}

// processesIn are the pids of processes that were started for a folder: a test may look, the driver never does.
func processesIn(t *testing.T, folder, verb string) []int {
	t.Helper()
	var pids []int
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		raw, _ := os.ReadFile(path)
		args := strings.Split(string(raw), "\x00")
		if len(args) < 3 || args[1] != verb || verb == "shim" && !strings.Contains(string(raw), folder) {
			continue
		}
		if verb == "app" && !childOf(path, processesIn(t, folder, "shim")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func childOf(cmdline string, parents []int) bool {
	raw, _ := os.ReadFile(filepath.Join(filepath.Dir(cmdline), "status"))
	for _, pid := range parents {
		if strings.Contains(string(raw), fmt.Sprintf("PPid:\t%d\n", pid)) {
			return true
		}
	}
	return false
}

func kill(t *testing.T, pids []int) {
	t.Helper()
	if len(pids) != 1 {
		t.Fatalf("%d processes, want one: %v", len(pids), pids)
	}
	if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func greeting(t *testing.T, endpoint string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", endpoint, 5*time.Second)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 100)
	n, err := conn.Read(b)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(b[:n]))
}

// The application is killed: the shim starts it again, the callers meanwhile wait in the socket's backlog.
func TestApplicationKilled(t *testing.T) {
	for _, level := range []string{shim.IsolationFull, shim.IsolationBasic} {
		t.Run(level, func(t *testing.T) {
			d := open(t, t.TempDir(), level)
			_, p := create(t, d, "res_app", `{"app":"echo","config":{"greeting":"hello"}}`)
			kill(t, processesIn(t, d.Folder("res_app"), "app"))
			if got := greeting(t, p.Outputs["endpoint"]); got != "hello" {
				t.Errorf("greeted with %q", got)
			}
			if o := waitFor(t, d, provision.ConditionUp); !strings.Contains(o.Detail, "signal: killed") {
				t.Errorf("the observation does not say how it ended: %+v", o)
			}
		})
	}
}

// The shim is killed: the kernel kills the application, the next look starts both again, on the same port.
func TestShimKilled(t *testing.T) {
	for _, level := range []string{shim.IsolationFull, shim.IsolationBasic, shim.IsolationNone} {
		t.Run(level, func(t *testing.T) {
			root := t.TempDir()
			d := open(t, root, level)
			_, p := create(t, d, "res_shim", `{"app":"echo","config":{"greeting":"hello"}}`)
			for range 3 {
				kill(t, processesIn(t, d.Folder("res_shim"), "shim"))
				d = open(t, root, level)
				for alive := true; alive; {
					alive, _ = shim.Alive(d.Folder("res_shim"))
				}
				if o := observed(t, d); o[0].Condition != provision.ConditionDown || !strings.Contains(o[0].Detail, "started again") {
					t.Errorf("observed %+v", o)
				}
				o := waitFor(t, d, provision.ConditionUp)
				if o.Outputs["endpoint"] != p.Outputs["endpoint"] {
					t.Errorf("endpoint %s, was %s", o.Outputs["endpoint"], p.Outputs["endpoint"])
				}
				if got := greeting(t, p.Outputs["endpoint"]); got != "hello" {
					t.Errorf("greeted with %q", got)
				}
			}
		})
	}
}

// A shim killed in the middle of each operation: the next poll goes on with it.
func TestShimKilledInAnOperation(t *testing.T) {
	d := open(t, t.TempDir(), shim.IsolationFull)
	r := "res_mid"
	create(t, d, r, `{"app":"echo","config":{"greeting":"0"}}`)
	for i, a := range []provision.Action{provision.ActionChange, provision.ActionSuspend, provision.ActionResume, provision.ActionDrain, provision.ActionDelete} {
		op := provision.Operation{Version: 1, ID: fmt.Sprintf("op-mid-%d", i), Action: a, Tenant: "org_a", Resource: r,
			Generation: int64(i + 2), Attempt: 1, Spec: json.RawMessage(fmt.Sprintf(`{"app":"echo","config":{"greeting":"%d"}}`, i))}
		pids := processesIn(t, d.Folder(r), "shim")
		go func() {
			time.Sleep(time.Duration(rand.Int64N(int64(20 * time.Millisecond))))
			_ = syscall.Kill(pids[0], syscall.SIGKILL)
		}()
		if p := finish(t, d, op); p.Phase != provision.PhaseDone {
			t.Fatalf("%s: %s %+v", a, p.Phase, p.Failure)
		}
		time.Sleep(25 * time.Millisecond)
		if a == provision.ActionDelete {
			break
		}
		// The kill may have come after the end: look until a shim is there again.
		for len(processesIn(t, d.Folder(r), "shim")) == 0 {
			observed(t, d)
		}
	}
}
