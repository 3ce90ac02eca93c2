package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/client"
)

// Order is what one does with orders.
type Order struct {
	Place    orderPlace    `cmd:"" default:"withargs" help:"Order an offer."`
	Show     orderShow     `cmd:"" help:"Show an order."`
	Wait     orderWait     `cmd:"" help:"Wait until an order is done."`
	Cancel   orderCancel   `cmd:"" help:"Ask to stop an order."`
	Withdraw orderWithdraw `cmd:"" help:"Withdraw from the contract within 14 days, as a consumer."`
}

// settings are the customer's values for an offer's parameters.
type settings struct {
	Param      []string `help:"A setting of the offer: name=value, where value is JSON or text. Repeat it." placeholder:"NAME=VALUE" sep:"none"`
	ParamsFile string   `help:"File with all settings as one JSON object." type:"existingfile"`
}

// Validate is for kong: wrong words are told before anything is asked of the server.
func (s settings) Validate() error {
	_, err := s.json()
	return err
}

func (s settings) json() (json.RawMessage, error) {
	values := map[string]json.RawMessage{}
	if s.ParamsFile != "" {
		b, err := os.ReadFile(s.ParamsFile)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(b, &values); err != nil {
			return nil, fmt.Errorf("%s holds no JSON object: %w", s.ParamsFile, err)
		}
	}
	for _, p := range s.Param {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--param %s: write name=value", p)
		}
		raw := json.RawMessage(value)
		if !json.Valid(raw) {
			raw, _ = json.Marshal(value) // text always marshals
		}
		values[name] = raw
	}
	if len(values) == 0 {
		return nil, nil
	}
	return json.Marshal(values)
}

// patience is how long a command waits for the server to finish.
type patience struct {
	Wait    bool          `help:"Wait until it is done."`
	Timeout time.Duration `help:"How long to wait." default:"5m"`
}

type orderPlace struct {
	inMarket
	settings
	patience
	Offer          string `arg:"" help:"Key or id of the offer."`
	Plan           string `help:"Which plan; needed when there are several."`
	DataClass      string `help:"Class of the data that will be put in: public, internal, personal, health." placeholder:"CLASS"`
	Region         string `help:"The only region that you want; placement decides otherwise."`
	AcceptContract bool   `help:"You have read the contract and order for the price shown. Without it nothing is ordered."`
	ConsentToStart bool   `help:"A consumer asks to start within the withdrawal period."`
	PurchaseOrder  string `help:"Number of your own purchase order, for your bills." placeholder:"TEXT"`
	Language       string `help:"Of the contract." placeholder:"LANG"`
	Key            string `help:"Idempotency key: the same key orders once." placeholder:"TEXT"`
}

// Run orders, or shows what an order would be.
func (a orderPlace) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	market, err := a.find(ctx, c)
	if err != nil {
		return err
	}
	offer, err := c.GetOffer(ctx, market, a.Offer)
	if err != nil {
		return err
	}
	if a.Plan, err = a.plan(offer); err != nil {
		return err
	}
	params, err := a.json()
	if err != nil {
		return err
	}
	quote, err := c.CreateQuote(ctx, client.OrderQuoteInput{Language: a.Language, Items: []client.OrderItemInput{
		{Offer: offer.Offer, Version: offer.ID, Plan: a.Plan, Parameters: params, Region: a.Region, DataClass: a.DataClass}}})
	if err != nil {
		return err
	}
	if !a.AcceptContract {
		return a.refuse(o, offer, quote)
	}
	order, err := c.PlaceOrder(ctx, client.PlaceOrderParams{IdempotencyKey: orKey(a.Key)},
		client.OrderPlaceInput{Quote: quote.ID, Language: quote.Language, Total: quote.Total, ConsentToStart: a.ConsentToStart, PurchaseOrder: a.PurchaseOrder})
	if err != nil {
		return err
	}
	if !a.Wait {
		return showOrder(o, order)
	}
	return waitOrder(ctx, o, c, order, a.Timeout)
}

// plan is the one asked for, or the only one on sale.
func (a orderPlace) plan(v client.OfferVersion) (string, error) {
	if a.Plan != "" {
		return a.Plan, nil
	}
	var keys []string
	for _, p := range v.Content.Plans {
		if !p.Withdrawn {
			keys = append(keys, p.Key)
		}
	}
	if len(keys) == 1 {
		return keys[0], nil
	}
	return "", fmt.Errorf("%s has several plans.\nChoose one with --plan: %s", v.Content.Key, strings.Join(keys, ", "))
}

// refuse shows price and contract and orders nothing.
func (a orderPlace) refuse(o Out, offer client.OfferVersion, quote client.Quote) error {
	err := o.Show(map[string]any{"ordered": false, "quote": quote}, func(w io.Writer) error {
		contract := offer.Content.Contract[quote.Language]
		_, err := fmt.Fprintf(w, "%s, plan %s\n\nFirst period: %s (%s)\nEvery month:  %s\n\nThe contract:\n%s\nNothing was ordered. To order, repeat it with --accept-contract.\n",
			text(offer.Content.Name), a.Plan, quote.Total, quote.Basis, quote.Recurring, contract)
		return err
	})
	return errors.Join(err, ErrShown)
}

// orKey is a key given, or a fresh one.
func orKey(key string) string {
	if key == "" {
		return "cli-" + rand.Text()
	}
	return key
}

