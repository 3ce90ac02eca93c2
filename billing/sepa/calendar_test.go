package sepa_test

import (
	"testing"

	"github.com/halle-cloud/halle/billing/sepa"
)

func TestBankDay(t *testing.T) {
	for in, want := range map[string]string{"2026-12-08": "2026-12-08", "2026-12-12": "2026-12-14", "2026-12-25": "2026-12-28", "2026-04-03": "2026-04-07", "2027-03-26": "2027-03-30", "2027-01-01": "2027-01-04",
		"2024-03-29": "2024-04-02", "2038-04-23": "2038-04-27", "2026-05-01": "2026-05-04"} {
		if got := sepa.BankDay(day(in)); got.String() != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
