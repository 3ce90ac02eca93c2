package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/placement"
	"github.com/halle-cloud/halle/provision"
)

// What the demo's device does.
const (
	messages  = 1000
	connected = 4 * time.Second
)

// story tells the cycle step by step, with measured times.
type story struct {
	h         *house
	cast      cast
	out       io.Writer
	start     time.Time
	proofFile string
}

// line prints one step: its name, what happened, and a figure at the right.
func (s *story) line(step, text, figure string) {
	const width = 84
	gap := max(2, width-len([]rune(text)))
	_, _ = fmt.Fprintf(s.out, " %-10s %s%*s%s\n", step, text, gap, "", figure)
}

func took(start time.Time) string {
	d := time.Since(start)
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// tell runs the whole cycle.
func (s *story) tell(ctx context.Context) error {
	_, _ = fmt.Fprintf(s.out, "\nHalle, the cloud broker. One order, through the whole cycle, on this machine.\n\n")
	o, err := s.order(ctx, "m2m-broker", "flex", "health", nil)
	if err != nil {
		return err
	}
	if err := s.place(ctx, o); err != nil {
		return err
	}
	if err := s.refused(ctx); err != nil {
		return err
	}
	subscription, err := s.provision(ctx, o)
	if err != nil {
		return err
	}
	if err := s.use(ctx, subscription); err != nil {
		return err
	}
	invoice, err := s.leave(ctx, subscription)
	if err != nil {
		return err
	}
	if err := s.prove(ctx, invoice); err != nil {
		return err
	}
	if err := s.furnish(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "\nThe whole story took %s. %d facts stand in the log.\n", took(s.start), s.entries(ctx))
	return err
}

func (s *story) entries(ctx context.Context) uint64 {
	n, err := s.h.tlog.Published(ctx)
	if err != nil {
		return 0
	}
	return n
}

// order places an order for Acme as its buyer would.
func (s *story) order(ctx context.Context, offer, plan, class string, parameters map[string]any) (order.Order, error) {
	if parameters == nil {
		parameters = map[string]any{"interval_ms": 1000}
	}
	settings, err := json.Marshal(parameters)
	if err != nil {
		return order.Order{}, err
	}
	start := time.Now()
	o, err := s.h.orders.Place(ctx, s.cast.acme, order.PlaceInput{Key: fmt.Sprintf("demo-%d", time.Now().UnixNano()), Language: "en",
		Items: []order.ItemInput{{Offer: offer, Plan: plan, DataClass: class, Parameters: settings}}})
	if err != nil {
		return o, fmt.Errorf("order: %w", err)
	}
	s.line("order", fmt.Sprintf("Acme Santé orders %q, plan %s, for %s data", o.Items[0].Terms.Name, plan, class), "accepted in "+took(start))
	return o, nil
}

// until waits for done, or for the order or the context to make waiting vain.
func until(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not happen in time: %w", what, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *story) decision(ctx context.Context, o order.Order) (d placement.Decision, err error) {
	err = until(ctx, "the placement", func() (bool, error) {
		list, err := s.h.placements.Decisions(ctx, s.cast.acme, o.ID)
		if len(list) > 0 {
			d = list[0]
		}
		return len(list) > 0, err
	})
	return d, err
}

// place shows every region with its reasons.
func (s *story) place(ctx context.Context, o order.Order) error {
	d, err := s.decision(ctx, o)
	if err != nil {
		return err
	}
	yes := 0
	for _, c := range d.Result.Candidates {
		if c.Allowed {
			yes++
		}
	}
	s.line("place", fmt.Sprintf("%d regions looked at, %d may hold it", len(d.Result.Candidates), yes), "")
	for _, c := range d.Result.Candidates {
		s.candidate(d, c)
	}
	return nil
}

func (s *story) candidate(d placement.Decision, c placement.Candidate) {
	name := strings.ToUpper(c.Region[:1]) + c.Region[1:]
	if c.Allowed {
		chosen := ""
		if c.Region == d.Region {
			chosen = ", the cheapest: chosen"
		}
		s.line("", fmt.Sprintf("%s: yes, %s an hour%s", name, c.Price, chosen), "")
		return
	}
	for i, r := range c.Reasons {
		text := r.Text
		if r.Clause != "" {
			text += " (" + r.Clause + ")"
		}
		if i == 0 {
			s.line("", name+": no. "+text, "")
		} else {
			s.line("", strings.Repeat(" ", len([]rune(name))+6)+text, "")
		}
	}
}

// refused orders an offer whose publisher answers to US law: no region can mend that.
func (s *story) refused(ctx context.Context) error {
	o, err := s.h.orders.Place(ctx, s.cast.acme, order.PlaceInput{Key: "demo-refused", Language: "en",
		Items: []order.ItemInput{{Offer: "atlantic-mqtt", Plan: "standard", DataClass: "personal", Parameters: json.RawMessage("{}")}}})
	if err != nil {
		return fmt.Errorf("order: %w", err)
	}
	d, err := s.decision(ctx, o)
	if err != nil {
		return err
	}
	if d.Region != "" {
		return fmt.Errorf("the order %s should have been refused", o.ID)
	}
	s.line("", "And \"Atlantic MQTT\" for personal data: refused in every region, also in Lyon:", "why? halle why "+o.ID)
	for _, c := range d.Result.Candidates {
		if c.Region == "lyon" && len(c.Reasons) > 0 {
			s.line("", "       "+c.Reasons[0].Text, "")
		}
	}
	return nil
}

// provision waits until the service runs.
func (s *story) provision(ctx context.Context, o order.Order) (string, error) {
	start := o.CreatedAt
	subscription := o.Items[0].Subscription
	err := until(ctx, "the start of the service", func() (bool, error) {
		now, err := s.h.orders.Order(ctx, s.cast.acme, o.ID)
		if err == nil && now.State.Final() && now.State != order.StateCompleted {
			err = fmt.Errorf("the order ended %s", now.State)
		}
		return err == nil && now.State == order.StateCompleted, err
	})
	if err != nil {
		return "", err
	}
	r, err := s.h.resources.Of(ctx, s.cast.acmeTechnical, subscription)
	if err != nil {
		return "", err
	}
	d, err := s.h.resources.Describe(ctx, "process", r.Target)
	if err != nil {
		return "", err
	}
	s.line("provision", fmt.Sprintf("a process of its own, isolation %q, TLS on %s", d.Isolation, r.Outputs["endpoint"]), "running after "+took(start))
	return subscription, nil
}

// credentials makes a device on the broker, as Acme's technician would.
func (s *story) credentials(ctx context.Context, subscription, name string) (*device, error) {
	var r provision.Resource
	var reply provision.ManageReply
	err := until(ctx, "the device's account", func() (ok bool, err error) {
		if r, err = s.h.resources.Of(ctx, s.cast.acmeTechnical, subscription); err != nil {
			return false, err
		}
		reply, err = s.h.resources.Manage(ctx, s.cast.acmeTechnical, subscription, provision.ManageRequest{Method: "POST", Path: "devices", Body: []byte(`{"name":"` + name + `"}`)})
		if fail.Is(err, fail.Unavailable) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return nil, err
	}
	var account struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	if err := json.Unmarshal(reply.Body, &account); err != nil || reply.Status >= 300 {
		return nil, errors.Join(fmt.Errorf("device account: status %d: %s", reply.Status, reply.Body), err)
	}
	return newDevice(r.Outputs["endpoint"], r.Outputs["ca.pem"], account.Name, account.Password)
}

// use sends messages with a real client while the application is killed once.
func (s *story) use(ctx context.Context, subscription string) error {
	start := time.Now()
	d, err := s.credentials(ctx, subscription, "pump-7")
	if err != nil {
		return err
	}
	r, err := s.h.resources.Of(ctx, s.cast.acmeTechnical, subscription)
	if err != nil {
		return err
	}
	killed := make(chan error, 1)
	for i := range messages {
		if i == messages/2 {
			go func() { killed <- killApplication(s.h.process.Folder(r.ID)) }()
		}
		if err := d.publish(ctx, "ward/3/pulse", fmt.Appendf(nil, `{"n":%d,"bpm":72}`, i)); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
	}
	if err := <-killed; err != nil {
		return fmt.Errorf("kill: %w", err)
	}
	sent := took(start)
	time.Sleep(time.Until(start.Add(connected))) // so that there is time connected to be paid for
	d.close()
	s.line("use", fmt.Sprintf("a real MQTT client sends %d messages; the broker is killed once with SIGKILL", messages), fmt.Sprintf("%d acknowledged in %s", messages, sent))
	s.line("", fmt.Sprintf("the client connected anew %d time, and sent %d again whose acknowledgement was lost", d.reconnects, d.resent), "")
	return nil
}

// leave cancels: the service drains, its last window closes, and the final invoice comes by itself.
func (s *story) leave(ctx context.Context, subscription string) (string, error) {
	start := time.Now()
	_, err := s.h.orders.Place(ctx, s.cast.acme, order.PlaceInput{Key: "demo-cancel", Language: "en", Items: []order.ItemInput{{Action: order.ActionCancel, Subscription: subscription}}})
	if err != nil {
		return "", fmt.Errorf("cancel: %w", err)
	}
	invoice := ""
	err = until(ctx, "the final invoice", func() (bool, error) {
		page, err := s.h.invoices.Invoices(ctx, s.cast.acme, s.cast.acme.Org, "")
		if err == nil && len(page.Invoices) > 0 {
			invoice = page.Invoices[0].ID
		}
		return invoice != "", err
	})
	if err != nil {
		return "", err
	}
	windows, err := s.h.meters.Windows(ctx, s.cast.acme, subscription, 0, 10)
	if err != nil {
		return "", err
	}
	for _, w := range windows.Windows {
		s.meterLine(w)
	}
	return invoice, s.invoiceLines(ctx, invoice, start)
}

func (s *story) meterLine(w usage.Window) {
	var parts []string
	for _, sum := range w.Sums {
		parts = append(parts, sum.Quantity+" "+sum.Unit+"s")
	}
	if len(parts) > 0 {
		s.line("meter", strings.Join(parts, ", ")+"; window closed", fmt.Sprintf("digest %x…", w.Digest[:4]))
	}
}

func (s *story) invoiceLines(ctx context.Context, invoice string, start time.Time) error {
	v, err := s.h.invoices.Invoice(ctx, s.cast.acme, invoice)
	if err != nil {
		return err
	}
	s.line("invoice", fmt.Sprintf("%s: %s + VAT %s = %s", v.Number, v.Net.Format("en"), v.VAT.Format("en"), v.Gross.Format("en")),
		fmt.Sprintf("%d lines, %s after the cancellation", v.Lines, took(start)))
	for _, l := range v.Document.Lines {
		s.line("", fmt.Sprintf("%-9s %8s → %s", l.Component, l.Quantity.String(), l.Amount.Format("en")), "")
	}
	return nil
}
