package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"testing"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/signin"
)

// open are the use cases that answer everybody: what is on the public shelf, and where it may run.
func open() []string {
	return []string{"Catalogue.Families", "Catalogue.Offer", "Catalogue.Offers", "Placements.WhereMayItRun", "Residency.Shelf"}
}

// onlySelf are the use cases whose text arguments name nothing of anybody else: an origin, or the place in the caller's
// own list.
func onlySelf() []string {
	return []string{"SignIns.AskConfirm", "Resources.All", "Resources.Troubled"}
}

// emptyForOthers are the use cases that answer what is not there by an empty list; what is there they refuse.
func emptyForOthers(full, noun string) bool {
	return full == "Placements.Decisions" && noun != "company order"
}

// TestGuardEveryUseCaseAsksWhoCalls calls every use case of every service with nobody, and with somebody from another
// house, on identifiers that exist. No other test has to remember a use case that is new.
func TestGuardEveryUseCaseAsksWhoCalls(t *testing.T) {
	l := newLife(t, store.SQLite)
	l.live()
	h := l.h
	called := 0
	for name, service := range map[string]any{"Parties": h.parties, "SignIns": h.signIns, "Residency": h.residency, "Catalogue": h.catalogue, "Orders": h.orders,
		"Placements": h.placements, "Resources": h.resources, "Subscriptions": h.subscriptions, "Copies": h.copies, "Drifts": h.drifts, "Licences": h.licences,
		"Meters": h.meters, "Ratings": h.ratings, "Budgets": h.budgets, "Invoices": h.invoices, "Collects": h.collects, "Banks": h.banks, "Dunnings": h.dunnings, "Settlements": h.settlements, "Payouts": h.payouts, "Exports": h.exports, "Handovers": h.handovers} {
		v := reflect.ValueOf(service)
		for i := range v.NumMethod() {
			method := v.Method(i)
			full := name + "." + v.Type().Method(i).Name
			if !useCase(method.Type()) || slices.Contains(open(), full) {
				continue
			}
			called++
			for noun, id := range l.targets() {
				l.refused(full, method, access.Caller{}, noun, id, fail.Unauthenticated, fail.Denied, fail.NotFound, fail.Invalid, fail.Conflict, fail.Precondition)
				if takesText(method.Type()) && id != "" && !slices.Contains(onlySelf(), full) && !emptyForOthers(full, noun) {
					l.refused(full, method, l.home, noun, id, fail.Denied, fail.NotFound, fail.Invalid, fail.Conflict, fail.Precondition)
				}
			}
		}
	}
	if called < 60 {
		t.Errorf("only %d use cases were found", called)
	}
}

// targets are identifiers of the company, of which the household must see nothing, and none at all.
func (l *life) targets() map[string]string {
	out := map[string]string{"nothing": ""}
	for noun, id := range l.ids {
		if noun == "invitation" || len(noun) > 8 && noun[:8] == "company " && noun != "company version" {
			out[noun] = id
		}
	}
	return out
}

// useCase tells a method that takes a context and a caller. Those with a transaction are commands for packages that have
// authorised.
func useCase(m reflect.Type) bool {
	return m.NumIn() >= 2 && m.In(0) == reflect.TypeFor[context.Context]() && m.In(1) == reflect.TypeFor[access.Caller]() &&
		m.NumOut() > 0 && m.Out(m.NumOut()-1) == reflect.TypeFor[error]()
}

func takesText(m reflect.Type) bool {
	for i := 2; i < m.NumIn(); i++ {
		if k := m.In(i).Kind(); k == reflect.String || k == reflect.Struct && m.In(i).PkgPath() != "time" {
			return true
		}
	}
	return false
}

func (l *life) refused(name string, method reflect.Value, c access.Caller, noun, id string, kinds ...fail.Kind) {
	l.t.Helper()
	args := []reflect.Value{reflect.ValueOf(l.t.Context()), reflect.ValueOf(c)}
	for i := 2; i < method.Type().NumIn(); i++ {
		args = append(args, argument(method.Type().In(i), id))
	}
	defer func() {
		if p := recover(); p != nil {
			l.t.Errorf("%s by %s on %s: panic %v", name, c.Ref(), noun, p)
		}
	}()
	results := method.Call(args)
	err, _ := results[len(results)-1].Interface().(error)
	switch {
	case err == nil:
		l.t.Errorf("%s by %s on %s succeeds", name, c.Ref(), noun)
	case !slices.ContainsFunc(kinds, func(k fail.Kind) bool { return fail.Is(err, k) }):
		l.t.Errorf("%s by %s on %s: %v is no refusal", name, c.Ref(), noun, err)
	}
}

// argument is a value of the type in which every text that could name something names the target.
func argument(t reflect.Type, id string) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t == reflect.TypeFor[io.Writer]():
		return reflect.ValueOf(io.Discard)
	case t.Kind() == reflect.String:
		v.SetString(id)
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		v.SetInt(10)
	case t.Kind() == reflect.Func:
		return reflect.MakeFunc(t, func([]reflect.Value) []reflect.Value {
			out := make([]reflect.Value, t.NumOut())
			for i := range out {
				out[i] = reflect.Zero(t.Out(i))
			}
			return out
		})
	case t.Kind() == reflect.Struct && t.PkgPath() != "time":
		for i := range t.NumField() {
			if f := v.Field(i); f.CanSet() && f.Kind() == reflect.String {
				f.SetString(id)
			}
		}
	}
	return v
}

func TestGuardNoPlainCookieOverTLS(t *testing.T) {
	r := httptest.NewRequest("GET", "https://halle.example/", nil)
	r.AddCookie(&http.Cookie{Name: "halle", Value: "planted"})
	r.AddCookie(&http.Cookie{Name: "theme", Value: "dark"})
	withoutPlainCookie(r)
	if got := r.Header.Get("Cookie"); got != "theme=dark" || signin.FromRequest(r) != "" {
		t.Errorf("cookies %q, credential %q", got, signin.FromRequest(r))
	}
}
