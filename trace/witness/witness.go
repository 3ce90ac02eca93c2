// Package witness cosigns checkpoints of logs that it has seen grow, and never a second history of one (C2SP
// tlog-witness, tlog-cosignature).
//
// Owns: the last checkpoint cosigned of each log; the HTTP interface of a witness; asking a witness.
// Does not own: logs, their leaves and what these mean (trace, proof); a witness holds no data of anybody.
// Reads: its key, the keys of the logs it knows.
// Writes: a file for each log in its folder, and the evidence of two histories.
//
// The new checkpoint is durable before its cosignature leaves the process, so that a kill or a loss of power never lets
// a witness cosign two histories. A folder bears one process.
package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sys/unix"

	"github.com/halle-cloud/halle/internal/durable"
)

// Witness cosigns for the logs it knows. Safe for concurrent use.
type Witness struct {
	dir    string
	signer *fnote.Signer
	key    string // verifier key
	report *slog.Logger
	now    func() time.Time
	logs   map[string]*known // by origin
	lock   *os.File
}

// known is a log that the witness is configured with, and how far it saw it grow.
type known struct {
	origin    string
	verifiers []note.Verifier

	mu        sync.Mutex
	last      *log.Checkpoint // nil before the first
	raw       []byte          // last, with the log's signatures and ours
	at        time.Time       // of our cosignature
	refused   uint64          // requests since the start whose checkpoint bore the log's signature and did not go on from last
	histories uint64          // of them: another root for a size that was cosigned, which is proof of two histories
}

// Config is what a witness is made of.
type Config struct {
	Dir    string          // where it remembers; made when it is missing
	Key    string          // its signed-note key, "PRIVATE+KEY+…", Ed25519
	Logs   []note.Verifier // keys of the logs it knows; several of one origin while a log changes its key
	Now    func() time.Time
	Report *slog.Logger
}

