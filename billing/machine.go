package billing

import (
	"slices"
	"strings"

	"github.com/halle-cloud/halle/billing/einvoice"
	"github.com/halle-cloud/halle/internal/fail"
)

// The formats for machines: EN 16931 as it stands. What networks and countries ask for beyond it has the key of its
// profile, "xrechnung", with "-cii" or "-ubl" where the profile knows both and the first is not meant.
const (
	FormatUBL Format = "ubl"
	FormatCII Format = "cii"
)

// MachineFormat is a format for machines with its name.
type MachineFormat struct {
	Format  Format
	Profile string // "XRechnung 3.0"
	Syntax  string // "UBL", "CII"
}

// MachineFormats are all formats for machines, each once, the standard's own first.
func MachineFormats() []MachineFormat {
	var out []MachineFormat
	seen := map[string]bool{}
	for _, p := range einvoice.Profiles() {
		if seen[p.Key] {
			continue
		}
		seen[p.Key] = true
		for n, syntax := range p.Syntaxes {
			f := Format(p.Key + "-" + syntax)
			switch {
			case p.Key == einvoice.Standard:
				f = Format(syntax)
			case n == 0:
				f = Format(p.Key)
			}
			out = append(out, MachineFormat{f, p.Name, strings.ToUpper(syntax)})
		}
	}
	return out
}

// known are the names of every format, for who asked for another.
func known() string {
	names := []string{string(FormatPDF)}
	for _, f := range MachineFormats() {
		names = append(names, string(f.Format))
	}
	return strings.Join(names, ", ")
}

// machine tells the profile and syntax of a format for machines; ok is false for another.
func (f Format) machine() (profile, syntax string, ok bool) {
	all := MachineFormats()
	i := slices.IndexFunc(all, func(m MachineFormat) bool { return m.Format == f })
	if i < 0 {
		return "", "", false
	}
	profile, _, _ = strings.Cut(string(f), "-")
	if f == FormatUBL || f == FormatCII {
		profile = einvoice.Standard
	}
	return profile, strings.ToLower(all[i].Syntax), true
}

// maxMachineLines is how many lines an invoice may have that is written for machines: some hundred megabytes.
const maxMachineLines = 50_000

// written is an issued document in a format for machines.
func written(v View, f Format) (File, error) {
	profile, syntax, _ := f.machine()
	if len(v.Document.Lines) > maxMachineLines {
		return File{}, fail.New(fail.TooLarge, "billing.document_lines", "The invoice has more lines than such a file can hold.", "Take the invoice as JSON or its proof.")
	}
	d, err := einvoice.From(v.Document)
	if err != nil {
		return File{}, err
	}
	b, err := einvoice.Write(d, profile, syntax)
	return File{Name: v.Number + "." + string(f) + ".xml", Type: "application/xml", Bytes: b}, err
}
