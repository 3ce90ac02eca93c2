package web_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/residency"
	"github.com/halle-cloud/halle/web/design/designtest"
)

// pageLimit is the most that a page may weigh without its assets, in bytes; with them it stays below 150 kB.
const pageLimit = 80_000

// crawl reads every page that can be reached by links and gives them by address, with the forms that they hold.
func (b *browser) crawl(starts ...string) (pages map[string]string, forms map[string]bool) {
	b.t.Helper()
	pages, forms = map[string]string{}, map[string]bool{}
	queue, shapes := slices.Clone(starts), map[string]int{}
	id := regexp.MustCompile(`[a-z]{3}_test_[a-z0-9]{26}`)
	for len(queue) > 0 {
		path, _, _ := strings.Cut(queue[0], "#")
		queue = queue[1:]
		shape := id.ReplaceAllString(path, "ID")
		if _, seen := pages[path]; seen || strings.HasPrefix(path, "/log/") || strings.HasPrefix(path, "/static/") || shapes[shape] > 4 {
			continue
		}
		shapes[shape]++
		status, body := b.get(path)
		if status != http.StatusOK && !(status == http.StatusUnprocessableEntity && strings.Contains(path, "/machine/")) { // a page that names what an invoice lacks
			b.t.Errorf("%s: GET %s answers %d\n%.300s", b.lang, path, status, body)
		}
		pages[path] = body
		if !strings.Contains(body, "<html") {
			continue
		}
		links, posts := references(body)
		queue = append(queue, links...)
		for _, p := range posts {
			forms[p] = true
		}
	}
	return pages, forms
}

func references(body string) (links, posts []string) {
	z := html.NewTokenizer(strings.NewReader(body))
	for z.Next() != html.ErrorToken {
		token := z.Token()
		attr := func(name string) string {
			for _, a := range token.Attr {
				if a.Key == name {
					return a.Val
				}
			}
			return ""
		}
		if href := attr("href"); token.Data == "a" && strings.HasPrefix(href, "/") {
			links = append(links, href)
		}
		if token.Data == "form" && attr("method") == "post" {
			posts = append(posts, attr("action"))
		}
	}
	return links, posts
}

// peopled is a world in which things have happened.
func peopled(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.order(t, w.acme, "personal")
	w.order(t, w.house, "internal")
	w.refuse(t)
	_, err := w.s.Orders.Quote(ctx, w.acme, order.QuoteInput{Items: []order.ItemInput{{Offer: "relay-m2m", Plan: "start", Parameters: []byte(`{"hosts":["a"]}`)}}})
	must(t, err)
	w.Clock.Advance(40 * 24 * time.Hour)
	for _, c := range []access.Caller{w.acme, w.house} {
		_, err = w.s.Invoices.Issue(ctx, w.Operator, c.Org, w.Clock.Now())
		must(t, err)
	}
	w.settle(t)
	return w
}

// refuse makes Acme refuse the law that reaches every cloud of the demonstration in its market, and orders once more.
func (w *world) refuse(t *testing.T) order.Order {
	t.Helper()
	_, err := w.s.Residency.SetPolicy(ctx, w.acme, w.acme.Org, residency.Layer{All: residency.Rule{RefusedLaws: []string{"FR"}}})
	must(t, err)
	o := w.order(t, w.acme, "personal")
	if o.State != order.StateRejected {
		t.Fatalf("it may live somewhere: %s", o.State)
	}
	return o
}

func TestEveryPageOfACustomer(t *testing.T) {
	w := peopled(t)
	for _, c := range []struct {
		name   string
		caller access.Caller
	}{{"owner", w.acme}, {"technical", w.technical}, {"household", w.house}, {"newcomer", w.rival}} {
		for _, lang := range []string{"en", "fr"} {
			pages, _ := w.as(t, c.caller, lang).crawl("/", "/services", "/orders", "/account", "/switch", "/proofs")
			if len(pages) < 20 {
				t.Errorf("%s: only %d pages: %v", c.name, len(pages), slices.Sorted(maps.Keys(pages)))
			}
			for path, body := range pages {
				if !strings.Contains(body, "<html") {
					continue
				}
				for _, fault := range designtest.Faults(body) {
					t.Errorf("%s, %s, %s: %s", c.name, lang, path, fault)
				}
				if len(body) > pageLimit {
					t.Errorf("%s: %s weighs %d bytes", lang, path, len(body))
				}
				if strings.Contains(body, "Nobody is signed in") {
					t.Errorf("%s: %s", lang, path)
				}
			}
		}
	}
}

