package sepa

import (
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
)

// Status is what became of a file, a batch or a transaction (ISO 20022 external code list).
type Status string

// The ones that matter: everything else that begins with AC or PD or RC means that it is under way.
const (
	Rejected  Status = "RJCT"
	Partly    Status = "PART" // some of it was rejected
	Settled   Status = "ACSC"
	Cancelled Status = "CANC"
)

// Refused tells whether no money will move.
func (s Status) Refused() bool { return s == Rejected || s == Cancelled }

// Report is the bank's word on a file that it was given (pain.002).
type Report struct {
	ID           string
	Created      time.Time
	Version      string
	Original     string // identifier of the file that it is about
	Group        Status // of the whole file, "" when it speaks of parts only
	Reason       Reason // of a group that was rejected
	Transactions []Outcome
	Batches      []BatchOutcome
}

// BatchOutcome is the bank's word on a batch as a whole.
type BatchOutcome struct {
	Batch  string
	Status Status
	Reason Reason
}

// Outcome is the bank's word on one transaction.
type Outcome struct {
	Batch    string
	EndToEnd string
	Status   Status
	Reason   Reason
}

// ReadReport reads a status report, of any edition of pain.002. Errors: fail.Invalid, fail.TooLarge.
func ReadReport(data []byte) (r Report, err error) {
	body, version, err := parse(data)
	if err != nil {
		return r, err
	}
	// The first editions named the element otherwise.
	if !strings.HasPrefix(version, "pain.002.") || body.name != "CstmrPmtStsRpt" && body.name != "PmtStsRpt" {
		return r, fail.New(fail.Invalid, "sepa.kind", "The file is no status report: it is a "+cut(version, 20)+".", "Import a pain.002 or a camt.053.").Field("file", "is of another kind")
	}
	group := body.at("OrgnlGrpInfAndSts")
	r = Report{Version: version, ID: cut(body.get("GrpHdr", "MsgId"), MaxID), Created: instantOf(body.get("GrpHdr", "CreDtTm")),
		Original: cut(group.get("OrgnlMsgId"), MaxID), Group: Status(cut(group.get("GrpSts"), 4)), Reason: reasonOf(group.at("StsRsnInf"))}
	if r.ID == "" || r.Original == "" {
		return Report{}, unreadable("it does not say which file it is about")
	}
	for _, batch := range body.all("OrgnlPmtInfAndSts") {
		id := cut(batch.get("OrgnlPmtInfId"), MaxID)
		r.Batches = append(r.Batches, BatchOutcome{Batch: id, Status: Status(cut(batch.get("PmtInfSts"), 4)), Reason: reasonOf(batch.at("StsRsnInf"))})
		for _, tx := range batch.all("TxInfAndSts") {
			r.Transactions = append(r.Transactions, Outcome{Batch: id, EndToEnd: cut(tx.get("OrgnlEndToEndId"), MaxID), Status: Status(cut(tx.get("TxSts"), 4)),
				Reason: reasonOf(tx.at("StsRsnInf"))})
		}
	}
	return r, nil
}

// Of is what the report says of a transaction: the word on itself, else on its batch, else on the file.
func (r Report) Of(batch, endToEnd string) (Status, Reason) {
	for _, t := range r.Transactions {
		if t.EndToEnd == endToEnd && (t.Batch == "" || batch == "" || t.Batch == batch) && t.Status != "" {
			return t.Status, t.Reason
		}
	}
	for _, b := range r.Batches {
		if b.Batch == batch && b.Status != "" && b.Status != Partly {
			return b.Status, b.Reason
		}
	}
	if r.Group == Partly {
		return "", Reason{}
	}
	return r.Group, r.Reason
}
