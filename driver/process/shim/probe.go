package shim

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Probe tries each level from the most on, by doing: a process is isolated, must fail to open a file outside and must
// succeed in writing inside. It gives the first that holds, and why each above it does not. scratch is a folder it
// may use.
func Probe(ctx context.Context, scratch string) (level string, refused map[string]string) {
	refused = map[string]string{}
	sweepProbes(scratch)
	for _, level := range []string{IsolationFull, IsolationBasic} {
		err := probeLevel(ctx, scratch, level)
		if err == nil {
			return level, refused
		}
		refused[level] = err.Error()
	}
	return IsolationNone, refused
}

// sweepProbes removes what a probe that was killed left; none takes a minute.
func sweepProbes(scratch string) {
	old, _ := filepath.Glob(filepath.Join(scratch, ".probe-*"))
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > time.Minute {
			_ = os.RemoveAll(dir)
		}
	}
}

func probeLevel(ctx context.Context, scratch, level string) error {
	base, err := os.MkdirTemp(scratch, ".probe-")
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	defer func() { _ = os.RemoveAll(base) }()
	for _, dir := range []string{DataDir, rootDir} {
		if err := os.Mkdir(filepath.Join(base, dir), 0o700); err != nil {
			return fmt.Errorf("probe: %w", err)
		}
	}
	outside := filepath.Join(base, "outside")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	cmd, err := stageCommand(stage{Isolation: level, Dir: filepath.Join(base, DataDir), Root: filepath.Join(base, rootDir),
		Command: []string{program}, Probe: outside})
	if err != nil {
		return err
	}
	// The signal at the parent's death follows a thread, and a probe has no thread of its own.
	cmd.SysProcAttr.Pdeathsig = 0
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	timer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	err = cmd.Wait()
	timer.Stop()
	stop()
	if err != nil {
		return fmt.Errorf("%w: %s", err, clean(out.String()))
	}
	return nil
}
