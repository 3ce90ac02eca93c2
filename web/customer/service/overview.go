package service

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/part"
	tag "github.com/halle-cloud/halle/web/design/price"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/site"
)

// overview is the page of a service.
func (d *pages) overview(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	sheet := d.sheet(r, s.Subscription, "")
	if s.State == subscription.StatePending {
		sheet.Refresh = 3
		sheet.Main = append(sheet.Main, site.Block{Template: "states.empty", View: states.Empty{Icon: "clock", Title: r.T("service.making"), Text: r.T("service.making.text"), Action: &button.Button{Text: r.T("service.order"), URL: "/orders/" + s.Deal.Order}}})
	}
	if !s.State.Final() && s.State != subscription.StatePending {
		sheet.Main = append(sheet.Main, connect(r, s.Subscription)...)
	}
	sheet.Main = append(sheet.Main, site.Block{Title: r.T("service.about"), Template: "details", View: about(r, s.Subscription)})
	bar, err := d.availability(r, s.Subscription)
	if err != nil {
		return err
	}
	sheet.Main = append(sheet.Main, bar...)
	sheet.Main = append(sheet.Main, d.ways(r, s.Subscription)...)
	if sheet.Side, err = d.side(r, s); err != nil {
		return err
	}
	return r.OK(sheet)
}

// connect says how to reach the service, in commands that can be copied.
func connect(r *site.Request, s subscription.Subscription) (out []site.Block) {
	endpoint := s.Outputs["endpoint"]
	if endpoint == "" {
		return nil
	}
	out = append(out, site.Block{ID: "connect", Title: r.T("service.connect"), Template: "code", View: code.Block{ID: "endpoint", Label: r.T("service.endpoint"), Text: endpoint}})
	if s.Deal.Kind != "m2m" {
		return out
	}
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return out
	}
	ca := r.Site().Options().Commands.CAFile
	command := func(program, rest string) string {
		return fmt.Sprintf("%s -h %s -p %s --cafile %s \\\n  -u DEVICE -P \"$PASSWORD\" -q 1 -t greetings %s", program, host, port, ca, rest)
	}
	if s.Outputs["ca.pem"] != "" {
		out[0].Links = []part.Link{{Text: r.T("service.ca"), URL: serviceURL(s.ID, "/ca.pem")}, {Text: r.T("service.devices.add"), URL: serviceURL(s.ID, "/devices")}}
	}
	return append(out, site.Block{Text: r.T("service.listen.text"), Template: "code", View: code.Block{ID: "listen", Label: r.T("service.listen"), Text: command("mosquitto_sub", "-v")}},
		site.Block{Template: "code", View: code.Block{ID: "send", Label: r.T("service.send"), Text: command("mosquitto_pub", `-m "hello"`)}})
}

// authority is the certificate by which clients know the service.
func (d *pages) authority(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	pem := s.Outputs["ca.pem"]
	if pem == "" {
		return fail.Missing("certificate", s.ID)
	}
	return r.File(r.Site().Options().Commands.CAFile, "application/x-pem-file", []byte(pem))
}

func about(r *site.Request, s subscription.Subscription) details.List {
	l := details.List{Items: []details.Item{{Name: r.T("service.plan"), Value: s.Deal.Name + ", " + s.Deal.PlanName}}}
	if s.State.Runs() {
		l.Items[0].Change = &part.Link{Text: r.T("service.change"), URL: serviceURL(s.ID, "/change")}
	}
	add := func(key, value string) {
		if value != "" {
			l.Items = append(l.Items, details.Item{Name: r.T(key), Value: value})
		}
	}
	l.Items = append(l.Items, tagItem(r, s))
	add("class.label", customer.Class(r, s.Deal.DataClass))
	if !s.ActivatedAt.IsZero() {
		add("service.since", r.L.Instant(s.ActivatedAt))
	}
	if !s.TrialUntil.IsZero() {
		add("service.trial", r.L.Instant(s.TrialUntil))
	}
	if !s.TermUntil.IsZero() {
		add("service.term", r.L.Instant(s.TermUntil))
	}
	if !s.EndedAt.IsZero() {
		add("service.ended", r.L.Instant(s.EndedAt))
	}
	if len(s.Reasons) > 0 {
		add("service.why", r.T("service.reason."+string(s.Reasons[0])))
	}
	l.Items = append(l.Items, details.Item{Name: r.T("order.contract"), Value: fmt.Sprintf("%.12s…", s.Deal.Contract), Change: &part.Link{Text: r.T("shop.contract.read"), URL: "/offers/" + s.Deal.Key + "/contract"}},
		details.Item{Name: r.T("service.number"), Value: s.ID, Change: &part.Link{Text: r.T("service.order"), URL: "/orders/" + s.Deal.Order}})
	return l
}