func TestEveryPageOfAVisitor(t *testing.T) {
	w := newWorld(t)
	for _, lang := range []string{"en", "fr"} {
		b := w.as(t, access.Caller{}, lang)
		for _, path := range []string{"/", "/?q=nothing", "/?place=FR", "/?family=messaging", "/offers/relay-m2m", "/offers/relay-m2m?plan=scale&q.devices=5000&class=health", "/offers/relay-m2m?q.messages=x",
			"/offers/relay-m2m/contract", "/sign-in", "/sign-up", "/join/secret", "/confirm/secret", "/reset", "/reset/secret", "/demo"} {
			status, body := b.get(path)
			if status != http.StatusOK {
				t.Errorf("%s: %s answers %d", lang, path, status)
			}
			for _, fault := range designtest.Faults(body) {
				t.Errorf("%s, %s: %s", lang, path, fault)
			}
		}
		if status, body := b.get("/nowhere"); status != http.StatusNotFound || len(designtest.Faults(body)) > 0 {
			t.Errorf("%d %s", status, body)
		}
		r := b.do(httptest.NewRequestWithContext(ctx, http.MethodGet, "/services?state=active", nil))
		if to := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || to != "/sign-in?to=%2Fservices%3Fstate%3Dactive" {
			t.Errorf("%d %s", r.StatusCode, to)
		}
	}
}

// Nobody sees or touches another customer's things: every address with an identifier of Acme, by GET and by its forms.
func TestAStrangerFindsNothing(t *testing.T) {
	w := peopled(t)
	pages, forms := w.as(t, w.acme, "en").crawl("/", "/services", "/orders", "/people")
	own := regexp.MustCompile(`(ord|sub|inv|per|quo|win|fct|tok|dec)_test_[a-z0-9]{26}`)
	tried := 0
	for name, stranger := range map[string]access.Caller{"rival": w.rival, "household": w.house, "publisher": w.publisher} {
		b := w.as(t, stranger, "en")
		for path := range pages {
			if !own.MatchString(path) || name == "publisher" && strings.HasPrefix(path, "/facts/") {
				continue // facts about what was sold concern its publisher too
			}
			tried++
			if status, body := b.get(path); status != http.StatusNotFound || strings.Contains(body, "Acme") {
				t.Errorf("%s: GET %s answers %d", name, path, status)
			}
		}
		for path := range forms {
			if !own.MatchString(path) {
				continue
			}
			tried++
			if status, _, to := b.post(path, url.Values{"total": {"6.00 EUR"}, "reason": {"x"}, "name": {"x"}, "role-owner": {"yes"}}); status != http.StatusNotFound {
				t.Errorf("%s: POST %s answers %d %s", name, path, status, to)
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d addresses were tried", tried)
	}
}

func TestFormsFromElsewhereAreRefused(t *testing.T) {
	w := newWorld(t)
	_, forms := w.as(t, w.acme, "en").crawl("/", "/account", "/people", "/tokens", "/limits", "/spending", "/residency", "/organisation")
	b := w.as(t, w.acme, "en")
	for path := range forms {
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader("name=x"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header, value)
			if got := b.do(r); got.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %s: %d", path, header, got.StatusCode)
			}
		}
	}
}

func TestRefusedFormsSayWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	b := w.as(t, w.acme, "en")
	for _, c := range []struct {
		path   string
		form   url.Values
		status int
		says   string
	}{
		{"/offers/relay-m2m/order", url.Values{"plan": {"start"}, "p.hosts": {""}}, 422, `id="p.hosts-error"`},
		{"/offers/relay-m2m/order", url.Values{"plan": {"start"}, "p.hosts": {"a"}, "p.interval_ms": {"5"}}, 422, `id="p.interval_ms-error"`},
		{"/people/invite", url.Values{"email": {"no address"}, "role-member": {"yes"}}, 422, `id="email-error"`},
		{"/tokens", url.Values{"name": {""}, "scope": {"read"}, "days": {"90"}}, 422, `id="name-error"`},
		{"/tokens", url.Values{"name": {"x"}, "scope": {"read"}, "days": {"many"}}, 422, `id="days-error"`},
		{"/limits", url.Values{"max": {"a lot"}}, 422, `id="max-error"`},
		{"/spending", url.Values{"amount": {"a lot"}, "action": {"notify"}}, 422, `id="amount-error"`},
		{"/spending", url.Values{"amount": {""}, "action": {"notify"}}, 422, `id="amount-error"`},
		{"/account/password", url.Values{"old": {"wrong"}, "password": {"short"}}, 403, `id="old-error"`},
	} {
		status, body, _ := b.post(c.path, c.form)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %v: %d, no %s\n%s", c.path, c.form, status, c.says, body)
		}
		for _, fault := range designtest.Faults(body) {
			t.Errorf("%s: %s", c.path, fault)
		}
	}
	visitor := w.as(t, access.Caller{}, "fr")
	if status, body, _ := visitor.post("/sign-in", url.Values{"email": {"a@b.example"}, "password": {"nothing like it"}}); status != http.StatusUnauthorized || !strings.Contains(body, "flash bad") {
		t.Errorf("sign in: %d", status)
	}
	if status, body, _ := visitor.post("/sign-up", url.Values{"name": {"A"}, "email": {"a@b.example"}, "password": {"short"}, "country": {"FR"}}); status != 422 || !strings.Contains(body, `id="password-error"`) {
		t.Errorf("sign up: %d", status)
	}
}

