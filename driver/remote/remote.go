// Package remote speaks the driver contract over HTTP: it is how a publisher's own service joins the broker.
//
// Owns: the wire form of the contract (publisher contract v0) and both of its ends: a driver that calls, and a
// handler that serves any driver.
// Does not own: the values (provision does) or what the other side does with them.
// Reads: the answers of the other side, within limits of size and time.
// Writes: requests to one address.
//
// Every call is POST of a JSON object with "version" to /v0/describe, /v0/observe ({"target"}), /v0/begin
// ({"operation"}), /v0/poll or /v0/cancel ({"operation","handle"}), with a bearer token. The answer is 200 with
// "version" and "description", "observed" or "progress", or a problem (RFC 9457). A service whose customers keep
// settings inside it also takes /v0/manage ({"target","manage"}) and answers with "reply"; one that can list every copy of
// data it has takes /v0/copies ({"target"}) and answers with "copies", and 404 says that it cannot. Durations are whole
// nanoseconds.
// Everything may be called twice: the operation's id makes it the same call.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
)

const (
	maxRequest = 4 << 20  // bytes that the handler reads
	maxAnswer  = 16 << 20 // bytes that the driver reads
	maxHandle  = 64 << 10
	callLimit  = 30 * time.Second
)

// request is the body of every call.
type request struct {
	Version   int                  `json:"version"`
	Target    *provision.Target    `json:"target,omitempty"`
	Operation *provision.Operation `json:"operation,omitempty"`
	Handle    json.RawMessage      `json:"handle,omitempty"`

	Manage *provision.ManageRequest `json:"manage,omitempty"`
}

// answer is the body of every success.
type answer struct {
	Version     int                    `json:"version"`
	Description *provision.Description `json:"description,omitempty"`
	Progress    *provision.Progress    `json:"progress,omitempty"`
	Observed    []provision.Observed   `json:"observed,omitempty"`
	Copies      []provision.Copy       `json:"copies,omitempty"`
	Reply       *provision.ManageReply `json:"reply,omitempty"`
}

// problem is RFC 9457 with the remedy and the code that our errors have.
type problem struct {
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Kind   fail.Kind `json:"kind,omitempty"`
	Code   string    `json:"code,omitempty"`
	Detail string    `json:"detail,omitempty"`
	Remedy string    `json:"remedy,omitempty"`
}

// Config is where the other side is.
type Config struct {
	URL   string        // base address; https, or http to this machine
	Token string        // bearer token
	HTTP  *http.Client  // nil for one of our own; redirects are never followed
	Limit time.Duration // of one call; 0 for 30 s
}

// Driver is a provision.Driver that calls the other side. It keeps no state. Safe for concurrent use.
type Driver struct {
	base  string
	token string
	http  *http.Client
}

// New checks the address. Secrets pass over it, so that it must be https unless it is this machine's own.
func New(c Config) (*Driver, error) {
	bad := fail.New(fail.Invalid, "remote.url", "The address of the publisher's service cannot be used.",
		"Give an https address without query, or an http address of this machine.")
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, bad.Wrap(err)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && (u.Scheme != "http" || ip == nil || !ip.IsLoopback()) {
		return nil, bad
	}
	if c.Limit == 0 {
		c.Limit = callLimit
	}
	client := http.Client{}
	if c.HTTP != nil {
		client = *c.HTTP
	}
	client.Timeout = c.Limit
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Driver{base: strings.TrimSuffix(c.URL, "/"), token: c.Token, http: &client}, nil
}

// Describe asks what the other side can do.
func (d *Driver) Describe(ctx context.Context, target provision.Target) (provision.Description, error) {
	a, err := d.call(ctx, "describe", request{Target: &target})
	if err != nil {
		return provision.Description{}, err
	}
	if a.Description == nil || a.Description.Version != provision.ContractVersion {
		return provision.Description{}, strange("describe", fmt.Errorf("no description of version %d", provision.ContractVersion))
	}
	return *a.Description, nil
}

// Begin starts an operation on the other side.
func (d *Driver) Begin(ctx context.Context, op provision.Operation) (provision.Progress, error) {
	return d.progress(ctx, "begin", request{Operation: &op})
}

// Poll follows an operation on the other side.
func (d *Driver) Poll(ctx context.Context, op provision.Operation, handle json.RawMessage) (provision.Progress, error) {
	return d.progress(ctx, "poll", request{Operation: &op, Handle: handle})
}

// Cancel cancels an operation on the other side.
func (d *Driver) Cancel(ctx context.Context, op provision.Operation, handle json.RawMessage) (provision.Progress, error) {
	return d.progress(ctx, "cancel", request{Operation: &op, Handle: handle})
}

// Observe lists what the other side has of ours.
func (d *Driver) Observe(ctx context.Context, target provision.Target) ([]provision.Observed, error) {
	a, err := d.call(ctx, "observe", request{Target: &target})
	if err != nil {
		return nil, err
	}
	return a.Observed, nil
}

