package process

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"github.com/halle-cloud/halle/driver/process/shim"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/provision"
)

// Spec is what an operation's spec says to this driver. Unknown fields are refused.
type Spec struct {
	App         string          `json:"app"`                     // which application
	Config      json.RawMessage `json:"config,omitempty"`        // the application's own settings, an object
	Isolation   string          `json:"isolation,omitempty"`     // the least that the offer demands
	Limits      shim.Limits     `json:"limits"`                  // of the operating system
	UsageURL    string          `json:"usage_url,omitempty"`     // "" for the driver's
	StopGraceMS int64           `json:"stop_grace_ms,omitempty"` // 0 for 15000
	ReadyMS     int64           `json:"ready_ms,omitempty"`      // 0 for 30000
	File        string          `json:"file,omitempty"`          // of an export or import, absolute
}

// UsageSecret is the name of the secret that becomes the token file; other secrets become files named secret-NAME.
const UsageSecret = "usage_token"

const secretName = `^[a-z][a-z0-9_-]{0,40}$`

func readSpec(raw json.RawMessage) (Spec, error) {
	var s Spec
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Spec{}, err
	}
	return s, nil
}

// refuse checks what can be said of an operation without looking at the machine.
func (d *Driver) refuse(op provision.Operation) *provision.Failure {
	switch {
	case op.Version > provision.ContractVersion:
		return permanent("version", "This driver does not know this version of the contract.")
	case op.ID == "" || op.Resource == "" || op.Tenant == "":
		return permanent("labels", "The operation lacks its id, tenant or resource.")
	case !op.Deadline.IsZero() && !d.config.Clock().Before(op.Deadline):
		return late()
	case op.Action == provision.ActionDelete:
		return nil
	}
	return d.refuseSpec(op)
}

func (d *Driver) refuseSpec(op provision.Operation) *provision.Failure {
	s, err := readSpec(op.Spec)
	if err != nil {
		return user("spec", "The specification cannot be read: "+err.Error()+".")
	}
	if s.App == "" || !slices.Contains(d.config.Apps, s.App) {
		return user("app", fmt.Sprintf("This machine has no application called %q.", s.App))
	}
	if s.Isolation != "" && !shim.KnownIsolation(s.Isolation) {
		return user("isolation", "Isolation is full, basic or none.")
	}
	if level := d.probe().level; !shim.Satisfies(level, s.Isolation) {
		return &provision.Failure{Class: provision.ClassPolicy, Code: "isolation", Text: fmt.Sprintf(
			"The offer demands %s isolation, and this machine gives %s.", s.Isolation, level)}
	}
	if _, err := appConfig(s, op, d.config.Host); err != nil {
		return user("config", "The settings of the application must be a JSON object.")
	}
	l := s.Limits
	if min(l.MemoryBytes, l.Files, l.Processes, l.CPUPercent, l.FileBytes, s.StopGraceMS, s.ReadyMS) < 0 {
		return user("limits", "A limit cannot be negative.")
	}
	if op.Action == provision.ActionExport || op.Action == provision.ActionImport {
		if !filepath.IsAbs(s.File) {
			return user("file", "An export or import needs the absolute path of a file.")
		}
	}
	for name := range op.Secrets {
		if ok, _ := regexp.MatchString(secretName, name); !ok {
			return user("secrets", fmt.Sprintf("A secret cannot be called %q.", name))
		}
	}
	return nil
}

// appConfig is app.json: the application's own settings, and what every application is told.
func appConfig(s Spec, op provision.Operation, host string) (json.RawMessage, error) {
	config := map[string]json.RawMessage{}
	if len(s.Config) > 0 {
		if err := json.Unmarshal(s.Config, &config); err != nil || config == nil {
			return nil, errors.New("config is no object")
		}
	}
	for name, value := range map[string]any{"resource": op.Resource, "subscription": op.Subscription,
		"usage_url": "unix:" + shim.UsageFile} {
		config[name], _ = json.Marshal(value)
	}
	if _, given := config["hosts"]; !given {
		config["hosts"], _ = json.Marshal([]string{host, "localhost"})
	}
	return json.Marshal(config)
}

