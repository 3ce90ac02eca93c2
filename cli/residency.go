package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/halle-cloud/halle/client"
)

// Residency is where data may live.
type Residency struct {
	Import residencyImport `cmd:"" help:"Put facts about clouds from a YAML file over what is known, as the operator."`
	Facts  residencyFacts  `cmd:"" help:"List the regions and who is behind them."`
	Policy residencyPolicy `cmd:"" help:"Show what an organisation is held to, or set its own layer."`
}

type residencyImport struct {
	File string `arg:"" help:"The facts as YAML." type:"existingfile"`
}

// Run imports.
func (a residencyImport) Run(ctx context.Context, o Out, name profileName) error {
	b, err := os.ReadFile(a.File)
	if err != nil {
		return err
	}
	c, err := name.client()
	if err != nil {
		return err
	}
	f, err := c.ImportResidencyFacts(ctx, b)
	if err != nil {
		return err
	}
	return o.Show(f, func(w io.Writer) error {
		if f.Proposal != "" {
			return waits(w, f.Proposal)
		}
		_, err := fmt.Fprintf(w, "Version %d of the facts: %d regions in %d clouds, %d entities, %d certificates.\n", f.Version, f.Regions, f.Clouds, f.Entities, f.Certificates)
		return err
	})
}

type residencyFacts struct{}

// Run lists.
func (residencyFacts) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	known, err := c.GetResidencyFacts(ctx)
	if err != nil {
		return err
	}
	return o.Show(known, func(w io.Writer) error {
		return table(w, "There is no region.", []string{"REGION", "CLOUD", "PLACE", "DRIVER", "CAPACITY", "EVIDENCE"}, rowsOf(known.Facts.Regions, func(r client.ResidencyRegion) []string {
			return []string{r.Key, r.Cloud, r.City + ", " + r.Country, r.Driver, fmt.Sprint(r.Capacity), r.Evidence}
		}))
	})
}

type residencyPolicy struct {
	Set       string   `help:"File with the layer as JSON, in place of the flags below." type:"existingfile" placeholder:"FILE"`
	Countries []string `help:"Set: countries where data may lie, or a group such as EEA."`
	RefuseLaw []string `help:"Set: countries whose law may reach nobody in the chain, or non-EEA."`
	Capital   string   `help:"Set: how much of anybody in the chain may belong to one holder from outside the EU and to all of them, in percent, as in 24/39." placeholder:"ONE/ALL"`
	Market    string   `help:"Set it for all customers of this market, as the operator."`
	Org       string   `help:"Organisation; your own when it is missing."`
}

func (a residencyPolicy) layer() (layer client.NewLayer, set bool, err error) {
	if a.Set != "" {
		b, err := os.ReadFile(a.Set)
		if err == nil {
			err = json.Unmarshal(b, &layer)
		}
		return layer, true, err
	}
	layer.All = &client.ResidencyRule{Countries: a.Countries, RefusedLaws: a.RefuseLaw}
	if a.Capital != "" {
		one, all, _ := strings.Cut(a.Capital, "/")
		layer.All.Capital = &client.ResidencyCapital{Within: []string{"EU"}, Single: one, Together: all}
	}
	return layer, len(a.Countries)+len(a.RefuseLaw)+len(a.Capital) > 0, nil
}

// Run shows or sets.
func (a residencyPolicy) Run(ctx context.Context, o Out, name profileName) error {
	layer, set, err := a.layer()
	if err != nil {
		return err
	}
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	if set && a.Market != "" {
		v, err := c.SetMarketPolicy(ctx, a.Market, layer)
		return o.layer(v, err)
	}
	if set {
		v, err := c.SetResidencyPolicy(ctx, org, layer)
		return o.layer(v, err)
	}
	p, err := c.GetResidencyPolicy(ctx, org)
	if err != nil {
		return err
	}
	return o.Show(p, func(w io.Writer) error {
		var rows [][]string
		for _, l := range p.Layers {
			rows = append(rows, ruleRow(l.From, "all", l.All))
			for class, rule := range l.Classes {
				rows = append(rows, ruleRow(l.From, class, rule))
			}
		}
		return table(w, "There is no policy: everything is refused.", []string{"SET BY", "DATA", "COUNTRIES", "REFUSED LAWS", "CAPITAL", "CERTIFICATES", "EVIDENCE"}, rows)
	})
}

func ruleRow(from, class string, r client.ResidencyRule) []string {
	var needs []string
	for _, n := range r.Certificates {
		needs = append(needs, n.Type)
	}
	capital := ""
	if c := r.Capital; c != nil {
		capital = c.Single + "/" + c.Together + " % outside " + strings.Join(c.Within, " ")
	}
	return []string{from, class, strings.Join(r.Countries, " "), strings.Join(r.RefusedLaws, " "), capital, strings.Join(needs, " "), r.MinEvidence}
}

// waits says that nothing holds yet.
func waits(w io.Writer, proposal string) error {
	_, err := fmt.Fprintf(w, "Nothing changed yet: a second person has to agree (halle policy approve %s).\n", proposal)
	return err
}

func (o Out) layer(v client.LayerVersion, err error) error {
	if err != nil {
		return err
	}
	return o.Show(v, func(w io.Writer) error {
		if v.Proposal != "" {
			return waits(w, v.Proposal)
		}
		_, err := fmt.Fprintf(w, "Version %d of the policy of %s holds from now on.\n", v.Version, v.Scope)
		return err
	})
}
