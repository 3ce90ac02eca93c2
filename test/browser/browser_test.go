package browser_test

import (
	"os"
	"os/exec"
	"testing"
)

// node runs one file of tests in Node and shows what it prints. The files check themselves; this only needs the end.
func node(t *testing.T, file string, env ...string) {
	t.Helper()
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatal("node_modules is missing: run `npm ci` in test/browser, or `make test`, which does")
	}
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", file)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func TestTheChecksFindWhatIsWrong(t *testing.T) {
	node(t, "harness.test.mjs")
}
