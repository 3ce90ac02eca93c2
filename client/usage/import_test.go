package usage_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/client/usage"
)

const (
	csvHead = "subject,meter,unit,value,start,end,label.zone\n"
	csvRow  = "sub_1,messages,message,12,2027-01-31T10:00:00Z,2027-01-31T11:00:00Z,a\n"
)

func csvFile(n int) string {
	var b strings.Builder
	b.WriteString(csvHead)
	for i := range n {
		fmt.Fprintf(&b, "sub_%d,messages,message,%d,2027-01-31T10:00:00Z,2027-01-31T11:00:00Z,\"zone \"\"a\"\"\"\r\n", i%3, i)
	}
	return b.String()
}

func TestImportingTwiceCountsOnce(t *testing.T) {
	n := newNetwork(t)
	file := csvFile(1234)
	for round := range 2 {
		r, err := usage.Import(soon(t), n.client(), strings.NewReader(file), usage.ImportOptions{Batch: 100, Complete: true})
		must(t, err)
		if r.Events != 1234 || r.Accepted != int64(1234*(1-round)) || r.Duplicate != int64(1234*round) || r.Refused != 0 || !r.Closed {
			t.Errorf("round %d: %+v", round, r)
		}
		if d := cmp.Diff([]usage.Total{{Meter: "messages", Unit: "message", Events: 1234, Quantity: "760761"}}, r.Totals, cmp.AllowUnexported(usage.Total{}),
			cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".sum" }, cmp.Ignore())); d != "" {
			t.Error(d)
		}
	}
	if n.count() != 1234+3 { // and a watermark for each subscription
		t.Errorf("%d events", n.count())
	}
	for _, e := range n.seen {
		if strings.Contains(e, `"meter"`) && !strings.Contains(e, `"dimensions":{"zone":"zone \"a\""}`) {
			t.Fatalf("the label is lost: %s", e)
		}
	}
	if _, err := usage.Import(soon(t), n.client(), strings.NewReader(csvFile(1235)), usage.ImportOptions{}); err != nil || n.count() != 1237+1235 {
		t.Errorf("another file is the same to the server: %d events, %v", n.count(), err)
	}
}

// TestABadRowIsNamedAndNothingIsSent changes one thing of a good file.
func TestABadRowIsNamedAndNothingIsSent(t *testing.T) {
	good := csvHead + csvRow + csvRow
	for name, c := range map[string]struct {
		old, new     string
		line, column int
		text         string
	}{
		"NaN":              {"12", "NaN", 2, 4, "no whole number"},
		"infinity":         {"12", "+Inf", 2, 4, "no whole number"},
		"fraction":         {"12", "1.5", 2, 4, "no whole number"},
		"exponent":         {"12", "1e3", 2, 4, "no whole number"},
		"thousands":        {"12", `"1,000"`, 2, 4, "no whole number"},
		"other digits":     {"12", "١٢", 2, 4, "no whole number"},
		"leading zero":     {"12", "012", 2, 4, "no whole number"},
		"spaces":           {"12", " 12", 2, 4, "no whole number"},
		"nothing":          {",12,", ",,", 2, 4, "no whole number"},
		"negative":         {"12", "-12", 2, 4, "is negative"},
		"overflow":         {"12", "9223372036854775808", 2, 4, "64 bits"},
		"no unit":          {",message,", ",,", 2, 3, "1 to 64 bytes"},
		"no zone":          {"10:00:00Z", "10:00:00", 2, 5, "is no instant"},
		"no such day":      {"2027-01-31T10", "2027-02-30T10", 2, 5, "is no instant"},
		"backwards":        {"T11:00", "T09:00", 2, 6, "must be after start"},
		"byte order mark":  {"subject", "\ufeffsubject", 1, 0, "byte order mark"},
		"UTF-16":           {"subject", "\xff\xfes\x00u\x00", 1, 0, "UTF-16"},
		"Latin-1":          {"sub_1", "sub_\xe9", 2, 1, "not UTF-8"},
		"control":          {"sub_1", "sub_\x00", 2, 1, "U+0000"},
		"semicolons":       {csvHead, strings.ReplaceAll(csvHead, ",", ";"), 1, 0, `separated by ','`},
		"line in quotes":   {"sub_1", "\"sub\n1\"", 2, 1, "does not end on its line"},
		"open quotes":      {"sub_1", `"sub_1`, 2, 1, "does not end on its line"},
		"stray quotes":     {"sub_1", `sub"1`, 2, 1, "quotation mark"},
		"after quotes":     {"sub_1", `"sub_1"x`, 2, 1, "follows the closing"},
		"short":            {",a\n", "\n", 2, 0, "has 6 columns"},
		"long":             {",a\n", ",a,b\n", 2, 0, "has 8 columns"},
		"without end":      {"sub_1", strings.Repeat("x", 70_000), 2, 0, "longer than 64 KiB"},
		"two of a name":    {"label.zone", "subject", 1, 7, "same name"},
		"nameless":         {"label.zone", "", 1, 7, "no name"},
		"column missing":   {"subject", "customer", 1, 0, "no column gives the subject"},
		"value and item":   {"label.zone", "item", 1, 0, "not both"},
		"empty":            {good, "", 1, 0, "empty"},
		"long text":        {"sub_1", strings.Repeat("x", 257), 2, 1, "1 to 256 bytes"},
		"another encoding": {"messages", "Zähler"[:2], 2, 2, "not UTF-8"},
	} {
		n := newNetwork(t)
		_, err := usage.Import(soon(t), n.client(), strings.NewReader(strings.Replace(good, c.old, c.new, 1)), usage.ImportOptions{Batch: 1})
		var r *usage.RowError
		if !errors.As(err, &r) || r.Line != c.line || r.Column != c.column || !strings.Contains(r.Text, c.text) {
			t.Errorf("%s: %v, want line %d, column %d, %q", name, err, c.line, c.column, c.text)
		}
		if n.requests != 0 {
			t.Errorf("%s: something was sent", name)
		}
	}
}

