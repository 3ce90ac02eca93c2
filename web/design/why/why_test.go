package why_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/why"
)

func TestExamples(t *testing.T) { designtest.Component(t, why.Part()) }
