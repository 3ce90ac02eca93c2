package provision

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/trace"
)

// FactManaged says that somebody changed something inside an application through the broker.
const FactManaged = "resource.managed.v1"

// ManagedFact is the payload of FactManaged. Path names the thing, never its content.
type ManagedFact struct {
	Resource     string `json:"resource"`
	Subscription string `json:"subscription"`
	Method       string `json:"method"`
	Path         string `json:"path"`
	Status       int    `json:"status"`
}

const maxManage = 1 << 20

// managePath: one to four plain segments, so that nothing climbs out of the application's management folder.
const managePath = `^[a-z][a-z0-9-]{0,40}(/[A-Za-z0-9][A-Za-z0-9._-]{0,100}){0,3}$`

// Manage passes a management request of the customer to its application: content.read to look, resource.operate to
// change. A change is a fact. From outside the customer's organisation it needs a purpose, as access demands.
func (s *Resources) Manage(ctx context.Context, c access.Caller, subscription string, in ManageRequest) (ManageReply, error) {
	action := access.ContentRead
	if in.Method != http.MethodGet {
		action = access.ResourceOperate
	}
	r, err := s.readOf(ctx, c, action, subscription)
	if err != nil {
		return ManageReply{}, err
	}
	m, err := s.manager(r, in)
	if err != nil {
		return ManageReply{}, err
	}
	in.Version, in.Tenant, in.Resource = ContractVersion, r.Org, r.ID
	callCtx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	reply, err := m.Manage(callCtx, r.Target, in)
	if err != nil {
		return ManageReply{}, fail.New(fail.Unavailable, "provision.manage", "The application does not answer.", "Try again in a moment.").Wrap(err)
	}
	if reply.Status < 200 || reply.Status > 599 {
		return ManageReply{}, fail.New(fail.Unavailable, "provision.manage_status", "The application gave an answer that means nothing.", "Tell its publisher.")
	}
	if len(reply.Body) > maxManage {
		return ManageReply{}, fail.New(fail.Unavailable, "provision.manage_size", "The application answered with more than 1 MiB.", "Ask for less.")
	}
	if in.Method == http.MethodGet && !c.Outside(r.Path) {
		return reply, nil
	}
	return reply, s.DB.Tx(ctx, func(tx *store.Tx) error {
		_, err := s.Facts.Record(tx, trace.Fact{Type: FactManaged, Aggregate: r.ID, Owner: r.Org, Actor: c.Ref(), At: s.Now(),
			Machine: ManagedFact{Resource: r.ID, Subscription: subscription, Method: in.Method, Path: kindOfPath(in.Path), Status: reply.Status}})
		return err
	})
}

// kindOfPath keeps the kind and leaves the name out: a device may be called after a person.
func kindOfPath(path string) string {
	kind, _, _ := strings.Cut(path, "/")
	return kind
}

func (s *Resources) manager(r Resource, in ManageRequest) (Manager, error) {
	if in.Method != http.MethodGet && in.Method != http.MethodPost && in.Method != http.MethodDelete {
		return nil, fail.New(fail.Invalid, "provision.manage_method", fmt.Sprintf("An application is not managed with %s.", in.Method), "Use GET, POST or DELETE.")
	}
	if ok, _ := regexp.MatchString(managePath, in.Path); !ok {
		return nil, fail.New(fail.Invalid, "provision.manage_path", "The path is not one of an application.", "Use a path such as devices/pump-7.").Field("path", "is not plain")
	}
	if len(in.Body) > maxManage {
		return nil, fail.New(fail.TooLarge, "provision.manage_body", "The request is larger than 1 MiB.", "Send less at once.")
	}
	if r.State != StateUp {
		return nil, fail.New(fail.Conflict, "provision.not_up", "The service does not run now.", "Resume it first, or wait until it is ready.")
	}
	m, ok := s.Drivers[r.Driver].(Manager)
	if !ok {
		return nil, fail.New(fail.NotFound, "provision.unmanaged", "This service has nothing to manage here.", "Use the service's own address.")
	}
	return m, nil
}
