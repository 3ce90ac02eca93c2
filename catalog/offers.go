package catalog

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/trace"
)

// Catalogue is the service. Safe for concurrent use.
type Catalogue struct {
	db      *store.DB
	ids     *id.Source
	now     clock.Clock
	facts   *trace.Facts
	policy  *access.Policy
	parties *party.Parties

	contents contents
}

// New makes the service.
func New(db *store.DB, ids *id.Source, now clock.Clock, facts *trace.Facts, policy *access.Policy, parties *party.Parties) *Catalogue {
	return &Catalogue{db: db, ids: ids, now: now, facts: facts, policy: policy, parties: parties}
}

// ImportOffer reads YAML (see Parse) and saves it as SaveDraft does. The same file twice gives the same version.
func (s *Catalogue) ImportOffer(ctx context.Context, c access.Caller, publisher string, text []byte) (Version, error) {
	content, err := Parse(text)
	if err != nil {
		return Version{}, err
	}
	return s.SaveDraft(ctx, c, publisher, content)
}

// SaveDraft writes the draft of a publisher's offer: a new offer when the key is new, a change of the draft when there
// is one, else a new version. A content equal to the newest version's changes nothing and gives that version. The
// publisher's people may.
func (s *Catalogue) SaveDraft(ctx context.Context, c access.Caller, publisher string, content Content) (v Version, err error) {
	content = content.priced(func(p *Price) {
		if p.ID == "" {
			p.ID = s.ids.New("prc")
		}
	})
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		org, err := s.publisher(tx, c, access.CatalogPublish, publisher, "")
		if err != nil {
			return err
		}
		if !org.Is(party.KindPublisher) {
			return fail.New(fail.Invalid, "offer.publisher", org.Name+" is not a publisher.", "Ask the operator to make the organisation a publisher.")
		}
		full := content.ready("", org.Entity, s.now())
		if full.Entity != org.Entity {
			return fail.New(fail.Invalid, "offer.entity", "The legal entity is not the publisher's.", "Leave it out.").Field("entity", "is not the publisher's")
		}
		if err := full.Validate(); err != nil {
			return err
		}
		v, err = s.save(tx, c, org, full)
		return err
	})
	return v, err
}

// save finds out which of the three cases it is.
func (s *Catalogue) save(tx *store.Tx, c access.Caller, org party.Organisation, content Content) (Version, error) {
	o, err := selectOffer(tx, content.Key)
	switch {
	case fail.Is(err, fail.NotFound):
		o = Offer{ID: s.ids.New("off"), Key: content.Key, Publisher: org.ID, Path: org.Path, CreatedAt: s.now()}
		if err := insertOffer(tx, o); err != nil {
			return Version{}, err
		}
		return s.saveNew(tx, c, o, content)
	case err != nil:
		return Version{}, err
	case o.Publisher != org.ID:
		return Version{}, fail.New(fail.Conflict, "offer.key", "The key is taken by another publisher.", "Choose another key, for example with your name in it.").Field("key", "is taken")
	}
	latest, err := selectNumber(tx, o.ID, o.Latest)
	if err != nil {
		return Version{}, err
	}
	if same, err := equal(latest.Content, content, s.now().UTC().Truncate(time.Second)); err != nil || same {
		return latest, err
	}
	switch latest.State {
	case StateDraft:
		return s.saveOver(tx, c, latest, content)
	case StateReview:
		return Version{}, fail.New(fail.Conflict, "offer.in_review", "The newest version is in review and cannot be changed.", "Wait for the review, or ask the operator to return it.")
	}
	return s.saveNew(tx, c, o, content)
}

// equal compares what the publishers wrote; times that saving gives now, and had given, do not count.
func equal(old, fresh Content, now time.Time) (bool, error) {
	given := fresh.bare().priced(func(p *Price) {
		if p.EffectiveFrom.Equal(now) {
			p.EffectiveFrom = zeroTime()
		}
	})
	old = old.bare()
	for i := range min(len(old.Plans), len(given.Plans)) {
		for j := range min(len(old.Plans[i].Prices), len(given.Plans[i].Prices)) {
			if given.Plans[i].Prices[j].EffectiveFrom.IsZero() { // both are copies
				old.Plans[i].Prices[j].EffectiveFrom = zeroTime()
			}
		}
	}
	a, _, err := old.canonical()
	if err != nil {
		return false, err
	}
	b, _, err := given.canonical()
	return bytes.Equal(a, b), err
}

func (s *Catalogue) saveNew(tx *store.Tx, c access.Caller, o Offer, content Content) (Version, error) {
	text, hash, err := content.canonical()
	if err != nil {
		return Version{}, err
	}
	v := Version{ID: s.ids.New("ofv"), Offer: o.ID, Publisher: o.Publisher, Path: o.Path, Number: o.Latest + 1, State: StateDraft,
		Hash: hash, Content: content, CreatedAt: s.now(), ETag: 1}
	if err := insertVersion(tx, v, text); err != nil {
		return Version{}, err
	}
	return v, s.record(tx, c, FactSaved, v)
}

