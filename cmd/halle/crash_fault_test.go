package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// faults are what goes wrong around a server, rather than in it.
func faults(t *testing.T, bin string) {
	for name, f := range map[string]func(t *testing.T, bin string){"port taken": portTaken, "two servers on one folder": twoServers,
		"two servers on one database": twoFolders, "database away": databaseAway, "disk full": diskFull} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, bin)
		})
	}
}

// initialise makes an empty installation with the command that an operator uses.
func (w *world) initialise() {
	w.t.Helper()
	password := filepath.Join(w.t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(demoPassword+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	out, err := w.command("init", "--name", "Crash SA", "--country", "FR", "--owner", "Odile Martin", "--email", owner, "--password-file", password).CombinedOutput()
	if err != nil {
		w.t.Fatalf("init: %v\n%s", err, out)
	}
}

// refused runs a server that must end by itself with a sentence.
func (w *world) refused(sentence string, more ...string) {
	w.t.Helper()
	cmd := w.command("serve")
	cmd.Env = append(cmd.Env, more...)
	cmd.Args = append([]string{"timeout", "20"}, append([]string{w.bin}, cmd.Args[1:]...)...)
	cmd.Path = "/usr/bin/timeout"
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), sentence) {
		w.t.Errorf("%v, and not %q:\n%s", err, sentence, out)
	}
}

func portTaken(t *testing.T, bin string) {
	w := newWorld(t, bin, t.TempDir())
	w.initialise()
	l, err := net.Listen("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	w.refused("another program uses the address " + l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	w.start()
	t.Logf("first answer after %s", w.cold)
	if code, took := w.stop(); code != 0 || took > 10*time.Second {
		t.Errorf("SIGTERM: exit code %d after %s", code, took)
	}
}

func twoServers(t *testing.T, bin string) {
	w := newWorld(t, bin, t.TempDir())
	w.refused("make a new installation with halle init")
	w.initialise()
	w.start()
	w.refused("another Halle is using the data folder", "HALLE_LISTEN="+freeAddress(t))
	if r, err := w.send(owner, "GET", "/me", "", nil); err != nil || r.status != http.StatusOK {
		t.Errorf("the first server does not answer any more: %v %s", err, r.body)
	}
}

// twoFolders starts a server beside another on one PostgreSQL, with a data folder of its own: log, usage and resources
// are not there, so it must end before it touches anything.
func twoFolders(t *testing.T, bin string) {
	cluster := durable(t)
	db, err := sql.Open("pgx", cluster.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("CREATE DATABASE halle_keys"); err != nil {
		t.Fatal(err)
	}
	keys, err := url.Parse(cluster.URL)
	if err != nil {
		t.Fatal(err)
	}
	keys.Path = "/halle_keys"
	w := newWorld(t, bin, t.TempDir(), "HALLE_DATABASE="+cluster.URL, "HALLE_KEYS="+keys.String())
	w.initialise()
	w.start()
	w.await("facts in the log", func() (bool, error) {
		b, err := os.ReadFile(filepath.Join(w.data, "log", "checkpoint"))
		if err != nil {
			return false, err
		}
		return strings.Split(string(b), "\n")[1] != "0", nil
	})
	w.await("the database knows of the log", func() (n bool, err error) {
		return n, db.QueryRow("SELECT n > 0 FROM fact_counter WHERE name = 'logged'").Scan(&n)
	})
	w.refused("another Halle is using the data folder", "HALLE_LISTEN="+freeAddress(t))
	w.refused("the log is from an older backup", "HALLE_LISTEN="+freeAddress(t), "HALLE_DATA="+t.TempDir(), "HALLE_ROOT_KEY="+filepath.Join(w.data, "root.key"))
	if r, err := w.send(owner, "GET", "/me", "", nil); err != nil || r.status != http.StatusOK {
		t.Errorf("the first server does not answer any more: %v %s", err, r.body)
	}
	w.kill()
	w.start()
}

// databaseAway takes PostgreSQL away for longer than a request waits.
func databaseAway(t *testing.T, bin string) {
	cluster := durable(t)
	w := newWorld(t, bin, t.TempDir(), "HALLE_DATABASE="+cluster.URL)
	c := newChaos(w, cluster)
	c.seed()
	c.start()
	if _, err := c.session(buyer); err != nil {
		t.Fatal(err)
	}
	cluster.Crash()
	answers := make(chan reply, 3)
	for i := range cap(answers) {
		go func() {
			r, err := c.send(buyer, "POST", "/orders", fmt.Sprintf("away-%d", i), brokerOrder())
			if err != nil {
				t.Error(err)
			}
			answers <- r
		}()
	}
	for range cap(answers) {
		r := <-answers
		p := r.problem()
		if r.status != http.StatusServiceUnavailable || !strings.HasPrefix(r.kind, "application/problem+json") || p.Detail == "" || p.Remedy == "" {
			t.Errorf("without its database it answers %d %s %s", r.status, r.kind, r.body)
		} else {
			t.Logf("%s %s (%s)", p.Detail, p.Remedy, p.Code)
		}
	}
	if err := c.restart(); err != nil {
		t.Fatal(err)
	}
	c.order()
	c.running(c.brokers[0])
	c.checkNoInternal()
	if code, took := c.stop(); code != 0 || took > 10*time.Second {
		t.Errorf("SIGTERM: exit code %d after %s", code, took)
	}
}

// checkNoInternal wants no request to have failed as our fault.
func (w *world) checkNoInternal() {
	w.t.Helper()
	b, err := os.ReadFile(w.log.Name())
	if err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "request failed") && strings.Contains(line, "code=internal") || strings.Contains(line, "panic") {
			w.t.Errorf("the server logged: %s", line)
		}
	}
}

