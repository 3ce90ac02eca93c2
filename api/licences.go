package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/subscription/licence"
)

// Licences are the licences of one service.
type Licences struct {
	Service   string            `json:"service"`
	Org       string            `json:"org"`
	Name      string            `json:"name" doc:"of the offer and plan"`
	State     licence.PoolState `json:"state" enum:"open,halted,closed"`
	Terms     catalog.Licence   `json:"terms" doc:"of the plan"`
	Capacity  int64             `json:"capacity" doc:"seats at once; -1: any number"`
	Until     time.Time         `json:"until,omitzero" doc:"no seat is taken beyond it"`
	InUse     int64             `json:"inUse" doc:"seats in use; of named ones those that were given"`
	Free      int64             `json:"free" doc:"-1: any number"`
	SettledAt time.Time         `json:"settledAt" doc:"use is reported up to here"`
	Licences  []Licence         `json:"licences" nullable:"false"`
	Named     []NamedSeat       `json:"named" nullable:"false" doc:"seats that belong to people"`
	Seats     []Seat            `json:"seats" nullable:"false" doc:"in use"`
	Month     LicenceMonth      `json:"month"`
	Months    []LicenceMonth    `json:"months" nullable:"false" doc:"newest first"`
	Credit    money.UnitPrice   `json:"credit,omitzero" doc:"owed back if another plan were ordered now"`
}

// Licence is a right to use: granted by the plan or brought by the customer.
type Licence struct {
	ID        string              `json:"id"`
	Service   string              `json:"service"`
	Kind      catalog.LicenceKind `json:"kind" enum:"named,floating,term,byol"`
	State     licence.State       `json:"state" enum:"declared,valid,refused,expired,ended"`
	Reference string              `json:"reference,omitempty"`
	Seats     int64               `json:"seats" doc:"0: any number"`
	From      time.Time           `json:"from"`
	To        time.Time           `json:"to,omitzero"`
	Ends      time.Time           `json:"ends,omitzero" doc:"when it ends, as far as the customer was told: never less than a day after"`
	Number    string              `json:"number,omitempty" doc:"of an own licence"`
	Twice     bool                `json:"twice,omitempty" doc:"for its publisher: another customer declared the same number"`
	Document  string              `json:"document,omitempty" doc:"SHA-256 of the evidence"`
	Attested  string              `json:"attested" doc:"by whom"`
	DecidedBy string              `json:"decidedBy,omitempty"`
	Note      string              `json:"note,omitempty" doc:"why it was refused"`
	Told      int                 `json:"told,omitempty" doc:"days before the end that were announced last"`
	CreatedAt time.Time           `json:"createdAt"`
}

func licenceOf(l licence.Licence) Licence {
	return Licence{ID: l.ID, Service: l.Subscription, Kind: l.Kind, State: l.State, Reference: l.Reference, Seats: l.Seats, From: l.From, To: l.To, Ends: l.Ends(), Number: l.Number,
		Twice: l.Twice, Document: l.Document, Attested: l.DeclaredBy, DecidedBy: l.DecidedBy, Note: l.Note, Told: l.Told, CreatedAt: l.CreatedAt}
}

// NamedSeat is a seat that belongs to a person.
type NamedSeat struct {
	Seat   int64     `json:"seat"`
	Person string    `json:"person"`
	Since  time.Time `json:"since"`
	Free   time.Time `json:"free" doc:"when it may go to another person"`
}

func namedSeat(s licence.Seat) NamedSeat {
	return NamedSeat{Seat: s.No, Person: s.Person, Since: s.Since, Free: s.Free}
}

// Seat is a seat in use.
type Seat struct {
	ID      string    `json:"id"`
	Service string    `json:"service"`
	Holder  string    `json:"holder"`
	Device  string    `json:"device"`
	Hours   int       `json:"hours,omitempty" doc:"taken offline for so many"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until" doc:"free from here, unless it is renewed before"`
}

func seat(l licence.Lease) Seat {
	return Seat{ID: l.ID, Service: l.Subscription, Holder: l.Holder, Device: l.Device, Hours: l.Hours, From: l.From, Until: l.Until}
}

