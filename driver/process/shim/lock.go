package shim

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The locks are open file description locks: a process that inherits the descriptor holds the lock too, the kernel
// releases it when the last of them ends however it ends, and anybody may ask whether it is held without taking it.

// takeLock opens and locks the file. held is false when somebody else has it.
func takeLock(path string) (f *os.File, held bool, err error) {
	f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("lock: %w", err)
	}
	err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	if err == nil {
		return f, true, nil
	}
	_ = f.Close()
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return nil, false, nil
	}
	return nil, false, fmt.Errorf("lock: %w", err)
}

// lockHeld tells whether somebody holds the lock of the file.
func lockHeld(path string) (bool, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at lock: %w", err)
	}
	defer func() { _ = f.Close() }()
	l := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &l); err != nil {
		return false, fmt.Errorf("look at lock: %w", err)
	}
	return l.Type != unix.F_UNLCK, nil
}

// Alive tells whether a shim runs for the folder.
func Alive(dir string) (bool, error) { return lockHeld(filepath.Join(dir, lockFile)) }

// ChildAlive tells whether a process of the application runs for the folder, with or without a shim.
func ChildAlive(dir string) (bool, error) { return lockHeld(filepath.Join(dir, childFile)) }
