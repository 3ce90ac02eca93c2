package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// shownEvents is how many events stand on one page of a window; the file has all of them.
const shownEvents = 100

// errEnough ends the reading of events early.
var errEnough = errors.New("enough events were read")

// window is one closed window with the events that it was made of, each of which can be disputed.
func (d *pages) window(r *site.Request) error {
	s, w, err := d.readWindow(r)
	if err != nil {
		return err
	}
	sheet := d.sheet(r, s.Subscription, "usage")
	sheet.Main = []site.Block{{Title: r.T("usage.window"), Text: r.T("usage.window.text"), Template: "details", View: details.List{Items: []details.Item{
		{Name: r.T("usage.window.span"), Value: r.L.Instant(w.From) + " – " + r.L.Instant(w.To)}, {Name: r.T("usage.window.sums"), Value: sums(r, s.Subscription, w)},
		{Name: r.T("usage.window.events"), Value: r.L.Number(w.Events)}, {Name: r.T("usage.window.digest"), Value: fmt.Sprintf("%x", w.Digest)},
		{Name: r.T("usage.window.closed"), Value: r.L.Instant(w.ClosedAt)}}}}}
	if w.Corrects != "" {
		sheet.Main[0].Links = []part.Link{{Text: r.T("usage.window.corrects"), URL: serviceURL(s.ID, "/windows/"+w.Corrects)}}
	}
	sheet.Actions = []button.Button{{Text: r.T("usage.window.file"), URL: serviceURL(s.ID, "/windows/"+w.ID+"/file"), Icon: "download"}}
	if w.Events > 0 {
		events, err := d.events(r, s.Subscription, w)
		if err != nil {
			return err
		}
		sheet.Main = append(sheet.Main, events)
	}
	return r.OK(sheet)
}

// events is one page of a window's events.
func (d *pages) events(r *site.Request, s subscription.Subscription, w usage.Window) (site.Block, error) {
	t := table.Table{ID: "events", Caption: r.T("usage.events"), Query: table.Parse(r.URL), Found: w.Events,
		Columns: []table.Column{{Name: r.T("usage.event")}, {Name: r.T("usage.event.amount"), Numeric: true}, {Name: r.T("usage.event.labels"), Hidden: true}, {Name: r.T("usage.event.right")}},
		Empty:   states.Empty{Icon: "clock", Title: r.T("usage.windows.none"), Text: r.T("usage.windows.none.text")}}
	doubts, err := d.doubts(r, s.Org, w.ID)
	if err != nil {
		return site.Block{}, err
	}
	from, err := strconv.Atoi(t.Query.After())
	if err != nil {
		from = 0
	}
	may := desk.MayDispute(d.Policy, r.Caller)
	n := 0
	err = d.Meters.WindowEvents(r.Context(), r.Caller, w.ID, func(canonical []byte) error {
		if n++; n <= from {
			return nil
		}
		if n > from+shownEvents {
			t.After = strconv.Itoa(from + shownEvents)
			return errEnough
		}
		row, err := d.eventRow(r, s, w, string(canonical), doubts, may)
		t.Rows = append(t.Rows, row)
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return site.Block{ID: "events-of", Title: r.T("usage.events"), Text: r.T("usage.events.text"), Template: "table", View: t}, err
}

func (d *pages) eventRow(r *site.Request, s subscription.Subscription, w usage.Window, canonical string, doubts map[string]meter.Dispute, may bool) (table.Row, error) {
	e := desk.Said(r, canonical)
	for _, m := range s.Deal.Meters {
		if m.Key == e.What {
			e.What, _ = m.Name.In(r.Lang())
		}
	}
	right := table.Cell{}
	if one, ok := doubts[e.ID]; ok {
		right.Sub = desk.StateText(r, "dispute."+string(one.State))
		link, err := r.HTML("button", button.Button{Text: r.T("usage.event.dispute"), URL: "/disputes/" + one.ID, Small: true, Kind: button.Quiet})
		if err != nil {
			return table.Row{}, err
		}
		right.HTML = link
	} else if may && (e.Type == proof.TypeUsage || e.Type == proof.TypeAmend) {
		html, err := r.HTML("button", button.Button{Text: r.T("usage.event.wrong"), URL: serviceURL(s.ID, "/windows/"+w.ID+"/dispute?event="+url.QueryEscape(e.ID)), Small: true})
		if err != nil {
			return table.Row{}, err
		}
		right.HTML = html
	}
	return table.Row{Cells: []table.Cell{{Text: e.What, Sub: e.When + ", " + e.ID}, {Text: e.Amount}, {Text: e.Labels}, right}}, nil
}

// doubts are the disputes about events of a window that are not over, or settled them, by event.
func (d *pages) doubts(r *site.Request, org, window string) (map[string]meter.Dispute, error) {
	out := map[string]meter.Dispute{}
	list, err := d.Meters.Disputes(r.Context(), r.Caller, org, meter.DisputeFilter{Window: window}, "", shownEvents)
	if err != nil {
		if fail.Is(err, fail.Denied) {
			err = nil
		}
		return out, err
	}
	for _, one := range list {
		if one.State == meter.DisputeWithdrawn || one.State == meter.DisputeUpheld {
			continue
		}
		whole, err := d.Meters.OneDispute(r.Context(), r.Caller, one.ID)
		if err != nil {
			return nil, err
		}
		for _, e := range whole.Events {
			out[e.ID] = whole
		}
	}
	return out, nil
}

// readWindow is the window of the request, of the service of the request.
func (d *pages) readWindow(r *site.Request) (subscription.Detail, usage.Window, error) {
	s, err := d.read(r)
	if err != nil {
		return s, usage.Window{}, err
	}
	w, err := d.Meters.Window(r.Context(), r.Caller, r.PathValue("window"))
	if err == nil && w.Subject != s.ID {
		err = notHere(w.ID)
	}
	return s, w, err
}

// windowFile is the window with all its events, as a proof holds it.
func (d *pages) windowFile(r *site.Request) error {
	_, w, err := d.readWindow(r)
	if err != nil {
		return err
	}
	file, err := d.Meters.WindowFile(r.Context(), r.Caller, w.ID)
	if err != nil {
		return err
	}
	b, err := json.Marshal(file)
	if err != nil {
		return err
	}
	return r.File(w.ID+".json", "application/json", b)
}