// The page of what the month costs sets a budget, draws how much of it is used, and takes it away.
func TestABudgetIsSetAndRemoved(t *testing.T) {
	w := newWorld(t)
	w.order(t, w.acme, "personal")
	w.settle(t)
	b := w.as(t, w.acme, "en")
	if status, body, to := b.post("/spending", url.Values{"amount": {"2,50"}, "action": {"suspend"}}); status != http.StatusSeeOther || to != "/spending" {
		t.Fatalf("%d %s\n%s", status, to, body)
	}
	must(t, w.s.Budgets.Look(ctx))
	_, page := b.get("/spending")
	for _, text := range []string{"€2.50", "used up: in force", `id="budget-bars"`, "Forecast of the month", "suspend the services", "/usage"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %q\n%s", text, page)
		}
	}
	for _, fault := range designtest.Faults(page) {
		t.Error(fault)
	}
	if status, _, _ := w.as(t, w.technical, "en").post("/spending", url.Values{"amount": {"9"}, "action": {"notify"}}); status != http.StatusForbidden {
		t.Errorf("a technical member set a budget: %d", status)
	}
	remove := regexp.MustCompile(`/spending/bud_[a-z0-9_]+/remove`).FindString(page)
	if _, _, to := b.post(remove, nil); to != "/spending" {
		t.Errorf("%s led to %q", remove, to)
	}
	if _, page := b.get("/spending"); !strings.Contains(page, "No budget is set") {
		t.Error("the budget is still there")
	}
}

// Every view of a service that is still being made, or never will be, answers.
func TestAServiceWithoutAResource(t *testing.T) {
	w := newWorld(t)
	o, err := w.s.Orders.Place(ctx, w.acme, order.PlaceInput{Key: "k", Items: []order.ItemInput{{Offer: "relay-m2m", Plan: "start", Parameters: []byte(`{"hosts":["a"]}`)}}})
	must(t, err)
	must(t, w.s.Facts.Drain(ctx, w.s.Subscriptions.Readers()...))
	b := w.as(t, w.acme, "en")
	for _, view := range []string{"", "/usage", "/history"} {
		if status, body := b.get("/services/" + o.Items[0].Subscription + view); status != http.StatusOK {
			t.Errorf("%s: %d\n%s", view, status, body)
		}
	}
}

// The page that offers other plans tells what the real use of this period and of the one before would have cost by them.
func TestWhatAnotherPlanWouldHaveCost(t *testing.T) {
	w := newWorld(t)
	o := w.order(t, w.acme, "personal")
	w.Clock.Advance(40 * 24 * time.Hour)
	w.settle(t)
	page := "/services/" + o.Items[0].Subscription + "/change"
	for lang, want := range map[string][]string{"en": {"What you would have paid", "This period so far", "Monday 2\u00a0March\u00a02026 – Wednesday 1\u00a0April\u00a02026", "€53.27 more"}, "fr": {"Ce que vous auriez payé", "de plus"}} {
		status, body := w.as(t, w.acme, lang).get(page)
		for _, text := range want {
			if status != http.StatusOK || !strings.Contains(body, text) {
				t.Errorf("%s: %d without %q\n%s", lang, status, text, body)
			}
		}
	}
	// Who may not see invoices may not see this.
	if status, body := w.as(t, w.technical, "en").get(page); status == http.StatusOK && strings.Contains(body, "What you would have paid") {
		t.Error("a technical member sees what the service costs")
	}
}

