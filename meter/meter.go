// Package meter takes usage events in and gives closed windows out.
//
// Owns: who may send and read usage; what events may be about, as far as subscriptions say; the closed windows in the
// main database and their facts; what the operator decides about held events; disputes between customer and publisher.
// Does not own: the events, verdicts and sums (meter/usage, with a store of its own), prices (price, rating), the
// life of a subscription (subscription).
// Reads: organisations (party); the facts of subscriptions; licence.used; the usage store.
// Writes: meter_subject, meter_use, meter_window, meter_decision, meter_dispute, meter_dispute_event; the facts window.closed,
// usage.released, .rejected, .decided and .disputed, dispute.*; commands to the usage store.
//
// The usage store is apart so that ingest never holds the writer of orders. Between the two databases everything is
// idempotent: a subject is told again until it is known, a closed window is recorded once by its id.
package meter

import (
	"embed"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of meter in the main database. The usage store has its own: usage.Migrations.
func Migrations() store.Migrations { return store.Migrations{Package: "meter", Files: files} }

// FactWindowClosed is the type of the fact that a window has closed; its aggregate is the window, its payload a
// ClosedWindow, and the customer and the publisher are concerned.
const FactWindowClosed = "window.closed.v1"

// ClosedWindow is the payload of FactWindowClosed: what rating prices and what a proof is compared with. Kind is
// "regular", "correction" (Corrects names the window whose time it shares) or "final" (no events: all usage of an
// ended subscription is in). Quantities are decimal integers in text; Digest is proof.WindowDigest in hexadecimal.
type ClosedWindow struct {
	Window   string      `json:"window"`
	Tenant   string      `json:"tenant"`
	Subject  string      `json:"subject"`
	Source   string      `json:"source"`
	Kind     usage.Kind  `json:"kind"`
	Corrects string      `json:"corrects,omitempty"`
	From     time.Time   `json:"from"`
	To       time.Time   `json:"to"`
	Events   int64       `json:"events"`
	Sums     []proof.Sum `json:"sums"`
	Digest   string      `json:"digest"`
}

func payload(w usage.Window) ClosedWindow {
	return ClosedWindow{Window: w.ID, Tenant: w.Tenant, Subject: w.Subject, Source: w.Source, Kind: w.Kind, Corrects: w.Corrects,
		From: w.From, To: w.To, Events: w.Events, Sums: w.Sums, Digest: fmt.Sprintf("%x", w.Digest)}
}

// Page is one page of closed windows; Next is the cursor of the following one, 0 at the end.
type Page struct {
	Windows []usage.Window
	Next    int64
}
