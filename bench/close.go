package main

// closeFigures are the close of a month of 10,000 customers, 20 lines each: invoices issued on SQLite. The ledger's
// postings are a figure of their own.
func closeFigures() []Figure {
	return []Figure{fromGo(Figure{Name: "month close, 10,000 customers × 20 lines", Unit: "s", Less: true, Held: 10, Aim: 3},
		"./billing/monthclose", "BenchmarkClose", "1x", "issue-s", 1, "prepare-s", "issue-and-send-s")}
}
