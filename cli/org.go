package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/halle-cloud/halle/client"
)

// Org is what one does with organisations.
type Org struct {
	List    orgList    `cmd:"" help:"List organisations at and below yours."`
	Show    orgShow    `cmd:"" help:"Show an organisation."`
	Create  orgCreate  `cmd:"" help:"Create an organisation below another."`
	Switch  orgSwitch  `cmd:"" help:"Act for another of your organisations, on behalf of a customer, or for a purpose."`
	Limits  orgLimits  `cmd:"" help:"Show limits, or set one."`
	Bills   orgBills   `cmd:"" help:"What stands on your bills: reference, purchase order, cost centre."`
	VAT     orgVAT     `cmd:"" name:"vat" help:"What was said about your company's VAT number; ask again. As the operator: numbers that are no longer valid."`
	Company orgCompany `cmd:"" help:"Your company as bills and electronic invoices show it: address, registration, electronic address, contact."`
	Market  orgMarket  `cmd:"" help:"Make a market, as the operator."`
}

type orgList struct {
	Below string `help:"Below this one; yours when it is missing." placeholder:"ORG"`
}

// Run lists.
func (a orgList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	orgs, err := pages(0, func(cursor string) ([]client.Organisation, string, error) {
		l, err := c.ListOrganisations(ctx, client.ListOrganisationsParams{Cursor: cursor, Below: a.Below})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, orgs, "There is none.", []string{"ORGANISATION", "NAME", "KINDS", "COUNTRY", "MARKET"}, func(r client.Organisation) []string {
		return []string{r.ID, r.Name, strings.Join(r.Kinds, " "), r.Country, r.Market}
	})
}

type orgShow struct {
	Org string `arg:"" optional:"" help:"Organisation; your own when it is missing."`
}

// Run shows.
func (a orgShow) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	return o.organisation(c.GetOrganisation(ctx, org))
}

func (o Out) organisation(r client.Organisation, err error) error {
	if err != nil {
		return err
	}
	return o.Show(r, func(w io.Writer) error {
		return pairs(w, "organisation", r.ID, "name", r.Name, "kinds", strings.Join(r.Kinds, ", "), "form", r.Form, "country", r.Country, "market", r.Market,
			"legal entity", r.Entity, "path", r.Path)
	})
}

type orgCreate struct {
	Name         string   `arg:"" help:"Its name."`
	Kind         []string `required:"" help:"customer, publisher, reseller or unit; several with a comma."`
	Country      string   `required:"" help:"ISO 3166-1 alpha-2, such as FR."`
	Market       string   `help:"Where it buys; needed for a customer."`
	Parent       string   `help:"Above it; your own when it is missing." placeholder:"ORG"`
	Language     string   `help:"Of its messages." default:"en" placeholder:"LANG"`
	VATID        string   `help:"VAT number of its legal entity." name:"vat-id"`
	Registration string   `help:"Number of its legal entity in its register."`
	Address      string   `help:"Of its legal entity, lines separated by \\n."`
	Controlled   string   `help:"Country whose law reaches its parent." placeholder:"COUNTRY"`
}

// Run creates.
func (a orgCreate) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	return o.organisation(c.CreateOrganisation(ctx, client.NewOrganisation{Parent: a.Parent, Name: a.Name, Kinds: a.Kind, Country: a.Country, Market: a.Market,
		Language: a.Language, Entity: &client.Entity{VATID: a.VATID, Registration: a.Registration, Address: strings.ReplaceAll(a.Address, `\n`, "\n"), ControlledFrom: a.Controlled}}))
}

type orgSwitch struct {
	Org        string `arg:"" help:"One of your organisations."`
	OnBehalfOf string `help:"A customer below it, as staff." placeholder:"ORG"`
	Purpose    string `help:"Why you look at a customer's data; the customer reads it."`
}

// Run switches.
func (a orgSwitch) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if err := c.Act(ctx, client.Acting{Org: a.Org, OnBehalfOf: a.OnBehalfOf, Purpose: a.Purpose}); err != nil {
		return err
	}
	return o.done("You now act for " + a.Org + ".")
}

