package sepa

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
)

// sheet writes XML in the order in which it is told: the schemas are sequences, so order is their first rule. Nothing is
// indented, because a bank's checks count bytes.
type sheet struct {
	bytes.Buffer
}

// open begins an element; the function returned ends it.
func (s *sheet) open(name string) (end func()) {
	s.WriteString("<" + name + ">")
	return func() { s.WriteString("</" + name + ">") }
}

// leaf writes an element with text, and nothing when the text is empty: no schema here takes an empty text.
func (s *sheet) leaf(name, text string) {
	if text == "" {
		return
	}
	s.WriteString("<" + name + ">")
	_ = xml.EscapeText(s, []byte(text)) // a buffer takes everything
	s.WriteString("</" + name + ">")
}

// path writes a leaf inside elements of which it is the only content.
func (s *sheet) path(text string, names ...string) {
	if text == "" {
		return
	}
	for _, n := range names[:len(names)-1] {
		defer s.open(n)()
	}
	s.leaf(names[len(names)-1], text)
}

// amount writes an amount with its currency.
func (s *sheet) amount(name string, cents int64) {
	s.WriteString("<" + name + ` Ccy="EUR">` + decimal(cents) + "</" + name + ">")
}

// agent writes a bank: by its code, or as not provided, which the schemes take inside the area (EPC130-08, AT-12).
func (s *sheet) agent(name string, v Version, b BIC) {
	switch {
	case b == "":
		s.path("NOTPROVIDED", name, "FinInstnId", "Othr", "Id")
	case v == DirectDebit || v == Transfer:
		s.path(string(b), name, "FinInstnId", "BICFI")
	default:
		s.path(string(b), name, "FinInstnId", "BIC")
	}
}

// document wraps a message in its namespace. message is the element below Document.
func document(v Version, message string, fill func(s *sheet)) []byte {
	s := new(sheet)
	fmt.Fprintf(s, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:%s">`, v)
	end := s.open(message)
	fill(s)
	end()
	s.WriteString("</Document>\n")
	return s.Bytes()
}

// batchHead writes what every part of a file begins with; DD collects, TRF pays.
func (s *sheet) batchHead(method, id string, count int, sum int64) {
	s.leaf("PmtInfId", id)
	s.leaf("PmtMtd", method)
	s.leaf("BtchBookg", "true")
	s.leaf("NbOfTxs", strconv.Itoa(count))
	s.leaf("CtrlSum", decimal(sum))
}

// groupHeader writes who sends how much in how many transactions.
func (s *sheet) groupHeader(h Header, count int, sum int64) {
	defer s.open("GrpHdr")()
	s.leaf("MsgId", h.ID)
	s.leaf("CreDtTm", h.Created.UTC().Format("2006-01-02T15:04:05Z"))
	s.leaf("NbOfTxs", strconv.Itoa(count))
	s.leaf("CtrlSum", decimal(sum))
	s.path(Text(h.Initiator, MaxName), "InitgPty", "Nm")
}

// maxBatches keeps the identifier of a batch, "ID-123", within its 35 signs.
const maxBatches = 999

// batchID names the batch n (from 1) of a message: the message's own identifier, cut where it would get too long.
func batchID(message string, n int) string {
	tail := "-" + strconv.Itoa(n)
	return message[:min(len(message), MaxID-len(tail))] + tail
}
