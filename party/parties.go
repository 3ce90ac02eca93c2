package party

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/trace"
)

// Parties is the service. Safe for concurrent use.
type Parties struct {
	db     *store.DB
	ring   *keys.Ring
	ids    *id.Source
	now    clock.Clock
	facts  *trace.Facts
	policy *access.Policy
	outbox *mail.Outbox
	texts  *mail.Texts
	site   string
	vat    VATChecker
}

// New makes the service. site is the address of the portal without a slash at its end, "https://cloud.example.org",
// for links in mails.
func New(db *store.DB, ring *keys.Ring, ids *id.Source, now clock.Clock, facts *trace.Facts, policy *access.Policy, outbox *mail.Outbox, site string) (*Parties, error) {
	texts, err := mail.LoadTexts(mailTexts, "mails", "en", "fr")
	if err != nil {
		return nil, err
	}
	return &Parties{db: db, ring: ring, ids: ids, now: now, facts: facts, policy: policy, outbox: outbox, texts: texts, site: strings.TrimRight(site, "/"), vat: FormOnly{}}, nil
}

// NewOrganisation describes an organisation to be created.
type NewOrganisation struct {
	Parent   string
	Name     string
	Kinds    []Kind
	Country  string
	Language string
	Market   string // needed for a customer
	Entity   Entity // its legal entity; a unit has none. Name and Country default to the organisation's
}

// CreateOrganisation makes a business below another: operator and reseller staff make resellers, customers and
// publishers; an owner makes units. Its first owner comes by InviteMember.
func (s *Parties) CreateOrganisation(ctx context.Context, c access.Caller, in NewOrganisation) (Organisation, error) {
	prefix := "org"
	if slices.Contains(in.Kinds, KindUnit) {
		prefix = access.UnitPrefix
	}
	o := Organisation{ID: s.ids.New(prefix), Parent: in.Parent, Kinds: in.Kinds, Form: FormBusiness, Name: strings.TrimSpace(in.Name),
		Country: in.Country, Language: in.Language, Market: in.Market, CreatedAt: s.now()}
	if err := o.validate(); err != nil {
		return Organisation{}, err
	}
	if err := s.mayCreateBelow(ctx, c, in.Parent); err != nil { // before a key is made for nothing
		return Organisation{}, err
	}
	var e Entity
	if !o.Is(KindUnit) {
		if in.Entity.Name == "" {
			in.Entity.Name = o.Name
		}
		if in.Entity.Country == "" {
			in.Entity.Country = o.Country
		}
		var err error
		if e, err = s.newEntity(ctx, o, in.Entity); err != nil {
			return Organisation{}, err
		}
		o.Entity = e.ID
	}
	if err := s.ring.Ensure(ctx, keys.Tenant(o.ID)); err != nil {
		return Organisation{}, err
	}
	err := s.db.Tx(ctx, func(tx *store.Tx) error { return s.place(tx, c, &o, e) })
	return o, err
}

func (s *Parties) mayCreateBelow(ctx context.Context, c access.Caller, parent string) error {
	return s.db.Read(ctx, func(tx *store.Tx) error {
		_, err := s.allowed(tx, c, access.OrgCreate, parent)
		return err
	})
}

// place puts a new organisation under its parent.
func (s *Parties) place(tx *store.Tx, c access.Caller, o *Organisation, e Entity) error {
	parent, err := s.allowed(tx, c, access.OrgCreate, o.Parent)
	if err != nil {
		return err
	}
	for _, k := range o.Kinds {
		if !mayStandBelow(k, parent.Organisation) {
			return fail.New(fail.Invalid, "party.kind", fmt.Sprintf("A %s cannot stand below %s.", k, parent.called()),
				"Create it below the operator or a reseller; a unit below a business.").Field("kinds", string(k))
		}
	}
	if o.Is(KindUnit) {
		o.Market = parent.Market
	}
	if o.Is(KindCustomer) || o.Market != "" && !o.Is(KindUnit) {
		if _, err := s.marketFor(tx, parent.Path, o.Market, o.Form); err != nil {
			return err
		}
	}
	o.Path = parent.Path + o.ID + "/"
	if err := s.createOrg(tx, c, orgRow{Organisation: *o}); err != nil {
		return err
	}
	if o.Entity == "" {
		return nil
	}
	return s.setEntity(tx, c, *o, e)
}

