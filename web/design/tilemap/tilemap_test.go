package tilemap_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/tilemap"
)

func TestExamples(t *testing.T) { designtest.Component(t, tilemap.Part()) }
