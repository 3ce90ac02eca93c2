package residency

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/store"
)

// selectNow gives version and hash of the snapshot that holds; version 0 before the first import.
func selectNow(tx *store.Tx) (version int64, hash string, err error) {
	err = tx.QueryRow("SELECT version, hash FROM residency_facts_version ORDER BY version DESC LIMIT 1").Scan(&version, &hash)
	if errors.Is(err, store.ErrNone) {
		return 0, "", nil
	}
	return version, hash, err
}

func selectFacts(tx *store.Tx, hash string) ([]byte, error) {
	return selectBody(tx, "SELECT body FROM residency_facts WHERE hash = $1", "facts about clouds", hash)
}

func selectPolicyBody(tx *store.Tx, hash string) ([]byte, error) {
	return selectBody(tx, "SELECT body FROM residency_policy_body WHERE hash = $1", "policy", hash)
}

func selectBody(tx *store.Tx, query, noun, hash string) (body []byte, err error) {
	err = tx.QueryRow(query, hash).Scan(&body)
	if errors.Is(err, store.ErrNone) {
		return nil, fail.Missing(noun, hash)
	}
	if err == nil && Hash(body) != hash {
		err = fmt.Errorf("%s %s: what is stored has another hash", noun, hash)
	}
	return body, err
}

func insertFacts(tx *store.Tx, version int64, hash string, body []byte, actor string, at time.Time) error {
	if err := tx.Send("INSERT INTO residency_facts (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash, body); err != nil {
		return err
	}
	err := tx.Send("INSERT INTO residency_facts_version (version, hash, actor, created_at) VALUES ($1, $2, $3, $4)", version, hash, actor, store.At(at))
	return err
}

func insertPolicyBody(tx *store.Tx, hash string, body []byte) error {
	err := tx.Send("INSERT INTO residency_policy_body (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash, body)
	return err
}

func upsertCapacity(tx *store.Tx, region string, capacity int64) error {
	err := tx.Send(`INSERT INTO region_capacity (region, used, capacity) VALUES ($1, 0, $2)
		ON CONFLICT (region) DO UPDATE SET capacity = excluded.capacity WHERE region_capacity.capacity <> excluded.capacity`, region, capacity)
	return err
}

const layerColumns = "scope, version, layer, actor, created_at"

func scanLayer(row store.Scanner) (v LayerVersion, err error) {
	var body []byte
	var at store.Time
	if err = row.Scan(&v.Scope, &v.Version, &body, &v.Actor, &at); err != nil {
		return v, err
	}
	v.CreatedAt = at.Time
	return v, json.Unmarshal(body, &v.Layer)
}

func selectLayers(tx *store.Tx, scope string, limit int) ([]LayerVersion, error) {
	return store.All(tx, scanLayer, "SELECT "+layerColumns+" FROM residency_policy WHERE scope = $1 ORDER BY version DESC LIMIT $2", scope, limit)
}

func insertLayer(tx *store.Tx, v LayerVersion, body []byte) error {
	err := tx.Send("INSERT INTO residency_policy ("+layerColumns+") VALUES ($1, $2, $3, $4, $5)", v.Scope, v.Version, body, v.Actor, store.At(v.CreatedAt))
	return err
}
