package m2m

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/halle-cloud/halle/app/m2m/journal"
)

const (
	batchEvents = 500 // in one request
	minBackoff  = 200 * time.Millisecond
	maxBackoff  = 30 * time.Second
)

// outbox sends sealed intervals until they are accepted: the bytes that were sealed, again and again.
type outbox struct {
	cfg     Config
	state   *state
	journal *journal.Journal
	log     *slog.Logger
	address string // where batches are posted
	http    *http.Client
	kick    chan struct{}

	mu  sync.Mutex
	err error // of the newest attempt
}

func newOutbox(cfg Config, st *state, j *journal.Journal, log *slog.Logger) *outbox {
	address, client := usageClient(cfg)
	return &outbox{cfg: cfg, state: st, journal: j, log: log, address: address, http: client, kick: make(chan struct{}, 1)}
}

// run sends whenever something was sealed, and again with growing pauses while it is refused.
func (o *outbox) run(ctx context.Context) {
	pause := minBackoff
	for {
		err := o.pass(ctx)
		o.mu.Lock()
		o.err = err
		o.mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		var again <-chan time.Time
		wake := o.kick
		if err != nil {
			o.log.Warn("usage not accepted", "error", err)
			again = time.After(pause/2 + rand.N(pause))
			pause = min(2*pause, maxBackoff)
			wake = nil
		} else {
			pause = minBackoff
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-again:
		}
	}
}

func (o *outbox) wake() {
	select {
	case o.kick <- struct{}{}:
	default:
	}
}

// lastError is nil after a pass in which everything was accepted.
func (o *outbox) lastError() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// flush waits until nothing is left to send.
func (o *outbox) flush(ctx context.Context) error {
	for {
		o.state.mu.Lock()
		left := len(o.state.outbox) + len(o.state.closed)
		o.state.mu.Unlock()
		if left == 0 {
			return nil
		}
		o.wake()
		select {
		case <-ctx.Done():
			return fmt.Errorf("m2m: %d intervals are not accepted yet: %w", left, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// place is where an event stands in the outbox.
type place struct {
	of *sealed
	i  int
}

// pass sends every event that is not accepted yet, then one watermark for the intervals that are done from the
// oldest on.
func (o *outbox) pass(ctx context.Context) error {
	o.state.mu.Lock()
	items := append([]*sealed(nil), o.state.outbox...)
	o.state.mu.Unlock()
	var todo []place
	for _, s := range items {
		for i := range s.Events {
			if !s.accepted[i] {
				todo = append(todo, place{s, i})
			}
		}
	}
	var refused error
	for len(todo) > 0 {
		n := min(len(todo), batchEvents)
		if err := o.sendBatch(ctx, todo[:n]); err != nil {
			refused = err
			break
		}
		todo = todo[n:]
	}
	done := 0
	for done < len(items) && complete(items[done]) {
		done++
	}
	if done > 0 {
		if err := o.mark(ctx, items[done-1]); err != nil {
			return err
		}
	}
	return refused
}

func complete(s *sealed) bool {
	for _, ok := range s.accepted {
		if !ok {
			return false
		}
	}
	return true
}

// mark sends the watermark of an interval and, when it is accepted, forgets everything up to there.
func (o *outbox) mark(ctx context.Context, s *sealed) error {
	v, err := o.post(ctx, []string{s.Watermark})
	if err != nil {
		return err
	}
	if !v[0].taken() {
		return fmt.Errorf("m2m: the watermark was answered with %s", v[0])
	}
	raw, err := (&record{Kind: kindSent, Epoch: s.Epoch, N: s.N}).encode()
	if err != nil {
		return err
	}
	return o.journal.Append(raw).Wait()
}

func (o *outbox) sendBatch(ctx context.Context, batch []place) error {
	events := make([]string, len(batch))
	for i, p := range batch {
		events[i] = p.of.Events[p.i]
	}
	verdicts, err := o.post(ctx, events)
	if err != nil {
		return err
	}
	var refused error
	for i, v := range verdicts {
		if v.quarantined() {
			o.log.Warn("usage is in quarantine", "verdict", v.Verdict, "reason", v.Reason)
		}
		if v.taken() {
			batch[i].of.accepted[batch[i].i] = true
		} else if refused == nil {
			refused = fmt.Errorf("m2m: event %d of a batch was answered with %s", i, v)
		}
	}
	return refused
}

// verdict is the answer for one event.
type verdict struct {
	Index   int    `json:"index"`
	Verdict string `json:"verdict"` // accepted, duplicate, conflict, rejected
	Reason  string `json:"reason"`
	Retry   bool   `json:"retry"` // of a rejection: the same event may pass later
}

// taken tells whether the event is with whoever takes usage. What was refused for good lies there in quarantine, where
// a person decides: sending it again would hold up every later interval and change nothing.
func (v verdict) taken() bool {
	switch v.Verdict {
	case "accepted", "duplicate", "conflict":
		return true
	}
	return v.Verdict == "rejected" && !v.Retry
}

// quarantined tells whether a person must look at it.
func (v verdict) quarantined() bool {
	return v.taken() && v.Verdict != "accepted" && v.Verdict != "duplicate"
}

// String is for messages.
func (v verdict) String() string {
	if v.Verdict == "" {
		return "no verdict"
	}
	return v.Verdict + " " + v.Reason
}

// post sends one batch and gives a verdict for each event; without a clear answer there is an error, and the events
// stay.
func (o *outbox) post(ctx context.Context, events []string) ([]verdict, error) {
	token, err := os.ReadFile(o.cfg.path(tokenFile)) // each time: it may have been renewed
	if err != nil {
		return nil, fmt.Errorf("m2m: read token: %w", err)
	}
	body := []byte("[" + strings.Join(events, ",") + "]")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("m2m: usage request: %w", err)
	}
	req.Header.Set("Content-Type", "application/cloudevents-batch+json")
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	res, err := o.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("m2m: send usage: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return nil, fmt.Errorf("m2m: read the answer to usage: %w", err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, fmt.Errorf("m2m: the usage address answered %s: %.300s", res.Status, b)
	}
	var answer struct {
		Results []verdict `json:"results"`
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return nil, fmt.Errorf("m2m: the answer to usage is not JSON: %w", err)
	}
	out := make([]verdict, len(events))
	for _, v := range answer.Results {
		if v.Index >= 0 && v.Index < len(out) {
			out[v.Index] = v
		}
	}
	return out, nil
}
