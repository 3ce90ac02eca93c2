package parquet

import "encoding/binary"

// Types of the compact protocol of Thrift.
const (
	typeI32    = 5
	typeI64    = 6
	typeBinary = 8
	typeList   = 9
	typeStruct = 12
)

// Numbers of parquet.thrift.
const (
	physicalInt64 = 2
	physicalBytes = 6
	physicalFixed = 7

	required = 0
	optional = 1

	convertedUTF8    = 0
	convertedDecimal = 5
	convertedMillis  = 9

	encodingPlain = 0
	encodingRLE   = 3
	codecGzip     = 2
	pageData      = 0
)

// thrift writes a struct of the compact protocol. Fields come in the order of their numbers.
type thrift struct {
	b    []byte
	last int
}

func (t *thrift) field(id int, kind byte) {
	if d := id - t.last; d > 0 && d < 16 {
		t.b = append(t.b, byte(d)<<4|kind)
	} else {
		t.b = binary.AppendVarint(append(t.b, kind), int64(id))
	}
	t.last = id
}

func (t *thrift) i32(id int, n int64) {
	t.field(id, typeI32)
	t.b = binary.AppendVarint(t.b, n) // zigzag, as Thrift has it
}

func (t *thrift) i64(id int, n int64) {
	t.field(id, typeI64)
	t.b = binary.AppendVarint(t.b, n)
}

func (t *thrift) text(id int, s string) {
	t.field(id, typeBinary)
	t.raw(s)
}

func (t *thrift) raw(s string) { t.b = append(binary.AppendUvarint(t.b, uint64(len(s))), s...) }

// list begins a list; its elements are written after it.
func (t *thrift) list(id int, kind byte, n int) {
	t.field(id, typeList)
	if n < 15 {
		t.b = append(t.b, byte(n)<<4|kind)
		return
	}
	t.b = binary.AppendUvarint(append(t.b, 0xf0|kind), uint64(n))
}

// inside writes a struct as an element of a list, or, after field, as a field.
func (t *thrift) inside(f func(*thrift)) {
	in := &thrift{b: t.b}
	f(in)
	t.b = append(in.b, 0)
}

func pageHead(plain, small, rows int64) []byte {
	t := &thrift{}
	t.i32(1, pageData)
	t.i32(2, plain)
	t.i32(3, small)
	t.field(5, typeStruct)
	t.inside(func(t *thrift) {
		t.i32(1, rows)
		t.i32(2, encodingPlain)
		t.i32(3, encodingRLE)
		t.i32(4, encodingRLE)
	})
	return append(t.b, 0)
}

func (k Kind) physical() int64 {
	return map[Kind]int64{String: physicalBytes, Decimal: physicalFixed, Instant: physicalInt64}[k]
}

func (c Column) schema(t *thrift) {
	t.i32(1, c.Kind.physical())
	if c.Kind == Decimal {
		t.i32(2, width)
	}
	repetition := int64(required)
	if c.Nullable {
		repetition = optional
	}
	t.i32(3, repetition)
	t.text(4, c.Name)
	t.i32(6, map[Kind]int64{String: convertedUTF8, Decimal: convertedDecimal, Instant: convertedMillis}[c.Kind])
	if c.Kind == Decimal {
		t.i32(7, Scale)
		t.i32(8, precision)
	}
}

// footer is FileMetaData.
func (w *Writer) footer() []byte {
	t := &thrift{}
	t.i32(1, 1)
	t.list(2, typeStruct, 1+len(w.columns))
	t.inside(func(t *thrift) {
		t.text(4, "schema")
		t.i32(5, int64(len(w.columns)))
	})
	for _, c := range w.columns {
		t.inside(c.schema)
	}
	t.i64(3, w.total)
	t.list(4, typeStruct, len(w.groups))
	for _, g := range w.groups {
		t.inside(func(t *thrift) { w.groupMeta(t, g) })
	}
	t.text(6, "Halle")
	return append(t.b, 0)
}

func (w *Writer) groupMeta(t *thrift, g group) {
	size := int64(0)
	t.list(1, typeStruct, len(g.chunks))
	for i, c := range g.chunks {
		size += c.plain
		t.inside(func(t *thrift) {
			t.i64(2, c.offset)
			t.field(3, typeStruct)
			t.inside(func(t *thrift) {
				t.i32(1, w.columns[i].Kind.physical())
				t.list(2, typeI32, 2)
				t.b = binary.AppendVarint(binary.AppendVarint(t.b, encodingPlain), encodingRLE)
				t.list(3, typeBinary, 1)
				t.raw(w.columns[i].Name)
				t.i32(4, codecGzip)
				t.i64(5, g.rows)
				t.i64(6, c.plain)
				t.i64(7, c.packed)
				t.i64(9, c.offset)
			})
		})
	}
	t.i64(2, size)
	t.i64(3, g.rows)
}
