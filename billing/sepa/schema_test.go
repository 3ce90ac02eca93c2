package sepa_test

import (
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
)

// The rules of the schemas for what is written, in our words: the order of the children of each element, those that must
// be there (!), those that may repeat (*), and the pattern of texts. The choice of a bank's code or its absence is one of
// two. pain.008.001.02 and .08, pain.001.001.03 and .09 differ in BIC and ReqdExctnDt only as far as we write them.
var orders = map[string]string{
	"Document":          "CstmrDrctDbtInitn CstmrCdtTrfInitn",
	"CstmrDrctDbtInitn": "GrpHdr! PmtInf!*", "CstmrCdtTrfInitn": "GrpHdr! PmtInf!*",
	"GrpHdr": "MsgId! CreDtTm! NbOfTxs! CtrlSum InitgPty!", "InitgPty": "Nm",
	"PmtInf":   "PmtInfId! PmtMtd! BtchBookg NbOfTxs CtrlSum PmtTpInf ReqdColltnDt ReqdExctnDt Dbtr DbtrAcct DbtrAgt Cdtr CdtrAcct CdtrAgt UltmtCdtr ChrgBr CdtrSchmeId DrctDbtTxInf* CdtTrfTxInf*",
	"PmtTpInf": "SvcLvl LclInstrm SeqTp", "SvcLvl": "Cd", "LclInstrm": "Cd", "Dbtr": "Nm PstlAdr Id", "Cdtr": "Nm PstlAdr Id",
	"DbtrAcct": "Id! Ccy", "CdtrAcct": "Id! Ccy", "OrgnlDbtrAcct": "Id! Ccy", "DbtrAgt": "FinInstnId!", "CdtrAgt": "FinInstnId!", "FinInstnId": "BIC BICFI Othr", "CdtrSchmeId": "Id!",
	"PrvtId": "Othr", "Othr": "Id! SchmeNm", "SchmeNm": "Prtry",
	"DrctDbtTxInf": "PmtId! InstdAmt! DrctDbtTx DbtrAgt! Dbtr! DbtrAcct! RmtInf", "PmtId": "InstrId EndToEndId!", "DrctDbtTx": "MndtRltdInf",
	"MndtRltdInf": "MndtId! DtOfSgntr! AmdmntInd AmdmntInfDtls", "AmdmntInfDtls": "OrgnlMndtId OrgnlDbtrAcct", "RmtInf": "Ustrd",
	"CdtTrfTxInf": "PmtId! Amt! CdtrAgt Cdtr! CdtrAcct! RmtInf", "Amt": "InstdAmt!", "ReqdExctnDt": "Dt", "Id": "IBAN PrvtId",
}

const id35 = `^[A-Za-z0-9?:().,'+ -]([A-Za-z0-9/?:().,'+ -]{0,33}[A-Za-z0-9?:().,'+ -])?$`

var patterns = map[string]*regexp.Regexp{
	"MsgId": regexp.MustCompile(id35), "PmtInfId": regexp.MustCompile(id35), "EndToEndId": regexp.MustCompile(id35), "MndtId": regexp.MustCompile(id35), "OrgnlMndtId": regexp.MustCompile(id35),
	"CreDtTm": regexp.MustCompile(`^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`), "NbOfTxs": regexp.MustCompile(`^[0-9]{1,15}$`), "CtrlSum": regexp.MustCompile(`^[0-9]{1,16}\.[0-9]{2}$`),
	"InstdAmt": regexp.MustCompile(`^[0-9]{1,9}\.[0-9]{2}$`), "IBAN": regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}$`),
	"BIC": regexp.MustCompile(`^[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?$`), "BICFI": regexp.MustCompile(`^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`),
	"Nm": regexp.MustCompile(`^.{1,70}$`), "Ustrd": regexp.MustCompile(`^.{1,140}$`), "ReqdColltnDt": regexp.MustCompile(`^\d{4}-\d\d-\d\d$`), "Dt": regexp.MustCompile(`^\d{4}-\d\d-\d\d$`),
	"DtOfSgntr": regexp.MustCompile(`^\d{4}-\d\d-\d\d$`), "SeqTp": regexp.MustCompile(`^(FRST|RCUR|FNAL|OOFF)$`), "PmtMtd": regexp.MustCompile(`^(DD|TRF)$`),
	"ChrgBr": regexp.MustCompile(`^SLEV$`), "BtchBookg": regexp.MustCompile(`^true$`), "AmdmntInd": regexp.MustCompile(`^true$`),
}

type element struct {
	XMLName  xml.Name
	Currency string    `xml:"Ccy,attr"`
	Text     string    `xml:",chardata"`
	Children []element `xml:",any"`
}

type tester interface {
	Helper()
	Errorf(format string, args ...any)
}

// follows checks a written file against the rules of the schemas.
func follows(t tester, file []byte) {
	t.Helper()
	var root element
	if err := xml.Unmarshal(file, &root); err != nil {
		t.Errorf("not well-formed: %v", err)
		return
	}
	check(t, root)
}

func check(t tester, e element) {
	t.Helper()
	name := e.XMLName.Local
	if p := patterns[name]; p != nil && len(e.Children) == 0 && !p.MatchString(e.Text) {
		t.Errorf("%s holds %q", name, e.Text)
	}
	if len(e.Children) == 0 {
		if e.Text == "" {
			t.Errorf("%s is empty", name)
		}
		if name == "InstdAmt" && e.Currency != "EUR" {
			t.Errorf("an amount has the currency %q", e.Currency)
		}
		return
	}
	rule, known := orders[name]
	if !known {
		t.Errorf("%s has children", name)
	}
	var names []string
	for _, c := range e.Children {
		names = append(names, c.XMLName.Local)
	}
	last := -1
	places := strings.Fields(rule)
	for i, c := range names {
		at := slices.IndexFunc(places, func(p string) bool { return strings.TrimRight(p, "!*") == c })
		if at < 0 || at < last || at == last && !strings.HasSuffix(places[at], "*") {
			t.Errorf("%s stands in %s at place %d of %v", c, name, i, names)
		}
		last = at
	}
	for _, p := range places {
		if strings.Contains(p, "!") && !slices.Contains(names, strings.TrimRight(p, "!*")) {
			t.Errorf("%s lacks %s", name, p)
		}
	}
	for _, c := range e.Children {
		check(t, c)
	}
}
