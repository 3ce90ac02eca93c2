// Package parquet writes Apache Parquet files of flat rows, for tools that read columns.
//
// Owns: the format (https://github.com/apache/parquet-format): pages, footer, the little of Thrift that they need.
// Does not own: what the columns mean.
// Reads: nothing.
// Writes: what it is given to.
//
// It writes what every reader knows: one page for each column of a row group, PLAIN values, compressed with gzip. Rows of
// one group are kept in memory, so that files of any size fit into little.
package parquet

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"
)

// Kind is the type of a column.
type Kind int

// The kinds. A cell is given as text: any, a number such as "-12.34", an instant of RFC 3339.
const (
	String  Kind = iota // BYTE_ARRAY, UTF8
	Decimal             // FIXED_LEN_BYTE_ARRAY(16), DECIMAL(38, 9)
	Instant             // INT64, TIMESTAMP_MILLIS
)

// Scale and precision of Decimal.
const (
	Scale     = 9
	precision = 38
	width     = 16 // bytes
)

// Column is one of a file. Nullable ones have no value where a row has "".
type Column struct {
	Name     string
	Kind     Kind
	Nullable bool
}

// perGroup is how many rows are written together.
const perGroup = 10_000

const magic = "PAR1"

// Writer writes one file. Not safe for concurrent use.
type Writer struct {
	out     io.Writer
	at      int64
	columns []Column
	values  []bytes.Buffer // of the group, by column
	present [][]bool
	rows    int64 // of the group
	total   int64
	groups  []group
	err     error
}

type chunk struct{ offset, plain, packed int64 }

type group struct {
	rows   int64
	chunks []chunk
}

// New begins a file.
func New(out io.Writer, columns []Column) *Writer {
	w := &Writer{out: out, columns: columns, values: make([]bytes.Buffer, len(columns)), present: make([][]bool, len(columns))}
	w.write([]byte(magic))
	return w
}

func (w *Writer) write(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
		w.at += int64(len(b))
	}
}

// Row adds a row with a cell for each column. Error: a cell is none of its kind, "" in a column that needs a value, or the
// disk's; the file is lost then.
func (w *Writer) Row(cells []string) error {
	if len(cells) != len(w.columns) {
		return fmt.Errorf("parquet: %d cells for %d columns", len(cells), len(w.columns))
	}
	for i, c := range w.columns {
		there := cells[i] != "" || c.Kind == String && !c.Nullable
		if !there && !c.Nullable {
			return fmt.Errorf("parquet: %s is empty", c.Name)
		}
		w.present[i] = append(w.present[i], there)
		if !there {
			continue
		}
		if err := plain(&w.values[i], c.Kind, cells[i]); err != nil {
			return fmt.Errorf("parquet: %s: %w", c.Name, err)
		}
	}
	if w.rows++; w.rows == perGroup {
		w.group()
	}
	return w.err
}

// plain writes one value (encoding PLAIN).
func plain(b *bytes.Buffer, k Kind, text string) error {
	switch k {
	case Decimal:
		r, ok := new(big.Rat).SetString(text)
		if !ok || strings.ContainsAny(text, "/eExXpP_") {
			return fmt.Errorf("%q is no number", text)
		}
		r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(Scale), nil)))
		if !r.IsInt() || r.Num().BitLen() > 8*width-2 {
			return fmt.Errorf("%q has more digits than fit", text)
		}
		n := new(big.Int).Set(r.Num())
		if n.Sign() < 0 { // two's complement
			n.Add(n, new(big.Int).Lsh(big.NewInt(1), 8*width))
		}
		b.Write(n.FillBytes(make([]byte, width)))
	case Instant:
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return err
		}
		b.Write(binary.LittleEndian.AppendUint64(nil, uint64(t.UnixMilli())))
	default:
		b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(text))))
		b.WriteString(text)
	}
	return nil
}

// group writes the rows that wait as a row group.
func (w *Writer) group() {
	g := group{rows: w.rows}
	for i, c := range w.columns {
		var page []byte
		if c.Nullable {
			levels := packed(w.present[i])
			page = append(binary.LittleEndian.AppendUint32(page, uint32(len(levels))), levels...)
		}
		page = append(page, w.values[i].Bytes()...)
		var small bytes.Buffer
		z := gzip.NewWriter(&small)
		_, _ = z.Write(page) // a buffer takes everything
		_ = z.Close()
		head := pageHead(int64(len(page)), int64(small.Len()), w.rows)
		g.chunks = append(g.chunks, chunk{offset: w.at, plain: int64(len(head) + len(page)), packed: int64(len(head) + small.Len())})
		w.write(head)
		w.write(small.Bytes())
		w.values[i].Reset()
		w.present[i] = w.present[i][:0]
	}
	w.groups = append(w.groups, g)
	w.total += w.rows
	w.rows = 0
}

// packed writes definition levels of one bit: one bit-packed run (RLE and bit-packing hybrid).
func packed(present []bool) []byte {
	groups := (len(present) + 7) / 8
	out := binary.AppendUvarint(nil, uint64(groups)<<1|1)
	bits := make([]byte, groups)
	for i, p := range present {
		if p {
			bits[i/8] |= 1 << (i % 8)
		}
	}
	return append(out, bits...)
}

// Close writes what waits and the footer. It does not close what it writes to.
func (w *Writer) Close() error {
	if w.rows > 0 {
		w.group()
	}
	foot := w.footer()
	w.write(foot)
	w.write(binary.LittleEndian.AppendUint32(nil, uint32(len(foot))))
	w.write([]byte(magic))
	return w.err
}
