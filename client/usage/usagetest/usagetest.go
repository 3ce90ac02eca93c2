// Package usagetest is a publisher's program that a test kills: it says what it is about to report and what was
// acknowledged to it, so that the test knows what must arrive.
//
// Owns: that program, and the reading of what it said.
// Does not own: when it is killed.
// Reads: the program's output.
// Writes: standard output.
package usagetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/halle-cloud/halle/client/usage"
)

// Report adds events in so many parts at once until the process is killed. Ids are name/part/number.
func Report(s *usage.Sender, name string, parts int, event func(id string) usage.Event) {
	var all sync.WaitGroup
	for part := range parts {
		all.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s/%d/%d", name, part, i)
				_, _ = os.Stdout.WriteString("try " + id + "\n") // no buffer: a kill takes nothing back
				err := s.Add(event(id))
				for errors.Is(err, usage.ErrFull) {
					_ = s.Room(context.Background())
					err = s.Add(event(id))
				}
				if err == nil {
					_, _ = os.Stdout.WriteString("ack " + id + "\n")
				}
			}
		})
	}
	all.Wait()
}

// Heard is what programs said: the ids that they were about to report, and those that were acknowledged to them.
type Heard struct{ Tried, Acked map[string]bool }

// NewHeard has heard nothing.
func NewHeard() Heard { return Heard{Tried: map[string]bool{}, Acked: map[string]bool{}} }

// Listen reads a program's output to its end and calls each after every id, with whether it was acknowledged. Lines of
// another kind are returned.
func (h Heard) Listen(program io.Reader, each func(id string, acked bool)) (other []string) {
	for in := bufio.NewScanner(program); in.Scan(); {
		word, id, _ := strings.Cut(in.Text(), " ")
		switch word {
		case "try":
			h.Tried[id] = true
		case "ack":
			h.Acked[id] = true
		default:
			other = append(other, in.Text())
			continue
		}
		each(id, word == "ack")
	}
	return other
}
