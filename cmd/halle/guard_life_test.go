package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/config"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/observe"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/order"
	"github.com/halle-cloud/halle/party"
)

// text is a log that is written by many at once.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// canaries are personal data of this one life, unlike anything else that is in an installation.
func canaries() map[string]string {
	return map[string]string{
		"household":         "Canarina Volpedo",
		"household renamed": "Canarina Ostrogoth",
		"household mail":    "canarina.volpedo@private-home.example",
		"phone":             "+33 655 773 199",
		"address":           "77 rue du Serin Muet",
		"member":            "Isidore Quetzalcanari",
		"member mail":       "isidore.quetzal@acme-sante.example",
		"invited mail":      "zwitscher.invitee@acme-sante.example",
		"unknown mail":      "nobody.passerine@elsewhere.example",
		"browser":           "CanaryBrowser/77.31",
		"password":          "a yellow bird sings 7731",
	}
}

// life is an installation in this process in which people with canary names lived from signing up to an invoice.
type life struct {
	t       *testing.T
	conf    config.Config
	log     *lines
	h       *house
	cast    cast
	url     string
	home    access.Caller // the household of the canary
	member  access.Caller // the member of Acme
	invoice map[string]string
	ids     map[string]string // what an attacker would like to reach, by noun
	end     func()
}

// eachLife lives once on each engine, and hands it over while the server runs.
func eachLife(t *testing.T, f func(t *testing.T, l *life)) {
	t.Helper()
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			l := newLife(t, engine)
			l.live()
			f(t, l)
		})
	}
}

func newLife(t *testing.T, engine store.Engine) *life {
	t.Helper()
	l := &life{t: t, log: &lines{}, invoice: map[string]string{}, ids: map[string]string{}}
	dir := t.TempDir()
	database := "sqlite:" + filepath.Join(dir, "halle.db")
	if engine == store.PostgreSQL {
		database = storetest.URL(t, engine, migrations())
	}
	var err error
	if l.conf, err = (demoCommand{Listen: "127.0.0.1:0"}).configuration(dir); err != nil {
		t.Fatal(err)
	}
	l.conf.Database, l.conf.LogLevel = database, "debug"
	l.open(true)
	l.cast, err = l.h.seed(t.Context())
	l.must(err)
	l.serve()
	l.must(l.h.clouds(t.Context(), l.cast))
	l.must((&story{h: l.h, cast: l.cast, out: io.Discard}).offers(t.Context()))
	return l
}

func (l *life) open(create bool) {
	l.t.Helper()
	var err error
	l.h, err = openHouse(context.Background(), l.conf, observe.NewLog(l.log, l.conf.LogLevel), true, create)
	if err != nil {
		l.t.Fatal(err)
	}
}

// serve runs the server until end is called, which also closes the house.
func (l *life) serve() {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	served, up := make(chan error, 1), make(chan string, 1)
	h := l.h
	go func() { served <- h.serve(ctx, func(address string) { up <- address }) }()
	l.end = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-served, h.stopApplications(context.Background()), h.close()); err != nil {
			l.t.Errorf("end of the house: %v", err)
		}
	})
	l.t.Cleanup(func() {
		l.end()
		if l.t.Failed() {
			s := l.log.String()
			l.t.Logf("the log ends:\n%s", s[max(0, len(s)-3000):])
		}
	})
	select {
	case address := <-up:
		l.url = "http://" + address
	case err := <-served:
		served <- nil
		l.t.Fatalf("serve: %v", err)
	}
}

