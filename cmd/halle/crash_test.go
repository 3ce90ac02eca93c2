package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/halle-cloud/halle/internal/store/pgtest"
)

// TestCrash kills the application, its shim, the server and the database while Debian's mosquitto_pub sends, and
// compares the invoice with what was acknowledged. HALLE_CHAOS=1 kills many more times.
func TestCrash(t *testing.T) {
	bin := buildHalle(t)
	kills := 6
	if os.Getenv("HALLE_CHAOS") != "" {
		kills = 30
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, bin, t.TempDir())
		newChaos(w, nil).run(kills)
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		cluster := durable(t)
		w := newWorld(t, bin, t.TempDir(), "HALLE_DATABASE="+cluster.URL)
		newChaos(w, cluster).run(kills)
	})
	faults(t, bin)
}

// durable gives a PostgreSQL that survives its own death.
func durable(t *testing.T) *pgtest.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cluster, err := pgtest.Launch(ctx, pgtest.Config{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	return cluster
}

// chaos is one run.
type chaos struct {
	*world
	cluster *pgtest.Cluster // nil on SQLite
	brokers []*broker
	random  *rand.Rand
	done    map[string]int // kills by victim
}

func newChaos(w *world, cluster *pgtest.Cluster) *chaos {
	seed := uint64(time.Now().UnixNano())
	w.t.Logf("seed %d", seed)
	return &chaos{world: w, cluster: cluster, random: rand.New(rand.NewPCG(seed, 0)), done: map[string]int{}}
}

func (c *chaos) pause(from, to time.Duration) {
	time.Sleep(from + time.Duration(c.random.Int64N(int64(to-from))))
}

func (c *chaos) run(kills int) {
	c.seed()
	c.start()
	for range 2 {
		c.order()
		c.pause(0, 250*time.Millisecond)
		c.killServer() // while it is made
	}
	for i, b := range c.brokers {
		c.running(b)
		if err := c.connect(b, fmt.Sprintf("device-%d", i)); err != nil {
			c.t.Fatal(err)
		}
	}
	c.use(kills)
	counted := map[string]int64{} // by service, in the application's journal
	for _, b := range c.brokers {
		counted[b.service] = c.journal(b)
	}
	cancels := c.cancel()
	c.ended(cancels)
	c.t.Logf("killed %v; %d starts, first answer after %s, at the most %s", c.done, len(c.cold), middle(c.cold), slices.Max(c.cold).Round(time.Millisecond))
	c.checkInvoices(counted)
	c.checkNothingLeft()
	c.checkLog()
	if code, took := c.stop(); code != 0 || took > 10*time.Second {
		c.t.Errorf("SIGTERM: exit code %d after %s", code, took)
	}
	c.checkDatabase()
}

func middle(list []time.Duration) time.Duration {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2].Round(time.Millisecond)
}

// order orders one broker. The server may be killed before its answer: the same key then gives the same order.
func (c *chaos) order() {
	c.t.Helper()
	var o struct {
		ID    string
		Items []struct{ Subscription string }
	}
	if err := c.do(buyer, "POST", "/orders", fmt.Sprintf("order-%d", len(c.brokers)), brokerOrder(), &o); err != nil {
		c.t.Fatal(err)
	}
	c.brokers = append(c.brokers, &broker{order: o.ID, service: o.Items[0].Subscription})
}

func brokerOrder() map[string]any {
	return map[string]any{"language": "en", "items": []any{map[string]any{"offer": "m2m-broker", "plan": "flex", "dataClass": "health",
		"parameters": map[string]any{"interval_ms": 1000}}}}
}

func cancelOrder(service string) map[string]any {
	return map[string]any{"language": "en", "items": []any{map[string]any{"action": "cancel", "subscription": service}}}
}

// state reads one word of a thing.
func (c *chaos) state(path string) (string, error) {
	var v struct{ State string }
	err := c.do(buyer, "GET", path, "", nil, &v)
	return v.State, err
}

func (c *chaos) running(b *broker) {
	c.t.Helper()
	c.await("order "+b.order+" completed", func() (bool, error) {
		state, err := c.state("/orders/" + b.order)
		return state == "completed", err
	})
	var list struct {
		Items []struct{ ID, Service string }
	}
	c.get(owner, "/resources", &list)
	for _, r := range list.Items {
		if r.Service == b.service {
			b.folder = r.ID
		}
	}
	b.folder = filepath.Join(c.data, "resources", b.folder)
	if _, err := os.Stat(c.inside(b.folder)); err != nil {
		c.t.Fatalf("service %s: %v", b.service, err)
	}
}

