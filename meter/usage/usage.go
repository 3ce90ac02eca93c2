// Package usage is the usage store: events in, deduplicated, and closed windows out.
//
// Owns: the batch log, which is the truth; everything folded from it: the verdict on each event, the index of seen
// events, amounts by quarter of an hour, windows and their digests, the quarantine; the database of its own that the
// folded state stands in.
// Does not own: who may call (meter), the form and hash of an event (proof), prices, or the closed window's fact in
// the main database (meter).
// Reads: its log and its database.
// Writes: usage_offset, usage_subject, usage_source, usage_bucket, usage_window, usage_span, usage_correction, usage_part,
// usage_period, usage_items, usage_quarantine, usage_quality; the log and the index in its folder.
//
// # How an event becomes an amount
//
//  1. Ingest appends the events of a request to the log as one batch. Many requests share one fsync.
//  2. The fold, one goroutine, gives each position of the log its verdict and adds what is accepted to its window.
//     What the fold must know besides events (a subject registered or ended, the clock) is a batch of the log too, so
//     that the whole state is a function of the log: a replay gives the same verdicts, windows and digests.
//  3. Some times a second the state that changed and the consumed offset commit in one transaction. After a kill the
//     fold goes on from that offset.
//  4. A window closes at its source's watermark or after its grace; its digest is computed from the log, and with it, in
//     the order of closing, by how much it changes its billing period where amounts do not add up (evaluate.go).
//
// An event belongs to the window that holds the last microsecond of its interval, cut to the subscription's life. An
// interval should not cross windows. The attribute time decides nothing.
//
// # Corrections
//
// An amendment or a void names an earlier event of its source. It is an entry of its own, in the window of that event
// or, once that is closed, in a correction of it; after the cut-off in the window that is open. Nothing is changed or
// removed; the digest of the entry commits to the event and to what it takes back.
package usage

