package price

import (
	"testing"
	"time"

	"github.com/halle-cloud/halle/money"
)

func usd(text string) money.UnitPrice {
	p, err := money.ParseUnitPrice(text, money.USD)
	if err != nil {
		panic(err)
	}
	return p
}

func dollars(text string) money.Amount {
	a, err := money.ParseAmount(text, money.USD)
	if err != nil {
		panic(err)
	}
	return a
}

// golden are the amounts that others publish for their price models: numbers from their documentation, read in 2026.
const (
	stripeTiered    = "https://docs.stripe.com/subscriptions/pricing-models/tiered-pricing"
	stripeTransform = "https://docs.stripe.com/billing/subscriptions/usage-based/transform-quantities"
	stripeQuantity  = "https://stripe.com/docs/billing/subscriptions/quantity-transformation"
	stripeCoupon    = "https://docs.stripe.com/api/coupons/create"
	lagoVolume      = "https://getlago.com/docs/guide/plans/charges/charge-models/volume"
	lagoPackage     = "https://getlago.com/docs/guide/plans/charges/charge-models/package"
	lagoPercentage  = "https://getlago.com/docs/guide/plans/charges/charge-models/graduated-percentage"
	lagoSpending    = "https://getlago.com/docs/guide/plans/charges/spending-minimum"
	lagoContract    = "https://getlago.com/docs/guide/lago-cloud/contract-billing"
	lagoMinimum     = "https://getlago.canny.io/feature-requests/p/set-minimum-spend-for-subscriptions"
	lagoCharge      = "https://community.getlago.com/t/ability-to-define-minimums/55"
	lagoInvoice     = "https://getlago.com/changelog/nvoice-calculation-method"
	openMeter       = "https://openmeter.io/docs/billing/product-catalog/pricing-models"
	cgrCost         = "https://github.com/cgrates/cgrates/blob/master/docs/readthedocs/tariffPlanManagement.rst"
)

func use(kind Kind, per int64, c Component) Component {
	c.Key, c.Kind, c.Meter, c.Unit, c.Per = "u", kind, "m", "unit", money.Quantity(per)
	return c
}

// TestPublishedAmounts rates what others rate in their documentation.
func TestPublishedAmounts(t *testing.T) {
	fonts := []Tier{{UpTo: 5, Price: usd("7")}, {UpTo: 10, Price: usd("6.5")}, {Price: usd("6")}}
	volume, graduated := use(Volume, 1, Component{Tiers: fonts}), use(Graduated, 1, Component{Tiers: fonts})
	calls := use(Volume, 1, Component{Tiers: []Tier{{UpTo: 10_000, Price: usd("0.001"), Flat: usd("10")}, {UpTo: 50_000, Price: usd("0.0008"), Flat: usd("10")},
		{UpTo: 100_000, Price: usd("0.0006"), Flat: usd("10")}, {Price: usd("0.0004"), Flat: usd("10")}}})
	turnover := use(Graduated, 1, Component{Tiers: []Tier{{UpTo: 1000, Price: usd("0.01"), Flat: usd("200")}, {UpTo: 10_000, Price: usd("0.02"), Flat: usd("300")},
		{Price: usd("0.03"), Flat: usd("400")}}})
	users := use(Package, 5, Component{Price: usd("10")})
	// A call of 85 seconds: connection 0.4, the first minute 0.2, then 0.1 a minute in steps of half a minute.
	seconds := []Tier{{UpTo: 60, Price: usd("0.2"), Step: 60}, {Price: usd("0.1"), Step: 30}}
	connected := []Tier{{UpTo: 60, Price: usd("0.2"), Step: 60, Flat: usd("0.4")}, seconds[1]}
	for _, c := range []struct {
		page      string
		component Component
		from, q   int64
		want      string
	}{
		{stripeTiered, volume, 0, 1, "7"},
		{stripeTiered, volume, 0, 5, "35"},
		{stripeTiered, volume, 0, 6, "39"},
		{stripeTiered, volume, 0, 20, "120"},
		{stripeTiered, volume, 0, 25, "150"},
		{stripeTiered, graduated, 0, 5, "35"},
		{stripeTransform, use(Package, 60, Component{Price: usd("10")}), 0, 150, "30"},
		{stripeQuantity, users, 0, 1, "10"},
		{stripeQuantity, users, 0, 3, "10"},
		{stripeQuantity, users, 0, 5, "10"},
		{stripeQuantity, users, 0, 6, "20"},
		{stripeQuantity, users, 0, 7, "20"},
		{lagoVolume, calls, 0, 65_000, "49"},
		{lagoPackage, use(Package, 100, Component{Free: 100, Price: usd("5")}), 0, 201, "10"},
		{lagoPercentage, turnover, 0, 500, "205"},
		{lagoPercentage, turnover, 500, 550, "306"},
		{lagoPercentage, turnover, 1050, 4000, "80"},
		{openMeter, use(PerUnit, 1, Component{Price: usd("0.01")}), 0, 10_000, "100"},
		{cgrCost, use(Graduated, 60, Component{Tiers: seconds}), 0, 85, "0.25"},
		{cgrCost, use(Graduated, 60, Component{Tiers: connected}), 0, 85, "0.65"},
	} {
		v := &Version{ID: "v", Currency: money.USD, Basis: Net, EffectiveFrom: time.Unix(0, 0), Components: []Component{c.component}}
		if err := v.Validate(); err != nil {
			t.Fatal(err)
		}
		l, err := Rate(v, "u", Input{From: money.Quantity(c.from), Quantity: money.Quantity(c.q)})
		if err != nil || l.Amount != dollars(c.want) {
			t.Errorf("%s: %d units: %s, they say %s (%v)", c.page, c.q, l.Amount, c.want, err)
		}
		if _, err := Explain(v, &l, "en"); err != nil {
			t.Error(err)
		}
	}
}

