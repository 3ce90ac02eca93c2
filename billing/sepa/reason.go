package sepa

import "strings"

// Reason is why money did not move or came back: a code of ISO 20022 and what the bank added in words.
type Reason struct {
	Code string // "AC04"; "" when the bank gave none
	Text string // at most 105 signs for each line; may hold a name: personal
}

// Effect is what a reason means for the mandate.
type Effect int

// The effects.
const (
	MayRetry    Effect = iota // the mandate stands; the amount may be asked for again
	FixFirst                  // the account cannot be debited as it is: the payer has to give another
	EndsMandate               // the payer's bank says that there is no mandate, or the payer took its money back
)

type reason struct {
	effect Effect
	en, fr string
}

// reasons are those of returns, refunds and rejects of direct debits and transfers (EPC173-14).
var reasons = map[string]reason{
	"AC01": {FixFirst, "the account number is not right", "le numéro de compte n'est pas correct"},
	"AC04": {FixFirst, "the account is closed", "le compte est clos"},
	"AC06": {FixFirst, "the account is blocked", "le compte est bloqué"},
	"AC13": {FixFirst, "the account is a consumer's, which this kind of debit is not for", "le compte est celui d'un consommateur, ce que ce type de prélèvement n'admet pas"},
	"AG01": {FixFirst, "the account does not allow direct debits", "le compte n'admet pas les prélèvements"},
	"AG02": {MayRetry, "the bank did not take the kind of debit", "la banque n'a pas accepté ce type de prélèvement"},
	"AM04": {MayRetry, "there was not enough money on the account", "le compte n'était pas assez approvisionné"},
	"AM05": {MayRetry, "it was presented twice", "il a été présenté deux fois"},
	"BE05": {EndsMandate, "the bank does not know the creditor identifier", "la banque ne connaît pas l'identifiant du créancier"},
	"CNOR": {MayRetry, "our bank is not known to the scheme", "notre banque n'est pas connue du système"},
	"DNOR": {FixFirst, "the payer's bank does not take direct debits", "la banque du payeur n'accepte pas les prélèvements"},
	"FF01": {MayRetry, "the bank could not read it", "la banque n'a pas pu le lire"},
	"FOCR": {MayRetry, "it came back because our bank asked for that", "il est revenu à la demande de notre banque"},
	"MD01": {EndsMandate, "the payer's bank knows no valid mandate", "la banque du payeur ne connaît pas de mandat valable"},
	"MD02": {EndsMandate, "something is missing in the mandate", "il manque une information au mandat"},
	"MD06": {EndsMandate, "the payer asked the money back", "le payeur a demandé le remboursement"},
	"MD07": {EndsMandate, "the account's holder has died", "le titulaire du compte est décédé"},
	"MS02": {MayRetry, "the payer refused it", "le payeur l'a refusé"},
	"MS03": {MayRetry, "the bank gave no reason", "la banque n'a pas donné de raison"},
	"RC01": {FixFirst, "the bank code is not right", "le code de la banque n'est pas correct"},
	"RR01": {FixFirst, "the payer's account or name is missing", "le compte ou le nom du payeur manque"},
	"RR02": {FixFirst, "the payer's name or address is missing", "le nom ou l'adresse du payeur manque"},
	"RR03": {MayRetry, "our name or address is missing", "notre nom ou adresse manque"},
	"RR04": {MayRetry, "a rule of the authorities stands against it", "une règle des autorités s'y oppose"},
	"SL01": {FixFirst, "the payer let its bank refuse debits such as this", "le payeur a demandé à sa banque de refuser ce type de prélèvement"},
}

// Effect is what the reason means for the mandate; of a code that is not known: that it may be asked for again.
func (r Reason) Effect() Effect { return reasons[r.Code].effect }

// Say is the reason in words, without a point at its end: French for a locale that begins with "fr", else English. It
// never repeats what the bank wrote.
func (r Reason) Say(locale string) string {
	known, ok := reasons[r.Code]
	french := strings.HasPrefix(locale, "fr")
	switch {
	case !ok && french:
		return "la banque n'a pas donné de raison connue"
	case !ok:
		return "the bank gave no reason that is known"
	case french:
		return known.fr
	}
	return known.en
}

// reasonOf reads StsRsnInf or RtrInf.
func reasonOf(n *node) Reason {
	r := Reason{Code: cut(n.first("Rsn/Cd", "Rsn/Prtry"), 4)}
	for _, line := range n.all("AddtlInf") {
		r.Text = strings.TrimSpace(r.Text + " " + cut(line.text, 105))
		if len(r.Text) > 500 {
			break
		}
	}
	return r
}
