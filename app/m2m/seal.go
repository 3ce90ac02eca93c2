package m2m

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Types of the events.
const (
	usageType     = "halle.usage.v1"
	watermarkType = "halle.usage.watermark.v1"
)

// event is a CloudEvent 1.0 in JSON. Its bytes are journalled before they are sent, so the order of the fields may
// change between versions without an event ever changing.
type event struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Subject     string `json:"subject"`
	Time        string `json:"time"`
	DataType    string `json:"datacontenttype"`
	Data        any    `json:"data"`
}

// usageData is what one meter counted in an interval; Value is a decimal integer.
type usageData struct {
	Meter string `json:"meter"`
	Value string `json:"value"`
	Unit  string `json:"unit"`
	Start string `json:"start"`
	End   string `json:"end"`
}

// watermarkData says that everything before an instant has been sent and accepted.
type watermarkData struct {
	Through string `json:"through"`
}

// stamp is RFC 3339 in UTC with milliseconds.
func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// beginEpoch closes the interval that an earlier process left open, at the last time it is known to have lived, and
// starts counting anew under a number that is durable before anything uses it.
func (s *service) beginEpoch() error {
	s.state.mu.Lock()
	epoch, open := s.state.epoch, s.state.open
	rest := s.state.up > 0 || s.state.upMS >= 1000
	end := max(s.state.last, s.state.start)
	s.state.mu.Unlock()
	if epoch > 0 && (open != counts{} || rest) {
		if err := s.putAt(&record{Kind: kindMark}, end); err != nil {
			return err
		}
	}
	now := max(s.broker.now(), end+1)
	if err := s.putAt(&record{Kind: kindEpoch, Epoch: epoch + 1}, now); err != nil {
		return err
	}
	return s.sealClosed()
}

// putAt journals a record with a given time and waits.
func (s *service) putAt(r *record, at int64) error {
	r.At = at
	raw, err := r.encode()
	if err != nil {
		return err
	}
	return s.journal.Append(raw).Wait()
}

// closeInterval ends the open interval at this place of the journal and seals it.
func (s *service) closeInterval() error {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	s.state.mu.Lock()
	end := max(s.broker.now(), s.state.start+1)
	s.state.mu.Unlock()
	if err := s.putAt(&record{Kind: kindMark}, end); err != nil {
		return err
	}
	return s.sealClosed()
}

// sealClosed makes the events of every closed interval durable, which also covers a kill between mark and seal.
func (s *service) sealClosed() error {
	s.state.mu.Lock()
	closed := append([]closedInterval(nil), s.state.closed...)
	s.state.mu.Unlock()
	for _, c := range closed {
		sl, err := s.cfg.seal(c)
		if err != nil {
			return err
		}
		if err := s.putAt(&record{Kind: kindSeal, Sealed: sl}, s.broker.now()); err != nil {
			return err
		}
	}
	s.outbox.wake()
	return nil
}

// seal builds the bytes of an interval's events. A meter that counted nothing has none.
func (c Config) seal(in closedInterval) (*sealed, error) {
	out := &sealed{Epoch: in.Epoch, N: in.N, End: in.End}
	id := fmt.Sprintf("%s/%d/%d", c.Resource, in.Epoch, in.N)
	for _, m := range []struct {
		name, unit string
		value      int64
	}{{"messages", "message", in.Messages}, {"bytes", "byte", in.Bytes}, {"device_seconds", "second", in.Seconds}} {
		if m.value == 0 {
			continue
		}
		data := usageData{Meter: m.name, Value: strconv.FormatInt(m.value, 10), Unit: m.unit, Start: stamp(in.Start), End: stamp(in.End)}
		b, err := json.Marshal(c.event(id+"/"+m.name, usageType, in.End, data))
		if err != nil {
			return nil, fmt.Errorf("m2m: encode event: %w", err)
		}
		out.Events = append(out.Events, string(b))
	}
	b, err := json.Marshal(c.event(id+"/watermark", watermarkType, in.End, watermarkData{Through: stamp(in.End)}))
	if err != nil {
		return nil, fmt.Errorf("m2m: encode watermark: %w", err)
	}
	out.Watermark = string(b)
	return out, nil
}

func (c Config) event(id, kind string, at int64, data any) event {
	return event{SpecVersion: "1.0", ID: id, Source: "halle:m2m/" + c.Resource, Type: kind, Subject: c.Subscription,
		Time: stamp(at), DataType: "application/json", Data: data}
}
