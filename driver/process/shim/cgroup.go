package shim

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// brokerGroup is the sub-group in which the shipped systemd unit starts the broker (DelegateSubgroup=), so that the
// delegated group above it may have groups with limits beside it.
const brokerGroup = "broker"

// cgroup is the control group (version 2) of one application; nil where none could be made. It is named after the
// nonce, so that a new shim finds the group that a killed one left, with whatever still runs in it.
type cgroup struct {
	path     string
	dir      *os.File // nil when the group could not be made
	limits   Limits
	enforced string
}

// openGroup makes the group, ending first what a killed shim left in it. There being none is no error: isolation does
// not count on it.
func openGroup(nonce string, l Limits) *cgroup {
	parent := groupParent()
	if parent == "" || len(nonce) < 16 {
		return nil
	}
	g := &cgroup{path: filepath.Join(parent, "halle-"+nonce[:16]), limits: l}
	for _, c := range []string{"memory", "pids", "cpu"} {
		_ = writeGroup(parent, "cgroup.subtree_control", "+"+c)
	}
	if !g.renew() {
		return nil
	}
	return g
}

// renew makes the group anew and empty. A group in which everything was once killed is not used again: there are
// kernels that kill whatever is started in it later.
func (g *cgroup) renew() bool {
	if _, err := os.Stat(g.path); err == nil {
		g.remove()
	}
	if err := os.Mkdir(g.path, 0o755); err != nil {
		return false
	}
	dir, err := os.Open(g.path)
	if err != nil {
		_ = os.Remove(g.path)
		return false
	}
	g.dir = dir
	g.limit(g.limits)
	return true
}

// clear ends whatever the application left behind when it died.
func (g *cgroup) clear() {
	if g == nil {
		return
	}
	if b, err := os.ReadFile(filepath.Join(g.path, "cgroup.procs")); err == nil && len(b) == 0 && g.dir != nil {
		return
	}
	g.renew()
}

func (g *cgroup) limit(l Limits) {
	if g == nil {
		return
	}
	g.limits = l
	var in []string
	for _, c := range []struct {
		name, file, value string
		given             bool
	}{
		{"memory", "memory.max", itoa(l.MemoryBytes), l.MemoryBytes > 0},
		{"pids", "pids.max", itoa(l.Processes), l.Processes > 0},
		{"cpu", "cpu.max", itoa(l.CPUPercent*1000) + " 100000", l.CPUPercent > 0},
	} {
		value := c.value
		if !c.given {
			value = "max"
		}
		if writeGroup(g.path, c.file, value) == nil && c.given {
			in = append(in, c.name)
		}
	}
	g.enforced = strings.Join(in, ",")
}

// put starts a process inside the group.
func (g *cgroup) put(attr *syscall.SysProcAttr) {
	if g != nil && g.dir != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, int(g.dir.Fd())
	}
}

// remove ends the group with everything in it.
func (g *cgroup) remove() {
	if g == nil {
		return
	}
	_ = writeGroup(g.path, "cgroup.kill", "1")
	if g.dir != nil {
		_ = g.dir.Close()
		g.dir = nil
	}
	for range 50 {
		if err := os.Remove(g.path); err == nil || os.IsNotExist(err) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// RemoveGroup ends what a killed shim left running.
func RemoveGroup(label Label) {
	parent := groupParent()
	if parent == "" || len(label.Nonce) < 16 {
		return
	}
	g := &cgroup{path: filepath.Join(parent, "halle-"+label.Nonce[:16])}
	if _, err := os.Stat(g.path); err == nil {
		g.remove()
	}
}

func writeGroup(dir, file, value string) error {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// groupParent is the group below which ours may lie; "" without cgroup v2.
func groupParent() string {
	own, mount := "", ""
	groups, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(groups)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			own = path
		}
	}
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			mount = f[1]
		}
	}
	if own == "" || mount == "" {
		return ""
	}
	group := filepath.Join(mount, own)
	if filepath.Base(group) == brokerGroup {
		group = filepath.Dir(group)
	}
	return group
}
