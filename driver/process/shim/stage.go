package shim

import (
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Descriptors that the application's process inherits.
const (
	fdListener = 3 // the one of the LISTEN_FDS protocol
	fdLock     = 4 // child.lock, held as long as the process lives
	fdLife     = 5 // ends when the shim does; closed before the application starts
)

// Exit codes of the stage, in the style of env(1).
const (
	exitIsolation = 125
	exitCommand   = 126
	exitReachable = 124 // a probe could open what it must not
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// runStage is the first thing that runs in the application's process: it closes the doors and becomes the
// application. It returns an exit code only when it could not.
func runStage(raw string) int {
	// Landlock, capabilities and the signal at the parent's death belong to the thread that calls exec.
	runtime.LockOSThread()
	var st stage
	if err := json.Unmarshal([]byte(raw), &st); err != nil {
		return complain(exitIsolation, err)
	}
	if err := st.enter(); err != nil {
		return complain(exitIsolation, err)
	}
	if st.Probe != "" {
		return st.probe()
	}
	if err := dieWithShim(); err != nil {
		return complain(exitIsolation, err)
	}
	st.Env = append(st.Env, "LISTEN_FDS=1", "LISTEN_PID="+strconv.Itoa(os.Getpid()))
	err := unix.Exec(st.Command[0], st.Command, st.Env)
	return complain(exitCommand, fmt.Errorf("cannot run %s: %w", filepath.Base(st.Command[0]), err))
}

func complain(code int, err error) int {
	fmt.Fprintln(os.Stderr, err)
	return code
}

// dieWithShim makes the kernel kill this process when the shim ends, and ends it when that has already happened.
func dieWithShim() error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("parent's death: %w", err)
	}
	fds := []unix.PollFd{{Fd: fdLife}}
	if n, err := unix.Poll(fds, 0); err == nil && n > 0 && fds[0].Revents&unix.POLLHUP != 0 {
		return fmt.Errorf("the shim has ended")
	}
	unix.CloseOnExec(fdLife)
	return nil
}

func (st *stage) enter() error {
	libs := libraries(st.Command[0])
	if err := st.limit(); err != nil {
		return err
	}
	switch st.Isolation {
	case IsolationFull:
		if err := st.buildRoot(libs); err != nil {
			return err
		}
		return dropPrivileges()
	case IsolationBasic:
		return st.landlock(libs)
	}
	if err := noNewPrivileges(); err != nil {
		return err
	}
	return st.inFolder()
}

// inFolder makes the folder the working one: the application's own socket has a short name, however long its path is.
func (st *stage) inFolder() error {
	if err := os.Chdir(st.Dir); err != nil {
		return fmt.Errorf("folder: %w", err)
	}
	st.Command = withDir(st.Command, ".")
	return nil
}

func (st *stage) limit() error {
	set := func(what int, value int64) error {
		if value <= 0 && what != unix.RLIMIT_CORE {
			return nil
		}
		r := unix.Rlimit{Cur: uint64(value), Max: uint64(value)}
		if err := unix.Setrlimit(what, &r); err != nil {
			return fmt.Errorf("limit %d: %w", what, err)
		}
		return nil
	}
	memory := st.Limits.MemoryBytes
	if memory > 0 {
		memory += 64 << 20 // the runtime's own; the cgroup, where there is one, is exact
	}
	for what, value := range map[int]int64{unix.RLIMIT_CORE: 0, unix.RLIMIT_NOFILE: st.Limits.Files,
		unix.RLIMIT_FSIZE: st.Limits.FileBytes, unix.RLIMIT_DATA: memory} {
		if err := set(what, value); err != nil {
			return err
		}
	}
	return nil
}

func noNewPrivileges() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	return nil
}

// dropPrivileges gives up, for good, the capabilities that building the root needed.
func dropPrivileges() error {
	if err := noNewPrivileges(); err != nil {
		return err
	}
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && err != unix.EINVAL {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	return nil
}

// landlock leaves the folder and the program; sockets that are already open stay usable. Strict, never best effort:
// what cannot be enforced must not be called basic.
func (st *stage) landlock(libs []string) error {
	rules := []landlock.Rule{
		landlock.RWDirs(st.Dir),
		landlock.ROFiles(st.Command[0]),
		landlock.RWFiles("/dev/null").IgnoreIfMissing(),
		landlock.ROFiles("/dev/urandom").IgnoreIfMissing(),
		landlock.RODirs(libs...),
	}
	config := landlock.V1
	if v, err := landlockABI(); err == nil && v >= 3 {
		config = landlock.V3 // with truncation
	}
	if err := config.RestrictPaths(rules...); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	return st.inFolder()
}

func landlockABI() (int, error) {
	const createRuleset, versionFlag = 444, 1
	v, _, errno := unix.Syscall(createRuleset, 0, 0, versionFlag)
	if errno != 0 {
		return 0, errno
	}
	return int(v), nil
}

// libraries are the folders that a program which is not static needs; none for ours.
func libraries(program string) []string {
	f, err := elf.Open(program)
	if err != nil {
		return nil // exec will say what is wrong with it
	}
	defer func() { _ = f.Close() }()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			var found []string
			for _, dir := range []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64"} {
				if _, err := os.Stat(dir); err == nil {
					found = append(found, dir)
				}
			}
			return found
		}
	}
	return nil
}

// probe tries to open a file that only the outside has, and to write into its own folder.
func (st *stage) probe() int {
	if f, err := os.Open(st.Probe); err == nil {
		_ = f.Close()
		return complain(exitReachable, fmt.Errorf("a file outside could be opened"))
	}
	dir := st.Command[len(st.Command)-1]
	if err := os.WriteFile(filepath.Join(dir, "probe"), []byte("x"), 0o600); err != nil {
		return complain(exitIsolation, fmt.Errorf("own folder: %w", err))
	}
	return 0
}
