package settlement

import (
	"cmp"
	"slices"

	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/money"
	"github.com/halle-cloud/halle/proof"
)

// selectHoldsOf lists what was held of documents' shares.
func selectHoldsOf(tx *store.Tx, documents []string) (out []Hold, err error) {
	for places, args := range store.In(documents) {
		list, err := selectHolds(tx, "document IN "+places, args...)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// state puts each publisher's share beside the statement that it is on, and adds up that statement again from all of its
// lines and holds.
func (m *monthly) state() error {
	type key struct{ publisher, statement string }
	share := map[key]int64{}
	for _, l := range m.lines {
		if l.Publisher != "" && l.Publisher != m.s.Operator {
			share[key{l.Publisher, l.Statement}] += l.Share.Minor
		}
	}
	none := m.zero()
	for k, here := range share {
		p := MonthPublisher{Publisher: k.publisher, Statement: k.statement, Share: m.amount(here), OtherMonths: none, VAT: none, Collected: none, Held: none, Released: none, Payable: none, Difference: none}
		if k.statement != "" {
			if err := m.stated(&p); err != nil {
				return err
			}
		}
		m.Publishers = append(m.Publishers, p)
	}
	slices.SortFunc(m.Publishers, func(a, b MonthPublisher) int {
		return cmp.Or(cmp.Compare(a.Publisher, b.Publisher), cmp.Compare(b.Number, a.Number))
	})
	return nil
}

// stated compares a statement with its lines and holds.
func (m *monthly) stated(p *MonthPublisher) error {
	row, err := store.One(m.tx, scanStatement, "SELECT "+statementColumns+" FROM settlement_statement WHERE id = $1", p.Statement)
	if err != nil {
		return err
	}
	var share, held, released int64
	err = m.tx.QueryRow("SELECT coalesce(CAST(sum(share) AS BIGINT), 0), coalesce(CAST(sum(CASE WHEN mode = 'agency' THEN tax ELSE 0 END) AS BIGINT), 0) FROM settlement_line WHERE statement = $1",
		p.Statement).Scan(&share, &p.Collected.Minor)
	if err != nil {
		return err
	}
	holds, err := selectHolds(m.tx, "publisher = $1 AND (held_in = $2 OR released_in = $2)", p.Publisher, p.Statement)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if h.heldIn == p.Statement {
			held += h.Amount.Minor
		}
		if h.freedIn == p.Statement {
			released += h.Amount.Minor
		}
	}
	p.Number, p.VAT, p.Held, p.Released, p.Payable = row.Number, row.VAT, row.Held, row.Released, row.Payable
	p.OtherMonths.Minor = share - p.Share.Minor
	p.Difference.Minor = far(row.Share.Minor-share) + far(row.Held.Minor-held) + far(row.Released.Minor-released) +
		far(row.Payable.Minor-share-row.VAT.Minor-p.Collected.Minor+held-released)
	return nil
}

// pass adds up what resellers have of the lines.
func (m *monthly) pass() {
	by := map[string]*MonthReseller{}
	for _, l := range m.lines {
		for _, part := range l.PassedOn {
			r := by[part.Reseller]
			if r == nil {
				r = &MonthReseller{Reseller: part.Reseller, Net: m.zero(), Margin: m.zero(), Difference: m.zero()}
				by[part.Reseller] = r
			}
			r.Lines++
			r.Net.Minor += l.Net.Minor
			r.Margin.Minor += part.Amount.Minor
		}
	}
	for _, r := range by {
		r.Difference.Minor = far(r.Margin.Minor - m.books.resellers[r.Reseller])
		m.Resellers = append(m.Resellers, *r)
	}
	slices.SortFunc(m.Resellers, func(a, b MonthReseller) int { return cmp.Compare(a.Reseller, b.Reseller) })
}

// sum adds the documents up.
func (m *monthly) sum() {
	none := m.zero()
	m.Total = MonthDocument{Net: none, Publishers: none, Resellers: none, Operator: none, VAT: none, Gross: none, TakenBack: none, Paid: none, SentBack: none, GivenUp: none, Unpaid: none, Held: none, Difference: none}
	for _, d := range m.Documents {
		for _, a := range []struct {
			to   *money.Amount
			more money.Amount
		}{{&m.Total.Net, d.Net}, {&m.Total.Publishers, d.Publishers}, {&m.Total.Resellers, d.Resellers}, {&m.Total.Operator, d.Operator}, {&m.Total.VAT, d.VAT}, {&m.Total.Gross, d.Gross},
			{&m.Total.TakenBack, d.TakenBack}, {&m.Total.Paid, d.Paid}, {&m.Total.SentBack, d.SentBack}, {&m.Total.GivenUp, d.GivenUp}, {&m.Total.Unpaid, d.Unpaid}, {&m.Total.Held, d.Held}, {&m.Total.Difference, d.Difference}} {
			a.to.Minor += a.more.Minor
		}
	}
}

// check says each sum of the month twice.
func (m *monthly) check() {
	t := m.Total
	var notes, stated, passed, collected int64
	for _, d := range m.Documents {
		if d.Type == proof.TypeCreditNote {
			notes -= d.Gross.Minor
		}
	}
	for _, p := range m.Publishers {
		stated += p.Share.Minor
	}
	for _, v := range m.books.resellers {
		passed += v
	}
	for _, l := range m.lines { // what publishers sell themselves is taxed by them
		if l.Mode == Agency {
			collected += l.Tax.Minor
		}
	}
	add := func(name string, left, right int64) {
		m.Checks = append(m.Checks, MonthCheck{Name: name, Left: m.amount(left), Right: m.amount(right), Difference: m.amount(left - right)})
	}
	add("charged", t.Gross.Minor, t.Publishers.Minor+t.Resellers.Minor+t.Operator.Minor+t.VAT.Minor)
	add("publishers", t.Publishers.Minor, m.books.publishers-collected)
	add("stated", t.Publishers.Minor, stated)
	add("resellers", t.Resellers.Minor, passed)
	add("operator", t.Operator.Minor, m.books.operator)
	add("tax", t.VAT.Minor, m.books.tax+collected)
	add("taken", t.TakenBack.Minor, notes)
	add("unpaid", t.Unpaid.Minor, m.books.customers)
}
