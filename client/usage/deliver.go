package usage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/client"
)

// The verdicts of the server.
const (
	accepted  = "accepted"
	duplicate = "duplicate"
)

// invalid is the verdict on an event that is not of the form.
const invalid = "invalid"

// run sends until ctx ends or the disk fails. One batch is on its way at a time.
func (s *Sender) run(ctx context.Context) {
	defer close(s.ended)
	err := s.sendAll(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fatal = err
	s.moved.Broadcast()
}

func (s *Sender) sendAll(ctx context.Context) error {
	var again []record // taken from later, due one day
	var first time.Time
	for ctx.Err() == nil {
		if len(again) == 0 {
			var err error
			if again, err = s.later.take(s.opt.Batch, maxBody); err != nil {
				return err
			}
		}
		now := time.Now()
		pause := time.Hour
		if len(again) > 0 {
			if pause = time.UnixMicro(again[len(again)-1].due).Sub(now); pause <= 0 {
				if err := s.finish(ctx, s.later, again); err != nil {
					return err
				}
				again = nil
				continue
			}
		}
		wait := s.untilBatch(&first, now)
		if wait <= 0 {
			batch, err := s.events.take(s.opt.Batch, maxBody)
			if err == nil {
				err = s.finish(ctx, s.events, batch)
			}
			if first = (time.Time{}); err != nil {
				return err
			}
			continue
		}
		s.sleep(ctx, min(pause, wait))
	}
	return ctx.Err()
}

// untilBatch is how long the next batch may still wait for more.
func (s *Sender) untilBatch(first *time.Time, now time.Time) time.Duration {
	unread, next := s.events.unread()
	if unread == 0 {
		*first = time.Time{}
		return time.Hour
	}
	if first.IsZero() {
		*first = now
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if unread >= int64(s.opt.Batch) || next < s.urgent {
		return 0
	}
	return first.Add(s.opt.Delay).Sub(now)
}

// sleep waits for the time, or until something was added.
func (s *Sender) sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(max(d, time.Millisecond))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-s.wake:
	case <-t.C:
	}
}