func TestMappings(t *testing.T) {
	file := "Kunde;Menge;Tag\nsub_1;3;x\n"
	m := usage.Mapping{Separator: ';', Columns: map[string]string{"subject": "Kunde", "value": "Menge"},
		Fixed: map[string]string{"meter": "messages", "unit": "message", "start": "2027-01-31T10:00:00+01:00", "end": "2027-01-31T11:00:00+01:00"}}
	s, err := usage.Look(strings.NewReader(file), m)
	must(t, err)
	if s.Events != 1 || s.Totals[0].Quantity != "3" || s.From.Hour() != 9 {
		t.Errorf("%+v", s)
	}
	m.Columns["colour"] = "Tag"
	if _, err := usage.Look(strings.NewReader(file), m); err == nil || !strings.Contains(err.Error(), "no field \"colour\"") {
		t.Error(err)
	}
	if _, err := usage.Look(strings.NewReader(file), usage.Mapping{Format: "xls"}); err == nil {
		t.Error("a format that is not there")
	}
}

const focusFile = `ResourceId,ChargeCategory,ChargeClass,SkuMeter,ConsumedQuantity,ConsumedUnit,ChargePeriodStart,ChargePeriodEnd,BilledCost
sub_1,Usage,,API calls,5.000,call,2027-01-31T10:00:00Z,2027-01-31T11:00:00Z,0.5
sub_1,Tax,,,,,2027-01-31T10:00:00Z,2027-01-31T11:00:00Z,0.1
sub_1,Usage,,API calls,7,call,2027-01-31T11:00:00Z,2027-01-31T12:00:00Z,0.7
`

func TestFOCUSRowsOfUsageCount(t *testing.T) {
	s, err := usage.Look(strings.NewReader(focusFile), usage.Mapping{Format: usage.FormatFOCUS})
	must(t, err)
	if s.Events != 2 || s.LeftOut != 1 || s.Totals[0].Quantity != "12" {
		t.Errorf("%+v", s)
	}
	for old, want := range map[string]string{"Usage,,": "line 2, column 3 (ChargeClass)", "5.000": "line 2, column 5 (ConsumedQuantity)", "ChargeCategory": "line 1"} {
		changed := map[string]string{"Usage,,": "Usage,Correction,", "5.000": "5.001", "ChargeCategory": "Category"}[old]
		if _, err := usage.Look(strings.NewReader(strings.Replace(focusFile, old, changed, 1)), usage.Mapping{Format: usage.FormatFOCUS}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", changed, err)
		}
	}
}

