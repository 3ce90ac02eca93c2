package pgtest

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/halle-cloud/halle/internal/child"
)

const dirPrefix = "halle-pg-"

// killGroup kills the server with its children. PostgreSQL's leave its group, so the server itself goes first and they end
// when they miss it.
func killGroup(p *child.Process) {
	children := childrenOf(p.ID())
	_ = syscall.Kill(-p.ID(), syscall.SIGKILL)
	for _, one := range children {
		_ = syscall.Kill(one, syscall.SIGKILL)
	}
}

// childrenOf lists the direct children of a process, as /proc tells them.
func childrenOf(pid int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	var out []int
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		one, parent, ok := parseStat(string(text))
		if ok && parent == pid {
			out = append(out, one)
		}
	}
	return out
}

// unprivileged is the user that PostgreSQL runs as when the test is root, whom it refuses; nil otherwise.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nil is SysProcAttr's word for "the same user"
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.ParseUint(u.Uid, 10, 32)
		gid, errG := strconv.ParseUint(u.Gid, 10, 32)
		if errU == nil && errG == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf("pgtest: PostgreSQL refuses to run as root, and this machine has neither a user postgres nor nobody")
}

// tempRoot is the temporary folder, or /tmp where the unprivileged user could not reach into that.
func tempRoot(as *syscall.Credential) string {
	root := os.TempDir()
	if as == nil {
		return root
	}
	for dir := root; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return "/tmp"
		}
		if dir == filepath.Dir(dir) {
			return root
		}
	}
}

// lockDir takes the lock that tells sweep that the owner of a folder is alive.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "owner.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// sweep removes the folders of clusters whose test died. A folder younger than a minute may not have its lock yet.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		lock, err := lockDir(dir)
		if err != nil {
			continue // in use, or somebody else's
		}
		_ = os.RemoveAll(dir)
		_ = lock.Close()
	}
}

// parseStat reads pid and parent from a line of /proc/PID/stat, whose second word is a name in brackets that may
// hold blanks and brackets itself.
func parseStat(line string) (pid, parent int, ok bool) {
	end := strings.LastIndexByte(line, ')')
	if end < 0 {
		return 0, 0, false
	}
	head, _, _ := strings.Cut(line, " ")
	tail := strings.Fields(line[end+1:])
	if len(tail) < 2 {
		return 0, 0, false
	}
	pid, errPid := strconv.Atoi(head)
	parent, errParent := strconv.Atoi(tail[1])
	return pid, parent, errPid == nil && errParent == nil
}
