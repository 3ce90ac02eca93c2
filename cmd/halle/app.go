package main

import (
	"context"
	"fmt"

	"github.com/halle-cloud/halle/app/m2m"
)

type appCommand struct {
	Name string `arg:"" help:"Which application."`
	Dir  string `required:"" help:"Its private folder."`
}

// Run runs the application until it is told to stop.
func (c appCommand) Run(ctx context.Context) error {
	if c.Name != "m2m" {
		return fmt.Errorf("there is no application %q; there is m2m", c.Name)
	}
	conf, err := m2m.ReadConfig(c.Dir)
	if err != nil {
		return err
	}
	return m2m.Run(ctx, conf)
}
