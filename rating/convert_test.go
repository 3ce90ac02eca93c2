package rating_test

import (
	"context"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/price"
	"github.com/halle-cloud/halle/rating"
)

// TestALicenceBesideUse: a licence bought for a year, on real usage, beside ten cents a message. A month of thirty days
// of it is worth thirty euros, so three hundred messages cost the same.
func TestALicenceBesideUse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, day := context.Background(), 24*time.Hour
		c := w.Business(t, w.Operator, "Acme", party.KindCustomer)
		bought := list("prv-bought", price.Component{Key: "fee", Kind: price.OneOff, Price: eur(365_000_000_000)}, price.Component{Key: "yearly", Kind: price.PerPeriod, Every: price.Year, Price: eur(0)})
		other := list("prv-pay", price.Component{Key: "messages", Kind: price.PerUnit, Meter: "messages", Unit: "message", Per: 1, Price: eur(100_000_000)})
		start := w.Clock.Now() // 2 March, 9:00 UTC
		sub := w.begin(t, c, bought, time.Time{})
		w.replayed(t, sub, 90, start.Add(day))
		w.replayed(t, sub, 30, start.Add(40*day))
		w.Clock.Advance(60 * day)
		in := rating.ConvertInput{Subscription: sub, Price: other, Charges: []string{"fee"}, TermMonths: 12}
		got, err := w.Convert(ctx, c, in)
		must(t, err)
		if len(got.Months) != 2 || got.Months[0].Licence.Decimal() != "30.63" || got.Months[0].Other.Decimal() != "9.00" || got.Months[1].Other.Decimal() != "3.00" {
			t.Fatalf("%+v", got)
		}
		// 60 days of 365 for 365: the months are rounded one by one.
		if got.Licence.Decimal() != "60.01" || got.Other.Decimal() != "12.00" || got.Saving.Decimal() != "48.01" {
			t.Errorf("%+v", got)
		}
		if p := got.Even.Parts; len(p) != 1 || p[0].Now != 60 || p[0].At != 300 || got.Even.Percent != 500 || got.Even.Always != "" {
			t.Errorf("%+v", got.Even)
		}
		other.Components[0].Price = eur(0)
		other.ID = "prv-free"
		got, err = w.Convert(ctx, c, in)
		must(t, err)
		if got.Even.Always != rating.OtherCheaper {
			t.Errorf("%+v", got.Even)
		}
		dear := list("prv-dear", monthly())
		in.Price = dear
		got, err = w.Convert(ctx, c, in)
		must(t, err)
		if got.Even.Always != rating.LicenceCheaper {
			t.Errorf("%+v", got.Even)
		}
		stranger := w.Business(t, w.Operator, "Other", party.KindCustomer)
		if _, err := w.Convert(ctx, stranger, in); fail.KindOf(err) != fail.NotFound {
			t.Errorf("a stranger converts: %v", err)
		}
	})
}
