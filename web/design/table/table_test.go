package table_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/designtest"
	"github.com/halle-cloud/halle/web/design/table"
)

func TestExamples(t *testing.T) { designtest.Component(t, table.Part()) }
