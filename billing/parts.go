package billing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

const (
	// MostWhole is how many lines an invoice may have that is kept, read and shown in one piece: some 700 KB. The lines of
	// a longer one are kept in parts.
	MostWhole = 1_000
	partOf    = 500 // lines in a part
)

// apart is what is sealed of a document whose lines stand in parts: everything else, and the SHA-256 of each part. Who reads
// one part checks it against that; who reads all checks the hash of the whole, which is the one that the log knows.
type apart struct {
	Document proof.Invoice `json:"apart"`
	Parts    []string      `json:"parts"`
}

var apartPrefix = []byte(`{"apart":`) // no document begins so: its names are sorted, and "accounting" or "basis" is the first

func partAAD(invoice string, no int) []byte {
	return fmt.Appendf(nil, "invoice|%s|part|%d", invoice, no)
}

// sealed gives what the row of a document holds of it, and what its parts hold; text are its canonical bytes.
func (s *Invoices) sealed(ctx context.Context, doc *proof.Invoice, text []byte) (row []byte, parts [][]byte, err error) {
	key := keys.Entity(doc.Entity)
	if len(doc.Lines) <= MostWhole {
		row, err = s.Ring.Seal(ctx, key, text, documentAAD(doc.ID))
		return row, nil, err
	}
	rest := apart{Document: *doc}
	rest.Document.Lines = nil
	for from := 0; from < len(doc.Lines); from += partOf {
		lines, err := json.Marshal(doc.Lines[from:min(from+partOf, len(doc.Lines))])
		if err != nil {
			return nil, nil, err
		}
		hash := sha256.Sum256(lines)
		rest.Parts = append(rest.Parts, hex.EncodeToString(hash[:]))
		one, err := s.Ring.Seal(ctx, key, lines, partAAD(doc.ID, len(parts)))
		if err != nil {
			return nil, nil, err
		}
		parts = append(parts, one)
	}
	if text, err = json.Marshal(rest); err != nil {
		return nil, nil, err
	}
	row, err = s.Ring.Seal(ctx, key, text, documentAAD(doc.ID))
	return row, parts, err
}

// insertParts writes the lines of documents that are kept apart.
func insertParts(tx *store.Tx, list ...row) error {
	var rows [][]any
	for _, i := range list {
		for n, lines := range i.parts {
			rows = append(rows, []any{i.ID, int64(n), lines})
		}
	}
	return tx.Upsert("invoice_part (invoice, no, lines)", "", rows)
}

// errApart says that a document's lines stand in parts, which are read in a transaction.
var errApart = errors.New("the lines of the document stand apart")

// unseal gives a document that is kept whole, or with errApart what is kept of another beside its lines. Both are nil when
// the copy that law retains was erased at its time.
func (s *Invoices) unseal(ctx context.Context, i row) (*proof.Invoice, *apart, error) {
	text, err := s.Ring.Open(ctx, keys.Entity(i.Entity), i.sealed, documentAAD(i.ID))
	if errors.Is(err, keys.ErrDestroyed) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("invoice %s: %w", i.Number, err)
	}
	if bytes.HasPrefix(text, apartPrefix) {
		rest := new(apart)
		if err := json.Unmarshal(text, rest); err != nil {
			return nil, nil, fmt.Errorf("invoice %s: %w", i.Number, err)
		}
		return nil, rest, errApart
	}
	doc := new(proof.Invoice)
	if err := json.Unmarshal(text, doc); err != nil {
		return nil, nil, fmt.Errorf("invoice %s: %w", i.Number, err)
	}
	if hash := sha256.Sum256(text); hex.EncodeToString(hash[:]) != i.Hash { // what is sealed are the canonical bytes
		return nil, nil, errAltered(i)
	}
	return doc, nil, nil
}

func errAltered(i row) error {
	return fmt.Errorf("invoice %s: the document is not the one that was issued", i.Number)
}

// open gives the document back, or nil when the copy that law retains was erased at its time. It is checked against its
// hash: a document that was changed where it is stored is an error, never shown.
func (s *Invoices) open(tx *store.Tx, i row) (*proof.Invoice, error) {
	doc, rest, err := s.unseal(tx.Context(), i)
	if !errors.Is(err, errApart) {
		return doc, err
	}
	doc = &rest.Document
	if doc.Lines, err = s.lines(tx, i, rest, 0, i.Lines); err != nil {
		return nil, err
	}
	if hash, err := doc.Hash(); err != nil || hash != i.Hash {
		return nil, errors.Join(errAltered(i), err)
	}
	return doc, nil
}

// openPage is open with some lines alone, from one on (0 is the first). Of a document that is kept in parts it reads no
// others, and checks the parts that it reads.
func (s *Invoices) openPage(tx *store.Tx, i row, from, count int) (*proof.Invoice, error) {
	doc, rest, err := s.unseal(tx.Context(), i)
	if err == nil && doc != nil {
		from = min(max(from, 0), len(doc.Lines))
		doc.Lines = doc.Lines[from:min(from+count, len(doc.Lines))]
	}
	if !errors.Is(err, errApart) {
		return doc, err
	}
	rest.Document.Lines, err = s.lines(tx, i, rest, from, count)
	return &rest.Document, err
}

// lines reads lines from their parts.
func (s *Invoices) lines(tx *store.Tx, i row, rest *apart, from, count int) ([]proof.InvoiceLine, error) {
	from = min(max(from, 0), i.Lines)
	end := min(from+count, i.Lines)
	out := make([]proof.InvoiceLine, 0, end-from)
	for no := from / partOf; no*partOf < end; no++ {
		var text []byte
		if err := tx.QueryRow("SELECT lines FROM invoice_part WHERE invoice = $1 AND no = $2", i.ID, int64(no)).Scan(&text); err != nil {
			return nil, fmt.Errorf("part %d of invoice %s: %w", no, i.Number, err)
		}
		text, err := s.Ring.Open(tx.Context(), keys.Entity(i.Entity), text, partAAD(i.ID, no))
		if err != nil {
			return nil, fmt.Errorf("part %d of invoice %s: %w", no, i.Number, err)
		}
		if hash := sha256.Sum256(text); no >= len(rest.Parts) || hex.EncodeToString(hash[:]) != rest.Parts[no] {
			return nil, errAltered(i)
		}
		var some []proof.InvoiceLine
		if err := json.Unmarshal(text, &some); err != nil {
			return nil, fmt.Errorf("part %d of invoice %s: %w", no, i.Number, err)
		}
		first := no * partOf
		out = append(out, some[max(from-first, 0):min(end-first, len(some))]...)
	}
	return out, nil
}

// InvoicePage is Invoice with some of its lines alone, from one on (0 is the first): of an invoice of a million lines it
// reads no others. Summary.Lines says how many there are.
func (s *Invoices) InvoicePage(ctx context.Context, c access.Caller, invoice string, from, count int) (View, error) {
	v, _, err := s.viewOf(ctx, c, invoice, func(tx *store.Tx, i row) (*proof.Invoice, error) { return s.openPage(tx, i, from, count) })
	return v, err
}
