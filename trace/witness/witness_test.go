package witness_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/halle-cloud/halle/trace/logtest"
	"github.com/halle-cloud/halle/trace/witness"
)

// stand is a witness in a folder, and its address.
type stand struct {
	witness.Config
	w   *witness.Witness
	url string
}

func newStand(t *testing.T, logs ...*logtest.Log) *stand {
	t.Helper()
	key, err := witness.GenerateKey("witness.example/w1")
	must(t, err)
	s := &stand{Config: witness.Config{Dir: t.TempDir(), Key: key, Now: time.Now, Report: slog.New(slog.DiscardHandler)}}
	for _, l := range logs {
		s.Logs = append(s.Logs, l.Verifier(t))
	}
	s.open(t)
	return s
}

func (s *stand) open(t *testing.T) {
	t.Helper()
	var err error
	s.w, err = witness.Open(s.Config)
	must(t, err)
	server := httptest.NewServer(s.w.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = s.w.Close() })
	s.url = server.URL
}

func (s *stand) post(t *testing.T, body string) (status int, kind, text string) {
	t.Helper()
	res, err := http.Post(s.url+"/add-checkpoint", "", strings.NewReader(body))
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, res.Header.Get("Content-Type"), string(b)
}

func body(t *testing.T, l *logtest.Log, old uint64) string {
	t.Helper()
	return string(witness.Request{Old: old, Proof: l.Consistency(t, old), Checkpoint: l.Checkpoint(t)}.Bytes())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cosigned checks that the answer is a cosignature of the checkpoint that the public module takes.
func (s *stand) cosigned(t *testing.T, l *logtest.Log, text string) {
	t.Helper()
	v, err := fnote.NewVerifierForCosignatureV1(s.w.Key())
	must(t, err)
	_, _, n, err := log.ParseCheckpoint(append(l.Checkpoint(t), text...), l.Signer.Name(), l.Verifier(t), v)
	must(t, err)
	if len(n.Sigs) != 2 {
		t.Fatalf("%d signatures instead of the log's and the witness's", len(n.Sigs))
	}
	if at, err := fnote.CoSigV1Timestamp(n.Sigs[1]); err != nil || time.Since(at) > time.Minute {
		t.Fatalf("cosigned at %v, %v", at, err)
	}
}

// TestProtocol goes through every answer that C2SP tlog-witness knows.
func TestProtocol(t *testing.T) {
	l, stranger := logtest.New(t, "log.example"), logtest.New(t, "other.example")
	s := newStand(t, l)
	l.Grow(t, "a", 3)
	impostor := logtest.New(t, "log.example")
	impostor.Grow(t, "a", 3)
	stranger.Grow(t, "a", 3)
	ask := func(name, body string, want int, kind, part string) string {
		t.Helper()
		status, got, text := s.post(t, body)
		if status != want || kind != "" && got != kind || !strings.Contains(text, part) {
			t.Fatalf("%s: %d %s %q, want %d %s %q", name, status, got, text, want, kind, part)
		}
		return text
	}
	ask("another log", body(t, stranger, 0), 404, "", "does not know")
	ask("another's signature", body(t, impostor, 0), 403, "", "")
	ask("a size it never cosigned", body(t, l, 2), 409, "text/x.tlog.size", "0\n")
	ask("a proof from nothing", string(witness.Request{Proof: l.Consistency(t, 2), Checkpoint: l.Checkpoint(t)}.Bytes()), 422, "", "nothing to prove")
	s.cosigned(t, l, ask("the first", body(t, l, 0), 200, "", "— witness.example/w1 "))
	s.cosigned(t, l, ask("the same again", body(t, l, 3), 200, "", "—"))
	ask("from nothing again", body(t, l, 0), 409, "text/x.tlog.size", "3\n")
	before := l.Checkpoint(t)
	fork := l.Fork(t, 2)
	l.Grow(t, "a", 700)
	s.cosigned(t, l, ask("grown", body(t, l, 3), 200, "", "—"))
	ask("an old size that is too large", strings.Replace(body(t, l, 700), "old 700", "old 701", 1), 400, "", "beyond")
	ask("an earlier checkpoint", string(witness.Request{Old: 700, Checkpoint: before}.Bytes()), 400, "", "beyond")
	fork.Grow(t, "b", 700)
	ask("two histories of one size", body(t, fork, 700), 409, "text/plain; charset=utf-8", "another root")
	fork.Grow(t, "b", 900)
	ask("a second history", body(t, fork, 700), 422, "", "")
	if st := s.w.States(); len(st) != 1 || st[0].Size != 700 || st[0].Refused != 3 || st[0].Histories != 1 {
		t.Errorf("%+v", st)
	}
	evidence, err := os.ReadFile(filepath.Join(s.Dir, log.ID("log.example")+".refused.2"))
	if err != nil || bytes.Count(evidence, []byte("— log.example ")) != 2 {
		t.Errorf("the evidence lacks a signed checkpoint: %v\n%s", err, evidence)
	}
	for name, bad := range map[string]string{
		"nothing": "", "no empty line": "old 0\n", "no number": "old x\n\n" + string(before), "a leading zero": "old 00\n\n" + string(before),
		"a short hash": "old 700\nAAAA\n\n" + string(before), "too many hashes": "old 700\n" + strings.Repeat(base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n", 64) + "\n" + string(before),
		"too long": "old 700\n" + strings.Repeat("A", 1<<17),
	} {
		ask(name, bad, 400, "", "")
	}
}

func TestItRemembersOverAStart(t *testing.T) {
	l := logtest.New(t, "log.example")
	l.Grow(t, "a", 10)
	s := newStand(t, l)
	if status, _, text := s.post(t, body(t, l, 0)); status != 200 {
		t.Fatal(status, text)
	}
	if _, err := witness.Open(s.Config); err == nil || !strings.Contains(err.Error(), "another witness") {
		t.Fatalf("two witnesses use one folder: %v", err)
	}
	must(t, s.w.Close())
	s.open(t)
	fork := l.Fork(t, 5)
	fork.Grow(t, "b", 12)
	if status, _, text := s.post(t, body(t, fork, 10)); status != 422 {
		t.Fatal(status, text)
	}
	res, err := http.Get(s.url + "/" + witness.CheckpointPath("log.example"))
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	must(t, err)
	if _, _, _, err := log.ParseCheckpoint(raw, "log.example", l.Verifier(t)); err != nil {
		t.Fatalf("the newest checkpoint: %v", err)
	}
	// A file that was changed behind its back is no memory.
	must(t, s.w.Close())
	path := filepath.Join(s.Dir, log.ID("log.example")+".checkpoint")
	must(t, os.WriteFile(path, bytes.Replace(raw, []byte("\n10\n"), []byte("\n11\n"), 1), 0o600))
	if _, err := witness.Open(s.Config); err == nil || !strings.Contains(err.Error(), "was altered") {
		t.Fatalf("an altered memory was taken: %v", err)
	}
}

func TestAClockThatWasSetBackCosignsNothing(t *testing.T) {
	l := logtest.New(t, "log.example")
	l.Grow(t, "a", 10)
	s := newStand(t, l)
	if status, _, text := s.post(t, body(t, l, 0)); status != 200 {
		t.Fatal(status, text)
	}
	must(t, s.w.Close())
	s.Now = func() time.Time { return time.Now().Add(-time.Hour) }
	s.open(t)
	l.Grow(t, "a", 11)
	if status, _, text := s.post(t, body(t, l, 10)); status != 503 || !strings.Contains(text, "set back") {
		t.Fatal(status, text)
	}
}

// TestADiskThatTakesNothing: what is not durable is not cosigned.
func TestADiskThatTakesNothing(t *testing.T) {
	l := logtest.New(t, "log.example")
	l.Grow(t, "a", 10)
	s := newStand(t, l)
	moved := s.Dir + ".away"
	must(t, os.Rename(s.Dir, moved))
	if status, _, text := s.post(t, body(t, l, 0)); status != 503 {
		t.Fatal(status, text)
	}
	must(t, os.Rename(moved, s.Dir))
	if status, _, text := s.post(t, body(t, l, 0)); status != 200 {
		t.Fatal(status, text)
	}
}

// TestTwoAtOnce: of many histories that grow from one checkpoint at once, one is cosigned.
func TestTwoAtOnce(t *testing.T) {
	l := logtest.New(t, "log.example")
	l.Grow(t, "a", 10)
	s := newStand(t, l)
	if status, _, text := s.post(t, body(t, l, 0)); status != 200 {
		t.Fatal(status, text)
	}
	var all sync.WaitGroup
	cosigned := make(chan int, 16)
	for i := range 16 {
		fork := l.Fork(t, 10)
		fork.Grow(t, fmt.Sprint(i), 11+i%3)
		text := body(t, fork, 10)
		all.Go(func() {
			if status, _, _ := s.post(t, text); status == 200 {
				cosigned <- i
			}
		})
	}
	all.Wait()
	if len(cosigned) != 1 {
		t.Errorf("%d of 16 histories were cosigned", len(cosigned))
	}
}

// TestKilled kills a witness again and again while two histories of a log grow, and holds that every cosignature that
// left it is of one history.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("WITNESS_TEST_DIR"); dir != "" {
		killed(t, dir)
		return
	}
	dir := t.TempDir()
	key, err := witness.GenerateKey("witness.example/w1")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "key"), []byte(key), 0o600))
	l := logtest.New(t, "log.example")
	must(t, os.WriteFile(filepath.Join(dir, "log"), []byte(l.Key), 0o600))
	last := uint64(0)
	for round := range 6 {
		cmd := exec.Command(os.Args[0], "-test.run", "TestKilled")
		cmd.Env = append(os.Environ(), "WITNESS_TEST_DIR="+dir)
		out, err := cmd.StdoutPipe()
		must(t, err)
		in, err := cmd.StdinPipe()
		must(t, err)
		must(t, cmd.Start())
		answers := bufio.NewReader(out)
		for range 20 + 7*round {
			l.Grow(t, "a", len(l.Leaves)+1)
			fork := l.Fork(t, max(0, int(last)-1))
			fork.Grow(t, "b", len(l.Leaves))
			for i, text := range []string{body(t, l, last), body(t, fork, last)} {
				_, err := fmt.Fprintln(in, base64.StdEncoding.EncodeToString([]byte(text)))
				must(t, err)
				answer, err := answers.ReadString('\n')
				must(t, err)
				want := "0\n"
				if i == 1 {
					want = "1\n"
				}
				if (answer == "0\n") != (want == "0\n") {
					t.Fatalf("at %d, history %d: %q", len(l.Leaves), i, answer)
				}
			}
			last = uint64(len(l.Leaves))
		}
		// The last question is in flight when it is killed: whether it was answered or not, the witness knows what it said.
		l.Grow(t, "a", len(l.Leaves)+1)
		_, err = fmt.Fprintln(in, base64.StdEncoding.EncodeToString([]byte(body(t, l, last))))
		must(t, err)
		answered := make(chan bool, 1)
		go func() {
			answer, err := answers.ReadString('\n')
			answered <- err == nil && answer == "0\n"
		}()
		time.Sleep(time.Duration(round) * 300 * time.Microsecond)
		must(t, cmd.Process.Kill())
		cosigned := <-answered
		_ = cmd.Wait()
		w, err := witness.Open(witness.Config{Dir: filepath.Join(dir, "w"), Key: key, Logs: []note.Verifier{l.Verifier(t)}, Now: time.Now, Report: slog.New(slog.DiscardHandler)})
		must(t, err)
		size := w.States()[0].Size
		must(t, w.Close())
		if size != last && size != last+1 || cosigned && size != last+1 {
			t.Fatalf("it cosigned %d (answered %v) and remembers %d", last+1, cosigned, size)
		}
		last = size
	}
}