// TestPublishedClosings settles what others settle in their documentation.
func TestPublishedClosings(t *testing.T) {
	minimum := func(amount string) Term { return Term{Key: "t", Kind: Minimum, Amount: dollars(amount)} }
	coupon := func(key, amount string) Term { return Term{Key: key, Kind: Coupon, Amount: dollars(amount)} }
	for _, c := range []struct {
		page      string
		fee, used string
		terms     []Term
		want      string // of the whole period
	}{
		{lagoSpending, "0", "50", []Term{minimum("100")}, "100"},
		{lagoContract, "0", "800", []Term{minimum("1000")}, "1000"},
		{lagoContract, "0", "1300", []Term{minimum("1000")}, "1300"},
		{lagoMinimum, "50", "30", []Term{minimum("100")}, "100"},
		{lagoCharge, "0", "4", []Term{minimum("5")}, "5"},
		{lagoInvoice, "50", "20", []Term{coupon("coupon", "10"), coupon("credits", "30")}, "30"},
		{stripeCoupon, "100", "0", []Term{coupon("c", "200")}, "0"},
		{stripeCoupon, "300", "0", []Term{coupon("c", "200")}, "100"},
	} {
		v := &Version{ID: "v", Currency: money.USD, Basis: Net, EffectiveFrom: time.Unix(0, 0), Terms: c.terms, Components: []Component{
			{Key: "fee", Kind: PerPeriod, Every: Month, Price: usd("1")}, {Key: "use", Kind: PerUnit, Meter: "m", Unit: "unit", Per: 1, Price: usd("1")}}}
		if err := v.Validate(); err != nil {
			t.Fatal(err)
		}
		period := Interval{time.Unix(0, 0), time.Unix(30*86400, 0)}
		now, err := State{Held: 30 * 86400, Over: true}.Add(v, Total{Key: "fee", Amount: dollars(c.fee)}, Total{Key: "use", Amount: dollars(c.used)})
		if err != nil {
			t.Fatal(err)
		}
		list, err := Close(v, Closing{Every: Month, Period: period, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		total, _ := dollars(c.fee).Add(dollars(c.used))
		for _, a := range list {
			total, _ = total.Add(a.Amount)
		}
		if total != dollars(c.want) {
			t.Errorf("%s: %s, they say %s", c.page, total, c.want)
		}
	}
}
