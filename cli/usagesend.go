package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/halle-cloud/halle/client/usage"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/proof"
)

// maxEventLine is the longest event of standard input, in bytes.
const maxEventLine = 64 << 10

// maxTaken is how many lines go to the spool at once.
const maxTaken = 500

type usageSend struct {
	Spool    string        `required:"" type:"path" help:"Folder where events wait until the server has them; one process at a time uses it." placeholder:"DIR"`
	MaxMiB   int64         `name:"max-mib" help:"How large the folder may become; then reading waits." default:"1024"`
	Sync     time.Duration `help:"How long a loss of power may take back; 0s for nothing." default:"0s"`
	Patience time.Duration `help:"How long events are sent again that the server may take later." default:"1m"`
	Resume   bool          `help:"Do not read: send what an earlier run has left."`
}

// Run reads CloudEvents, one a line, until the end of standard input, and then waits until the server has answered. After
// a kill the same command, with the same input or none, goes on.
func (a usageSend) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	s, err := usage.Open(c, usage.Options{Dir: a.Spool, MaxBytes: a.MaxMiB << 20, Sync: a.Sync, Patience: a.Patience, Later: min(10*time.Second, a.Patience/4+time.Second),
		Trouble: func(err error) { _, _ = fmt.Fprintln(os.Stderr, "halle: not sent yet:", err) }})
	if err != nil {
		return err
	}
	if !a.Resume {
		err = spoolLines(ctx, s, os.Stdin)
	}
	err = errors.Join(err, s.Settle(ctx))
	err = errors.Join(err, s.Close(ctx))
	st := s.Stats()
	if showErr := o.Show(sendAnswer{st.Accepted, st.Duplicate, st.Refused, st.Waiting}, func(w io.Writer) error {
		return pairs(w, "accepted", fmt.Sprint(st.Accepted), "counted before", some(st.Duplicate), "refused", some(st.Refused), "waiting", some(st.Waiting))
	}); showErr != nil {
		return showErr
	}
	if st.Refused > 0 {
		err = errors.Join(err, fmt.Errorf("the server refused events: see %s in the spool", usage.RefusedFile))
	}
	return err
}

type sendAnswer struct {
	Accepted  int64 `json:"accepted"`
	Duplicate int64 `json:"duplicate"`
	Refused   int64 `json:"refused"`
	Waiting   int64 `json:"waiting"`
}

// spoolLines reads events until the end or a line that is none; what came before is spooled then.
func spoolLines(ctx context.Context, s *usage.Sender, from io.Reader) error {
	chunks := make(chan [][]byte)
	ended := make(chan error, 1)
	go func() { // a read cannot be interrupted: when ctx ends it is left behind
		defer close(chunks)
		ended <- readLines(ctx, from, chunks)
	}()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case lines, ok := <-chunks:
			if !ok {
				return <-ended
			}
			if err := spoolChunk(ctx, s, lines); err != nil {
				return err
			}
		}
	}
}

// spoolChunk waits while the spool is full.
func spoolChunk(ctx context.Context, s *usage.Sender, lines [][]byte) error {
	for {
		err := s.AddJSON(lines...)
		if !errors.Is(err, usage.ErrFull) {
			return err
		}
		if err := s.Room(ctx); err != nil {
			return err
		}
	}
}

// readLines hands on what has arrived, at most maxTaken lines at once.
func readLines(ctx context.Context, from io.Reader, to chan<- [][]byte) error {
	in := bufio.NewReaderSize(from, maxEventLine)
	var lines [][]byte
	flush := func() error {
		if len(lines) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case to <- lines:
			lines = nil
			return nil
		}
	}
	for number := 1; ; number++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return errors.Join(flush(), fmt.Errorf("line %d is longer than an event may be", number))
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			if bad := checkEvent(string(text)); bad != nil {
				return errors.Join(flush(), fmt.Errorf("line %d: %w", number, bad))
			}
			lines = append(lines, bytes.Clone(text))
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return errors.Join(flush(), err)
		}
		if err != nil || len(lines) >= maxTaken || in.Buffered() == 0 {
			if flushErr := flush(); err != nil || flushErr != nil {
				return flushErr
			}
		}
	}
}

// checkEvent is what the server does with an event first.
func checkEvent(text string) error {
	e, err := proof.ParseEvent(text)
	if err == nil {
		err = e.Check()
	}
	var f *fail.Error
	if errors.As(err, &f) && len(f.Fields) > 0 {
		return fmt.Errorf("%s %s.\nThe events before it were taken; correct it and send the rest", strings.TrimPrefix(f.Fields[0].Path, "events.0."), f.Fields[0].Message)
	}
	return err
}
