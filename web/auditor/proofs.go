package auditor

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/signin"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// reads is who looked at personal data from outside, and for what purpose.
func (d *pages) reads(r *site.Request) error {
	o, err := d.asked(r, access.FactRead)
	if err != nil {
		return err
	}
	list, next, err := d.matching(r, o.ID, func(e trace.Entry) bool { return e.Type == party.FactPersonRead || e.Type == signin.FactSessionActing })
	if err != nil {
		return err
	}
	names := &desk.Names{Parties: d.Parties}
	var rows []table.Row
	for _, e := range list {
		var f party.ReadFact
		var s signin.SessionFact
		who, from, purpose, what := e.Actor, "", "", r.T("auditor.access.erased")
		switch {
		case e.Erased:
		case e.Type == party.FactPersonRead:
			if err := e.Into(&f); err != nil {
				return err
			}
			who, from, purpose, what = f.By, names.Of(r, f.From), f.Purpose, r.T("auditor.access.read", "n", len(f.Persons), "action", f.What)
		default:
			if err := e.Into(&s); err != nil {
				return err
			}
			from, purpose, what = names.Of(r, s.Org), s.Purpose, r.T("auditor.access.acted")
		}
		rows = append(rows, table.Row{URL: factURL(e, o.ID, r.Caller.Org), Cells: []table.Cell{desk.Two(desk.Short(who), from), desk.Text(what), desk.Text(purpose), desk.Since(r, e.At)}})
	}
	t := desk.List(r, "reads", r.T("auditor.access"), "auditor.access.none", []table.Column{desk.Col(r.T("auditor.who")), desk.Col(r.T("auditor.what")), desk.Col(r.T("auditor.purpose")), desk.Wide(r.T("auditor.at"))}, rows)
	t.After = next
	whose, err := d.whose(r, "reads-org")
	if err != nil {
		return err
	}
	t.Filters = []form.Field{whose}
	return r.OK(site.Sheet{Page: page(r, r.T("auditor.access")), Heading: r.T("auditor.access.of", "name", desk.Called(r, o)), Lead: r.T("auditor.access.lead"), Main: []site.Block{desk.Block("", "", "", t)}})
}

func (d *pages) invoices(r *site.Request) error {
	o, err := d.asked(r, access.InvoiceRead)
	if err != nil {
		return err
	}
	p, err := d.Invoices.Invoices(r.Context(), r.Caller, o.ID, table.Parse(r.URL).After())
	if err != nil {
		return err
	}
	var rows []table.Row
	for _, i := range p.Invoices {
		get, err := desk.Buttons(r, button.Button{Text: r.T("auditor.proof"), URL: home + "/invoices/" + i.ID + "/proof", Icon: "download"},
			button.Button{Text: r.T("auditor.events"), URL: home + "/invoices/" + i.ID + "/events", Kind: button.Quiet})
		if err != nil {
			return err
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(i.Number, desk.Day(r, i.Date)), desk.Stated(r, string(i.Status)), desk.Text(desk.Money(r, i.Gross)), desk.Named(i.Hash[:min(16, len(i.Hash))]+"…", i.Fact), get}})
	}
	t := desk.List(r, "invoices", r.T("auditor.invoices"), "auditor.invoices.none", []table.Column{desk.Col(r.T("auditor.invoice")), desk.Col(r.T("desk.state")), desk.Num(r.T("auditor.gross")), desk.Wide(r.T("auditor.hash")), desk.Col(r.T("auditor.proof.column"))}, rows)
	t.After = p.Next
	whose, err := d.whose(r, "invoices-org")
	if err != nil {
		return err
	}
	t.Filters = []form.Field{whose}
	program := r.Site().Options().Commands.Program
	return r.OK(site.Sheet{Page: page(r, r.T("auditor.invoices")), Heading: r.T("auditor.invoices.of", "name", desk.Called(r, o)), Lead: r.T("auditor.invoices.lead"), Main: []site.Block{desk.Block("", "", "", t),
		command("verify-invoice", r.T("auditor.verify.invoice"), program+" verify invoice INV-2026-000001.proof --key log.pub")}})
}

func (d *pages) proof(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Spool(v.Number+".proof", "application/json", func(w io.Writer) error {
		return d.Invoices.ProofFile(r.Context(), r.Caller, v.ID, w)
	})
}