import (
	"embed"
	"fmt"
	"maps"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of the usage store, in its own database.
func Migrations() store.Migrations { return store.Migrations{Package: "usage", Files: files} }

// Event is a CloudEvents event of usage.
type Event = proof.Event

// Publisher is who sends: the organisation of the token, never something from the body.
type Publisher struct{ Org string }

// Limits of one request.
const (
	MaxEvents = 1000
	MaxBytes  = 1 << 20
)

// Rules of time.
const (
	DefaultWindow = time.Hour
	DefaultGrace  = 24 * time.Hour      // a window without a watermark closes so long after its end
	DefaultCutOff = 35 * 24 * time.Hour // later events are quarantined
	MaxSkew       = 5 * time.Minute     // so far in the future by our clock an interval may end
	Bucket        = 15 * time.Minute    // of charts; divides every zone's offset from UTC

	// WholeLife as Subject.Window makes one window from the subscription's start to its end.
	WholeLife time.Duration = -1
)

// MaxItems is how many different items a meter of different items counts in a billing period, for each combination of
// dimensions: the set is kept exactly.
const MaxItems = 10_000

// maxCorrections is how often one event can be amended or voided.
const maxCorrections = 50

// Subject is what events may be about: a subscription. Register it before its publisher sends.
type Subject struct {
	ID        string            `json:"id"`
	Tenant    string            `json:"tenant"`          // the customer's organisation
	Publisher string            `json:"publisher"`       // the organisation that alone may send
	Meters    map[string]string `json:"meters"`          // the unit of each meter it has
	From      time.Time         `json:"from"`            // what ended before is refused
	Zone      string            `json:"zone"`            // IANA name, of its billing periods
	Window    time.Duration     `json:"window"`          // 0 means DefaultWindow; a multiple of Bucket, or WholeLife
	Rules     map[string]Rule   `json:"rules,omitempty"` // of the meters that have others than the usual
	Anchor    price.Date        `json:"anchor,omitzero"` // of its billing months; none means the date of From
}

// Rule says how a meter is counted. The zero Rule is the usual: sums, with the store's grace and cut-off.
type Rule struct {
	Aggregation proof.Aggregation `json:"aggregation,omitempty"`
	Grace       time.Duration     `json:"grace,omitempty"`   // windows wait for the longest of their subject's meters
	CutOff      time.Duration     `json:"cut_off,omitempty"` // later events are quarantined
}

// Check tells whether the subject can be registered. Error: fail.Invalid.
func (s Subject) Check() error {
	switch {
	case s.ID == "" || s.Tenant == "" || s.Publisher == "" || s.From.IsZero():
		return fail.New(fail.Invalid, "usage.subject", "A usage subject needs id, tenant, publisher and start.", "Give all four.")
	case s.Window != WholeLife && (s.Window < 0 || s.Window%Bucket != 0):
		return fail.New(fail.Invalid, "usage.subject", "The usage window is not a multiple of 15 minutes.", "Choose another length.")
	}
	for _, r := range s.Rules {
		if !r.Aggregation.Valid() || r.Grace < 0 || r.CutOff < 0 {
			return fail.New(fail.Invalid, "usage.subject", "A meter has an aggregation that is not known, or a grace or cut-off below zero.", "Correct the meter.")
		}
		if !r.Aggregation.Adds() && s.Window > DefaultWindow { // one could cross the end of a billing period
			return fail.New(fail.Invalid, "usage.subject", "A meter whose amounts do not add up needs windows of an hour at most.", "Choose a shorter window.")
		}
	}
	return nil
}

// CheckChange tells whether the subject may become the new one: meters and zone may change, but not how a meter that it
// has is aggregated. Error: fail.Conflict.
func (s Subject) CheckChange(to Subject) error {
	same := s.Tenant == to.Tenant && s.Publisher == to.Publisher && s.From.Equal(to.From) && s.Window == to.Window && s.Anchor == to.Anchor
	for meter := range s.Meters {
		same = same && s.Rules[meter].Aggregation == to.Rules[meter].Aggregation
	}
	if same {
		return nil
	}
	return fail.New(fail.Conflict, "usage.subject", "The usage subject exists with another tenant, publisher, start, window, anchor or aggregation.",
		"Use another id.").With("id", to.ID)
}

// Equal tells whether two subjects say the same.
func (s Subject) Equal(o Subject) bool {
	return s.ID == o.ID && s.CheckChange(o) == nil && s.Zone == o.Zone && maps.Equal(s.Meters, o.Meters) && maps.Equal(s.Rules, o.Rules)
}

// Status is the verdict on an event.
type Status string

// The verdicts. Conflict and Rejected keep the event in the quarantine; it counts nowhere.
const (
	Accepted  Status = "accepted"
	Duplicate Status = "duplicate" // the same event was accepted before
	Conflict  Status = "conflict"  // another event with this source and id was accepted before
	Rejected  Status = "rejected"
)

// Reason says why an event was rejected.
type Reason string

// The reasons.
const (
	UnknownSubject Reason = "unknown_subject"
	ForeignSubject Reason = "foreign_subject" // in the quarantine only: its sender is told UnknownSubject
	BeforeStart    Reason = "before_start"
	Ended          Reason = "subscription_ended"
	UnknownMeter   Reason = "unknown_meter"
	WrongUnit      Reason = "wrong_unit"
	Negative       Reason = "negative"
	Overflow       Reason = "overflow"
	Future         Reason = "in_the_future"
	TooLate        Reason = "after_cut_off"
	OtherContent   Reason = "other_content" // of a conflict
	NeedsItem      Reason = "needs_item"
	NeedsValue     Reason = "needs_value"
	TooManyItems   Reason = "too_many_items"
	UnknownEvent   Reason = "unknown_event" // of an amendment or a void
	AlreadyVoid    Reason = "already_void"
	OtherWindow    Reason = "other_window"
	TooManyChanges Reason = "too_many_corrections"
)

// Reasons are all of them, in the order of the list above.
func Reasons() []Reason {
	return []Reason{UnknownSubject, ForeignSubject, BeforeStart, Ended, UnknownMeter, WrongUnit, Negative, Overflow, Future, TooLate, OtherContent, NeedsItem,
		NeedsValue, TooManyItems, UnknownEvent, AlreadyVoid, OtherWindow, TooManyChanges}
}

// Text says the reason to the sender, and what would make the event pass.
func (r Reason) Text() string {
	switch r {
	case UnknownSubject, ForeignSubject:
		return "There is no such subscription of yours. When it was just made, send the event again in a moment."
	case BeforeStart:
		return "The interval ended before the subscription began."
	case Ended:
		return "The interval began after the subscription had ended."
	case UnknownMeter:
		return "The plan of the subscription has no such meter."
	case WrongUnit:
		return "The meter has another unit in the plan."
	case Negative:
		return "The value is negative."
	case Overflow:
		return "The value does not fit into 64 bits. Send it in several events."
	case Future:
		return "The interval ends more than five minutes in the future. Check the clock, and send the event again later."
	case TooLate:
		return "The interval ended before the cut-off. The operator decides about it."
	case OtherContent:
		return "Another event with this source and id was taken before. A correction needs an id of its own."
	case NeedsItem:
		return "The meter counts different items: name the item instead of a value."
	case NeedsValue:
		return "The meter needs a value, not an item."
	case TooManyItems:
		return fmt.Sprintf("The meter counted %d different items of these dimensions in the billing period, the most it can.", MaxItems)
	case UnknownEvent:
		return "No event of this source and subscription with that id was taken. When it was just sent, send this again in a moment."
	case AlreadyVoid:
		return "That event counts no more. Send a new one."
	case OtherWindow:
		return "An amendment stays in the window of its event. Void the event and send a new one."
	case TooManyChanges:
		return fmt.Sprintf("That event was corrected %d times, the most it can be.", maxCorrections)
	}
	return ""
}

// Verdict is what became of one event of a request.
type Verdict struct {
	Status Status `json:"status"`
	Reason Reason `json:"reason,omitempty"`
	// Retry tells that the same event may pass later.
	Retry bool `json:"retry,omitempty"`
}

// Kind says what a window is.
type Kind string

// The kinds.
const (
	Regular    Kind = "regular"
	Correction Kind = "correction" // of events that came after their window had closed
	Final      Kind = "final"      // no events: every source of an ended subscription is complete
)

// Window is a closed window. Sums are sorted by meter, then labels.
type Window struct {
	ID       string
	Cursor   int64 // for Closed
	Tenant   string
	Subject  string
	Source   string // "" for Final
	Kind     Kind
	Corrects string // id of the window whose time a correction shares
	From, To time.Time
	Events   int64
	Sums     []proof.Sum
	Digest   [32]byte // proof.WindowDigest of the event hashes
	ClosedAt time.Time
}

// Proof is the window as it stands in proof files.
func (w Window) Proof() proof.Window {
	return proof.Window{ID: w.ID, Subject: w.Subject, Source: w.Source, From: w.From, To: w.To, Corrects: w.Corrects,
		Events: w.Events, Sums: w.Sums, Digest: fmt.Sprintf("%x", w.Digest)}
}

// Quantity is an amount that never overflows.
type Quantity = proof.Quantity
