package sepa

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// Statement is what a bank booked on one account (camt.053).
type Statement struct {
	ID       string
	Message  string
	Version  string
	Created  time.Time
	Account  IBAN // "" when the bank names the account otherwise
	Currency money.Currency
	Opening  *Balance
	Closing  *Balance
	Entries  []Entry
}

// Balance is what was on the account; below zero when it is overdrawn.
type Balance struct {
	Amount money.Amount
	Date   price.Date
}

// Entry is one booking, which may stand for many transactions.
type Entry struct {
	Reference    string // of the bank, "" when it gave none
	Amount       money.Amount
	Credit       bool // money came in
	Reversal     bool // an earlier booking is taken back
	Booked       bool // it is not only announced
	Date         price.Date
	Transactions []Transaction
	Code         string // domain, family and sub-family, "PMNT/RCDT/ESCT"; or the bank's own
	Info         string // of the bank, in words
}

// Transaction is one movement of money inside an entry. Names, accounts and remittance are personal data.
type Transaction struct {
	Key        string // the same for the same movement in whatever statement it is told again; 64 hexadecimal digits
	Reference  string // of the bank
	Message    string // identifier of our file that caused it
	Batch      string
	EndToEnd   string // "" and never NOTPROVIDED
	Mandate    string
	Amount     money.Amount // above zero
	Credit     bool
	Payer      string // name of the other side
	Account    IBAN   // of the other side; "" when it is not told or is none
	Remittance string
	Structured string // creditor's reference
	Return     *Reason
}

// ReadStatements reads the statements of a file, of any edition of camt.053. A statement whose bookings do not sum to its
// balances is refused. Errors: fail.Invalid, fail.TooLarge.
func ReadStatements(data []byte) ([]Statement, error) {
	body, version, err := parse(data)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(version, "camt.053.") || body.name != "BkToCstmrStmt" {
		return nil, fail.New(fail.Invalid, "sepa.kind", "The file is no account statement: it is a "+cut(version, 20)+".", "Import a camt.053 or a pain.002.").Field("file", "is of another kind")
	}
	var out []Statement
	for _, n := range body.all("Stmt") {
		s, err := statementOf(n)
		if err != nil {
			return nil, err
		}
		s.Message, s.Version = cut(body.get("GrpHdr", "MsgId"), MaxID), version
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, unreadable("it holds no statement")
	}
	return out, nil
}

func statementOf(n *node) (s Statement, err error) {
	s = Statement{ID: cut(n.get("Id"), MaxID), Created: instantOf(n.get("CreDtTm")), Currency: money.Currency(cut(n.get("Acct", "Ccy"), 3))}
	if iban, err := ParseIBAN(n.get("Acct", "Id", "IBAN")); err == nil {
		s.Account = iban
	}
	for _, b := range n.all("Bal") {
		one, err := balanceOf(b)
		if err != nil {
			return s, err
		}
		switch b.get("Tp", "CdOrPrtry", "Cd") {
		case "OPBD":
			s.Opening = &one
		case "CLBD":
			s.Closing = &one
		}
	}
	seen := map[string]int{}
	for _, e := range n.all("Ntry") {
		one, err := entryOf(e)
		if err != nil {
			return s, err
		}
		one.key(s, seen)
		s.Entries = append(s.Entries, one)
	}
	return s, s.balanced()
}

func balanceOf(n *node) (b Balance, err error) {
	amount := n.at("Amt")
	if amount == nil {
		return b, unreadable("a balance has no amount")
	}
	if b.Amount, err = amountOf(amount); err != nil {
		return b, err
	}
	if n.get("CdtDbtInd") == "DBIT" {
		b.Amount.Minor = -b.Amount.Minor
	}
	b.Date, err = dateOf(n.at("Dt"))
	return b, err
}

// balanced refuses a statement that lost a booking on its way. Banks may leave balances out.
func (s Statement) balanced() error {
	if s.Opening == nil || s.Closing == nil {
		return nil
	}
	sum := s.Opening.Amount
	for _, e := range s.Entries {
		if !e.Booked {
			continue
		}
		a := e.Amount
		if !e.Credit {
			a.Minor = -a.Minor
		}
		var err error
		if sum, err = sum.Add(a); err != nil {
			return unreadable("its bookings have another currency than its balance").Wrap(err)
		}
	}
	if sum != s.Closing.Amount {
		return unreadable("its bookings do not sum to its closing balance, so that one is missing")
	}
	return nil
}

func entryOf(n *node) (e Entry, err error) {
	amount := n.at("Amt")
	if amount == nil {
		return e, unreadable("a booking has no amount")
	}
	e = Entry{Reference: cut(n.first("AcctSvcrRef", "NtryRef"), MaxID), Reversal: n.get("RvslInd") == "true" || n.get("RvslInd") == "1", Info: cut(n.get("AddtlNtryInf"), 500)}
	if e.Amount, err = amountOf(amount); err != nil {
		return e, err
	}
	if e.Credit, err = credit(n); err != nil {
		return e, err
	}
	status := n.first("Sts/Cd", "Sts/Prtry", "Sts")
	e.Booked = status == "BOOK"
	if e.Date, err = dateOf(n.at("BookgDt")); err == nil && !e.Date.Valid() {
		e.Date, err = dateOf(n.at("ValDt"))
	}
	if err != nil {
		return e, err
	}
	if e.Booked && !e.Date.Valid() {
		return e, unreadable("a booking has no date")
	}
	if d := n.at("BkTxCd", "Domn"); d != nil {
		e.Code = cut(d.get("Cd")+"/"+d.get("Fmly", "Cd")+"/"+d.get("Fmly", "SubFmlyCd"), MaxID)
	} else {
		e.Code = cut(n.get("BkTxCd", "Prtry", "Cd"), MaxID)
	}
	return e, e.transactions(n)
}

