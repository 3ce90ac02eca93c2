package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/halle-cloud/halle/internal/batchlog"
)

// findStream makes the stream, or checks that the one that is there keeps everything.
func (l *Log) findStream(ctx context.Context) error {
	c := &l.conf
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		stream, err := l.js.Stream(ctx, c.Stream)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			stream, err = l.js.CreateStream(ctx, c.wanted())
		}
		if err == nil {
			l.stream = stream
			return l.suits(stream.CachedInfo())
		}
		// A cluster that begins answers that it has no leader yet, or not enough servers.
		var api *jetstream.APIError
		if errors.As(err, &api) && api.Code != 503 && api.Code != 400 && api.Code != 500 || !rest(ctx, wait) {
			return fmt.Errorf("the stream %s with %d copies cannot be found or made: %w; JetStream must be on, and as many servers of the cluster up as usage_log.replicas says",
				c.Stream, c.Replicas, err)
		}
	}
}

// wanted is how the stream is made: it keeps everything, and nobody can delete or purge.
func (c *Config) wanted() jetstream.StreamConfig {
	return jetstream.StreamConfig{Name: c.Stream, Description: "usage log of the Halle installation " + c.Home + ": the truth that invoices are made from",
		Subjects: []string{c.subject()}, Storage: jetstream.FileStorage, Replicas: c.Replicas, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		DenyDelete: true, DenyPurge: true, AllowDirect: true}
}

// suits tells what of an existing stream could lose or refuse batches.
func (l *Log) suits(info *jetstream.StreamInfo) error {
	c, got := &l.conf, info.Config
	bad := func(why, remedy string) error {
		return fmt.Errorf("the stream %s %s: %s", c.Stream, why, remedy)
	}
	switch {
	case len(got.Subjects) != 1 || got.Subjects[0] != c.subject() || got.Mirror != nil || len(got.Sources) > 0 || got.SubjectTransform != nil:
		return bad("takes in other subjects than "+c.subject(), "name another with usage_log.stream")
	case got.Storage != jetstream.FileStorage:
		return bad("is kept in memory", "make it anew with file storage, or name another with usage_log.stream")
	case got.PersistMode == jetstream.AsyncPersistMode:
		return bad("acknowledges before it has written", "set its persist mode to default")
	case got.Replicas < c.Replicas:
		return bad(fmt.Sprintf("has %d copies, usage_log.replicas asks for %d", got.Replicas, c.Replicas),
			fmt.Sprintf("`nats stream edit %s --replicas %d`, or say usage_log.replicas = %d", c.Stream, c.Replicas, got.Replicas))
	case got.Retention != jetstream.LimitsPolicy || got.MaxAge > 0 || got.MaxMsgs > 0 || got.MaxMsgsPerSubject > 0 || got.MaxBytes > 0 && got.Discard != jetstream.DiscardNew || got.AllowRollup || got.AllowMsgTTL:
		return bad("forgets old messages", "set its retention to limits, without an age, a number of messages, rollups or times to live; with a size it must discard new")
	case got.NoAck || got.Sealed:
		return bad("takes nothing in that it acknowledges", "set it to acknowledge, and unseal it or name another with usage_log.stream")
	case !got.AllowDirect:
		return bad("does not allow direct reads", fmt.Sprintf("`nats stream edit %s --allow-direct`", c.Stream))
	}
	l.note(info)
	return nil
}

// whole tells whether every message behind the first is there. Error: *batchlog.Damaged.
func (l *Log) whole(ctx context.Context, info *jetstream.StreamInfo) error {
	s := info.State
	if s.NumDeleted == 0 && (s.Lost == nil || len(s.Lost.Msgs) == 0) && s.Msgs == s.LastSeq {
		return nil
	}
	full, err := l.stream.Info(ctx, jetstream.WithDeletedDetails(true))
	if err != nil {
		return err
	}
	gap := s.LastSeq
	for _, seq := range full.State.Deleted {
		gap = min(gap, seq)
	}
	record := uint64(0)
	if m, err := l.load(gap - 1); err == nil {
		record = m.end()
	}
	return l.missing(gap, record)
}

// missing is the error of a message that is gone.
func (l *Log) missing(sequence, record uint64) error {
	return &batchlog.Damaged{Segment: l.conf.Stream, Sequence: sequence, Record: record, Why: "the message is missing: restore the stream from its backup"}
}

// poll looks at the stream now and then.
func (l *Log) poll() {
	for rest(l.run, pollEvery) {
		ctx, cancel := context.WithTimeout(l.run, pollEvery)
		info, err := l.stream.Info(ctx)
		cancel()
		if err == nil {
			l.note(info)
			continue
		}
		l.mu.Lock()
		l.state.CopiesUp = 0 // nobody can tell
		l.mu.Unlock()
	}
}

