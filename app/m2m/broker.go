package m2m

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/halle-cloud/halle/app/m2m/journal"
)

// receiveMaximum is how many unacknowledged messages a device may have on the way to us; more wait in its socket.
const receiveMaximum = 1000

// packetSlack is what topic and properties may add to a payload in the packet size that is announced.
const packetSlack = 128 << 10

// broker joins mochi (connections, packets, subscription index) to the journal (what was accepted, what is owed).
// mochi's own in-flight store stays empty: deliveries above QoS 0 are ours, see deliver.go.
type broker struct {
	mqtt.HookBase
	cfg      Config
	log      *slog.Logger
	srv      *mqtt.Server
	journal  *journal.Journal
	state    *state
	devices  *devices
	draining atomic.Bool

	// life is held while it is decided what becomes of a session and until that is durable; mu only for the maps.
	life  sync.Mutex
	mu    sync.Mutex
	owner map[string]*mqtt.Client // who holds a client identifier
	slots map[net.Conn]*mqtt.Client
	conns map[*mqtt.Client]*conn

	answering atomic.Int64 // connections whose packets are not all answered yet
}

func newBroker(cfg Config, st *state, dev *devices, log *slog.Logger) *broker {
	caps := mqtt.NewDefaultServerCapabilities()
	caps.MaximumClients = int64(cfg.Limits.Connections)
	caps.MaximumPacketSize = uint32(2*cfg.Limits.MessageBytes + packetSlack)
	caps.MaximumSessionExpiryInterval = cfg.Limits.SessionSeconds
	caps.MaximumMessageExpiryInterval = 0
	caps.ReceiveMaximum = receiveMaximum
	caps.MaximumClientWritesPending = 16 // mochi's own queue is not used
	b := &broker{cfg: cfg, log: log, state: st, devices: dev,
		owner: map[string]*mqtt.Client{}, slots: map[net.Conn]*mqtt.Client{}, conns: map[*mqtt.Client]*conn{}}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil)) // mochi logs whole packets: payloads and passwords
	b.srv = mqtt.New(&mqtt.Options{Capabilities: caps, Logger: quiet, SysTopicResendInterval: 3600})
	st.enqueued = func(s *session) { s.conn.poke() }
	return b
}

// start restores the sessions that the journal knows and serves the listener.
func (b *broker) start(l *listener) error {
	if err := b.srv.AddHook(b, nil); err != nil {
		return fmt.Errorf("m2m: attach: %w", err)
	}
	if err := b.loadSessions(); err != nil {
		return err
	}
	if err := b.srv.AddListener(l); err != nil {
		return fmt.Errorf("m2m: listen: %w", err)
	}
	if err := b.srv.Serve(); err != nil {
		return fmt.Errorf("m2m: serve: %w", err)
	}
	return nil
}

// loadSessions tells mochi about persistent sessions, so that it resumes them and routes to them while absent.
func (b *broker) loadSessions() error {
	var over []string
	b.state.mu.Lock()
	for id, ses := range b.state.sessions {
		if ses.info.Version == 5 && ses.info.Expiry == 0 { // ended with the connection that the crash cut
			over = append(over, id)
			continue
		}
		cl := b.srv.NewClient(nil, listenerID, id, false)
		cl.Properties.Username = []byte(ses.info.Device)
		cl.Properties.ProtocolVersion = ses.info.Version
		cl.Properties.Props.SessionExpiryInterval = ses.info.Expiry
		cl.Properties.Props.SessionExpiryIntervalFlag = ses.info.Version == 5
		cl.Stop(packets.ErrServerShuttingDown)
		b.srv.Clients.Add(cl)
		for _, sub := range ses.subs {
			ps := packets.Subscription{Filter: sub.Filter, Qos: sub.QoS, NoLocal: sub.NoLocal,
				RetainAsPublished: sub.AsRetained, Identifier: sub.Identifier, RetainHandling: 2}
			b.srv.Topics.Subscribe(id, ps)
			cl.State.Subscriptions.Add(sub.Filter, ps)
		}
		for _, d := range ses.items {
			if d != nil {
				d.sent = true // it may have been: the receiver must be told that this could be a repetition
			}
		}
	}
	b.state.mu.Unlock()
	for _, id := range over {
		if err := b.put(&record{Kind: kindEnd, Client: id}).Wait(); err != nil {
			return err
		}
	}
	return nil
}

// put journals a record; its time is now.
func (b *broker) put(r *record) *journal.Ticket {
	r.At = b.now()
	raw, err := r.encode()
	if err != nil {
		b.log.Error("record not encoded", "kind", r.Kind, "error", err)
		raw = nil // refused by the journal, so that the ticket fails
	}
	return b.journal.Append(raw)
}

func (b *broker) now() int64 { return b.cfg.Clock().UnixMilli() }

// ID names the hook.
func (b *broker) ID() string { return "halle-m2m" }

// Provides lists what the hook takes part in.
func (b *broker) Provides(what byte) bool {
	switch what {
	case mqtt.OnConnect, mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnSessionEstablished, mqtt.OnDisconnect,
		mqtt.OnPacketRead, mqtt.OnPacketEncode, mqtt.OnPacketProcessed, mqtt.OnSubscribe, mqtt.OnSubscribed,
		mqtt.OnUnsubscribed, mqtt.OnWill, mqtt.OnClientExpired:
		return true
	}
	return false
}

// OnConnectAuthenticate always agrees: OnConnect has done the work and refused with the right reason.
func (b *broker) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

// OnACLCheck is asked for the filters of a subscription.
func (b *broker) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	return b.devices.mayUse(string(cl.Properties.Username), topic, !write)
}

