package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/client"
)

// Services lists what an organisation has.
type Services struct {
	Org    string `help:"Organisation; your own when it is missing."`
	Branch bool   `help:"Also of all organisations below it."`
	State  string `help:"Only in this state, such as active."`
	Tag    string `help:"Only those that bear it." placeholder:"KEY=VALUE"`
}

// Run lists.
func (a Services) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	services, err := pages(0, func(cursor string) ([]client.Service, string, error) {
		l, err := c.ListServices(ctx, client.ListServicesParams{Cursor: cursor, Org: a.Org, Branch: a.Branch, State: a.State, Tag: a.Tag})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, services, "There is no service.", []string{"SERVICE", "NAME", "PLAN", "STATE", "CONDITION", "REGION", "EVERY MONTH"}, func(s client.Service) []string {
		return []string{s.ID, s.Deal.Name, s.Deal.PlanName, s.State, s.Condition, s.Region, s.Deal.Recurring}
	})
}

// Service is what one does with a service.
type Service struct {
	Show    serviceShow    `cmd:"" help:"Show a service."`
	Connect serviceConnect `cmd:"" help:"Show how to reach a service, with its secrets."`
	Suspend serviceSuspend `cmd:"" help:"Stop a service for a while."`
	Resume  serviceResume  `cmd:"" help:"Let a service go on."`
	Change  serviceChange  `cmd:"" help:"Order another plan or other settings."`
	Cancel  serviceCancel  `cmd:"" help:"End a service for good."`
	Tag     serviceTag     `cmd:"" help:"Put tags on a service, by which costs are split, or take them away."`
	Devices serviceDevices `cmd:"" help:"Manage the devices of a message broker."`
}

// serviceArg names a service.
type serviceArg struct {
	Service string `arg:"" help:"Id of the service (sub_…)."`
}

type serviceShow struct{ serviceArg }

// Run shows.
func (a serviceShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	s, err := c.GetService(ctx, a.Service)
	if err != nil {
		return err
	}
	return o.Show(s, func(w io.Writer) error {
		lines := []string{"service", s.ID, "name", s.Deal.Name, "plan", s.Deal.PlanName, "state", s.State, "reasons", strings.Join(s.Reasons, ", "),
			"condition", s.Condition, "region", s.Region, "every month", s.Deal.Recurring + " (" + s.Deal.Basis + ")", "since", when(s.ActivatedAt),
			"trial until", when(s.TrialUntil), "bound until", when(s.TermUntil), "ended", when(s.EndedAt), "tags", tagText(s.Tags)}
		return pairs(w, append(lines, values(s.Outputs)...)...)
	})
}

// values lists a map in the order of its names.
func values(m map[string]string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k, m[k])
	}
	return out
}

type serviceConnect struct{ serviceArg }

// Run shows.
func (a serviceConnect) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	conn, err := c.GetConnection(ctx, a.Service)
	if err != nil {
		return err
	}
	return o.Show(conn, func(w io.Writer) error {
		for _, k := range slices.Sorted(maps.Keys(conn.Outputs)) {
			if v := conn.Outputs[k]; strings.Contains(v, "\n") { // a certificate: as it is, to be copied
				_, _ = fmt.Fprintf(w, "%s:\n%s\n", k, v)
				delete(conn.Outputs, k)
			}
		}
		return pairs(w, append(values(conn.Outputs), values(conn.Secrets)...)...)
	})
}

type serviceSuspend struct{ serviceArg }

// Run suspends.
func (a serviceSuspend) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.service(c.SuspendService(ctx, a.Service, client.SuspendServiceParams{}))
}

// service says where a service stands.
func (o Out) service(s client.Service, err error) error {
	if err != nil {
		return err
	}
	return o.Show(s, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s (%s) is %s.\n", s.ID, s.Deal.Name, s.State)
		return err
	})
}

type serviceResume struct{ serviceArg }

// Run resumes.
func (a serviceResume) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.service(c.ResumeService(ctx, a.Service, client.ResumeServiceParams{}))
}

type serviceChange struct {
	serviceArg
	settings
	patience
	Plan string `help:"The new plan; the present one stays when it is missing."`
	Key  string `help:"Idempotency key: the same key orders once." placeholder:"TEXT"`
}

// Run orders the change.
func (a serviceChange) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	params, err := a.json()
	if err != nil {
		return err
	}
	order, err := c.ChangeService(ctx, a.Service, client.ChangeServiceParams{IdempotencyKey: orKey(a.Key)}, client.ServiceChange{Plan: a.Plan, Parameters: params})
	if err != nil {
		return err
	}
	if !a.Wait {
		return showOrder(o, order)
	}
	return waitOrder(ctx, o, c, order, a.Timeout)
}

type serviceCancel struct {
	serviceArg
	patience
}

// Run cancels.
func (a serviceCancel) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	s, err := c.CancelService(ctx, a.Service, client.CancelServiceParams{})
	if err != nil || !a.Wait {
		return o.service(s, err)
	}
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	for s.EndedAt.IsZero() {
		if err := client.Wait(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("the service %s is still %s.\nLook again: halle service show %s", s.ID, s.State, s.ID)
		}
		d, err := c.GetService(ctx, a.Service)
		if err != nil {
			return err
		}
		s.State, s.EndedAt = d.State, d.EndedAt
	}
	return o.service(s, nil)
}

// device is one device of a message broker.
type device struct {
	Name     string    `json:"name"`
	Prefix   string    `json:"prefix,omitempty"`
	Password string    `json:"password,omitempty"`
	Created  time.Time `json:"created,omitzero"`
}

type serviceDevices struct {
	List   devicesList   `cmd:"" help:"List the devices."`
	Add    devicesAdd    `cmd:"" help:"Add a device; its password is shown this once."`
	Remove devicesRemove `cmd:"" help:"Remove a device; its connections end at once."`
}

type devicesList struct{ serviceArg }

// Run lists.
func (a devicesList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	raw, err := c.ReadManaged(ctx, a.Service, "devices")
	if err != nil {
		return err
	}
	var devices []device
	if err := json.Unmarshal(raw, &devices); err != nil {
		return fmt.Errorf("the application's answer: %w", err)
	}
	return list(o, devices, "There is no device.", []string{"DEVICE", "PREFIX", "ADDED"}, func(d device) []string {
		return []string{d.Name, d.Prefix, when(d.Created)}
	})
}

type devicesAdd struct {
	serviceArg
	Name   string `arg:"" help:"Name of the device."`
	Prefix string `help:"The only topics that it may use: those that begin so."`
}

// Run adds.
func (a devicesAdd) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	body, err := json.Marshal(device{Name: a.Name, Prefix: a.Prefix})
	if err != nil {
		return err
	}
	raw, err := c.ChangeManaged(ctx, a.Service, "devices", body)
	if err != nil {
		return err
	}
	var d device
	if err := json.Unmarshal(raw, &d); err != nil {
		return fmt.Errorf("the application's answer: %w", err)
	}
	return o.Show(d, func(w io.Writer) error {
		return pairs(w, "device", d.Name, "password", d.Password)
	})
}

type devicesRemove struct {
	serviceArg
	Name string `arg:"" help:"Name of the device."`
}

// Run removes.
func (a devicesRemove) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if _, err := c.DeleteManaged(ctx, a.Service, "devices/"+a.Name); err != nil {
		return err
	}
	return o.done("Removed " + a.Name + ".")
}