// createOrg writes the row and its fact.
func (s *Parties) createOrg(tx *store.Tx, c access.Caller, o orgRow) error {
	if err := insertOrg(tx, o); err != nil {
		return fmt.Errorf("create organisation: %w", err)
	}
	return s.orgFact(tx, c, FactOrgCreated, o.Organisation)
}

func (s *Parties) orgFact(tx *store.Tx, c access.Caller, kind string, o Organisation) error {
	name := o.Name
	if o.Form == FormHousehold {
		name = ""
	}
	return s.record(tx, c, kind, o.ID, o, OrgFact{Org: o.ID, Parent: o.Parent, Path: o.Path, Kinds: o.Kinds, Form: o.Form, Name: name,
		Country: o.Country, Language: o.Language, Market: o.Market, Entity: o.Entity})
}

// record writes a fact that is owned by the organisation.
func (s *Parties) record(tx *store.Tx, c access.Caller, kind, aggregate string, o Organisation, payload any, personal ...trace.Segment) error {
	_, err := s.facts.Record(tx, trace.Fact{Type: kind, Aggregate: aggregate, Owner: o.ID, Parties: parties(c, o), Actor: c.Ref(), At: s.now(),
		Machine: payload, Person: personal})
	return err
}

// parties are the organisation and, when staff from outside acted, theirs.
func parties(c access.Caller, o Organisation) []string {
	if c.Org != "" && c.Outside(o.Path) && c.Covers(o.Path) {
		return []string{o.ID, c.Org}
	}
	return []string{o.ID}
}

// Change says what to change of an organisation; empty fields stay.
type Change struct {
	Org      string
	Version  int64 // that the caller has seen; 0 for whatever stands
	Name     string
	Country  string
	Language string
}

// UpdateOrganisation changes name, country or language: its owner, or staff above it.
func (s *Parties) UpdateOrganisation(ctx context.Context, c access.Caller, in Change) (Organisation, error) {
	var out Organisation
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.allowed(tx, c, access.OrgUpdate, in.Org)
		if err != nil {
			return err
		}
		if in.Version != 0 && in.Version != o.Version {
			return stale("organisation")
		}
		o.Name, o.Country, o.Language = or(strings.TrimSpace(in.Name), o.Name), or(in.Country, o.Country), or(in.Language, o.Language)
		if err := o.validate(); err != nil {
			return err
		}
		row := o
		if o.Form == FormHousehold {
			if o.Name == Erased {
				return fail.New(fail.Gone, "party.erased", "The person whose name this household bears was erased.", "It cannot be changed any more.")
			}
			if row.sealed, err = s.sealName(ctx, o.ID, o.Head, o.Name); err != nil {
				return err
			}
			row.Name = ""
		}
		out = o.Organisation
		out.Version++
		return s.saveOrg(tx, c, row)
	})
	return out, err
}

// saveOrg writes a changed row and its fact.
func (s *Parties) saveOrg(tx *store.Tx, c access.Caller, row orgRow) error {
	ok, err := updateOrg(tx, row)
	if err != nil {
		return fmt.Errorf("update organisation: %w", err)
	}
	if !ok {
		return stale("organisation")
	}
	return s.orgFact(tx, c, FactOrgUpdated, row.Organisation)
}

