package provision

// The facts of provision. Their payload is ResourceFact, except FactCondition's, which is ConditionFact.
const (
	FactReady     = "resource.ready.v1"
	FactChanged   = "resource.changed.v1"
	FactSuspended = "resource.suspended.v1"
	FactResumed   = "resource.resumed.v1"
	FactDrained   = "resource.drained.v1"
	FactDeleted   = "resource.deleted.v1"
	FactFailed    = "resource.failed.v1"
	FactCondition = "resource.condition.v1"
	FactOrphan    = "resource.orphan.v1"
)

// ResourceFact says what became of a resource.
type ResourceFact struct {
	Resource     string            `json:"resource"`
	Subscription string            `json:"subscription"`
	Org          string            `json:"org"`
	Publisher    string            `json:"publisher"`
	Order        string            `json:"order"`
	Item         string            `json:"item"`
	OfferVersion string            `json:"offer_version"`
	Plan         string            `json:"plan"`
	Region       string            `json:"region"`
	Operation    string            `json:"operation"`
	Action       Action            `json:"action"`
	Generation   int64             `json:"generation"`
	Outputs      map[string]string `json:"outputs,omitempty"`
	Failure      *Failure          `json:"failure,omitempty"`
	Leftovers    []string          `json:"leftovers,omitempty"`
	Complete     bool              `json:"complete"` // of a drain: all usage was handed over
}

// ConditionFact closes one interval of availability and opens the next.
type ConditionFact struct {
	Resource     string    `json:"resource"`
	Subscription string    `json:"subscription"`
	Was          Condition `json:"was"`
	Now          Condition `json:"now"`
	Detail       string    `json:"detail,omitempty"`
	At           string    `json:"at"` // RFC 3339, UTC
}

// OrphanFact names an engine object that bears our labels but belongs to no resource that should be there.
type OrphanFact struct {
	Object   string `json:"object"`
	Resource string `json:"resource"`
	Target   string `json:"target"`
	Driver   string `json:"driver"`
}
