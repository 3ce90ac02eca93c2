package confirm_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/designtest"
)

func TestExamples(t *testing.T) { designtest.Component(t, confirm.Part()) }
