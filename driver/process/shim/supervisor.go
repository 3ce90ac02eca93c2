package shim

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/halle-cloud/halle/internal/durable"
)

const (
	firstBackoff = 100 * time.Millisecond
	longBackoff  = 30 * time.Second
	steady       = 10 * time.Second // a run of this length starts the backoff anew
	earlyExits   = 3                // so many before the first answer fail the operation
	tick         = time.Second
	readyPause   = 5 * time.Millisecond
	healthPeriod = 5 * time.Second
)

// supervisor is the shim's only loop: whatever changes it runs in it, one thing after the other, on one thread.
type supervisor struct {
	dir     string
	label   Label
	desired Desired
	state   State
	usage   atomic.Pointer[string]

	calls  chan func()
	ended  chan struct{}
	timer  *time.Timer
	log    *capped
	port   *port
	group  *cgroup
	child  *child
	early  int       // exits before the first answer, in a row
	after  time.Time // no start before
	busy   bool      // a call to the application is under way
	health time.Time // when it was asked last
	saved  State

	stopping bool
}

func newSupervisor(dir string) (*supervisor, error) {
	s := &supervisor{dir: dir, calls: make(chan func()), ended: make(chan struct{}), log: newCapped(logPath(dir)),
		timer: time.NewTimer(time.Hour)}
	if found, err := durable.ReadJSON(LabelFile, &s.label); err != nil || !found {
		return nil, fmt.Errorf("label (found %v): %w", found, err)
	}
	if _, err := durable.ReadJSON(StateFile, &s.state); err != nil {
		return nil, err
	}
	if s.label.Version > Version || s.state.Version > Version {
		return nil, fmt.Errorf("the folder is of a later version than this program")
	}
	s.saved = s.state
	s.state.Version, s.state.Child = Version, ChildDown
	if err := s.load(); err != nil {
		return nil, err
	}
	s.group = openGroup(s.label.Nonce, s.desired.Limits)
	return s, nil
}

// load reads what is wanted; a new operation starts as working.
func (s *supervisor) load() error {
	var d Desired
	found, err := durable.ReadJSON(DesiredFile, &d)
	if err != nil || !found {
		return fmt.Errorf("operation (found %v): %w", found, err)
	}
	if d.Version > Version {
		return fmt.Errorf("the operation is of a later version than this program")
	}
	s.desired = d
	s.usage.Store(&d.UsageURL)
	if !s.state.Of(d) {
		s.state.Operation, s.state.Attempt, s.state.Generation = d.Operation, d.Attempt, d.Generation
		s.state.Phase, s.state.Failure = PhaseWorking, nil
		s.early, s.after = 0, time.Time{}
		if d.Want != WantDrained {
			s.state.Drained = false
		}
	}
	return nil
}

func (s *supervisor) reload() {
	before := s.desired.Limits
	if err := s.load(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	if s.desired.Limits != before {
		s.group.limit(s.desired.Limits)
	}
}

func (s *supervisor) run() error {
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	control, err := s.serveControl()
	if err != nil {
		return err
	}
	usage, err := s.serveUsage()
	if err != nil {
		_ = control.Close()
		return err
	}
	defer s.leave(control, usage)
	s.converge()
	for !s.stopping || s.child != nil {
		select {
		case fn := <-s.calls:
			fn()
		case <-terminate:
			s.stopping = true
		case <-s.timer.C:
		}
		s.converge()
	}
	return nil
}

// leave releases everything; the application has ended.
func (s *supervisor) leave(servers ...*http.Server) {
	close(s.ended)
	for _, server := range servers {
		_ = server.Close()
	}
	if s.port != nil {
		s.port.close()
	}
	s.group.remove()
	s.log.close()
}

// post hands a result from another goroutine to the loop.
func (s *supervisor) post(fn func()) {
	select {
	case s.calls <- fn:
	case <-s.ended:
	}
}

// converge compares what is wanted with what is, does the next thing, and reports.
func (s *supervisor) converge() {
	now := time.Now()
	s.wake(tick)
	switch {
	case s.stopping:
		s.state.Child = ChildStopped
		s.end(now)
	case s.desired.Want == WantSuspended:
		s.suspend(now)
	case s.desired.Want == WantDrained:
		s.drain(now)
	default:
		s.keepRunning(now)
	}
	s.report()
}

// wake makes the loop look again after at most d.
func (s *supervisor) wake(d time.Duration) { s.timer.Reset(max(d, time.Millisecond)) }

// report makes the state durable when it changed. A full disk is told of as the failure of the operation; what is
// kept in memory is told on the socket all the same.
func (s *supervisor) report() {
	if s.group != nil {
		s.state.Cgroup = s.group.enforced
	}
	if s.state == s.saved {
		return
	}
	if err := durable.WriteJSON(StateFile, s.state); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if s.state.Phase == PhaseDone {
			s.state.Phase = PhaseWorking
		}
		return
	}
	s.saved = s.state
}

func (s *supervisor) done() {
	if s.state.Phase == PhaseWorking {
		s.state.Phase, s.state.Failure = PhaseDone, nil
	}
}

func (s *supervisor) fail(class, code, text string) {
	if s.state.Phase == PhaseWorking {
		s.state.Phase, s.state.Failure = PhaseFailed, &Failure{Class: class, Code: code, Text: text}
	}
}

// end stops the application; true when none runs.
func (s *supervisor) end(now time.Time) bool {
	if s.child == nil {
		return true
	}
	s.child.stop(now)
	s.wake(50 * time.Millisecond)
	return false
}

func (s *supervisor) suspend(now time.Time) {
	if s.port != nil {
		s.port.shut()
	}
	if s.transferring() {
		s.transferDeaf(now)
		return
	}
	if s.end(now) {
		s.state.Child = ChildStopped
		s.done()
	}
}
