// Package usage is the usage store: events in, deduplicated, and closed windows out.
//
// Owns: the batch log, which is the truth; everything folded from it: the verdict on each event, the index of seen
// events, amounts by quarter of an hour, windows and their digests, the quarantine; the database of its own that the
// folded state stands in.
// Does not own: who may call (meter), the form and hash of an event (proof), prices, or the closed window's fact in
// the main database (meter).
// Reads: its log and its database.
// Writes: usage_offset, usage_subject, usage_source, usage_bucket, usage_window, usage_span, usage_quarantine; the
// log and the index in its folder.
//
// # How an event becomes an amount
//
//  1. Ingest appends the events of a request to the log as one batch. Many requests share one fsync.
//  2. The fold, one goroutine, gives each position of the log its verdict and adds what is accepted to its window.
//     What the fold must know besides events (a subject registered or ended, the clock) is a batch of the log too, so
//     that the whole state is a function of the log: a replay gives the same verdicts, windows and digests.
//  3. Some times a second the state that changed and the consumed offset commit in one transaction. After a kill the
//     fold goes on from that offset.
//  4. A window closes at its source's watermark or after its grace; its digest is computed from the log.
//
// An event belongs to the window that holds the last microsecond of its interval, cut to the subscription's life. An
// interval should not cross windows. The attribute time decides nothing.
package usage

import (
	"embed"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
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
	MaxSkew       = 5 * time.Minute     // so far in the future an interval may end
	Bucket        = 15 * time.Minute    // of charts; divides every zone's offset from UTC

	// WholeLife as Subject.Window makes one window from the subscription's start to its end.
	WholeLife time.Duration = -1
)

// Subject is what events may be about: a subscription. Register it before its publisher sends.
type Subject struct {
	ID        string            `json:"id"`
	Tenant    string            `json:"tenant"`    // the customer's organisation
	Publisher string            `json:"publisher"` // the organisation that alone may send
	Meters    map[string]string `json:"meters"`    // the unit of each meter it has
	From      time.Time         `json:"from"`      // what ended before is refused
	Zone      string            `json:"zone"`      // IANA name, for charts
	Window    time.Duration     `json:"window"`    // 0 means DefaultWindow; a multiple of Bucket, or WholeLife
}

// Check tells whether the subject can be registered. Error: fail.Invalid.
func (s Subject) Check() error {
	switch {
	case s.ID == "" || s.Tenant == "" || s.Publisher == "" || s.From.IsZero():
		return fail.New(fail.Invalid, "usage.subject", "A usage subject needs id, tenant, publisher and start.", "Give all four.")
	case s.Window != WholeLife && (s.Window < 0 || s.Window%Bucket != 0):
		return fail.New(fail.Invalid, "usage.subject", "The usage window is not a multiple of 15 minutes.", "Choose another length.")
	}
	return nil
}

// CheckChange tells whether the subject may become the new one: meters and zone may change. Error: fail.Conflict.
func (s Subject) CheckChange(to Subject) error {
	if s.Tenant == to.Tenant && s.Publisher == to.Publisher && s.From.Equal(to.From) && s.Window == to.Window {
		return nil
	}
	return fail.New(fail.Conflict, "usage.subject", "The usage subject exists with another tenant, publisher, start or window.",
		"Use another id.").With("id", to.ID)
}

// Equal tells whether two subjects say the same.
func (s Subject) Equal(o Subject) bool {
	return s.ID == o.ID && s.CheckChange(o) == nil && s.Zone == o.Zone && maps.Equal(s.Meters, o.Meters)
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
)

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

// Quantity is an amount: High × 10^18 + Low, with 0 ≤ Low < 10^18.
type Quantity struct{ High, Low int64 }

const quantityBase = 1_000_000_000_000_000_000

// Add adds a value that is not negative.
func (q *Quantity) Add(n int64) {
	q.High += n / quantityBase
	q.Low += n % quantityBase
	if q.Low >= quantityBase {
		q.High++
		q.Low -= quantityBase
	}
}

// AddQuantity adds another amount.
func (q *Quantity) AddQuantity(o Quantity) {
	q.Add(o.Low)
	q.High += o.High
}

// Int64 is the amount where it fits.
func (q Quantity) Int64() (n int64, ok bool) {
	n = q.High*quantityBase + q.Low
	return n, q.High < 9 || q.High == 9 && n >= 0
}

// String is the amount as a decimal integer.
func (q Quantity) String() string {
	if q.High == 0 {
		return strconv.FormatInt(q.Low, 10)
	}
	return fmt.Sprintf("%d%018d", q.High, q.Low)
}

// parseQuantity reads what String wrote.
func parseQuantity(s string) (q Quantity, err error) {
	if cut := len(s) - 18; cut > 0 {
		if q.High, err = strconv.ParseInt(s[:cut], 10, 64); err != nil {
			return q, err
		}
		s = s[cut:]
	}
	q.Low, err = strconv.ParseInt(s, 10, 64)
	return q, err
}
