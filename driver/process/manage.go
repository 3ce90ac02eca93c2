package process

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/driver/process/shim"
	"github.com/halle-cloud/halle/provision"
)

const (
	manageLimit = 20 * time.Second
	maxReply    = 1 << 20
)

// reserved are the verbs of an application's control socket that belong to the broker.
func reserved() []string { return []string{"drain", "seal", "export", "import"} }

// Manage passes a customer's request to the application's control socket, except the broker's own verbs.
func (d *Driver) Manage(ctx context.Context, _ provision.Target, r provision.ManageRequest) (provision.ManageReply, error) {
	first, _, _ := strings.Cut(r.Path, "/")
	if slices.Contains(reserved(), first) {
		return provision.ManageReply{Status: http.StatusNotFound, Type: "text/plain; charset=utf-8", Body: []byte("There is nothing here to manage.\n")}, nil
	}
	f, err := d.open(r.Resource)
	if err != nil {
		return provision.ManageReply{}, err
	}
	if !f.exists || f.label.Tenant != r.Tenant {
		return provision.ManageReply{}, fmt.Errorf("process: no resource %s of this tenant", r.Resource)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, "http://app/"+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return provision.ManageReply{}, fmt.Errorf("process: manage: %w", err)
	}
	if len(r.Body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := shim.App(f.path, manageLimit).Do(req)
	if err != nil {
		return provision.ManageReply{}, fmt.Errorf("process: manage: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return provision.ManageReply{}, fmt.Errorf("process: manage: %w", err)
	}
	return provision.ManageReply{Status: resp.StatusCode, Type: resp.Header.Get("Content-Type"), Body: body}, nil
}
