package shim

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

// Exit codes of Main.
const (
	exitDone  = 0
	exitError = 1
	exitUsage = 2
)

// Main is the command "halle shim"; args are what follows those two words, and it returns the exit code. It must run
// in the main goroutine. "--dir DIR" keeps the resource of that folder going until it is told to stop; it returns at
// once when another shim does. "stage" is for the shim's own use.
func Main(args []string) int {
	if len(args) == 2 && args[0] == "stage" {
		return runStage(args[1])
	}
	flags := flag.NewFlagSet("halle shim", flag.ContinueOnError)
	dir := flags.String("dir", "", "the folder of the resource")
	if err := flags.Parse(args); err != nil || *dir == "" || flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: halle shim --dir DIR")
		return exitUsage
	}
	// The application is killed by the kernel when the thread that started it ends: that is this one, to the end.
	runtime.LockOSThread()
	// A shim ends when it is told to on its socket: a signal to the broker's group or a closed terminal is not for it.
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGPIPE)
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitError
	}
	return exitDone
}

func run(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("shim: %w", err)
	}
	// Sockets are named from inside the folder: their addresses are short.
	if err := os.Chdir(dir); err != nil {
		return fmt.Errorf("shim: %w", err)
	}
	lock, held, err := takeLock(lockFile)
	if err != nil {
		return fmt.Errorf("shim: %w", err)
	}
	if !held {
		return nil
	}
	defer func() { _ = lock.Close() }()
	// Whoever removes the folder writes this file first and looks at the lock then: one of the two sees the other.
	if _, err := os.Stat(DeletingFile); err == nil {
		return nil
	}
	s, err := newSupervisor(dir)
	if err != nil {
		return fmt.Errorf("shim: %w", err)
	}
	return s.run()
}
