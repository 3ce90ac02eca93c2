package batchlog

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// A frame is: magic, length and CRC-32C of the body; the body is: number, the last number that was durable when the
// frame was written, instant, count, principal, payload. All numbers are little-endian.
const (
	Magic     = "HBL1"
	HeadSize  = 12                  // magic, length, checksum
	bodySize  = 8 + 8 + 8 + 4 + 2   // number, durable, instant, count, length of the principal
	MinLength = bodySize            // of a body
	MaxLength = MaxFrame - HeadSize // of a body
	FixedSize = HeadSize + bodySize // of a frame without principal and payload
	MaxFrame  = 16 << 20            // bytes
)

// MaxPrincipal is how many bytes the principal of a batch may have.
const MaxPrincipal = 1<<16 - 1

// FrameSize is how many bytes the batch takes.
func FrameSize(b *Batch) int { return FixedSize + len(b.Principal) + len(b.Payload) }

// Castagnoli is the table of every checksum of a log.
func Castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// AppendFrame appends the frame of a batch.
func AppendFrame(dst []byte, b *Batch, durable uint64) []byte {
	start := len(dst)
	le := binary.LittleEndian
	dst = append(dst, Magic...)
	dst = le.AppendUint32(dst, uint32(FrameSize(b)-HeadSize))
	dst = le.AppendUint32(dst, 0)
	dst = le.AppendUint64(dst, b.Number)
	dst = le.AppendUint64(dst, durable)
	dst = le.AppendUint64(dst, uint64(b.At.UnixMicro()))
	dst = le.AppendUint32(dst, uint32(b.Count))
	dst = le.AppendUint16(dst, uint16(len(b.Principal)))
	dst = append(append(dst, b.Principal...), b.Payload...)
	le.PutUint32(dst[start+8:], crc32.Checksum(dst[start+HeadSize:], Castagnoli()))
	return dst
}

// FrameLength is the length of the body that the head of a frame announces; ok is false when none begins there.
func FrameLength(head []byte) (length int, ok bool) {
	n := binary.LittleEndian.Uint32(head[4:])
	return int(n), string(head[:4]) == Magic && n >= MinLength && n <= MaxLength
}

// FrameWhole tells whether the body has the checksum of its head.
func FrameWhole(head, body []byte) bool {
	return crc32.Checksum(body, Castagnoli()) == binary.LittleEndian.Uint32(head[8:])
}

// ParseBody reads a body whose checksum was found right: the batch, whose payload shares its bytes, and what was durable.
func ParseBody(body []byte) (b Batch, durable uint64, ok bool) {
	le := binary.LittleEndian
	if len(body) < MinLength {
		return b, 0, false
	}
	principal := int(le.Uint16(body[28:]))
	if len(body) < bodySize+principal {
		return b, 0, false
	}
	b.Number = le.Uint64(body)
	b.At = time.UnixMicro(int64(le.Uint64(body[16:]))).UTC()
	b.Count = int(le.Uint32(body[24:]))
	b.Principal = string(body[bodySize : bodySize+principal])
	b.Payload = body[bodySize+principal:]
	return b, le.Uint64(body[8:]), true
}
