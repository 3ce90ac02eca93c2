package site

import (
	"slices"
	"strconv"
	"strings"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
)

// MachineFormats are the forms of an invoice for accounting software, each with a link below base to take it. Those of
// networks and countries are for businesses.
func (r *Request) MachineFormats(base string, business bool) details.List {
	var out details.List
	for _, f := range billing.MachineFormats() {
		if !business && f.Format != billing.FormatUBL && f.Format != billing.FormatCII {
			continue
		}
		out.Items = append(out.Items, details.Item{Name: f.Profile, Value: f.Syntax + ", XML", Change: &part.Link{Text: r.T("einvoice.take", "format", f.Profile+" "+f.Syntax), URL: base + string(f.Format)}})
	}
	return out
}

// Machine answers with an invoice in a format for accounting software, or, with the status of the refusal, with a page
// that names what the invoice lacks for it and where that is entered: enter gives the address for the part of a
// document that a term belongs to, "" where the reader cannot. crumbs lead back; invoice is the page of the invoice.
func (r *Request) Machine(invoices *billing.Invoices, format, invoice string, enter func(Part) string, crumbs ...part.Link) error {
	formats := billing.MachineFormats()
	i := slices.IndexFunc(formats, func(f billing.MachineFormat) bool { return string(f.Format) == format })
	if i < 0 {
		return fail.Missing("format", format)
	}
	f, err := invoices.Document(r.Context(), r.Caller, r.PathValue("id"), billing.Format(format), r.Lang())
	e := AsFail(err)
	if err == nil {
		return r.File(f.Name, f.Type, f.Bytes)
	} else if e.Code != "einvoice.invalid" {
		return err
	}
	name := formats[i].Profile + " " + formats[i].Syntax
	var missing details.List
	for _, f := range e.Fields {
		item := details.Item{Name: r.term(f.Path), Value: f.Path}
		if slices.ContainsFunc(missing.Items, func(i details.Item) bool { return i.Name == item.Name && strings.HasPrefix(i.Value, item.Value) }) {
			continue
		}
		if of := PartOf(f.Path); of != "" {
			if url := enter(of); url != "" {
				item.Change = &part.Link{Text: r.T("einvoice.enter"), URL: url}
			} else {
				item.Value += ", " + r.T("einvoice.by."+by(of))
			}
		}
		missing.Items = append(missing.Items, item)
	}
	return r.Show(Status(e), Sheet{Page: r.Page(r.T("einvoice.lacks", "format", name), append(crumbs, part.Link{Text: name})...), Lead: r.T("einvoice.lacks.lead"), Narrow: true,
		Main: []Block{{Template: "details", View: missing}, {Template: "states.empty", View: states.Empty{Icon: "invoice", Title: r.T("einvoice.lacks.next"), Text: r.T("einvoice.lacks.text")},
			Links: []part.Link{{Text: r.T("einvoice.back"), URL: invoice}}}}})
}

// Part is the part of a document that a term belongs to, by where it is entered.
type Part string

// The parts.
const (
	PartReferences Part = "references" // of the buyer: reference, purchase order, cost centre
	PartBuyer      Part = "buyer"      // who the buyer is
	PartReach      Part = "reach"      // the buyer's electronic address and contact
	PartMandate    Part = "mandate"    // the buyer's mandate
	PartSeller     Part = "seller"
	PartAccount    Part = "account" // the seller's account
)

// PartOf is the part that a business term of EN 16931 belongs to; "" for one that nobody enters.
func PartOf(term string) Part {
	n, _ := strconv.Atoi(strings.SplitN(strings.TrimPrefix(term, "BT-"), "-", 2)[0])
	switch {
	case n == 10 || n == 13 || n == 19 || n == 133:
		return PartReferences
	case n == 49 || n >= 56 && n <= 58:
		return PartReach
	case n >= 44 && n <= 55 || n == 163:
		return PartBuyer
	case n == 89 || n == 91:
		return PartMandate
	case n == 81 || n == 84 || n == 90:
		return PartAccount
	case n == 20 || n == 21 || n >= 27 && n <= 43 || n == 162:
		return PartSeller
	}
	return ""
}

// by is who enters a part.
func by(p Part) string {
	if p == PartSeller || p == PartAccount {
		return "seller"
	}
	return "buyer"
}

// term is a business term of EN 16931 in words, where it may be missing; its number otherwise.
func (r *Request) term(path string) string {
	if key := "einvoice.term." + path; r.L.Has(key) {
		return r.T(key)
	}
	return r.T("einvoice.term", "term", path)
}
