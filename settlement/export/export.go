// Package export writes the operator's books as files that accountants and tax offices read.
//
// Owns: the forms of the files, the numbers under which accountants know the accounts.
// Does not own: the books (ledger), why something is booked (settlement), documents (billing), names (party).
// Reads: entries and accounts of ledger, numbers of documents (billing, settlement), names of organisations.
// Writes: books_export; fact books.mapped.
//
// A file is written entry by entry while it is sent, so that books of any size fit into little memory. Entries are only
// ever added, and the file ends with the last one that stood when it began: it is one snapshot. Households appear by
// their identifier alone, never by name.
//
// # Forms
//
//   - journal: every transfer as a row of CSV, in all currencies, with the hash of its entry.
//   - datev: DATEV-Format, EXTF 700, category 21 (Buchungsstapel), version 13, as the tax advisers of Germany import it.
//   - fec: the file of article A47 A-1 of the French livre des procédures fiscales.
//   - saft: SAF-T Financial 1.30 of Norway, which is the OECD's Standard Audit File for Tax 2.0.
//
// All but the first are in one currency.
package export

import (
	"embed"
	"io"
	"slices"
	"time"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/settlement/ledger"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations {
	return store.Migrations{Package: "settlement/export", Files: files}
}

// FactMapped says that the accountant's numbers were changed: payload Settings; of the operator's books.
const FactMapped = "books.mapped.v1"

// Format is the form of a file.
type Format string

// The forms; see the package.
const (
	Journal Format = "journal"
	DATEV   Format = "datev"
	FEC     Format = "fec"
	SAFT    Format = "saft"
)

// Formats are all of them.
func Formats() []Format { return []Format{Journal, DATEV, FEC, SAFT} }

// Request says what a file is to hold.
type Request struct {
	Format   Format
	From, To price.Date     // days of booking, both included
	Currency money.Currency // "" when everything is in one; the journal has all
}

// File is one that is ready to be written. Name is for the reader's disk, Type the media type.
type File struct {
	Name  string
	Type  string
	write func(w io.Writer) error
}

// Write writes it. An error in the middle leaves half a file.
func (f *File) Write(w io.Writer) error { return f.write(w) }

// side is one account of a posting as its reader knows it.
type side struct {
	key    ledger.Key
	chart  Account
	name   string // of the organisation; its identifier for a household
	number string // with DATEV the personal account where there is one
}

// pair is all that one entry moved between two accounts in one currency, for one line of the document.
type pair struct {
	debit, credit side
	amount        money.Amount
	line          int
}

// entry is one of the books with what its reader needs.
type entry struct {
	ledger.Posted
	piece string // number of the document it is about, else its identifier
	pairs []pair
}

// sum is what an entry moved on one side of one account.
type sum struct {
	side          side
	debit, credit int64
}

// sums adds the pairs up by account and side, debits first: nothing is set off, so that they come to what the books say.
func (e *entry) sums() (out []sum) {
	add := func(s side, debit, credit int64) {
		i := slices.IndexFunc(out, func(o sum) bool { return o.side.key == s.key && (o.debit != 0) == (debit != 0) })
		if i < 0 {
			out, i = append(out, sum{side: s}), len(out)
		}
		out[i].debit += debit
		out[i].credit += credit
	}
	for _, p := range e.pairs {
		add(p.debit, p.amount.Minor, 0)
	}
	for _, p := range e.pairs {
		add(p.credit, 0, p.amount.Minor)
	}
	return out
}

// text says in a language what the entry is about, in at most limit signs.
func (e *entry) text(words map[string]string, limit int) string {
	kind := e.Ref.Kind
	if e.credits() {
		kind = "credit"
	}
	word := words[kind]
	if word == "" {
		word = e.Ref.Kind
	}
	return cut(word+" "+e.piece, limit)
}

// credits tells whether it is about a credit note.
func (e *entry) credits() bool {
	return e.Ref.Kind == "invoice" && len(e.piece) > 4 && e.piece[:4] == "CRN-"
}

// cut shortens to a number of signs.
func cut(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit])
	}
	return s
}

func compact(d price.Date) string { return d.Start(time.UTC).Format("20060102") }
