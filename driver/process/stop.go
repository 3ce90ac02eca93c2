package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/halle-cloud/halle/driver/process/shim"
)

// StopAll ends every shim and application below the root and leaves the folders, for an installation that is put away:
// the demo's, a machine that is drained. The next Observe of a broker starts them again. It returns when all have ended
// or ctx has.
func (d *Driver) StopAll(ctx context.Context) error {
	entries, err := os.ReadDir(d.config.Root)
	if err != nil {
		return fmt.Errorf("process: stop: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		f, err := openFolder(filepath.Join(d.config.Root, entry.Name()))
		if err == nil && f.exists {
			err = stopOne(ctx, f)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func stopOne(ctx context.Context, f *folder) error {
	for asked := false; ; {
		alive, err := shim.Alive(f.path)
		if err != nil || !alive {
			return err
		}
		if !asked {
			_, err := shim.Ask(ctx, f.path, f.label, "stop")
			asked = err == nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("process: %s has not ended: %w", filepath.Base(f.path), ctx.Err())
		case <-time.After(pause):
		}
	}
}
