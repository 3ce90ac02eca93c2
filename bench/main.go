// Command bench measures what Halle promises and prints one line a figure: name, value, unit, what must be held, what
// is aimed at, and the reference that was measured in the same run on the same machine.
//
// Owns: the list of figures and the table.
// Does not own: what is measured; each figure drives the real services.
// Reads: HALLE_BENCH_QUICK, HALLE_BENCH_CPU and HALLE_BENCH_KEEP (folders for a profile and a log); bin/halle; the Go benchmarks of packages.
// Writes: standard output; temporary folders that it removes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
)

// figures are printed in this order. A new one is a line here and a function in a file named after what it measures.
func figures() []Figure {
	return slices.Concat(
		startFigures(),
		orderFigures("SQLite", onSQLite),
		orderFigures("PostgreSQL", onPostgres),
		[]Figure{orderToRunning()},
		usageFigures(),
		streamFigures(),
		growFigures(),
		factFigures(),
		[]Figure{verifyLog()},
		closeFigures(),
		ledgerFigures(),
		ruleFigures(),
		[]Figure{pageFigure()},
	)
}

func main() {
	only := flag.String("only", "", "measure only the figures whose name this regular expression finds")
	child := flag.String("grow", "", "for the bench itself: measure EVENTS/SERVICES in this process")
	closing := flag.String("close", "", "for the bench itself: close a month of CUSTOMERS on DATABASE in this process")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case *child != "":
		err = growChild(ctx, *child)
	case *closing != "":
		err = closeChild(ctx, *closing)
	default:
		err = run(ctx, os.Stdout, *only, figures())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures and prints; it fails when a figure cannot be measured or misses what must be held.
func run(ctx context.Context, out io.Writer, only string, all []Figure) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	var missed error
	for _, f := range all {
		if !match.MatchString(f.Name) {
			continue
		}
		got, err := f.Measure(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		fmt.Fprintln(out, f.line(got))
		if !f.held(got.Value) {
			missed = errors.Join(missed, fmt.Errorf("%s is %s %s, held is %s", f.Name, number(got.Value), f.Unit, f.bound(f.Held)))
		}
	}
	return missed
}

// number prints a value with three significant digits and thousands apart: 0.154, 12.3, 104,000.
func number(v float64) string {
	if v < 1000 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