// diskFull fills the disk that holds the whole installation, in a mount namespace of its own.
func diskFull(t *testing.T, bin string) {
	w := newWorld(t, bin, t.TempDir())
	c := newChaos(w, nil)
	c.seed()
	c.within = `mount -t tmpfs -o size=64m tmpfs /mnt && cp -a "$0/." /mnt/ && mount --move /mnt "$0" && exec "$@"`
	c.start()
	c.order()
	b := c.brokers[0]
	c.running(b)
	if err := c.connect(b, "device"); err != nil {
		t.Fatal(err)
	}
	stop, sent := make(chan struct{}), make(chan struct{})
	f := b.feeds[0]
	b.feeds = b.feeds[:1]
	go func() { defer close(sent); f.run(b, stop) }()
	filler := c.fill()
	c.refusedForSpace()
	c.pause(time.Second, 2*time.Second) // applications and pumps meet the full disk too
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	close(stop)
	c.order()
	c.running(c.brokers[1])
	<-sent
	if f.err != nil {
		t.Fatal(f.err)
	}
	counted := map[string]int64{b.service: c.journal(b)}
	c.brokers = c.brokers[:1]
	var o struct{ ID string }
	if err := c.do(buyer, "POST", "/orders", "cancel", cancelOrder(b.service), &o); err != nil {
		t.Fatal(err)
	}
	c.ended([]string{o.ID})
	c.checkInvoices(counted)
	c.checkLog()
	c.checkNoInternal()
}

// inside is a path as the server sees it.
func (w *world) inside(path string) string {
	if w.within == "" {
		return path
	}
	return filepath.Join("/proc", strconv.Itoa(w.cmd.Process.Pid), "root", path)
}

// fill takes all the space there is.
func (c *chaos) fill() (filler string) {
	c.t.Helper()
	filler = filepath.Join(c.inside(c.data), "filler")
	f, err := os.Create(filler)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			c.t.Fatal(err)
		}
	}
	return filler
}

// refusedForSpace asks for quotes until the space inside the database's files is used up, and then orders.
func (c *chaos) refusedForSpace() {
	c.t.Helper()
	c.await("a refusal for want of space", func() (bool, error) {
		r, err := c.send(buyer, "POST", "/quotes", "", map[string]any{"items": brokerOrder()["items"]})
		if err != nil || r.status == http.StatusServiceUnavailable {
			return err == nil, err
		}
		if r.status != http.StatusCreated {
			c.t.Fatalf("with a full disk it answers %d %s", r.status, r.body)
		}
		return false, nil
	})
	r, err := c.send(buyer, "POST", "/orders", "order-1", brokerOrder())
	p := r.problem()
	if err != nil || r.status != http.StatusServiceUnavailable || p.Detail == "" || p.Remedy == "" {
		c.t.Errorf("with a full disk an order is answered %d %s %v", r.status, r.body, err)
	}
	c.t.Logf("%s %s (%s)", p.Detail, p.Remedy, p.Code)
	if r, err := c.send(buyer, "GET", "/orders", "", nil); err != nil || r.status != http.StatusOK || strings.Count(string(r.body), `"requester"`) != 1 {
		c.t.Errorf("with a full disk the orders are %d %s %v", r.status, r.body, err)
	}
}
