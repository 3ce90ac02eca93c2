package details_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/details"
)

func TestExamples(t *testing.T) { designtest.Component(t, details.Part()) }
