package main

import (
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/halle-cloud/halle/proof"
)

// logFiles serves the log as static tiles (C2SP tlog-tiles) without its private state, to anybody: leaves say nothing
// about anyone. A full tile never changes; a partial one goes when it is full, and readers ask for the full one then.
func logFiles(dir string) http.Handler {
	root := os.DirFS(dir)
	files := http.FileServerFS(root)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch name := r.URL.Path; {
		case name == "checkpoint", name == proof.LogKeyFile:
			w.Header().Set("Cache-Control", "no-cache")
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		case strings.HasPrefix(name, "tile/"):
			if info, err := fs.Stat(root, name); err != nil || info.IsDir() {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Cache-Control", "public, max-age=604800, immutable")
			w.Header().Set("Content-Type", "application/octet-stream")
		default:
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", "*") // public: a verifier may run in a browser
		files.ServeHTTP(w, r)
	})
}
