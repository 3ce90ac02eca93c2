package order

import (
	"context"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/proof"
)

// body checks the key and gives the hash of what is asked for, which tells the same try from another order.
func (in PlaceInput) body() (string, error) {
	printable := func(r rune) bool { return r > ' ' && r < 0x7f }
	if len(in.Key) == 0 || len(in.Key) > 128 || strings.ContainsFunc(in.Key, func(r rune) bool { return !printable(r) }) {
		return "", fail.New(fail.Invalid, "order.key", "The order has no usable idempotency key.", "Send 1 to 128 printable signs that are new for each order and the same for each try.").Field("key", "must be 1 to 128 printable signs")
	}
	if (in.Quote == "") == (len(in.Items) == 0) {
		return "", fail.New(fail.Invalid, "order.items", "An order names either a quote or items.", "Send one of the two.").Field("items", "or quote, not both and not none")
	}
	b, err := proof.Canonical(in)
	if err != nil {
		return "", fail.New(fail.Invalid, "order.body", "The order cannot be read.", "Send settings that are valid JSON.").Wrap(err)
	}
	return hash(b), nil
}

// again gives the order that the key made. A key is nearly always new, so Place writes it without a look: looking reads
// a page of the index into which others write, which PostgreSQL takes for a conflict with them.
func (s *Orders) again(ctx context.Context, c access.Caller, in PlaceInput, body string) (o Order, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		org, err := s.organisation(tx, c, access.OrderPlace, in.Org)
		if err != nil {
			return err
		}
		o, err = placedWith(tx, org.ID, in.Key, body)
		return err
	})
	return o, err
}

func placedWith(tx *store.Tx, org, key, body string) (Order, error) {
	used, placed, err := selectKey(tx, org, key)
	if err != nil {
		return Order{}, err
	}
	if used != body {
		return Order{}, fail.New(fail.Conflict, "order.key_used", "This idempotency key was used for another order.", "Use a new key for a new order.").Field("key", "was used for another order")
	}
	return selectOrder(tx, placed)
}
