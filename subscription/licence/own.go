package licence

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
)

// DeclareInput is an own licence that a customer brings.
type DeclareInput struct {
	Subscription string
	Number       string // by which the publisher knows it; at most 200 bytes
	Reference    string // what it is for, a part number; at most 120 bytes
	Seats        int64
	From         time.Time // zero: today
	To           time.Time // the licence is not valid from here on
	Document     string    // SHA-256 of the evidence, hex; "" for none
	Attested     bool      // the caller attests that it may use the software by this licence
}

const (
	maxNumber   = 200
	maxOwn      = 1_000_000
	maxOwnYears = 10
)

// macKey is the installation's key under which numbers are compared.
const macKey = "licence-number"

func (in *DeclareInput) check(now time.Time) error {
	e := fail.New(fail.Invalid, "licence.declare", "The licence cannot be declared as described.", "Correct the fields named.")
	in.Number, in.Reference, in.Document = strings.TrimSpace(in.Number), strings.TrimSpace(in.Reference), strings.ToLower(strings.TrimSpace(in.Document))
	plain := func(s string) bool {
		return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
	}
	if in.Number == "" || len(in.Number) > maxNumber || !plain(in.Number) {
		e = e.Field("number", "is needed, at most 200 bytes of text")
	}
	if len(in.Reference) > 120 || !plain(in.Reference) {
		e = e.Field("reference", "is longer than 120 bytes")
	}
	if in.Seats < 1 || in.Seats > maxOwn {
		e = e.Field("seats", "must be 1 to 1000000")
	}
	if in.Document != "" && !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(in.Document) {
		e = e.Field("document", "must be the SHA-256 of the document, 64 hexadecimal digits")
	}
	if in.From.IsZero() {
		in.From = now
	}
	if in.From.After(now) {
		e = e.Field("from", "must not lie in the future: declare it when it has begun")
	}
	if !in.To.After(now.Add(notice)) || in.To.After(now.AddDate(maxOwnYears, 0, 0)) {
		e = e.Field("to", "must be more than a day and at most ten years ahead")
	}
	if !in.Attested {
		e = e.Field("attested", "must be attested: you may use the software by this licence")
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// Declare brings an own licence. Owners and buyers may; it counts once the publisher has accepted it. The number is kept
// encrypted under the customer's key and shown to the customer and the publisher alone. Errors: licence.declare,
// licence.own (fail.Conflict) when the plan takes none, licence.covers when it has fewer seats than the plan.
func (s *Licences) Declare(ctx context.Context, c access.Caller, in DeclareInput) (l Licence, err error) {
	now := s.Now().UTC().Truncate(time.Second)
	var org string
	if err := s.DB.Read(ctx, func(tx *store.Tx) error {
		p, err := s.pool(tx, c, access.LicenceDeclare, in.Subscription)
		org = p.Org
		return err
	}); err != nil {
		return l, err
	}
	if err := in.check(now); err != nil {
		return l, err
	}
	l = Licence{ID: s.IDs.New("lic"), Subscription: in.Subscription, Kind: catalog.LicenceOwn, Reference: in.Reference, Seats: in.Seats, From: in.From.UTC(), To: in.To.UTC().Truncate(time.Second),
		Document: in.Document, DeclaredBy: c.Ref(), CreatedAt: now, ChangedAt: now, ETag: 1}
	if err := s.seal(ctx, org, &l, in.Number); err != nil {
		return Licence{}, err
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		p, err := s.pool(tx, c, access.LicenceDeclare, in.Subscription)
		if err != nil {
			return err
		}
		if err := p.takesOwn(in.Seats); err != nil {
			return err
		}
		one := l
		row, err := one.move(CommandDeclare)
		if err != nil {
			return err
		}
		if err := insertLicence(tx, one); err != nil {
			return err
		}
		if err := s.record(tx, c.Ref(), row.Fact, one.ID, p, one.fact(p)); err != nil {
			return err
		}
		if err := s.tellPublisher(tx, p, one); err != nil {
			return err
		}
		l.State = one.State
		return nil
	})
	if err != nil {
		return Licence{}, err
	}
	l.Number = in.Number
	return l, nil
}

// takesOwn tells whether a licence with so many seats can be brought.
func (p Pool) takesOwn(seats int64) error {
	switch {
	case p.State == PoolClosed || p.Terms.Kind != catalog.LicenceOwn && !p.Terms.BringOwn:
		return fail.New(fail.Conflict, "licence.own", "The plan of this service takes no own licence.", "Choose a plan that does.")
	case p.Terms.Kind != catalog.LicenceOwn && seats < p.Terms.Seats:
		return fail.New(fail.Conflict, "licence.covers", "The licence has fewer seats than the plan.", "Bring one for all seats, or choose a smaller plan.").Field("seats", "must cover the seats of the plan")
	}
	return nil
}

func numberAAD(id string) []byte { return []byte("licence|" + id + "|number") }

// seal encrypts the number under the customer's key, and hashes it under one of the installation.
func (s *Licences) seal(ctx context.Context, org string, l *Licence, number string) (err error) {
	if l.sealed, err = s.Ring.Seal(ctx, keys.Tenant(org), []byte(number), numberAAD(l.ID)); err != nil {
		return err
	}
	if err := s.Ring.Ensure(ctx, keys.Install(macKey)); err != nil {
		return err
	}
	word := strings.Map(func(r rune) rune { // as people write it: case, spaces and dashes do not matter
		if strings.ContainsRune(" -_./", r) {
			return -1
		}
		return r
	}, strings.ToUpper(number))
	sum, err := s.Ring.MAC(ctx, keys.Install(macKey), "number", []byte(word))
	l.mac = sum[:]
	return err
}

// open decrypts the number; "" when the customer's key is gone.
func (s *Licences) open(ctx context.Context, org string, l *Licence) {
	if l.sealed == nil {
		return
	}
	if text, err := s.Ring.Open(ctx, keys.Tenant(org), l.sealed, numberAAD(l.ID)); err == nil {
		l.Number = string(text)
	}
}

// decide moves an own licence and judges its pool anew, in one transaction.
func (s *Licences) decide(tx *store.Tx, c access.Caller, l *Licence, p *Pool, command Command, note string) error {
	row, err := l.move(command)
	if err != nil {
		return err
	}
	now := s.Now().UTC().Truncate(time.Second)
	l.ChangedAt, l.DecidedBy, l.Note = now, c.Ref(), note
	if command == CommandAccept && !l.To.After(now) {
		return fail.New(fail.Conflict, "licence.past", "The licence has ended meanwhile.", "Refuse it, and ask for a new one.")
	}
	if err := updateLicence(tx, l); err != nil {
		return err
	}
	if err := s.record(tx, c.Ref(), row.Fact, l.ID, *p, l.fact(*p)); err != nil {
		return err
	}
	return s.judge(tx, c.Ref(), p, now)
}

// Accept says that the publisher knows the licence: from now to its end it counts. The publisher's people may.
func (s *Licences) Accept(ctx context.Context, c access.Caller, id string) (l Licence, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		var p Pool
		if l, p, err = s.published(tx, c, access.LicenceCheck, id); err != nil {
			return err
		}
		if err := s.decide(tx, c, &l, &p, CommandAccept, ""); err != nil {
			return err
		}
		return s.tell(tx, p, "accepted", map[string]string{"until": l.To.Format(time.DateOnly), "reference": l.Reference})
	})
	if err != nil {
		return Licence{}, err
	}
	return l, nil
}

