package billing

import (
	"cmp"
	"context"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/einvoice"
	"github.com/halle-cloud/halle/billing/paper"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/proof"
)

// Format is a form in which an issued document is handed out.
type Format string

// The formats.
const (
	FormatPDF Format = "pdf" // for people: PDF/A-3, tagged, with the invoice for machines inside
)

// File is a document as it is handed out.
type File struct {
	Name, Type string // Type is a media type
	Bytes      []byte
}

// Document writes an issued invoice or credit note in a format. Its words are in French for a language that begins with
// "fr", in the buyer's language for "" and in English otherwise. Those who may read the invoice may. Errors: fail.NotFound;
// fail.Denied for a household whose name this reader does not see; fail.Gone when the legal copy was erased at its time;
// fail.Invalid for an unknown format, and for one for machines that asks for more than the invoice says, with a field for
// each term that is missing.
func (s *Invoices) Document(ctx context.Context, c access.Caller, invoice string, format Format, language string) (File, error) {
	_, _, machine := format.machine()
	if format != FormatPDF && !machine {
		return File{}, fail.New(fail.Invalid, "billing.format", "An invoice is not to be had in that format.", "Ask for one of "+known()+".").Field("format", "is not known")
	}
	v, o, err := s.view(ctx, c, invoice)
	if err != nil {
		return File{}, err
	}
	switch {
	case v.Document == nil:
		return File{}, fail.New(fail.Gone, "billing.document_erased", "The invoice can no longer be opened: its legal copy was erased when its time was over.", "Its hash still stands in the log.")
	case v.Hidden:
		return File{}, fail.New(fail.Denied, "billing.document_hidden", "The document shows the buyer's name and address, which you do not see.",
			"State the purpose for which you need it; the customer will read it.")
	}
	if machine && v.Type == proof.TypeProforma {
		return File{}, fail.New(fail.Conflict, "billing.proforma", "These charges are billed by another system: there is no invoice of them here.", "Ask who bills them for the electronic invoice.")
	}
	if machine {
		return written(v, format)
	}
	return s.print(ctx, v, o, language)
}

// print makes the PDF.
func (s *Invoices) print(ctx context.Context, v View, o party.Organisation, language string) (File, error) {
	in := paper.Input{Invoice: v.Document, Hash: v.Hash, Language: cmp.Or(language, o.Language)}
	var err error
	if in.Zone, in.Prices, err = s.printed(ctx, v, o); err != nil {
		return File{}, err
	}
	if in.XML, err = machine(v.Document); err != nil {
		return File{}, err
	}
	p, err := s.printer()
	if err != nil {
		return File{}, err
	}
	b, err := p.PDF(in)
	return File{Name: v.Number + ".pdf", Type: "application/pdf", Bytes: b}, err
}

// mostAttached is how many lines an invoice may have whose form for machines goes into the PDF: some fifteen megabytes.
const mostAttached = 10_000

// machine is the invoice as CII for the inside of the PDF. There is none for very many lines, and none where the document lacks
// what EN 16931 asks for, such as one that was issued before that was kept: the paper is a valid invoice without it.
func machine(doc *proof.Invoice) ([]byte, error) {
	if len(doc.Lines) > mostAttached || doc.Type == proof.TypeProforma {
		return nil, nil
	}
	d, err := einvoice.From(doc)
	if err != nil {
		return nil, err
	}
	b, err := einvoice.CII(d)
	if fail.Is(err, fail.Invalid) {
		return nil, nil
	}
	return b, err
}

// printed reads what the document itself does not hold: the zone of its days, and the price versions for the words of its
// prices, unless there are more lines than are written out.
func (s *Invoices) printed(ctx context.Context, v View, o party.Organisation) (zone *time.Location, prices map[string]*price.Version, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		prices = map[string]*price.Version{}
		if zone, err = s.Ratings.ZoneOf(tx, o.ID); err != nil || len(v.Document.Lines) > paper.MostLines {
			return err
		}
		for _, l := range v.Document.Lines {
			if prices[l.Price] != nil || l.Price == "" {
				continue
			}
			if prices[l.Price], err = s.Ratings.PriceVersion(tx, l.Price); err != nil {
				return err
			}
		}
		return nil
	})
	return zone, prices, err
}
