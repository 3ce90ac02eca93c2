package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const pgChannel = "halle"

// Wake tells everyone who called Listen on one of the topics, in this process and (PostgreSQL) in every other one on
// the same database, that there may be something to do. It is a hint: a listener polls as well. Never call it inside a
// transaction; Tx.AfterCommit is the place. Topics have no spaces and are at most some hundred together.
func (db *DB) Wake(topics ...string) {
	for _, topic := range topics {
		db.signals.wake(topic)
	}
	if db.engine != PostgreSQL {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	// A lost hint costs one poll interval, so its error is not worth failing anything.
	_, _ = db.write.ExecContext(ctx, "SELECT pg_notify($1, $2)", pgChannel, db.signals.name()+" "+strings.Join(topics, " "))
}

// WakeLocal is Wake without telling other processes; cheap.
func (db *DB) WakeLocal(topic string) { db.signals.wake(topic) }

// Listen gives a channel that receives (coalesced) after each Wake of one of the topics.
func (db *DB) Listen(topics ...string) <-chan struct{} {
	ch := db.signals.subscribe(topics)
	if db.engine == PostgreSQL {
		db.startNotifyLoop()
	}
	return ch
}

func (db *DB) startNotifyLoop() {
	db.signals.mu.Lock()
	defer db.signals.mu.Unlock()
	if db.signals.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	db.signals.cancel = cancel
	go func() {
		for ctx.Err() == nil {
			_ = db.notifyOnce(ctx)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second): // the database is away: listeners live on their poll meanwhile
			}
		}
	}()
}

func (db *DB) notifyOnce(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, db.url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(ctx, "LISTEN "+pgChannel); err != nil {
		return err
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		from, topics, _ := strings.Cut(n.Payload, " ")
		if from == db.signals.name() {
			continue // this process told itself
		}
		for topic := range strings.FieldsSeq(topics) {
			db.signals.wake(topic)
		}
	}
}
