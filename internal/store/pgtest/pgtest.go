// Package pgtest starts a throw-away PostgreSQL for tests from the binaries that the machine has.
//
// A test never needs a database that somebody set up by hand: where HALLE_TEST_POSTGRES names one it is used,
// otherwise a cluster is made in a temporary folder, on the loopback address, and removed afterwards.
//
// Owns: the life of a temporary cluster: initdb, start, crash, restart, stop, removal, and the sweep of clusters whose test died.
// Does not own: schemas, databases or connections; storetest makes a fresh database for each test.
// Reads: HALLE_TEST_POSTGRES, HALLE_POSTGRES_BIN, the folders where distributions put PostgreSQL.
// Writes: folders named halle-pg-* in the temporary folder.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/halle-cloud/halle/internal/child"
)

// EnvURL names the variable with the URL of a PostgreSQL that tests may fill with databases of their own.
const EnvURL = "HALLE_TEST_POSTGRES"

// EnvBin names the variable with the folder of initdb and postgres, where it is not one of the usual ones.
const EnvBin = "HALLE_POSTGRES_BIN"

// Config says how a cluster is started. The zero value is the fast one: a power cut would lose it.
type Config struct {
	Durable        bool     // fsync, synchronous_commit and full_page_writes on: for crash tests and honest benchmarks
	MaxConnections int      // 300 when zero
	Settings       []string // more "name=value" settings, which win over the ones above
}

// Cluster is one running PostgreSQL. Its methods are for one goroutine at a time.
type Cluster struct {
	URL  string // postgres://halle@127.0.0.1:PORT/postgres?sslmode=disable, a superuser without a password
	Dir  string // the temporary folder; postgres.log inside it is the server's log
	bin  string
	port int
	conf Config
	as   *syscall.Credential // nil where the test does not run as root
	lock *os.File
	proc *child.Process
}

// Start gives a PostgreSQL to one test binary: the one that HALLE_TEST_POSTGRES names, or an own fast cluster.
// Call stop at the end of TestMain; should the test die first, the kernel stops the cluster and the next start removes
// its folder.
func Start(ctx context.Context) (url string, stop func(), err error) {
	if url := os.Getenv(EnvURL); url != "" {
		return url, func() {}, nil
	}
	c, err := Launch(ctx, Config{})
	if err != nil {
		return "", nil, err
	}
	return c.URL, c.Stop, nil
}

// StartDurable gives an own cluster that survives kill -9 as a production one does. It never uses
// HALLE_TEST_POSTGRES, which runs without fsync.
func StartDurable(ctx context.Context) (url string, stop func(), err error) {
	c, err := Launch(ctx, Config{Durable: true})
	if err != nil {
		return "", nil, err
	}
	return c.URL, c.Stop, nil
}

