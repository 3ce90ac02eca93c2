package code_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/designtest"
)

func TestExamples(t *testing.T) { designtest.Component(t, code.Part()) }
