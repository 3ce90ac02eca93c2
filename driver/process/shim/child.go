package shim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/halle-cloud/halle/internal/durable"
)

// errChildLock says that a process of the application from before still lives.
var errChildLock = errors.New("an earlier process of this application has not ended yet")

// child is the application's process.
type child struct {
	cmd     *exec.Cmd
	desired Desired
	idle    bool          // listens on a socket that nobody knows
	life    *os.File      // write end; closes with the shim
	ended   chan struct{} // closed when it was reaped
	exit    string        // how it ended, once ended is closed
	ready   bool
	started time.Time
	asked   time.Time // when it was asked to stop
	killed  bool
}

// startChild must be called from the thread that lives as long as the shim: the kernel kills the application when the
// thread that started it ends.
func startChild(dir string, d Desired, listener *os.File, log io.Writer, group *cgroup) (*child, error) {
	lock, held, err := takeLock(childFile)
	if err != nil {
		return nil, err
	}
	if !held {
		return nil, errChildLock
	}
	// The process inherits the lock; ours is a duplicate of the same.
	defer func() { _ = lock.Close() }()
	if err := os.MkdirAll(rootDir, 0o700); err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	_ = os.Remove(filepath.Join(DataDir, ControlFile))
	if err := durable.Write(filepath.Join(DataDir, AppFile), d.Config); err != nil {
		return nil, err
	}
	life, lifeEnd, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	defer func() { _ = life.Close() }()
	c := &child{desired: d, life: lifeEnd, ended: make(chan struct{}), started: time.Now()}
	cmd, err := stageCommand(stage{Isolation: d.Isolation, Dir: filepath.Join(dir, DataDir), Root: filepath.Join(dir, rootDir),
		Command: d.Command, Limits: d.Limits, Env: environment(d.Limits)})
	if err != nil {
		_ = lifeEnd.Close()
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{listener, lock, life}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = time.Second
	group.put(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		_ = lifeEnd.Close()
		return nil, fmt.Errorf("start: %w", err)
	}
	c.cmd = cmd
	return c, nil
}

// stageCommand runs this program again as the first process of the isolation.
func stageCommand(st stage) (*exec.Cmd, error) {
	raw, err := json.Marshal(st)
	if err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	cmd := exec.Command("/proc/self/exe", "shim", "stage", string(raw))
	cmd.Args[0] = "halle"
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if st.Isolation == IsolationFull {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID |
			syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return cmd, nil
}

// wait reaps the process; tell runs afterwards.
func (c *child) wait(tell func()) {
	err := c.cmd.Wait()
	c.exit = "exit status 0"
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		c.exit = err.Error()
	}
	_ = c.life.Close()
	close(c.ended)
	tell()
}

// stop asks the process to end, and after the grace makes it.
func (c *child) stop(now time.Time) {
	switch {
	case c.asked.IsZero():
		c.asked = now
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
	case !c.killed && now.Sub(c.asked) >= c.desired.StopGrace:
		c.killed = true
		_ = c.cmd.Process.Kill()
	}
}

// answers asks the application how it is.
func answers() bool {
	found, err := control("GET", "status", nil, io.Discard, 2*time.Second)
	return err == nil && found
}

// idleListener gives a listening socket that lies in the shim's own folder, where no customer comes.
func idleListener() (*os.File, error) {
	_ = os.Remove(idleFile)
	l, err := net.Listen("unix", idleFile)
	if err != nil {
		return nil, fmt.Errorf("idle socket: %w", err)
	}
	defer func() { _ = l.Close() }()
	f, err := l.(*net.UnixListener).File()
	if err != nil {
		return nil, fmt.Errorf("idle socket: %w", err)
	}
	return f, nil
}
