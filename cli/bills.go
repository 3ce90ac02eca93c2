package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/internal/fail"
)

type orgBills struct {
	Org string            `arg:"" optional:"" help:"Organisation; your own when it is missing."`
	Set map[string]string `help:"Change one: reference, order, centre or tag; an empty value takes it away. May be given several times." placeholder:"NAME=VALUE"`
}

// Run shows what stands on the bills, or changes it.
func (a orgBills) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	b, err := c.GetBillData(ctx, org)
	if err != nil {
		return err
	}
	fields := map[string]*string{"reference": &b.BuyerReference, "order": &b.PurchaseOrder, "centre": &b.CostCentre, "tag": &b.CostTag}
	for key, value := range a.Set {
		if fields[key] == nil {
			return fail.New(fail.Invalid, "cli.bills", "There is no "+key+" on bills.", "Use reference, order, centre or tag.")
		}
		*fields[key] = value
	}
	if len(a.Set) > 0 {
		if b, err = c.SetBillData(ctx, org, b); err != nil {
			return err
		}
	}
	return o.Show(b, func(w io.Writer) error {
		return pairs(w, "reference", b.BuyerReference, "purchase order", b.PurchaseOrder, "cost centre", b.CostCentre, "cost centre of a service", "its tag "+orWord(b.CostTag, "cost-centre"))
	})
}

func orWord(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

type orgCompany struct {
	Org    string            `arg:"" optional:"" help:"Organisation; your own when it is missing."`
	Entity string            `help:"Which of its legal entities; the first when it is missing." placeholder:"LGE"`
	Set    map[string]string `help:"Change one, such as city=Lyon or endpointKind=0225; an empty value takes it away. May be given several times." placeholder:"NAME=VALUE"`
}

// Run shows a legal entity with all that it tells on bills, or changes it.
func (a orgCompany) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	e, err := entityOf(ctx, c, org, a.Entity)
	if err != nil {
		return err
	}
	if len(a.Set) > 0 {
		if e, err = changed(e, a.Set); err != nil {
			return err
		}
		if e, err = c.SetEntity(ctx, org, e); err != nil {
			return err
		}
	}
	return o.Show(e, func(w io.Writer) error {
		known, err := asMap(e)
		if err != nil {
			return err
		}
		var words []string
		for _, key := range slices.Sorted(maps.Keys(known)) {
			words = append(words, key, strings.ReplaceAll(known[key], "\n", ", "))
		}
		return pairs(w, words...)
	})
}

// entityOf is a legal entity of an organisation, its first for "".
func entityOf(ctx context.Context, c *client.Client, org, id string) (client.Entity, error) {
	list, err := c.ListEntities(ctx, org)
	if err != nil {
		return client.Entity{}, err
	}
	i := slices.IndexFunc(list.Items, func(e client.Entity) bool { return id == "" || e.ID == id })
	if i < 0 {
		return client.Entity{}, fail.Missing("legal entity", id)
	}
	return list.Items[i], nil
}

// asMap is an entity and its details as one list of names and texts.
func asMap(e client.Entity) (map[string]string, error) {
	out := map[string]string{}
	for _, part := range []any{e, e.Details} {
		text, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			return nil, err
		}
		for key, value := range fields {
			if text, ok := value.(string); ok {
				out[key] = text
			}
		}
	}
	return out, nil
}

// changed is an entity with fields, of its own or of its details, set by their names in the API.
func changed(e client.Entity, set map[string]string) (client.Entity, error) {
	if e.Details == nil {
		e.Details = new(client.EntityDetails)
	}
	for key, value := range set {
		text, err := json.Marshal(map[string]string{key: value})
		if err != nil {
			return e, err
		}
		if strict(text, e.Details) != nil && (key == "id" || strict(text, &e) != nil) {
			return e, fail.New(fail.Invalid, "cli.company", "A company has no "+key+".", "halle org company shows what it has; docs/einvoice.md lists all.")
		}
	}
	return e, nil
}

func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