func showOrder(o Out, order client.Order) error {
	return o.Show(order, func(w io.Writer) error {
		if err := pairs(w, "order", order.ID, "state", order.State, "first period", order.Total+" ("+order.Basis+")", "every month", order.Recurring,
			"reason", order.Reason, "ordered", when(order.CreatedAt), "withdraw until", when(order.WithdrawBy)); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(w)
		err := table(w, "It has no item.", []string{"NO", "WHAT", "PLAN", "STATE", "SERVICE"}, rowsOf(order.Items, func(i client.Item) []string {
			return []string{fmt.Sprint(i.No), i.Action + " " + i.Terms.Name, i.Terms.PlanName, i.State, i.Subscription}
		}))
		return errors.Join(err, troubles(w, order))
	})
}

// troubles says why items were refused or failed.
func troubles(w io.Writer, order client.Order) error {
	var err error
	for _, i := range order.Items {
		for _, r := range i.Reasons {
			_, e := fmt.Fprintf(w, "  %d: %s\n", i.No, plain(r.Text))
			err = errors.Join(err, e)
		}
		if i.Failure != nil {
			_, e := fmt.Fprintf(w, "  %d: %s\n", i.No, plain(i.Failure.Text))
			err = errors.Join(err, e)
		}
	}
	return err
}

func final(state string) bool {
	return slices.Contains([]string{"completed", "partial", "failed", "cancelled", "rejected", "held"}, state)
}

// waitOrder follows an order to its end; anything but success is a failure of the command.
func waitOrder(ctx context.Context, o Out, c *client.Client, order client.Order, longest time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for !final(order.State) {
		if err := client.Wait(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("the order %s is still %s.\nWait on: halle order wait %s", order.ID, order.State, order.ID)
		}
		var err error
		if order, err = c.GetOrder(ctx, order.ID); err != nil {
			return err
		}
	}
	err := showOrder(o, order)
	if order.State != "completed" {
		err = errors.Join(err, ErrShown)
	}
	return err
}

// orderArg names an order.
type orderArg struct {
	Order string `arg:"" help:"Id of the order (ord_…)."`
}

type orderShow struct{ orderArg }

// Run shows.
func (a orderShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	order, err := c.GetOrder(ctx, a.Order)
	if err != nil {
		return err
	}
	return showOrder(o, order)
}

type orderWait struct {
	orderArg
	Timeout time.Duration `help:"How long to wait." default:"5m"`
}

// Run waits.
func (a orderWait) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	order, err := c.GetOrder(ctx, a.Order)
	if err != nil {
		return err
	}
	return waitOrder(ctx, o, c, order, a.Timeout)
}

type orderCancel struct {
	orderArg
	Reason string `help:"Why."`
}

// Run cancels.
func (a orderCancel) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	order, err := c.CancelOrder(ctx, a.Order, client.CancelOrderParams{}, client.Reason{Reason: a.Reason})
	if err != nil {
		return err
	}
	return showOrder(o, order)
}

type orderWithdraw struct{ orderArg }

// Run withdraws.
func (a orderWithdraw) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	order, err := c.WithdrawOrder(ctx, a.Order, client.WithdrawOrderParams{})
	if err != nil {
		return err
	}
	return showOrder(o, order)
}

// Orders lists orders.
type Orders struct {
	Org    string `help:"Organisation; your own when it is missing."`
	Branch bool   `help:"Also of all organisations below it."`
	State  string `help:"Only in this state, such as held."`
	Limit  int    `help:"At most so many." default:"50"`
}

// Run lists.
func (a Orders) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	orders, err := pages(a.Limit, func(cursor string) ([]client.Order, string, error) {
		l, err := c.ListOrders(ctx, client.ListOrdersParams{Cursor: cursor, Org: a.Org, Branch: a.Branch, State: a.State})
		return l.Items, l.Next, err
	})
	if err != nil {
		return err
	}
	return list(o, orders, "There is no order.", []string{"ORDER", "ORDERED", "STATE", "FIRST PERIOD", "WHAT"}, func(r client.Order) []string {
		var what []string
		for _, i := range r.Items {
			what = append(what, i.Terms.Name)
		}
		return []string{r.ID, when(r.CreatedAt), r.State, r.Total, strings.Join(what, ", ")}
	})
}

// Approve releases a held order.
type Approve struct{ orderArg }

// Run approves.
func (a Approve) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	order, err := c.ApproveOrder(ctx, a.Order, client.ApproveOrderParams{})
	if err != nil {
		return err
	}
	return showOrder(o, order)
}

// Reject refuses a held order.
type Reject struct {
	orderArg
	Reason string `required:"" help:"Why; the requester reads it."`
}

// Run rejects.
func (a Reject) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	order, err := c.RejectOrder(ctx, a.Order, client.RejectOrderParams{}, client.Reason{Reason: a.Reason})
	if err != nil {
		return err
	}
	return showOrder(o, order)
}

// Why tells where the items of an order went, and why not elsewhere.
type Why struct{ orderArg }

// Run explains.
func (a Why) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.ListDecisions(ctx, a.Order)
	if err != nil {
		return err
	}
	return o.Show(l.Items, func(w io.Writer) error {
		if len(l.Items) == 0 {
			_, err := fmt.Fprintln(w, "Nothing of this order was placed yet.")
			return err
		}
		for _, d := range l.Items {
			_, _ = fmt.Fprintf(w, "%s (item %s)\n", d.ID, d.Item)
			for _, sentence := range d.Words {
				_, _ = fmt.Fprintf(w, "  %s\n", plain(sentence))
			}
		}
		return nil
	})
}
