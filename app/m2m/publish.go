package m2m

import (
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/halle-cloud/halle/app/m2m/journal"
)

// live is a debt to a session that ends with its connection, or at QoS 0: it is handed on, not journalled.
type live struct {
	ses  *session
	debt debt
}

// nothing replaces a packet that was dealt with here: mochi ignores an acknowledgement of what it does not know.
func nothing() packets.Packet {
	return packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}}
}

// OnPacketRead takes publications and acknowledgements away from mochi, which would acknowledge before it routes,
// and mixes the packet identifiers of both directions.
func (b *broker) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.FixedHeader.Type == packets.Connect {
		return pk, nil
	}
	c := b.connOf(cl)
	if c == nil {
		return pk, packets.ErrRejectPacket
	}
	var err error
	switch pk.FixedHeader.Type {
	case packets.Publish:
		err = c.publish(pk)
	case packets.Puback, packets.Pubcomp:
		c.confirmed(pk.PacketID)
	case packets.Pubrec:
		c.received(pk)
	case packets.Pubrel:
		c.released(pk.PacketID)
	default:
		return pk, nil
	}
	return nothing(), err
}

// publish accepts a message: check, route, journal; the answer follows when the record is durable.
func (c *conn) publish(pk packets.Packet) error {
	b := c.b
	if code := pk.PublishValidate(b.srv.Options.Capabilities.TopicAliasMaximum); code != packets.CodeSuccess {
		return c.fail(code)
	}
	if pk.Properties.TopicAliasFlag {
		pk.TopicName = c.cl.State.TopicAliases.Inbound.Set(pk.Properties.TopicAlias, pk.TopicName)
	}
	if pk.TopicName == "" || !mqtt.IsValidFilter(pk.TopicName, true) {
		return c.fail(packets.ErrTopicNameInvalid)
	}
	if len(pk.Payload) > b.cfg.Limits.MessageBytes {
		return c.fail(packets.ErrPacketTooLarge)
	}
	if err := c.limiter.Wait(c.ctx); err != nil {
		return packets.ErrRejectPacket // the connection ended meanwhile
	}
	qos := pk.FixedHeader.Qos
	st := step{pid: pk.PacketID, ack: [3]byte{0, packets.Puback, packets.Pubrec}[qos]}
	if !b.devices.mayUse(c.device, pk.TopicName, false) {
		return c.refuse(st, packets.ErrNotAuthorized)
	}
	if qos == 2 && c.repeated(pk.PacketID) {
		c.steps <- st
		return nil
	}
	m := messageOf(pk, c.device, c.cl.ID, b.now())
	owed, handed, code := b.route(m, pk.Payload)
	if code != packets.CodeSuccess {
		c.gone(pk.PacketID)
		return c.refuse(st, code)
	}
	r := &record{Kind: kindPub, Msg: m, Owed: owed, payload: pk.Payload}
	if qos == 2 {
		r.Pid = pk.PacketID
	}
	b.journal.Room()
	st.msg, st.owed, st.live, st.ticket = m, owed, handed, b.accept(r)
	c.steps <- st
	return nil
}

// accept journals a publication. QoS 0 without retention is recorded for the count, without its payload.
func (b *broker) accept(r *record) *journal.Ticket {
	if r.Msg.QoS == 0 && !r.Msg.Retain && len(r.Owed) == 0 {
		r.payload = nil
	}
	return b.put(r)
}

// release gives reservations back whose record did not become durable; state.publish does it for the others.
func (b *broker) release(owed []debt) {
	b.state.mu.Lock()
	defer b.state.mu.Unlock()
	for _, d := range owed {
		if ses := b.state.sessions[d.Client]; ses != nil {
			ses.unreserve()
		}
	}
}

func messageOf(pk packets.Packet, device, client string, at int64) *message {
	m := &message{Device: device, Client: client, Topic: pk.TopicName, QoS: pk.FixedHeader.Qos,
		Retain: pk.FixedHeader.Retain, At: at, Bytes: int64(len(pk.Payload)), payload: pk.Payload}
	p := pk.Properties
	if p.MessageExpiryInterval > 0 {
		m.Expires = at/1000 + int64(p.MessageExpiryInterval)
	}
	if p.PayloadFormatFlag || p.ContentType != "" || p.ResponseTopic != "" || p.CorrelationData != nil || p.User != nil {
		m.Props = &msgProp{ContentType: p.ContentType, ResponseTopic: p.ResponseTopic, Correlation: p.CorrelationData, User: p.User}
		if p.PayloadFormatFlag {
			m.Props.Format = &p.PayloadFormat
		}
	}
	return m
}

// route finds the receivers of a message. Debts to persistent sessions travel in the record; a full one refuses the
// message, because what is acknowledged is never dropped. The other receivers get it live.
func (b *broker) route(m *message, payload []byte) (owed []debt, handed []live, code packets.Code) {
	subs := b.srv.Topics.Subscribers(m.Topic)
	if len(subs.Shared) > 0 {
		subs.SelectShared()
		subs.MergeSharedSelected()
	}
	b.state.mu.Lock()
	defer b.state.mu.Unlock()
	if m.Retain && len(payload) > 0 && b.state.retained[m.Topic] == nil && len(b.state.retained) >= b.cfg.Limits.Retained {
		return nil, nil, packets.ErrQuotaExceeded
	}
	for id, sub := range subs.Subscriptions {
		ses := b.state.sessions[id]
		if ses == nil || sub.NoLocal && id == m.Client {
			continue
		}
		d := debt{Client: id, QoS: min(m.QoS, sub.Qos), Retain: m.Retain && sub.RetainAsPublished && ses.info.Version == 5}
		for _, n := range sub.Identifiers {
			if n > 0 {
				d.SubIDs = append(d.SubIDs, n)
			}
		}
		switch {
		case d.QoS == 0 || !ses.durable:
			handed = append(handed, live{ses, d})
		case ses.full(b.cfg.Limits.Queued):
			return nil, nil, packets.ErrQuotaExceeded
		default:
			owed = append(owed, d)
		}
	}
	for _, d := range owed {
		b.state.sessions[d.Client].reserved++
	}
	return owed, handed, packets.CodeSuccess
}

