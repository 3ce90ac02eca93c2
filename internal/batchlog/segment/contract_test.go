package segment

import (
	"testing"

	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/internal/batchlog/logtest"
)

func TestContract(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Opener {
		dir := t.TempDir()
		return func(durable batchlog.Durable) (batchlog.Log, error) {
			return Open(dir, Options{SegmentBytes: 2000, Durable: durable})
		}
	})
}
