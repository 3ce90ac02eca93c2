package m2m

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

const (
	listenerID  = "mqtts"
	firstFD     = 3  // of inherited sockets
	unknownRoom = 64 // connections that have not yet said who they are, beyond the limit of the plan
	helloTime   = 10 * time.Second
)

// openSocket takes the socket that the starter passed (systemd's protocol: LISTEN_FDS=1, file descriptor 3,
// LISTEN_PID absent or ours), or listens on the configured address.
func openSocket(cfg Config) (net.Listener, error) {
	pid := os.Getenv("LISTEN_PID")
	if n, _ := strconv.Atoi(os.Getenv("LISTEN_FDS")); n >= 1 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		f := os.NewFile(firstFD, "inherited socket")
		defer func() { _ = f.Close() }()
		l, err := net.FileListener(f)
		if err != nil {
			return nil, fmt.Errorf("m2m: the inherited socket cannot be used: %w", err)
		}
		return l, nil
	}
	if cfg.Listen == "" {
		return nil, fmt.Errorf("m2m: no socket was passed and the configuration has no listen address")
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("m2m: listen: %w", err)
	}
	return l, nil
}

// listener accepts connections for mochi: with TLS, in bounded number, and with little time to introduce themselves.
type listener struct {
	net  net.Listener
	tls  *tls.Config
	b    *broker
	room chan struct{}
	once sync.Once

	mu   sync.Mutex
	open map[net.Conn]bool
}

func newListener(l net.Listener, t *tls.Config, b *broker) *listener {
	return &listener{net: l, tls: t, b: b, open: map[net.Conn]bool{}, room: make(chan struct{}, b.cfg.Limits.Connections+unknownRoom)}
}

// Init has nothing to do.
func (l *listener) Init(*slog.Logger) error { return nil }

// ID names the listener.
func (l *listener) ID() string { return listenerID }

// Address is where it listens.
func (l *listener) Address() string { return l.net.Addr().String() }

// Protocol is the network.
func (l *listener) Protocol() string { return l.net.Addr().Network() }

// Serve accepts until Close. While the broker drains, and beyond the room there is, connections are closed at once.
func (l *listener) Serve(establish listeners.EstablishFn) {
	pause := time.Millisecond
	for {
		nc, err := l.net.Accept()
		if err != nil {
			if ne, ok := err.(interface{ Temporary() bool }); ok && ne.Temporary() { // out of file descriptors
				time.Sleep(pause)
				pause = min(2*pause, time.Second)
				continue
			}
			return
		}
		pause = time.Millisecond
		select {
		case l.room <- struct{}{}:
			go l.serve(nc, establish)
		default:
			_ = nc.Close()
		}
	}
}

func (l *listener) serve(nc net.Conn, establish listeners.EstablishFn) {
	defer func() { <-l.room }()
	l.note(nc, true)
	defer l.note(nc, false)
	if l.b.draining.Load() {
		return
	}
	_ = nc.SetDeadline(time.Now().Add(helloTime))
	tc := tls.Server(nc, l.tls)
	if err := tc.Handshake(); err != nil {
		return
	}
	cc := &corked{Conn: tc}
	_ = establish(listenerID, cc) // the reason was told to the device
	l.b.finish(cc)
}

// note keeps the open connections, also those that have not said who they are; what is no longer open is closed.
func (l *listener) note(nc net.Conn, open bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if open {
		l.open[nc] = true
		return
	}
	delete(l.open, nc)
	_ = nc.Close()
}

// Close ends the socket and the connections.
func (l *listener) Close(listeners.CloseFn) {
	l.once.Do(func() {
		_ = l.net.Close()
		l.mu.Lock()
		defer l.mu.Unlock()
		for nc := range l.open {
			_ = nc.Close()
		}
	})
}