// events are the usage events behind an invoice whose proof leaves them out.
func (d *pages) events(r *site.Request) error {
	v, err := d.Invoices.Invoice(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Spool(v.Number+".proof.events", "application/octet-stream", func(w io.Writer) error {
		return d.Invoices.EventsFile(r.Context(), r.Caller, v.ID, w)
	})
}

// verify says how everything here is checked without this portal.
func (d *pages) verify(r *site.Request) error {
	program := r.Site().Options().Commands.Program
	sheet := site.Sheet{Page: page(r, r.T("auditor.verify")), Lead: r.T("auditor.verify.lead"),
		Actions: []button.Button{{Text: r.T("auditor.statement"), URL: home + "/statement", Icon: "download", Kind: button.Primary},
			{Text: r.T("auditor.log.download"), URL: home + "/log.tar", Icon: "download"}}}
	size := uint64(0)
	if d.Log != nil {
		var err error
		if size, err = d.Log.Published(r.Context()); err != nil {
			return err
		}
		origin, _, _ := strings.Cut(d.Log.Key, "+")
		sheet.Main = append(sheet.Main, site.Block{Template: "details", View: desk.Pairs(append([]details.Item{desk.Pair(r.T("auditor.log.origin"), origin), desk.Pair(r.T("auditor.log.size"), r.L.Number(int64(size)))}, witnesses(r, d.Log)...)...)},
			site.Block{Title: r.T("auditor.verify.key"), Text: r.T("auditor.verify.key.text")}, command("key", r.T("auditor.verify.key.label"), d.Log.Key))
	}
	sheet.Main = append(sheet.Main,
		site.Block{Title: r.T("auditor.verify.log"), Text: r.T("auditor.verify.log.text")}, command("log", r.T("auditor.verify.log.label"), "tar xf halle-log.tar\n"+program+" verify log halle-log --key log.pub"),
		site.Block{Title: r.T("auditor.verify.receipt"), Text: r.T("auditor.verify.receipt.text")}, command("receipt", r.T("auditor.verify.receipt.label"), program+" verify receipt fct_….receipt.json --key log.pub"),
		site.Block{Title: r.T("auditor.verify.facts"), Text: r.T("auditor.verify.facts.text")}, command("facts", r.T("auditor.verify.facts.label"), program+" verify facts statement.jsonl --log halle-log --key log.pub"),
		site.Block{Title: r.T("auditor.verify.bills"), Text: r.T("auditor.verify.bills.text")}, command("invoice", r.T("auditor.verify.invoice"), program+" verify invoice INV-2026-000001.proof --key log.pub"))
	return r.OK(sheet)
}

// witnesses say who else has seen the log, and when last.
func witnesses(r *site.Request, l *trace.Log) []details.Item {
	states := l.Witnesses.States()
	if len(states) == 0 {
		return []details.Item{desk.Pair(r.T("auditor.log.witness"), r.T("auditor.log.witness.none"))}
	}
	out := make([]details.Item, len(states))
	for i, s := range states {
		text := r.T("auditor.log.witness.never")
		switch {
		case s.Alarm != "":
			text = r.T("auditor.log.witness.alarm")
		case !s.At.IsZero():
			text = r.T("auditor.log.witness.at", "n", int(s.Size), "when", r.L.Instant(s.At))
		}
		out[i] = desk.Pair(r.T("auditor.log.witness.name", "name", s.Name), text)
	}
	return out
}

// statement is all facts of the caller's own organisation with the keys to prove that none is missing. It holds those keys,
// so that it is given for no other organisation.
func (d *pages) statement(r *site.Request) error {
	o, err := d.Parties.Organisation(r.Context(), r.Caller, r.Caller.Org)
	if err != nil {
		return err
	}
	if err := d.Policy.Check(r.Caller, access.FactProve, o.Resource("organisation", o.ID)); err != nil {
		return err
	}
	if d.Log == nil {
		return fail.New(fail.Unavailable, "auditor.no_log", "The log is not open here.", "Ask the operator.")
	}
	return r.Spool("statement.jsonl", "application/jsonl", func(w io.Writer) error {
		return d.Facts.Statement(r.Context(), d.Log, o.ID, w)
	})
}

// archive is the log as its files stand: what anybody may read at the address of the log, in one piece.
func (d *pages) archive(r *site.Request) error {
	if d.Log == nil {
		return fail.New(fail.Unavailable, "auditor.no_log", "The log is not open here.", "Ask the operator.")
	}
	return r.Spool("halle-log.tar", "application/x-tar", func(w io.Writer) error {
		t := tar.NewWriter(w)
		// The checkpoint comes first: tiles that are written meanwhile do no harm, missing ones would.
		for _, name := range []string{"checkpoint", "log.pub", "tile"} {
			if err := pack(t, d.Log.Dir, name); err != nil {
				return fmt.Errorf("archive of the log: %w", err)
			}
		}
		return t.Close()
	})
}

func pack(t *tar.Writer, dir, name string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), name, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := fs.ReadFile(root.FS(), path)
		if err != nil {
			return err
		}
		if err := t.WriteHeader(&tar.Header{Name: filepath.ToSlash(filepath.Join("halle-log", path)), Mode: 0o644, Size: int64(len(b)), Format: tar.FormatPAX}); err != nil {
			return err
		}
		_, err = t.Write(b)
		return err
	})
}
