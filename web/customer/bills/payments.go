package bills

import (
	"github.com/halle-cloud/halle/billing"
	"github.com/halle-cloud/halle/web/customer"
	"github.com/halle-cloud/halle/web/site"
)

// said tells a payment in words; what a bank took back again has a negative amount.
func said(r *site.Request, p billing.Payment) string {
	key, amount := "invoice.payment.in", p.Amount
	if amount.Sign() < 0 {
		key, amount.Minor = "invoice.payment.back", -amount.Minor
	}
	return r.T(key, "amount", customer.Money(amount), "reference", p.Reference)
}
