package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// startFigures are what an operator notices first: how big the program is and how soon it answers.
func startFigures() []Figure {
	return []Figure{
		{Name: "size of the binary", Unit: "MB", Less: true, Held: 60, Measure: func(context.Context) (Result, error) {
			info, err := os.Stat(halle)
			if err != nil {
				return Result{}, fmt.Errorf("build it first, as make bench does: %w", err)
			}
			return Result{Value: float64(info.Size()) / 1e6}, nil
		}},
		{Name: "cold start, halle serve to the first answer", Unit: "s", Less: true, Held: 2, Measure: measureStart},
	}
}

// measureStart starts `halle serve` five times on an installation that `halle init` made, and gives the middle time
// until /healthz answers.
func measureStart(ctx context.Context) (r Result, err error) {
	dir, err := os.MkdirTemp("", "halle-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	listen, err := freeAddress()
	if err != nil {
		return r, err
	}
	env := append(os.Environ(), "HALLE_DATA="+filepath.Join(dir, "data"), "HALLE_HOME=bench", "HALLE_LISTEN="+listen, "HALLE_PROCESS_MIN_ISOLATION=none", "HALLE_LOG_LEVEL=error")
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("covered market 2026\n"), 0o600); err != nil {
		return r, err
	}
	init := exec.CommandContext(ctx, halle, "init", "--name", "Bench", "--country", "FR", "--owner", "Odile Martin", "--email", "odile@bench.example", "--password-file", password)
	init.Env = env
	if out, err := init.CombinedOutput(); err != nil {
		return r, fmt.Errorf("halle init: %w: %s", err, out)
	}
	var took []float64
	for range 5 {
		one, err := startOnce(ctx, env, listen)
		if err != nil {
			return r, err
		}
		took = append(took, one)
	}
	slices.Sort(took)
	bare, err := middle(ctx, 9, halle, "version")
	return Result{Value: took[2], Reference: "halle version " + number(bare) + " s"}, err
}

func startOnce(ctx context.Context, env []string, listen string) (seconds float64, err error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, halle, "serve")
	cmd.Env, cmd.Stderr = env, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
	}()
	for time.Since(start) < time.Minute {
		if r, err := http.Get("http://" + listen + "/healthz"); err == nil { //nolint:noctx // on this machine, for a minute at most
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return time.Since(start).Seconds(), nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	return 0, fmt.Errorf("halle serve does not answer: %s", out.String())
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// middle runs a command n times and gives the median of the seconds it took.
func middle(ctx context.Context, n int, name string, args ...string) (float64, error) {
	took := make([]float64, n)
	for i := range took {
		start := time.Now()
		if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
			return 0, fmt.Errorf("%s: %w: %s", name, err, out)
		}
		took[i] = time.Since(start).Seconds()
	}
	slices.Sort(took)
	return took[n/2], nil
}