// finish sends a batch until each of its events has a verdict, and settles it.
func (s *Sender) finish(ctx context.Context, from *spool, batch []record) error {
	if len(batch) == 0 {
		return nil
	}
	if err := s.deliver(ctx, batch); err != nil {
		return err
	}
	err := s.persevere(ctx, func() error { return from.settle(batch[len(batch)-1].number + 1) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved.Broadcast()
	return err
}

// persevere repeats a write to the disk, which may be full for a while, until it works, ctx ends or the spool is broken.
func (s *Sender) persevere(ctx context.Context, write func() error) error {
	for attempt := 0; ; attempt++ {
		err := write()
		if err == nil || errors.Is(err, errBroken) || errors.Is(err, errClosed) {
			return err
		}
		s.noted(err)
		s.opt.Trouble(err)
		if err := client.Wait(ctx, s.pause(attempt, 0)); err != nil {
			return err
		}
	}
}

// deliver sends a batch, in parts where that helps, until ctx ends.
func (s *Sender) deliver(ctx context.Context, batch []record) error {
	for attempt := 0; len(batch) > 0; {
		results, err := s.post(ctx, batch)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			s.noted(nil)
			return s.judge(ctx, batch, results)
		}
		at, problem := culprit(err, len(batch))
		switch {
		case at >= 0:
			if err := s.refuseOne(ctx, batch[at], problem); err != nil {
				return err
			}
			batch = append(batch[:at:at], batch[at+1:]...)
		case problem != nil && len(batch) > 1:
			if err := s.deliver(ctx, batch[:len(batch)/2]); err != nil {
				return err
			}
			batch = batch[len(batch)/2:]
		default:
			s.noted(err)
			s.opt.Trouble(err)
			if err := client.Wait(ctx, s.pause(attempt, client.RetryAfter(err))); err != nil {
				return err
			}
			attempt++
		}
	}
	return nil
}

// noted keeps what the newest attempt came to.
func (s *Sender) noted(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = err
}

// pause is how long to wait after a failure: it doubles, with half of it by chance, and is never shorter than the server
// asks for.
func (s *Sender) pause(attempt int, asked time.Duration) time.Duration {
	full := min(200*time.Millisecond<<min(attempt, 20), s.opt.Longest)
	chance := full/2 + rand.N(full/2+1)
	if asked = min(asked, time.Hour); asked > 0 {
		return asked + chance/4
	}
	return chance
}

// post sends the events once and gives a verdict for each.
func (s *Sender) post(ctx context.Context, batch []record) ([]client.Verdict, error) {
	var body bytes.Buffer
	for _, r := range batch {
		body.Write(r.event)
		body.WriteByte('\n')
	}
	ctx, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	defer cancel()
	out, err := s.client.SendUsage(ctx, "application/x-ndjson", body.Bytes())
	if err != nil {
		return nil, err
	}
	return inOrder(out.Results, len(batch))
}

// inOrder checks that there is one verdict for each event.
func inOrder(results []client.Verdict, n int) ([]client.Verdict, error) {
	if len(results) != n {
		return nil, fmt.Errorf("the server gave %s on %s", plural(int64(len(results)), "verdict", "verdicts"), plural(int64(n), "event", "events"))
	}
	for i, v := range results {
		if v.Index != int64(i) {
			return nil, fmt.Errorf("the server's verdict %d is on event %d", i, v.Index)
		}
	}
	return results, nil
}

// culprit finds the event for which a request was refused as a whole: its index, or -1. A problem with -1 says that the
// request was refused for what is in it, and smaller ones may pass.
func culprit(err error, n int) (at int, p *client.Problem) {
	if !errors.As(err, &p) {
		return -1, nil
	}
	switch p.Status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity:
		for _, f := range p.Fields {
			rest, ok := strings.CutPrefix(f.Path, "events.")
			text, _, _ := strings.Cut(rest, ".")
			if at, err := strconv.Atoi(text); ok && err == nil && at >= 0 && at < n {
				return at, p
			}
		}
		if p.Status == http.StatusForbidden || !strings.HasPrefix(p.Code, "usage.event") {
			return -1, nil // nothing that is in the events
		}
	case http.StatusRequestEntityTooLarge:
	default:
		return -1, nil
	}
	if n == 1 {
		return 0, p
	}
	return -1, p
}

func (s *Sender) refuseOne(ctx context.Context, r record, p *client.Problem) error {
	return s.refuseAll(ctx, []Refusal{{At: time.Now().UTC(), Verdict: invalid, Reason: p.Code, Text: p.Error(), Event: r.event}})
}

func (s *Sender) refuseAll(ctx context.Context, list []Refusal) error {
	if err := s.persevere(ctx, func() error { return s.refuse.append(list) }); err != nil {
		return err
	}
	s.refusals.Add(int64(len(list)))
	for _, one := range list {
		s.opt.Refused(one)
	}
	return nil
}

// judge does what each verdict asks for. The order makes a kill at any point harmless: what is refused or put off is
// durable before the batch is settled.
func (s *Sender) judge(ctx context.Context, batch []record, results []client.Verdict) error {
	now := time.Now()
	var put []record
	var list []Refusal
	for i, v := range results {
		r := batch[i]
		switch {
		case v.Verdict == accepted:
			s.accepted.Add(1)
		case v.Verdict == duplicate:
			s.duplicate.Add(1)
		case v.Retry && (r.since == 0 || now.Sub(time.UnixMicro(r.since)) < s.opt.Patience):
			r.since, r.due = or(r.since, now.UnixMicro()), now.Add(s.opt.Later).UnixMicro()
			put = append(put, r)
		default:
			list = append(list, Refusal{At: now.UTC(), Verdict: v.Verdict, Reason: v.Reason, Text: v.Text, Event: r.event})
		}
	}
	anyRoom := func(int64) error { return nil } // they leave the other spool
	if err := s.persevere(ctx, func() error { return s.putOff(put, anyRoom) }); err != nil {
		return err
	}
	return s.refuseAll(ctx, list)
}

func (s *Sender) putOff(put []record, room func(int64) error) error {
	if len(put) == 0 {
		return nil
	}
	return s.later.append(put, room)
}
