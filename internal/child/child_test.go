package child

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func TestAProcessLivesUntilItIsTold(t *testing.T) {
	p, err := Start(exec.CommandContext(t.Context(), "sleep", "600"), syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	if group, err := syscall.Getpgid(p.ID()); err != nil || group != p.ID() {
		t.Errorf("group %d of %d: %v", group, p.ID(), err)
	}
	if p.Wait(10 * time.Millisecond) {
		t.Fatal("ended by itself")
	}
	p.Signal(syscall.SIGTERM)
	if !p.Wait(time.Minute) {
		t.Fatal("still there")
	}
	<-p.Done()
	p.Signal(syscall.SIGTERM) // harmless
}

func TestWhatCannotBeStartedIsAnError(t *testing.T) {
	if p, err := Start(exec.CommandContext(t.Context(), "/nowhere/at/all"), syscall.SIGKILL); err == nil {
		t.Errorf("started %d", p.ID())
	}
}
