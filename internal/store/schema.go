package store

import (
	"context"
	"fmt"
	"sort"
	"strings"
)

// Schema describes the tables, columns and indexes that stand in the database, one sorted line each and in the words
// of the migrations, so that both engines and a checked-in file can be compared.
func (db *DB) Schema(ctx context.Context) (string, error) {
	var lines []string
	err := db.Read(ctx, func(tx *Tx) error {
		var err error
		if db.engine == SQLite {
			lines, err = tx.sqliteSchema()
		} else {
			lines, err = tx.postgresSchema()
		}
		return err
	})
	sort.Strings(lines)
	return strings.Join(lines, "\n") + "\n", err
}

func (tx *Tx) sqliteSchema() ([]string, error) {
	columns, err := All(tx, func(row Scanner) (string, error) {
		var table, column, kind string
		var notnull bool
		err := row.Scan(&table, &column, &kind, &notnull)
		return schemaLine(table, column, plainType(kind), notnull), err
	}, `SELECT m.name, c.name, c.type, c."notnull" OR c.pk > 0 FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`)
	if err != nil {
		return nil, err
	}
	indexes, err := All(tx, scanIndex, `SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`)
	return append(columns, indexes...), err
}

func (tx *Tx) postgresSchema() ([]string, error) {
	columns, err := All(tx, func(row Scanner) (string, error) {
		var table, column, kind string
		var notnull bool
		err := row.Scan(&table, &column, &kind, &notnull)
		return schemaLine(table, column, plainType(kind), notnull), err
	}, `SELECT table_name, column_name, data_type, is_nullable = 'NO' FROM information_schema.columns WHERE table_schema = 'public'`)
	if err != nil {
		return nil, err
	}
	indexes, err := All(tx, scanIndex, `SELECT i.indexname, i.tablename FROM pg_indexes i WHERE i.schemaname = 'public'
		AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)`)
	return append(columns, indexes...), err
}

func scanIndex(row Scanner) (string, error) {
	var name, table string
	err := row.Scan(&name, &table)
	return fmt.Sprintf("%s index %s", table, name), err
}

func schemaLine(table, column, kind string, notnull bool) string {
	if notnull {
		kind += " not null"
	}
	return fmt.Sprintf("%s.%s %s", table, column, kind)
}

// plainType folds both engines' names into the storage class that SQLite has.
func plainType(kind string) string {
	switch strings.ToLower(kind) {
	case "bigint", "boolean", "integer":
		return "integer"
	case "bytea", "blob":
		return "blob"
	}
	return "text"
}
