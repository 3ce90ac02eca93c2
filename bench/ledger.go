package main

// ledgerFigures are entries of three transfers, committed for good: one a call from 64 callers, who share commits, and a
// thousand a call. The callers run on the same cores.
func ledgerFigures() []Figure {
	posted := func(name, benchmark, variant, times string, held, aim float64) Figure {
		return fromGo(Figure{Name: name, Unit: "entries/s", Held: held, Aim: aim}, "./settlement/ledger", "^"+benchmark+"$/^"+variant+"$", times, "entries/s", 1)
	}
	return []Figure{
		posted("ledger, 3 transfers, single, SQLite", "BenchmarkSingle", "sqlite", "20000x", 1000, 0),
		posted("ledger, 3 transfers, single, PostgreSQL", "BenchmarkSingle", "postgresql", "20000x", 1000, 0),
		posted("ledger, 3 transfers, batched, SQLite", "BenchmarkBatched", "sqlite", "60000x", 5000, 50_000),
		posted("ledger, 3 transfers, batched, PostgreSQL", "BenchmarkBatched", "postgresql", "60000x", 5000, 50_000),
		fromGo(Figure{Name: "ledger, proving the books", Unit: "entries/s"}, "./settlement/ledger", "^BenchmarkCheck$", "3x", "entries/s", 1),
	}
}
