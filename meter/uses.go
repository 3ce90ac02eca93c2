package meter

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/subscription/licence"
	"github.com/halle-cloud/halle/trace"
)

const (
	topicUses = topicSubjects // one loop carries both
	useRows   = 20
)

// use is what a fact reported and the usage store has not taken yet.
type use struct {
	id, subject, publisher string
	events                 []usage.Event
}

// seats keeps the use of licences as events of usage: each has the id of its fact and a number, so that it counts once.
// The last says that nothing more comes of that time.
func (m *Meters) seats(tx *store.Tx, e trace.Entry) error {
	var f licence.UsedFact
	if err := e.Into(&f); err != nil {
		return err
	}
	one := use{id: e.ID, subject: f.Subscription, publisher: f.Publisher}
	event := func(kind string, n int, d proof.Data) {
		one.events = append(one.events, usage.Event{SpecVersion: "1.0", ID: e.ID + "-" + strconv.Itoa(n), Source: "licence/" + f.Subscription, Type: kind, Subject: f.Subscription, Data: d})
	}
	for n, u := range f.Uses {
		d := proof.Data{Meter: f.Meter, Unit: f.Unit, Start: u.From, End: u.To, Item: u.Item}
		if u.Item == "" {
			d.Value = strconv.FormatInt(u.Value, 10)
		}
		event(proof.TypeUsage, n, d)
	}
	event(proof.TypeWatermark, len(f.Uses), proof.Data{Through: f.To})
	if err := putUse(tx, one); err != nil {
		return err
	}
	tx.AfterCommit(func() { m.db.WakeLocal(topicUses) })
	return nil
}

// tellUses carries them to the usage store. Idempotent: after a kill the events are duplicates. What is refused for good
// stands in the quarantine, where the publisher and the operator see it.
func (m *Meters) tellUses(ctx context.Context) (int, error) {
	var list []use
	err := m.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = selectUses(tx, useRows)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("use to tell: %w", err)
	}
	done := 0
	for _, u := range list {
		again := false
		for rest := u.events; len(rest) > 0; {
			part := rest[:min(len(rest), usage.MaxEvents)]
			rest = rest[len(part):]
			verdicts, err := m.usage.Ingest(ctx, usage.Publisher{Org: u.publisher}, part)
			if err != nil {
				return 0, fmt.Errorf("use %s: %w", u.id, err)
			}
			for _, v := range verdicts {
				again = again || v.Retry
			}
		}
		if again { // the usage store does not know the service yet
			continue
		}
		if err := m.db.Tx(ctx, func(tx *store.Tx) error { return dropUse(tx, u.id) }); err != nil {
			return 0, err
		}
		done++
	}
	return done, nil
}

func putUse(tx *store.Tx, u use) error {
	text, err := json.Marshal(u.events)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO meter_use (id, subject, publisher, events) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING", u.id, u.subject, u.publisher, text)
	return err
}

func selectUses(tx *store.Tx, limit int) ([]use, error) {
	return store.All(tx, func(row store.Scanner) (u use, err error) {
		var text []byte
		if err := row.Scan(&u.id, &u.subject, &u.publisher, &text); err != nil {
			return u, err
		}
		return u, json.Unmarshal(text, &u.events)
	}, "SELECT id, subject, publisher, events FROM meter_use ORDER BY id LIMIT $1", limit)
}

func dropUse(tx *store.Tx, id string) error {
	_, err := tx.Exec("DELETE FROM meter_use WHERE id = $1", id)
	return err
}