func credit(n *node) (bool, error) {
	switch n.get("CdtDbtInd") {
	case "CRDT":
		return true, nil
	case "DBIT":
		return false, nil
	}
	return false, unreadable("a booking does not say whether money came or went")
}

// transactions splits the entry into what it stands for. When the parts do not say what each is worth, or do not sum to
// the entry, it stays one, so that no cent is lost: a person decides.
func (e *Entry) transactions(n *node) error {
	var details []*node
	for _, d := range n.all("NtryDtls") {
		details = append(details, d.all("TxDtls")...)
	}
	whole := Transaction{Reference: e.Reference, Amount: e.Amount, Credit: e.Credit, Remittance: e.Info}
	if len(details) == 0 {
		e.Transactions = []Transaction{whole}
		return nil
	}
	sum, complete := int64(0), true
	for _, d := range details {
		t, told, err := e.transaction(d, len(details) == 1)
		if err != nil {
			return err
		}
		complete = complete && told && t.Amount.Currency == e.Amount.Currency
		if minor := t.Amount.Minor; t.Credit == e.Credit {
			sum += minor
		} else {
			sum -= minor
		}
		e.Transactions = append(e.Transactions, t)
	}
	switch {
	case complete && sum == e.Amount.Minor:
	case len(details) == 1: // fees were taken off, or it was changed from another currency: what counts is what was booked
		e.Transactions[0].Amount, e.Transactions[0].Credit = e.Amount, e.Credit
	default:
		whole.Message, whole.Batch = e.Transactions[0].Message, e.Transactions[0].Batch
		e.Transactions = []Transaction{whole}
	}
	return nil
}

func (e *Entry) transaction(n *node, alone bool) (t Transaction, told bool, err error) {
	t = Transaction{Reference: cut(n.get("Refs", "AcctSvcrRef"), MaxID), Message: cut(n.get("Refs", "MsgId"), MaxID), Batch: cut(n.get("Refs", "PmtInfId"), MaxID),
		EndToEnd: cut(n.get("Refs", "EndToEndId"), MaxID), Mandate: cut(n.get("Refs", "MndtId"), MaxID), Amount: e.Amount, Credit: e.Credit}
	if t.EndToEnd == "NOTPROVIDED" {
		t.EndToEnd = ""
	}
	if n.at("CdtDbtInd") != nil {
		if t.Credit, err = credit(n); err != nil {
			return t, false, err
		}
	}
	for _, amount := range []*node{n.at("AmtDtls", "TxAmt", "Amt"), n.at("Amt"), n.at("AmtDtls", "InstdAmt", "Amt")} {
		if amount != nil {
			if t.Amount, err = amountOf(amount); err != nil {
				return t, false, err
			}
			told = true
			break
		}
	}
	side, account := "Dbtr", "DbtrAcct" // who paid what came in; who got what went out
	if !t.Credit {
		side, account = "Cdtr", "CdtrAcct"
	}
	if r := n.at("RtrInf"); r != nil { // our own debit or transfer came back: the sides are those of the original
		reason := reasonOf(r)
		t.Return = &reason
		if n.at("RltdPties", account) == nil || n.get("Refs", "MndtId") != "" {
			side, account = "Dbtr", "DbtrAcct"
		}
	}
	t.Payer = cut(n.at("RltdPties", side).first("Pty/Nm", "Nm"), MaxRemittance)
	if iban, err := ParseIBAN(n.get("RltdPties", account, "Id", "IBAN")); err == nil {
		t.Account = iban
	}
	var lines []string
	for _, l := range n.at("RmtInf").all("Ustrd") {
		lines = append(lines, l.text)
	}
	t.Remittance = cut(strings.Join(lines, " "), 500)
	t.Structured = cut(n.get("RmtInf", "Strd", "CdtrRefInf", "Ref"), MaxID)
	return t, told || alone, nil
}

// key names each transaction of the entry for ever. A bank's reference is unique on its account; of transactions without
// one, and of those that share one, what they say and which of the equal ones it is.
func (e *Entry) key(s Statement, seen map[string]int) {
	for n := range e.Transactions {
		t := &e.Transactions[n]
		said := fmt.Sprintf("%q %q %q %t %d %s %q %q %q", s.Account.Electronic(), e.Reference, t.Reference, t.Credit, t.Amount.Minor, t.Amount.Currency, t.EndToEnd, t.Mandate, e.Date)
		if e.Reference == "" && t.Reference == "" {
			said += fmt.Sprintf(" %q %q", t.Remittance, t.Account.Electronic())
		}
		seen[said]++
		h := sha256.Sum256(fmt.Appendf(nil, "%s %d", said, seen[said]))
		t.Key = hex.EncodeToString(h[:])
	}
}
