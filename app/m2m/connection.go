package m2m

import (
	"context"
	"net"
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"golang.org/x/time/rate"

	"github.com/halle-cloud/halle/app/m2m/journal"
)

// defaultWindow is how many unconfirmed deliveries are on the way to a device that names no maximum, and the most
// for one that does.
const defaultWindow = 1000

// conn is an established connection. Three goroutines work for it: mochi's reader calls the hook, steps answers what
// was read in the order of reading, and send delivers.
type conn struct {
	b       *broker
	cl      *mqtt.Client
	out     *corked
	device  string
	ses     *session
	limiter *rate.Limiter
	window  int
	ctx     context.Context
	cancel  context.CancelFunc

	steps chan step
	wake  chan struct{}
	light chan packets.Packet // QoS 0 on its way out; full means lost, as QoS 0 may be

	mu       sync.Mutex
	arriving map[uint16]bool // QoS 2 packets on their way into the journal

	cursor  int64 // next delivery to send; guarded by state.mu
	unacked int   // deliveries on their way; guarded by state.mu

	retained []wanted // subscriptions that wait for retained messages; reader only
}

// step is one answer that is due once its record is durable.
type step struct {
	ticket *journal.Ticket // nil: nothing to wait for
	owed   []debt          // reserved for the record
	live   []live          // handed on after the ticket
	msg    *message
	ack    byte // packet type of the answer; 0 none
	pid    uint16
	code   packets.Code
}

// wanted is a subscription whose retained messages are still to be sent.
type wanted struct {
	filter string
	qos    byte
	ids    []int
}

// OnSessionEstablished starts serving a connection whose device has its answer.
func (b *broker) OnSessionEstablished(cl *mqtt.Client, _ packets.Packet) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &conn{b: b, cl: cl, device: string(cl.Properties.Username), ctx: ctx, cancel: cancel, window: defaultWindow,
		steps: make(chan step, receiveMaximum), wake: make(chan struct{}, 1), light: make(chan packets.Packet, 256),
		arriving: map[uint16]bool{}}
	c.out, _ = cl.Net.Conn.(*corked) // the listener makes no others
	c.limiter = b.devices.limiter(c.device)
	if n := int(cl.Properties.Props.ReceiveMaximum); n > 0 && n < c.window {
		c.window = n
	}
	failing := b.journal.Err() != nil
	b.state.mu.Lock()
	c.ses = b.state.sessions[cl.ID]
	if c.ses == nil { // ended between answer and now, by another connection with the same identifier
		c.ses = newSession(sessionInfo{Client: cl.ID, Device: c.device, Version: cl.Properties.ProtocolVersion}, false)
	}
	c.ses.conn = c
	c.cursor = c.ses.first
	for _, d := range c.ses.items {
		if d != nil && failing {
			d.acked = false // the confirmation may not have become durable
		}
	}
	b.state.mu.Unlock()
	b.mu.Lock()
	b.conns[cl] = c
	b.answering.Add(1)
	b.mu.Unlock()
	b.put(&record{Kind: kindUp, Delta: 1})
	go c.answer()
	go c.send()
	if !b.devices.exists(c.device) || b.draining.Load() {
		b.drop(cl, packets.ErrAdministrativeAction) // removed while it connected
	}
}

// OnDisconnect ends what OnSessionEstablished began. The reader is gone; what it read is still answered.
func (b *broker) OnDisconnect(cl *mqtt.Client, _ error, expire bool) {
	b.mu.Lock()
	c := b.conns[cl]
	delete(b.conns, cl)
	b.mu.Unlock()
	if c == nil {
		return
	}
	c.cancel()
	close(c.steps)
	b.put(&record{Kind: kindUp, Delta: -1})
	b.state.mu.Lock()
	if c.ses.conn == c {
		c.ses.conn = nil
	}
	b.state.mu.Unlock()
	b.leave(cl, expire)
}

// leave gives the client identifier back, and ends the session when it does not outlive its connection.
func (b *broker) leave(cl *mqtt.Client, expire bool) {
	b.life.Lock()
	defer b.life.Unlock()
	b.mu.Lock()
	mine := b.owner[cl.ID] == cl
	if mine {
		delete(b.owner, cl.ID)
	}
	b.mu.Unlock()
	if !mine {
		return
	}
	b.state.mu.Lock()
	ses := b.state.sessions[cl.ID]
	durable := ses != nil && ses.durable
	if ses != nil && !durable {
		delete(b.state.sessions, cl.ID)
	}
	b.state.mu.Unlock()
	if durable && expire {
		b.put(&record{Kind: kindEnd, Client: cl.ID})
	}
}