// LicenceMonth is how seats went in a civil month.
type LicenceMonth struct {
	Month    string `json:"month"`
	Taken    int64  `json:"taken"`
	Refused  int64  `json:"refused" doc:"how often no seat was free"`
	Peak     int64  `json:"peak" doc:"in use at once"`
	Capacity int64  `json:"capacity" doc:"when the peak was reached"`
}

func licencesOf(v licence.View) Licences {
	out := Licences{Service: v.Subscription, Org: v.Org, Name: v.Name, State: v.State, Terms: v.Terms.Licence, Capacity: v.Capacity, Until: v.Until, InUse: v.InUse, Free: v.Free,
		SettledAt: v.SettledAt, Licences: []Licence{}, Named: []NamedSeat{}, Seats: []Seat{}, Month: LicenceMonth(v.Month), Months: []LicenceMonth{}, Credit: v.Credit.Credit}
	for _, l := range v.Licences {
		out.Licences = append(out.Licences, licenceOf(l))
	}
	for _, s := range v.Seats {
		out.Named = append(out.Named, namedSeat(s))
	}
	for _, l := range v.Leases {
		out.Seats = append(out.Seats, seat(l))
	}
	for _, m := range v.Months {
		out.Months = append(out.Months, LicenceMonth(m))
	}
	return out
}

// SeatInput asks for a seat.
type SeatInput struct {
	Holder string `json:"holder" minLength:"1" maxLength:"64" doc:"who, as the software knows them, no name and no address; of named seats the person"`
	Device string `json:"device" minLength:"1" maxLength:"64" doc:"opaque id"`
	Hours  int    `json:"hours,omitempty" minimum:"0" maximum:"744" doc:"take it offline for so many; left out: it must be renewed"`
}

// SeatRenewal says that a seat is still in use.
type SeatRenewal struct {
	Hours int `json:"hours,omitempty" minimum:"0" maximum:"744" doc:"take it offline for so many"`
}

// OwnLicence is a licence that a customer brings.
type OwnLicence struct {
	Number    string    `json:"number" maxLength:"200"`
	Reference string    `json:"reference,omitempty" maxLength:"120"`
	Seats     int64     `json:"seats" minimum:"1"`
	From      time.Time `json:"from,omitzero" doc:"left out: now"`
	To        time.Time `json:"to"`
	Document  string    `json:"document,omitempty" doc:"SHA-256 of the evidence, hex"`
	Attested  bool      `json:"attested" doc:"you attest that you may use the software by this licence"`
}

// SeatOwner names who is to have a seat.
type SeatOwner struct {
	Person string `json:"person" minLength:"1"`
}

// LicencePath names a licence.
type LicencePath struct {
	Licence string `path:"licence"`
}

// SeatPath names a seat in use.
type SeatPath struct {
	ServicePath
	Lease string `path:"lease"`
}

const licencesTag = "licences"

func (s *server) licenceRoutes() {
	add(s, route{method: http.MethodGet, path: "/services/{service}/licence", id: "getLicences", summary: "Licences of a service: seats, who holds them, how often one was refused", tag: licencesTag},
		func(ctx context.Context, c access.Caller, in *ServicePath) (*Body[Licences], error) {
			v, err := s.Licences.Of(ctx, c, in.Service)
			return body(licencesOf(v), err)
		})
	add(s, route{method: http.MethodGet, path: "/organisations/{org}/licences", id: "listSoldLicences", summary: "What a publisher granted and its customers brought, with its use", tag: licencesTag},
		func(ctx context.Context, c access.Caller, in *OrgPath) (*Body[List[Licences]], error) {
			list, err := s.Licences.Sold(ctx, c, in.Org)
			return listOf(list, "", licencesOf, err)
		})
	s.seatRoutes()
	s.ownRoutes()
	s.conversionRoutes()
}

