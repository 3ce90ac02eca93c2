package house

import (
	"strconv"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/flash"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/site"
)

func (d *desk) tokens(r *site.Request) error { return d.showTokens(r, 200, tokenForm(r), "") }

// showTokens is the page of tokens; secret is that of the token just made, shown this once.
func (d *desk) showTokens(r *site.Request, status int, view site.FormView, secret string) error {
	list, err := d.SignIns.Tokens(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return err
	}
	sheet := site.Sheet{Page: r.Page(r.T("tokens.title")), Lead: r.T("tokens.lead")}
	if secret != "" {
		sheet.Main = append(sheet.Main, site.Block{Template: "flash", View: flash.Notice{Tone: part.Good, Title: r.T("tokens.made"), Text: r.T("tokens.made.text")}},
			site.Block{Template: "code", View: code.Block{ID: "secret", Label: r.T("tokens.secret"), Text: secret}},
			site.Block{Template: "code", View: code.Block{ID: "use", Label: r.T("tokens.use"), Text: "curl -H \"Authorization: Bearer " + secret + "\" " + origin(r) + "/api/v1/services"}})
	}
	t := table.Table{ID: "tokens", Caption: r.T("tokens.title"), Query: table.Parse(r.URL), Found: -1,
		Columns: []table.Column{{Name: r.T("tokens.name")}, {Name: r.T("tokens.scopes")}, {Name: r.T("tokens.used"), Hidden: true}, {Name: r.T("tokens.until")}, {Name: r.T("tokens.revoke")}},
		Empty:   states.Empty{Icon: "key", Title: r.T("tokens.none"), Text: r.T("tokens.none.text")}}
	for _, token := range list {
		row, err := tokenRow(r, token)
		if err != nil {
			return err
		}
		t.Rows = append(t.Rows, row)
	}
	sheet.Main = append(sheet.Main, site.Block{Template: "table", View: t})
	if customer.May(d.Services, r, access.TokenCreate) == nil {
		sheet.Main = append(sheet.Main, site.Block{ID: "add", Title: r.T("tokens.add"), Template: "site/form", View: view})
	}
	return r.Show(status, sheet)
}

func origin(r *site.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Site().Options().Secure {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func tokenRow(r *site.Request, token signin.Token) (table.Row, error) {
	scopes := ""
	for i, s := range token.Scopes {
		if i == 3 {
			scopes += r.T("tokens.scopes.more", "n", len(token.Scopes)-3)
			break
		}
		scopes += string(s) + " "
	}
	used := r.T("tokens.never")
	if !token.UsedAt.IsZero() {
		used = r.L.Ago(token.UsedAt)
	}
	row := table.Row{Cells: []table.Cell{{Text: token.Name, Sub: roleNames(r, token.Roles)}, {Text: scopes}, {Text: used}, {Text: r.L.Date(token.ExpiresAt)}, {}}}
	if !token.RevokedAt.IsZero() {
		row.Cells[4] = table.Cell{Badge: &badge.Badge{Text: r.T("tokens.revoked")}}
		return row, nil
	}
	html, err := r.HTML("button", button.Button{Text: r.T("tokens.revoke"), URL: "/tokens/" + token.ID + "/revoke", Post: true, Small: true})
	row.Cells[4].HTML = html
	return row, err
}

// bundles are scopes that belong together, in plain words.
func bundles() map[string][]string {
	return map[string][]string{
		"read":  {"order.read", "service.read", "usage.read", "invoice.read", "resource.read", "placement.read"},
		"order": {"order.*", "service.*"},
		"run":   {"service.read", "resource.*", "content.read"},
		"usage": {"usage.*"},
	}
}

func tokenForm(r *site.Request) site.FormView {
	scope := form.Field{ID: "scope", Kind: form.Radios, Label: r.T("tokens.scope")}
	for _, key := range []string{"read", "run", "order", "usage"} {
		scope.Options = append(scope.Options, form.Option{Value: key, Label: r.T("tokens.scope." + key), Hint: r.T("tokens.scope." + key + ".hint"), Chosen: key == "read"})
	}
	return site.FormView{Action: "/tokens", Button: r.T("tokens.add"), Fields: []form.Field{{ID: "name", Label: r.T("tokens.name"), Hint: r.T("tokens.name.hint")}, scope,
		{ID: "days", Kind: form.Integer, Label: r.T("tokens.days"), Value: "90", Suffix: r.T("tokens.days.unit")}}}
}

func (d *desk) addToken(r *site.Request) error {
	n, err := strconv.Atoi(r.Value("days"))
	if err != nil {
		n = -1 // refused below, in the words of the rule
	}
	_, secret, err := d.SignIns.CreateToken(r.Context(), r.Caller, signin.NewToken{Org: r.Caller.Org, Name: r.Value("name"), Scopes: bundles()[r.Value("scope")], Days: n})
	if err != nil {
		view, ok := refused(r, err, tokenForm(r), map[string]string{"scopes": "scope"})
		if !ok {
			return err
		}
		return d.showTokens(r, site.Status(err), view, "")
	}
	return d.showTokens(r, 200, tokenForm(r), secret)
}

func (d *desk) revokeToken(r *site.Request) error {
	if err := d.SignIns.RevokeToken(r.Context(), r.Caller, r.Caller.Org, r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect("/tokens", site.Done("tokens.revoked.done"))
}
