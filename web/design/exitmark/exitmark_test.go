package exitmark_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/exitmark"
)

func TestExamples(t *testing.T) { designtest.Component(t, exitmark.Part()) }