type orgLimits struct {
	Org string `help:"Organisation; your own when it is missing."`
	Set string `help:"Set a limit: dimension=number, -1 for none." placeholder:"DIM=N"`
}

// Run shows or sets.
func (a orgLimits) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	if a.Set != "" {
		i := strings.LastIndex(a.Set, "=")
		var n int64
		if i < 0 {
			return errors.New("write --set dimension=number")
		}
		if _, err := fmt.Sscan(a.Set[i+1:], &n); err != nil {
			return fmt.Errorf("--set %s: %s is no whole number", a.Set, a.Set[i+1:])
		}
		if _, err := c.SetLimit(ctx, org, a.Set[:i], client.SetLimitRequest{Max: n}); err != nil {
			return err
		}
	}
	l, err := c.ListLimits(ctx, org)
	if err != nil {
		return err
	}
	return list(o, l.Items, "There is no limit.", []string{"DIMENSION", "LIMIT", "COMMITTED", "RESERVED", "SPENT"}, func(r client.Limit) []string {
		return []string{r.Dimension, fmt.Sprint(r.Max), fmt.Sprint(r.Committed), fmt.Sprint(r.Reserved), fmt.Sprint(r.Spent)}
	})
}

type orgMarket struct {
	Name       string   `arg:"" help:"Its name."`
	Domain     string   `required:"" help:"Of its storefront."`
	Country    string   `required:"" help:"ISO 3166-1 alpha-2, such as FR."`
	Currency   string   `required:"" help:"ISO 4217, such as EUR."`
	Languages  []string `default:"en" help:"The first is the default."`
	SellsTo    string   `default:"both" enum:"consumer,business,both" help:"consumer, business or both."`
	Prices     string   `default:"net" enum:"net,gross" help:"net or gross: how prices are shown."`
	FirstLimit int64    `default:"10000" help:"Minor units that an account may commit to before it has paid once."`
}

// Run makes the market.
func (a orgMarket) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, "")
	if err != nil {
		return err
	}
	own, err := c.GetOrganisation(ctx, org)
	if err != nil {
		return err
	}
	m, err := c.CreateMarket(ctx, client.Market{Org: org, Entity: own.Entity, Name: a.Name, Brand: a.Name, Domain: a.Domain, Country: a.Country, Currency: a.Currency,
		Languages: a.Languages, SellsTo: a.SellsTo, VATMode: a.Prices, FirstLimit: a.FirstLimit})
	if err != nil {
		return err
	}
	return o.Show(m, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %s, %s\n", m.ID, m.Name, m.Domain)
		return err
	})
}

// Members is what one does with people.
type Members struct {
	List   membersList   `cmd:"" default:"withargs" help:"List the people of an organisation."`
	Invite membersInvite `cmd:"" help:"Invite a person by e-mail."`
	Remove membersRemove `cmd:"" help:"End a membership."`
	Grant  membersGrant  `cmd:"" help:"Give a member a role."`
	Revoke membersRevoke `cmd:"" help:"Take a role from a member."`
}

// ofOrg names an organisation by flag.
type ofOrg struct {
	Org string `help:"Organisation; your own when it is missing."`
}

type membersList struct{ ofOrg }

// Run lists.
func (a membersList) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	l, err := c.ListMembers(ctx, org)
	if err != nil {
		return err
	}
	return list(o, l.Items, "There is nobody.", []string{"PERSON", "NAME", "E-MAIL", "ROLES"}, func(m client.Member) []string {
		return []string{m.Person.ID, m.Person.Name, m.Person.Email, strings.Join(m.Roles, " ")}
	})
}

type membersInvite struct {
	ofOrg
	Email string   `arg:"" help:"Whom to invite."`
	Role  []string `required:"" help:"owner, buyer, billing, technical, member, auditor, publisher, operator or support; several with a comma."`
}

// Run invites.
func (a membersInvite) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	i, err := c.InviteMember(ctx, org, client.NewInvitation{Email: a.Email, Roles: a.Role})
	if err != nil {
		return err
	}
	return o.Show(i, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Invited %s; the invitation stands until %s.\n", i.Email, when(i.ExpiresAt))
		return err
	})
}