// SetKinds changes what an organisation does, for example makes a customer a publisher too: staff above it, as for
// creating it. Units and households stay what they are.
func (s *Parties) SetKinds(ctx context.Context, c access.Caller, org string, kinds []Kind) (Organisation, error) {
	var out Organisation
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		o, err := s.readOrg(tx, org)
		if err != nil {
			return err
		}
		if err := s.policy.Check(c, access.OrgUpdate, o.Resource("organisation", o.ID)); err != nil {
			return err
		}
		if !c.Outside(o.Path) {
			return fail.New(fail.Denied, "access.denied", "You may not change what your own organisation does in the market.", "Ask whoever runs the market to do it.").
				Because(fail.Reason{Rule: "party.kinds", Text: "Staff above an organisation decides whether it sells or resells."})
		}
		parent, err := s.allowed(tx, c, access.OrgCreate, o.Parent)
		if err != nil {
			return err
		}
		refused := fail.New(fail.Invalid, "party.kind", "The organisation cannot become that.", "A business below the operator or a reseller may be customer, publisher and reseller.")
		if o.Form != FormBusiness || o.Is(KindUnit) || len(kinds) == 0 {
			return refused
		}
		for _, k := range kinds {
			if k == KindUnit || !mayStandBelow(k, parent.Organisation) {
				return refused.Field("kinds", string(k))
			}
		}
		o.Kinds = slices.Compact(slices.Sorted(slices.Values(kinds)))
		out = o.Organisation
		out.Version++
		return s.saveOrg(tx, c, o)
	})
	return out, err
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func stale(noun string) error {
	return fail.New(fail.Precondition, "party.stale", "The "+noun+" was changed since you read it.", "Read it again and repeat the change.")
}

// allowed reads the organisation and checks the action on it. One that may not be seen looks like one that is not.
func (s *Parties) allowed(tx *store.Tx, c access.Caller, a access.Action, org string) (orgRow, error) {
	o, err := s.readOrg(tx, org)
	if err != nil {
		return o, err
	}
	return o, s.policy.Check(c, a, o.Resource("organisation", o.ID))
}

// readOrg reads an organisation and opens its name.
func (s *Parties) readOrg(tx *store.Tx, org string) (orgRow, error) {
	o, err := selectOrg(tx, org)
	if err != nil {
		return o, err
	}
	return o, s.openName(tx.Context(), &o)
}

// Organisation gives one that the caller may see.
func (s *Parties) Organisation(ctx context.Context, c access.Caller, org string) (Organisation, error) {
	var o orgRow
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		o, err = s.allowed(tx, c, access.OrgRead, org)
		return err
	})
	if err != nil {
		return Organisation{}, err
	}
	if o.Form == FormHousehold && c.Outside(o.Path) {
		o.Name = Hidden
	}
	return o.Organisation, nil
}

// Lookup gives any organisation, for packages downstream in their own transaction. It does not authorise: they do,
// with Organisation.Resource.
func (s *Parties) Lookup(tx *store.Tx, org string) (Organisation, error) {
	return store.Once(tx, orgKey+org, func() (Organisation, error) {
		o, err := s.readOrg(tx, org)
		return o.Organisation, err
	})
}

// Branch lists the organisations at and below org in the order of the tree, at most limit, after the path given ("" for
// the first). Names of households stay hidden from outside: Members shows people, and records that it did.
func (s *Parties) Branch(ctx context.Context, c access.Caller, org, after string, limit int) ([]Organisation, error) {
	var out []Organisation
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		top, err := s.allowed(tx, c, access.OrgRead, org)
		if err != nil {
			return err
		}
		rows, err := selectBranch(tx, top.Path, after, limit)
		out = nil
		for _, o := range rows {
			if s.policy.Check(c, access.OrgRead, o.Resource("organisation", o.ID)) != nil {
				continue
			}
			if o.Form == FormHousehold && c.Outside(o.Path) {
				o.Name = Hidden
			} else if err := s.openName(ctx, &o); err != nil {
				return err
			}
			out = append(out, o.Organisation)
		}
		return err
	})
	return out, err
}