// refuse answers with a reason where the protocol has one (MQTT 5, QoS 1 and 2); QoS 0 is dropped in silence and an
// older device, which could only be told success, loses its connection.
func (c *conn) refuse(st step, why packets.Code) error {
	if st.ack == 0 {
		return nil
	}
	if c.cl.Properties.ProtocolVersion < 5 {
		return c.fail(why)
	}
	st.code = why
	c.steps <- st
	return nil
}

// repeated notes an arriving QoS 2 packet; true when it was received before and not yet released.
func (c *conn) repeated(pid uint16) bool {
	c.b.state.mu.Lock()
	known := c.ses.inbound[pid]
	c.b.state.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if known || c.arriving[pid] {
		return true
	}
	c.arriving[pid] = true
	return false
}

func (c *conn) gone(pid uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.arriving, pid)
}

// released ends the QoS 2 exchange of a packet that the device sent. The identifier is free again once the journal
// knows it, so that no later message is taken for a repetition.
func (c *conn) released(pid uint16) {
	st := step{ack: packets.Pubcomp, pid: pid}
	c.b.state.mu.Lock()
	durable, known := c.ses.durable, c.ses.inbound[pid]
	if !durable {
		delete(c.ses.inbound, pid)
	}
	c.b.state.mu.Unlock()
	c.mu.Lock()
	known = known || c.arriving[pid]
	delete(c.arriving, pid)
	c.mu.Unlock()
	if durable && known {
		st.ticket = c.b.put(&record{Kind: kindRel, Client: c.cl.ID, Pid: pid})
	}
	if !known {
		st.code = packets.ErrPacketIdentifierNotFound
	}
	c.steps <- st
}

// answer works off the steps of a connection in their order, also after it has ended. Answers that are due together
// leave together.
func (c *conn) answer() {
	defer c.b.answering.Add(-1)
	holding := false
	for st := range c.steps {
		if holding && st.ticket != nil && !st.ticket.Done() {
			c.out.uncork()
			holding = false
		}
		var err error
		if st.ticket != nil {
			err = st.ticket.Wait()
		}
		if !holding {
			c.out.cork()
			holding = true
		}
		c.finish(st, err)
		if len(c.steps) == 0 {
			c.out.uncork()
			holding = false
		}
	}
	if holding {
		c.out.uncork()
	}
}

// finish does what a step is for, once its record is durable or has failed.
func (c *conn) finish(st step, err error) {
	if err != nil {
		c.gone(st.pid)
		c.b.release(st.owed)
		if c.cl.Properties.ProtocolVersion < 5 {
			c.cl.Stop(packets.ErrServerUnavailable)
			return
		}
		st.code = packets.ErrImplementationSpecificError
		st.code.Reason = "not accepted: the journal cannot be written"
	} else if st.msg != nil {
		c.b.hand(st.msg, st.live)
	}
	if st.ack != 0 {
		c.write(st)
	}
}

// write sends one acknowledgement.
func (c *conn) write(st step) {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: st.ack}, PacketID: st.pid, ReasonCode: st.code.Code}
	if st.ack == packets.Pubrel {
		pk.FixedHeader.Qos = 1
	}
	if st.code.Code >= packets.ErrUnspecifiedError.Code {
		pk.Properties.ReasonString = st.code.Reason
	}
	if st.ack == packets.Pubrec && st.code.Code >= packets.ErrUnspecifiedError.Code {
		c.gone(st.pid)
	}
	if err := c.cl.WritePacket(pk); err != nil {
		c.cl.Stop(err)
	}
}

// OnWill publishes a will through the journal, uncounted, and gives mochi an empty one in its place.
func (b *broker) OnWill(cl *mqtt.Client, w mqtt.Will) (mqtt.Will, error) {
	delay := cl.Properties.Will.WillDelayInterval
	cl.Properties.Will.WillDelayInterval = 0
	c := b.connOf(cl)
	if c != nil {
		pk := packets.Packet{FixedHeader: packets.FixedHeader{Qos: w.Qos, Retain: w.Retain}, TopicName: w.TopicName, Payload: w.Payload}
		pk.Properties.User = w.User
		m := messageOf(pk, c.device, cl.ID, b.now())
		b.sendWill(cl, m, delay)
	}
	return mqtt.Will{TopicName: "$halle/will"}, nil // no filter reaches a topic that begins with a dollar sign
}

// mayFilter says whether a topic or filter is inside a prefix; topics that begin with $ belong to the broker.
func mayFilter(topic, prefix string, filter bool) bool {
	if filter && mqtt.IsSharedFilter(topic) {
		parts := strings.SplitN(topic, "/", 3)
		if len(parts) < 3 {
			return false
		}
		topic = parts[2]
	}
	return !strings.HasPrefix(topic, "$") && strings.HasPrefix(topic, prefix)
}
