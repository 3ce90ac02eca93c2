package m2m

import (
	"errors"
	"strings"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// hand passes an accepted message to the receivers that are not in its record.
func (b *broker) hand(m *message, to []live) {
	if len(to) == 0 {
		return
	}
	b.state.mu.Lock()
	defer b.state.mu.Unlock()
	for _, l := range to {
		c := l.ses.conn
		switch {
		case c == nil:
		case l.debt.QoS == 0:
			select {
			case c.light <- packetOf(&delivery{msg: m, retain: l.debt.Retain, subIDs: l.debt.SubIDs}, false):
			default: // too slow: QoS 0 may be lost
			}
		case !l.ses.full(b.cfg.Limits.Queued):
			l.ses.push(m, l.debt)
			c.poke()
		}
	}
}

// packetOf is the packet that carries a delivery.
func packetOf(d *delivery, dup bool) packets.Packet {
	m := d.msg
	pk := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: d.qos, Retain: d.retain, Dup: dup},
		TopicName:   m.Topic, Payload: m.payload, Origin: m.Client, Created: m.At / 1000, Expiry: m.Expires,
	}
	if d.qos > 0 {
		pk.PacketID = packetID(d.n)
	}
	pk.Properties.SubscriptionIdentifier = d.subIDs
	if p := m.Props; p != nil {
		pk.Properties.ContentType, pk.Properties.ResponseTopic = p.ContentType, p.ResponseTopic
		pk.Properties.CorrelationData, pk.Properties.User = p.Correlation, p.User
		if p.Format != nil {
			pk.Properties.PayloadFormat, pk.Properties.PayloadFormatFlag = *p.Format, true
		}
	}
	return pk
}

// send delivers until the connection ends: first everything the session is owed from before, in order.
func (c *conn) send() {
	for {
		for {
			batch, expired := c.due()
			for _, d := range expired {
				c.complete(d)
			}
			c.out.cork()
			for _, pk := range batch {
				c.deliver(pk)
			}
			c.out.uncork()
			if len(batch) == 0 && len(expired) == 0 {
				break
			}
		}
		select {
		case <-c.ctx.Done():
			return
		case <-c.wake:
		case pk := <-c.light:
			c.deliver(pk)
		}
	}
}

// due takes the next deliveries that the window of the device allows.
func (c *conn) due() (batch []packets.Packet, expired []*delivery) {
	s := &c.b.state.mu
	s.Lock()
	defer s.Unlock()
	now := c.b.cfg.Clock().Unix()
	if c.ctx.Err() != nil || c.ses.conn != c {
		return nil, nil
	}
	c.cursor = max(c.cursor, c.ses.first)
	end := c.ses.first + int64(len(c.ses.items))
	for ; c.cursor < end && c.unacked < c.window && len(batch) < 64; c.cursor++ {
		d := c.ses.at(c.cursor)
		switch {
		case d == nil || d.acked:
		case d.released:
			c.unacked++
			batch = append(batch, packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pubrel, Qos: 1}, PacketID: packetID(d.n)})
		case d.msg.Expires > 0 && d.msg.Expires <= now && !d.sent:
			c.unacked++ // complete gives it back
			expired = append(expired, d)
		default:
			c.unacked++
			batch = append(batch, packetOf(d, d.sent))
			d.sent = true
		}
	}
	return batch, expired
}

// deliver writes one packet. What the device says it cannot take counts as delivered, as the protocol demands.
func (c *conn) deliver(pk packets.Packet) {
	err := c.cl.WritePacket(pk)
	switch {
	case err == nil:
	case errors.Is(err, packets.ErrPacketTooLarge):
		if pk.FixedHeader.Qos > 0 {
			c.confirmed(pk.PacketID)
		}
	default:
		c.cl.Stop(err)
	}
}

// confirmed ends a delivery: the device has it.
func (c *conn) confirmed(pid uint16) {
	c.b.state.mu.Lock()
	d := c.ses.byPacket(pid)
	c.b.state.mu.Unlock()
	if d != nil {
		c.complete(d)
	}
}

