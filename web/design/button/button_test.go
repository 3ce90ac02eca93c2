package button_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/designtest"
)

func TestExamples(t *testing.T) { designtest.Component(t, button.Part()) }
