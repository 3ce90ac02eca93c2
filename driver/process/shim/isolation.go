package shim

import (
	"slices"
	"strings"
)

// The levels of isolation, from least to most.
const (
	IsolationNone  = "none"  // limits and no new privileges only: the application could read what the broker's user can
	IsolationBasic = "basic" // and Landlock: its own folder and its program are all it can open
	IsolationFull  = "full"  // own user, mount, process and network namespaces: there is nothing else to see
)

func rank(level string) int {
	return slices.Index([]string{IsolationNone, IsolationBasic, IsolationFull}, level)
}

// KnownIsolation tells whether level is one of the three.
func KnownIsolation(level string) bool { return rank(level) >= 0 }

// Satisfies tells whether level is at least minimum; no minimum is always met.
func Satisfies(level, minimum string) bool { return minimum == "" || rank(level) >= rank(minimum) }

// stage is what the init stage needs to know; it is passed as an argument and holds no secret.
type stage struct {
	Isolation string   `json:"isolation"`
	Dir       string   `json:"dir"`  // the application's folder, absolute
	Root      string   `json:"root"` // empty folder to build the file system on
	Command   []string `json:"command"`
	Limits    Limits   `json:"limits"`
	Env       []string `json:"env"`
	Probe     string   `json:"probe,omitempty"` // try to open this file instead of running the command
}

// environment is all that the application gets of it.
func environment(l Limits) []string {
	env := []string{"TZ=UTC", "LANG=C.UTF-8", "HOME=/", "GOTRACEBACK=single"}
	if l.MemoryBytes > 0 {
		env = append(env, "GOMEMLIMIT="+itoa(l.MemoryBytes/10*9))
	}
	return env
}

// withDir adds the folder to the command as the application sees it.
func withDir(command []string, dir string) []string {
	return append(slices.Clone(command), "--dir", dir)
}

// clean makes one printable line of a text from the application's side.
func clean(s string) string { return strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ") }