// Launch makes and starts a new cluster and returns when it accepts connections. ctx bounds the start only.
func Launch(ctx context.Context, conf Config) (*Cluster, error) {
	sweep()
	bin, err := findBin()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, conf: conf}
	if c.as, err = unprivileged(); err != nil {
		return nil, err
	}
	if err := c.makeDir(); err != nil {
		return nil, err
	}
	if err := c.initdb(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	if err := c.Restart(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// Restart starts a cluster that crashed, on the same port once it has one, and returns when it accepts connections.
func (c *Cluster) Restart(ctx context.Context) error {
	fixed := c.port != 0
	start := time.Now()
	for attempt := 0; ; attempt++ {
		if !fixed {
			port, err := freePort()
			if err != nil {
				return err
			}
			c.port = port
		}
		err := c.startOnce(ctx)
		if err == nil {
			c.URL = fmt.Sprintf("postgres://halle@127.0.0.1:%d/postgres?sslmode=disable", c.port)
			return nil
		}
		// Sessions of a cluster that was killed end a moment after it: each notices by itself.
		if strings.Contains(err.Error(), "pre-existing shared memory block") && time.Since(start) < time.Minute {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		// Between finding a free port and binding it another process may take it; anything else does not heal.
		if fixed || attempt == 5 || !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
}

// Crash kills the whole cluster with SIGKILL, as a power cut would, and keeps its data for Restart.
func (c *Cluster) Crash() {
	killGroup(c.proc)
	c.proc.Wait(time.Minute)
	c.proc = nil
}

// Stop ends the cluster at once and removes its data. Stopping twice is harmless.
func (c *Cluster) Stop() {
	if c.proc != nil {
		// SIGQUIT is PostgreSQL's immediate shutdown: nobody will read this data again.
		c.proc.Signal(syscall.SIGQUIT)
		if !c.proc.Wait(10 * time.Second) {
			killGroup(c.proc)
			c.proc.Wait(time.Minute)
		}
		c.proc = nil
	}
	if c.Dir != "" {
		_ = os.RemoveAll(c.Dir)
	}
	if c.lock != nil {
		_ = c.lock.Close()
		c.lock = nil
	}
}

func (c *Cluster) makeDir() error {
	var err error
	if c.Dir, err = os.MkdirTemp(tempRoot(c.as), dirPrefix); err != nil {
		return fmt.Errorf("pgtest: temporary folder: %w", err)
	}
	if c.lock, err = lockDir(c.Dir); err != nil {
		return fmt.Errorf("pgtest: lock %s: %w", c.Dir, err)
	}
	if c.as != nil {
		if err := os.Chown(c.Dir, int(c.as.Uid), int(c.as.Gid)); err != nil {
			return fmt.Errorf("pgtest: hand %s to uid %d: %w", c.Dir, c.as.Uid, err)
		}
	}
	return nil
}

func (c *Cluster) initdb(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"), "--pgdata="+c.data(), "--username=halle",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	c.prepare(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	return nil
}

func (c *Cluster) startOnce(ctx context.Context) error {
	logFile, err := os.OpenFile(filepath.Join(c.Dir, "postgres.log"), os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("pgtest: log file: %w", err)
	}
	defer logFile.Close()
	// A crash leaves the old pid file, which would answer "ready" before the new server has started.
	_ = os.Remove(filepath.Join(c.data(), "postmaster.pid"))
	cmd := exec.Command(filepath.Join(c.bin, "postgres"), c.arguments()...) //nolint:noctx // it outlives the start, which is all that ctx bounds
	c.prepare(cmd)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	if c.proc, err = child.Start(cmd, syscall.SIGQUIT); err != nil {
		return fmt.Errorf("pgtest: start postgres: %w", err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if c.ready() {
			return nil
		}
		select {
		case <-c.proc.Done():
			text, _ := os.ReadFile(logFile.Name())
			c.proc = nil
			return fmt.Errorf("pgtest: postgres ended while starting:\n%s", text)
		case <-ctx.Done():
			return fmt.Errorf("pgtest: postgres did not get ready: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}

func (c *Cluster) arguments() []string {
	connections := c.conf.MaxConnections
	if connections == 0 {
		connections = 300
	}
	settings := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(c.port), "unix_socket_directories=" + c.Dir,
		"max_connections=" + strconv.Itoa(connections), "shared_buffers=64MB", "timezone=UTC",
		"autovacuum_naptime=10s", "log_min_messages=warning", "max_wal_size=256MB",
	}
	if !c.conf.Durable {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	args := []string{"-D", c.data()}
	for _, s := range append(settings, c.conf.Settings...) {
		args = append(args, "-c", s)
	}
	return args
}

// ready reads the status line that postgres writes into its pid file, as pg_ctl does.
func (c *Cluster) ready() bool {
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := bytes.Split(text, []byte("\n"))
	return len(lines) >= 8 && string(bytes.TrimSpace(lines[7])) == "ready"
}

func (c *Cluster) data() string { return filepath.Join(c.Dir, "data") }

// prepare gives a program of the cluster the right user, folder and language.
func (c *Cluster) prepare(cmd *exec.Cmd) {
	cmd.Dir = c.Dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + c.Dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as}
}

// findBin finds the newest installed PostgreSQL; Debian keeps the server programs off the PATH.
func findBin() (string, error) {
	if dir := os.Getenv(EnvBin); dir != "" {
		return dir, nil
	}
	var dirs []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"} {
		found, _ := filepath.Glob(pattern)
		dirs = append(dirs, found...)
	}
	sort.Slice(dirs, func(i, j int) bool { return major(dirs[i]) > major(dirs[j]) })
	if path, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("pgtest: PostgreSQL's server programs (initdb, postgres) are not installed: " +
		"run `make test`, which installs them, or `apt-get install postgresql`, or set " + EnvBin + " or " + EnvURL)
}

// major is the version in the folder name ("/usr/lib/postgresql/15/bin" is 15), 0 where there is none.
func major(dir string) int {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, dir)
	n, _ := strconv.Atoi(digits)
	return n
}

func freePort() (int, error) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, fmt.Errorf("pgtest: no free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
