package badge_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/designtest"
)

func TestExamples(t *testing.T) { designtest.Component(t, badge.Part()) }