func (l *life) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// call sends one request as a browser of the canary and gives status and body.
func (l *life) call(method, path, secret string, body any) (int, []byte) {
	l.t.Helper()
	b, err := json.Marshal(body)
	l.must(err)
	req, err := http.NewRequestWithContext(l.t.Context(), method, l.url+path, bytes.NewReader(b))
	l.must(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", canaries()["browser"])
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	res, err := http.DefaultClient.Do(req)
	l.must(err)
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	l.must(err)
	return res.StatusCode, answer
}

// ok does a request that must succeed and decodes its answer.
func (l *life) ok(method, path, secret string, body, into any) {
	l.t.Helper()
	status, answer := l.call(method, path, secret, body)
	if status >= 300 {
		l.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	if into != nil {
		l.must(json.Unmarshal(answer, into))
	}
}

// live goes through a household's and a company's life, with the mistakes that people make on the way.
func (l *life) live() {
	l.t.Helper()
	c := canaries()
	var signed struct {
		Session struct{ Secret, Person, Org string }
	}
	l.ok("POST", "/api/v1/sign-up", "", map[string]string{"name": c["household"], "email": c["household mail"], "password": c["password"], "language": "fr",
		"country": "FR", "market": l.cast.home.ID}, &signed)
	session := signed.Session
	l.ok("POST", "/api/v1/confirmations", "", map[string]string{"secret": l.link(c["household mail"], "/confirm/")}, nil)
	l.ok("PATCH", "/api/v1/me", session.Secret, map[string]string{"name": c["household renamed"], "phone": c["phone"], "address": c["address"] + "\n31000 Toulouse"}, nil)
	l.mistakes(session.Secret)
	l.ids["session secret"] = session.Secret
	who, err := l.h.signIns.Authenticate(l.t.Context(), session.Secret)
	l.must(err)
	l.home = who
	l.company()
	l.buy("home", l.home, order.PlaceInput{ConsentToStart: true})
	l.buy("company", l.cast.acme, order.PlaceInput{})
	for _, page := range []string{"/", "/offers", "/services", "/invoices", "/account", "/sign-in?to=/account", "/metrics", "/api/v1/me", "/api/v1/me/sessions"} {
		_, _ = l.call("GET", page, session.Secret, nil)
	}
}

// mistakes are requests that are refused: their texts must not end up in a log.
func (l *life) mistakes(secret string) {
	c := canaries()
	for range 2 {
		_, _ = l.call("POST", "/api/v1/sign-up", "", map[string]string{"name": c["household"], "email": c["household mail"], "password": c["password"], "language": "fr",
			"country": "FR", "market": l.cast.home.ID})
		_, _ = l.call("POST", "/api/v1/session", "", map[string]string{"email": c["household mail"], "password": "wrong " + c["password"]})
		_, _ = l.call("POST", "/api/v1/session", "", map[string]string{"email": c["unknown mail"], "password": c["password"]})
		_, _ = l.call("POST", "/api/v1/password-resets", "", map[string]string{"email": c["unknown mail"]})
		_, _ = l.call("POST", "/api/v1/password-resets", "", map[string]string{"email": c["household mail"]})
	}
	_, _ = l.call("PATCH", "/api/v1/me", secret, map[string]any{"name": strings.Repeat(c["household"], 500), c["household mail"]: 1})
	_, _ = l.call("POST", "/api/v1/sign-up", "", c["household mail"])
	_, _ = l.call("GET", "/api/v1/organisations/"+c["household mail"], secret, nil)
	_, _ = l.call("GET", "/api/v1/invoices?cursor="+c["household mail"], secret, nil)
	_, _ = l.call("GET", "/no/"+c["household mail"], secret, nil)
	_, _ = l.call("GET", "/api/v1/me", c["household mail"], nil)
}

// company has a member that came by invitation, and an invitation that stays open.
func (l *life) company() {
	l.t.Helper()
	c, ctx := canaries(), l.t.Context()
	_, err := l.h.parties.InviteMember(ctx, l.cast.acme, party.Invite{Org: l.cast.acme.Org, Email: c["member mail"], Roles: []access.Role{access.RoleBuyer}, Language: "en"})
	l.must(err)
	var joined struct{ Session struct{ Secret string } }
	l.ok("POST", "/api/v1/invitations/acceptances", "", map[string]string{"secret": l.link(c["member mail"], "/join/"), "name": c["member"], "password": c["password"]}, &joined)
	l.member, err = l.h.signIns.Authenticate(ctx, joined.Session.Secret)
	l.must(err)
	i, err := l.h.parties.InviteMember(ctx, l.cast.acme, party.Invite{Org: l.cast.acme.Org, Email: c["invited mail"], Roles: []access.Role{access.RoleMember}, Language: "en"})
	l.must(err)
	l.ids["invitation"] = i.ID
	// Staff looks at the household from outside, which is a fact.
	staff := l.cast.operator
	staff.Purpose = "a guard asks"
	_, err = l.h.parties.Members(ctx, staff, l.home.Org)
	l.must(err)
}

// link waits for a mail to the address and gives the secret of its link.
func (l *life) link(address, path string) (secret string) {
	l.t.Helper()
	find := regexp.MustCompile(regexp.QuoteMeta(path) + `([A-Za-z0-9_=\r\n-]+)`)
	err := until(l.t.Context(), "the mail with "+path, func() (bool, error) {
		files, err := filepath.Glob(filepath.Join(l.conf.Data, "mail", "*"))
		if err != nil {
			return false, err
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil || !strings.Contains(string(b), address) {
				continue
			}
			plain := strings.ReplaceAll(strings.ReplaceAll(string(b), "=\r\n", ""), "=\n", "")
			if m := find.FindStringSubmatch(plain); m != nil {
				secret = strings.TrimRight(strings.Fields(m[1])[0], "=")
				return true, nil
			}
		}
		return false, nil
	})
	l.must(err)
	return secret
}

// buy goes from the quote to the final invoice of a broker that was used.
func (l *life) buy(who string, c access.Caller, in order.PlaceInput) {
	l.t.Helper()
	ctx, h := l.t.Context(), l.h
	items := []order.ItemInput{{Offer: "m2m-broker", Plan: "flex", DataClass: "personal", Parameters: json.RawMessage(`{"interval_ms":1000}`)}}
	q, err := h.orders.Quote(ctx, c, order.QuoteInput{Language: "en", Items: items})
	l.must(err)
	in.Key, in.Quote, in.Language, in.Total = "guard-"+who, q.ID, "en", q.Total
	o, err := h.orders.Place(ctx, c, in)
	l.must(err)
	s := &story{h: h, cast: l.cast, out: io.Discard}
	s.cast.acme, s.cast.acmeTechnical = c, c
	if who == "company" {
		s.cast.acmeTechnical = l.cast.acmeTechnical
	}
	subscription, err := s.provision(ctx, o)
	l.must(err)
	d, err := s.credentials(ctx, subscription, "pump-7")
	l.must(err)
	for i := range 20 {
		l.must(d.publish(ctx, "hall/temperature", fmt.Appendf(nil, "%d", i)))
	}
	d.close()
	r, err := h.resources.Of(ctx, c, subscription)
	l.must(err)
	invoice, err := s.leave(ctx, subscription)
	l.must(err)
	l.must(until(ctx, "the proof of the invoice", func() (bool, error) {
		err := h.invoices.ProofFile(ctx, c, invoice, io.Discard)
		return err == nil, ignoreUnavailable(err)
	}))
	l.invoice[who] = invoice
	for noun, id := range map[string]string{"quote": q.ID, "order": o.ID, "subscription": subscription, "resource": r.ID, "invoice": invoice, "version": o.Items[0].Terms.Version,
		"organisation": c.Org, "person": c.Person} {
		l.ids[who+" "+noun] = id
	}
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func ignoreUnavailable(err error) error {
	if fail.Is(err, fail.Unavailable) {
		return nil
	}
	return err
}

// metrics is the page of figures.
func (l *life) metrics() string {
	w := httptest.NewRecorder()
	l.h.metrics.Page().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

// settle waits until nothing is under way any more, and every fact has its position and stands in the published log.
func (l *life) settle() {
	l.t.Helper()
	l.must(until(l.t.Context(), "rest", func() (bool, error) {
		var busy, pending, leaves int
		err := l.h.db.Read(l.t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT (SELECT count(*) FROM operation WHERE ended_at IS NULL) + (SELECT count(*) FROM order_item WHERE state = 'inProgress'),
				(SELECT count(*) FROM fact_pending), (SELECT count(*) FROM fact_leaf)`).Scan(&busy, &pending, &leaves)
		})
		if err != nil || busy > 0 || pending > 0 {
			return false, err
		}
		published, err := l.h.tlog.Published(l.t.Context())
		return int(published) >= leaves, ignoreMissing(err)
	}))
	time.Sleep(50 * time.Millisecond)
}
