package browser_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// demoArguments start the server of the journey; it prints the line that opened finds once the portal is served.
func demoArguments(data string) []string {
	return []string{"demo", "--data", data, "--listen", "127.0.0.1:0"}
}

var opened = regexp.MustCompile(`Open (http://[^\s/]+)`)

// demo builds the program, starts a demo and gives the address of its portal once the story has ended.
func demo(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "halle")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, "../../cmd/halle")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	// Not t.Context, which ends before the cleanups that use the server are over.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	cmd := exec.CommandContext(ctx, program, demoArguments(t.TempDir())...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Stderr = t.Output()
	story, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
			t.Errorf("the demo did not end: %v", err)
		}
	})
	lines := bufio.NewScanner(story)
	for lines.Scan() {
		t.Log(lines.Text())
		if m := opened.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, story) }() // what is not read would block the server
			return m[1]
		}
	}
	t.Fatalf("the demo ended before it served the portal (%v)", lines.Err())
	return ""
}

// password is what everybody in the demo signs in with; it stands in the program once.
func password(t *testing.T) string {
	t.Helper()
	seed, err := os.ReadFile("../../cmd/halle/seed.go")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`demoPassword = "([^"]+)"`).FindSubmatch(seed)
	if m == nil {
		t.Fatal("the demo's password is not in cmd/halle/seed.go")
	}
	return string(m[1])
}

func TestJourney(t *testing.T) {
	address := os.Getenv("HALLE_URL") // a demo that runs already, while pages are worked on
	if address == "" {
		address = demo(t)
	}
	node(t, "journey.mjs", "HALLE_URL="+address, "HALLE_DEMO_PASSWORD="+password(t))
}
