// Command withpostgres runs a command beside a PostgreSQL that lives exactly as long as it: a fast one, or with
// -durable one with fsync on, as benchmarks and crash tests need.
//
// Owns: nothing beyond the one cluster it starts.
// Does not own: how a cluster is made (pgtest).
// Reads: its arguments; HALLE_TEST_POSTGRES, which a fast run uses when it is set.
// Writes: HALLE_TEST_POSTGRES, in the environment of the command.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/halle-cloud/halle/internal/store/pgtest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "with-postgres:", err)
	}
	os.Exit(code)
}

// run gives the exit code of the command, or 125 where it could not be run.
func run(args []string) (int, error) {
	start := pgtest.Start
	if len(args) > 0 && args[0] == "-durable" {
		start, args = pgtest.StartDurable, args[1:]
	}
	if len(args) == 0 {
		return 125, errors.New("usage: with-postgres [-durable] COMMAND [ARGUMENT...]")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	url, stop, err := start(ctx)
	if err != nil {
		return 125, err
	}
	defer stop()
	// The terminal sends Ctrl-C to the whole group: the command ends by it, and the cluster after the command.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // it ends by itself or by the signals passed on below
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), pgtest.EnvURL+"="+url)
	if err := cmd.Start(); err != nil {
		return 125, err
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(exit.ExitCode(), 1), nil
	}
	if err != nil {
		return 125, err
	}
	return 0, nil
}