func (s *Catalogue) saveOver(tx *store.Tx, c access.Caller, v Version, content Content) (Version, error) {
	text, hash, err := content.canonical()
	if err != nil {
		return Version{}, err
	}
	v.Content, v.Hash = content, hash
	ok, err := updateDraft(tx, v, text)
	if err != nil {
		return Version{}, err
	}
	if !ok {
		return Version{}, store.Retry(fmt.Errorf("offer version %s was changed meanwhile", v.ID))
	}
	v.ETag++
	return v, s.record(tx, c, FactSaved, v)
}

// Submit gives a draft to the operator for review; from here its content is frozen. The publisher's people may.
func (s *Catalogue) Submit(ctx context.Context, c access.Caller, version string) (Version, error) {
	return s.step(ctx, c, access.CatalogPublish, version, CommandSubmit, "")
}

// Return gives a version in review back to the publisher with a note. The operator's staff may.
func (s *Catalogue) Return(ctx context.Context, c access.Caller, version, note string) (Version, error) {
	if strings.TrimSpace(note) == "" || len(note) > maxSummary {
		return Version{}, fail.New(fail.Invalid, "offer.note", "The publisher must read why.", "Write a sentence.").Field("note", "1 to 300 characters")
	}
	return s.step(ctx, c, access.OfferReview, version, CommandReturn, note)
}

// Publish puts a reviewed version on the shelf; the one before it is superseded. The operator's staff may.
func (s *Catalogue) Publish(ctx context.Context, c access.Caller, version string) (Version, error) {
	return s.step(ctx, c, access.OfferReview, version, CommandPublish, "")
}

// Withdraw stops the sale of a version; who has it keeps it. The publisher's people and the operator's staff may.
func (s *Catalogue) Withdraw(ctx context.Context, c access.Caller, version, note string) (Version, error) {
	return s.step(ctx, c, access.CatalogWithdraw, version, CommandWithdraw, note)
}

// step runs one command of the table.
func (s *Catalogue) step(ctx context.Context, c access.Caller, action access.Action, version string, command Command, note string) (v Version, err error) {
	markets, err := s.parties.Markets(ctx)
	if err != nil {
		return Version{}, err
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if v, err = s.guarded(tx, c, action, version); err != nil {
			return err
		}
		if command == CommandPublish {
			if err := s.shelve(tx, c, v, markets); err != nil {
				return err
			}
		}
		v, err = s.advance(tx, c, v, command, note)
		if err != nil {
			return err
		}
		switch v.State {
		case StatePublished:
			return putOnShelf(tx, v)
		case StateWithdrawn:
			o, err := selectOffer(tx, v.Offer)
			if err == nil && o.Current == v.ID {
				err = takeFromShelf(tx, v.Offer)
			}
			return err
		}
		return nil
	})
	return v, err
}

// shelve checks that the version may go on the shelf and supersedes what stands there.
func (s *Catalogue) shelve(tx *store.Tx, c access.Caller, v Version, markets []party.Market) error {
	if _, err := next(v.State, CommandPublish); err != nil {
		return err
	}
	if err := v.Content.publishable(markets); err != nil {
		return err
	}
	o, err := selectOffer(tx, v.Offer)
	if err != nil || o.Current == "" {
		return err
	}
	old, err := selectVersion(tx, o.Current)
	if err != nil {
		return err
	}
	_, err = s.advance(tx, c, old, CommandSupersede, "")
	return err
}

func (s *Catalogue) advance(tx *store.Tx, c access.Caller, v Version, command Command, note string) (Version, error) {
	row, err := next(v.State, command)
	if err != nil {
		return Version{}, err
	}
	v = v.stamped(row.To, s.now())
	v.Note = note
	ok, err := updateState(tx, v)
	if err != nil {
		return Version{}, err
	}
	if !ok {
		return Version{}, store.Retry(fmt.Errorf("offer version %s was changed meanwhile", v.ID))
	}
	v.ETag++
	return v, s.record(tx, c, row.Fact, v)
}

// publisher gives the organisation when the caller may do the action on its offers.
func (s *Catalogue) publisher(tx *store.Tx, c access.Caller, action access.Action, org, version string) (party.Organisation, error) {
	o, err := s.parties.Lookup(tx, org)
	if err != nil {
		return o, err
	}
	if version == "" {
		return o, s.policy.Check(c, action, o.Resource("organisation", o.ID))
	}
	return o, s.policy.Check(c, action, o.Resource("offer version", version))
}

func (s *Catalogue) guarded(tx *store.Tx, c access.Caller, action access.Action, version string) (Version, error) {
	v, err := selectVersion(tx, version)
	if err != nil {
		return Version{}, err
	}
	_, err = s.publisher(tx, c, action, v.Publisher, v.ID)
	return v, err
}

// record writes the fact; the publisher owns it, and everyone above it in the tree is concerned.
func (s *Catalogue) record(tx *store.Tx, c access.Caller, kind string, v Version) error {
	_, err := s.facts.Record(tx, trace.Fact{Type: kind, Aggregate: v.ID, Owner: v.Publisher, Parties: strings.Split(strings.Trim(v.Path, "/"), "/"), Actor: c.Ref(), At: s.now(),
		Machine: VersionFact{Offer: v.Offer, Key: v.Content.Key, Version: v.ID, Number: v.Number, Publisher: v.Publisher, Path: v.Path,
			State: v.State, Hash: v.Hash, Note: v.Note}})
	return err
}
