package shim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"
)

const (
	classTransient = "transient"
	classCapacity  = "capacity"
	classPermanent = "permanent"
)

// keepRunning holds the port, has the application run with the wanted configuration, and looks after its health.
func (s *supervisor) keepRunning(now time.Time) {
	if s.state.Phase == PhaseFailed && s.desired.Action == "create" {
		s.end(now) // it waits to be cancelled or tried again
		return
	}
	if !s.bind() {
		return
	}
	if s.child != nil && (s.child.idle || !sameProcess(s.child.desired, s.desired)) {
		s.end(now)
		return
	}
	if s.child == nil {
		s.start(now, false)
		return
	}
	s.follow(now)
	if s.child.ready {
		s.whenReady(now)
	}
}

func (s *supervisor) whenReady(now time.Time) {
	if s.transferring() {
		s.transfer()
	} else {
		s.done()
	}
	s.check(now)
}

// transferring tells whether an export or import is still to be done.
func (s *supervisor) transferring() bool {
	return s.state.Phase == PhaseWorking && (s.desired.Action == "export" || s.desired.Action == "import")
}

// transferDeaf exports from an application that takes no work: whoever is suspended may leave with his data.
func (s *supervisor) transferDeaf(now time.Time) {
	if s.child == nil {
		s.start(now, true)
		return
	}
	s.follow(now)
	if s.child.ready {
		s.transfer()
	}
}

// sameProcess tells whether the running application need not start again for what is wanted now.
func sameProcess(a, b Desired) bool {
	return slices.Equal(a.Command, b.Command) && bytes.Equal(a.Config, b.Config) && a.Isolation == b.Isolation && a.Restart == b.Restart &&
		a.Limits.Files == b.Limits.Files && a.Limits.FileBytes == b.Limits.FileBytes && a.Limits.MemoryBytes == b.Limits.MemoryBytes
}

// bind holds the port and lets callers in.
func (s *supervisor) bind() bool {
	var err error
	if s.port == nil {
		s.port, err = holdPort(s.desired.Host, s.state.Port, s.desired.PortFrom, s.desired.PortTo)
		if err == nil {
			s.state.Port = s.port.number
		}
	}
	if err == nil {
		err = s.port.open()
	}
	switch {
	case err == nil:
		return true
	case errors.Is(err, errPortTaken) && s.state.Starts == 0:
		s.fail(classCapacity, "port_taken", "Another program uses every port that this service may have on this machine.")
		s.release()
	case errors.Is(err, errPortTaken):
		s.fail(classTransient, "port_taken", fmt.Sprintf("Another program uses port %d, which belongs to this service.", s.state.Port))
	default:
		s.fail(classTransient, "port", "The port of this service could not be opened.")
		fmt.Fprintln(os.Stderr, err)
	}
	s.state.Child = ChildDown
	return false
}

// release gives up a port that was never told to anybody.
func (s *supervisor) release() {
	if s.port != nil {
		s.port.close()
	}
	s.port, s.state.Port = nil, 0
}

// start runs the application, not before its backoff has passed.
func (s *supervisor) start(now time.Time, idle bool) {
	if wait := s.after.Sub(now); wait > 0 {
		s.wake(min(wait, tick))
		return
	}
	var listener *os.File
	var err error
	if idle {
		listener, err = idleListener()
	} else {
		listener, err = s.port.file()
	}
	if err == nil {
		s.log.forget()
		s.child, err = startChild(s.dir, s.desired, listener, s.log, s.group)
		_ = listener.Close()
	}
	if err != nil {
		s.startFailed(now, err)
		return
	}
	c := s.child
	c.idle = idle
	s.state.Child = ChildStarting
	s.state.Starts++
	go c.wait(func() { s.post(s.exited) })
	s.wake(readyPause)
}

func (s *supervisor) startFailed(now time.Time, err error) {
	s.state.Child = ChildDown
	fmt.Fprintln(os.Stderr, err)
	switch {
	case errors.Is(err, errChildLock):
		// The kernel kills the orphan of a killed shim; the group helps where one is.
		s.group.clear()
		s.after = now.Add(firstBackoff)
		return
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		s.fail(classTransient, "disk_full", "There is no room left on the disk of this machine.")
	default:
		s.early++
		if s.early >= earlyExits {
			s.fail(classPermanent, "start", "The application could not be started: "+clean(err.Error())+".")
		}
	}
	s.after = now.Add(s.backoff())
}

