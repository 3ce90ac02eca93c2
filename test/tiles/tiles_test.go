package tiles_test

import (
	"context"
	"crypto/rand"
	"go/parser"
	"go/token"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

// TestMain silences the log of the public modules before any of their goroutines reads the setting: fsck leaves some
// running after its answer.
func TestMain(m *testing.M) {
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// installation is a running server in a folder of its own, and the address of its log.
type installation struct {
	log string // http://…/log/
	dir string // the log's folder
}

// serve makes an installation with the built program and starts it. Making one records facts already.
func serve(t *testing.T) installation {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "halle")
	if out, err := exec.Command("go", "build", "-o", bin, "../../cmd/halle").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("correct horse battery\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "HALLE_DATA="+filepath.Join(dir, "data"), "HALLE_HOME=tiles", "HALLE_LISTEN="+address, "HALLE_PROCESS_MIN_ISOLATION=none",
		"HALLE_PASSWORD_MEMORY_KIB=64", "HALLE_PASSWORD_TIME=1")
	start := func(args ...string) *exec.Cmd {
		c := exec.Command(bin, args...)
		c.Env, c.Stderr = env, os.Stderr
		return c
	}
	if out, err := start("init", "--name", "Tiles SA", "--country", "FR", "--owner", "Odile", "--email", "odile@tiles.example", "--password-file", password).Output(); err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
	server := start("serve")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(os.Interrupt)
		_ = server.Wait()
	})
	return installation{log: "http://" + address + "/log/", dir: filepath.Join(dir, "data", "log")}
}

// verifier waits for a checkpoint with entries and reads the key that the log names itself with.
func (i installation) verifier(t *testing.T, src fsck.Fetcher) note.Verifier {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		key, err := os.ReadFile(filepath.Join(i.dir, "log.pub"))
		if err == nil {
			v, err := note.NewVerifier(strings.TrimSpace(string(key)))
			if err != nil {
				t.Fatal(err)
			}
			if c, _, _, err := client.FetchCheckpoint(t.Context(), src.ReadCheckpoint, v, v.Name()); err == nil && c.Size > 0 {
				return v
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no checkpoint was published in 30 s (%v)", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// hashes are the leaf hashes of a bundle, as the fsck command of tessera computes them (RFC 6962).
func hashes(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	out := make([][]byte, len(b.Entries))
	for i, e := range b.Entries {
		out[i] = rfc6962.DefaultHasher.HashLeaf(e)
	}
	return out, nil
}

func fetcher(t *testing.T, address string) *client.HTTPFetcher {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	f, err := client.NewHTTPFetcher(u, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheLogVerifiesWithPublicToolsAlone(t *testing.T) {
	halle := serve(t)
	overHTTP := fetcher(t, halle.log)
	v := halle.verifier(t, overHTTP)
	anyServer := httptest.NewServer(http.FileServer(http.Dir(halle.dir)))
	t.Cleanup(anyServer.Close)
	for name, src := range map[string]fsck.Fetcher{"halle": overHTTP, "any web server": fetcher(t, anyServer.URL+"/"), "folder": client.FileFetcher{Root: halle.dir}} {
		if err := fsck.New(v.Name(), v, src, hashes, fsck.Opts{N: 2}).Check(t.Context()); err != nil {
			t.Errorf("fsck over %s: %v", name, err)
		}
		everyEntry(t, name, src, v)
	}
	_, other, err := note.GenerateKey(rand.Reader, v.Name())
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := note.NewVerifier(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := fsck.New(v.Name(), stranger, overHTTP, hashes, fsck.Opts{}).Check(t.Context()); err == nil {
		t.Error("a log that another key signed was accepted")
	}
}

// everyEntry proves each entry, and each smaller tree, against the published checkpoint.
func everyEntry(t *testing.T, name string, src fsck.Fetcher, v note.Verifier) {
	t.Helper()
	ctx := context.Background()
	c, raw, _, err := client.FetchCheckpoint(ctx, src.ReadCheckpoint, v, v.Name())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	tracker, err := client.NewLogStateTracker(ctx, src.ReadTile, raw, v, v.Name(), client.UnilateralConsensus(src.ReadCheckpoint))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if _, _, _, err := tracker.Update(ctx); err != nil {
		t.Fatalf("%s: consistency: %v", name, err)
	}
	builder, err := client.NewProofBuilder(ctx, c.Size, src.ReadTile)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	leaves, err := client.FetchLeafHashes(ctx, src.ReadTile, 0, c.Size, c.Size)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for i, leaf := range leaves {
		path, err := builder.InclusionProof(ctx, uint64(i))
		if err != nil {
			t.Fatalf("%s: entry %d: %v", name, i, err)
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(i), c.Size, leaf, path, c.Hash); err != nil {
			t.Errorf("%s: entry %d: %v", name, i, err)
		}
	}
}

// TestPrivateStateIsNotServed: what a log keeps for itself is nobody else's.
func TestPrivateStateIsNotServed(t *testing.T) {
	halle := serve(t)
	halle.verifier(t, fetcher(t, halle.log))
	for path, want := range map[string]int{"checkpoint": 200, "log.pub": 200, ".state/treeState": 404, "tile/": 404, "tile/entries/": 404, "": 404, "tile/../.state/treeState": 404, "tile/0/999": 404} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, halle.log, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path += path
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %d instead of %d", path, answer.StatusCode, want)
		}
		if got := answer.Header.Get("Cache-Control"); path == "checkpoint" && got != "no-cache" {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
	}
}

// TestNoFileHereNeedsHalle keeps this folder a stranger's.
func TestNoFileHereNeedsHalle(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v %v", files, err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if strings.Contains(i.Path.Value, "halle-cloud/halle") {
				t.Errorf("%s imports %s", name, i.Path.Value)
			}
		}
	}
}
