package jetstream

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"

	"github.com/halle-cloud/halle/internal/batchlog"
)

// A message is: magic, CRC-32C of the rest, id of the log, id of the writer, number of the first batch, count of the
// batches, their frames. With a count of 0 it is the opening of a writer, and the name of the installation follows.
const (
	messageMagic = "HJS1"
	messageHead  = 4 + 4 + 16 + 16 + 8 + 4
)

type message struct {
	sequence    uint64
	log, writer [16]byte
	first       uint64
	count       int
	home        string // of an opening
	frames      []byte
	offsets     []int // of the bodies within frames
	ends        []int
}

// end is the number after the last batch.
func (m *message) end() uint64 { return m.first + uint64(m.count) }

func (m *message) holds(number uint64) bool { return number >= m.first && number < m.end() }

// batch is one that the message holds; its payload shares the message's bytes.
func (m *message) batch(number uint64) batchlog.Batch {
	i := number - m.first
	b, _, _ := batchlog.ParseBody(m.frames[m.offsets[i]:m.ends[i]]) // parse has read it
	return b
}

// appendHead begins a message; seal ends it.
func appendHead(dst []byte, log, writer [16]byte, first uint64, count int) []byte {
	dst = append(dst, messageMagic...)
	dst = append(dst, 0, 0, 0, 0)
	dst = append(append(dst, log[:]...), writer[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, first)
	return binary.LittleEndian.AppendUint32(dst, uint32(count))
}

func seal(data []byte) []byte {
	binary.LittleEndian.PutUint32(data[4:], crc32.Checksum(data[8:], batchlog.Castagnoli()))
	return data
}

// parse reads a message of the stream. Error: *batchlog.Damaged, which names the sequence, the offset in the message and
// the record.
func parse(stream string, sequence uint64, data []byte) (*message, error) {
	m := &message{sequence: sequence}
	damaged := func(at int, record uint64, why string) error {
		return &batchlog.Damaged{Segment: stream, Sequence: sequence, Offset: int64(at), Record: record, Why: why}
	}
	if len(data) < messageHead || string(data[:4]) != messageMagic {
		return nil, damaged(0, 0, "it is no message of a usage log")
	}
	m.log, m.writer = [16]byte(data[8:]), [16]byte(data[24:])
	m.first = binary.LittleEndian.Uint64(data[40:])
	count := binary.LittleEndian.Uint32(data[48:])
	if crc32.Checksum(data[8:], batchlog.Castagnoli()) != binary.LittleEndian.Uint32(data[4:]) {
		return nil, damaged(0, m.first, "its checksum is wrong")
	}
	m.frames = data[messageHead:]
	if count == 0 {
		m.home = string(m.frames)
		return m, nil
	}
	for at := 0; at < len(m.frames); m.count++ {
		number := m.first + uint64(m.count)
		rest := m.frames[at:]
		if len(rest) < batchlog.FixedSize {
			return nil, damaged(messageHead+at, number, "the message ends within a frame")
		}
		length, ok := batchlog.FrameLength(rest)
		if !ok || length > len(rest)-batchlog.HeadSize {
			return nil, damaged(messageHead+at, number, "no whole frame stands there")
		}
		body := rest[batchlog.HeadSize : batchlog.HeadSize+length]
		b, _, ok := batchlog.ParseBody(body)
		if !ok || !batchlog.FrameWhole(rest, body) || b.Number != number {
			return nil, damaged(messageHead+at, number, "the frame there is not that record's")
		}
		m.offsets, m.ends = append(m.offsets, at+batchlog.HeadSize), append(m.ends, at+batchlog.HeadSize+length)
		at += batchlog.HeadSize + length
	}
	if m.count != int(count) {
		return nil, damaged(messageHead, m.first, fmt.Sprintf("it holds %d batches and says %d", m.count, count))
	}
	return m, nil
}

// same tells whether two messages are the same bytes.
func same(a, b []byte) bool { return bytes.Equal(a, b) }

func short(id [16]byte) string { return hex.EncodeToString(id[:4]) }
