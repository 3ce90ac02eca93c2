package main_test

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/halle-cloud/halle/internal/store"
)

// TestPastMonth runs testdata/past: a demo, whose past month reconciles on one page and verifies without it.
func TestPastMonth(t *testing.T) {
	bin := buildHalle(t)
	testscript.Run(t, testscript.Params{Files: []string{"testdata/past/month.txtar"}, Cmds: map[string]func(*testscript.TestScript, bool, []string){"await": await, "json": jsonEnv, "until": until, "flip": flip},
		Setup: func(e *testscript.Env) error { return furnishStory(t, e, bin, store.SQLite) }})
}
