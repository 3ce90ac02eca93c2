// Package child starts servers for tests as processes that die with the test.
//
// Owns: the life of one process: its group, the thread that holds it, whether it has ended.
// Does not own: what runs in it, how it is told to stop.
// Reads: nothing.
// Writes: nothing.
package child

import (
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is a process that was started.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// Start starts cmd in a group of its own. The kernel sends it the signal orphaned when the thread that forked it ends, so
// that thread is held until the child is gone: a test that is killed leaves no server behind. Error: that of exec.Cmd.Start.
func Start(cmd *exec.Cmd, orphaned syscall.Signal) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = orphaned
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// ID is the id of the process and of its group.
func (p *Process) ID() int { return p.cmd.Process.Pid }

// Signal sends a signal to the process alone; nothing happens to one that has ended.
func (p *Process) Signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait reports whether the process ended in time.
func (p *Process) Wait(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}
