package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/client"

	"github.com/halle-cloud/halle/trace/witness"
)

const (
	// cosignWithin bounds how long a checkpoint waits for cosignatures before it is published without the missing ones:
	// a fact is published within two seconds also when a witness is away.
	cosignWithin = 800 * time.Millisecond
	// A witness that did not answer is left alone for a while, so that not every checkpoint waits for it.
	pauseFirst = 5 * time.Second
	pauseMost  = time.Minute
	// republish is how often an unchanged checkpoint is offered to the witnesses again, so that a fresh cosignature tells
	// that the log stands still, and is not merely shown to somebody as it was.
	republish = time.Minute
)

// Witnesses are asked to cosign each checkpoint before it is published. They never hold the log up: one that does not
// answer in time is missing on the checkpoint. Safe for concurrent use.
type Witnesses struct {
	all   tessera.WitnessGroup
	names map[string]string // by address of add-checkpoint
	log   *slog.Logger
	net   http.RoundTripper

	mu    sync.Mutex
	asked map[string]*asked
}

type asked struct {
	WitnessState
	pause time.Duration
	until time.Time
}

// WitnessState is how it stands with one witness.
type WitnessState struct {
	Name  string
	At    time.Time // of the last cosignature that it gave this process; zero: none yet
	Size  uint64    // of the checkpoint it cosigned then
	Error string    // why it gave none since; empty: it did
	since time.Time
	// Alarm says that the witness knows another history of this log. It stays until the server is started anew.
	Alarm string
}

// Since is when the witness last cosigned; when it was first asked, as long as it never did.
func (s WitnessState) Since() time.Time {
	if s.At.IsZero() {
		return s.since
	}
	return s.At
}

// ParseWitnesses reads a policy (C2SP tlog-policy) with the addresses of witnesses. The log asks all of them, whatever
// the quorum: that is for whoever verifies.
func ParseWitnesses(policy []byte, log *slog.Logger) (*Witnesses, error) {
	wanted, err := tessera.NewWitnessGroupFromPolicy(policy)
	if err != nil {
		return nil, fmt.Errorf("policy of the witnesses: %w", err)
	}
	w := &Witnesses{log: log, net: http.DefaultTransport, names: map[string]string{}, asked: map[string]*asked{}}
	for url, v := range wanted.Endpoints() {
		w.all.Components = append(w.all.Components, tessera.Witness{Key: v, URL: url})
		w.all.N++ // of those that are not paused, as long as cosignWithin
		w.names[url] = v.Name()
		w.asked[url] = &asked{WitnessState: WitnessState{Name: v.Name(), since: time.Now()}}
	}
	if len(w.names) == 0 {
		return nil, errors.New("policy of the witnesses: its quorum names no witness, so that none would be asked")
	}
	return w, nil
}

// States lists the witnesses by name.
func (w *Witnesses) States() []WitnessState {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []WitnessState
	for _, a := range w.asked {
		out = append(out, a.WitnessState)
	}
	slices.SortFunc(out, func(a, b WitnessState) int { return strings.Compare(a.Name, b.Name) })
	return out
}

var errPaused = errors.New("the witness did not answer and is asked again later")

// RoundTrip carries the library's questions to the witnesses, and takes note of their answers.
func (w *Witnesses) RoundTrip(r *http.Request) (*http.Response, error) {
	url := r.URL.String()
	if w.paused(url) {
		return nil, errPaused
	}
	var size uint64
	if r.GetBody != nil {
		if body, err := r.GetBody(); err == nil {
			if b, err := io.ReadAll(body); err == nil {
				if q, err := witness.ParseRequest(b); err == nil {
					size = q.Size()
				}
			}
		}
	}
	res, err := w.net.RoundTrip(r)
	if err != nil {
		w.note(r.Context(), url, size, witness.Answer{}, err)
		return nil, err
	}
	b, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		w.note(r.Context(), url, size, witness.Answer{}, err)
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(b))
	a, err := witness.ParseAnswer(res)
	w.note(r.Context(), url, size, a, err)
	res.Body = io.NopCloser(bytes.NewReader(b))
	return res, nil
}