// memberArg names a member.
type memberArg struct {
	ofOrg
	Person string `arg:"" help:"Id of the person (per_…)."`
}

type membersRemove struct{ memberArg }

// Run removes.
func (a membersRemove) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	if err := c.RemoveMember(ctx, org, a.Person); err != nil {
		return err
	}
	return o.done("Removed.")
}

type membersGrant struct {
	memberArg
	Role string `arg:"" help:"The role."`
}

// Run grants.
func (a membersGrant) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	if err := c.GrantRole(ctx, org, a.Person, a.Role); err != nil {
		return err
	}
	return o.done("Granted.")
}

type membersRevoke struct {
	memberArg
	Role string `arg:"" help:"The role."`
}

// Run revokes.
func (a membersRevoke) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	if err := c.RevokeRole(ctx, org, a.Person, a.Role); err != nil {
		return err
	}
	return o.done("Taken.")
}

// Accept accepts an invitation.
type Accept struct {
	URL          string `arg:"" help:"Address of the server." name:"url"`
	SecretFile   string `required:"" help:"File with the last part of the link in the message." type:"existingfile"`
	Name         string `help:"Your name, when you are new."`
	PasswordFile string `help:"File with the password that you choose, when you are new." type:"existingfile"`
}

// Run accepts; a new person is signed in.
func (a Accept) Run(ctx context.Context, o Out, name profileName) error {
	secret, err := os.ReadFile(a.SecretFile)
	if err != nil {
		return err
	}
	password := ""
	if a.PasswordFile != "" {
		b, err := os.ReadFile(a.PasswordFile)
		if err != nil {
			return err
		}
		password = strings.TrimRight(string(b), "\r\n")
	}
	c := client.New(a.URL, "")
	in, err := c.AcceptInvitation(ctx, client.AcceptInvitationRequest{Secret: strings.TrimSpace(string(secret)), Name: a.Name, Password: password})
	if err != nil {
		return err
	}
	if in.Session == nil {
		return o.done("You have joined. Sign in as before: halle login " + a.URL)
	}
	if err := name.save(Profile{Server: c.Base, Token: in.Session.Secret}); err != nil {
		return err
	}
	return o.done("You have joined and are signed in.")
}

// Tokens is what one does with API tokens.
type Tokens struct {
	List   tokensList   `cmd:"" default:"withargs" help:"List the tokens of an organisation."`
	Create tokensCreate `cmd:"" help:"Make a token; its secret is shown this once."`
	Revoke tokensRevoke `cmd:"" help:"Make a token worthless."`
}

type tokensList struct{ ofOrg }

// Run lists.
func (a tokensList) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	l, err := c.ListTokens(ctx, org)
	if err != nil {
		return err
	}
	return list(o, l.Items, "There is no token.", []string{"TOKEN", "NAME", "SCOPES", "EXPIRES", "USED", "REVOKED"}, func(t client.Token) []string {
		return []string{t.ID, t.Name, strings.Join(t.Scopes, " "), when(t.ExpiresAt), when(t.UsedAt), when(t.RevokedAt)}
	})
}

type tokensCreate struct {
	ofOrg
	Name  string   `arg:"" help:"What it is for."`
	Scope []string `required:"" help:"Actions such as usage.write, or families such as order.*; several with a comma."`
	Role  []string `help:"Of your own roles; all of them when it is missing."`
	Days  int64    `help:"Until it expires." default:"90"`
}

// Run creates.
func (a tokensCreate) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	t, err := c.CreateToken(ctx, org, client.NewToken{Name: a.Name, Scopes: a.Scope, Roles: a.Role, Days: a.Days})
	if err != nil {
		return err
	}
	return o.Show(t, func(w io.Writer) error {
		return pairs(w, "token", t.ID, "secret", t.Secret, "expires", when(t.ExpiresAt))
	})
}

type tokensRevoke struct {
	ofOrg
	Token string `arg:"" help:"Id of the token (tok_…)."`
}

// Run revokes.
func (a tokensRevoke) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	if err := c.RevokeToken(ctx, org, a.Token); err != nil {
		return err
	}
	return o.done("Revoked " + a.Token + ".")
}
