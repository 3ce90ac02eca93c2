package chart_test

import (
	"testing"

	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/design/designtest"
)

func TestExamples(t *testing.T) { designtest.Component(t, chart.Part()) }
