// Package seal is the stamp on everything that was weighed: facts, invoices, exports.
//
// Owns: how a proof is shown.
// Does not own: proofs and how they are checked (proof, trace).
// Reads: nothing.
// Writes: nothing.
package seal

import (
	"time"

	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// State of a proof.
type State string

// The states.
const (
	Verified State = "verified" // in a published checkpoint, checked now
	Pending  State = "pending"  // recorded, waiting for the next checkpoint
	Broken   State = "broken"   // what is shown does not match what was sealed
)

// Seal opens to the index, the checkpoint, the download and the command that verifies offline.
type Seal struct {
	State      State
	Index      int64  // leaf in the log
	Checkpoint int64  // size of the tree that contains it
	Origin     string // name of the log
	Hash       string // hexadecimal
	At         time.Time
	Download   string // URL of the proof
	Command    string // verifies it offline
	Open       bool
}

func examples(l *locale.Locale) []part.Example {
	s := Seal{State: Verified, Index: 187, Checkpoint: 212, Origin: "demo.halle", Hash: "5f1c9a0be47d2c6618f03ad5c1e97b2a4d80f6ce33b1a9e5724c0d9b8e6f1a37",
		At: time.Date(2026, 11, 5, 14, 5, 2, 0, time.UTC), Download: "#proof", Command: "halle verify invoice-2026-000001.proof", Open: true}
	closed, pending, broken := s, s, s
	closed.Open = false
	pending.Open, pending.State, pending.Checkpoint, pending.Download, pending.Command = false, Pending, 0, "", ""
	broken.State, broken.Open = Broken, false
	return []part.Example{
		{Title: l.T("example.seal.open"), Template: "seal", View: s},
		{Title: l.T("seal.state.verified"), Template: "seal", View: closed},
		{Title: l.T("seal.state.pending"), Template: "seal", View: pending},
		{Title: l.T("seal.state.broken"), Template: "seal", View: broken},
	}
}
