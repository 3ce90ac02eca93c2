package remote_test

import (
	"net/http"
	"testing"

	"github.com/halle-cloud/halle/driver/memory"
	"github.com/halle-cloud/halle/driver/remote"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
)

// first is a driver of the first contract.
type first struct{ provision.Driver }

func TestAServiceOfTheFirstContractCannotListItsCopies(t *testing.T) {
	for name, url := range map[string]string{
		"without the verb": serve(t, http.NotFoundHandler()),
		"behind a handler": serve(t, remote.Handler(first{memory.New(memory.NewEngine(), clock.System)}, token)),
	} {
		if _, err := open(t, url, token).Copies(t.Context(), provision.Target{}); !fail.Is(err, fail.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAListOutsideTheContractIsRefused(t *testing.T) {
	for _, body := range []string{`{"version":1,"copies":[{"object":"","kind":"backup"}]}`, `{"version":1,"copies":[{"object":"a","kind":"secret"}]}`,
		`{"version":1,"copies":[{"object":"a","kind":"backup","bytes":-1}]}`} {
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		if _, err := open(t, url, token).Copies(t.Context(), provision.Target{}); !fail.Is(err, fail.Unavailable) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
