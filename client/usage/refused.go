package usage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/halle-cloud/halle/internal/durable"
)

// RefusedFile is where refused events stand in the spool's folder: one Refusal a line. It may be moved away at any time.
// After a kill a line may stand twice.
const RefusedFile = "refused.ndjson"

// Refusal is an event that the server does not count, and why.
type Refusal struct {
	At      time.Time       `json:"at"`
	Verdict string          `json:"verdict"` // "rejected", "conflict", or "invalid" when it is not of the form
	Reason  string          `json:"reason"`  // a stable word
	Text    string          `json:"text"`    // the reason, and what would make it pass
	Event   json.RawMessage `json:"event"`
}

type refused struct{ path string }

// openRefused cuts off a line that a kill has torn: its event is still in the spool.
func openRefused(path string) (*refused, error) {
	r := &refused{path: path}
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("refused events: %w", err)
	}
	defer func() { _ = f.Close() }()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("refused events: %w", err)
	}
	tail := make([]byte, min(end, 4*maxEvent))
	if _, err := f.ReadAt(tail, end-int64(len(tail))); err != nil {
		return nil, fmt.Errorf("refused events: %w", err)
	}
	whole := end - int64(len(tail)) + int64(bytes.LastIndexByte(tail, '\n')+1)
	if whole < end {
		err = errors.Join(f.Truncate(whole), f.Sync())
	}
	return r, err
}

// size is how many bytes the file has.
func (r *refused) size() int64 {
	info, err := os.Stat(r.path)
	if err != nil {
		return 0 // moved away, or not there yet
	}
	return info.Size()
}

// append adds lines that survive a loss of power. The file is opened anew each time, because somebody may have moved it.
func (r *refused) append(list []Refusal) error {
	if len(list) == 0 {
		return nil
	}
	var b bytes.Buffer
	for _, one := range list {
		line, err := json.Marshal(one)
		if err != nil {
			return fmt.Errorf("refused events: %w", err)
		}
		b.Write(append(line, '\n'))
	}
	f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("refused events: %w", err)
	}
	start, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		if _, err = f.Write(b.Bytes()); err != nil {
			err = errors.Join(err, f.Truncate(start))
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = durable.SyncDir(filepath.Dir(r.path))
	}
	if err != nil {
		return fmt.Errorf("refused events: %w", err)
	}
	return nil
}