// The way of a household: from the offer to the running service, to withdrawal.
func TestAHouseholdOrdersAndWithdraws(t *testing.T) {
	w := newWorld(t)
	b := w.as(t, w.house, "fr")
	status, body, to := b.post("/offers/relay-m2m/order", url.Values{"plan": {"start"}, "p.hosts": {"a.example"}, "dataClass": {"internal"}})
	if status != http.StatusSeeOther || !strings.HasPrefix(to, "/quotes/") {
		t.Fatalf("%d %s\n%s", status, to, body)
	}
	_, page := b.get(to)
	if !strings.Contains(page, "Commander et payer 6,00\u00a0€ par mois") || !strings.Contains(page, "Cela tournera ici") {
		t.Errorf("the last button does not say what is paid:\n%s", page)
	}
	total := regexp.MustCompile(`name="total" value="([^"]+)"`).FindStringSubmatch(page)[1]
	if status, page, _ := b.post(to, url.Values{"total": {total}, "start": {"yes"}}); status != 422 || !strings.Contains(page, `id="read-error"`) {
		t.Errorf("ordered without the contract read: %d", status)
	}
	if status, page, _ := b.post(to, url.Values{"total": {total}, "read": {"yes"}}); status != 422 || !strings.Contains(page, `id="start-error"`) {
		t.Errorf("started within the period without consent: %d", status)
	}
	form := url.Values{"total": {total}, "read": {"yes"}, "start": {"yes"}}
	_, _, first := b.post(to, form)
	_, _, again := b.post(to, form)
	if !strings.HasPrefix(first, "/orders/") || first != again {
		t.Fatalf("two presses of one button: %q and %q", first, again)
	}
	if _, page := b.get(first); !strings.Contains(page, `hx-trigger="every 1s"`) || !strings.Contains(page, `http-equiv="refresh"`) {
		t.Errorf("the progress is not live:\n%s", page)
	}
	w.settle(t)
	if _, page := b.get(first); strings.Contains(page, `hx-trigger="every 1s"`) || !strings.Contains(page, "Me rétracter du contrat") {
		t.Errorf("after it runs:\n%s", page)
	}
	if status, _, _ := b.post(first+"/withdraw", nil); status != http.StatusSeeOther {
		t.Errorf("withdraw: %d", status)
	}
	w.settle(t)
	if _, page := b.get("/services"); !strings.Contains(page, "Arrêté") {
		t.Errorf("the service goes on:\n%s", page)
	}
}

func TestARefusalIsToldWithEveryReasonInFrench(t *testing.T) {
	w := newWorld(t)
	_, page := w.as(t, w.acme, "fr").get("/orders/" + w.refuse(t).ID)
	for _, text := range []string{"Cette commande est refusée", "répond au droit de : France, que les règles refusent", "Ce qui le permettrait"} {
		if !strings.Contains(html.UnescapeString(page), text) {
			t.Errorf("no %q in\n%s", text, page)
		}
	}
	if strings.Contains(page, "answers to the law") {
		t.Error("a reason stayed in English")
	}
}

func TestADevicesPasswordIsShownOnce(t *testing.T) {
	w := newWorld(t)
	at := "/services/" + w.order(t, w.acme, "personal").Items[0].Subscription + "/devices"
	b := w.as(t, w.technical, "en")
	if status, page, _ := b.post(at, url.Values{"name": {"pump-8"}}); status != http.StatusOK || !strings.Contains(page, "seven-green-lamps") {
		t.Errorf("%d\n%s", status, page)
	}
	if _, page := b.get(at); strings.Contains(page, "seven-green-lamps") || !strings.Contains(page, "pump-8") {
		t.Errorf("the password is shown again, or the device is not listed:\n%s", page)
	}
	if status, page, _ := b.post(at, url.Values{"name": {"pump-8"}}); status != 422 || !strings.Contains(page, `id="name-error"`) {
		t.Errorf("the same name twice: %d", status)
	}
	if _, page := b.get(at + "/pump-8/remove"); !strings.Contains(page, "Remove pump-8") {
		t.Errorf("nothing is asked before:\n%s", page)
	}
	if status, _, to := b.post(at+"/pump-8/remove", nil); status != http.StatusSeeOther || to != at {
		t.Errorf("%d %s", status, to)
	}
	if _, page := b.get(at); strings.Contains(page, "pump-8") {
		t.Error("the device is still there")
	}
}

func TestATokenIsShownOnce(t *testing.T) {
	w := newWorld(t)
	b := w.as(t, w.acme, "en")
	_, page, _ := b.post("/tokens", url.Values{"name": {"export"}, "scope": {"read"}, "days": {"30"}})
	secret := regexp.MustCompile(`hal_[A-Za-z0-9_-]{40,}`).FindString(page)
	if secret == "" {
		t.Fatalf("no secret on\n%s", page)
	}
	if _, again := b.get("/tokens"); strings.Contains(again, secret) || !strings.Contains(again, "export") {
		t.Error("the secret is shown again, or the token is not listed")
	}
}

func TestARedirectNeverLeavesThePortal(t *testing.T) {
	w := newWorld(t)
	for _, to := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "/%2fevil.example"} {
		r := w.as(t, w.acme, "en").do(httptest.NewRequestWithContext(ctx, http.MethodGet, "/sign-in?to="+url.QueryEscape(to), nil))
		if got := r.Header.Get("Location"); got != "/services" {
			t.Errorf("%s leads to %s", to, got)
		}
	}
}
