package rail_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/rail"
)

func TestExamples(t *testing.T) { designtest.Component(t, rail.Part()) }
