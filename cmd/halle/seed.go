package main

import (
	"context"
	"embed"
	"fmt"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web"
)

//go:embed demo/*.yaml
var demoFiles embed.FS

// demoPassword is what everybody in the demo signs in with, besides one click.
const demoPassword = "covered market 2026"

// cast are the people of the demo.
type cast struct {
	operator, auditor   access.Caller
	alpes, atlantic     access.Caller // publishers
	acme, acmeTechnical access.Caller // a company
	household           access.Caller
	reseller            access.Caller
	clinic, spa, bakery access.Caller // customers of the past month, the last one the reseller's
	business, home      party.Market
	seller              string // the operator's legal entity
}

// roles are the buttons of the portal's sign-in page.
func (c cast) roles() []web.DemoRole {
	role := func(name, role string, who access.Caller) web.DemoRole {
		return web.DemoRole{Name: name, Role: role, Person: who.Person, Org: who.Org}
	}
	return []web.DemoRole{role("Acme Santé", "company", c.acme), role("Famille Durand", "household", c.household), role("Alpes Logiciels", "publisher", c.alpes),
		role("Halle Demo", "operator", c.operator), role("Ada Prüfer", "auditor", c.auditor),
		role("Rhône Télécom", "reseller", c.reseller)}
}

// seed makes the operator, its markets, two publishers, a company and a household.
func (h *house) seed(ctx context.Context) (c cast, err error) {
	st, err := h.parties.BootstrapOperator(ctx, party.Bootstrap{Name: "Halle Demo", Country: "FR", Language: "en", OwnerName: "Odile Martin", OwnerEmail: "odile@halle.example",
		Entity: party.Entity{Name: "Halle Demo SA", Country: "FR", VATID: "FR40303265045", Registration: "303265045", Details: &party.Details{Street: "1 place du Marché", City: "Lyon", Postcode: "69002",
			Scheme: "0002", LegalInfo: "SA, 100 000 €", Endpoint: party.Endpoint{Scheme: "0225", ID: "303265045"},
			Contact: party.BillingContact{Name: "Service clients", Phone: "+33 4 72 00 00 00", Email: "factures@halle.example"}}}})
	if err != nil {
		return c, err
	}
	if err := h.signIns.SetFirstPassword(ctx, st.Person, demoPassword); err != nil {
		return c, err
	}
	c.operator, c.seller = st.Caller(), st.Org.Entity
	if err := h.seedMarkets(ctx, st, &c); err != nil {
		return c, err
	}
	if c.auditor, err = h.member(ctx, c.operator, c.operator.Org, "Ada Prüfer", "ada@audit.example", access.RoleAuditor); err != nil {
		return c, err
	}
	if c.alpes, err = h.company(ctx, c, "Alpes Logiciels", "FR", "Paul Girard", "paul@alpes-logiciels.example", party.Entity{Country: "FR"}, party.KindPublisher); err != nil {
		return c, err
	}
	if c.atlantic, err = h.company(ctx, c, "Atlantic Apps", "IE", "Aoife Byrne", "aoife@atlantic.example", party.Entity{Country: "IE", ControlledFrom: "US"}, party.KindPublisher); err != nil {
		return c, err
	}
	if c.acme, err = h.company(ctx, c, "Acme Santé", "FR", "Claire Moreau", "claire@acme-sante.example",
		party.Entity{Country: "FR", VATID: "FR61954506077", Registration: "954506077", Details: &party.Details{Street: "12 rue de la Santé", City: "Paris", Postcode: "75013", Scheme: "0002",
			Endpoint: party.Endpoint{Scheme: "0225", ID: "954506077"}, Contact: party.BillingContact{Name: "Comptabilité fournisseurs", Email: "compta@acme-sante.example"}}}, party.KindCustomer); err != nil {
		return c, err
	}
	if _, err = h.parties.SetBillData(ctx, c.acme, c.acme.Org, party.BillData{BuyerReference: "ACHATS-NUM", PurchaseOrder: "BC-2026-0117"}); err != nil {
		return c, err
	}
	if c.acmeTechnical, err = h.member(ctx, c.acme, c.acme.Org, "Tom Weber", "tom@acme-sante.example", access.RoleTechnical); err != nil {
		return c, err
	}
	standing, err := h.signIns.SeedHousehold(ctx, party.SignUp{Name: "Famille Durand", Email: "durand@home.example", Language: "fr", Country: "FR", Market: c.home.ID}, demoPassword)
	c.household = standing.Caller()
	return c, err
}

