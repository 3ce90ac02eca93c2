package usage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/client"
)

// Limits of one file.
const (
	maxTotals   = 1000    // different meters and units
	maxSubjects = 100_000 // subscriptions, when the file is said to be complete
)

// Total is what a file says of one meter in one unit.
type Total struct {
	Meter    string `json:"meter"`
	Unit     string `json:"unit"`
	Events   int64  `json:"events"`
	Quantity string `json:"quantity"` // decimal integer; "" for a meter of items
	sum      *big.Int
}

// Survey is a file read through, with nothing sent.
type Survey struct {
	Hash    string    `json:"hash"` // SHA-256 of the file, hex
	Events  int64     `json:"events"`
	LeftOut int64     `json:"leftOut"` // rows of FOCUS that are no usage
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Totals  []Total   `json:"totals"`

	ends map[string]time.Time // subject → its last end
}

// Report is what became of a file.
type Report struct {
	Survey
	Accepted  int64 `json:"accepted"`
	Duplicate int64 `json:"duplicate"`
	Refused   int64 `json:"refused"`
	Later     int64 `json:"later"`  // refused, and the server may take them when the file is imported again
	Closed    bool  `json:"closed"` // the server was told that the file is complete
}

// RefusedRow is a row that the server does not count.
type RefusedRow struct {
	Line    int    `json:"line"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
	Text    string `json:"text"`
	Retry   bool   `json:"retry"`
}

// ImportOptions say how a file is imported.
type ImportOptions struct {
	Mapping
	Batch    int              // events a request; 0 means 500, at most 1000
	Complete bool             // no more comes of the time that the file tells of: its windows may close at once
	Refused  func(RefusedRow) // told of each
}

// Look reads a whole file and sends nothing: what Import does first. Errors: *RowError for the first row that is wrong.
func Look(r io.Reader, m Mapping) (Survey, error) { return look(r, m, nil) }

func look(r io.Reader, m Mapping, ends map[string]time.Time) (Survey, error) {
	s := Survey{ends: ends}
	sum := sha256.New()
	totals := map[[2]string]*Total{}
	err := each(io.TeeReader(r, sum), m, func(row Row) error {
		if row.LeftOut {
			s.LeftOut++
			return nil
		}
		return s.add(row, totals)
	})
	if err != nil {
		return s, err
	}
	for _, key := range slices.SortedFunc(maps.Keys(totals), func(a, b [2]string) int { return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1]) }) {
		t := totals[key]
		if t.sum != nil {
			t.Quantity = t.sum.String()
		}
		s.Totals = append(s.Totals, *t)
	}
	s.Hash = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// each calls fn with every row.
func each(r io.Reader, m Mapping, fn func(Row) error) error {
	t, err := NewTable(r, m)
	if err != nil {
		return err
	}
	for {
		row, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = fn(row)
		}
		if err != nil {
			return err
		}
	}
}

func (s *Survey) add(row Row, totals map[[2]string]*Total) error {
	e := row.Event
	key := [2]string{e.Meter, e.Unit}
	t := totals[key]
	if t == nil {
		if len(totals) == maxTotals {
			return &RowError{Line: row.Line, Text: fmt.Sprintf("more than %d different meters and units: is the meter in another column?", maxTotals)}
		}
		t = &Total{Meter: e.Meter, Unit: e.Unit}
		totals[key] = t
	}
	s.Events++
	t.Events++
	if e.Item == "" {
		t.sum = or(t.sum, new(big.Int))
		t.sum.Add(t.sum, big.NewInt(e.Value))
	}
	if s.From.IsZero() || e.Start.Before(s.From) {
		s.From = e.Start.UTC()
	}
	if e.End.After(s.To) {
		s.To = e.End.UTC()
	}
	if s.ends != nil {
		if last, ok := s.ends[e.Subject]; !ok && len(s.ends) == maxSubjects {
			return &RowError{Line: row.Line, Text: fmt.Sprintf("more than %d subscriptions: split the file", maxSubjects)}
		} else if e.End.After(last) {
			s.ends[strings.Clone(e.Subject)] = e.End
		}
	}
	return nil
}

// Import reads a file twice: once to see that every row is right, and then to send it. The id of an event is a function
// of the file's content and its line, so that importing a file again bills nothing twice. Its source is the file too: a
// watermark of one file says nothing about another. Errors: *RowError, with nothing sent; a refusal of the server, after
// which the file may simply be imported again.
func Import(ctx context.Context, c *client.Client, file io.ReadSeeker, o ImportOptions) (Report, error) {
	o.Batch = min(max(or(o.Batch, 500), 1), maxBatch)
	var ends map[string]time.Time
	if o.Complete {
		ends = map[string]time.Time{}
	}
	survey, err := look(file, o.Mapping, ends)
	if err != nil {
		return Report{Survey: survey}, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return Report{Survey: survey}, err
	}
	i := &importing{ctx: ctx, client: c, opt: o, sum: sha256.New(), report: Report{Survey: survey}}
	err = each(io.TeeReader(file, i.sum), o.Mapping, i.row)
	if err == nil {
		err = i.send()
	}
	if err == nil && hex.EncodeToString(i.sum.Sum(nil)) != survey.Hash {
		err = errors.New("the file changed while it was read.\nImport it again")
	}
	if err == nil && o.Complete && i.report.Refused == 0 {
		err = i.close()
	}
	return i.report, err
}

// importing is the second reading.
type importing struct {
	ctx    context.Context
	client *client.Client
	opt    ImportOptions
	sum    hash.Hash
	report Report
	body   []byte
	lines  []int
}

// name is what the file is called in ids and sources: half of its hash is enough that no other file has it.
func (i *importing) name() string { return i.report.Hash[:32] }

func (i *importing) row(row Row) error {
	if row.LeftOut {
		return nil
	}
	row.Event.ID = fmt.Sprintf("%s/%d", i.name(), row.Line)
	return i.add(row.Event, row.Line)
}

func (i *importing) add(e Event, line int) (err error) {
	e.Source = "/import/" + i.name()
	if i.body, err = e.AppendJSON(i.body); err != nil {
		return err
	}
	i.body = append(i.body, '\n')
	i.lines = append(i.lines, line)
	if len(i.lines) >= i.opt.Batch || len(i.body) > maxBody-maxEvent {
		return i.send()
	}
	return nil
}

// close tells for each subscription that the file is complete.
func (i *importing) close() error {
	for _, subject := range slices.Sorted(maps.Keys(i.report.ends)) {
		about := sha256.Sum256([]byte(subject)) // its name may be as long as an id
		e := Event{Type: TypeWatermark, ID: i.name() + "/complete/" + hex.EncodeToString(about[:16]), Subject: subject, Through: i.report.ends[subject]}
		if err := i.add(e, 0); err != nil {
			return err
		}
	}
	err := i.send()
	i.report.Closed = err == nil && i.report.Refused == 0
	return err
}

// send sends what has gathered and counts the verdicts.
func (i *importing) send() error {
	if len(i.lines) == 0 {
		return nil
	}
	out, err := i.client.SendUsage(i.ctx, "application/x-ndjson", i.body)
	if err != nil {
		if at, p := culprit(err, len(i.lines)); at >= 0 {
			return errors.Join(&RowError{Line: i.lines[at], Text: "the server does not take the row"}, p)
		}
		return err
	}
	results, err := inOrder(out.Results, len(i.lines))
	if err != nil {
		return err
	}
	for at, v := range results {
		i.count(v, i.lines[at])
	}
	i.body, i.lines = i.body[:0], i.lines[:0]
	return nil
}

func (i *importing) count(v client.Verdict, line int) {
	switch {
	case line == 0 && (v.Verdict == accepted || v.Verdict == duplicate): // a watermark
		return
	case v.Verdict == accepted:
		i.report.Accepted++
		return
	case v.Verdict == duplicate:
		i.report.Duplicate++
		return
	}
	i.report.Refused++
	if v.Retry {
		i.report.Later++
	}
	if i.opt.Refused != nil {
		i.opt.Refused(RefusedRow{Line: line, Verdict: v.Verdict, Reason: v.Reason, Text: v.Text, Retry: v.Retry})
	}
}
