// Package sepa writes and reads the files that a company exchanges with its bank in the single euro payments area.
//
// Owns: direct debits (pain.008), credit transfers (pain.001), status reports (pain.002), statements (camt.053), account
// numbers, creditor identifiers, the character set, the reasons of returns.
// Does not own: mandates, matching, what is owed (billing/collect), payouts (settlement), how a file gets to the bank.
// Reads: nothing.
// Writes: nothing.
//
// Everything is a pure function: the same message gives the same bytes. Amounts are integers. The rules come from the
// schemas of ISO 20022 and from the implementation guidelines of the European Payments Council (EPC130-08 and EPC131-08
// for direct debits, EPC132-08 for credit transfers, EPC217-08 for the character set, EPC262-08 for creditor identifiers,
// EPC173-14 for the reasons of returns).
package sepa

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
)

// Version names a message and its edition, as in its namespace.
type Version string

// The versions that are written. The first of each is what banks take since November 2023, the second what some still ask for.
const (
	DirectDebit    Version = "pain.008.001.08"
	DirectDebitOld Version = "pain.008.001.02"
	Transfer       Version = "pain.001.001.09"
	TransferOld    Version = "pain.001.001.03"
)

// Limits of fields, in characters (ISO 20022 Max35Text and so on; names are cut to 70 by EPC).
const (
	MaxID         = 35
	MaxName       = 70
	MaxRemittance = 140
	maxAmount     = 999_999_999_99 // cents; EPC AT-06
)

// Account is an account with its holder. BIC may be missing inside the area ("IBAN only").
type Account struct {
	Name string
	IBAN IBAN
	BIC  BIC
}

// check adds what is wrong with the account to e.
func (a Account) check(e *fail.Error, field string) *fail.Error {
	if Text(a.Name, MaxName) == "" {
		e = e.Field(field+".name", "is needed, in letters that banks can write")
	}
	if _, err := ParseIBAN(a.IBAN.Electronic()); err != nil {
		e = e.Field(field+".iban", "is no account number")
	}
	if a.BIC != "" {
		if _, err := ParseBIC(string(a.BIC)); err != nil {
			e = e.Field(field+".bic", "is no bank code")
		}
	}
	return e
}

// Header is what every file begins with. ID names it for ever: a bank refuses a file whose ID it has seen.
type Header struct {
	ID        string    // at most 35 signs of the character set
	Created   time.Time // written in UTC, whole seconds
	Initiator string    // name of who sends the file
}

func (h Header) check(e *fail.Error) *fail.Error {
	if err := checkID(h.ID); err != "" {
		e = e.Field("id", err)
	}
	if h.Created.IsZero() || h.Created.Year() < 2000 || h.Created.Year() > 2999 {
		e = e.Field("created", "must be an instant")
	}
	if Text(h.Initiator, MaxName) == "" {
		e = e.Field("initiator", "is needed")
	}
	return e
}

func checkAmount(e *fail.Error, field string, a money.Amount) *fail.Error {
	switch {
	case a.Currency != money.EUR:
		return e.Field(field, "must be in EUR: the scheme knows no other currency")
	case a.Minor < 1 || a.Minor > maxAmount:
		return e.Field(field, "must be between 0.01 and 999999999.99 EUR")
	}
	return e
}

// decimal is an amount as ISO 20022 writes it: a point and two digits. cents is not negative.
func decimal(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// checkID says what is wrong with an identifier, "" when nothing: 1 to 35 signs of the character set, no slash at either
// end and no two in a row (EPC130-08 section 1.5).
func checkID(id string) string {
	switch {
	case id == "" || len(id) > MaxID:
		return "must have 1 to 35 signs"
	case strings.ContainsFunc(id, func(r rune) bool { return !plain(r) }) || strings.TrimSpace(id) != id:
		return "has a sign that banks cannot write"
	case strings.HasPrefix(id, "/") || strings.HasSuffix(id, "/") || strings.Contains(id, "//"):
		return "must not begin or end with a slash, nor have two in a row"
	}
	return ""
}

// MessageID makes an identifier of at most 35 signs that is the same for the same parts and no other for others: prefix,
// at most 8 letters and digits, then 130 bits of their SHA-256.
func MessageID(prefix string, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash takes everything
	}
	return prefix[:min(len(prefix), 8)] + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil))[:26]
}

func refused(message string) *fail.Error {
	return fail.New(fail.Invalid, "sepa.message", message, "Correct the fields named.")
}

func orNil(e *fail.Error) error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}
