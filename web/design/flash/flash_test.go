package flash_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/flash"
)

func TestExamples(t *testing.T) { designtest.Component(t, flash.Part()) }
