package shim

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// errPortTaken says that somebody else listens on the port, or on all of the range.
var errPortTaken = errors.New("the port is taken")

const backlog = 1024

// port is a bound TCP socket. It stays bound while it does not listen, so that nobody takes the port meanwhile.
type port struct {
	fd     int
	number int
	listen bool
}

// holdPort binds want, or when that is 0 any of from to to, or when those are 0 any port.
func holdPort(host string, want, from, to int) (*port, error) {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return nil, fmt.Errorf("address to bind: %w", err)
	}
	if want != 0 {
		return tryPort(addr, want)
	}
	if from == 0 {
		free, err := tryPort(addr, 0)
		if err != nil {
			return nil, err
		}
		defer free.close()
		// Bound by number the socket keeps its port also when it stops listening.
		return tryPort(addr, free.number)
	}
	for n := from; n <= to; n++ {
		p, err := tryPort(addr, n)
		if err == nil || !errors.Is(err, errPortTaken) {
			return p, err
		}
	}
	return nil, errPortTaken
}

func tryPort(addr netip.Addr, number int) (*port, error) {
	family := unix.AF_INET
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: number, Addr: four(addr)}
	if addr.Is6() {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: number, Addr: addr.As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	p := &port{fd: fd, number: number}
	if err := p.bind(sa); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *port) bind(sa unix.Sockaddr) error {
	if err := unix.SetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if err := unix.Bind(p.fd, sa); err != nil {
		if errors.Is(err, unix.EADDRINUSE) {
			return errPortTaken
		}
		return fmt.Errorf("bind: %w", err)
	}
	bound, err := unix.Getsockname(p.fd)
	if err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	switch bound := bound.(type) {
	case *unix.SockaddrInet4:
		p.number = bound.Port
	case *unix.SockaddrInet6:
		p.number = bound.Port
	}
	return nil
}

// open lets callers in; they wait in the backlog while no application runs.
func (p *port) open() error {
	if p.listen {
		return nil
	}
	if err := unix.Listen(p.fd, backlog); err != nil {
		if errors.Is(err, unix.EADDRINUSE) {
			return errPortTaken
		}
		return fmt.Errorf("listen: %w", err)
	}
	p.listen = true
	return nil
}

// shut turns callers away and keeps the port.
func (p *port) shut() {
	if p.listen {
		_ = unix.Shutdown(p.fd, unix.SHUT_RDWR)
		p.listen = false
	}
}

func (p *port) close() { _ = unix.Close(p.fd) }

// file gives a duplicate to pass on.
func (p *port) file() (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(p.fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	return os.NewFile(uintptr(fd), "listener"), nil
}

func four(addr netip.Addr) [4]byte {
	if !addr.Is4() && !addr.Is4In6() {
		return [4]byte{}
	}
	return addr.Unmap().As4()
}
