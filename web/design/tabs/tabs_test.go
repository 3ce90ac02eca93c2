package tabs_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/tabs"
)

func TestExamples(t *testing.T) { designtest.Component(t, tabs.Part()) }