func TestRefusedRowsAreNamed(t *testing.T) {
	n := newNetwork(t)
	n.verdict = func(id string, _ int) client.Verdict {
		if strings.HasSuffix(id, "/3") {
			return client.Verdict{Verdict: "rejected", Reason: "wrong_unit", Text: "The meter has another unit in the plan."}
		}
		return client.Verdict{Verdict: "accepted"}
	}
	var list []usage.RefusedRow
	r, err := usage.Import(soon(t), n.client(), strings.NewReader(csvHead+csvRow+csvRow), usage.ImportOptions{Complete: true, Refused: func(r usage.RefusedRow) { list = append(list, r) }})
	must(t, err)
	if r.Accepted != 1 || r.Refused != 1 || r.Closed || len(list) != 1 || list[0].Line != 3 || list[0].Reason != "wrong_unit" {
		t.Errorf("%+v %+v", r, list)
	}
	n.answer = func(_ int, w http.ResponseWriter, _ []string) bool {
		problem(w, 422, "usage.event", "events.1.data.value")
		return true
	}
	_, err = usage.Import(soon(t), n.client(), strings.NewReader(csvHead+csvRow+csvRow+csvRow), usage.ImportOptions{})
	var row *usage.RowError
	if !errors.As(err, &row) || row.Line != 3 {
		t.Error(err)
	}
}

// endless is a file that is never in memory.
type endless struct {
	head, row string
	rows      int
	rest      []byte
}

func (e *endless) Read(b []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.rows == 0 {
			return 0, io.EOF
		}
		k := min(e.rows, 1000)
		e.rows -= k
		e.rest = []byte(e.head + strings.Repeat(e.row, k))
		e.head = ""
	}
	n := copy(b, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestAMillionRowsInLittleMemory(t *testing.T) {
	before := held()
	s, err := usage.Look(&endless{head: csvHead, row: csvRow, rows: 1_000_000}, usage.Mapping{})
	must(t, err)
	if s.Events != 1_000_000 || s.Totals[0].Quantity != "12000000" {
		t.Errorf("%+v", s)
	}
	if grown := int64(held()) - int64(before); grown > 8<<20 {
		t.Errorf("%d bytes of heap more", grown)
	}
}

func held() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m) // without a collection: what was needed at the most
	return m.HeapSys
}

// FuzzTable holds the parser against encoding/csv: what it takes, the other reads in the same way.
func FuzzTable(f *testing.F) {
	f.Add([]byte(csvHead+csvRow), false)
	f.Add([]byte(csvFile(3)), false)
	f.Add([]byte(focusFile), true)
	f.Add([]byte("\xef\xbb\xbf"+csvHead), false)
	f.Add([]byte(csvHead+"\"sub\n1\",m,u,1,a,b,c\n"), false)
	f.Add([]byte(strings.ReplaceAll(csvHead+csvRow, ",", ";")), false)
	f.Add([]byte(strings.Replace(csvHead+csvRow, "12", "NaN", 1)), false)
	f.Fuzz(func(t *testing.T, file []byte, focus bool) {
		m := usage.Mapping{}
		if focus {
			m.Format = usage.FormatFOCUS
		}
		table, err := usage.NewTable(bytes.NewReader(file), m)
		if err != nil {
			return
		}
		reference := csv.NewReader(bytes.NewReader(file))
		if _, err := reference.Read(); err != nil {
			t.Fatalf("the head is taken, and encoding/csv says %v", err)
		}
		for {
			row, err := table.Next()
			if err != nil {
				return
			}
			cells, err := reference.Read()
			if err != nil {
				t.Fatalf("line %d is taken, and encoding/csv says %v", row.Line, err)
			}
			if !row.LeftOut && (!contains(cells, row.Event.Subject) || !contains(cells, row.Event.Meter)) {
				t.Fatalf("line %d: %q and %q are not in %q", row.Line, row.Event.Subject, row.Event.Meter, cells)
			}
			if line, err := row.Event.AppendJSON(nil); err != nil || bytes.Contains(line, []byte("\n")) {
				t.Fatalf("line %d: %s %v", row.Line, line, err)
			}
		}
	})
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}
