package price_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/price"
)

func TestExamples(t *testing.T) { designtest.Component(t, price.Part()) }