// Refuse says why the publisher does not accept the licence, in words for the customer. The publisher's people may.
func (s *Licences) Refuse(ctx context.Context, c access.Caller, id, reason string) (l Licence, err error) {
	reason = strings.TrimSpace(reason)
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		var p Pool
		if l, p, err = s.published(tx, c, access.LicenceCheck, id); err != nil {
			return err
		}
		if reason == "" || len(reason) > 500 || !utf8.ValidString(reason) {
			return fail.New(fail.Invalid, "licence.reason", "A refusal says why.", "Write a reason of at most 500 bytes.").Field("reason", "is needed")
		}
		if err := s.decide(tx, c, &l, &p, CommandRefuse, reason); err != nil {
			return err
		}
		return s.tell(tx, p, "refused", map[string]string{"reason": reason, "reference": l.Reference})
	})
	if err != nil {
		return Licence{}, err
	}
	return l, nil
}

// Withdraw takes an own licence back; its price ends at once. Owners and buyers may.
func (s *Licences) Withdraw(ctx context.Context, c access.Caller, id string) (l Licence, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		var p Pool
		if l, p, err = s.held(tx, c, access.LicenceDeclare, id); err != nil {
			return err
		}
		if l.Kind != catalog.LicenceOwn {
			return fail.New(fail.Conflict, "licence.granted", "This licence comes with the plan.", "Change the plan, or cancel the service.")
		}
		return s.decide(tx, c, &l, &p, CommandWithdraw, "")
	})
	if err != nil {
		return Licence{}, err
	}
	return l, nil
}

// RenewTerm renews a licence for a term: it is valid for another term, from its end or, when it has expired, from now.
// Its price is paid again. Owners and buyers may.
func (s *Licences) RenewTerm(ctx context.Context, c access.Caller, id string) (l Licence, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		var p Pool
		if l, p, err = s.held(tx, c, access.LicenceDeclare, id); err != nil {
			return err
		}
		if l.Kind != catalog.LicenceTerm {
			return fail.New(fail.Conflict, "licence.no_term", "Only a licence for a term is renewed.", "An own licence is declared anew; others go on by themselves.")
		}
		now := s.Now().UTC().Truncate(time.Second)
		if from := l.To; from.After(now) {
			now = from
		}
		l.To, l.Told, l.ToldAt = now.AddDate(0, p.Terms.Months, 0), 0, time.Time{}
		return s.decide(tx, c, &l, &p, CommandRenew, "")
	})
	if err != nil {
		return Licence{}, err
	}
	return l, nil
}
