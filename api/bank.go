package api

import (
	"context"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/billing/sepa"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/price"
)

// BankFile is a file of the bank that was imported.
type BankFile struct {
	ID         string    `json:"id"`
	Entity     string    `json:"entity"`
	Digest     string    `json:"digest" doc:"SHA-256 of its bytes, hex"`
	Kind       bank.Kind `json:"kind" enum:"statement,report"`
	Name       string    `json:"name"`
	Entries    int64     `json:"entries" doc:"movements, or debits that it speaks of"`
	Fresh      int64     `json:"fresh" doc:"that no file told before"`
	Matched    int64     `json:"matched"`
	Desk       int64     `json:"desk" doc:"that wait for a person"`
	Failed     int64     `json:"failed" doc:"debits refused or returned"`
	ImportedAt time.Time `json:"importedAt"`
	Again      bool      `json:"again,omitempty" doc:"it was imported before, and nothing changed"`
}

func bankFileOf(f bank.File) BankFile {
	return BankFile{ID: f.ID, Entity: f.Entity, Digest: f.Digest, Kind: f.Kind, Name: f.Name, Entries: f.Entries, Fresh: f.Fresh, Matched: f.Matched, Desk: f.Desk, Failed: f.Failed,
		ImportedAt: f.ImportedAt, Again: f.Again}
}

// Movement is one movement of money on an account of a legal entity.
type Movement struct {
	ID        string         `json:"id"`
	Entity    string         `json:"entity"`
	Reference string         `json:"reference,omitempty" doc:"of the bank"`
	Amount    money.Amount   `json:"amount"`
	In        bool           `json:"in" doc:"money came in"`
	Date      price.Date     `json:"date"`
	Code      string         `json:"code,omitempty" doc:"of a return (ISO 20022)"`
	Payer     string         `json:"payer,omitempty"`
	Account   string         `json:"account,omitempty" doc:"of the other side: country and last four signs"`
	Text      string         `json:"text,omitempty" doc:"what the payer wrote"`
	State     bank.State     `json:"state" enum:"matched,desk,assigned,kept,sent_back,noted"`
	Why       string         `json:"why,omitempty" doc:"why a person has to decide"`
	Parts     []MovementPart `json:"parts" nullable:"false"`
	Kept      money.Amount   `json:"kept,omitzero" doc:"of it, as credit of the customer"`
}

// MovementPart is what of a movement pays one invoice.
type MovementPart struct {
	Invoice string       `json:"invoice" doc:"id, or in a decision also its number"`
	Amount  money.Amount `json:"amount,omitzero" doc:"in a decision left out: all that is owed"`
}

func movementOf(e bank.Entry) Movement {
	m := Movement{ID: e.ID, Entity: e.Entity, Reference: e.Reference, Amount: e.Amount, In: e.Credit, Date: e.Date, Code: e.Code, Payer: e.Payer, Account: e.IBAN.Masked(), Text: e.Text, State: e.State, Why: e.Why,
		Parts: []MovementPart{}}
	if !e.Kept.IsZero() {
		m.Kept = e.Kept
	}
	for _, p := range e.Parts {
		m.Parts = append(m.Parts, MovementPart{Invoice: p.Invoice, Amount: p.Amount})
	}
	return m
}

// MovementDecision says what a movement is: invoices that it pays, or one of the others.
type MovementDecision struct {
	Parts []MovementPart `json:"parts,omitempty" maxItems:"100"`
	Keep  string         `json:"keep,omitempty" doc:"organisation whose credit it is, or what is above the parts"`
	Back  bool           `json:"back,omitempty" doc:"it goes back through the bank"`
	Note  bool           `json:"note,omitempty" doc:"it is no customer's payment"`
}

// MovementPath names a movement.
type MovementPath struct {
	Movement string `path:"movement"`
}

func (s *server) bankRoutes() {
	const tag = "bank"
	s.raw(route{method: http.MethodPost, path: "/entities/{entity}/bank-files", id: "importBankFile", summary: "Import a statement (camt.053) or a status report (pain.002)", tag: tag},
		"/entities/{entity}/bank-files", rawDoc{takes: []string{mediaXML}, gives: []string{"application/json"}, answer: s.schemaOf(BankFile{})}, s.importBankFile)
	add(s, route{method: http.MethodGet, path: "/bank-files", id: "listBankFiles", summary: "Files imported last", tag: tag},
		func(ctx context.Context, c access.Caller, _ *struct{}) (*Body[List[BankFile]], error) {
			list, err := s.Banks.Files(ctx, c)
			return listOf(list, "", bankFileOf, err)
		})
	add(s, route{method: http.MethodGet, path: "/movements", id: "listMovements", summary: "Movements on your accounts, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			State  string `query:"state" enum:"matched,desk,assigned,kept,sent_back,noted" doc:"left out: all"`
			Cursor string `query:"cursor" maxLength:"512"`
		}) (*Body[List[Movement]], error) {
			list, next, err := s.Banks.Entries(ctx, c, bank.State(in.State), in.Cursor)
			return listOf(list, next, movementOf, err)
		})
	add(s, route{method: http.MethodGet, path: "/movements/{movement}", id: "getMovement", summary: "One movement", tag: tag},
		func(ctx context.Context, c access.Caller, in *MovementPath) (*Body[Movement], error) {
			e, err := s.Banks.Entry(ctx, c, in.Movement)
			return body(movementOf(e), err)
		})
	add(s, route{method: http.MethodPost, path: "/movements/{movement}/decision", id: "decideMovement", summary: "Say what a movement is that did not match", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			MovementPath
			Body MovementDecision
		}) (*Body[Movement], error) {
			d := bank.Decision{Keep: in.Body.Keep, Back: in.Body.Back, Note: in.Body.Note}
			for _, p := range in.Body.Parts {
				d.Parts = append(d.Parts, bank.Split{Invoice: p.Invoice, Amount: p.Amount})
			}
			e, err := s.Banks.Decide(ctx, c, in.Movement, d)
			return body(movementOf(e), err)
		})
}

const mediaXML = "application/xml"

func (s *server) importBankFile(w http.ResponseWriter, r *http.Request) error {
	if mediaOf(r) != mediaXML {
		return fail.New(fail.Invalid, "api.media_type", "The body must come as "+mediaXML+".", "Send Content-Type: "+mediaXML+".").Field("Content-Type", "is not "+mediaXML)
	}
	data, err := readBody(w, r, sepa.MaxFile)
	if err != nil {
		return err
	}
	f, err := s.Banks.Import(r.Context(), callerOf(r), r.PathValue("entity"), "api", data)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, bankFileOf(f))
}
