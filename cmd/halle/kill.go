package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// killApplication ends the application of a resource's folder as a power cut would, and leaves its shim. Only for the
// demo, which wants to show that nothing acknowledged is lost.
func killApplication(folder string) error {
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	parents := map[int]int{}
	shim := 0
	for _, file := range processes {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		parents[pid] = parentOf(pid)
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte("\x00shim\x00")) && bytes.Contains(line, []byte(folder)) {
			shim = pid
		}
	}
	if shim == 0 {
		return fmt.Errorf("no shim runs for %s", folder)
	}
	for pid, parent := range parents {
		if parent == shim {
			return syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return errors.New("the shim has no application")
}

func parentOf(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	after := b[bytes.LastIndexByte(b, ')')+1:] // the name may hold anything
	fields := bytes.Fields(after)
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	return parent
}
