package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// fromGo is a figure that a Go benchmark beside the code measures: value of its metric, times a factor.
func fromGo(f Figure, pkg, benchmark, benchtime, metric string, factor float64, also ...string) Figure {
	f.Measure = func(ctx context.Context) (Result, error) {
		measured, err := goBench(ctx, pkg, benchmark, benchtime)
		if err != nil {
			return Result{}, err
		}
		v, ok := measured[metric]
		if !ok {
			return Result{}, fmt.Errorf("%s of %s reports no %s", benchmark, pkg, metric)
		}
		r := Result{Value: v * factor}
		for _, name := range also {
			if other, ok := measured[name]; ok {
				r.Reference = strings.TrimPrefix(r.Reference+", ", ", ") + number(other) + " " + name
			}
		}
		return r, nil
	}
	return f
}

// goBench runs one benchmark and gives its metrics by name.
func goBench(ctx context.Context, pkg, benchmark, benchtime string) (map[string]float64, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", benchmark, "-benchtime", benchtime, "-timeout", "10m", pkg)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		measured := map[string]float64{}
		for i := 2; i+1 < len(words); i += 2 {
			if measured[words[i+1]], err = strconv.ParseFloat(words[i], 64); err != nil {
				return nil, fmt.Errorf("%s: %w", lines.Text(), err)
			}
		}
		return measured, nil
	}
	return nil, fmt.Errorf("%s of %s printed no result: %s", benchmark, pkg, out)
}

func ruleFigures() []Figure {
	return []Figure{
		fromGo(Figure{Name: "rating a unit line", Unit: "µs", Less: true, Held: 0.2, Aim: 0.05}, "./price", "^BenchmarkUnit$", "1s", "ns/op", 1e-3, "allocs/op"),
		fromGo(Figure{Name: "rating a tiered line", Unit: "µs", Less: true, Held: 0.5, Aim: 0.15}, "./price", "^BenchmarkTiers$", "1s", "ns/op", 1e-3, "allocs/op"),
		fromGo(Figure{Name: "placement over 1,000 regions", Unit: "ms", Less: true, Held: 5}, "./residency", "^BenchmarkJudge1000Regions$", "1s", "ns/op", 1e-6),
		fromGo(Figure{Name: "ownership change re-judges 100,000 placements, SQLite", Unit: "s", Less: true, Held: 5}, "./copies/drift", "^BenchmarkRejudge100000$/^sqlite$", "2x", "ns/op", 1e-9, "remedies", "MB-allocated"),
		fromGo(Figure{Name: "ownership change re-judges 100,000 placements, PostgreSQL", Unit: "s", Less: true, Held: 5}, "./copies/drift", "^BenchmarkRejudge100000$/^postgresql$", "2x", "ns/op", 1e-9, "remedies", "MB-allocated"),
		fromGo(Figure{Name: "verify an invoice line of 1,000,000 events, events apart", Unit: "s", Less: true, Held: 3}, "./proof", "^BenchmarkVerifyLineOfAMillionEvents$", "3x", "ns/op", 1e-9),
		fromGo(Figure{Name: "verify an invoice line of 1,000,000 events, one JSON file", Unit: "s", Less: true}, "./proof", "^BenchmarkInvoiceFileEvents$", "1000000x", "ns/op", 1e-3),
		fromGo(Figure{Name: "sign-in by password, argon2id 19 MiB × 2", Unit: "/s", Held: 300}, "./signin", "^BenchmarkSignIn$/^default$", "1s", "sign-ins/s", 1),
	}
}

func factFigures() []Figure {
	facts := func(name, variant string) Figure {
		return fromGo(Figure{Name: "facts recorded, " + name, Unit: "facts/s"}, "./trace", "^BenchmarkRecord$/^"+variant+"$", "3s", "facts/s", 1)
	}
	return []Figure{
		facts("SQLite", "sqlite"),
		facts("PostgreSQL", "postgresql"),
		facts("PostgreSQL, one session idle in transaction", "postgresql-idle-in-transaction"),
		fromGo(Figure{Name: "fact to published checkpoint at 500/s, p99, SQLite", Unit: "ms", Less: true, Held: 2000}, "./trace", "^BenchmarkPublished$/^sqlite$", "2500x", "p99-ms", 1, "p50-ms", "facts/s"),
		fromGo(Figure{Name: "fact to published checkpoint at 500/s, p99, PostgreSQL", Unit: "ms", Less: true, Held: 2000}, "./trace", "^BenchmarkPublished$/^postgresql$", "2500x", "p99-ms", 1, "p50-ms", "facts/s"),
	}
}
