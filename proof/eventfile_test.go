package proof

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"
)

// manyEvents is a window of n events of one meter, and its events file.
func manyEvents(tb testing.TB, n int) (Window, []byte) {
	tb.Helper()
	w := Window{ID: "win_demo_1", Subject: "sub_demo_1", Source: "/resource/1", Events: int64(n),
		Sums: []Sum{{Meter: "messages", Unit: "message", Quantity: fmt.Sprint(n)}}}
	var b bytes.Buffer
	out := NewEventsWriter(&b)
	if err := out.Window(w.ID, int64(n)); err != nil {
		tb.Fatal(err)
	}
	hashes := make([][32]byte, n)
	e := Event{SpecVersion: "1.0", Source: w.Source, Type: TypeUsage, Subject: w.Subject, Time: "2026-03-02T09:01:00Z", Data: Data{
		Meter: "messages", Value: "1", Unit: "message", Start: "2026-03-02T09:00:00Z", End: "2026-03-02T09:01:00Z"}}
	var text []byte
	for i := range hashes {
		e.ID = fmt.Sprintf("res_demo_1/1/%d", i)
		text = e.AppendCanonical(text[:0])
		hashes[i] = EventHash(text)
		if err := out.Event(text, nil); err != nil {
			tb.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		tb.Fatal(err)
	}
	d := WindowDigest(hashes)
	w.Digest = hex.EncodeToString(d[:])
	return w, b.Bytes()
}

func verifyEvents(w *Window, file io.Reader) error {
	r, err := NewEventsReader(file)
	if err == nil {
		err = r.Verify(w)
	}
	if err == nil {
		err = r.End()
	}
	return err
}

func TestEventsFileNamesWhatWasChanged(t *testing.T) {
	w, file := manyEvents(t, 100)
	if err := verifyEvents(&w, bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(b []byte, w *Window) []byte
		want   string
	}{
		"a value": {func(b []byte, _ *Window) []byte {
			return bytes.Replace(b, []byte(`"value":"1"`), []byte(`"value":"2"`), 1)
		}, "digest"},
		"the end": {func(b []byte, _ *Window) []byte { return b[:len(b)-3] }, "event 99"},
		"more":    {func(b []byte, _ *Window) []byte { return append(b, 0) }, "goes on"},
		"another meter": {func(b []byte, _ *Window) []byte {
			return bytes.Replace(b, []byte(`"messages"`), []byte(`"messanes"`), 1)
		}, "digest"},
		"its quantity": {func(b []byte, w *Window) []byte { w.Sums[0].Quantity = "101"; return b }, "the events give 100"},
		"its count":    {func(b []byte, w *Window) []byte { w.Events = 99; return b }, "with 100"},
		"its id":       {func(b []byte, w *Window) []byte { w.ID = "win_demo_2"; return b }, "win_demo_1"},
		"no file":      {func(_ []byte, _ *Window) []byte { return nil }, "begin"},
	} {
		t.Run(name, func(t *testing.T) {
			w := w
			w.Sums = []Sum{w.Sums[0]}
			b := c.change(bytes.Clone(file), &w)
			if err := verifyEvents(&w, bytes.NewReader(b)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want something about %q", err, c.want)
			}
		})
	}
}

func TestACorrectionShowsWhatItTakesBack(t *testing.T) {
	e := Event{SpecVersion: "1.0", ID: "1", Source: "/r/1", Type: TypeUsage, Subject: "sub_demo_1", Data: Data{
		Meter: "messages", Value: "7", Unit: "message", Start: "2026-03-02T09:00:00Z", End: "2026-03-02T09:01:00Z"}}
	amend, void := e, Event{SpecVersion: "1.0", ID: "3", Source: "/r/1", Type: TypeVoid, Subject: "sub_demo_1", Data: Data{Event: "1"}}
	amend.ID, amend.Type, amend.Data.Event, amend.Data.Value = "2", TypeAmend, "1", "5"
	type entry struct{ text, original []byte }
	entries := []entry{{amend.Canonical(), e.Canonical()}, {void.Canonical(), amend.Canonical()}}
	hashes := make([][32]byte, len(entries))
	for i, x := range entries {
		hashes[i] = CorrectionHash(EventHash(x.text), EventHash(x.original))
	}
	d := WindowDigest(bytesOf(hashes))
	w := Window{ID: "win_demo_1", Subject: e.Subject, Source: e.Source, Corrects: "win_demo_0", Events: 2, Digest: hex.EncodeToString(d[:]),
		Sums: []Sum{{Meter: "messages", Unit: "message", Quantity: "-7"}}}
	write := func(list []entry) *bytes.Buffer {
		var b bytes.Buffer
		out := NewEventsWriter(&b)
		_ = out.Window(w.ID, int64(len(list)))
		for _, x := range list {
			_ = out.Event(x.text, x.original)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		return &b
	}
	if err := verifyEvents(&w, write(entries)); err != nil {
		t.Error(err)
	}
	e.Data.Value = "9"
	if err := verifyEvents(&w, write([]entry{{amend.Canonical(), e.Canonical()}, entries[1]})); err == nil {
		t.Error("another original passes")
	}
	if err := verifyEvents(&w, write([]entry{{amend.Canonical(), nil}, entries[1]})); err == nil {
		t.Error("a correction without its original passes")
	}
}

func bytesOf(h [][32]byte) [][32]byte { return append([][32]byte(nil), h...) }

func FuzzEventsReader(f *testing.F) {
	w, file := manyEvents(f, 3)
	f.Add(file)
	f.Add([]byte(eventsMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := verifyEvents(&w, bytes.NewReader(b)); err == nil && !bytes.Equal(b, file) && len(b) != len(file) {
			t.Error("another file passes")
		}
	})
}

// BenchmarkVerifyLineOfAMillionEvents is one invoice line: one operation is the whole window, read, hashed, checked for
// doubles, its digest and its quantity recomputed. Aim: 3 s.
func BenchmarkVerifyLineOfAMillionEvents(b *testing.B) {
	w, file := manyEvents(b, 1_000_000)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if err := verifyEvents(&w, bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAnInvoiceWithItsEventsApart(t *testing.T) {
	f := parsed(t, goldenInvoice(t))
	whole, err := f.Verify(f.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := NewEventsWriter(&b)
	for i := range f.Windows {
		w := &f.Windows[i]
		if err := out.Window(w.Window.ID, int64(len(w.Events))); err != nil {
			t.Fatal(err)
		}
		for _, e := range w.Events {
			if err := out.Event([]byte(e), nil); err != nil {
				t.Fatal(err)
			}
		}
		w.Hashes, w.Events = nil, nil
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Verify(f.LogKey); err == nil {
		t.Error("a file without its events passes")
	}
	f.Version = InvoiceFileApart
	var text bytes.Buffer
	if err := f.Write(&text); err != nil {
		t.Fatal(err)
	}
	f = parsed(t, text.Bytes())
	apart, err := f.VerifyApart(f.LogKey, bytes.NewReader(b.Bytes()))
	if err != nil || apart.Events != whole.Events || apart.Charges != whole.Charges {
		t.Errorf("%+v, %v", apart, err)
	}
	if _, err := f.Verify(f.LogKey); err == nil || !strings.Contains(err.Error(), "beside it") {
		t.Errorf("without its events: %v", err)
	}
	if _, err := f.VerifyApart(f.LogKey, io.MultiReader(bytes.NewReader(b.Bytes()), strings.NewReader("x"))); err == nil {
		t.Error("an events file with more passes")
	}
}
