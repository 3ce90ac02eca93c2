package form_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/form"
)

func TestExamples(t *testing.T) { designtest.Component(t, form.Part()) }
