// Package natstest starts throw-away NATS servers for tests and benchmarks, from the version that test/natsserver names.
//
// Owns: the build of the server, once a version; the life of a server: start, kill -9, start again, stop.
// Does not own: streams.
// Reads: test/natsserver, a module of its own, so that the product does not carry a server.
// Writes: bin/nats-server-VERSION in the project; folders named halle-nats-* in the temporary folder.
package natstest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/halle-cloud/halle/internal/child"
)

// Config says how a server is started. The zero value never syncs a message by itself, which is fast and survives
// kill -9, but no power cut.
type Config struct {
	Durable bool   // sync_interval: always
	Extra   string // more of the configuration file
}

// Server is one running nats-server on the loopback address.
type Server struct {
	URL     string // nats://127.0.0.1:PORT
	Monitor string // http://127.0.0.1:PORT
	Name    string
	Dir     string // the temporary folder; nats.log inside it is the server's log
	binary  string
	proc    *child.Process // nil when it was killed
}

// Start makes and starts one server and returns when JetStream answers.
func Start(ctx context.Context, conf Config) (*Server, error) {
	list, err := Cluster(ctx, 1, conf)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Cluster makes and starts n servers that know each other and returns when all answer.
func Cluster(ctx context.Context, n int, conf Config) (list []*Server, err error) {
	binary, err := build(ctx)
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(3 * n)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			Stop(list)
		}
	}()
	var routes []string
	for i := range n {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", ports[3*i+2]))
	}
	for i := range n {
		s := &Server{URL: fmt.Sprintf("nats://127.0.0.1:%d", ports[3*i]), Monitor: fmt.Sprintf("http://127.0.0.1:%d", ports[3*i+1]), Name: fmt.Sprintf("n%d", i+1), binary: binary}
		if s.Dir, err = os.MkdirTemp("", "halle-nats-"); err != nil {
			return list, err
		}
		list = append(list, s)
		sync := "2m"
		if conf.Durable {
			sync = "always"
		}
		text := fmt.Sprintf("server_name: %s\nlisten: 127.0.0.1:%d\nhttp: 127.0.0.1:%d\njetstream { store_dir: %q, sync_interval: %s }\n%s\n",
			s.Name, ports[3*i], ports[3*i+1], filepath.Join(s.Dir, "js"), sync, conf.Extra)
		if n > 1 {
			text += fmt.Sprintf("cluster { name: halle, listen: 127.0.0.1:%d, routes: [%s] }\n", ports[3*i+2], strings.Join(routes, ", "))
		}
		if err = os.WriteFile(filepath.Join(s.Dir, "nats.conf"), []byte(text), 0o600); err != nil {
			return list, err
		}
		if err = s.launch(); err != nil {
			return list, err
		}
	}
	for _, s := range list {
		if err = s.answers(ctx); err != nil {
			return list, err
		}
	}
	return list, nil
}

// URLs are the addresses of several servers, as usage_log.url takes them.
func URLs(list []*Server) string {
	var urls []string
	for _, s := range list {
		urls = append(urls, s.URL)
	}
	return strings.Join(urls, ",")
}

// Monitors are the monitoring addresses of several servers, as usage_log.monitor takes them.
func Monitors(list []*Server) string {
	var urls []string
	for _, s := range list {
		urls = append(urls, s.Monitor)
	}
	return strings.Join(urls, ",")
}

// Stop kills servers and removes their data.
func Stop(list []*Server) {
	for _, s := range list {
		s.Kill()
		_ = os.RemoveAll(s.Dir)
	}
}

// Kill ends the server with SIGKILL and keeps its data for Restart.
func (s *Server) Kill() {
	if s.proc == nil {
		return
	}
	s.proc.Signal(syscall.SIGKILL)
	<-s.proc.Done()
	s.proc = nil
}

// Restart starts a killed server on its data and its ports, and returns when it answers.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.launch(); err != nil {
		return err
	}
	return s.answers(ctx)
}

// launch starts the process.
func (s *Server) launch() error {
	log, err := os.OpenFile(filepath.Join(s.Dir, "nats.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(s.binary, "-c", filepath.Join(s.Dir, "nats.conf")) //nolint:noctx // it lives until it is killed
	cmd.Stdout, cmd.Stderr = log, log
	if s.proc, err = child.Start(cmd, syscall.SIGKILL); err != nil {
		return fmt.Errorf("nats-server: %w", err)
	}
	return nil
}

// answers waits until the server says that JetStream is ready.
func (s *Server) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Monitor+"/healthz", nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.proc.Done():
			return fmt.Errorf("nats-server ended: %s", s.told())
		case <-ctx.Done():
			return fmt.Errorf("nats-server does not answer: %s", s.told())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) told() string {
	text, _ := os.ReadFile(filepath.Join(s.Dir, "nats.log"))
	return string(text[max(0, len(text)-2000):])
}

// build gives the server's binary; the first that asks for a version builds it.
func build(ctx context.Context) (string, error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	module := filepath.Join("test", "natsserver")
	var sums []byte
	for ; ; root = filepath.Dir(root) {
		if sums, err = os.ReadFile(filepath.Join(root, module, "go.sum")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			return "", errors.New("nats-server is built from test/natsserver: run this inside the project")
		}
	}
	binary := filepath.Join(root, "bin", fmt.Sprintf("nats-server-%x", sha256.Sum256(sums))[:24])
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return "", err
	}
	fresh := fmt.Sprintf("%s.%d", binary, os.Getpid())
	cmd := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join(root, module), "-trimpath", "-ldflags", "-s -w", "-o", fresh, "github.com/nats-io/nats-server/v2")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("nats-server cannot be built: %w: %s", err, out)
	}
	return binary, os.Rename(fresh, binary)
}

// freePorts gives ports that nobody listens on now, all different.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// Shared is one server for all tests of a package, started by the first that asks. Call Stop at the end of TestMain.
type Shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Get gives the server.
func (s *Shared) Get(ctx context.Context) (*Server, error) {
	s.once.Do(func() { s.server, s.err = Start(ctx, Config{}) })
	return s.server, s.err
}

// Stop kills the server, where one was started, and removes its data.
func (s *Shared) Stop() {
	s.once.Do(func() { s.err = errors.New("nats-server: the tests are over") })
	if s.server != nil {
		Stop([]*Server{s.server})
	}
}
