package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/proof"
)

// prove takes the proof file away and checks it, the log and Acme's whole history without the server.
func (s *story) prove(ctx context.Context, invoice string) error {
	s.proofFile = filepath.Join(s.h.conf.Data, "invoice.proof.json")
	err := until(ctx, "the invoice's place in the log", func() (bool, error) {
		f, err := os.Create(s.proofFile)
		if err != nil {
			return false, err
		}
		err = s.h.invoices.ProofFile(ctx, s.cast.acme, invoice, f)
		if err = errors.Join(err, f.Close()); fail.Is(err, fail.Unavailable) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return err
	}
	start := time.Now()
	f, err := os.Open(s.proofFile)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	file, err := proof.ParseInvoiceFile(f)
	if err != nil {
		return err
	}
	if _, err := file.Verify(s.h.tlog.Key); err != nil {
		return fmt.Errorf("the invoice does not verify: %w", err)
	}
	s.line("prove", "every line of the invoice recomputed from Acme's own events", "verified offline in "+took(start))
	return s.proveHistory(ctx)
}

func (s *story) proveHistory(ctx context.Context) error {
	path := filepath.Join(s.h.conf.Data, "acme.facts")
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(s.h.facts.Statement(ctx, s.h.tlog, s.cast.acme.Org, out), out.Close()); err != nil {
		return err
	}
	start := time.Now()
	l, err := proof.OpenLog(s.h.tlog.Dir, s.h.tlog.Key)
	if err != nil {
		return err
	}
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	report, err := proof.VerifyStatement(in, l)
	if err != nil {
		return fmt.Errorf("Acme's history does not verify: %w", err)
	}
	s.line("", fmt.Sprintf("all %d facts of Acme among %d entries of %s: none missing, none twice", report.Facts, report.Size, report.Origin), "verified offline in "+took(start))
	return nil
}
