package bills

import (
	"strconv"

	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/web/site"
)

// linesShown is how many lines of an invoice of very many stand on a page.
const linesShown = 100

// place is where a page of lines begins; 0 is the first.
type place int

// pagesView leads through the lines of an invoice of very many.
type pagesView struct {
	Text                        string
	First, Previous, Next, Last string // addresses; "" where there is none
}

// open reads the invoice with its lines, or of very many with those of the page that the address asks for by ?line=.
func (d *desk) open(r *site.Request) (v billing.View, at place, err error) {
	n, _ := strconv.Atoi(r.URL.Query().Get("line")) // what is no number is the first page
	at, count := place(max(n-1, 0)/linesShown*linesShown), linesShown
	if at == 0 {
		count = billing.MostWhole
	}
	v, err = d.Invoices.InvoicePage(r.Context(), r.Caller, r.PathValue("id"), int(at), count)
	switch {
	case err != nil || v.Document == nil:
	case v.Lines <= billing.MostWhole && at > 0 || int(at) >= v.Lines:
		return d.first(r)
	case v.Lines > billing.MostWhole:
		v.Document.Lines = v.Document.Lines[:min(linesShown, len(v.Document.Lines))]
	}
	return v, at, err
}

// first is the page where an address leads beyond the last line.
func (d *desk) first(r *site.Request) (billing.View, place, error) {
	v, err := d.Invoices.InvoicePage(r.Context(), r.Caller, r.PathValue("id"), 0, billing.MostWhole)
	if v.Lines > billing.MostWhole && v.Document != nil {
		v.Document.Lines = v.Document.Lines[:linesShown]
	}
	return v, 0, err
}

func (at place) pages(r *site.Request, v billing.View) *pagesView {
	if v.Lines <= billing.MostWhole {
		return nil
	}
	from, last := int(at), (v.Lines-1)/linesShown*linesShown
	to := func(n int) string { return "/invoices/" + v.ID + "?line=" + strconv.Itoa(n+1) }
	p := &pagesView{Text: r.T("invoice.pages", "from", r.L.Number(int64(from+1)), "to", r.L.Number(int64(min(from+linesShown, v.Lines))), "all", r.L.Number(int64(v.Lines)))}
	if from > 0 {
		p.First, p.Previous = to(0), to(from-linesShown)
	}
	if from < last {
		p.Next, p.Last = to(from+linesShown), to(last)
	}
	return p
}
