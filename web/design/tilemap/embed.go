package tilemap

import (
	"embed"

	"github.com/halle-cloud/halle/web/design/part"
)

//go:embed *.html
var files embed.FS

// Part is the component with its files and examples.
func Part() part.Part { return part.Part{Name: "tilemap", Files: files, Examples: examples} }
