package main

import (
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/halle-cloud/halle/internal/config"
)

type configCommand struct {
	Config string `help:"Configuration file (TOML)." type:"path"`
}

// Run prints the table of settings.
func (c configCommand) Run(w console) error {
	conf, err := config.Load(c.Config, os.Environ())
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "setting\tvariable\tvalue\twhat it is")
	for _, s := range conf.Settings() {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.Name, s.Variable, s.Value, s.Help)
	}
	return t.Flush()
}