// note takes over what the stream says of itself.
func (l *Log) note(info *jetstream.StreamInfo) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.state
	s.Copies, s.CopiesUp, s.Behind, s.Bytes = info.Config.Replicas, 1, 0, int64(info.State.Bytes)
	if info.Cluster == nil {
		return
	}
	if info.Cluster.Leader == "" {
		s.CopiesUp = 0
	}
	for _, r := range info.Cluster.Replicas {
		if !r.Offline && r.Current {
			s.CopiesUp++
		}
		if !r.Offline {
			s.Behind = max(s.Behind, r.Lag)
		}
	}
}

// State tells the stream, its copies, and why nothing is taken in when that is so.
func (l *Log) State() batchlog.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.state
	s.Kind, s.Place = batchlog.JetStream, l.conf.Stream+" ("+Place(l.conf.URL)+")"
	return s
}

// problem says why nothing is taken in, nil that it is again.
func (l *Log) problem(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if (l.state.Problem == nil) != (err == nil) {
		l.state.Since = time.Now()
	}
	l.state.Problem = err
}

// checkSync asks each server that is named for monitoring whether it syncs always. One copy alone must.
func (l *Log) checkSync(ctx context.Context) error {
	addresses := split(l.conf.Monitor)
	synced := batchlog.SyncedAlways
	if len(addresses) == 0 {
		synced = batchlog.SyncedUnknown
	}
	for _, address := range addresses {
		always, err := l.syncsAlways(ctx, address)
		switch {
		case err != nil:
			l.conf.Log.Warn("usage log: a server could not be asked whether it syncs always", "server", address, "err", err)
			if synced == batchlog.SyncedAlways {
				synced = batchlog.SyncedUnknown
			}
		case !always:
			synced = batchlog.SyncedLater
		}
	}
	l.state.Synced = synced // nobody else knows the log yet
	if synced == batchlog.SyncedAlways {
		return nil
	}
	if l.conf.Replicas == 1 && synced == batchlog.SyncedLater {
		return errors.New("with one copy an acknowledged batch would be lost with the server's power: set sync_interval: always in its jetstream block, or keep three copies")
	}
	l.conf.Log.Warn("usage log: the servers are not known to sync always: what is acknowledged survives the loss of a minority of them, not of the power of all", "copies", l.conf.Replicas)
	return nil
}

func (l *Log) syncsAlways(ctx context.Context, address string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/jsz", nil)
	if err != nil {
		return false, err
	}
	secure, err := l.conf.tls()
	if err != nil {
		return false, err
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: secure, DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return false, err
	}
	defer func() { _ = answer.Body.Close() }()
	var said struct {
		Config *struct {
			Always bool `json:"sync_always"`
		} `json:"config"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&said); err != nil || said.Config == nil {
		return false, fmt.Errorf("answered %s without its JetStream settings", answer.Status)
	}
	return said.Config.Always, nil
}

// ask sends a request to the API of JetStream and reads its answer.
func (l *Log) ask(ctx context.Context, subject string, question, answer any) error {
	text, err := json.Marshal(question)
	if err != nil {
		return err
	}
	m, err := l.nc.RequestWithContext(ctx, subject, text)
	if err != nil {
		return err
	}
	return json.Unmarshal(m.Data, answer)
}

var errNoMessage = &jetstream.APIError{Code: 404, ErrorCode: jetstream.JSErrCodeMessageNotFound, Description: "no message found"}

// leaders reads a message from the stream's leader, which knows all that is acknowledged. Error: errNoMessage, when it
// has none of the sequence.
func (l *Log) leaders(ctx context.Context, sequence uint64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var got struct {
		Error   *jetstream.APIError
		Message struct {
			Sequence uint64 `json:"seq"`
			Data     []byte
		}
	}
	err := l.ask(ctx, "$JS.API.STREAM.MSG.GET."+l.conf.Stream, map[string]uint64{"seq": sequence}, &got)
	switch {
	case err != nil:
		return nil, err
	case got.Error != nil && got.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return nil, errNoMessage
	case got.Error != nil:
		return nil, got.Error
	case got.Message.Sequence != sequence:
		return nil, fmt.Errorf("asked for sequence %d, got %d", sequence, got.Message.Sequence)
	}
	return got.Message.Data, nil
}

func noResponders(m *nats.Msg) bool { return len(m.Data) == 0 && m.Header.Get("Status") == "503" }