func (s *server) seatRoutes() {
	add(s, route{method: http.MethodPost, path: "/services/{service}/seats", id: "takeSeat", summary: "Take a seat", tag: licencesTag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct {
			ServicePath
			Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"128" doc:"the same key with the same body gives the same seat"`
			Body SeatInput
		}) (*Body[Seat], error) {
			l, err := s.Licences.Take(ctx, c, licence.TakeInput{Subscription: in.Service, Holder: in.Body.Holder, Device: in.Body.Device, Hours: in.Body.Hours, Key: in.Key})
			return body(seat(l), err)
		})
	add(s, route{method: http.MethodPost, path: "/services/{service}/seats/{lease}/renew", id: "renewSeat", summary: "Say that a seat is still in use", tag: licencesTag},
		func(ctx context.Context, c access.Caller, in *struct {
			SeatPath
			Body SeatRenewal
		}) (*Body[Seat], error) {
			l, err := s.Licences.Renew(ctx, c, in.Service, in.Lease, in.Body.Hours)
			return body(seat(l), err)
		})
	add(s, route{method: http.MethodDelete, path: "/services/{service}/seats/{lease}", id: "returnSeat", summary: "Give a seat back", tag: licencesTag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			SeatPath
			Device string `query:"device" doc:"of a seat that was taken offline: its device"`
		}) (*Empty, error) {
			_, err := s.Licences.Return(ctx, c, in.Service, in.Lease, in.Device)
			return empty(err)
		})
	add(s, route{method: http.MethodPost, path: "/services/{service}/named-seats", id: "assignSeat", summary: "Give a named seat to a person", tag: licencesTag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct {
			ServicePath
			Body SeatOwner
		}) (*Body[NamedSeat], error) {
			one, err := s.Licences.Assign(ctx, c, in.Service, in.Body.Person)
			return body(namedSeat(one), err)
		})
	add(s, route{method: http.MethodDelete, path: "/services/{service}/named-seats/{seat}", id: "releaseSeat", summary: "Take a named seat back", tag: licencesTag, status: http.StatusNoContent},
		func(ctx context.Context, c access.Caller, in *struct {
			ServicePath
			Seat int64 `path:"seat"`
		}) (*Empty, error) {
			return empty(s.Licences.Release(ctx, c, in.Service, in.Seat))
		})
}

func (s *server) ownRoutes() {
	add(s, route{method: http.MethodPost, path: "/services/{service}/licences", id: "declareLicence", summary: "Bring an own licence; it counts once its publisher has accepted it", tag: licencesTag, status: http.StatusCreated},
		func(ctx context.Context, c access.Caller, in *struct {
			ServicePath
			Body OwnLicence
		}) (*Body[Licence], error) {
			b := in.Body
			l, err := s.Licences.Declare(ctx, c, licence.DeclareInput{Subscription: in.Service, Number: b.Number, Reference: b.Reference, Seats: b.Seats, From: b.From, To: b.To,
				Document: b.Document, Attested: b.Attested})
			return body(licenceOf(l), err)
		})
	one := func(method, word, id, summary string, f func(context.Context, access.Caller, string) (licence.Licence, error)) {
		add(s, route{method: method, path: "/licences/{licence}" + word, id: id, summary: summary, tag: licencesTag},
			func(ctx context.Context, c access.Caller, in *LicencePath) (*Body[Licence], error) {
				l, err := f(ctx, c, in.Licence)
				return body(licenceOf(l), err)
			})
	}
	one(http.MethodDelete, "", "withdrawLicence", "Take an own licence back; its price ends at once", s.Licences.Withdraw)
	one(http.MethodPost, "/renew", "renewLicence", "Renew a licence for another term", s.Licences.RenewTerm)
	one(http.MethodPost, "/accept", "acceptLicence", "Accept a customer's own licence, as its publisher", s.Licences.Accept)
	add(s, route{method: http.MethodPost, path: "/licences/{licence}/refuse", id: "refuseLicence", summary: "Refuse a customer's own licence, as its publisher", tag: licencesTag},
		func(ctx context.Context, c access.Caller, in *struct {
			LicencePath
			Body Reason
		}) (*Body[Licence], error) {
			l, err := s.Licences.Refuse(ctx, c, in.Licence, in.Body.Reason)
			return body(licenceOf(l), err)
		})
}
