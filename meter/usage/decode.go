package usage

import (
	"mime"
	"strings"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/proof"
)

// Media types of usage.
const (
	TypeSingle = "application/cloudevents+json"
	TypeBatch  = "application/cloudevents-batch+json"
	TypeLines  = "application/x-ndjson"
)

// Decode reads the body of a request: one event, a JSON array of them, or one a line. Errors: fail.Invalid, which
// names index and field; fail.TooLarge above MaxBytes or MaxEvents.
func Decode(contentType string, body []byte) ([]Event, error) {
	if len(body) > MaxBytes {
		return nil, tooLarge()
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
		return nil, wrongType(contentType)
	}
	text := string(body)
	first := strings.TrimLeft(text, " \t\r\n")
	limit := MaxBytes // the body bounds them; more than MaxEvents is told apart from malformed below
	switch kind {
	case TypeSingle:
		limit = 1
		if strings.HasPrefix(first, "[") {
			return nil, malformed("must be one object: several go as " + TypeBatch)
		}
	case TypeBatch:
		if !strings.HasPrefix(first, "[") {
			return nil, malformed("must be a JSON array")
		}
	case TypeLines:
	default:
		return nil, wrongType(contentType)
	}
	events, err := proof.ParseEvents(text, kind == TypeLines, limit)
	if err == nil && len(events) == 0 {
		return nil, malformed("has no event")
	}
	if len(events) > MaxEvents {
		return nil, tooLarge()
	}
	return events, err
}

func malformed(message string) error {
	return fail.New(fail.Invalid, "usage.event", "The usage cannot be read.", "Correct it and send it again; nothing was taken.").
		Field("events", message)
}

func wrongType(contentType string) error {
	return fail.New(fail.Invalid, "usage.media_type", "Usage does not come as "+contentType+".",
		"Use "+TypeSingle+", "+TypeBatch+" or "+TypeLines+".").Field("Content-Type", "is not a form of usage events")
}

func tooLarge() error {
	return fail.New(fail.TooLarge, "usage.too_large", "A request may hold at most 1,000 events and 1 MB.",
		"Send the events in several requests.")
}