// use has devices send while things are killed.
func (c *chaos) use(kills int) {
	stop := make(chan struct{})
	var sending sync.WaitGroup
	for _, b := range c.brokers {
		for _, f := range b.feeds {
			sending.Go(func() { f.run(b, stop) })
		}
	}
	for i := range kills {
		c.pause(300*time.Millisecond, 1200*time.Millisecond)
		c.killOne(i)
	}
	if c.cluster != nil {
		c.killDatabase()
	}
	c.pause(300*time.Millisecond, 600*time.Millisecond)
	close(stop)
	sending.Wait()
	for _, b := range c.brokers {
		for _, f := range b.feeds {
			if f.err != nil {
				c.t.Fatal(f.err)
			}
		}
	}
}

// killOne kills each kind in turn at first, then whatever chance says.
func (c *chaos) killOne(i int) {
	b := c.brokers[c.random.IntN(len(c.brokers))]
	victim := []string{"application", "server", "shim"}[i%3]
	if i >= 6 {
		victim = []string{"application", "server", "shim", "server and application"}[c.random.IntN(4)]
	}
	switch victim {
	case "server":
		c.killServer()
		return
	case "application":
		c.count(victim, killApplication(b.folder))
	case "shim":
		c.count(victim, killShim(b.folder))
	default:
		c.kill()
		c.count("application", killApplication(b.folder))
		c.pause(0, 400*time.Millisecond)
		c.count("server", c.tryStart())
	}
}

// count counts what was killed; what was not there just then was not.
func (c *chaos) count(victim string, err error) {
	if err == nil {
		c.done[victim]++
	} else if victim == "server" {
		c.t.Fatal(err)
	}
}

func (c *chaos) killServer() {
	c.t.Helper()
	c.kill()
	c.pause(0, 100*time.Millisecond)
	c.count("server", c.tryStart())
}

func (c *chaos) killDatabase() {
	c.t.Helper()
	c.cluster.Crash()
	c.pause(200*time.Millisecond, 600*time.Millisecond)
	if err := c.restart(); err != nil {
		c.t.Fatal(err)
	}
	c.done["database"]++
}

func (c *chaos) restart() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.cluster.Restart(ctx)
}

// journal asks the application how many messages its journal holds as accepted.
func (c *chaos) journal(b *broker) int64 {
	c.t.Helper()
	var st struct {
		Messages int64 `json:"messages_accepted"`
	}
	c.await("an answer of the application", func() (bool, error) {
		err := c.do(technical, "GET", "/services/"+b.service+"/manage/status", "", nil, &st)
		return err == nil, err
	})
	lines, acks, open := b.counts()
	c.t.Logf("%s: %d lines acknowledged by %d acknowledgements, %d messages in flight at kills, %d in the journal", b.service, lines, acks, open, st.Messages)
	if st.Messages < acks || st.Messages > acks+open {
		c.t.Errorf("%s: %d messages in the journal, %d were acknowledged and %d in flight", b.service, st.Messages, acks, open)
	}
	return st.Messages
}

// cancel ends the services, with the server killed while they hand over their last usage.
func (c *chaos) cancel() (orders []string) {
	c.t.Helper()
	for i, b := range c.brokers {
		var o struct{ ID string }
		if err := c.do(buyer, "POST", "/orders", fmt.Sprintf("cancel-%d", i), cancelOrder(b.service), &o); err != nil {
			c.t.Fatal(err)
		}
		orders = append(orders, o.ID)
		c.pause(0, 300*time.Millisecond)
		c.killServer()
	}
	c.pause(0, 500*time.Millisecond)
	c.killServer()
	return orders
}

// ended waits for the end of the services and their final invoices.
func (c *chaos) ended(cancels []string) {
	c.t.Helper()
	for _, b := range c.brokers {
		c.await("service "+b.service+" ended", func() (bool, error) {
			state, err := c.state("/services/" + b.service)
			return state == "ended", err
		})
	}
	for _, id := range cancels {
		c.await("cancellation "+id+" completed", func() (bool, error) {
			state, err := c.state("/orders/" + id)
			return state == "completed", err
		})
	}
	c.await("the final invoices", func() (bool, error) {
		var list struct{ Items []struct{ ID string } }
		err := c.do(buyer, "GET", "/invoices", "", nil, &list)
		return len(list.Items) == len(c.brokers), err
	})
}
