package place_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/place"
)

func TestExamples(t *testing.T) { designtest.Component(t, place.Part()) }
