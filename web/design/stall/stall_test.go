package stall_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/stall"
)

func TestExamples(t *testing.T) { designtest.Component(t, stall.Part()) }
