package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

func fixed(v float64, reference string) func(context.Context) (Result, error) {
	return func(context.Context) (Result, error) { return Result{Value: v, Reference: reference}, nil }
}

func TestALineTellsThePromiseBesideTheValue(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), &out, "", []Figure{
		{Name: "facts", Unit: "facts/s", Held: 1000, Aim: 50000, Measure: fixed(12345.6, "bare commits 20,000/s")},
		{Name: "start", Unit: "s", Less: true, Held: 2, Measure: fixed(0.1539, "")},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "facts 12,346 facts/s held ≥ 1,000 aim ≥ 50,000 reference bare commits 20,000/s\n" +
		"start 0.154 s held ≤ 2 aim - reference -\n"
	var got strings.Builder
	for line := range strings.Lines(out.String()) {
		got.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	if got.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", got.String(), want)
	}
}

func TestAMissedPromiseFailsTheRunAfterAllWereMeasured(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), &out, "", []Figure{
		{Name: "slow", Unit: "s", Less: true, Held: 2, Measure: fixed(2.5, "")},
		{Name: "other", Unit: "/s", Measure: fixed(7, "")},
	})
	if err == nil || !strings.Contains(err.Error(), "slow is 2.5 s, held is ≤ 2") {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(out.String(), "other") {
		t.Errorf("stopped at the first miss:\n%s", out.String())
	}
}

func TestOnlyTheFiguresAskedForAreMeasured(t *testing.T) {
	var out bytes.Buffer
	broken := func(context.Context) (Result, error) { return Result{}, errors.New("no") }
	all := []Figure{{Name: "facts", Measure: broken}, {Name: "start", Unit: "s", Measure: fixed(1, "")}}
	if err := run(t.Context(), &out, "^start", all); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), &out, "facts", all); err == nil || !strings.Contains(err.Error(), "facts: no") {
		t.Errorf("error %v", err)
	}
}
