package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/halle-cloud/halle/client"
)

// Rules look at a policy before and after it holds.
type Rules struct {
	Explain policyExplain `cmd:"" help:"Say where data of a class may live, and each reason why not elsewhere."`
	Diff    policyDiff    `cmd:"" help:"Say what a change would newly allow or refuse, before it is made."`
	Test    policyTest    `cmd:"" help:"Check that a policy allows and refuses what a file of cases expects."`
	Waiting policyWaiting `cmd:"" help:"List changes that wait, or waited, for a second person."`
	Look    policyLook    `cmd:"" help:"Look at a change that waits, and at what it would do."`
	Approve policyApprove `cmd:"" help:"Let a change hold that somebody else proposed."`
	Reject  policyReject  `cmd:"" help:"Decline a change, or withdraw your own."`
}

// readLayer reads a layer from YAML or JSON.
func readLayer(path string) (layer client.NewLayer, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return layer, err
	}
	if b, err = yaml.YAMLToJSON(b); err == nil {
		err = json.Unmarshal(b, &layer)
	}
	if err != nil {
		err = fmt.Errorf("%s is not a layer: %w", path, err)
	}
	return layer, err
}

type policyExplain struct {
	Class  string `help:"Class of the data; the policy's default when it is missing."`
	Region string `help:"Region; every one when it is missing."`
	Offer  string `help:"Offer on the shelf; one of the operator's own when it is missing."`
	With   string `help:"File with a layer, in place of the organisation's own." type:"existingfile" placeholder:"FILE"`
	Org    string `help:"Organisation; your own when it is missing."`
}

// Run explains.
func (a policyExplain) Run(ctx context.Context, o Out, name profileName) error {
	ask := client.ResidencyAsk{Class: a.Class, Region: a.Region, Offer: a.Offer}
	if a.With != "" {
		layer, err := readLayer(a.With)
		if err != nil {
			return err
		}
		ask.Layer = &layer
	}
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	list, err := c.ExplainResidencyPolicy(ctx, org, client.ExplainResidencyPolicyRequest{Asks: []client.ResidencyAsk{ask}})
	if err != nil {
		return err
	}
	one := list.Items[0]
	return o.Show(one, func(w io.Writer) error {
		_, _ = fmt.Fprintf(w, "Data of the class %s is held to:\n", plain(one.Class))
		if err := demands(w, one); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(w)
		for _, v := range one.Verdicts {
			verdict(w, v)
		}
		return nil
	})
}

// demands lists what each layer asks of the class.
func demands(w io.Writer, e client.ResidencyExplanation) error {
	var rows [][]string
	for _, l := range e.Policy.Layers {
		rows = append(rows, ruleRow(l.From, "all", l.All))
		if rule, ok := l.Classes[e.Class]; ok {
			rows = append(rows, ruleRow(l.From, e.Class, rule))
		}
	}
	return table(w, "Nothing.", []string{"SET BY", "DATA", "COUNTRIES", "REFUSED LAWS", "CAPITAL", "CERTIFICATES", "EVIDENCE"}, rows)
}

func verdict(w io.Writer, v client.ResidencyVerdict) {
	if v.Allowed {
		_, _ = fmt.Fprintf(w, "%s: allowed\n", plain(v.Region))
		return
	}
	_, _ = fmt.Fprintf(w, "%s: refused\n", plain(v.Region))
	for _, r := range v.Reasons {
		clause := ""
		if r.Clause != "" {
			clause = " (" + plain(r.Clause) + ")"
		}
		_, _ = fmt.Fprintf(w, "  %s%s [%s]\n", plain(r.Text), clause, plain(r.Rule))
	}
}

type policyDiff struct {
	File   string `arg:"" help:"The layer as YAML or JSON, or with --facts the facts about clouds as YAML." type:"existingfile"`
	Facts  bool   `help:"The file is facts about clouds, as the operator."`
	Market string `help:"The layer is for all customers of this market, as the operator."`
	Org    string `help:"Organisation; your own when it is missing."`
}

// Run compares.
func (a policyDiff) Run(ctx context.Context, o Out, name profileName) error {
	e, err := a.effect(ctx, name)
	if err != nil {
		return err
	}
	return o.Show(e, func(w io.Writer) error { return showEffect(w, e) })
}

func (a policyDiff) effect(ctx context.Context, name profileName) (e client.ResidencyEffect, err error) {
	if a.Facts {
		b, err := os.ReadFile(a.File)
		if err != nil {
			return e, err
		}
		c, err := name.client()
		if err != nil {
			return e, err
		}
		return c.PreviewResidencyFacts(ctx, b)
	}
	layer, err := readLayer(a.File)
	if err != nil {
		return e, err
	}
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return e, err
	}
	if a.Market != "" {
		return c.PreviewMarketPolicy(ctx, a.Market, layer)
	}
	return c.PreviewResidencyPolicy(ctx, org, layer)
}

