package remote

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/halle-cloud/halle/driver/memory"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
)

// managed is a driver whose application answers with what it was asked.
type managed struct{ *memory.Driver }

func (managed) Manage(_ context.Context, t provision.Target, r provision.ManageRequest) (provision.ManageReply, error) {
	return provision.ManageReply{Status: 201, Type: "application/json", Body: []byte(t.ID + " " + r.Tenant + " " + r.Method + " " + r.Path + " " + string(r.Body))}, nil
}

func client(t *testing.T, d provision.Driver) *Driver {
	t.Helper()
	server := httptest.NewServer(Handler(d, "secret"))
	t.Cleanup(server.Close)
	c, err := New(Config{URL: server.URL, Token: "secret", Limit: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestManagePassesThrough(t *testing.T) {
	plain := memory.New(memory.NewEngine(), clock.System)
	in := provision.ManageRequest{Version: provision.ContractVersion, Tenant: "org_a", Resource: "res_1", Method: "POST", Path: "devices", Body: []byte("x")}
	reply, err := client(t, managed{plain}).Manage(t.Context(), provision.Target{ID: "lyon"}, in)
	if err != nil || reply.Status != 201 || string(reply.Body) != "lyon org_a POST devices x" {
		t.Fatalf("%+v %v", reply, err)
	}
	if _, err := client(t, plain).Manage(t.Context(), provision.Target{ID: "lyon"}, in); !fail.Is(err, fail.Invalid) {
		t.Fatalf("a driver that manages nothing answered: %v", err)
	}
	in.Version = 99
	if _, err := client(t, managed{plain}).Manage(t.Context(), provision.Target{ID: "lyon"}, in); !fail.Is(err, fail.Invalid) {
		t.Fatalf("another version was taken: %v", err)
	}
}
