package proof

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	tlog "github.com/transparency-dev/formats/proof"

	"github.com/halle-cloud/halle/price"
)

// InvoiceFileVersion is the first field of an invoice file that holds the events of its windows, InvoiceFileApart of one
// whose events stand in an events file beside it, in the order of its windows.
const (
	InvoiceFileVersion = "halle-invoice/1"
	InvoiceFileApart   = "halle-invoice/2"
)

// Limits of an invoice file. A larger invoice has its events apart.
const (
	MaxInvoiceFile   = 512 << 20 // bytes
	MaxInvoiceEvents = 1_000_000
)

// InvoiceFile is an invoice with everything that is needed to redo it offline: the price versions (canonical bytes),
// the usage windows with their events, and the receipts of the facts invoice.issued, subscription.activated and
// .plan_changed, and window.closed. A credit note comes with its invoice instead of prices and windows.
type InvoiceFile struct {
	Version  string       `json:"version"`
	LogKey   string       `json:"log_key"` // a convenience: whoever does not trust the file passes the key
	Invoice  Invoice      `json:"invoice"`
	Original *Invoice     `json:"original,omitempty"` // of a credit note
	Notes    []Invoice    `json:"notes,omitempty"`    // those before a credit note that took back parts of its invoice, in order
	Prices   []string     `json:"prices"`             // the text that is hashed
	Windows  []WindowFile `json:"windows"`
	Receipts []Receipt    `json:"receipts"`
}

// Write writes the file as ParseInvoiceFile reads it. Each receipt loses its number in the party's sequence, which
// nothing in the file could check. Error: when it is larger than the limits.
func (f *InvoiceFile) Write(w io.Writer) error {
	events := 0
	for i := range f.Windows {
		events += len(f.Windows[i].Events)
	}
	if events > MaxInvoiceEvents {
		return fmt.Errorf("invoice %s: %d usage events, a file holds at most %d: take its events apart", f.Invoice.Number, events, MaxInvoiceEvents)
	}
	for i := range f.Receipts {
		f.Receipts[i].Fact.Seq = 0
	}
	b, err := written(f)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// written is the one form of a file, but for space between its tokens.
func written(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("invoice file: %w", err)
	}
	return b.Bytes(), nil
}

// ParseInvoiceFile reads an invoice file. Anything but space that is not exactly as Write writes it is refused: unknown
// and doubled fields, other spellings of a value, text after the end. So no byte goes unread.
func ParseInvoiceFile(r io.Reader) (*InvoiceFile, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxInvoiceFile+1))
	if err != nil {
		return nil, fmt.Errorf("invoice file: %w", err)
	}
	if len(b) > MaxInvoiceFile {
		return nil, fmt.Errorf("invoice file: larger than %d bytes", MaxInvoiceFile)
	}
	f := new(InvoiceFile)
	if err := json.Unmarshal(b, f); err != nil { // unknown fields are found below: they would not be written again
		return nil, fmt.Errorf("invoice file: %w", err)
	}
	if f.Version != InvoiceFileVersion && f.Version != InvoiceFileApart {
		return nil, fmt.Errorf("invoice file: version %q is not known", f.Version)
	}
	again, err := written(f)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	compact.Grow(len(b))
	if err := json.Compact(&compact, b); err != nil {
		return nil, fmt.Errorf("invoice file: %w", err)
	}
	if again = bytes.TrimSuffix(again, []byte("\n")); !bytes.Equal(again, compact.Bytes()) {
		return nil, fmt.Errorf("invoice file: it was rewritten near %q", differs(compact.Bytes(), again))
	}
	return f, nil
}

// differs shows where a first departs from b.
func differs(a, b []byte) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return string(a[max(0, n-20):min(len(a), n+20)])
}

// fact is what a verified receipt says.
type fact struct {
	id        string
	kind      string
	aggregate string
	at        time.Time
	machine   json.RawMessage
	used      bool
}