// killed is the process that is killed: it answers requests of its standard input with their outcomes.
func killed(t *testing.T, dir string) {
	key, err := os.ReadFile(filepath.Join(dir, "key"))
	must(t, err)
	logKey, err := os.ReadFile(filepath.Join(dir, "log"))
	must(t, err)
	v, err := note.NewVerifier(string(logKey))
	must(t, err)
	w, err := witness.Open(witness.Config{Dir: filepath.Join(dir, "w"), Key: string(key), Logs: []note.Verifier{v}, Now: time.Now, Report: slog.New(slog.DiscardHandler)})
	must(t, err)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text, err := base64.StdEncoding.DecodeString(lines.Text())
		must(t, err)
		r, err := witness.ParseRequest(text)
		must(t, err)
		fmt.Println(int(w.Add(t.Context(), r).Outcome))
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte("old 3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nlog.example\n4\nAAAA\n\n— log.example AAAA\n"))
	f.Add([]byte("old 0\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := witness.ParseRequest(b)
		if err != nil {
			return
		}
		_ = r.Size()
		again, err := witness.ParseRequest(r.Bytes())
		if err != nil || again.Old != r.Old || len(again.Proof) != len(r.Proof) || !bytes.Equal(again.Checkpoint, r.Checkpoint) {
			t.Fatalf("%q became %q: %v", b, r.Bytes(), err)
		}
	})
}
