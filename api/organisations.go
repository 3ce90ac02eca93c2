package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
)

// Organisation is one place in the tree.
type Organisation struct {
	ID        string       `json:"id"`
	Parent    string       `json:"parent,omitempty"`
	Path      string       `json:"path" doc:"identifiers from the root to it"`
	Kinds     []party.Kind `json:"kinds" nullable:"false"`
	Form      party.Form   `json:"form"`
	Name      string       `json:"name"`
	Country   string       `json:"country"`
	Language  string       `json:"language"`
	Market    string       `json:"market,omitempty" doc:"where it buys"`
	Entity    string       `json:"entity,omitempty" doc:"its legal entity"`
	CreatedAt time.Time    `json:"createdAt"`
	Version   int64        `json:"version"`
}

func organisation(o party.Organisation) Organisation {
	return Organisation{ID: o.ID, Parent: o.Parent, Path: o.Path, Kinds: o.Kinds, Form: o.Form, Name: o.Name, Country: o.Country, Language: o.Language,
		Market: o.Market, Entity: o.Entity, CreatedAt: o.CreatedAt, Version: o.Version}
}

// Entity is a legal entity.
type Entity struct {
	ID             string         `json:"id,omitempty"`
	Name           string         `json:"name,omitempty" maxLength:"200"`
	Country        string         `json:"country,omitempty" doc:"of its seat, ISO 3166-1 alpha-2"`
	ControlledFrom string         `json:"controlledFrom,omitempty" doc:"country whose law reaches its parent"`
	VATID          string         `json:"vatId,omitempty"`
	Registration   string         `json:"registration,omitempty"`
	Address        string         `json:"address,omitempty" maxLength:"500" doc:"lines separated by a line feed"`
	Rounding       string         `json:"rounding,omitempty" enum:"half_away,half_even" doc:"kept, not applied yet: a line is rounded as its price says"`
	Details        *EntityDetails `json:"details,omitempty" doc:"for bills and electronic invoices; left out in a change: those that stand stay"`
	Version        int64          `json:"version,omitempty" doc:"that you have seen; left out in a change: whatever stands"`
}

func (e Entity) party(org string) party.Entity {
	return party.Entity{ID: e.ID, Org: org, Name: e.Name, Country: e.Country, ControlledFrom: e.ControlledFrom, VATID: e.VATID, Registration: e.Registration,
		Address: e.Address, Rounding: e.Rounding, Details: e.Details.party(), Version: e.Version}
}

func entity(e party.Entity) Entity {
	return Entity{ID: e.ID, Name: e.Name, Country: e.Country, ControlledFrom: e.ControlledFrom, VATID: e.VATID, Registration: e.Registration,
		Address: e.Address, Rounding: e.Rounding, Details: details(e.Details), Version: e.Version}
}

// NewOrganisation describes an organisation to be created.
type NewOrganisation struct {
	Parent   string       `json:"parent,omitempty" doc:"empty: the caller's"`
	Name     string       `json:"name" maxLength:"200"`
	Kinds    []party.Kind `json:"kinds" nullable:"false" minItems:"1"`
	Country  string       `json:"country"`
	Language string       `json:"language,omitempty"`
	Market   string       `json:"market,omitempty" doc:"needed for a customer"`
	Entity   Entity       `json:"entity,omitempty"`
}

// OrganisationChange says what to change; empty fields stay.
type OrganisationChange struct {
	Name     string `json:"name,omitempty" maxLength:"200"`
	Country  string `json:"country,omitempty"`
	Language string `json:"language,omitempty"`
}

// OrgPath names an organisation in the address.
type OrgPath struct {
	Org string `path:"org" doc:"organisation"`
}

// orgOr is the organisation asked for, or the caller's.
func orgOr(org string, c access.Caller) string {
	if org == "" {
		return c.Org
	}
	return org
}

func (s *server) organisationRoutes() {
	const tag = "organisations"
	add(s, route{method: http.MethodGet, path: "/organisations", id: "listOrganisations", summary: "Organisations at and below one, in the order of the tree", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Below string `query:"below" doc:"empty: the caller's"`
		}) (*Body[List[Organisation]], error) {
			after := ""
			if err := unpack(in.Cursor, &after); err != nil {
				return nil, err
			}
			list, err := s.Parties.Branch(ctx, c, orgOr(in.Below, c), after, in.Limit)
			next := ""
			if len(list) == in.Limit {
				next = pack(list[len(list)-1].Path)
			}
			return listOf(list, next, organisation, err)
		})
	add(s, route{method: http.MethodPost, path: "/organisations", id: "createOrganisation", summary: "Create an organisation below another", tag: tag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct{ Body NewOrganisation }) (*Tagged[Organisation], error) {
			b := in.Body
			o, err := s.Parties.CreateOrganisation(ctx, c, party.NewOrganisation{Parent: orgOr(b.Parent, c), Name: b.Name, Kinds: b.Kinds, Country: b.Country,
				Language: b.Language, Market: b.Market, Entity: b.Entity.party("")})
			return tagged(organisation(o), o.Version, err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}", id: "getOrganisation", summary: "One organisation", tag: tag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Tagged[Organisation], error) {
			o, err := s.Parties.Organisation(ctx, c, in.Org)
			return tagged(organisation(o), o.Version, err)
		})
	add(s, route{method: http.MethodPatch, path: "/organisations/{org}", id: "updateOrganisation", summary: "Change name, country or language", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			IfMatch string `header:"If-Match"`
			Body    OrganisationChange
		}) (*Tagged[Organisation], error) {
			version, err := versionOf(in.IfMatch)
			if err != nil {
				return nil, err
			}
			o, err := s.Parties.UpdateOrganisation(ctx, c, party.Change{Org: in.Org, Version: version, Name: in.Body.Name, Country: in.Body.Country, Language: in.Body.Language})
			return tagged(organisation(o), o.Version, err)
		})
	add(s, route{method: http.MethodPut, path: "/organisations/{org}/kinds", id: "setKinds", summary: "Change what an organisation does", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body struct {
				Kinds []party.Kind `json:"kinds" nullable:"false" minItems:"1"`
			}
		}) (*Tagged[Organisation], error) {
			o, err := s.Parties.SetKinds(ctx, c, in.Org, in.Body.Kinds)
			return tagged(organisation(o), o.Version, err)
		})
	add(s, route{method: http.MethodPut, path: "/organisations/{org}/market", id: "setFirstMarket", summary: "Give an organisation the market it buys in", tag: tag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body struct {
				Market string `json:"market"`
			}
		}) (*Empty, error) {
			return empty(s.Parties.SetFirstMarket(ctx, c, in.Org, in.Body.Market))
		})
	add(s, route{method: http.MethodPost, path: "/organisations/{org}/entities", id: "setEntity", summary: "Add a legal entity, or change one (its id set)", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			OrgPath
			Body Entity
		}) (*Body[Entity], error) {
			e, err := s.Parties.SetEntity(ctx, c, in.Body.party(in.Org))
			return body(entity(e), err)
		})
}