// finish is called by the listener when a connection is over, however far it came.
func (b *broker) finish(nc net.Conn) {
	b.mu.Lock()
	cl := b.slots[nc]
	delete(b.slots, nc)
	b.mu.Unlock()
	if cl != nil {
		b.leave(cl, false)
	}
}

// OnClientExpired ends a persistent session whose device stayed away too long.
func (b *broker) OnClientExpired(cl *mqtt.Client) {
	b.life.Lock()
	defer b.life.Unlock()
	b.mu.Lock()
	absent := b.owner[cl.ID] == nil
	b.mu.Unlock()
	if absent {
		b.put(&record{Kind: kindEnd, Client: cl.ID})
	}
}

// OnPacketEncode announces the limits that mochi does not.
func (b *broker) OnPacketEncode(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	if pk.FixedHeader.Type == packets.Connack && cl.Properties.ProtocolVersion == 5 {
		pk.Properties.MaximumPacketSize = uint32(b.cfg.Limits.MessageBytes + packetSlack)
	}
	return pk
}

// poke tells the sender that there is something to do. A nil conn is an absent device.
func (c *conn) poke() {
	if c == nil {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// fail ends the connection because of a packet.
func (c *conn) fail(why packets.Code) error {
	if c.cl.Properties.ProtocolVersion == 5 {
		_ = c.b.srv.DisconnectClient(c.cl, why)
	}
	c.cl.Stop(why)
	return packets.ErrRejectPacket
}

// OnSubscribe keeps mochi from sending retained messages itself and notes what is to be sent after the answer.
func (b *broker) OnSubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	c := b.connOf(cl)
	if c == nil {
		return pk
	}
	filters := make(packets.Subscriptions, len(pk.Filters))
	copy(filters, pk.Filters)
	c.retained = c.retained[:0]
	for i := range filters {
		f := &filters[i]
		_, existed := cl.State.Subscriptions.Get(f.Filter)
		if skip := mqtt.IsSharedFilter(f.Filter) || f.RetainHandling == 2 || f.RetainHandling == 1 && existed; !skip {
			w := wanted{filter: f.Filter, qos: f.Qos}
			if f.Identifier > 0 {
				w.ids = []int{f.Identifier}
			}
			c.retained = append(c.retained, w)
		}
		f.RetainHandling = 2
	}
	pk.Filters = filters
	return pk
}

// OnSubscribed makes the subscriptions of a persistent session durable before the device hears of them.
func (b *broker) OnSubscribed(cl *mqtt.Client, pk packets.Packet, codes []byte) {
	c := b.connOf(cl)
	if c == nil {
		return
	}
	var subs []subInfo
	for i, f := range pk.Filters {
		if i < len(codes) && codes[i] <= packets.CodeGrantedQos2.Code {
			subs = append(subs, subInfoOf(f))
			continue
		}
		c.unwant(f.Filter)
	}
	if !c.durable() || len(subs) == 0 {
		return
	}
	if err := b.put(&record{Kind: kindSub, Client: cl.ID, Subs: subs}).Wait(); err != nil {
		for i := range codes {
			codes[i] = packets.ErrUnspecifiedError.Code
		}
		c.retained = nil
	}
}

// OnUnsubscribed makes the end of subscriptions durable.
func (b *broker) OnUnsubscribed(cl *mqtt.Client, pk packets.Packet) {
	c := b.connOf(cl)
	b.mu.Lock()
	mine := b.owner[cl.ID] == cl
	b.mu.Unlock()
	if c == nil || !mine || !c.durable() {
		return
	}
	var filters []string
	for _, f := range pk.Filters {
		filters = append(filters, f.Filter)
	}
	_ = b.put(&record{Kind: kindUnsub, Client: cl.ID, Filters: filters}).Wait()
}

func (c *conn) durable() bool {
	c.b.state.mu.Lock()
	defer c.b.state.mu.Unlock()
	return c.ses.durable
}

func (c *conn) unwant(filter string) {
	for i, w := range c.retained {
		if w.filter == filter {
			c.retained = append(c.retained[:i], c.retained[i+1:]...)
			return
		}
	}
}