func (c *conn) complete(d *delivery) {
	c.b.state.mu.Lock()
	if d.acked || c.ses.at(d.n) != d {
		c.b.state.mu.Unlock()
		return
	}
	durable := c.ses.durable
	d.acked = true
	c.unacked = max(0, c.unacked-1)
	if !durable {
		c.ses.confirm(d.n)
	}
	c.b.state.mu.Unlock()
	if durable {
		c.b.put(&record{Kind: kindAck, Client: c.cl.ID, N: d.n})
	}
	c.poke()
}

// received is the first half of the confirmation at QoS 2: the release follows when the journal knows, so that a
// crash cannot make the message appear twice.
func (c *conn) received(pk packets.Packet) {
	st := step{ack: packets.Pubrel, pid: pk.PacketID}
	c.b.state.mu.Lock()
	d := c.ses.byPacket(pk.PacketID)
	durable := c.ses.durable
	if d != nil && !durable {
		d.released = true
	}
	c.b.state.mu.Unlock()
	switch {
	case d == nil:
		st.code = packets.ErrPacketIdentifierNotFound
	case pk.ReasonCode >= packets.ErrUnspecifiedError.Code: // the device refuses the message: that ends it
		c.complete(d)
		return
	case durable:
		st.ticket = c.b.put(&record{Kind: kindRec, Client: c.cl.ID, N: d.n})
	}
	c.steps <- st
}

// OnPacketProcessed sends retained messages after the answer to a subscription.
func (b *broker) OnPacketProcessed(cl *mqtt.Client, pk packets.Packet, err error) {
	if pk.FixedHeader.Type != packets.Subscribe || err != nil {
		return
	}
	c := b.connOf(cl)
	if c == nil {
		return
	}
	for _, w := range c.retained {
		b.sendRetained(c, w)
	}
	c.retained = nil
}

func (b *broker) sendRetained(c *conn, w wanted) {
	now := b.cfg.Clock().Unix()
	var journalled []*record
	var expired []string
	b.state.mu.Lock()
	for topic, m := range b.state.retained {
		switch {
		case !matches(w.filter, topic):
		case m.Expires > 0 && m.Expires <= now:
			expired = append(expired, topic)
		default:
			d := debt{Client: c.cl.ID, QoS: min(m.QoS, w.qos), Retain: true, SubIDs: w.ids}
			if d.QoS == 0 {
				select {
				case c.light <- packetOf(&delivery{msg: m, retain: true, subIDs: w.ids}, false):
				default:
				}
			} else if c.ses.full(b.cfg.Limits.Queued) {
				continue
			} else if c.ses.durable {
				journalled = append(journalled, &record{Kind: kindOwe, Topic: topic, Owed: []debt{d}})
			} else {
				c.ses.push(m, d)
			}
		}
	}
	b.state.mu.Unlock()
	for _, r := range journalled {
		b.put(r)
	}
	for _, topic := range expired {
		b.put(&record{Kind: kindUnretain, Topic: topic})
	}
	c.poke()
}

// matches says whether a topic falls under a filter (MQTT 5, section 4.7).
func matches(filter, topic string) bool {
	for {
		f, frest, fmore := strings.Cut(filter, "/")
		t, trest, tmore := strings.Cut(topic, "/")
		switch {
		case f == "#":
			return true
		case f != "+" && f != t:
			return false
		case !fmore && !tmore:
			return true
		case fmore && !tmore:
			return frest == "#"
		case !fmore:
			return false
		}
		filter, topic = frest, trest
	}
}

// sendWill publishes a will now or after its delay, unless the device is back by then.
func (b *broker) sendWill(cl *mqtt.Client, m *message, delay uint32) {
	if delay > 0 {
		time.AfterFunc(time.Duration(delay)*time.Second, func() {
			b.mu.Lock()
			back := b.owner[cl.ID] != nil
			b.mu.Unlock()
			if !back {
				b.sendWill(cl, m, 0)
			}
		})
		return
	}
	owed, handed, code := b.route(m, m.payload)
	if code != packets.CodeSuccess {
		return
	}
	if err := b.accept(&record{Kind: kindPub, Msg: m, Owed: owed, Free: true, payload: m.payload}).Wait(); err != nil {
		b.release(owed)
		return
	}
	b.hand(m, handed)
}
