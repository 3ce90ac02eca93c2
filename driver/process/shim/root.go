package shim

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Where things are in the application's own root. There is no /proc: as the user of a broker that runs as root, one
// could write the machine's settings through it.
const (
	insideDir     = "/data"
	insideProgram = "/bin/app"
)

// buildRoot makes a file system of the folder, the program and nothing else, and moves into it. It runs as the first
// process of its own user, mount, process and network namespaces.
func (st *stage) buildRoot(libs []string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := unix.Mount("tmpfs", st.Root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755,size=1m"); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if err := bind(st.Dir, st.Root+insideDir, true, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC); err != nil {
		return err
	}
	if err := bind(st.Command[0], st.Root+insideProgram, false, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV); err != nil {
		return err
	}
	for _, lib := range libs {
		if err := bind(lib, st.Root+lib, true, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV); err != nil {
			return err
		}
	}
	for _, device := range []string{"/dev/null", "/dev/urandom"} {
		if err := bind(device, st.Root+device, false, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC); err != nil {
			return err
		}
	}
	if err := os.Mkdir(st.Root+"/tmp", 0o700); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if err := unix.Mount("tmpfs", st.Root+"/tmp", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=700,size=16m"); err != nil {
		return fmt.Errorf("tmp: %w", err)
	}
	st.Command = withDir(append([]string{insideProgram}, st.Command[1:]...), insideDir)
	return moveInto(st.Root)
}

// moveInto makes root the root and forgets the old one.
func moveInto(root string) error {
	if err := os.Chdir(root); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the old root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if err := unix.MountSetattr(-1, "/", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
		return fmt.Errorf("read-only root: %w", err)
	}
	return os.Chdir(insideDir)
}

// bind shows one file or folder at another place. Attributes are added to those the mount has, which a user
// namespace may not take away.
func bind(from, to string, folder bool, attributes uint64) error {
	if folder {
		if err := os.MkdirAll(to, 0o755); err != nil {
			return fmt.Errorf("root: %w", err)
		}
	} else {
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return fmt.Errorf("root: %w", err)
		}
		if err := os.WriteFile(to, nil, 0o600); err != nil {
			return fmt.Errorf("root: %w", err)
		}
	}
	if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("show %s: %w", filepath.Base(from), err)
	}
	if err := unix.MountSetattr(-1, to, unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: attributes}); err != nil {
		return fmt.Errorf("protect %s: %w", filepath.Base(from), err)
	}
	return nil
}
