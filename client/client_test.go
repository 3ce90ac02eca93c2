package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/client"
)

// server answers each request by the next function; the last one goes on.
func server(t *testing.T, answers ...http.HandlerFunc) (*client.Client, *int) {
	t.Helper()
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		answers[min(n, len(answers))-1](w, r)
	}))
	t.Cleanup(s.Close)
	c := client.New(s.URL+"/", "hal_secret")
	c.Longest = time.Millisecond
	return c, &n
}

func busy(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"type":"urn:halle:problem:unavailable","title":"unavailable","status":%d,"code":"x.busy","detail":"Busy.","remedy":"Try again."}`, status)
	}
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"id":"ord_1","items":[]}`) }

func TestBusyServersAreAskedAgain(t *testing.T) {
	c, n := server(t, busy(503), busy(429), ok)
	o, err := c.GetOrder(context.Background(), "ord_1")
	if err != nil || o.ID != "ord_1" || *n != 3 {
		t.Errorf("%v %q after %d requests", err, o.ID, *n)
	}
}

func TestOnlyWhatIsSafeIsSentTwice(t *testing.T) {
	c, n := server(t, busy(503))
	if _, err := c.CreateQuote(context.Background(), client.OrderQuoteInput{}); err == nil || *n != 1 {
		t.Errorf("a quote: %v after %d requests", err, *n)
	}
	c, n = server(t, busy(503), ok)
	if _, err := c.PlaceOrder(context.Background(), client.PlaceOrderParams{IdempotencyKey: "k"}, client.OrderPlaceInput{}); err != nil || *n != 2 {
		t.Errorf("an order with a key: %v after %d requests", err, *n)
	}
	c, n = server(t, busy(503), ok)
	if _, err := c.SendUsage(context.Background(), "application/x-ndjson", []byte("{}")); err != nil || *n != 2 {
		t.Errorf("usage: %v after %d requests", err, *n)
	}
}

func TestARefusalIsAnErrorWithItsFields(t *testing.T) {
	c, n := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hal_secret" {
			t.Errorf("Authorization: %q", r.Header.Get("Authorization"))
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = fmt.Fprint(w, `{"type":"urn:halle:problem:invalid","title":"invalid","status":422,"code":"a.b","detail":"No.","remedy":"Do it.","fields":[{"path":"items.0","message":"is wrong"}]}`)
	})
	_, err := c.GetOrder(context.Background(), "ord_1")
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "a.b" || !client.IsKind(err, "invalid") || *n != 1 {
		t.Fatalf("%v after %d requests", err, *n)
	}
	if err.Error() != "No.\n  items.0: is wrong\nDo it." {
		t.Errorf("in words: %q", err.Error())
	}
}

func TestAnAnswerOfSomethingElseIsAProblemToo(t *testing.T) {
	c, _ := server(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>Bad gateway</html>", http.StatusBadGateway)
	})
	if _, err := c.GetMe(context.Background()); err == nil || !strings.Contains(err.Error(), "502") {
		t.Error(err)
	}
}

func TestValuesDoNotAddStepsToTheAddress(t *testing.T) {
	var seen []string
	c, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.EscapedPath()+"?"+r.URL.RawQuery)
		ok(w, r)
	})
	_, _ = c.GetOrder(context.Background(), "../me?x=1")
	_, _ = c.ReadManaged(context.Background(), "sub_1", "devices/pump 7")
	_, _ = c.ListOrders(context.Background(), client.ListOrdersParams{State: "a&b", Limit: 3, Branch: true})
	want := []string{"/api/v1/orders/..%2Fme%3Fx=1?", "/api/v1/services/sub_1/manage/devices/pump%207?", "/api/v1/orders?branch=true&limit=3&state=a%26b"}
	if strings.Join(seen, " ") != strings.Join(want, " ") {
		t.Errorf("%q", seen)
	}
}

func TestTheContextEndsTheWait(t *testing.T) {
	c, _ := server(t, busy(503))
	c.Longest = time.Hour
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.GetMe(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
