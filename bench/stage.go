package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// halle is the binary that is measured.
const halle = "bin/halle"

// stage is a whole installation in a process of its own: `halle stage`, which serves as `halle serve` does.
type stage struct {
	URL       string   `json:"url"`
	Log       string   `json:"log"`
	Operator  string   `json:"operator"`
	Publisher string   `json:"publisher"`
	Customers []string `json:"customers"`
	Buyer     string   `json:"buyer"`
	Password  string   `json:"password"`

	dir    string
	cmd    *exec.Cmd
	stderr bytes.Buffer
	client *http.Client
}

// startStage starts one on the database, with more variables; "" is SQLite in a file, with every commit synced to disk. before may lay
// something into its data folder.
func startStage(ctx context.Context, database string, before func(dir string) error, env ...string) (*stage, error) {
	dir, err := os.MkdirTemp("", "halle-bench-")
	if err != nil {
		return nil, err
	}
	if before != nil {
		if err := before(dir); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	args := []string{"stage", "--data", dir, "--database", database}
	if profile := os.Getenv("HALLE_BENCH_CPU"); profile != "" {
		args = append(args, "--cpu", profile)
	}
	s := &stage{dir: dir, cmd: exec.CommandContext(ctx, halle, args...),
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256, MaxConnsPerHost: 256}}}
	s.cmd.Stderr = &s.stderr
	s.cmd.Env = append(append(os.Environ(), "HALLE_LOG_LEVEL=warn"), env...)
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, s)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("halle stage: %w", err), s.stop(), errors.New(s.stderr.String()))
	}
	return s, nil
}

// stop ends the installation and removes its data. The error says so when its log had something to tell.
func (s *stage) stop() error {
	err := s.cmd.Process.Signal(syscall.SIGTERM)
	if err == nil {
		err = s.cmd.Wait()
	}
	s.client.CloseIdleConnections()
	if keep := os.Getenv("HALLE_BENCH_KEEP"); keep != "" {
		_ = os.WriteFile(filepath.Join(keep, "stage.log"), s.stderr.Bytes(), 0o600)
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// cpu is the processor time that the installation has used so far, without PostgreSQL's and the applications'.
func (s *stage) cpu() (time.Duration, error) { return processor(s.cmd.Process.Pid) }

// spending begins to count processor time; the function it gives tells the installation's and the load generator's.
func (s *stage) spending() (func() (server, generator time.Duration, err error), error) {
	server, err := s.cpu()
	generator, also := processor(os.Getpid())
	return func() (time.Duration, time.Duration, error) {
		a, err := s.cpu()
		b, also := processor(os.Getpid())
		return a - server, b - generator, errors.Join(err, also)
	}, errors.Join(err, also)
}

// processor is the time that a process has used so far.
func processor(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	const hertz = 100 // of these two fields, on every Linux (proc_pid_stat(5))
	words := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, err := strconv.Atoi(words[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(words[12])
	return time.Duration(user+system) * time.Second / hertz, err
}

// call does one request and reads its whole answer into v, when v is not nil.
func (s *stage) call(ctx context.Context, token, method, path string, header http.Header, body []byte, v any) error {
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = header.Clone()
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	if v == nil {
		return nil
	}
	return json.Unmarshal(text, v)
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// at gives the value that the share of all is not above: at(x, 0.99) is p99. It sorts.
func at(took []time.Duration, share float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[min(len(took)-1, int(share*float64(len(took))))]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
