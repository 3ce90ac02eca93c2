package m2m

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/mochi-mqtt/server/v2/packets"
)

// The kinds of journal records. state.apply says what each does.
const (
	kindEpoch    = "epoch"    // the process started: Epoch is its number
	kindPub      = "pub"      // a message was accepted: Msg, Owed; Pid when it came at QoS 2
	kindOwe      = "owe"      // a new subscription is owed the retained message of Topic
	kindAck      = "ack"      // a persistent session has received delivery N
	kindRec      = "rec"      // a persistent session has confirmed the first half of QoS 2 for delivery N
	kindRel      = "rel"      // a persistent session has released its own QoS 2 packet Pid
	kindSession  = "session"  // a persistent session began or was resumed
	kindEnd      = "end"      // a session ended; nothing is owed to it any more
	kindSub      = "sub"      // a persistent session subscribed
	kindUnsub    = "unsub"    // a persistent session gave subscriptions up
	kindUp       = "up"       // connections changed by Delta
	kindMark     = "mark"     // the open interval ends at this place of the journal
	kindSeal     = "seal"     // Sealed holds the bytes that are sent for an interval
	kindSent     = "sent"     // everything up to interval Epoch/N was accepted, watermark included
	kindUnretain = "unretain" // a retained message expired: Topic
	kindMessage  = "message"  // snapshot and import: a message that others refer to by its number
	kindState    = "state"    // snapshot: everything else
	kindImport   = "import"   // Sessions and Retained of another installation
)

// record is one journal record: a JSON header and, for messages, the payload as it came.
type record struct {
	Kind    string       `json:"k"`
	At      int64        `json:"t,omitempty"` // Unix milliseconds
	Epoch   int64        `json:"epoch,omitempty"`
	N       int64        `json:"n,omitempty"`
	Delta   int64        `json:"delta,omitempty"`
	Client  string       `json:"client,omitempty"`
	Pid     uint16       `json:"pid,omitempty"`
	Topic   string       `json:"topic,omitempty"`
	Msg     *message     `json:"msg,omitempty"`
	Free    bool         `json:"free,omitempty"` // the message is not counted (a will)
	Owed    []debt       `json:"owed,omitempty"`
	Session *sessionInfo `json:"session,omitempty"`
	Subs    []subInfo    `json:"subs,omitempty"`
	Filters []string     `json:"filters,omitempty"`
	Sealed  *sealed      `json:"sealed,omitempty"`
	State   *stateImage  `json:"state,omitempty"`
	payload []byte
}

// message is what a device published. It is never changed once it is in the journal.
type message struct {
	ID      int64    `json:"id,omitempty"` // number in this journal; 0 while not accepted
	Device  string   `json:"device"`       // credential that sent it
	Client  string   `json:"client"`       // MQTT client identifier
	Topic   string   `json:"topic"`
	QoS     byte     `json:"qos,omitempty"`
	Retain  bool     `json:"retain,omitempty"`
	At      int64    `json:"at,omitempty"`      // Unix milliseconds
	Expires int64    `json:"expires,omitempty"` // Unix seconds; 0 never
	Bytes   int64    `json:"bytes,omitempty"`   // of the payload, also where that is not kept
	Props   *msgProp `json:"props,omitempty"`
	payload []byte
}

// msgProp are the MQTT 5 properties that travel with a message.
type msgProp struct {
	Format        *byte                  `json:"format,omitempty"`
	ContentType   string                 `json:"content_type,omitempty"`
	ResponseTopic string                 `json:"response_topic,omitempty"`
	Correlation   []byte                 `json:"correlation,omitempty"`
	User          []packets.UserProperty `json:"user,omitempty"`
}

// debt says that a session is to receive a message.
type debt struct {
	Client string `json:"c"`
	QoS    byte   `json:"q"`
	Retain bool   `json:"r,omitempty"` // with the retain flag set
	SubIDs []int  `json:"i,omitempty"`
}

// sessionInfo is what a persistent session is known by.
type sessionInfo struct {
	Client  string `json:"client"`
	Device  string `json:"device"`
	Version byte   `json:"version"`
	Expiry  uint32 `json:"expiry,omitempty"` // seconds after the connection ends; MQTT 5 only
}

// subInfo is a subscription of a persistent session.
type subInfo struct {
	Filter     string `json:"filter"`
	QoS        byte   `json:"qos"`
	NoLocal    bool   `json:"no_local,omitempty"`
	AsRetained bool   `json:"as_retained,omitempty"`
	Identifier int    `json:"identifier,omitempty"`
}

// encode gives the bytes for the journal: uvarint length of the header, header, payload.
func (r *record) encode() ([]byte, error) {
	head, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("m2m: encode record: %w", err)
	}
	b := make([]byte, 0, len(head)+len(r.payload)+binary.MaxVarintLen32)
	b = binary.AppendUvarint(b, uint64(len(head)))
	b = append(b, head...)
	return append(b, r.payload...), nil
}

// decodeRecord reads what encode wrote; the payload is b's tail, not a copy.
func decodeRecord(b []byte) (*record, error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, fmt.Errorf("m2m: a record's header is longer than the record")
	}
	r := new(record)
	if err := json.Unmarshal(b[n:n+int(size)], r); err != nil {
		return nil, fmt.Errorf("m2m: record header: %w", err)
	}
	r.payload = b[n+int(size):]
	if r.Msg != nil {
		r.Msg.payload = r.payload
	}
	return r, nil
}