func (h *house) seedMarkets(ctx context.Context, st party.Standing, c *cast) (err error) {
	m := party.Market{Org: st.Org.ID, Entity: st.Org.Entity, Name: "Halle for companies", Brand: "Halle", Domain: "business.halle.example", Country: "FR", Currency: "EUR",
		Languages: []string{"en", "fr"}, SellsTo: party.SellsToBusinesses, FirstLimit: 50_000, VATMode: party.VATNet}
	if c.business, err = h.parties.SetMarket(ctx, c.operator, m); err != nil {
		return err
	}
	m.Name, m.Domain, m.SellsTo, m.VATMode, m.FirstLimit = "Halle at home", "home.halle.example", party.SellsToConsumers, party.VATGross, 10_000
	c.home, err = h.parties.SetMarket(ctx, c.operator, m)
	return err
}

// company makes an organisation below the operator and its first owner.
func (h *house) company(ctx context.Context, c cast, name, country, owner, email string, e party.Entity, kind party.Kind) (access.Caller, error) {
	return h.companyBelow(ctx, c, c.operator.Org, name, country, owner, email, e, kind)
}

func (h *house) companyBelow(ctx context.Context, c cast, parent, name, country, owner, email string, e party.Entity, kind party.Kind) (access.Caller, error) {
	in := party.NewOrganisation{Parent: parent, Name: name, Kinds: []party.Kind{kind}, Country: country, Language: "en", Entity: e}
	roles := []access.Role{access.RoleOwner}
	if kind == party.KindCustomer {
		in.Market = c.business.ID
	}
	if kind == party.KindPublisher {
		roles = append(roles, access.RolePublisher)
	}
	if kind == party.KindReseller {
		roles = append(roles, access.RoleOperator)
	}
	o, err := h.parties.CreateOrganisation(ctx, c.operator, in)
	if err != nil {
		return access.Caller{}, fmt.Errorf("%s: %w", name, err)
	}
	return h.member(ctx, c.operator, o.ID, owner, email, roles...)
}

func (h *house) member(ctx context.Context, by access.Caller, org, name, email string, roles ...access.Role) (access.Caller, error) {
	st, err := h.signIns.SeedMember(ctx, by, party.Invite{Org: org, Email: email, Roles: roles, Language: "en"}, name, demoPassword)
	if err != nil {
		return access.Caller{}, fmt.Errorf("%s: %w", name, err)
	}
	return st.Caller(), nil
}

// clouds records the demonstration's facts about clouds.
func (h *house) clouds(ctx context.Context, c cast) error {
	text, err := demoFiles.ReadFile("demo/clouds.yaml")
	if err == nil {
		_, err = h.residency.Import(ctx, c.operator, text)
	}
	if err != nil {
		return fmt.Errorf("clouds: %w", err)
	}
	return nil
}

// offers puts the publishers' offers on the shelf; the server runs already.
func (s *story) offers(ctx context.Context) error {
	h := s.h
	// What Acme demands of its data, beyond what the market does.
	_, err := h.residency.SetPolicy(ctx, s.cast.acme, s.cast.acme.Org, residency.Layer{All: residency.Rule{RefusedLaws: []string{"US"}}})
	if err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	for file, publisher := range map[string]access.Caller{"m2m-broker": s.cast.alpes, "gateway-visit": s.cast.alpes, "atelier": s.cast.alpes, "atlantic-mqtt": s.cast.atlantic} {
		if err := h.publish(ctx, s.cast, publisher, file); err != nil {
			return err
		}
	}
	return nil
}

// publish puts an offer of the demo on the shelf.
func (h *house) publish(ctx context.Context, c cast, publisher access.Caller, file string) error {
	text, err := demoFiles.ReadFile("demo/" + file + ".yaml")
	if err != nil {
		return err
	}
	v, err := h.catalogue.ImportOffer(ctx, publisher, publisher.Org, text)
	if err == nil {
		v, err = h.catalogue.Submit(ctx, publisher, v.ID)
	}
	if err == nil {
		_, err = h.catalogue.Publish(ctx, c.operator, v.ID)
	}
	if err != nil {
		return fmt.Errorf("offer %s: %w", file, err)
	}
	return nil
}
