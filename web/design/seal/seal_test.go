package seal_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/seal"
)

func TestExamples(t *testing.T) { designtest.Component(t, seal.Part()) }
