package remote_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/halle-cloud/halle/driver/drivertest"
	"github.com/halle-cloud/halle/driver/memory"
	"github.com/halle-cloud/halle/driver/remote"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "token-of-the-target"

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func open(t *testing.T, url, token string) *remote.Driver {
	t.Helper()
	d, err := remote.New(remote.Config{URL: url, Token: token, Limit: 5 * time.Second,
		HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestConformance(t *testing.T) {
	e := memory.NewEngine()
	e.SetSteps(2)
	url := serve(t, remote.Handler(memory.New(e, clock.System), token))
	drivertest.Run(t, drivertest.Harness{
		Plant: func(_ *testing.T, resource string) func() {
			e.PutCopy(provision.Copy{Object: "planted/" + resource, Kind: provision.CopySnapshot, Resource: resource})
			return func() { e.DropCopy("planted/" + resource) }
		},
		Open: func(t *testing.T) provision.Driver { return open(t, url, token) },
		Kind: "memory", Spec: json.RawMessage(`{"size":1}`), Changed: json.RawMessage(`{"size":2}`),
		Foreign: func(_ *testing.T, resource string) func() error {
			e.PutForeign(resource)
			return func() error {
				if o, ok := e.Object(resource); !ok || !o.Foreign {
					return errors.New("the foreign object is gone")
				}
				return nil
			}
		},
	})
	if e.Len() != 0 {
		t.Errorf("%d objects left", e.Len())
	}
}

func TestTheTokenIsAsked(t *testing.T) {
	d := memory.New(memory.NewEngine(), clock.System)
	for _, c := range []struct{ server, client string }{{token, "other"}, {token, ""}, {"", ""}} {
		_, err := open(t, serve(t, remote.Handler(d, c.server)), c.client).Describe(t.Context(), provision.Target{})
		if fail.CodeOf(err) != "remote.token" {
			t.Errorf("server %q, client %q: %v", c.server, c.client, err)
		}
	}
}

func TestAddressesThatWouldShowSecretsAreRefused(t *testing.T) {
	for address, ok := range map[string]bool{"https://publisher.example": true, "http://127.0.0.1:8080/x": true,
		"http://[::1]:80": true, "http://publisher.example": false, "http://10.0.0.1": false, "ftp://127.0.0.1": false,
		"https://a:b@publisher.example": false, "https://publisher.example?x=1": false, "": false, "::": false} {
		if _, err := remote.New(remote.Config{URL: address}); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestRequestsOutsideTheContractAreRefused(t *testing.T) {
	url := serve(t, remote.Handler(memory.New(memory.NewEngine(), clock.System), token))
	for _, c := range []struct {
		verb, body string
		status     int
	}{
		{"describe", `{"version":1,"target":{"id":"t"}}`, 200},
		{"describe", `{"version":2,"target":{"id":"t"}}`, 422},
		{"describe", `{"version":1}`, 422},
		{"begin", `{"version":1}`, 422},
		{"begin", `{"version":1,"operation":{"version":7}}`, 422},
		{"poll", `{"version":1,"operation":{"version":1},"handle":"` + strings.Repeat("x", 70000) + `"}`, 422},
		{"begin", `{"version":1,"operation":{"version":1,"id":"` + strings.Repeat("x", 5<<20) + `"}}`, 422},
		{"begin", `nonsense`, 422},
		{"nosuch", `{"version":1}`, 404},
	} {
		req, err := http.NewRequest("POST", url+"/v0/"+c.verb, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Close = true
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s %.60s: %d, want %d", c.verb, c.body, resp.StatusCode, c.status)
		}
	}
}

func TestAnswersOutsideTheContractAreRefused(t *testing.T) {
	for body, code := range map[string]string{
		`{"version":1,"progress":{"phase":"done","percent":100}}`: "",
		`{"version":9,"progress":{"phase":"done"}}`:               "remote.strange",
		`{"version":1}`: "remote.strange",
		`{"version":1,"progress":{"phase":"perhaps"}}`:                          "remote.strange",
		`{"version":1,"progress":{"phase":"failed"}}`:                           "remote.strange",
		`{"version":1,"progress":{"phase":"failed","failure":{"class":"bad"}}}`: "remote.strange",
		`{"version":1,"progress":{"phase":"needs_input"}}`:                      "remote.strange",
		`{"version":1,"progress":{"phase":"running","percent":101}}`:            "remote.strange",
		`{"version":1,"progress":{"phase":"running","next":-5}}`:                "remote.strange",
		`nonsense`: "remote.strange",
		`{"version":1,"progress":{"phase":"done","message":"` + strings.Repeat("x", 17<<20) + `"}}`: "remote.strange",
	} {
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		_, err := open(t, url, token).Begin(t.Context(), provision.Operation{Version: 1, ID: "op"})
		if got := fail.CodeOf(err); got != code {
			t.Errorf("%.80s: %q, want %q (%v)", body, got, code, err)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	url := serve(t, http.RedirectHandler("http://127.0.0.1:1/elsewhere", http.StatusTemporaryRedirect))
	_, err := open(t, url, token).Describe(t.Context(), provision.Target{})
	if fail.CodeOf(err) != "remote.silent" || strings.Contains(err.Error(), "refused") {
		t.Errorf("%v", err)
	}
}

func TestFaultsOfTheOtherSideAreUnavailable(t *testing.T) {
	e := memory.NewEngine()
	url := serve(t, remote.Handler(memory.New(e, clock.System), token))
	op := provision.Operation{Version: 1, ID: "op", Action: provision.ActionCreate, Tenant: "t", Resource: "r", Attempt: 1}
	e.Inject(memory.Fault{Call: memory.CallBegin, Times: 1})
	d := open(t, url, token)
	if _, err := d.Begin(t.Context(), op); !fail.Is(err, fail.Unavailable) {
		t.Errorf("%v", err)
	}
	if p, err := d.Begin(t.Context(), op); err != nil || p.Phase != provision.PhaseDone {
		t.Errorf("%v %v", p, err)
	}
}

// FuzzAnswer reads whatever another side may send.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"version":1,"progress":{"phase":"done"}}`, `{"version":1,"observed":[{}]}`, `{`, `null`} {
		f.Add(200, []byte(seed))
		f.Add(500, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a, err := remote.Decode(status, body)
		if err == nil && (status != 200 || a != provision.ContractVersion) {
			t.Errorf("taken: %d %q", status, body)
		}
	})
}
