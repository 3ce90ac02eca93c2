package parquet_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/parquet"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// compact reads Thrift's compact protocol into maps, without knowing what it means.
type compact struct {
	t *testing.T
	r *bytes.Reader
}

func (c compact) byte() byte {
	b, err := c.r.ReadByte()
	must(c.t, err)
	return b
}

func (c compact) uvarint() uint64 {
	n, err := binary.ReadUvarint(c.r)
	must(c.t, err)
	return n
}

func (c compact) varint() int64 {
	n, err := binary.ReadVarint(c.r)
	must(c.t, err)
	return n
}

func (c compact) value(kind byte) any {
	switch kind {
	case 5, 6:
		return c.varint()
	case 8:
		b := make([]byte, c.uvarint())
		_, err := io.ReadFull(c.r, b)
		must(c.t, err)
		return string(b)
	case 9:
		head := c.byte()
		n := int(head >> 4)
		if n == 15 {
			n = int(c.uvarint())
		}
		var out []any
		for range n {
			out = append(out, c.value(head&15))
		}
		return out
	case 12:
		return c.object()
	}
	c.t.Fatalf("type %d", kind)
	return nil
}

func (c compact) object() map[int]any {
	out, last := map[int]any{}, 0
	for head := c.byte(); head != 0; head = c.byte() {
		if d := int(head >> 4); d > 0 {
			last += d
		} else {
			last = int(c.varint())
		}
		out[last] = c.value(head & 15)
	}
	return out
}

// read gives the rows of a file, null as "-".
func read(t *testing.T, file []byte) (rows [][]string) {
	t.Helper()
	if string(file[:4]) != "PAR1" || string(file[len(file)-4:]) != "PAR1" {
		t.Fatal("the marks are missing")
	}
	n := int(binary.LittleEndian.Uint32(file[len(file)-8:]))
	meta := compact{t, bytes.NewReader(file[len(file)-8-n : len(file)-8])}.object()
	schema := meta[2].([]any)[1:]
	for _, g := range meta[4].([]any) {
		group := g.(map[int]any)
		first := len(rows)
		for range group[3].(int64) {
			rows = append(rows, make([]string, len(schema)))
		}
		for i, chunk := range group[1].([]any) {
			at := chunk.(map[int]any)[3].(map[int]any)
			column(t, file[at[9].(int64):at[9].(int64)+at[7].(int64)], schema[i].(map[int]any), rows[first:], i)
		}
	}
	if int64(len(rows)) != meta[3].(int64) {
		t.Fatalf("%d rows, the footer says %d", len(rows), meta[3])
	}
	return rows
}

func column(t *testing.T, bytesOf []byte, schema map[int]any, rows [][]string, i int) {
	r := bytes.NewReader(bytesOf)
	head := compact{t, r}.object()
	z, err := gzip.NewReader(r)
	must(t, err)
	page, err := io.ReadAll(z)
	must(t, err)
	if int64(len(page)) != head[2].(int64) || head[5].(map[int]any)[1].(int64) != int64(len(rows)) {
		t.Fatalf("page of %d bytes: %v", len(page), head)
	}
	levels := slices.Repeat([]byte{0xff}, len(rows)/8+1)
	if schema[3].(int64) == 1 {
		n := binary.LittleEndian.Uint32(page)
		_, skip := binary.Uvarint(page[4:])
		levels, page = page[4+skip:4+n], page[4+n:]
	}
	for k := range rows {
		switch {
		case levels[k/8]&(1<<(k%8)) == 0:
			rows[k][i] = "-"
		case schema[1].(int64) == 6:
			n := binary.LittleEndian.Uint32(page)
			rows[k][i], page = string(page[4:4+n]), page[4+n:]
		case schema[1].(int64) == 2:
			rows[k][i], page = time.UnixMilli(int64(binary.LittleEndian.Uint64(page))).UTC().Format(time.RFC3339), page[8:]
		default:
			v := new(big.Int).SetBytes(page[:16])
			if page[0]&0x80 != 0 {
				v.Sub(v, new(big.Int).Lsh(big.NewInt(1), 128))
			}
			rows[k][i], page = new(big.Rat).SetFrac(v, big.NewInt(1_000_000_000)).FloatString(9), page[16:]
		}
	}
}

func columns() []parquet.Column {
	return []parquet.Column{{Name: "Cost", Kind: parquet.Decimal}, {Name: "Start", Kind: parquet.Instant}, {Name: "Tags", Nullable: true}, {Name: "Quantity", Kind: parquet.Decimal, Nullable: true}, {Name: "Name"}}
}

func TestReadBack(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 10_000, 10_001, 25_003} {
		var b bytes.Buffer
		w := parquet.New(&b, columns())
		var want [][]string
		for i := range n {
			cost := fmt.Sprintf("%d.%09d", i-n/2, i%1000)
			row := []string{cost, time.Unix(int64(i)*3600, 0).UTC().Format(time.RFC3339), "", "", fmt.Sprint("é", i)}
			if i%3 == 0 {
				row[2], row[3] = `{"a":"b"}`, "123456789012345678901.5"
			}
			must(t, w.Row(row))
			row = slices.Clone(row)
			if i%3 == 0 {
				row[3] = "123456789012345678901.500000000"
			} else {
				row[2], row[3] = "-", "-"
			}
			want = append(want, row)
		}
		must(t, w.Close())
		if got := read(t, b.Bytes()); !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("%d rows are not what was written", n)
		}
	}
}

func TestWhatIsNoValueIsRefused(t *testing.T) {
	for _, row := range [][]string{{"", "2026-01-01T00:00:00Z", "", "", ""}, {"1/2", "2026-01-01T00:00:00Z", "", "", ""}, {"0.1234567891", "2026-01-01T00:00:00Z", "", "", ""}, {"1", "yesterday", "", "", ""},
		{"1" + string(bytes.Repeat([]byte("0"), 40)), "2026-01-01T00:00:00Z", "", "", ""}, {"1"}} {
		if parquet.New(io.Discard, columns()).Row(row) == nil {
			t.Errorf("%v is written", row)
		}
	}
}
