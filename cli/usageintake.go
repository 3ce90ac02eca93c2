package cli

import (
	"context"
	"fmt"
	"io"
)

type usageIntake struct{}

// Run shows.
func (usageIntake) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	h, err := c.GetIngestHealth(ctx)
	if err != nil {
		return err
	}
	l := h.Log
	copies := ""
	if l.Kind != "files" {
		copies = fmt.Sprintf("%d of %d up, the slowest lacks %d messages", l.CopiesUp, l.Copies, l.Behind)
	}
	return o.Show(h, func(w io.Writer) error {
		return pairs(w, "kept in", l.Kind+", "+l.Place, "copies", copies, "on disk before the answer", l.Synced, "bytes", fmt.Sprint(l.Bytes),
			"refused since", when(l.Since), "because", l.Problem, "records", fmt.Sprint(h.Stored), "not folded yet", fmt.Sprint(h.Stored-h.Folded),
			"not saved yet", fmt.Sprint(h.Folded-min(h.Committed, h.Folded)), "stands still because", h.Stopped)
	})
}