// OnConnect authenticates and prepares the session before the device gets its answer.
func (b *broker) OnConnect(cl *mqtt.Client, pk packets.Packet) error {
	code := b.admit(cl, pk)
	if code == packets.CodeSuccess {
		if err := b.openSession(cl, pk); err != nil {
			b.log.Error("session not journalled", "error", err)
			code = packets.ErrServerUnavailable
		}
	}
	if code == packets.CodeSuccess {
		return nil
	}
	if cl.Properties.ProtocolVersion < 5 {
		if _, ok := packets.V5CodesToV3[code]; !ok {
			code = packets.ErrServerUnavailable
		}
	}
	return errors.Join(code, b.srv.SendConnack(cl, code, false, nil))
}

// admit checks who connects and whether there is room.
func (b *broker) admit(cl *mqtt.Client, pk packets.Packet) packets.Code {
	device := string(pk.Connect.Username)
	switch {
	case b.draining.Load():
		return packets.ErrServerUnavailable
	case !b.devices.check(device, pk.Connect.Password):
		return packets.ErrBadUsernameOrPassword
	case len(cl.ID) > 256:
		return packets.ErrClientIdentifierNotValid
	case pk.Connect.WillFlag && (!mqtt.IsValidFilter(pk.Connect.WillTopic, true) || !b.devices.mayUse(device, pk.Connect.WillTopic, false)):
		return packets.ErrBadUsernameOrPassword
	case len(pk.Connect.WillPayload) > b.cfg.Limits.MessageBytes:
		return packets.ErrPacketTooLarge
	}
	b.state.mu.Lock()
	ses := b.state.sessions[cl.ID]
	foreign := ses != nil && ses.info.Device != device
	b.state.mu.Unlock()
	if foreign { // a client identifier names a session; it belongs to the device that opened it
		return packets.ErrClientIdentifierNotValid
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.slots) >= b.cfg.Limits.Connections {
		return packets.ErrServerBusy
	}
	b.slots[cl.Net.Conn] = cl
	return packets.CodeSuccess
}

// openSession decides whether the session is resumed, replaced or new, and journals that.
func (b *broker) openSession(cl *mqtt.Client, pk packets.Packet) error {
	p := cl.Properties
	durable := p.ProtocolVersion == 5 && p.Props.SessionExpiryInterval > 0 || p.ProtocolVersion < 5 && !p.Clean
	info := sessionInfo{Client: cl.ID, Device: string(p.Username), Version: p.ProtocolVersion,
		Expiry: min(p.Props.SessionExpiryInterval, b.cfg.Limits.SessionSeconds)}
	b.life.Lock()
	defer b.life.Unlock()
	b.mu.Lock()
	b.owner[cl.ID] = cl
	b.mu.Unlock()
	b.state.mu.Lock()
	old := b.state.sessions[cl.ID]
	resume := old != nil && !pk.Connect.Clean && (old.durable || old.info.Version == 5)
	ended := old != nil && old.durable && !resume
	journalled := durable || resume && old.durable
	adopted := resume && !old.durable && journalled
	if old != nil && !old.durable && (!resume || journalled) {
		delete(b.state.sessions, cl.ID)
	}
	b.state.mu.Unlock()

	var wait *journal.Ticket
	if ended {
		wait = b.put(&record{Kind: kindEnd, Client: cl.ID})
	}
	if journalled {
		wait = b.put(&record{Kind: kindSession, Session: &info})
		if prev, ok := b.srv.Clients.Get(cl.ID); ok && adopted {
			wait = b.put(&record{Kind: kindSub, Client: cl.ID, Subs: subsOf(prev)})
		}
	}
	if wait != nil {
		if err := wait.Wait(); err != nil {
			return err
		}
	}
	b.state.mu.Lock()
	defer b.state.mu.Unlock()
	if !journalled && !resume {
		b.state.sessions[cl.ID] = newSession(info, false)
	}
	return nil
}

// subsOf lists what a connected client subscribes to.
func subsOf(cl *mqtt.Client) []subInfo {
	var out []subInfo
	for _, f := range cl.State.Subscriptions.GetAll() {
		out = append(out, subInfoOf(f))
	}
	return out
}

func subInfoOf(f packets.Subscription) subInfo {
	return subInfo{Filter: f.Filter, QoS: f.Qos, NoLocal: f.NoLocal, AsRetained: f.RetainAsPublished, Identifier: f.Identifier}
}

// drop ends a connection, telling an MQTT 5 device why.
func (b *broker) drop(cl *mqtt.Client, why packets.Code) {
	if cl.Properties.ProtocolVersion != 5 {
		cl.Stop(why)
		return
	}
	_ = cl.Net.Conn.SetWriteDeadline(time.Now().Add(time.Second)) // its peer may read nothing
	go func() { _ = b.srv.DisconnectClient(cl, why) }()
}

func (b *broker) connOf(cl *mqtt.Client) *conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.conns[cl]
}

// dropDevice ends all connections of a device at once.
func (b *broker) dropDevice(device string) {
	for _, c := range b.connections() {
		if c.device == device {
			b.drop(c.cl, packets.ErrAdministrativeAction)
		}
	}
}

func (b *broker) connections() []*conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]*conn, 0, len(b.conns))
	for _, c := range b.conns {
		out = append(out, c)
	}
	return out
}

// stopAccepting refuses new connections, ends those there are, and returns when the last packet is dealt with.
func (b *broker) stopAccepting() {
	b.draining.Store(true)
	b.mu.Lock()
	open := slices.Collect(maps.Values(b.slots))
	b.mu.Unlock()
	for _, cl := range open {
		b.drop(cl, packets.ErrServerShuttingDown)
	}
	for {
		b.mu.Lock()
		left := len(b.slots)
		b.mu.Unlock()
		if left == 0 && b.answering.Load() == 0 {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}
