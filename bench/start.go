package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// coldStart is the time that the program takes to say its version, the middle one of nine: what every command of the
// CLI pays before it does anything.
func coldStart() Figure {
	return Figure{Name: "program start (halle version)", Unit: "s", Less: true, Measure: func(ctx context.Context) (Result, error) {
		if _, err := os.Stat("bin/halle"); err != nil {
			return Result{}, fmt.Errorf("build it first, as make bench does: %w", err)
		}
		took, err := middle(ctx, 9, "bin/halle", "version")
		if err != nil {
			return Result{}, err
		}
		bare, err := middle(ctx, 9, "/bin/true")
		if err != nil {
			return Result{}, err
		}
		return Result{Value: took, Reference: "/bin/true " + number(bare) + " s"}, nil
	}}
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
