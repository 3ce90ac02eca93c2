// Package ledger keeps the books: every cent stands once where it came from and once where it went.
//
// Owns: accounts, entries with their transfers, balances, the period lock, the chain of hashes, the proof of the books.
// Does not own: why money moves and whose it is (settlement), invoices and payments (billing), who may look (settlement).
// Reads: its own tables.
// Writes: ledger_head, ledger_account, ledger_balance, ledger_entry, ledger_transfer; nothing is ever changed or removed
// but the head and the balances.
//
// # Shape
//
// A transfer takes one amount from one account (credit) to another (debit), so that every row is balanced in itself and
// with it every entry, account by account and currency by currency. An entry has the transfers of one event and is named
// by it: the same event posted again changes nothing, and saying something else about it is refused. One writer at a time
// applies entries, many in one transaction ([Book.Post]); what belongs to somebody's transaction is posted in it
// ([Book.PostIn]). Each entry carries the hash of the one before it, so that a row that was altered is found
// ([Book.Check]).
package ledger

import (
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
func Migrations() store.Migrations {
	return store.Migrations{Package: "settlement/ledger", Files: files}
}

// Code is what an account is for; see the codes of settlement.
type Code string

// Key names an account: whose, what for, in which currency. Posting makes accounts that are not there yet.
type Key struct {
	Owner    string // identifier of an organisation
	Code     Code
	Currency money.Currency
}

// Account is an account with its sums, in minor units. Debits less credits is what it has (above zero) or owes (below).
type Account struct {
	ID      int64
	Key     Key
	Debits  int64
	Credits int64
}

// Balance is debits less credits.
func (a Account) Balance() money.Amount { return money.New(a.Debits-a.Credits, a.Key.Currency) }

// Ref names the event that an entry is about, "invoice" "inv_…": unique in the books.
type Ref struct {
	Kind string
	ID   string
}

// Transfer moves an amount above zero: Debit has it then, Credit gave it. Both accounts are in its currency.
type Transfer struct {
	Debit  Key
	Credit Key
	Amount money.Amount
	Line   int // of the invoice or statement; 0 for none
}

// Entry is what one event did to the books.
type Entry struct {
	Ref       Ref
	Date      price.Date // of booking; after the locked day
	Transfers []Transfer
}

// Posted is an entry as it stands in the books.
type Posted struct {
	Entry
	Seq  int64 // 1, 2, 3 …, without gaps
	At   time.Time
	Hash string // hex
}

// Limits of an entry.
const (
	maxTransfers = 20_000
	maxText      = 128
)

func (e *Entry) validate() error {
	why := ""
	switch {
	case !plain(e.Ref.Kind) || !plain(e.Ref.ID):
		why = "it does not name the event it is about"
	case !e.Date.Valid():
		why = "its date is none"
	case len(e.Transfers) == 0 || len(e.Transfers) > maxTransfers:
		why = "it has no transfer, or too many"
	}
	for _, t := range e.Transfers {
		switch {
		case t.Amount.Minor <= 0:
			why = "a transfer moves nothing or less than nothing"
		case t.Debit.Currency != t.Amount.Currency || t.Credit.Currency != t.Amount.Currency || !t.Amount.Currency.Known():
			why = "a transfer and its accounts are in different currencies"
		case t.Debit == t.Credit:
			why = "a transfer goes from an account to itself"
		case !plain(t.Debit.Owner) || !plain(string(t.Debit.Code)) || !plain(t.Credit.Owner) || !plain(string(t.Credit.Code)) || t.Line < 0:
			why = "an account of it has no name"
		}
	}
	if why == "" {
		return nil
	}
	return fail.New(fail.Invalid, "ledger.entry", "The entry cannot be posted: "+why+".", "Correct what makes the entry.").With("entry", e.Ref.Kind+" "+e.Ref.ID)
}

// plain is a text that stands in a line of the digest by itself.
func plain(s string) bool {
	return s != "" && len(s) <= maxText && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// digest is the SHA-256 of what the entry says: a line of its head and one of each transfer, in their order.
func (e *Entry) digest() [32]byte {
	b := make([]byte, 0, 64+96*len(e.Transfers))
	b = append(b, "halle-ledger-entry/1 "...)
	b = append(append(append(b, e.Ref.Kind...), ' '), e.Ref.ID...)
	b = append(append(b, ' '), e.Date.String()...)
	for _, t := range e.Transfers {
		b = append(b, '\n')
		b = append(strconv.AppendInt(b, int64(t.Line), 10), ' ')
		b = append(append(append(append(b, t.Debit.Owner...), ' '), t.Debit.Code...), ' ')
		b = append(append(append(append(b, t.Credit.Owner...), ' '), t.Credit.Code...), ' ')
		b = append(append(strconv.AppendInt(b, t.Amount.Minor, 10), ' '), t.Amount.Currency...)
	}
	return sha256.Sum256(b)
}

// link is the hash of an entry: of the one before it, its number, its instant and its digest.
func link(previous []byte, seq int64, at time.Time, digest [32]byte) [32]byte {
	b := make([]byte, 0, len(previous)+16+len(digest))
	b = append(b, previous...)
	b = binary.BigEndian.AppendUint64(b, uint64(seq))
	b = binary.BigEndian.AppendUint64(b, uint64(at.UnixMicro()))
	return sha256.Sum256(append(b, digest[:]...))
}

// Head is the end of the books.
type Head struct {
	Entries   int64
	Transfers int64
	Accounts  int64
	Hash      string     // of the last entry, hex; "" of empty books
	Locked    price.Date // nothing may be posted on this day or before; the zero date for no lock
}

func (h head) public() Head {
	return Head{Entries: h.entries, Transfers: h.transfers, Accounts: h.accounts, Hash: hex.EncodeToString(h.hash), Locked: h.locked}
}
