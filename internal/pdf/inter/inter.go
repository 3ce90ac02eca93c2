// Package inter is the font that documents are set in: Inter, by Rasmus Andersson and others, with Latin, Greek and Cyrillic
// letters.
//
// Owns: the two font files and which characters every document embeds.
// Does not own: how fonts are read and cut (pdf).
// Reads: nothing.
// Writes: nothing.
//
// The files are Inter 3.019 as Debian's fonts-inter-variable has it, cut with fonttools: instances of weight 400 and 600,
// outlines made of others written out, no hints and no layout tables, figures of one width in the places of the others.
// LICENSE is that of the font.
package inter

import (
	_ "embed"

	"github.com/halle-cloud/halle/internal/pdf"
)

//go:embed inter-regular.ttf
var regular []byte

//go:embed inter-semibold.ttf
var semibold []byte

// common is what invoices in the languages of western Europe are written with.
const common = " !\"#%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz" +
	"\u00a0\u202f§«°·»ÀÂÄÇÈÉÊËÎÏÔÖÙÛÜßàâäáçèéêëîïíñôöóùûüúœ–—‘’“”…€−→"

// Fonts are the two weights, read once.
type Fonts struct{ Regular, SemiBold *pdf.Font }

// Load reads them.
func Load() (f Fonts, err error) {
	if f.Regular, err = pdf.ParseFont("Inter-Regular", regular, common); err != nil {
		return f, err
	}
	f.SemiBold, err = pdf.ParseFont("Inter-SemiBold", semibold, common)
	return f, err
}
