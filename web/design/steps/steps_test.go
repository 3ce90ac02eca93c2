package steps_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/steps"
)

func TestExamples(t *testing.T) { designtest.Component(t, steps.Part()) }
