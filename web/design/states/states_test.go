package states_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/states"
)

func TestExamples(t *testing.T) { designtest.Component(t, states.Part()) }
