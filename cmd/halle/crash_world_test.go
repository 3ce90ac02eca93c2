package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/config"
)

// Where things happen that the test waits for, however busy the machine is.
const patience = 90 * time.Second

// The people who act.
const (
	owner     = "odile@halle.example"
	auditor   = "ada@audit.example"
	buyer     = "claire@acme-sante.example"
	technical = "tom@acme-sante.example"
	alpes     = "paul@alpes-logiciels.example"
	atlantic  = "aoife@atlantic.example"
	household = "durand@home.example"
)

// buildHalle builds the one binary as it is released.
func buildHalle(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "halle")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// world is one installation whose server is a child process, to be killed.
type world struct {
	t      *testing.T
	bin    string
	data   string
	url    string
	env    []string
	within string // shell words that start the server; $0 is the data folder, $@ the command
	http   *http.Client
	log    *os.File
	faces  sync.Map // e-mail address → secret of the session

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
	cold  []time.Duration // from the start to the first answer
}

// newWorld prepares an installation; nothing runs. more are settings such as HALLE_DATABASE=….
func newWorld(t *testing.T, bin, data string, more ...string) *world {
	t.Helper()
	address := freeAddress(t)
	w := &world{t: t, bin: bin, data: data, url: "http://" + address, http: &http.Client{Timeout: 30 * time.Second}}
	w.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "HALLE_DATA=" + data, "HALLE_HOME=crash", "HALLE_LISTEN=" + address,
		"HALLE_PASSWORD_MEMORY_KIB=8192", "HALLE_PASSWORD_TIME=1", "HALLE_PROCESS_MIN_ISOLATION=none", "HALLE_PROCESS_OBSERVE=1s",
		"HALLE_METERING_INTERVAL=1s"}, more...)
	var err error
	if w.log, err = os.Create(filepath.Join(t.TempDir(), "halle.log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.cleanup)
	return w
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// cleanup ends what a failed test left, and shows the end of the server's log.
func (w *world) cleanup() {
	w.kill()
	for _, pid := range processesOf(filepath.Join(w.data, "resources")) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if w.t.Failed() {
		if b, err := os.ReadFile(w.log.Name()); err == nil {
			w.t.Logf("the server's log ends:\n%s", b[max(0, len(b)-12_000):])
		}
	}
	_ = w.log.Close()
}

// seed makes the people, the clouds and the offers of the demo inside this process, before the server starts.
func (w *world) seed() {
	w.t.Helper()
	conf, err := config.Load("", w.env)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	h, err := openHouse(ctx, conf, slog.New(slog.NewTextHandler(w.log, nil)), true, true)
	if err != nil {
		w.t.Fatal(err)
	}
	h.program = w.bin
	cast, err := h.seed(ctx)
	if err == nil {
		serving, end := context.WithCancel(ctx)
		served := make(chan error, 1)
		up := make(chan string, 1)
		go func() { served <- h.serve(serving, func(address string) { up <- address }) }()
		select {
		case <-up:
			if err = h.clouds(ctx, cast); err == nil {
				err = (&story{h: h, cast: cast, out: io.Discard}).offers(ctx)
			}
		case err = <-served:
			served <- err
		}
		end()
		err = errors.Join(err, <-served)
	}
	if err := errors.Join(err, h.close()); err != nil {
		w.t.Fatalf("seed: %v", err)
	}
}

// command is a command of the binary on this installation.
func (w *world) command(args ...string) *exec.Cmd {
	cmd := exec.Command(w.bin, args...)
	cmd.Env = w.env
	return cmd
}

// start starts the server and waits for its first answer.
func (w *world) start() {
	w.t.Helper()
	if err := w.tryStart(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tryStart() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	begun := time.Now()
	cmd := w.command("serve")
	if w.within != "" {
		cmd = exec.Command("unshare", "-rm", "sh", "-c", w.within, w.data, w.bin, "serve")
		cmd.Env = w.env
	}
	cmd.Stdout, cmd.Stderr = w.log, w.log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	w.cmd, w.ended = cmd, ended
	for time.Since(begun) < patience {
		if res, err := w.http.Get(w.url + "/healthz"); err == nil {
			_ = res.Body.Close()
			w.cold = append(w.cold, time.Since(begun))
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("the server ended at its start with %v", cmd.ProcessState)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return errors.New("the server does not answer")
}

// kill ends the server as a power cut would; its applications go on.
func (w *world) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cmd != nil {
		_ = w.cmd.Process.Kill()
		<-w.ended
		w.cmd = nil
	}
}

// stop asks the server to end and tells its exit code and how long it took.
func (w *world) stop() (code int, took time.Duration) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	begun := time.Now()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	select {
	case <-w.ended:
	case <-time.After(patience):
		w.t.Fatal("the server does not end")
	}
	code, w.cmd = w.cmd.ProcessState.ExitCode(), nil
	return code, time.Since(begun)
}

// reply is an answer of the API.
type reply struct {
	status int
	kind   string
	body   []byte
}

func (r reply) problem() (p struct{ Type, Code, Detail, Remedy string }) {
	_ = json.Unmarshal(r.body, &p)
	return p
}

// send does one request, once.
func (w *world) send(who, method, path, key string, body any) (reply, error) {
	var r reply
	secret, err := w.session(who)
	if err != nil {
		return r, err
	}
	return w.request(secret, method, path, key, body)
}

func (w *world) request(secret, method, path, key string, body any) (r reply, err error) {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return r, err
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, w.url+"/api/v1"+path, in)
	if err != nil {
		return r, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	res, err := w.http.Do(req)
	if err != nil {
		return r, err
	}
	defer func() { _ = res.Body.Close() }()
	r.status, r.kind = res.StatusCode, res.Header.Get("Content-Type")
	r.body, err = io.ReadAll(res.Body)
	return r, err
}

func (w *world) session(who string) (string, error) {
	if secret, ok := w.faces.Load(who); ok {
		return secret.(string), nil
	}
	r, err := w.request("", "POST", "/session", "", map[string]string{"email": who, "password": demoPassword})
	if err != nil {
		return "", err
	}
	var opened struct{ Secret string }
	if err := json.Unmarshal(r.body, &opened); err != nil || opened.Secret == "" {
		return "", fmt.Errorf("sign in %s: %d %s", who, r.status, r.body)
	}
	w.faces.Store(who, opened.Secret)
	return opened.Secret, nil
}

// do repeats a request, as a careful client does, while the server is away; with the same key, so that nothing is done
// twice. It fails on every other refusal.
func (w *world) do(who, method, path, key string, body, answer any) error {
	var last error
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(20 * time.Millisecond) {
		r, err := w.send(who, method, path, key, body)
		switch {
		case err != nil:
			last = err
			continue
		case r.status == http.StatusServiceUnavailable:
			last = fmt.Errorf("%d %s", r.status, r.body)
			continue
		case r.status > 299:
			return fmt.Errorf("%s %s: %d %s", method, path, r.status, r.body)
		case answer == nil:
			return nil
		}
		if raw, ok := answer.(*[]byte); ok {
			*raw = r.body
			return nil
		}
		return json.Unmarshal(r.body, answer)
	}
	return fmt.Errorf("%s %s: %w", method, path, last)
}

// get reads something that must be there.
func (w *world) get(who, path string, answer any) {
	w.t.Helper()
	if err := w.do(who, "GET", path, "", nil, answer); err != nil {
		w.t.Fatal(err)
	}
}

// await repeats a look until it finds what it waits for.
func (w *world) await(what string, look func() (bool, error)) {
	w.t.Helper()
	var last error
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(20 * time.Millisecond) {
		ok, err := look()
		if ok {
			return
		}
		last = err
	}
	w.t.Fatalf("%s: not within %s (%v)", what, patience, last)
}

// processesOf lists the processes that name the folder in their command line.
func processesOf(folder string) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte(folder)) {
			var pid int
			if _, err := fmt.Sscanf(file, "/proc/%d/", &pid); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// killShim ends the shim of a resource's folder.
func killShim(folder string) error {
	for _, pid := range processesOf(folder) {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && strings.Contains(string(line), "\x00shim\x00") {
			return syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return errors.New("no shim runs for " + folder)
}
