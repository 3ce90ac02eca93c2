// Package shim is the small process that stands between the broker and one application: it holds the listening
// socket, runs the application in its isolation, starts it again when it dies, and outlives the broker.
//
// Owns: the resource's folder while it runs (it holds the lock), the socket, the application's process, state.json.
// Does not own: what is wanted (operation.json is the driver's) or which resources exist.
// Reads: label.json, operation.json, endpoint.
// Writes: state.json, log, data/app.json; it forwards the application's usage to the broker and adds nothing.
package shim

import (
	"encoding/json"
	"time"
)

// Files of a resource's folder. Only data is shown to the application.
const (
	LabelFile    = "label.json"     // whose it is; written before anything else
	DesiredFile  = "operation.json" // what is wanted; replaced by each operation
	PreviousFile = "previous.json"  // what was wanted before, for a cancelled change
	StateFile    = "state.json"     // what the shim reports
	DeletingFile = "deleting"       // the operation that removes the folder; a shim does not start beside it
	EndpointFile = "endpoint"       // where the broker takes usage, when the operation does not say
	LogFile      = "log"            // what the application printed last; log.1 before it
	OwnLogFile   = "shim.log"       // what the shim itself printed
	DataDir      = "data"           // the application's own folder
	TokenFile    = "token"          // in data: the token for usage
	AppFile      = "app.json"       // in data: the application's configuration
	ControlFile  = "control.sock"   // in data: the application answers here
	UsageFile    = "usage.sock"     // in data: the application posts usage here

	socketFile = "shim.sock"
	lockFile   = "shim.lock"  // held by the shim
	childFile  = "child.lock" // held by the application's process
	idleFile   = "idle.sock"  // what a draining application listens on when its port is closed
	rootDir    = "root"       // where the application's file system is put together, in its own namespace
)

// Version of the files; a shim refuses those of a later one.
const Version = 1

// Label says whose a folder is.
type Label struct {
	Version      int       `json:"version"`
	Tenant       string    `json:"tenant"`
	Resource     string    `json:"resource"`
	Subscription string    `json:"subscription"`
	Region       string    `json:"region,omitempty"` // of the target that it was made on; "" in folders of earlier releases
	Operation    string    `json:"operation"`        // that made it
	Nonce        string    `json:"nonce"`            // what shim and driver know each other by
	Created      time.Time `json:"created"`
}

// The states that may be wanted.
const (
	WantRunning   = "running"
	WantSuspended = "suspended"
	WantDrained   = "drained"
)

// Desired is the whole state that an operation wants.
type Desired struct {
	Version     int             `json:"version"`
	Operation   string          `json:"operation"`
	Attempt     int             `json:"attempt"`
	Action      string          `json:"action"`
	Generation  int64           `json:"generation"`
	Want        string          `json:"want"`
	App         string          `json:"app"`
	Command     []string        `json:"command"` // program and arguments; --dir DIR is added
	Config      json.RawMessage `json:"config"`  // becomes app.json
	Isolation   string          `json:"isolation"`
	Limits      Limits          `json:"limits"`
	Host        string          `json:"host"`      // address to bind
	PortFrom    int             `json:"port_from"` // 0 for any port
	PortTo      int             `json:"port_to"`
	UsageURL    string          `json:"usage_url,omitempty"` // "" for what the endpoint file says
	StopGrace   time.Duration   `json:"stop_grace"`          // between SIGTERM and SIGKILL
	ReadyWithin time.Duration   `json:"ready_within"`        // from start to the first answer on the control socket
	Transfer    string          `json:"transfer,omitempty"`  // file to export to or to import from
	Restart     string          `json:"restart,omitempty"`   // another value starts the application again (a new token)
}

// Limits are what the operating system holds the application to. Zero means none.
type Limits struct {
	MemoryBytes int64 `json:"memory_bytes,omitempty"`
	Files       int64 `json:"files,omitempty"`       // open at once
	Processes   int64 `json:"processes,omitempty"`   // with a delegated cgroup only
	CPUPercent  int64 `json:"cpu_percent,omitempty"` // of one core; with a delegated cgroup only
	FileBytes   int64 `json:"file_bytes,omitempty"`  // largest file
}

// Phases of the operation that a State tells of.
const (
	PhaseWorking = "working"
	PhaseDone    = "done"
	PhaseFailed  = "failed"
)

// What State.Child may be.
const (
	ChildUp       = "up"
	ChildStarting = "starting"
	ChildSilent   = "silent" // runs, but its control socket does not answer
	ChildDown     = "down"   // died and will be started again
	ChildStopped  = "stopped"
)

// Failure is why an operation did not succeed; Class is one of the contract's.
type Failure struct {
	Class string `json:"class"`
	Code  string `json:"code"`
	Text  string `json:"text"`
}

// Exit is how the application's process ended.
type Exit struct {
	Text string    `json:"text"` // "exit status 2" or "signal: killed"
	At   time.Time `json:"at"`
}

// State is what the shim reports; it is durable before it is told.
type State struct {
	Version    int      `json:"version"`
	Operation  string   `json:"operation"`
	Attempt    int      `json:"attempt"`
	Generation int64    `json:"generation"`
	Phase      string   `json:"phase"`
	Failure    *Failure `json:"failure,omitempty"`
	Port       int      `json:"port,omitempty"` // kept for the life of the resource
	Child      string   `json:"child"`
	Starts     int      `json:"starts"`
	Exit       *Exit    `json:"exit,omitempty"`
	Drained    bool     `json:"drained,omitempty"`
	Cgroup     string   `json:"cgroup,omitempty"` // controllers in force
}

// Of tells whether the state tells of this operation and attempt.
func (s State) Of(d Desired) bool { return s.Operation == d.Operation && s.Attempt == d.Attempt }
