package usage

import (
	"encoding/binary"
	"errors"

	"github.com/halle-cloud/halle/proof"
)

// appendPoints writes points for the database: for each the varints of instant, high and low part, and the key.
func appendPoints(b []byte, points []proof.Point) []byte {
	for _, p := range points {
		b = binary.AppendVarint(b, p.At)
		b = binary.AppendVarint(b, p.Value.High)
		b = binary.AppendVarint(b, p.Value.Low)
		b = append(b, p.Key[:]...)
	}
	return b
}

// parsePoints appends what appendPoints wrote.
func parsePoints(points []proof.Point, b []byte) ([]proof.Point, error) {
	for len(b) > 0 {
		var p proof.Point
		for _, into := range []*int64{&p.At, &p.Value.High, &p.Value.Low} {
			v, n := binary.Varint(b)
			if n <= 0 {
				return nil, errors.New("points of a window: a number does not end")
			}
			*into, b = v, b[n:]
		}
		if len(b) < len(p.Key) {
			return nil, errors.New("points of a window: a key does not end")
		}
		b = b[copy(p.Key[:], b):]
		points = append(points, p)
	}
	return points, nil
}