func (s *supervisor) backoff() time.Duration {
	d := firstBackoff
	for range s.early {
		d = min(2*d, longBackoff)
	}
	return d
}

// follow waits for the application's first answer.
func (s *supervisor) follow(now time.Time) {
	c := s.child
	if c.ready {
		return
	}
	s.wake(readyPause)
	if now.Sub(c.started) > c.desired.ReadyWithin {
		s.fail(classTransient, "not_ready", "The application was started and does not answer.")
		s.end(now)
		return
	}
	if s.busy {
		return
	}
	s.busy = true
	go func() {
		ok := answers()
		s.post(func() {
			s.busy = false
			if ok && s.child == c {
				c.ready, s.health = true, time.Now()
				s.state.Child = ChildUp
			}
		})
	}()
}

// check asks a running application from time to time how it is.
func (s *supervisor) check(now time.Time) {
	c := s.child
	if s.busy || now.Sub(s.health) < healthPeriod {
		return
	}
	s.busy, s.health = true, now
	go func() {
		ok := answers()
		s.post(func() {
			s.busy = false
			if s.child != c || !c.ready {
				return
			}
			s.state.Child = ChildUp
			if !ok {
				s.state.Child = ChildSilent
			}
		})
	}()
}

// exited records how the application's process ended.
func (s *supervisor) exited() {
	c := s.child
	s.child = nil
	now := time.Now()
	s.state.Exit = &Exit{Text: c.exit, At: now.UTC()}
	s.state.Child = ChildDown
	if !c.asked.IsZero() {
		return // we asked for it
	}
	s.group.clear()
	if c.ready && now.Sub(c.started) >= steady {
		s.early = 0
	}
	s.early++
	s.after = now.Add(s.backoff())
	if !c.ready && s.early >= earlyExits {
		text := fmt.Sprintf("The application ended with %s each time it was started", c.exit)
		if lines := clean(s.log.excerpt()); lines != "" {
			text += ". Its last words were: " + lines
		}
		s.fail(classPermanent, "exited", text+".")
	}
	if s.early == 1 && c.ready {
		s.after = now // the first time without waiting
	}
}

// drain has the application take no more work and hand over its last usage; it keeps running, deaf, until deleted.
func (s *supervisor) drain(now time.Time) {
	if s.state.Drained && s.transferring() {
		s.transferDeaf(now)
		return
	}
	if s.state.Drained {
		s.done()
		if s.child == nil {
			s.state.Child = ChildStopped
		}
		return
	}
	if s.port != nil {
		s.port.shut()
	}
	if s.child == nil {
		s.start(now, true)
		return
	}
	s.follow(now)
	if !s.child.ready || s.busy || now.Before(s.after) {
		return
	}
	s.busy = true
	c := s.child
	go func() {
		_, err := control("POST", "drain", nil, io.Discard, 0)
		s.post(func() {
			s.busy = false
			if err == nil && s.child == c {
				s.state.Drained = true
				return
			}
			s.log.Write([]byte("drain: " + fmt.Sprint(err) + "\n"))
			s.after = time.Now().Add(time.Second)
		})
	}()
}

// transfer exports to or imports from the file that the operation names.
func (s *supervisor) transfer() {
	if s.busy {
		return
	}
	s.busy = true
	action, path := s.desired.Action, s.desired.Transfer
	go func() {
		found, err := carry(action, path)
		s.post(func() {
			s.busy = false
			switch {
			case err != nil:
				s.fail(classTransient, action, "The application's "+action+" did not succeed: "+clean(err.Error())+".")
			case !found:
				s.fail(classPermanent, action, "This application has no "+action+".")
			default:
				s.done()
			}
		})
	}()
}

func carry(action, path string) (found bool, err error) {
	if action == "import" {
		f, err := os.Open(path)
		if err != nil {
			return true, err
		}
		defer func() { _ = f.Close() }()
		return control("POST", action, f, io.Discard, 0)
	}
	f, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return true, err
	}
	found, err = control("GET", action, nil, f, 0)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil || !found {
		_ = os.Remove(path + ".part")
		return found, err
	}
	return true, os.Rename(path+".part", path)
}
