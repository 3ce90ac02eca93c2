package m2m

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// childEnv names the folder that a test binary serves instead of running tests.
const childEnv = "HALLE_M2M_TEST_FOLDER"

const limitEnv = "HALLE_M2M_TEST_FILE_LIMIT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if n, err := strconv.ParseUint(os.Getenv(limitEnv), 10, 64); err == nil {
			_ = unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: n})
		}
		cfg, err := ReadConfig(dir)
		if err == nil {
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
			defer stop()
			err = Run(ctx, cfg)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// sink is a usage endpoint that remembers every event and refuses a second content under one id.
type sink struct {
	*httptest.Server
	mu        sync.Mutex
	events    map[string]string
	order     []string
	conflicts int
	down      func() bool // answers 503 when true
}

func newSink(t testing.TB) *sink {
	t.Helper()
	s := &sink{events: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.take))
	t.Cleanup(s.Close)
	return s
}

func (s *sink) take(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []json.RawMessage
	body, _ := io.ReadAll(r.Body)
	if s.down != nil && s.down() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("Content-Type") != "application/cloudevents-batch+json" || json.Unmarshal(body, &list) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var results []verdict
	for i, raw := range list {
		var e struct{ ID string }
		_ = json.Unmarshal(raw, &e)
		v := verdict{Index: i, Verdict: "accepted"}
		switch old, ok := s.events[e.ID]; {
		case ok && old == string(raw):
			v.Verdict = "duplicate"
		case ok:
			v.Verdict = "conflict"
			s.conflicts++
		default:
			s.events[e.ID] = string(raw)
			s.order = append(s.order, string(raw))
		}
		results = append(results, v)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"results": results})
}

// billed adds one meter up over all events.
func (s *sink) billed(t testing.TB, meter string) int64 {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum int64
	for _, raw := range s.events {
		var e struct {
			Type string
			Data usageData
		}
		if err := json.Unmarshal([]byte(raw), &e); err != nil {
			t.Fatal(err)
		}
		if e.Type == usageType && e.Data.Meter == meter {
			n, err := strconv.ParseInt(e.Data.Value, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
	}
	return sum
}

// site is a resource folder with its socket, as the process driver would prepare it.
type site struct {
	t      testing.TB
	dir    string
	sink   *sink
	socket *net.TCPListener
	child  *exec.Cmd
	// fileLimit makes writes beyond it fail in the child, as a full disk would; 0 means none.
	fileLimit uint64
	stderr    *bytes.Buffer
}

func newSite(t testing.TB, change func(*Config)) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), sink: newSink(t), stderr: new(bytes.Buffer)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.socket = l.(*net.TCPListener)
	t.Cleanup(func() { _ = l.Close(); s.kill() })
	cfg := Config{Resource: "res1", Subscription: "sub1", UsageURL: s.sink.URL, IntervalMS: 200, HashMemory: 64, StopGraceMS: 3000}
	if change != nil {
		change(&cfg)
	}
	b, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.write(configFile, string(b))
	s.write(tokenFile, "secret\n")
	return s
}

func (s *site) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// start runs the broker in a child process that inherits the socket, and waits until it answers.
func (s *site) start() {
	s.t.Helper()
	f, err := s.socket.File()
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	exe, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	s.child = exec.Command(exe)
	s.child.Env = append(os.Environ(), childEnv+"="+s.dir, "LISTEN_FDS=1")
	if s.fileLimit > 0 {
		s.child.Env = append(s.child.Env, limitEnv+"="+strconv.FormatUint(s.fileLimit, 10))
	}
	s.child.ExtraFiles = []*os.File{f}
	s.child.Stderr = s.stderr
	if err := s.child.Start(); err != nil {
		s.t.Fatal(err)
	}
	for range 1000 {
		if res, err := s.client().Get("http://m2m/status"); err == nil {
			_ = res.Body.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.kill()
	s.t.Fatalf("the broker does not answer: %s", s.stderr)
}

func (s *site) kill() {
	if s.child != nil {
		_ = s.child.Process.Kill()
		_ = s.child.Wait()
		s.child = nil
	}
	if text := s.stderr.String(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic:") {
		s.t.Errorf("the broker failed: %s", text)
	}
}

// stop sends SIGTERM and wants a clean end.
func (s *site) stop() {
	s.t.Helper()
	if err := s.child.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	_ = s.child.Wait()
	s.child = nil
}

func (s *site) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		d, err := os.Open(s.dir)
		if err != nil {
			return nil, err
		}
		defer func() { _ = d.Close() }()
		return new(net.Dialer).DialContext(ctx, "unix", fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), socketFile))
	}}}
}

// call asks the control socket and decodes the answer into out.
func (s *site) call(method, path, body string, want int, out any) {
	s.t.Helper()
	req, err := http.NewRequest(method, "http://m2m"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := s.client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode != want {
		s.t.Fatalf("%s %s: %s %s, want %d", method, path, res.Status, b, want)
	}
	switch out := out.(type) {
	case nil:
	case *[]byte:
		*out = b
	default:
		if err := json.Unmarshal(b, out); err != nil {
			s.t.Fatalf("%s: %v", b, err)
		}
	}
}

func (s *site) addDevice(name string) string {
	s.t.Helper()
	var out struct{ Password string }
	s.call("POST", "/devices", `{"name":"`+name+`"}`, http.StatusCreated, &out)
	return out.Password
}

func (s *site) status() Status {
	s.t.Helper()
	var out Status
	s.call("GET", "/status", "", http.StatusOK, &out)
	return out
}

// mosquitto builds a command of Debian's clients, over TLS.
func (s *site) mosquitto(tool, device, password string, args ...string) *exec.Cmd {
	s.t.Helper()
	port := strconv.Itoa(s.socket.Addr().(*net.TCPAddr).Port)
	base := []string{"-h", "127.0.0.1", "-p", port, "--cafile", filepath.Join(s.dir, "ca.pem"), "-u", device, "-P", password}
	return exec.Command(tool, append(base, args...)...)
}

// run runs a command and gives its output and exit code.
func run(t testing.TB, c *exec.Cmd) (string, int) {
	t.Helper()
	b, err := c.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatalf("%s is needed for this test (Debian package mosquitto-clients): %v", c.Path, err)
	}
	return string(b), c.ProcessState.ExitCode()
}
