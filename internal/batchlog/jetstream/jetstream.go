// Package jetstream is the batch log in a stream of a NATS JetStream cluster.
//
// Owns: the stream and its settings, the form of its messages, who of several writers may write, what became of a message
// whose answer was lost.
// Does not own: the frame of a batch, what a batch holds, deduplication; the NATS servers.
// Reads: the stream; files with credentials and certificates; the monitoring pages of the servers, when they are named.
// Writes: the stream.
//
// # How a batch gets in
//
// One goroutine writes. It takes what waits as one group, puts the group into one message and publishes it with the
// sequence that the stream must have before it (Nats-Expected-Last-Sequence). A few messages are under way at once; a
// batch is acknowledged when the stream has acknowledged its message and all before it. Since each message says which
// sequence it must get, it can get no other, and it stands in the stream once or not at all: no answer, a timeout and a
// lost connection are all met by sending the very same bytes again, until they are acknowledged, or are read back from
// the sequence they must have.
//
// # Who writes
//
// A writer begins with a message of its own that names it. From there on what an earlier writer sends, or what of it was
// still under way, expects a sequence that is taken, and is refused by the stream; it reads who took it, and stops. As
// long as a writer lives it also answers the question whether it does, so that a second is refused when it starts.
//
// # What is guaranteed
//
// An acknowledged batch is in the memory of more than half of the copies, and on disk where the servers sync always. So
// with three copies it survives the death of any one server at any moment. That all servers lose their power at once it
// survives only with sync_interval: always, and so does a single copy.
package jetstream

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/halle-cloud/halle/internal/batchlog"
)

// Config of a log.
type Config struct {
	URL      string // nats:// or tls://, several with commas between
	Stream   string // A-Z, a-z, 0-9, _ and -
	Home     string // name of the installation; a stream of another is refused
	Replicas int    // copies of the stream, 1, 3 or 5
	// Files with secrets and certificates; "" for none.
	CredentialsFile   string        // of NATS (.creds)
	AuthFile          string        // user:password
	CAFile            string        // certificates that the servers' are checked against; "" means those of the system
	CertFile, KeyFile string        // what we show
	Monitor           string        // monitoring addresses of all servers, http://…, with commas between; "" when they cannot be reached
	Wait              time.Duration // how long Open waits for the servers; 0 means 15 seconds
	Durable           batchlog.Durable
	Log               *slog.Logger // nil discards

	window  int           // for tests and measurements: messages under way at once
	ackWait time.Duration // for tests: after which an answer is taken for lost
}

const (
	defaultWindow  = 4
	defaultAckWait = 2 * time.Second
	hold           = time.Second     // so long nobody is refused although nothing gets in
	closeWait      = 5 * time.Second // so long Close waits for what is under way
	headers        = 512             // bytes of a message that are not ours
	maxMessage     = 8 << 20         // bytes
	pollEvery      = 5 * time.Second // of the state of the stream
)

// Log is an open log. Safe for concurrent use.
type Log struct {
	conf   Config
	nc     *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream
	id     [16]byte
	writer [16]byte
	queue  *batchlog.Queue
	most   int // bytes of a message
	acks   chan *nats.Msg
	inbox  string
	// present is the subscription that tells others that this writer lives.
	present *nats.Subscription
	run     context.Context // ends with Close
	stop    context.CancelFunc
	done    chan struct{} // the writer has ended
	wait    sync.WaitGroup

	mu       sync.Mutex
	last     uint64 // number of the last durable batch
	sequence uint64 // of the last durable message
	index    index
	state    batchlog.State

	// Of the writer alone.
	next    uint64 // number of the next batch
	tail    uint64 // sequence of the last message that was published
	flights []*flight
	trouble chan struct{} // coalesced: the connection was lost
}

// Open opens or makes the log. It waits for the servers for a while, checks what can be checked, and takes the log over
// from a writer that is gone. Errors say what to change; *batchlog.Damaged.
func Open(ctx context.Context, conf Config) (_ *Log, err error) {
	conf = conf.withDefaults()
	l := &Log{conf: conf, queue: batchlog.NewQueue(), done: make(chan struct{}), trouble: make(chan struct{}, 1),
		acks: make(chan *nats.Msg, 16*conf.window+64)}
	_, _ = rand.Read(l.writer[:]) // never fails
	l.run, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	ctx, cancel := context.WithTimeout(ctx, conf.Wait)
	defer cancel()
	defer func() {
		if err != nil {
			l.stop()
			l.wait.Wait()
			if l.nc != nil {
				l.nc.Close()
			}
		}
	}()
	for _, step := range []func(context.Context) error{l.connect, l.findStream, l.checkSync, l.askWriter, l.takeOver, l.listen} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("usage log on JetStream: %w", err)
		}
	}
	go l.write()
	l.wait.Go(l.poll)
	return l, nil
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		at    *time.Duration
		value time.Duration
	}{{&c.Wait, 15 * time.Second}, {&c.ackWait, defaultAckWait}} {
		if *d.at == 0 {
			*d.at = d.value
		}
	}
	if c.window == 0 {
		c.window = defaultWindow
	}
	return c
}

// subject is where batches are published; below it the writer answers.
func (c *Config) subject() string { return "halle.usage." + c.Stream }

// Append writes a batch and returns its number once it is durable. Errors: those of batchlog.Log.
func (l *Log) Append(ctx context.Context, b batchlog.Batch) (uint64, error) {
	return l.queue.Append(ctx, b, l.most-messageHead)
}

// Last is the number of the last durable batch, 0 for none.
func (l *Log) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// ID is what the first writer of the stream gave it.
func (l *Log) ID() string { return hex.EncodeToString(l.id[:]) }

// Close waits a little for what is under way and gives the log back.
func (l *Log) Close() error {
	if !l.queue.Close() {
		<-l.done
		return nil
	}
	l.stop()
	<-l.done
	l.wait.Wait()
	if l.present.Unsubscribe() == nil {
		_ = l.nc.FlushTimeout(time.Second) // so that the next one is not told that this one lives
	}
	l.nc.Close()
	return nil
}
