package main

import (
	"context"
	"fmt"

	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/driver/process"
	"github.com/halle-cloud/halle/provision"
)

// copies leaves a backup in Paris that is registered, and one in Dublin that somebody made behind the broker's back.
func (s *story) copies(ctx context.Context, service string) error {
	r, err := s.h.resources.Of(ctx, s.cast.acme, service)
	if err != nil {
		return fmt.Errorf("copies: %w", err)
	}
	if _, err := s.h.copies.Add(ctx, s.cast.acme, copies.NewCopy{Subscription: service, Kind: provision.CopyBackup, Region: "paris"}); err != nil {
		return fmt.Errorf("a backup: %w", err)
	}
	for _, region := range []string{"paris", "dublin"} {
		if _, err := s.h.process.Copy(ctx, process.CopyInput{Resource: r.ID, Kind: provision.CopyBackup, Region: region}); err != nil {
			return fmt.Errorf("a backup in %s: %w", region, err)
		}
	}
	return until(ctx, "the copies in the register", func() (bool, error) {
		list, err := s.h.copies.List(ctx, s.cast.acme, copies.Query{Subscription: service, State: copies.StateUnregistered})
		return len(list) == 1, err
	})
}