func (w *Witnesses) paused(url string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.asked[url]
	return a != nil && time.Now().Before(a.until)
}

// note keeps what a witness answered to a checkpoint of the size.
func (w *Witnesses) note(ctx context.Context, url string, size uint64, answer witness.Answer, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.asked[url]
	if a == nil {
		return
	}
	if alarm := contradiction(a.Name, size, answer); err == nil && alarm != "" {
		if a.Alarm == "" {
			w.log.ErrorContext(ctx, "a witness knows another history of this log", "witness", a.Name, "what", alarm)
		}
		a.Alarm, a.Error = alarm, alarm
		return
	}
	switch {
	case err == nil && answer.Outcome == witness.Cosigned:
		a.At, a.Size, a.Error, a.pause = time.Now().UTC(), size, "", 0
		return
	case err == nil && answer.Outcome == witness.Behind:
		return // it told where it is, and is asked from there at once
	case err == nil:
		err = errors.New(answer.Why)
	}
	a.pause = min(max(2*a.pause, pauseFirst), pauseMost)
	a.until = time.Now().Add(a.pause)
	if a.Error == "" {
		w.log.WarnContext(ctx, "a witness does not cosign; checkpoints are published without it", "witness", a.Name, "error", err)
	}
	a.Error = err.Error()
}

// contradiction says in words how an answer tells of another history of the log, "" when it does not. size is that of
// the largest checkpoint that the log could show.
func contradiction(name string, size uint64, a witness.Answer) string {
	switch {
	case a.Outcome == witness.Behind && a.Size > size:
		return fmt.Sprintf("Witness %s cosigned %d entries of this log, which has %d here: the log was brought back from an older copy, and the database with it.", name, a.Size, size)
	case a.Outcome == witness.Contradicted:
		return fmt.Sprintf("Witness %s cosigned another root for the same %d entries: this log is a second history.", name, size)
	case a.Outcome == witness.Inconsistent:
		return fmt.Sprintf("Witness %s cosigned entries that these %d do not go on from: this log is a second history.", name, size)
	}
	return ""
}

// AskWitnesses asks each witness, before anything is appended, whether it knows this log as it stands here. The error says
// what a witness saw that is not here. A witness that does not answer is told of and not waited for: what it knows comes
// out with the next checkpoint.
func (l *Log) AskWitnesses(ctx context.Context) error {
	w := l.Witnesses
	if w == nil {
		return nil
	}
	raw, size, err := l.checkpoint(ctx)
	if err != nil {
		return err
	}
	integrated, err := l.reader.IntegratedSize(ctx)
	if err != nil {
		return err
	}
	c := &http.Client{Transport: w.net, Timeout: 5 * time.Second}
	for url, name := range w.names {
		why, err := w.askOne(ctx, c, url, l, raw, size, integrated)
		if err != nil {
			w.log.WarnContext(ctx, "a witness does not answer at the start", "witness", name, "error", err)
			continue
		}
		if why != "" {
			return errors.New(why + " To go on would show customers two histories, and the witness would refuse to cosign it. " +
				"Bring back the newest database and the newest log; a mirror (halle mirror) has the log")
		}
	}
	return nil
}

func (w *Witnesses) askOne(ctx context.Context, c *http.Client, url string, l *Log, raw []byte, size, integrated uint64) (string, error) {
	q := witness.Request{Checkpoint: raw}
	a, err := witness.Ask(ctx, c, url, q)
	if err != nil {
		return "", err
	}
	if a.Outcome == witness.Behind && a.Size > size && a.Size <= integrated {
		return "", nil // killed between cosignature and publishing
	}
	if a.Outcome == witness.Behind && a.Size <= size {
		builder, err := client.NewProofBuilder(ctx, size, l.reader.ReadTile)
		if err != nil {
			return "", err
		}
		q.Old = a.Size
		if a.Size < size {
			if q.Proof, err = builder.ConsistencyProof(ctx, a.Size, size); err != nil {
				return "", err
			}
		}
		if a, err = witness.Ask(ctx, c, url, q); err != nil {
			return "", err
		}
	}
	return contradiction(w.names[url], max(size, integrated), a), nil
}
