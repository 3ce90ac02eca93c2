package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// Who a work order waits for, as Need.Who says.
const (
	WhoCustomer  = "customer"
	WhoPublisher = "publisher"
	WhoOperator  = "operator"
)

// WorkOrder is an operation that waits for a person.
type WorkOrder struct {
	Run      Run
	Resource Resource
}

// WorkOrders lists what waits for a person below the caller's organisation, oldest first (workorder.read).
func (s *Resources) WorkOrders(ctx context.Context, c access.Caller) ([]WorkOrder, error) {
	if err := s.Policy.Check(c, access.WorkOrderRead, access.Resource{Type: "work order", Org: c.Org, Path: c.Path}); err != nil {
		return nil, err
	}
	var list []WorkOrder
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		runs, err := store.All(tx, scanRun, "SELECT "+runColumns+" FROM operation WHERE phase = $1 ORDER BY id", PhaseNeedsInput)
		if err != nil {
			return err
		}
		list = nil
		for _, o := range runs {
			r, err := selectResource(tx, o.Resource)
			if err != nil {
				return err
			}
			if c.Covers(r.Path) {
				list = append(list, WorkOrder{Run: o, Resource: r})
			}
		}
		return nil
	})
	return list, err
}

// WorkOrdersFor lists what waits for the people of a publisher, oldest first (workorder.fulfil). They see what was ordered,
// not who works there.
func (s *Resources) WorkOrdersFor(ctx context.Context, c access.Caller) (list []WorkOrder, err error) {
	if err := s.Policy.Check(c, access.WorkOrderFulfil, access.Resource{Type: "work order", Org: c.Org, Path: c.Path}); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		runs, err := store.All(tx, scanRun, "SELECT "+runColumns+` FROM operation WHERE phase = $1 AND resource IN
			(SELECT id FROM resource WHERE publisher = $2) ORDER BY id`, PhaseNeedsInput, c.Org)
		list = nil
		for _, o := range runs {
			r, err := selectResource(tx, o.Resource)
			if err != nil {
				return err
			}
			if o.Need != nil && o.Need.Who == WhoPublisher {
				list = append(list, WorkOrder{Run: o, Resource: r})
			}
		}
		return err
	})
	return list, err
}

// Answer does a work order's present step: input must fit the need's schema. The customer's own step needs
// workorder.accept, the publisher's workorder.fulfil in the organisation that publishes, any other workorder.do.
func (s *Resources) Answer(ctx context.Context, c access.Caller, operation string, input json.RawMessage) error {
	var o Run
	var r Resource
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if o, err = selectRun(tx, operation); err != nil {
			return err
		}
		r, err = selectResource(tx, o.Resource)
		return err
	})
	if err != nil {
		return err
	}
	action, on := access.WorkOrderDo, access.Resource{Type: "operation", ID: operation, Org: r.Org, Path: r.Path}
	switch {
	case o.Need != nil && o.Need.Who == WhoCustomer:
		action = access.WorkOrderAccept
	case o.Need != nil && o.Need.Who == WhoPublisher && c.Org == r.Publisher:
		action, on.Org, on.Path = access.WorkOrderFulfil, c.Org, c.Path
	}
	if err := s.Policy.Check(c, action, on); err != nil {
		return err
	}
	if err := fits(o.Need, input); err != nil {
		return err
	}
	return s.answer(ctx, operation, input)
}

// fits checks an answer against the schema of the need (JSON Schema 2020-12), which comes from a driver.
func fits(need *Need, input json.RawMessage) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(input))
	if err != nil {
		return fail.New(fail.Invalid, "provision.answer", "The answer is not JSON.", "Send one JSON object.").Wrap(err)
	}
	if need == nil || len(need.Schema) == 0 {
		return nil
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(need.Schema))
	if err != nil {
		return fmt.Errorf("schema of the need: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{}) // a schema refers to nothing outside itself
	if err := compiler.AddResource("need.json", doc); err != nil {
		return fmt.Errorf("schema of the need: %w", err)
	}
	schema, err := compiler.Compile("need.json")
	if err != nil {
		return fmt.Errorf("schema of the need: %w", err)
	}
	if err := schema.Validate(value); err != nil {
		return fail.New(fail.Invalid, "provision.answer", "The answer does not fit what is asked.", need.Prompt).Field("input", err.Error())
	}
	return nil
}
