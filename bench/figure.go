package main

import (
	"context"
	"fmt"
)

// Figure is one promise with a number.
type Figure struct {
	Name    string  // "orders accepted, SQLite"
	Unit    string  // "orders/s", "ms"
	Less    bool    // a smaller value is better
	Held    float64 // the least (or the most, with Less) that may be released; 0 where nothing was promised
	Aim     float64 // what we want to be known for; 0 where there is none
	Measure func(context.Context) (Result, error)
}

// Result is what a run measured.
type Result struct {
	Value     float64
	Reference string // what else was measured in the same run to compare with, "plain fsync 2,100/s"; "" for none
}

func (f Figure) held(v float64) bool {
	switch {
	case f.Held == 0:
		return true
	case f.Less:
		return v <= f.Held
	}
	return v >= f.Held
}

// bound is a promise as text, "≥ 1,000", or "-" where there is none.
func (f Figure) bound(v float64) string {
	switch {
	case v == 0:
		return "-"
	case f.Less:
		return "≤ " + number(v)
	}
	return "≥ " + number(v)
}

func (f Figure) line(r Result) string {
	reference := r.Reference
	if reference == "" {
		reference = "-"
	}
	return fmt.Sprintf("%-44s %12s %-10s held %-10s aim %-10s reference %s",
		f.Name, number(r.Value), f.Unit, f.bound(f.Held), f.bound(f.Aim), reference)
}
