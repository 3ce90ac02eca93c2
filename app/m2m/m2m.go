// Package m2m is M2M messaging as a service: one MQTT broker (5 and 3.1.1) per resource, which Halle's process driver
// starts and meters like any publisher's application.
//
// Owns: connections, credentials and sessions of one resource; the journal of what it accepted; the sealing and
// sending of its own usage.
// Does not own: prices, subscriptions, invoices; it knows a usage address and a token.
// Reads: app.json, token and devices.json of its private folder; the socket it was passed.
// Writes: devices.json, journal/, ca.pem, tls.crt, tls.key and control.sock there; CloudEvents to the usage address.
//
// # What an acknowledgement means
//
// A PUBACK or PUBREC leaves only when the message is on disk, together with the list of persistent sessions that it
// is owed to. Many messages share one fsync (package journal). The state of the broker is the fold of that journal
// (state.apply), so a kill at any moment loses nothing that was acknowledged: it is counted once, and delivered to
// every persistent subscriber that has not confirmed it. A device that repeats a message because the answer was lost
// sends a second message, unless it uses QoS 2, whose packet identifiers are journalled too. QoS 0 is counted when
// accepted and may be lost in a crash or by a slow receiver. A will is delivered, never counted; a delayed will does
// not survive a restart.
//
// A message that a persistent subscriber has no room for is refused (MQTT 5: reason 0x97; MQTT 3.1.1 has no refusal,
// so the connection ends), because what is acknowledged is never dropped. The same when the journal cannot be
// written (0x83). A device that sends faster than the plan allows is read more slowly.
//
// # How use is counted
//
// Every interval the broker journals a mark: the messages between two marks, by their place in the journal, are the
// interval. Then it builds the events, journals their bytes (the seal) and only then sends them, and sends the same
// bytes again until each is accepted or known. A process start begins a new epoch, so that no event identifier
// (resource/epoch/interval/meter) is ever used for two contents; the interval that a kill cut short is closed by the
// next start. After everything up to an instant is accepted, a watermark says so.
//
// # How to run it
//
// ReadConfig reads the folder, Run serves until its context ends or POST /seal arrives on control.sock (control.go
// lists the commands). The socket comes from the starter: LISTEN_FDS=1 and file descriptor 3, else listen. The process
// is its own: Run ignores SIGXFSZ.
package m2m

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/halle-cloud/halle/app/m2m/journal"
)

// service is a running broker with its meter and its control socket.
type service struct {
	cfg     Config
	log     *slog.Logger
	state   *state
	journal *journal.Journal
	devices *devices
	broker  *broker
	outbox  *outbox
	address string

	sealing  sync.Mutex // one interval is closed at a time
	stopping sync.Once
	quitting sync.Once
	quit     chan struct{} // closed by POST /seal
}

// Run serves the resource until ctx ends or it is told to seal. It then accepts nothing more, seals the open
// interval and sends what is left; after POST /seal it waits for that without limit, after ctx for the stop grace
// (what could not be sent stays in the journal for the next start). It returns nil when it ended as told.
func Run(ctx context.Context, cfg Config) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	signal.Ignore(unix.SIGXFSZ) // a limit on file sizes is to fail a write like a full disk, not to end the process
	unlock, err := lockFolder(cfg)
	if err != nil {
		return err
	}
	defer unlock()
	s := &service{cfg: cfg, log: slog.Default().With("resource", cfg.Resource), quit: make(chan struct{})}
	stop, err := s.open()
	if err != nil {
		return err
	}
	defer stop()

	work, cancel := context.WithCancel(context.Background())
	defer cancel()
	go s.outbox.run(work)
	tick := time.NewTicker(cfg.interval())
	defer tick.Stop()
	s.log.Info("serving", "address", s.address, "epoch", s.state.epoch)
	for {
		select {
		case <-tick.C:
			if s.broker.draining.Load() {
				continue
			}
			if err := s.closeInterval(); err != nil {
				s.log.Error("interval not sealed", "error", err)
			}
		case <-ctx.Done():
			grace, done := context.WithTimeout(context.Background(), time.Duration(cfg.StopGraceMS)*time.Millisecond)
			defer done()
			if err := s.drain(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return nil
		case <-s.quit:
			return s.drain(context.Background())
		}
	}
}

// lockFolder makes sure that one process serves a folder.
func lockFolder(cfg Config) (func(), error) {
	f, err := os.OpenFile(cfg.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("m2m: open lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("m2m: the folder is served by another process: %w", err)
	}
	return func() { _ = f.Close() }, nil
}

// open brings everything up in the order of dependence; stop takes it down again.
func (s *service) open() (stop func(), err error) {
	var undo []func()
	stop = func() {
		for _, f := range slices.Backward(undo) {
			f()
		}
	}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	if err := s.openStores(); err != nil {
		return nil, err
	}
	undo = append(undo, func() { _ = s.journal.Close() })
	if err := s.beginEpoch(); err != nil {
		return nil, err
	}
	tls, err := tlsConfig(s.cfg)
	if err != nil {
		return nil, err
	}
	socket, err := openSocket(s.cfg)
	if err != nil {
		return nil, err
	}
	s.address = socket.Addr().String()
	undo = append(undo, func() { _ = socket.Close() })
	if err := s.broker.start(newListener(socket, tls, s.broker)); err != nil {
		return nil, err
	}
	undo = append(undo, func() { _ = s.broker.srv.Close() })
	closeControl, err := s.serveControl()
	if err != nil {
		return nil, err
	}
	undo = append(undo, closeControl)
	return stop, nil
}

// openStores reads what the folder holds and makes the parts that work on it.
func (s *service) openStores() error {
	var err error
	if s.devices, err = openDevices(s.cfg); err != nil {
		return err
	}
	s.state = newState()
	s.journal, err = journal.Open(journal.Options{Dir: s.cfg.path(journalDir), SegmentBytes: s.cfg.SegmentBytes,
		Apply: s.state.apply, Snapshot: s.state.snapshot})
	if err != nil {
		return err
	}
	s.broker = newBroker(s.cfg, s.state, s.devices, s.log)
	s.broker.journal = s.journal
	s.outbox = newOutbox(s.cfg, s.state, s.journal, s.log)
	return nil
}

// drain stops accepting, seals what was accepted, and waits until all of it and its watermark are taken.
func (s *service) drain(ctx context.Context) error {
	s.stopping.Do(s.broker.stopAccepting) // a second caller waits for the first
	if err := s.closeInterval(); err != nil {
		return err
	}
	return s.outbox.flush(ctx)
}
