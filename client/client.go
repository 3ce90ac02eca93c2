// Package client is the Go client of the API.
//
// Owns: the way over the wire: addresses, the bearer token, retries, problems as errors. The types and one method for
// each operation are made from the API's description (types.go, operations.go).
// Does not own: any rule; where a token is kept (cli).
// Reads: the answers of a server.
// Writes: requests to it.
//
// A request that may be repeated safely is repeated when the server says that it is busy (429, 503), after the pause it
// names, or when the connection broke: reading, replacing, deleting, and everything with an idempotency key.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Client speaks to one server. Safe for concurrent use; its fields are set before its first request.
type Client struct {
	Base    string        // address of the server, "https://cloud.example.org"
	Token   string        // API token or session; empty for nobody
	HTTP    *http.Client  // nil means one without a time limit of its own: give the context one
	Agent   string        // User-Agent; empty means "halle-client"
	Retries int           // how often a request is sent again; 0 means 4, less than 0 never
	Longest time.Duration // the longest pause between two; 0 means 30 s
}

// New makes a client. The address may end in a slash.
func New(base, token string) *Client {
	return &Client{Base: strings.TrimRight(base, "/"), Token: token, HTTP: &http.Client{}}
}

// Error is the problem in words: what happened, each refused field and rule, and what would make it pass.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Detail)
	for _, f := range p.Fields {
		fmt.Fprintf(&b, "\n  %s: %s", f.Path, f.Message)
	}
	for _, r := range p.Reasons {
		if r.Text != p.Detail {
			fmt.Fprintf(&b, "\n  %s", r.Text)
		}
	}
	if p.Remedy != "" {
		b.WriteString("\n" + p.Remedy)
	}
	return b.String()
}

// Kind is the kind of the problem: the last part of its type, "not_found".
func (p *Problem) Kind() string { return p.Type[strings.LastIndex(p.Type, ":")+1:] }

// IsKind tells whether err is a problem of a kind.
func IsKind(err error, kind string) bool {
	var p *Problem
	return errors.As(err, &p) && p.Kind() == kind
}

// busy is a refusal together with the pause that the server asks for.
type busy struct {
	error
	pause time.Duration
}

// Unwrap gives the refusal.
func (b *busy) Unwrap() error { return b.error }

// RetryAfter is the pause that the server asked for when it refused; 0 when it asked for none. For programs that send
// again by themselves, with Retries below 0.
func RetryAfter(err error) time.Duration {
	var b *busy
	if errors.As(err, &b) {
		return b.pause
	}
	return 0
}

// request is one operation with its values.
type request struct {
	method, path string
	values       []string // of the path, in order
	params       any      // a struct with query and header tags
	body         any
	raw          []byte
	media        string
}

// address fills the values into the path. A value never adds a step to it, but for the last one of an application's path.
func (r request) address(base string) string {
	steps := strings.Split(r.path, "/")
	n := 0
	for i, step := range steps {
		if !strings.HasPrefix(step, "{") {
			continue
		}
		parts := []string{r.values[n]}
		if step == "{path}" {
			parts = strings.Split(r.values[n], "/")
		}
		for j, part := range parts {
			parts[j] = url.PathEscape(part)
		}
		steps[i] = strings.Join(parts, "/")
		n++
	}
	return base + strings.Join(steps, "/")
}

// fill puts the parameters into address and header; an empty one is left out.
func fill(params any, query url.Values, header http.Header) {
	if params == nil {
		return
	}
	v := reflect.ValueOf(params)
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if value.IsZero() {
			continue
		}
		text := fmt.Sprint(value.Interface())
		if at, ok := value.Interface().(time.Time); ok {
			text = at.UTC().Format(time.RFC3339Nano)
		}
		if name, ok := field.Tag.Lookup("query"); ok {
			query.Set(name, text)
		} else if name, ok := field.Tag.Lookup("header"); ok {
			header.Set(name, text)
		}
	}
}

