package catalog

import (
	"fmt"
	"slices"

	"github.com/halle-cloud/halle/proof"
)

// LicenceKind says how software may be used under a licence.
type LicenceKind string

// The kinds. The words follow ISO/IEC 19770-3 where it has them: the licence is the entitlement, a seat its metric.
const (
	LicenceNamed    LicenceKind = "named"    // each seat belongs to a person
	LicenceFloating LicenceKind = "floating" // so many at once, whoever they are
	LicenceTerm     LicenceKind = "term"     // until a date, then it must be renewed
	LicenceOwn      LicenceKind = "byol"     // the customer brings its own, which says how many at once
)

// LicenceKinds lists them.
func LicenceKinds() []LicenceKind {
	return []LicenceKind{LicenceNamed, LicenceFloating, LicenceTerm, LicenceOwn}
}

// Licence are the terms by which a plan's software may be used.
type Licence struct {
	Kind         LicenceKind `json:"kind"`
	Reference    string      `json:"reference,omitempty"`    // the publisher's own name for it, a part number
	Seats        int64       `json:"seats,omitempty"`        // named, floating: how many; term: how many at once, 0 for any number
	Months       int         `json:"months,omitempty"`       // term: how long from the activation or renewal
	LeaseMinutes int         `json:"leaseMinutes,omitempty"` // how long a seat is held without a sign of life; 0: 60
	BorrowHours  int         `json:"borrowHours,omitempty"`  // how long a seat may be taken offline; 0: not at all
	ReassignDays int         `json:"reassignDays,omitempty"` // named: a seat goes to another person so many days after it was given, at the earliest
	Meter        string      `json:"meter,omitempty"`        // meter of the offer that counts seats in use; empty: not counted
	BringOwn     bool        `json:"bringOwn,omitempty"`     // named, floating, term: while an own licence is valid, Charges are not paid
	Charges      []string    `json:"charges,omitempty"`      // price components that are the licence: the others are paid for running it
	Credit       int         `json:"credit,omitempty"`       // percent of what was paid once for the unused part of the term, when it is converted
}

// Limits of licences.
const (
	maxSeats     = 1_000_000
	maxLease     = 7 * 24 * 60
	maxBorrow    = 31 * 24
	maxReassign  = 366
	defaultLease = 60
)

// Lease is how long a seat is held without a sign of life, in minutes.
func (l *Licence) Lease() int {
	if l.LeaseMinutes == 0 {
		return defaultLease
	}
	return l.LeaseMinutes
}

// seatMeters are the aggregations that seats in use can be counted by.
func seatMeters() []proof.Aggregation {
	return []proof.Aggregation{proof.AggregateSum, proof.AggregateMax, proof.AggregateUnique, proof.AggregateWeighted}
}

func (v *check) licence(at string, c *Content, p *Plan) {
	l := p.Licence
	if l == nil {
		return
	}
	v.when(!slices.Contains(LicenceKinds(), l.Kind), at+".kind", `must be "named", "floating", "term" or "byol"`)
	v.when(len(l.Reference) > maxName, at+".reference", fmt.Sprintf("is longer than %d bytes", maxName))
	v.when(l.Seats < 0 || l.Seats > maxSeats, at+".seats", "must be 0 to 1000000")
	v.when(l.Seats == 0 && (l.Kind == LicenceNamed || l.Kind == LicenceFloating), at+".seats", "must be above zero")
	v.when(l.Seats != 0 && l.Kind == LicenceOwn, at+".seats", "does not belong to byol: the customer's licence says how many")
	v.when(l.Kind == LicenceTerm && (l.Months < 1 || l.Months > 120), at+".months", "must be 1 to 120")
	v.when(l.Kind != LicenceTerm && l.Months != 0, at+".months", "belongs to term only")
	v.when(l.LeaseMinutes < 0 || l.LeaseMinutes > maxLease, at+".leaseMinutes", "must be 0 to 10080")
	v.when(l.BorrowHours < 0 || l.BorrowHours > maxBorrow, at+".borrowHours", "must be 0 to 744")
	v.when(l.ReassignDays < 0 || l.ReassignDays > maxReassign, at+".reassignDays", "must be 0 to 366")
	v.when(l.Kind != LicenceNamed && l.ReassignDays != 0, at+".reassignDays", "belongs to named only")
	v.when(l.Kind == LicenceOwn && l.BringOwn, at+".bringOwn", "goes without saying for byol")
	v.when(l.Kind == LicenceOwn && len(l.Charges) > 0, at+".charges", "does not belong to byol: no licence is sold")
	v.when(l.BringOwn && len(l.Charges) == 0, at+".charges", "must name what an own licence makes needless")
	v.when(l.Kind == LicenceTerm && len(l.Charges) == 0, at+".charges", "must name what is paid for the term")
	v.when(l.Credit < 0 || l.Credit > 100, at+".credit", "must be 0 to 100")
	v.when(l.Credit != 0 && p.TermMonths == 0 && l.Months == 0, at+".credit", "needs a term: termMonths of the plan")
	v.licenceMeter(at+".meter", c, l)
	v.licenceCharges(at+".charges", p)
}

func (v *check) licenceMeter(at string, c *Content, l *Licence) {
	if l.Meter == "" {
		return
	}
	i := slices.IndexFunc(c.Meters, func(m Meter) bool { return m.Key == l.Meter })
	if i < 0 {
		v.when(true, at, "is not a meter of this offer")
		return
	}
	m := c.Meters[i]
	v.when(!slices.Contains(seatMeters(), proof.Aggregation(m.Aggregation)), at, "must be a meter with sum, max, unique or weighted")
	v.when(m.Aggregation == string(proof.AggregateSum) && m.Unit != "second", at, `must count the unit "second" where it sums`)
}

// licenceCharges wants each price list to have something left without the licence.
func (v *check) licenceCharges(at string, p *Plan) {
	if len(p.Licence.Charges) == 0 {
		return
	}
	for i, list := range p.Prices {
		if _, err := list.Version().Without("x", p.Licence.Charges); err != nil {
			v.when(true, at, fmt.Sprintf("must be parts of every price list and leave something to pay: price list %d does not fit", i+1))
		}
	}
}
