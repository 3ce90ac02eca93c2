package site

import (
	"net/http"
	"slices"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
)

// MachineFormats are the forms of an invoice for accounting software, each with a link below base to take it.
func (r *Request) MachineFormats(base string) details.List {
	var out details.List
	for _, f := range billing.MachineFormats() {
		out.Items = append(out.Items, details.Item{Name: f.Profile, Value: f.Syntax + ", XML", Change: &part.Link{Text: r.T("einvoice.take", "format", f.Profile+" "+f.Syntax), URL: base + string(f.Format)}})
	}
	return out
}

// Machine answers with an invoice in a format for accounting software, or with a page that names what the invoice lacks
// for it. crumbs lead back; invoice is the page of the invoice.
func (r *Request) Machine(invoices *billing.Invoices, format, invoice string, crumbs ...part.Link) error {
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
		if !slices.Contains(missing.Items, item) {
			missing.Items = append(missing.Items, item)
		}
	}
	// The page answers what was asked: nothing went wrong, and browsers keep it among those that were visited.
	return r.Show(http.StatusOK, Sheet{Page: r.Page(r.T("einvoice.lacks", "format", name), append(crumbs, part.Link{Text: name})...), Lead: r.T("einvoice.lacks.lead"), Narrow: true,
		Main: []Block{{Template: "details", View: missing}, {Template: "states.empty", View: states.Empty{Icon: "invoice", Title: r.T("einvoice.lacks.next"), Text: r.T("einvoice.lacks.text")},
			Links: []part.Link{{Text: r.T("einvoice.back"), URL: invoice}}}}})
}

// term is a business term of EN 16931 in words, where it may be missing; its number otherwise.
func (r *Request) term(path string) string {
	if key := "einvoice.term." + path; r.L.Has(key) {
		return r.T(key)
	}
	return r.T("einvoice.term", "term", path)
}