// Open reads what the witness remembers. It refuses a folder that another process uses, and one whose files do not bear
// its own cosignature.
func Open(c Config) (w *Witness, err error) {
	w = &Witness{dir: c.Dir, report: c.Report, now: c.Now, logs: map[string]*known{}}
	if w.signer, err = fnote.NewSignerForCosignatureV1(c.Key); err != nil {
		return nil, fmt.Errorf("key of the witness: %w", err)
	}
	if w.key, err = VerifierKey(c.Key); err != nil {
		return nil, err
	}
	for _, v := range c.Logs {
		k := w.logs[v.Name()]
		if k == nil {
			k = &known{origin: v.Name()}
			w.logs[v.Name()] = k
		}
		k.verifiers = append(k.verifiers, v)
	}
	if len(w.logs) == 0 {
		return nil, errors.New("the witness knows no log: name at least one verifier key")
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the witness: %w", err)
	}
	if w.lock, err = os.OpenFile(filepath.Join(c.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("folder of the witness: %w", err)
	}
	if err := unix.Flock(int(w.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another witness uses the folder %s: stop it, or choose another one", c.Dir), w.lock.Close())
	}
	for _, k := range w.logs {
		if err := w.remember(k); err != nil {
			return nil, errors.Join(err, w.lock.Close())
		}
	}
	return w, nil
}

// Close gives the folder free.
func (w *Witness) Close() error { return w.lock.Close() }

// Key is the verifier key of the witness, for policies.
func (w *Witness) Key() string { return w.key }

func (w *Witness) file(k *known) string {
	return filepath.Join(w.dir, log.ID(k.origin)+".checkpoint")
}

func (w *Witness) remember(k *known) error {
	raw, err := os.ReadFile(w.file(k))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("last checkpoint of %s: %w", k.origin, err)
	}
	c, _, n, err := log.ParseCheckpoint(raw, k.origin, w.signer.Verifier())
	if err != nil {
		return fmt.Errorf("last checkpoint of %s in %s: the file was altered or is another witness's: %w. Without it the witness could cosign a second history, so that it does not start; bring the file back",
			k.origin, w.dir, err)
	}
	k.last, k.raw = c, raw
	k.at, err = fnote.CoSigV1Timestamp(n.Sigs[0])
	return err
}

// Outcome says what became of a request.
type Outcome int

// The outcomes; C2SP tlog-witness gives each its status.
const (
	Cosigned     Outcome = iota // 200
	Malformed                   // 400: not a request, or old is larger than the checkpoint
	Untrusted                   // 403: no signature of a key that the witness knows for this origin
	Unknown                     // 404: no such log
	Behind                      // 409 with the size: old is not what the witness cosigned last
	Contradicted                // 409: another root for the size cosigned last
	Inconsistent                // 422: the proof does not lead from the one to the other
	Unable                      // 503: the witness cannot keep the checkpoint, or its clock was set back
)

// Answer is the outcome of a request. Size is what the witness cosigned last, when Behind.
type Answer struct {
	Outcome     Outcome
	Size        uint64
	Cosignature []byte // a note signature line, when Cosigned
	Why         string
}

// Add judges one request, and cosigns. Two requests for one log are judged one after the other.
func (w *Witness) Add(ctx context.Context, r Request) Answer {
	k := w.logs[r.origin()]
	if k == nil {
		return Answer{Outcome: Unknown, Why: "this witness does not know that log"}
	}
	c, err := k.open(r.Checkpoint)
	if err != nil {
		return Answer{Outcome: Untrusted, Why: err.Error()}
	}
	if r.Old > c.Size {
		return Answer{Outcome: Malformed, Why: fmt.Sprintf("old size %d is beyond the checkpoint's %d", r.Old, c.Size)}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if a, ok := w.judge(k, r, c); !ok {
		w.refuse(ctx, k, r, a)
		return a
	}
	return w.cosign(ctx, k, r, c)
}

func (k *known) open(raw []byte) (c *log.Checkpoint, err error) {
	for _, v := range k.verifiers {
		if c, _, _, err = log.ParseCheckpoint(raw, k.origin, v); err == nil {
			return c, nil
		}
	}
	return nil, err
}

func (w *Witness) judge(k *known, r Request, c *log.Checkpoint) (Answer, bool) {
	old, root := uint64(0), rfc6962.DefaultHasher.EmptyRoot()
	if k.last != nil {
		old, root = k.last.Size, k.last.Hash
	}
	switch {
	case r.Old != old:
		return Answer{Outcome: Behind, Size: old}, false
	case r.Old == c.Size && k.last != nil && !bytes.Equal(root, c.Hash):
		return Answer{Outcome: Contradicted, Why: fmt.Sprintf("this witness cosigned another root for %d entries", old)}, false
	case old == 0:
		if len(r.Proof) > 0 || c.Size == 0 && !bytes.Equal(c.Hash, root) {
			return Answer{Outcome: Inconsistent, Why: "from nothing there is nothing to prove"}, false
		}
	default:
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old, c.Size, r.Proof, root, c.Hash); err != nil {
			return Answer{Outcome: Inconsistent, Why: err.Error()}, false
		}
	}
	if now := w.now(); now.Before(k.at.Add(-time.Second)) {
		return Answer{Outcome: Unable, Why: fmt.Sprintf("the witness's clock says %s, but it cosigned at %s: its clock was set back", now.UTC().Format(time.RFC3339), k.at.UTC().Format(time.RFC3339))}, false
	}
	return Answer{}, true
}

// refuse keeps what contradicts a checkpoint that was cosigned. Whoever sends a good checkpoint with a bad proof proves
// nothing, so that only two roots for one size are called two histories; they bear the log's signature.
func (w *Witness) refuse(ctx context.Context, k *known, r Request, a Answer) {
	switch a.Outcome {
	case Behind:
		return
	case Unable:
		w.report.ErrorContext(ctx, "the witness cannot cosign", "log", k.origin, "why", a.Why)
		return
	case Contradicted:
		k.histories++
	}
	k.refused++
	evidence := filepath.Join(w.dir, fmt.Sprintf("%s.refused.%d", log.ID(k.origin), min(k.refused, maxEvidence)))
	var both bytes.Buffer
	both.Write(k.raw)
	fmt.Fprintf(&both, "\n%s\n", a.Why)
	both.Write(r.Checkpoint)
	if err := durable.Write(evidence, both.Bytes()); err != nil {
		w.report.ErrorContext(ctx, "the evidence could not be kept", "log", k.origin, "error", err)
	}
	w.report.ErrorContext(ctx, "a checkpoint that the log signed does not go on from the one cosigned last", "log", k.origin, "why", a.Why, "evidence", evidence)
}

// maxEvidence bounds the files of evidence a log: the first ones stay, the newest replaces the last.
const maxEvidence = 16

func (w *Witness) cosign(ctx context.Context, k *known, r Request, c *log.Checkpoint) Answer {
	n, err := note.Open(r.Checkpoint, note.VerifierList(k.verifiers...))
	if err != nil {
		return Answer{Outcome: Untrusted, Why: err.Error()}
	}
	raw, err := note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs}, w.signer)
	if err != nil {
		return Answer{Outcome: Unable, Why: err.Error()}
	}
	signed, err := note.Open(raw, note.VerifierList(w.signer.Verifier()))
	if err != nil {
		return Answer{Outcome: Unable, Why: err.Error()}
	}
	mine := signed.Sigs[0]
	at, err := fnote.CoSigV1Timestamp(mine)
	if err != nil {
		return Answer{Outcome: Unable, Why: err.Error()}
	}
	if err := durable.Write(w.file(k), raw); err != nil {
		w.report.ErrorContext(ctx, "the witness cannot keep a checkpoint, and cosigns nothing until it can", "log", k.origin, "error", err)
		return Answer{Outcome: Unable, Why: "the checkpoint could not be kept"}
	}
	k.last, k.raw, k.at = c, raw, at
	return Answer{Outcome: Cosigned, Cosignature: fmt.Appendf(nil, "\u2014 %s %s\n", mine.Name, mine.Base64)}
}

// State is what a witness saw of one log.
type State struct {
	Origin    string    `json:"origin"`
	Size      uint64    `json:"size"`
	At        time.Time `json:"at,omitzero"` // of the newest cosignature
	Refused   uint64    `json:"refused"`     // requests since the start that did not go on from the last checkpoint
	Histories uint64    `json:"histories"`   // of them, with another root for the size cosigned last: proof of two histories
}

// States lists the logs, by origin.
func (w *Witness) States() []State {
	var out []State
	for _, k := range w.logs {
		k.mu.Lock()
		s := State{Origin: k.origin, At: k.at, Refused: k.refused, Histories: k.histories}
		if k.last != nil {
			s.Size = k.last.Size
		}
		k.mu.Unlock()
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b State) int { return strings.Compare(a.Origin, b.Origin) })
	return out
}

// Last is the newest checkpoint cosigned of the log whose log.ID is given, with its cosignature; nil when there is none.
func (w *Witness) Last(id string) []byte {
	for _, k := range w.logs {
		if log.ID(k.origin) == id {
			k.mu.Lock()
			defer k.mu.Unlock()
			return k.raw
		}
	}
	return nil
}