// Copies lists every copy of data that the other side has. One that has no such call, as those of the first contract, is
// of kind fail.NotFound.
func (d *Driver) Copies(ctx context.Context, target provision.Target) ([]provision.Copy, error) {
	a, err := d.call(ctx, "copies", request{Target: &target})
	if err != nil {
		return nil, err
	}
	for _, c := range a.Copies {
		if c.Object == "" || c.Bytes < 0 || !slices.Contains(provision.CopyKinds(), c.Kind) {
			return nil, strange("copies", fmt.Errorf("a copy %q of kind %q with %d bytes", c.Object, c.Kind, c.Bytes))
		}
	}
	return a.Copies, nil
}

// Manage passes a customer's request to the other side's application.
func (d *Driver) Manage(ctx context.Context, target provision.Target, r provision.ManageRequest) (provision.ManageReply, error) {
	a, err := d.call(ctx, "manage", request{Target: &target, Manage: &r})
	if err != nil {
		return provision.ManageReply{}, err
	}
	if a.Reply == nil || a.Reply.Status < 200 || a.Reply.Status > 599 {
		return provision.ManageReply{}, strange("manage", fmt.Errorf("no reply with a status"))
	}
	return *a.Reply, nil
}

func (d *Driver) progress(ctx context.Context, verb string, r request) (provision.Progress, error) {
	a, err := d.call(ctx, verb, r)
	if err != nil {
		return provision.Progress{}, err
	}
	if a.Progress == nil {
		return provision.Progress{}, strange(verb, fmt.Errorf("no progress"))
	}
	if err := check(*a.Progress); err != nil {
		return provision.Progress{}, strange(verb, err)
	}
	return *a.Progress, nil
}

// check holds an answer to the contract: the other side is not ours to trust.
func check(p provision.Progress) error {
	switch {
	case len(p.Handle) > maxHandle:
		return fmt.Errorf("a handle of %d bytes", len(p.Handle))
	case p.Next < 0 || p.Percent < 0 || p.Percent > 100:
		return fmt.Errorf("percent %d, next %v", p.Percent, p.Next)
	}
	switch p.Phase {
	case provision.PhaseRunning, provision.PhaseDone, provision.PhaseCancelled:
		return nil
	case provision.PhaseNeedsInput:
		if p.Needs == nil {
			return fmt.Errorf("input is needed and not described")
		}
		return nil
	case provision.PhaseFailed:
		if p.Failure == nil {
			return fmt.Errorf("a failure is not described")
		}
		return checkClass(p.Failure.Class)
	}
	return fmt.Errorf("unknown phase %q", p.Phase)
}

func checkClass(c provision.Class) error {
	switch c {
	case provision.ClassTransient, provision.ClassQuota, provision.ClassCapacity, provision.ClassPolicy,
		provision.ClassUser, provision.ClassPermanent:
		return nil
	}
	return fmt.Errorf("unknown class %q", c)
}

func (d *Driver) call(ctx context.Context, verb string, r request) (answer, error) {
	r.Version = provision.ContractVersion
	b, err := json.Marshal(r)
	if err != nil {
		return answer{}, fmt.Errorf("remote %s: %w", verb, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.base+"/v0/"+verb, bytes.NewReader(b))
	if err != nil {
		return answer{}, fmt.Errorf("remote %s: %w", verb, err)
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := d.http.Do(req)
	if err != nil {
		return answer{}, silent(verb, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, silent(verb, err)
	}
	if len(body) > maxAnswer {
		return answer{}, strange(verb, fmt.Errorf("an answer of more than %d bytes", maxAnswer))
	}
	return decode(verb, resp.StatusCode, body)
}

func decode(verb string, status int, body []byte) (answer, error) {
	if status != http.StatusOK {
		return answer{}, refusal(verb, status, body)
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return answer{}, strange(verb, err)
	}
	if a.Version != provision.ContractVersion {
		return answer{}, strange(verb, fmt.Errorf("version %d", a.Version))
	}
	return a, nil
}

// refusal turns a problem into our error. Only the kinds that say something about the call are taken over.
func refusal(verb string, status int, body []byte) error {
	var p problem
	_ = json.Unmarshal(body, &p)
	cause := fmt.Errorf("remote %s: status %d: %.200q", verb, status, body)
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return fail.New(fail.Unavailable, "remote.token", "The publisher's service does not take our token.",
			"Check the token of the target.").Wrap(cause)
	}
	if verb == "copies" && status == http.StatusNotFound {
		return fail.New(fail.NotFound, "remote.unlisted", "The publisher's service cannot list its copies.", "Ask its publisher for the verb copies of the contract.").Wrap(cause)
	}
	if status >= 500 || status == http.StatusTooManyRequests || p.Detail == "" {
		return silent(verb, cause)
	}
	return fail.New(fail.Invalid, "remote.refused", "The publisher's service refused the call.",
		"See the operator's log, and change what was asked.").Wrap(cause)
}

func silent(verb string, err error) error {
	return fail.New(fail.Unavailable, "remote.silent", "The publisher's service does not answer.",
		"It is tried again.").Wrap(fmt.Errorf("remote %s: %w", verb, err))
}

func strange(verb string, err error) error {
	return fail.New(fail.Unavailable, "remote.strange", "The publisher's service gave an answer outside the contract.",
		"Tell the publisher; the operator's log has the answer.").Wrap(fmt.Errorf("remote %s: %w", verb, err))
}
