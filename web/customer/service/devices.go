package service

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
	"github.com/halle-cloud/halle/subscription"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

// device is one account of the message broker, as it keeps it itself.
type device struct {
	Name     string    `json:"name"`
	Prefix   string    `json:"prefix,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	Password string    `json:"password,omitempty"`
}

// manage asks the application. What it refuses becomes an error with its own words.
func (d *pages) manage(r *site.Request, id, method, path string, body any, into any) error {
	in := provision.ManageRequest{Method: method, Path: path}
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in.Body = b
	}
	reply, err := d.Resources.Manage(r.Context(), r.Caller, id, in)
	if err != nil {
		return err
	}
	if reply.Status >= 300 {
		return refusalOf(reply)
	}
	if into == nil || len(reply.Body) == 0 {
		return nil
	}
	if err := json.Unmarshal(reply.Body, into); err != nil {
		return fail.New(fail.Unavailable, "service.answer", "The service gave an answer that cannot be read.", "Try again in a moment.").Wrap(err)
	}
	return nil
}

func refusalOf(reply provision.ManageReply) error {
	var p struct{ Code, Detail, Remedy string }
	if json.Unmarshal(reply.Body, &p) != nil || p.Detail == "" {
		return fail.New(fail.Unavailable, "service.answer", "The service gave an answer that cannot be read.", "Try again in a moment.")
	}
	kind := fail.Invalid
	switch reply.Status {
	case http.StatusNotFound:
		kind = fail.NotFound
	case http.StatusConflict:
		kind = fail.Conflict
	case http.StatusServiceUnavailable, http.StatusInternalServerError:
		kind = fail.Unavailable
	}
	return fail.New(kind, p.Code, p.Detail, p.Remedy)
}

func deviceForm(r *site.Request, id string) site.FormView {
	prefix := form.Field{ID: "prefix", Label: r.T("device.prefix"), Hint: r.T("device.prefix.hint"), Optional: true}
	return site.FormView{Action: serviceURL(id, "/devices"), Button: r.T("device.add"), Note: r.T("device.add.note"),
		Fields: []form.Field{{ID: "name", Label: r.T("device.name"), Hint: r.T("device.name.hint")}, prefix}}
}

func (d *pages) devices(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	return d.showDevices(r, http.StatusOK, s.Subscription, deviceForm(r, s.ID), nil)
}

// showDevices is the page of devices; fresh is the one just added, whose password is shown this once.
func (d *pages) showDevices(r *site.Request, status int, s subscription.Subscription, view site.FormView, fresh *device) error {
	var list []device
	err := d.manage(r, s.ID, http.MethodGet, "devices", nil, &list)
	sheet := d.sheet(r, s, "devices")
	sheet.Main = freshBlocks(r, s, fresh)
	switch {
	case fail.Is(err, fail.Unavailable):
		refusal := r.Refusal(site.AsFail(err))
		refusal.Action = &button.Button{Text: r.T("site.again"), URL: serviceURL(s.ID, "/devices"), Icon: "refresh"}
		sheet.Main = append(sheet.Main, site.Block{Template: "states.error", View: refusal})
		return r.Show(status, sheet)
	case err != nil:
		return err
	}
	t := table.Table{ID: "devices", Caption: r.T("device.title"), Query: table.Parse(r.URL), Found: int64(len(list)),
		Columns: []table.Column{{Name: r.T("device.name")}, {Name: r.T("device.prefix")}, {Name: r.T("device.since"), Hidden: true}, {Name: r.T("device.remove")}},
		Empty:   states.Empty{Icon: "device", Title: r.T("device.none"), Text: r.T("device.none.text")}}
	for _, v := range list {
		html, err := r.HTML("button", button.Button{Text: r.T("device.remove"), URL: serviceURL(s.ID, "/devices/"+url.PathEscape(v.Name)+"/remove"), Small: true})
		if err != nil {
			return err
		}
		prefix := v.Prefix
		if prefix == "" {
			prefix = r.T("device.prefix.all")
		}
		t.Rows = append(t.Rows, table.Row{Cells: []table.Cell{{Text: v.Name}, {Text: prefix}, {Text: r.L.Instant(v.Created)}, {HTML: html}}})
	}
	sheet.Main = append(sheet.Main, site.Block{ID: "list", Title: r.T("device.title"), Text: r.T("device.text"), Template: "table", View: t},
		site.Block{ID: "add", Title: r.T("device.add"), Template: "site/form", View: view})
	return r.Show(status, sheet)
}

func freshBlocks(r *site.Request, s subscription.Subscription, fresh *device) []site.Block {
	if fresh == nil {
		return nil
	}
	blocks := []site.Block{{Template: "flash", View: flash.Notice{Tone: part.Good, Title: r.T("device.added", "name", fresh.Name), Text: r.T("device.added.text")}},
		{Template: "code", View: code.Block{ID: "password", Label: r.T("device.password", "name", fresh.Name), Text: fresh.Password}}}
	if endpoint := s.Outputs["host"]; endpoint != "" {
		text := "mosquitto_pub -h " + s.Outputs["host"] + " -p " + s.Outputs["port"] + " --cafile " + r.Site().Options().Commands.CAFile + " \\\n  -u '" + fresh.Name + "' -P '" + fresh.Password + "' -q 1 -t " + topic(fresh.Prefix) + " -m hello"
		blocks = append(blocks, site.Block{Template: "code", View: code.Block{ID: "try", Label: r.T("device.try"), Text: text}})
	}
	return blocks
}

func topic(prefix string) string {
	if prefix == "" {
		return "greetings"
	}
	return "'" + prefix + "greetings'"
}

func (d *pages) addDevice(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	fresh := device{Prefix: r.Value("prefix")}
	err = d.manage(r, s.ID, http.MethodPost, "devices", device{Name: r.Value("name"), Prefix: r.Value("prefix")}, &fresh)
	view := deviceForm(r, s.ID)
	if err == nil {
		r.W.Header().Set("Cache-Control", "no-store")
		return d.showDevices(r, http.StatusOK, s.Subscription, view, &fresh)
	}
	e := site.AsFail(err)
	switch e.Code {
	case "m2m.device_name", "m2m.device_exists":
		e = e.Field("name", r.T("device.name.error"))
	case "m2m.device_prefix":
		e = e.Field("prefix", r.T("device.prefix.error"))
	}
	view.Fields = r.Fill(view.Fields)
	fields, notice, ok := r.Refuse(e, view.Fields, nil)
	if !ok {
		return err
	}
	view.Fields, view.Notice = fields, notice
	return d.showDevices(r, site.Status(e), s.Subscription, view, nil)
}

func (d *pages) askRemoveDevice(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	sheet := d.sheet(r, s.Subscription, "devices")
	sheet.Narrow = true
	sheet.Main = []site.Block{{Template: "confirm", View: confirm.Question{Title: r.T("device.remove.title", "name", name), Action: serviceURL(s.ID, "/devices/"+url.PathEscape(name)+"/remove"),
		Button: r.T("device.remove.button", "name", name), Danger: true, Back: part.Link{Text: r.T("device.keep"), URL: serviceURL(s.ID, "/devices")},
		Consequences: []confirm.Consequence{{Tone: part.Bad, Text: r.T("device.remove.a")}, {Tone: part.Accent, Text: r.T("device.remove.b")}}}}}
	return r.OK(sheet)
}

func (d *pages) removeDevice(r *site.Request) error {
	s, err := d.read(r)
	if err != nil {
		return err
	}
	if err := d.manage(r, s.ID, http.MethodDelete, "devices/"+r.PathValue("name"), nil, nil); err != nil {
		return err
	}
	return r.Redirect(serviceURL(s.ID, "/devices"), site.Done("device.removed"))
}
