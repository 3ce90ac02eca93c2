package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"strconv"
	"sync"
	"time"
	"unicode/utf16"
)

// ref is the number of an object.
type ref int

// object is a dictionary or array, or the dictionary of a stream with its bytes.
type object struct {
	text   []byte // of a stream: its dictionary without << >> and Length
	stream []byte
	packed bool // the stream is compressed
}

// file is the objects of a document, in the order of their numbers from 1.
type file struct{ objects []object }

func (f *file) reserve() ref {
	f.objects = append(f.objects, object{})
	return ref(len(f.objects))
}

func (f *file) put(r ref, text []byte) { f.objects[r-1].text = text }

func (f *file) add(text []byte) ref {
	r := f.reserve()
	f.put(r, text)
	return r
}

func (f *file) addStream(dict string, stream []byte, packed bool) ref {
	r := f.reserve()
	f.objects[r-1] = object{text: []byte(dict), stream: stream, packed: packed}
	return r
}

func (r ref) append(b []byte) []byte { return append(strconv.AppendInt(b, int64(r), 10), " 0 R"...) }

func (r ref) String() string { return string(r.append(nil)) }

// perObjectStream is how many objects are compressed together.
const perObjectStream = 200

// place is where an object is found: at an offset, or as the index-th in an object stream.
type place struct {
	kind   byte // 1, 2
	offset int  // or the number of the object stream
	index  int
}

// bytes writes the file (ISO 32000-1, 7.5.7 and 7.5.8): streams as they are, everything else in object streams, and the
// cross-reference stream. The identifier is a digest of what was written, so equal documents are equal files.
func (f *file) bytes(root, info ref) ([]byte, error) {
	size := 4096
	for _, o := range f.objects {
		size += len(o.stream) + len(o.text)/4 + 64
	}
	out := append(make([]byte, 0, size), "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"...)
	places := make([]place, len(f.objects), len(f.objects)+len(f.objects)/perObjectStream+2)
	var plain []int
	for i, o := range f.objects {
		if o.stream == nil {
			plain = append(plain, i)
			continue
		}
		places[i] = place{1, len(out), 0}
		out = stream(out, i+1, o)
	}
	for len(plain) > 0 {
		some := plain[:min(perObjectStream, len(plain))]
		plain = plain[len(some):]
		number := len(places) + 1
		o, err := f.pack(some)
		if err != nil {
			return nil, err
		}
		for k, i := range some {
			places[i] = place{2, number, k}
		}
		places = append(places, place{1, len(out), 0})
		out = stream(out, number, o)
	}
	return f.crossReference(out, places, root, info)
}

// pack is an object stream.
func (f *file) pack(numbers []int) (object, error) {
	index, body := make([]byte, 0, 10*len(numbers)), make([]byte, 0, 110*len(numbers))
	for _, i := range numbers {
		index = append(strconv.AppendInt(index, int64(i+1), 10), ' ')
		index = append(strconv.AppendInt(index, int64(len(body)), 10), ' ')
		body = append(append(body, f.objects[i].text...), '\n')
	}
	packed, err := deflate(append(index, body...))
	return object{text: fmt.Appendf(nil, "/Type/ObjStm/N %d/First %d", len(numbers), len(index)), stream: packed, packed: true}, err
}

func (f *file) crossReference(out []byte, places []place, root, info ref) ([]byte, error) {
	at, number := len(out), len(places)+1
	places = append(places, place{1, at, 0})
	table := []byte{0, 0, 0, 0, 0, 0xff, 0xff}
	for _, p := range places {
		table = append(table, p.kind, byte(p.offset>>24), byte(p.offset>>16), byte(p.offset>>8), byte(p.offset), byte(p.index>>8), byte(p.index))
	}
	packed, err := deflate(table)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(out)
	dict := fmt.Appendf(nil, "/Type/XRef/W[1 4 2]/Size %d/Root %s/Info %s/ID[<%x><%x>]", number+1, root, info, digest[:16], digest[:16])
	out = stream(out, number, object{text: dict, stream: packed, packed: true})
	return fmt.Appendf(out, "startxref\n%d\n%%%%EOF\n", at), nil
}

func stream(out []byte, number int, o object) []byte {
	out = strconv.AppendInt(out, int64(number), 10)
	out = append(append(out, " 0 obj\n<<"...), o.text...)
	if o.packed {
		out = append(out, "/Filter/FlateDecode"...)
	}
	out = strconv.AppendInt(append(out, "/Length "...), int64(len(o.stream)), 10)
	out = append(append(out, ">>\nstream\n"...), o.stream...)
	return append(out, "\nendstream\nendobj\n"...)
}

// packers are compressors to use again: making one costs more than compressing a page.
var packers = sync.Pool{New: func() any {
	w, err := zlib.NewWriterLevel(nil, zlib.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

func deflate(b []byte) ([]byte, error) {
	out := bytes.NewBuffer(make([]byte, 0, len(b)/2+64))
	w := packers.Get().(*zlib.Writer) //nolint:forcetypeassert // the pool holds nothing else
	defer packers.Put(w)
	w.Reset(out)
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}

// quoted is a text string: UTF-16 with its mark, or the plain characters.
func quoted(out []byte, text string) []byte {
	plain := true
	for i := 0; i < len(text); i++ {
		plain = plain && text[i] >= ' ' && text[i] < 0x7f && text[i] != '(' && text[i] != ')' && text[i] != '\\'
	}
	if plain {
		return append(append(append(out, '('), text...), ')')
	}
	out = append(out, "<FEFF"...)
	for _, unit := range utf16.Encode([]rune(text)) {
		out = hex16(out, unit)
	}
	return append(out, '>')
}

// instant is a date of PDF, in UTC.
func instant(t time.Time) string { return "(D:" + t.UTC().Format("20060102150405") + "+00'00')" }
