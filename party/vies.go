package party

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// VATOutcome is what was said about a VAT identifier.
type VATOutcome string

// The outcomes.
const (
	VATValid   VATOutcome = "valid"   // given out, as its state says
	VATInvalid VATOutcome = "invalid" // not given out, or no longer
	VATUnknown VATOutcome = "unknown" // nobody could say now; Code says why
	VATForm    VATOutcome = "form"    // only form and check digits were looked at: nobody is asked here
)

// VATAnswer is what a checker says.
type VATAnswer struct {
	Outcome      VATOutcome
	Consultation string // number by which a tax office finds the question again; "" when none was given
	Code         string // why nobody could say, such as MS_UNAVAILABLE
}

// VATChecker says whether a VAT identifier is given out. requester is that of who asks, "" for none: with it, VIES gives
// a consultation number. Two stand: FormOnly and VIES.
type VATChecker interface {
	CheckVAT(ctx context.Context, id, requester string) VATAnswer
}

// FormOnly asks nobody: form and check digits were looked at when the identifier was entered.
type FormOnly struct{}

// CheckVAT says that the form alone is known.
func (FormOnly) CheckVAT(context.Context, string, string) VATAnswer {
	return VATAnswer{Outcome: VATForm}
}

// VIES asks the Commission's VAT Information Exchange System by its REST interface (check-vat-number). What goes wrong on
// the way is the outcome unknown with its code, never invalid.
type VIES struct {
	URL    string // "https://ec.europa.eu/taxation_customs/vies/rest-api", without a slash at its end
	Client *http.Client
}

// viesWait is how long one question may take.
const viesWait = 20 * time.Second

type viesQuestion struct {
	Country         string `json:"countryCode"`
	Number          string `json:"vatNumber"`
	Requester       string `json:"requesterMemberStateCode,omitempty"`
	RequesterNumber string `json:"requesterNumber,omitempty"`
}

type viesAnswer struct {
	Valid      *bool  `json:"valid"`
	Identifier string `json:"requestIdentifier"`
	UserError  string `json:"userError"`
	Errors     []struct {
		Error string `json:"error"`
	} `json:"errorWrappers"`
}

// CheckVAT asks.
func (v VIES) CheckVAT(ctx context.Context, id, requester string) VATAnswer {
	ctx, cancel := context.WithTimeout(ctx, viesWait)
	defer cancel()
	unknown := func(code string) VATAnswer { return VATAnswer{Outcome: VATUnknown, Code: code} }
	if len(id) < 4 || !union(id[:2]) {
		return VATAnswer{Outcome: VATForm} // VIES knows the member states and Northern Ireland
	}
	q := viesQuestion{Country: id[:2], Number: id[2:]}
	if len(requester) > 4 && union(requester[:2]) {
		q.Requester, q.RequesterNumber = requester[:2], requester[2:]
	}
	text, err := json.Marshal(q)
	if err != nil {
		return unknown("REQUEST")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.URL+"/check-vat-number", bytes.NewReader(text))
	if err != nil {
		return unknown("REQUEST")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	res, err := v.Client.Do(req)
	if err != nil {
		return unknown("NOT_REACHED")
	}
	defer func() { _ = res.Body.Close() }()
	var a viesAnswer
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&a); err != nil {
		return unknown(fmt.Sprintf("HTTP_%d", res.StatusCode))
	}
	return a.outcome(res.StatusCode)
}

func (a viesAnswer) outcome(status int) VATAnswer {
	switch {
	case len(a.Errors) > 0:
		return VATAnswer{Outcome: VATUnknown, Code: code(a.Errors[0].Error)}
	case a.UserError != "" && a.UserError != "VALID" && a.UserError != "INVALID":
		return VATAnswer{Outcome: VATUnknown, Code: code(a.UserError)}
	case status != http.StatusOK || a.Valid == nil:
		return VATAnswer{Outcome: VATUnknown, Code: fmt.Sprintf("HTTP_%d", status)}
	case *a.Valid:
		return VATAnswer{Outcome: VATValid, Consultation: code(a.Identifier)}
	}
	return VATAnswer{Outcome: VATInvalid, Consultation: code(a.Identifier)}
}

// code keeps what may stand in a fact: what another system says is not trusted.
func code(text string) string {
	text = strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return -1
	}, text)
	return text[:min(len(text), 64)]
}

// union tells the prefixes that VIES answers about.
func union(prefix string) bool {
	return strings.Contains(" AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI ", " "+prefix+" ")
}
