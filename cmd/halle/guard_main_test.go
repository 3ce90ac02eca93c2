package main

import (
	"os"
	"testing"
)

// TestMain makes the test binary serve as halle where a test runs a house in its own process: shims and applications
// are started from the running program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == publisherChild {
		publisherMain()
		return
	}
	if len(os.Args) > 2 && (os.Args[1] == "shim" || os.Args[1] == "app" || os.Args[1] == guardChild) {
		if os.Args[1] == guardChild {
			os.Exit(guardChildMain(os.Args[2:]))
		}
		main()
		return
	}
	silence()
	os.Exit(m.Run())
}
