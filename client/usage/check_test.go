package usage_test

import (
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/client/usage"
	"github.com/halle-cloud/halle/proof"
)

// FuzzCheck holds Check against the reference: what it lets pass the server reads, and the other way round.
func FuzzCheck(f *testing.F) {
	f.Add("1", "/s", "sub_1", "", "m", "u", int64(1), "", "", "zone", "a", int64(1800000000), int64(3600), int64(0), byte(0))
	f.Add("1", "/s", "sub_1", usage.TypeVoid, "", "", int64(0), "", "0", "", "", int64(0), int64(0), int64(0), byte(1))
	f.Add("1", "/s", "sub_1", usage.TypeWatermark, "", "", int64(0), "", "", "", "", int64(0), int64(0), int64(1800000000), byte(1))
	f.Add("1", "/s", "sub_1", usage.TypeAmend, "m", "u", int64(0), "item\n\u2028<&>", "0", "", "", int64(1), int64(1), int64(0), byte(1))
	f.Add(strings.Repeat("x", 257), "\xff", "sub_1", "x", "m", "u", int64(-1), "", "", "", "\x00", int64(1), int64(-1), int64(0), byte(3))
	f.Fuzz(func(t *testing.T, id, source, subject, kind, meter, unit string, value int64, item, ref, name, label string, start, length, through int64, set byte) {
		at := func(s int64) time.Time { return time.Unix(s%(1<<40), s%1000) }
		e := usage.Event{ID: id, Source: source, Subject: subject, Type: kind, Meter: meter, Unit: unit, Value: value, Item: item, Event: ref}
		if start != 0 {
			e.Start, e.End = at(start), at(start).Add(time.Duration(length))
		}
		if through != 0 {
			e.Through = at(through)
		}
		if set&1 == 0 {
			e.Dimensions = map[string]string{name: label}
		}
		line, err := e.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		checked := e.Check()
		read, err := proof.ParseEvent(string(line))
		if err == nil {
			if err = read.Check(); err == nil && read.Counts() {
				_, err = read.Usage()
			}
		}
		if checked == nil && err != nil {
			t.Errorf("Check lets pass what the server refuses with %v: %s", err, line)
		}
		if checked == nil && (read.ID != id || read.Data.Item != item || read.Data.Meter != meter) {
			t.Errorf("it arrives as something else: %s", line)
		}
	})
}