// desired is the file that the shim follows. before is what was wanted until now.
func (d *Driver) desired(op provision.Operation, before shim.Desired) (shim.Desired, error) {
	s, err := readSpec(op.Spec)
	if err != nil {
		return shim.Desired{}, fmt.Errorf("process: spec: %w", err)
	}
	config, err := appConfig(s, op, d.config.Host)
	if err != nil {
		return shim.Desired{}, fmt.Errorf("process: spec: %w", err)
	}
	return shim.Desired{
		Version: shim.Version, Operation: op.ID, Attempt: op.Attempt, Action: string(op.Action), Generation: op.Generation,
		Want: want(op.Action, before.Want), App: s.App, Command: []string{d.config.Program, "app", s.App},
		Config: config, Isolation: d.probe().level, Limits: s.Limits,
		Host: d.config.Host, PortFrom: d.config.PortFrom, PortTo: d.config.PortTo, UsageURL: s.UsageURL,
		StopGrace: milliseconds(s.StopGraceMS, 15*time.Second), ReadyWithin: milliseconds(s.ReadyMS, 30*time.Second),
		Transfer: s.File, Restart: before.Restart,
	}, nil
}

func want(a provision.Action, before string) string {
	switch a {
	case provision.ActionCreate, provision.ActionResume:
		return shim.WantRunning
	case provision.ActionSuspend:
		return shim.WantSuspended
	case provision.ActionDrain:
		return shim.WantDrained
	}
	return before
}

func milliseconds(n int64, otherwise time.Duration) time.Duration {
	if n == 0 {
		return otherwise
	}
	return time.Duration(n) * time.Millisecond
}

func permanent(code, text string) *provision.Failure {
	return &provision.Failure{Class: provision.ClassPermanent, Code: code, Text: text}
}

func user(code, text string) *provision.Failure {
	return &provision.Failure{Class: provision.ClassUser, Code: code, Text: text}
}

func late() *provision.Failure {
	return &provision.Failure{Class: provision.ClassTransient, Code: "deadline", Text: "The time for this change has passed."}
}

func gone() *provision.Failure { return permanent("gone", "This resource no longer exists.") }

func superseded() *provision.Failure {
	return permanent("superseded", "Another operation has taken the place of this one.")
}

// diskFull tells a full disk, which passes, from an error of ours.
func diskFull(op provision.Operation, err error) (provision.Progress, error) {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return failed(op, &provision.Failure{Class: provision.ClassTransient, Code: "disk_full",
			Text: "There is no room left on the disk of this machine."}), nil
	}
	return provision.Progress{}, err
}

// handle is what Poll needs beside the operation; everything else lies in the folder.
type handle struct {
	Version   int    `json:"version"`
	Operation string `json:"operation"`
	Cancel    bool   `json:"cancel,omitempty"`
}

func newHandle(op provision.Operation, cancel bool) json.RawMessage {
	b, _ := json.Marshal(handle{Version: provision.ContractVersion, Operation: op.ID, Cancel: cancel})
	return b
}

func readHandle(op provision.Operation, raw json.RawMessage) (handle, error) {
	var h handle
	if err := json.Unmarshal(raw, &h); err != nil || h.Operation != op.ID || h.Version > provision.ContractVersion {
		return handle{}, fail.New(fail.Invalid, "driver.handle", "The handle does not belong to this operation.",
			"Pass the handle that Begin gave.").Wrap(err)
	}
	return h, nil
}

const nextPoll = 50 * time.Millisecond

func progress(op provision.Operation, phase provision.Phase, cancel bool) provision.Progress {
	p := provision.Progress{Phase: phase, Handle: newHandle(op, cancel)}
	if phase == provision.PhaseRunning {
		p.Next, p.Percent = nextPoll, 50
	} else {
		p.Percent = 100
	}
	return p
}

func failed(op provision.Operation, failure *provision.Failure) provision.Progress {
	p := progress(op, provision.PhaseFailed, false)
	p.Failure = failure
	return p
}