// showEffect says what a change would do.
func showEffect(w io.Writer, e client.ResidencyEffect) error {
	_, _ = fmt.Fprintf(w, "Of %d combinations of data, region and offer, %d would be newly allowed and %d newly refused.\n", e.Looked, e.Allowed, e.Refused)
	for _, l := range e.Loosens {
		class := l.Class
		if class == "" {
			class = "all data"
		}
		_, _ = fmt.Fprintf(w, "It demands less of %s: %s %s\n", plain(class), plain(l.Demand), plain(strings.Join(l.Values, " ")))
	}
	var rows [][]string
	for what, list := range map[string][]client.ResidencyCell{"allowed": e.Opened, "refused": e.Closed} {
		for _, c := range list {
			why := make([]string, len(c.Reasons))
			for i, r := range c.Reasons {
				why[i] = r.Rule
			}
			rows = append(rows, []string{what, c.Class, c.Region, c.Offer, strings.Join(why, " ")})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, _ = fmt.Fprintln(w)
	slices.SortFunc(rows, slices.Compare[[]string])
	return table(w, "", []string{"NEWLY", "DATA", "REGION", "OFFER", "REFUSED BY"}, rows)
}

// policyCase is what somebody expects of a policy.
type policyCase struct {
	Name    string   `yaml:"name"`
	Class   string   `yaml:"class"`
	Region  string   `yaml:"region"`
	Offer   string   `yaml:"offer"`
	Expect  string   `yaml:"expect"`
	Because []string `yaml:"because"`
}

type policyTest struct {
	File string `arg:"" help:"The cases as YAML: name, class, region, offer, expect (allowed or refused), because (rules)." type:"existingfile"`
	With string `help:"File with a layer to check, in place of the organisation's own." type:"existingfile" placeholder:"FILE"`
	Org  string `help:"Organisation; your own when it is missing."`
}

func (a policyTest) cases() (list []policyCase, err error) {
	b, err := os.ReadFile(a.File)
	if err != nil {
		return nil, err
	}
	var file struct {
		Cases []policyCase `yaml:"cases"`
	}
	if err := yaml.UnmarshalWithOptions(b, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s", a.File, yaml.FormatError(err, false, false))
	}
	for i, c := range file.Cases {
		if c.Expect != "allowed" && c.Expect != "refused" {
			return nil, fmt.Errorf("%s: case %d (%s) expects %q: write allowed or refused", a.File, i+1, c.Name, c.Expect)
		}
	}
	if len(file.Cases) == 0 {
		return nil, fmt.Errorf("%s has no cases", a.File)
	}
	return file.Cases, nil
}

// Run checks every case; one that fails makes the command fail.
func (a policyTest) Run(ctx context.Context, o Out, name profileName) error {
	cases, err := a.cases()
	if err != nil {
		return err
	}
	var layer *client.NewLayer
	if a.With != "" {
		l, err := readLayer(a.With)
		if err != nil {
			return err
		}
		layer = &l
	}
	asks := make([]client.ResidencyAsk, len(cases))
	for i, one := range cases {
		asks[i] = client.ResidencyAsk{Class: one.Class, Region: one.Region, Offer: one.Offer, Layer: layer}
	}
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	list, err := c.ExplainResidencyPolicy(ctx, org, client.ExplainResidencyPolicyRequest{Asks: asks})
	if err != nil {
		return err
	}
	out := policyResults{Results: make([]policyResult, len(cases))}
	for i, one := range cases {
		out.Results[i] = policyResult{Name: one.Name, Complaints: one.complaints(list.Items[i].Verdicts)}
		if len(out.Results[i].Complaints) > 0 {
			out.Failed++
		}
	}
	if err := o.Show(out, out.write); err != nil {
		return err
	}
	if out.Failed > 0 {
		return fmt.Errorf("%d of %d cases failed", out.Failed, len(cases))
	}
	return nil
}

type policyResult struct {
	Name       string   `json:"name"`
	Complaints []string `json:"complaints,omitempty"`
}

type policyResults struct {
	Failed  int            `json:"failed"`
	Results []policyResult `json:"results"`
}

func (p policyResults) write(w io.Writer) error {
	for _, one := range p.Results {
		state := "ok  "
		if len(one.Complaints) > 0 {
			state = "FAIL"
		}
		_, _ = fmt.Fprintln(w, state, plain(one.Name))
		for _, text := range one.Complaints {
			_, _ = fmt.Fprintln(w, "    "+plain(text))
		}
	}
	return nil
}

// complaints are how the verdicts differ from what was expected.
func (c policyCase) complaints(verdicts []client.ResidencyVerdict) (out []string) {
	for _, v := range verdicts {
		rules := map[string]bool{}
		for _, r := range v.Reasons {
			rules[r.Rule] = true
		}
		switch {
		case v.Allowed && c.Expect == "refused":
			out = append(out, v.Region+" is allowed")
		case !v.Allowed && c.Expect == "allowed":
			out = append(out, v.Region+" is refused: "+v.Reasons[0].Text)
		}
		for _, want := range c.Because {
			if !v.Allowed && !rules[want] {
				out = append(out, v.Region+" is not refused by "+want)
			}
		}
	}
	return out
}
