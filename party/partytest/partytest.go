// Package partytest gives tests a market with people in it.
//
// Owns: an installation for one test: keys, facts, mails in a folder, an operator, a market, and people who really
// signed up or were invited.
// Does not own: anything that the product runs.
// Reads: the mails that were sent.
// Writes: the database and folders of the test.
package partytest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/keys"
	outbox "github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/trace"
)

// World is one installation.
type World struct {
	DB       *store.DB
	Ring     *keys.Ring
	IDs      *id.Source
	Clock    *clock.Fake
	Facts    *trace.Facts
	Policy   *access.Policy
	Queue    *job.Queue
	Outbox   *outbox.Outbox
	Mails    string // folder of .eml files
	Parties  *party.Parties
	Operator access.Caller // owner and operator
	Entity   string        // the operator's legal entity
	Market   party.Market  // EUR, France, to consumers and businesses
}

// Sets are the migrations that New needs; a test of a package downstream appends its own.
func Sets() []store.Migrations {
	return []store.Migrations{job.Migrations(), outbox.Migrations(), trace.Migrations(), party.Migrations()}
}

// New makes an installation with an operator and a market on the database, which has the Sets.
func New(t testing.TB, db *store.DB) *World {
	t.Helper()
	dir := t.TempDir()
	ring, err := keys.Open(context.Background(), keys.Config{
		URL: "sqlite:" + filepath.Join(dir, "keys.db") + "?sync=off", RootFile: filepath.Join(dir, "root.key"), CreateRoot: true})
	must(t, err)
	t.Cleanup(func() { must(t, ring.Close()) })
	ids, err := id.NewSource("test")
	must(t, err)
	w := &World{DB: db, Ring: ring, IDs: ids, Clock: clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), Policy: access.New(), Mails: filepath.Join(dir, "mails")}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	w.Facts = trace.New(db, ring, ids, w.Clock.Now, log)
	w.Queue = job.New(db, "test", w.Clock.Now, log)
	w.Outbox, err = outbox.New(db, ring, w.Queue, ids, w.Clock.Now, outbox.Folder{Path: w.Mails}, "Halle <no-reply@halle.example>")
	must(t, err)
	w.Parties, err = party.New(db, ring, ids, w.Clock.Now, w.Facts, w.Policy, w.Outbox, "https://halle.example")
	must(t, err)
	ctx := context.Background()
	st, err := w.Parties.BootstrapOperator(ctx, party.Bootstrap{Name: "Halle Operator", Country: "FR", Language: "fr", OwnerName: "Odile", OwnerEmail: "odile@operator.example"})
	must(t, err)
	w.Operator, w.Entity = st.Caller(), st.Org.Entity
	w.Market, err = w.Parties.SetMarket(ctx, w.Operator, party.Market{Org: st.Org.ID, Entity: st.Org.Entity, Name: "France", Brand: "Halle France",
		Domain: "fr.halle.example", Country: "FR", Currency: "EUR", Languages: []string{"fr", "en"}, SellsTo: party.SellsToBoth, FirstLimit: 5000, VATMode: party.VATGross})
	must(t, err)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Business makes an organisation of the kinds below the caller's, and its owner, who came by invitation.
func (w *World) Business(t testing.TB, above access.Caller, name string, kinds ...party.Kind) access.Caller {
	t.Helper()
	in := party.NewOrganisation{Parent: above.Org, Name: name, Kinds: kinds, Country: "FR", Language: "en"}
	if kinds[0] != party.KindUnit {
		in.Market = w.Market.ID
	}
	o, err := w.Parties.CreateOrganisation(context.Background(), above, in)
	must(t, err)
	roles := []access.Role{access.RoleOwner}
	if o.Is(party.KindPublisher) {
		roles = append(roles, access.RolePublisher)
	}
	if o.Is(party.KindReseller) {
		roles = append(roles, access.RoleOperator)
	}
	return w.Join(t, above, o.ID, slug(name)+"@"+slug(name)+".example", roles...)
}

// Join invites the address to the organisation and accepts, by the link in the mail.
func (w *World) Join(t testing.TB, by access.Caller, org, email string, roles ...access.Role) access.Caller {
	t.Helper()
	ctx := context.Background()
	_, err := w.Parties.InviteMember(ctx, by, party.Invite{Org: org, Email: email, Roles: roles})
	must(t, err)
	a, err := w.Parties.PrepareAcceptance(ctx, w.Secret(t, strings.ToLower(email)), "Name of "+email)
	must(t, err)
	var st party.Standing
	must(t, w.DB.Tx(ctx, func(tx *store.Tx) (err error) {
		st, _, err = w.Parties.AcceptInvitation(tx, a)
		return err
	}))
	return st.Caller()
}

// Household signs a household up and confirms its address.
func (w *World) Household(t testing.TB, name string) access.Caller {
	t.Helper()
	ctx := context.Background()
	p, err := w.Parties.PrepareSignUp(ctx, party.SignUp{Name: name, Email: slug(name) + "@home.example", Language: "fr", Country: "FR", Market: w.Market.ID})
	must(t, err)
	var st party.Standing
	must(t, w.DB.Tx(ctx, func(tx *store.Tx) (err error) {
		if _, _, err = w.Parties.SignUpHousehold(tx, p); err != nil {
			return err
		}
		if err = w.Parties.ConfirmEmail(tx, p.PersonID()); err != nil {
			return err
		}
		list, err := w.Parties.Standings(tx, p.PersonID())
		st = list[0]
		return err
	}))
	return st.Caller()
}

func slug(name string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// Mail sends what waits in the outbox and gives subject and text of the newest message to the address.
func (w *World) Mail(t testing.TB, to string) (subject, text string) {
	t.Helper()
	_, err := w.Queue.Drain(context.Background())
	must(t, err)
	names, err := filepath.Glob(filepath.Join(w.Mails, "*.eml"))
	must(t, err)
	for i := len(names) - 1; i >= 0; i-- { // the names are UUIDv7: in the order of time
		raw, err := os.ReadFile(names[i])
		must(t, err)
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		must(t, err)
		if strings.Contains(m.Header.Get("To"), "<"+to+">") {
			subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			must(t, err)
			text, err := plain(m)
			must(t, err)
			return subject, text
		}
	}
	t.Fatalf("no mail to %s among %d", to, len(names))
	return "", ""
}

func plain(m *mail.Message) (string, error) {
	part := func(contentType string, body io.Reader) (*multipart.Part, error) {
		_, params, err := mime.ParseMediaType(contentType)
		if err != nil {
			return nil, fmt.Errorf("content type: %w", err)
		}
		return multipart.NewReader(body, params["boundary"]).NextPart()
	}
	outer, err := part(m.Header.Get("Content-Type"), m.Body)
	if err != nil {
		return "", err
	}
	inner, err := part(outer.Header.Get("Content-Type"), outer)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(inner)
	return string(text), err
}

// Secret is the last part of the link in the newest message to the address.
func (w *World) Secret(t testing.TB, to string) string {
	t.Helper()
	_, text := w.Mail(t, to)
	found := regexp.MustCompile(`https://\S+/([A-Za-z0-9_-]{43})\b`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no link in the mail to %s:\n%s", to, text)
	}
	return found[1]
}
