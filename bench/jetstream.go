package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/halle-cloud/halle/internal/batchlog/natstest"
)

// streamFigures are usage events over HTTP with the usage log on NATS JetStream: one server that syncs every message, and
// three that keep three copies and sync now and then; with the same keys before as on the log in files. Servers, Halle and
// the load generator share the cores. The reference is what the same servers take of the same bytes, a batch a message,
// with nothing of Halle in between.
func streamFigures() []Figure {
	one := func(name string, held float64, servers, orders int, durable bool) Figure {
		return Figure{Name: "usage events over HTTP on JetStream, " + name, Unit: "events/s", Held: held, Measure: func(ctx context.Context) (Result, error) {
			return measureStream(ctx, servers, orders, durable)
		}}
	}
	return []Figure{one("1 copy, synced always", 0, 1, 0, true), one("3 copies", 0, 3, 0, false),
		one(fmt.Sprintf("1 copy, synced always, beside %d orders/s", orderRate), 100_000, 1, orderRate, true)}
}

func measureStream(ctx context.Context, servers, orders int, durable bool) (r Result, err error) {
	list, err := natstest.Cluster(ctx, servers, natstest.Config{Durable: durable, Extra: "max_payload: 8MB"})
	if err != nil {
		return r, err
	}
	defer natstest.Stop(list)
	raw, err := rawPublish(ctx, natstest.URLs(list), servers)
	if err != nil {
		return r, err
	}
	c, err := measureUsage(ctx, orders, "HALLE_USAGE_LOG_URL="+natstest.URLs(list), "HALLE_USAGE_LOG_REPLICAS="+strconv.Itoa(servers),
		"HALLE_USAGE_LOG_MONITOR="+natstest.Monitors(list))
	r = Result{Value: c.rate, Reference: fmt.Sprintf("%s; %d servers on these cores; raw publish of the same bytes %s events/s", c.about, servers, number(raw))}
	if orders > 0 {
		r.Reference += c.besides()
	}
	return r, err
}

// rawPublish tells how many events a second the servers take when each batch is a message and as many are under way as
// Halle has senders.
func rawPublish(ctx context.Context, url string, copies int) (float64, error) {
	nc, err := nats.Connect(url)
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(usageSenders))
	if err != nil {
		return 0, err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "RAW", Subjects: []string{"raw"}, Replicas: copies}); err != nil {
		return 0, err
	}
	body := batch(nil, "sub_bench_0123456789abcdefghijklmnop", 1, batchOf)
	start, n := time.Now(), 0
	for ; time.Since(start) < span(4*time.Second); n++ {
		if _, err := js.PublishAsync("raw", body); err != nil {
			return 0, err
		}
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(30 * time.Second):
		return 0, errors.New("the servers do not acknowledge")
	}
	rate := float64(n*batchOf) / time.Since(start).Seconds()
	return rate, js.DeleteStream(ctx, "RAW")
}