func (c *Client) build(ctx context.Context, r request) (*http.Request, error) {
	payload, media := r.raw, r.media
	if r.body != nil {
		var err error
		if payload, err = json.Marshal(r.body); err != nil {
			return nil, fmt.Errorf("request: %w", err)
		}
		media = "application/json"
	}
	address, err := url.Parse(r.address(c.Base))
	if err != nil {
		return nil, fmt.Errorf("the server's address: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address.String(), bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	query := url.Values{}
	fill(r.params, query, req.Header)
	req.URL.RawQuery = query.Encode()
	req.Header.Set("Accept", "application/json, application/problem+json, */*;q=0.5")
	req.Header.Set("User-Agent", or(c.Agent, "halle-client"))
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return req, nil
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// repeatable tells whether sending it twice does it once. Usage is deduplicated by the server.
func repeatable(req *http.Request) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodPut, http.MethodDelete}, req.Method) ||
		req.Header.Get("Idempotency-Key") != "" || req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/api/v1/usage")
}

// send sends the request, and again where that is safe and may help. The answer is a success; its body is the caller's
// to close.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	retries := or(c.Retries, 4)
	for attempt := 0; ; attempt++ {
		req, err := c.build(ctx, r)
		if err != nil {
			return nil, err
		}
		answer, err := or(c.HTTP, http.DefaultClient).Do(req)
		if err == nil && answer.StatusCode < 300 {
			return answer, nil
		}
		pause := time.Duration(0)
		if err == nil {
			pause = after(answer.Header.Get("Retry-After"))
			if err = problem(answer); pause > 0 {
				err = &busy{error: err, pause: pause}
			}
		}
		if attempt >= retries || !repeatable(req) || !passing(err) || ctx.Err() != nil {
			return nil, err
		}
		if err := Wait(ctx, min(max(pause, backoff(attempt)), or(c.Longest, 30*time.Second))); err != nil {
			return nil, err
		}
	}
}

// passing tells whether the failure may be over soon: the connection broke, or the server is busy.
func passing(err error) bool {
	var p *Problem
	return !errors.As(err, &p) || p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable
}

func backoff(attempt int) time.Duration {
	full := 200 * time.Millisecond << min(attempt, 8)
	return full/2 + rand.N(full/2+1)
}

// after reads a Retry-After header: seconds, or a date.
func after(text string) time.Duration {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 24*3600 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// Wait lets a duration pass. It ends early, with an error, when the context does.
func Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

const maxProblem = 1 << 20

// problem reads a refusal; whatever else answers there becomes one.
func problem(answer *http.Response) error {
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxProblem))
	p := Problem{}
	if err == nil && strings.HasPrefix(answer.Header.Get("Content-Type"), "application/problem+json") && json.Unmarshal(b, &p) == nil && p.Code != "" {
		return &p
	}
	if answer.Request != nil && json.Unmarshal(b, &p) == nil && p.Detail != "" { // an application behind the server
		p.Status = int64(answer.StatusCode)
		return &p
	}
	return &Problem{Type: "urn:halle:problem:unknown", Title: "unknown", Status: int64(answer.StatusCode), Code: "client.answer",
		Detail: "The server answered " + answer.Status + ", not as a Halle server does.", Remedy: "Check the address of the server."}
}

// call does an operation whose answer is JSON, or nothing when out is nil.
func (c *Client) call(ctx context.Context, r request, out any) error {
	answer, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if out == nil || answer.StatusCode == http.StatusNoContent {
		_, err := io.Copy(io.Discard, answer.Body)
		return err
	}
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		return fmt.Errorf("the server's answer: %w", err)
	}
	return nil
}

// save does an operation whose answer is a file. An error after the first byte leaves half of it in w.
func (c *Client) save(ctx context.Context, r request, w io.Writer) error {
	answer, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, err = io.Copy(w, answer.Body)
	return err
}