// side is where it runs and what it costs.
func (d *pages) side(r *site.Request, s subscription.Detail) (out []site.Block, err error) {
	badge, ok, err := customer.PlaceOf(d.Services, r, s.Region, "/orders/"+s.Deal.Order)
	if err != nil {
		return nil, err
	}
	if ok {
		out = append(out, site.Block{Title: r.T("service.place"), Template: "place", View: badge})
	}
	cost, err := d.cost(r, s.Subscription)
	if err != nil {
		return nil, err
	}
	return append(out, cost...), nil
}

// cost is what has come together since the last invoice. Who may not read it sees the price only.
func (d *pages) cost(r *site.Request, s subscription.Subscription) ([]site.Block, error) {
	costs, err := d.Ratings.CostNow(r.Context(), r.Caller, s.Org)
	if err != nil && !fail.Is(err, fail.Denied) {
		return nil, err
	}
	i := slices.IndexFunc(costs, func(c rating.Cost) bool { return c.Subscription == s.ID })
	view := costView{Monthly: customer.Monthly(r, s.Deal.Recurring), Usage: serviceURL(s.ID, "/usage")}
	if err == nil && i < 0 {
		view.Now = r.T("service.cost.nothing")
	}
	if i >= 0 {
		view.Now = r.L.Money(customer.Money(costs[i].Total))
		view.Basis = r.T("service.cost." + string(costs[i].Basis))
		var list price.Version
		if err := json.Unmarshal(s.Deal.Price, &list); err != nil {
			return nil, err
		}
		for _, p := range costs[i].Parts {
			name := p.Component
			if key := "component." + string(p.Kind); r.L.Has(key) {
				name = r.T(key)
			}
			if c, err := list.Component(p.Component); err == nil {
				name = customer.Component(r, s.Deal.Meters, *c)
			}
			view.Parts = append(view.Parts, tag.Line{Name: name, Amount: customer.Money(p.Amount)})
		}
	}
	return []site.Block{{Title: r.T("service.cost"), Template: "service/cost", View: view, Card: true}}, nil
}

type costView struct {
	Now, Basis, Monthly, Usage string
	Parts                      []tag.Line
}

// ways are what can be done now, each with what it costs or stops.
func (d *pages) ways(r *site.Request, s subscription.Subscription) []site.Block {
	may := func(a access.Action) bool {
		return d.Policy.Check(r.Caller, a, access.Resource{Type: "service", ID: s.ID, Org: s.Org, Path: s.Path}) == nil
	}
	var rows []button.Button
	if s.State.Runs() && may(access.ServiceSuspend) {
		rows = append(rows, button.Button{Text: r.T("service.suspend"), URL: serviceURL(s.ID, "/suspend")})
	}
	if s.State == subscription.StateSuspended && may(access.ServiceResume) {
		rows = append(rows, button.Button{Text: r.T("service.resume"), URL: serviceURL(s.ID, "/resume"), Post: true, Kind: button.Primary})
	}
	if !s.State.Final() && s.State != subscription.StateCancelling && s.State != subscription.StatePending && may(access.ServiceCancel) {
		rows = append(rows, button.Button{Text: r.T("service.cancel"), URL: serviceURL(s.ID, "/cancel")})
	}
	if len(rows) == 0 {
		return nil
	}
	return []site.Block{{ID: "ways", Title: r.T("service.ways"), Text: r.T("service.ways.text"), Template: "site/buttons", View: site.Rows{Buttons: rows}}}
}
