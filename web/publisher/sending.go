package publisher

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// held is the quarantine of the publisher.
func (d *pages) held() desk.Held {
	return desk.Held{Meters: d.Meters, Base: home + "/quarantine", Side: meter.SidePublisher, Page: crumbs, Org: func(r *site.Request) string { return r.Caller.Org }}
}

// disputes are those that customers opened about what the publisher reported.
func (d *pages) disputes() desk.Disputes {
	return desk.Disputes{Meters: d.Meters, Base: home + "/disputes", Side: meter.SidePublisher, Page: crumbs, Org: func(r *site.Request) string { return r.Caller.Org },
		May:     func(r *site.Request) bool { return may(r.Caller) },
		Names:   func(*site.Request) func(string) string { return desk.Short },
		Service: func(_ *site.Request, subject string) (string, string) { return desk.Short(subject), "" }}
}

func (d *pages) tokens(r *site.Request) error {
	sheet, err := d.tokenSheet(r, tokenForm(r), "")
	if err != nil {
		return err
	}
	return d.show(r, sheet)
}

func tokenForm(r *site.Request) site.FormView {
	name, days := desk.Field(r, "name", "publisher.token.name", form.Text), desk.Field(r, "days", "publisher.token.days", form.Integer)
	days.Value = "90"
	return site.FormView{Action: home + "/tokens", Fields: []form.Field{name, days}, Button: r.T("publisher.token.create"), Note: r.T("publisher.token.note")}
}

// tokenSheet shows the tokens; secret is that of the one just made, shown this once.
func (d *pages) tokenSheet(r *site.Request, view site.FormView, secret string) (site.Sheet, error) {
	list, err := d.SignIns.Tokens(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return site.Sheet{}, err
	}
	rows, err := tokenRows(r, list)
	if err != nil {
		return site.Sheet{}, err
	}
	t := desk.List(r, "tokens", r.T("publisher.tokens"), "publisher.tokens.none", []table.Column{desk.Col(r.T("publisher.token")), desk.Wide(r.T("publisher.token.may")), desk.Wide(r.T("publisher.token.used")),
		desk.Col(r.T("publisher.token.until")), desk.Col(r.T("publisher.token.end"))}, rows)
	sheet := site.Sheet{Page: crumbs(r, r.T("publisher.tokens")), Lead: r.T("publisher.tokens.lead")}
	token := "$HALLE_TOKEN"
	if secret != "" {
		token = secret
		sheet.Main = append(sheet.Main, site.Block{Template: "flash", View: flash.Notice{Tone: part.Warn, Title: r.T("publisher.token.once"), Text: r.T("publisher.token.once.text")}},
			site.Block{Template: "code", View: code.Block{ID: "secret", Label: r.T("publisher.token.secret"), Text: secret}})
	}
	sheet.Main = append(sheet.Main, desk.Block("", "", "", t),
		site.Block{ID: "send", Title: r.T("publisher.send"), Text: r.T("publisher.send.text"), Template: "code", View: code.Block{ID: "curl", Label: r.T("publisher.send.label"), Text: d.curl(r, token)}},
		desk.FormBlock("new", r.T("publisher.token.new"), r.T("publisher.token.new.text"), view))
	return sheet, nil
}

func tokenRows(r *site.Request, list []signin.Token) (rows []table.Row, err error) {
	now := r.Site().Options().Now()
	for _, k := range list {
		if strings.HasPrefix(k.CreatedBy, "system:") {
			continue // of a service that Halle runs: it has its own and needs no hand
		}
		end := desk.Text(r.T("publisher.token.ended"))
		if k.RevokedAt.IsZero() && k.ExpiresAt.After(now) {
			if end, err = desk.Buttons(r, button.Button{Text: r.T("publisher.token.revoke"), URL: home + "/tokens/" + k.ID + "/revoke", Post: true}); err != nil {
				return nil, err
			}
		}
		scopes := r.T("publisher.token.all")
		for i, s := range k.Scopes {
			if i == 0 {
				scopes = string(s)
				continue
			}
			scopes += ", " + string(s)
		}
		used := table.Cell{Text: r.T("publisher.token.never")}
		if !k.UsedAt.IsZero() {
			used = desk.Since(r, k.UsedAt)
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Named(k.Name, k.ID), desk.Text(scopes), used, desk.Text(r.L.Date(k.ExpiresAt)), end}})
	}
	return rows, nil
}

// curl is a request that a publisher can send as it stands: a batch of CloudEvents with one amount and one watermark, about
// its own newest subscription.
func (d *pages) curl(r *site.Request, token string) string {
	subject, key, unit := "sub_…", "messages", "message"
	if page, err := d.Subscriptions.Subscribers(r.Context(), r.Caller, r.Caller.Org, "", 1); err == nil && len(page.Subscriptions) == 1 {
		s := page.Subscriptions[0]
		subject = s.ID
		if len(s.Deal.Meters) > 0 {
			key, unit = s.Deal.Meters[0].Key, s.Deal.Meters[0].Unit
		}
	}
	end := r.Site().Options().Now().UTC().Truncate(time.Minute)
	at := func(t time.Time) string { return t.Format(time.RFC3339) }
	scheme := "http://"
	if r.TLS != nil || r.Site().Options().Secure {
		scheme = "https://"
	}
	id := "node-1/" + strconv.FormatInt(end.Unix(), 10)
	return `curl -sS ` + scheme + r.Host + `/api/v1/usage \
  -H "Authorization: Bearer ` + token + `" \
  -H "Content-Type: application/cloudevents-batch+json" \
  -d '[
  {"specversion": "1.0", "type": "halle.usage.v1", "source": "node-1", "id": "` + id + `",
   "subject": "` + subject + `",
   "data": {"meter": "` + key + `", "value": "1000", "unit": "` + unit + `",
            "start": "` + at(end.Add(-time.Minute)) + `", "end": "` + at(end) + `"}},
  {"specversion": "1.0", "type": "halle.usage.watermark.v1", "source": "node-1",
   "id": "` + id + `/through",
   "subject": "` + subject + `",
   "data": {"through": "` + at(end) + `"}}
]'`
}

func (d *pages) createToken(r *site.Request) error {
	days, err := strconv.Atoi(r.Value("days"))
	if err != nil {
		days = -1 // refused with the words of the use case
	}
	_, secret, err := d.SignIns.CreateToken(r.Context(), r.Caller, signin.NewToken{Org: r.Caller.Org, Name: r.Value("name"), Roles: []access.Role{access.RolePublisher},
		Scopes: []string{string(access.UsageWrite)}, Days: days})
	if err != nil {
		return desk.Refused(r, err, nil, tokenForm(r), func(v site.FormView) (site.Sheet, error) { return d.tokenSheet(r, v, "") })
	}
	sheet, err := d.tokenSheet(r, tokenForm(r), secret)
	if err != nil {
		return err
	}
	r.W.Header().Set("Cache-Control", "no-store")
	return r.Show(http.StatusCreated, sheet)
}

func (d *pages) revokeToken(r *site.Request) error {
	if err := d.SignIns.RevokeToken(r.Context(), r.Caller, r.Caller.Org, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home+"/tokens", site.Done("publisher.token.revoked"))
}
