package proof

import (
	"encoding/hex"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"pgregory.net/rapid"

	"github.com/halle-cloud/halle/internal/fail"
)

const goodEvent = `{"specversion":"1.0","id":"r1/1/7","source":"/resource/r1","type":"halle.usage.v1","subject":"sub_demo_1",` +
	`"time":"2027-01-31T10:05:00Z","datacontenttype":"application/json","data":{"meter":"messages","value":"123","unit":"message",` +
	`"start":"2027-01-31T10:00:00Z","end":"2027-01-31T10:05:00Z","dimensions":{"zone":"a","class":"gold\n"}}}`

func TestEventGolden(t *testing.T) {
	e, err := ParseEvent(goodEvent)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"data":{"dimensions":{"class":"gold\n","zone":"a"},"end":"2027-01-31T10:05:00Z","meter":"messages","start":"2027-01-31T10:00:00Z","unit":"message","value":"123"},` +
		`"datacontenttype":"application/json","id":"r1/1/7","source":"/resource/r1","specversion":"1.0","subject":"sub_demo_1","time":"2027-01-31T10:05:00Z","type":"halle.usage.v1"}`
	if diff := cmp.Diff(want, string(e.Canonical())); diff != "" {
		t.Error(diff)
	}
	hash := EventHash(e.Canonical())
	if got := hex.EncodeToString(hash[:]); got != "5f8837482949a1076b9043f5f0e9526bbfdb1c2586fcce174fa0bca376e443a1" {
		t.Errorf("hash %s", got)
	}
}

func TestEventFaultsNameTheField(t *testing.T) {
	for _, c := range []struct{ old, new, field string }{
		{`"1.0"`, `"0.3"`, "specversion"},
		{`"id":"r1/1/7",`, ``, "id"},
		{`"r1/1/7"`, `""`, "events.0.id"},
		{`"r1/1/7"`, `null`, "events.0.id"},
		{`"id"`, `"publisher"`, "events.0.publisher"},
		{`"id":`, `"id":"x","id":`, "events.0.id"},
		{`"value":`, `"value":"1","value":`, "events.0.data.value"},
		{`halle.usage.v1`, `other`, "type"},
		{`"123"`, `1.5`, "events.0.data.value"},
		{`"123"`, `1e3`, "events.0.data.value"},
		{`"123"`, `NaN`, "events.0.data.value"},
		{`"123"`, `"NaN"`, "data.value"},
		{`"123"`, `"+1"`, "data.value"},
		{`"123"`, `"007"`, "data.value"},
		{`"123"`, `"-0"`, "data.value"},
		{`"123"`, `9007199254740993`, "data.value"},
		{`"123"`, `" 1"`, "data.value"},
		{`"123"`, `""`, "events.0.data.value"},
		{`"end":"2027-01-31T10:05:00Z"`, `"end":"2027-01-31T10:00:00Z"`, "data.end"},
		{`"end":"2027-01-31T10:05:00Z"`, `"end":"2027-01-31T10:05:00"`, "data.end"},
		{`"end":"2027-01-31T10:05:00Z"`, `"end":"2027-02-30T10:05:00Z"`, "data.end"},
		{`{"zone":"a","class":"gold\n"}`, `{}`, "events.0.data.dimensions"},
		{`{"zone":"a","class":"gold\n"}`, `{"a":"1","\u0061":"2"}`, "events.0.data.dimensions"},
		{`"meter":"messages"`, `"meter":"messages","through":"2027-01-31T10:05:00Z"`, "data.through"},
		{`"application/json"`, `"text/plain"`, "datacontenttype"},
		{`gold\n`, `\ud800`, "events.0.data.dimensions.class"},
		{`"123",`, `"123",,`, "events.0.data.value"},
	} {
		text := strings.Replace(goodEvent, c.old, c.new, 1)
		e, err := ParseEvent(text)
		if err == nil {
			err = e.Check()
		}
		if err == nil {
			_, err = e.Usage()
		}
		var f *fail.Error
		if !errors.As(err, &f) || f.Kind != fail.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != c.field {
			t.Errorf("%s instead of %s: %v, want the field %s", c.new, c.old, err, c.field)
		}
	}
}

func TestParseEventsForms(t *testing.T) {
	for _, c := range []struct {
		text  string
		lines bool
		want  int // -1 for refused
	}{
		{goodEvent, false, 1}, {" [" + goodEvent + " , " + goodEvent + "] ", false, 2}, {"[]", false, 0},
		{goodEvent + "\n" + goodEvent + "\n", true, 2}, {goodEvent + "\r\n\r\n" + goodEvent, true, 2}, {"", true, 0},
		{goodEvent + goodEvent, true, -1}, {goodEvent + goodEvent, false, -1}, {"[" + goodEvent + ",]", false, -1},
		{"[" + goodEvent + "]x", false, -1}, {"[" + goodEvent, false, -1}, {"[" + goodEvent + "," + goodEvent + "," + goodEvent + "]", false, -1},
		{goodEvent + "\n" + goodEvent + "\n" + goodEvent, true, -1}, {"{\"id\":\"a\", }", false, -1}, {"\xff", false, -1},
	} {
		events, err := ParseEvents(c.text, c.lines, 2)
		if (err != nil) != (c.want < 0) || err == nil && len(events) != c.want {
			t.Errorf("%q: %d events, %v; want %d", c.text, len(events), err, c.want)
		}
	}
}

func FuzzParseEvents(f *testing.F) {
	f.Add(goodEvent, false)
	f.Add("["+goodEvent+"]", false)
	f.Add(goodEvent+"\n"+goodEvent, true)
	f.Add(`{"type":"halle.usage.watermark.v1","data":{"through":"2027-01-31T10:05:00Z"}}`, false)
	f.Fuzz(func(t *testing.T, text string, lines bool) {
		events, err := ParseEvents(text, lines, 10)
		if err != nil {
			return
		}
		for _, e := range events {
			if e.Check() != nil {
				continue
			}
			canonical := e.Canonical()
			again, err := CanonicalBytes(canonical)
			if err != nil || string(again) != string(canonical) {
				t.Fatalf("not canonical: %s\nwant %s, %v", canonical, again, err)
			}
			back, err := ParseEvent(string(canonical))
			if err != nil || cmp.Diff(e, back) != "" {
				t.Fatalf("does not come back: %v %s", err, cmp.Diff(e, back))
			}
		}
	})
}

func TestWindowDigestIsTheRootOfRFC6962(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 70).Draw(t, "n")
		hashes := make([][32]byte, n)
		for i := range hashes {
			hashes[i] = EventHash([]byte{byte(i), byte(n)})
		}
		got := WindowDigest(hashes)
		r := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
		for _, h := range hashes {
			if err := r.Append(rfc6962.DefaultHasher.HashLeaf(h[:]), nil); err != nil {
				t.Fatal(err)
			}
		}
		want, err := r.GetRootHash(nil)
		if n == 0 {
			want = rfc6962.DefaultHasher.EmptyRoot()
		}
		if err != nil || string(got[:]) != string(want) {
			t.Fatalf("%x, want %x (%v)", got, want, err)
		}
	})
}

func windowFile(t *testing.T) *WindowFile {
	t.Helper()
	f := &WindowFile{Window: Window{ID: "win_demo_1", Subject: "sub_demo_1", Source: "/resource/r1", Events: 3,
		Sums: []Sum{{Meter: "messages", Unit: "message", Quantity: "6"}}}}
	texts := map[[32]byte]string{}
	var hashes [][32]byte
	for _, v := range []string{"1", "2", "3"} {
		e, err := ParseEvent(goodEvent)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Data.Value, e.Data.Dimensions = v, v, nil
		h := EventHash(e.Canonical())
		texts[h], hashes = string(e.Canonical()), append(hashes, h)
	}
	digest := WindowDigest(hashes)
	f.Window.Digest = hex.EncodeToString(digest[:])
	for _, h := range hashes {
		f.Hashes, f.Events = append(f.Hashes, hex.EncodeToString(h[:])), append(f.Events, texts[h])
	}
	return f
}

func TestWindowFileNamesWhatWasChanged(t *testing.T) {
	f := windowFile(t)
	if err := f.Verify(); err != nil {
		t.Fatal(err)
	}
	for i := range f.Events {
		for at := range f.Events[i] {
			g := windowFile(t)
			b := []byte(g.Events[i])
			b[at] ^= 1
			g.Events[i] = string(b)
			if err := g.Verify(); err == nil || !strings.Contains(err.Error(), "event ") {
				t.Fatalf("event %d, byte %d: %v", i, at, err)
			}
		}
	}
	f.Window.Sums[0].Quantity = "7"
	if f.Verify() == nil {
		t.Error("a wrong sum passed")
	}
	f = windowFile(t)
	f.Hashes, f.Events, f.Window.Events = f.Hashes[1:], f.Events[1:], 2
	if f.Verify() == nil {
		t.Error("a missing event passed")
	}
}

func TestTallyDoesNotOverflow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got tally
		want := new(big.Int)
		for _, n := range rapid.SliceOf(rapid.Int64()).Draw(t, "numbers") {
			got.add(n)
			want.Add(want, big.NewInt(n))
		}
		if got.String() != want.String() {
			t.Fatalf("%s, want %s", got.String(), want)
		}
	})
}

// BenchmarkVerifyWindow checks a window of 100,000 events.
func BenchmarkVerifyWindow(b *testing.B) {
	const n = 100_000
	f := &WindowFile{Window: Window{Subject: "sub_demo_1", Source: "/resource/r1", Events: n,
		Sums: []Sum{{Meter: "messages", Unit: "message", Quantity: "100000"}}}}
	e, err := ParseEvent(goodEvent)
	if err != nil {
		b.Fatal(err)
	}
	e.Data.Value, e.Data.Dimensions = "1", nil
	texts := make(map[[32]byte]string, n)
	hashes := make([][32]byte, n)
	for i := range hashes {
		e.ID = strconv.Itoa(i)
		text := e.Canonical()
		hashes[i] = EventHash(text)
		texts[hashes[i]] = string(text)
	}
	digest := WindowDigest(hashes)
	f.Window.Digest = hex.EncodeToString(digest[:])
	for _, h := range hashes {
		f.Hashes, f.Events = append(f.Hashes, hex.EncodeToString(h[:])), append(f.Events, texts[h])
	}
	for b.Loop() {
		if err := f.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseEvents100(b *testing.B) {
	text := "[" + goodEvent + strings.Repeat(","+goodEvent, 99) + "]"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseEvents(text, false, 100); err != nil {
			b.Fatal(err)
		}
	}
}

func TestWindowDigestGolden(t *testing.T) {
	var hashes [][32]byte
	for n, want := range []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"a23bd5b06da9048238a65b3f1d9d0b9e15fae3dde262688e6489aa4c763d1820",
		"73a57aee9ae28c072b7e0ed9b56a57a69cc6fb048a723d7f052177084d1250ee",
		"dd67a4e94fcb4fff954bcb093257364a5b5d0832bda9ffb7a5b6340e45ca647b",
	} {
		got := WindowDigest(hashes)
		if hex.EncodeToString(got[:]) != want {
			t.Errorf("digest of %d hashes: %x, want %s", n, got, want)
		}
		hashes = append(hashes, EventHash([]byte{byte('a' + n)}))
	}
}
