package main

// closeFigures are the close of a month of 10,000 customers, 20 lines each: invoices issued on SQLite. The ledger's
// postings are a figure of their own.
func closeFigures() []Figure {
	return []Figure{fromGo(Figure{Name: "month close, 10,000 customers × 20 lines", Unit: "s", Less: true, Held: 10, Aim: 3},
		"./billing/monthclose", "BenchmarkClose", "1x", "issue-s", 1, "prepare-s", "issue-and-send-s"),
		fromGo(Figure{Name: "PDF of an invoice of 20 lines", Unit: "ms", Less: true, Aim: 1}, "./billing/paper", "^BenchmarkPDF$", "2s", "ns/op", 1e-6, "kB", "allocs/op"),
		fromGo(Figure{Name: "PDF of an invoice of 1,000,000 lines, summed up", Unit: "ms", Less: true}, "./billing/paper", "^BenchmarkMillionLines$", "3x", "ns/op", 1e-6)}
}