// open verifies the receipt against the log's key and reads it. It is stricter than Receipt.Verify, because a file of
// many receipts may carry nothing that is not checked.
func (r *Receipt) open(key string) (*fact, ReceiptReport, error) {
	report, err := r.Verify(key)
	if err != nil {
		return nil, report, err
	}
	name := "fact " + r.Fact.ID
	if r.Version != ReceiptVersion || r.LogKey != key || r.Fact.Seq != 0 {
		return nil, report, fmt.Errorf("%s: the receipt's version, key or number is not the file's", name)
	}
	if err := plainProof(r.Proof); err != nil {
		return nil, report, fmt.Errorf("%s: %w", name, err)
	}
	for i, s := range r.Fact.Segments {
		class := s.Class == "person" || s.Class == "legal"
		if i < 2 {
			class = s.Class == [2]string{"head", "machine"}[i]
		}
		if !class || s.Open != nil && s.Root != nil {
			return nil, report, fmt.Errorf("%s: segment %d is not of its form", name, i)
		}
	}
	if len(r.Fact.Segments) < 2 || r.Fact.Segments[0].Open == nil || r.Fact.Segments[1].Open == nil {
		return nil, report, fmt.Errorf("%s: what it says was erased", name)
	}
	var head struct {
		ID        string    `json:"id"`
		Aggregate string    `json:"aggregate"`
		At        time.Time `json:"at"`
	}
	if err := json.Unmarshal(r.Fact.Segments[0].Open.Fields, &head); err != nil {
		return nil, report, fmt.Errorf("%s: %w", name, err)
	}
	if head.ID != r.Fact.ID {
		return nil, report, fmt.Errorf("%s: it is fact %s", name, head.ID)
	}
	return &fact{id: head.ID, kind: r.Fact.Type, aggregate: head.Aggregate, at: head.At, machine: r.Fact.Segments[1].Open.Fields}, report, nil
}

// plainProof wants the proof text in its one spelling: one signature, and base64 without spare bits set.
func plainProof(text string) error {
	var p tlog.TLogProof
	if err := p.Unmarshal([]byte(text)); err != nil {
		return fmt.Errorf("inclusion proof: %w", err)
	}
	if p.ExtraData != nil || string(p.Marshal()) != text {
		return errors.New("inclusion proof: it is not in its plain form")
	}
	_, signatures, found := strings.Cut(string(p.Checkpoint), "\n\n")
	line, ended := strings.CutSuffix(signatures, "\n")
	last := line[strings.LastIndexByte(line, ' ')+1:]
	if _, err := base64.StdEncoding.Strict().DecodeString(last); err != nil || !found || !ended || strings.Contains(line, "\n") {
		return errors.New("inclusion proof: its checkpoint must bear one signature in its plain form")
	}
	return nil
}

// agreed is one price that a subscription came to have.
type agreed struct {
	from  time.Time
	price string
}

// cycle is where and from when a subscription counts its billing periods.
type cycle struct {
	zone   string
	anchor price.Date
}

// evidence is the contents of a file, checked and found by what they prove.
type evidence struct {
	issued  map[string]*fact // by id of the document
	prices  map[string]*price.Version
	windows map[string]*WindowFile
	agreed  map[string][]agreed // by subscription, ascending
	cycles  map[string]cycle    // by subscription
	ended   map[string]time.Time
	used    map[string]bool // hashes of prices, "window", "window component", charges, ends
	origin  string
	size    uint64
	events  int64
	apart   *EventsReader            // nil when the file holds the events
	periods map[periodKey][]periodOf // of aggregations that do not add up
}

func newEvidence() evidence {
	return evidence{issued: map[string]*fact{}, prices: map[string]*price.Version{}, windows: map[string]*WindowFile{}, agreed: map[string][]agreed{},
		cycles: map[string]cycle{}, ended: map[string]time.Time{}, used: map[string]bool{}, periods: map[periodKey][]periodOf{}}
}
