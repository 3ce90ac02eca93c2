package shim

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheLogIsCapped(t *testing.T) {
	dir := t.TempDir()
	log := newCapped(logPath(dir))
	line := []byte(strings.Repeat("x", 999) + "\n")
	for range 5000 {
		if n, err := log.Write(line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	log.close()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v %v", entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Size() > logBytes {
			t.Errorf("%s has %d bytes (%v)", e.Name(), info.Size(), err)
		}
	}
}

func TestALogThatCannotBeWrittenStopsNobody(t *testing.T) {
	log := newCapped(filepath.Join(t.TempDir(), "nosuch", "log"))
	if n, err := log.Write([]byte("one\ntwo\n\nthree\nfour\xff\n")); n == 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if got := log.excerpt(); got != "two / three / four?" {
		t.Errorf("excerpt %q", got)
	}
}

func TestOneHoldsTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), lockFile)
	if held, err := lockHeld(path); held || err != nil {
		t.Errorf("held before it exists: %v %v", held, err)
	}
	first, ok, err := takeLock(path)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, ok, err := takeLock(path); err != nil || ok {
		t.Errorf("taken twice: %v %v", ok, err)
	}
	if held, err := lockHeld(path); !held || err != nil {
		t.Errorf("not seen as held: %v %v", held, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if held, err := lockHeld(path); held || err != nil {
		t.Errorf("held after its end: %v %v", held, err)
	}
}

// A port that is shut turns callers away, and nobody gets it.
func TestAPortIsKeptWhileItIsShut(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		p, err := holdPort(host, 0, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		address := net.JoinHostPort(host, fmt.Sprint(p.number))
		for range 2 {
			if err := p.open(); err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.Close()
			if other, err := tryPortOf(host, p.number); err == nil {
				t.Errorf("%s: taken by another while it listens", host)
				other.close()
			}
			p.shut()
			if conn, err := net.Dial("tcp", address); err == nil {
				t.Errorf("%s: a caller was let in", host)
				_ = conn.Close()
			}
		}
		p.close()
	}
}

func tryPortOf(host string, number int) (*port, error) {
	p, err := holdPort(host, number, 0, 0)
	if err != nil {
		return nil, err
	}
	if err := p.open(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func TestARangeThatIsUsedUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	n := l.Addr().(*net.TCPAddr).Port
	if _, err := holdPort("127.0.0.1", 0, n, n); !errors.Is(err, errPortTaken) {
		t.Errorf("%v", err)
	}
	if _, err := holdPort("localhost", 0, 0, 0); err == nil {
		t.Error("a name is no address to bind")
	}
}

func TestSatisfies(t *testing.T) {
	for _, c := range []struct {
		level, minimum string
		want           bool
	}{
		{IsolationFull, IsolationFull, true}, {IsolationFull, IsolationNone, true}, {IsolationBasic, IsolationFull, false},
		{IsolationNone, IsolationBasic, false}, {IsolationNone, "", true}, {IsolationNone, IsolationNone, true},
	} {
		if got := Satisfies(c.level, c.minimum); got != c.want {
			t.Errorf("%s for at least %q: %v", c.level, c.minimum, got)
		}
	}
}

func TestACommandThatCannotBeRunSaysSo(t *testing.T) {
	for _, args := range [][]string{nil, {"--dir", ""}, {"--nosuch"}, {"--dir", "x", "y"}} {
		if code := Main(args); code != exitUsage {
			t.Errorf("%v: %d", args, code)
		}
	}
}
