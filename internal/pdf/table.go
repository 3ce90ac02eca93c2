package pdf

// Column is one column of a table.
type Column struct {
	Title string
	Width Length
	Right bool // numbers end at the right edge
}

// Text is a text in its style.
type Text struct {
	Style
	Text string
}

// Cell is one cell: texts below each other, over Span columns (0 is one). A head names its row.
type Cell struct {
	Texts []Text
	Span  int
	Head  bool
}

// Table is a table that goes over pages; its column titles are repeated on each, to be seen and not to be read again.
type Table struct {
	flow    *Flow
	columns []Column
	head    Style
	rule    Color
	light   Color
	gap     Length // above and below the text of a row
	body    *Element
	table   *Element
	last    int // page of the titles that were drawn last
}

// Gutter is the space between columns.
const Gutter = 3 * Millimetre

// Table begins a table below an element, its titles in a style with a rule of a colour below, its rows apart by light
// rules and by gap above and below their text.
func (f *Flow) Table(e *Element, head Style, rule, light Color, gap Length, columns ...Column) *Table {
	return &Table{flow: f, columns: columns, head: head, rule: rule, light: light, gap: gap, table: e.Add(TableRole)}
}

// titles draws the column titles: the first time as the head of the table, on later pages as an artifact.
func (t *Table) titles() {
	f, first := t.flow, t.body == nil
	var row *Element
	if first {
		row = t.table.Add(TableHead).Add(TableRow)
		t.body = t.table.Add(TableBody)
	}
	t.last = f.Page.Number()
	x, base := f.Left, f.Y+t.gap+t.head.drop()
	for _, c := range t.columns {
		var e *Element
		if first {
			e = row.Add(HeadCell).Heads("Column", 1)
		}
		switch {
		case c.Title == "":
		case c.Right:
			f.Page.TextRight(e, t.head, x+c.Width, base, c.Title)
		default:
			f.Page.Text(e, t.head, x, base, c.Title)
		}
		x += c.Width + Gutter
	}
	f.Y += t.head.leading() + 2*t.gap
	f.Page.Fill(nil, t.rule, f.Left, f.Y-Point*3/4, f.Width, Point*3/4)
}

// line is a line of a cell that was wrapped.
type cellLine struct {
	Style
	text string
	more bool // the text goes on
}

// Row adds a row. keep is the height that should follow it on the same page.
func (t *Table) Row(keep Length, cells ...Cell) {
	f := t.flow
	wrapped, heights, total := t.wrap(cells)
	first := t.body == nil
	need := total + 2*t.gap + keep
	if first {
		need += t.head.leading() + 2*t.gap
	}
	f.Room(min(need, (f.Bottom-f.Top)/3)) // a row taller than that goes over the end of the page
	if first || t.last != f.Page.Number() {
		t.titles()
	}
	row, parts := t.body.Add(TableRow), make([]*Element, len(cells))
	for i, c := range cells {
		parts[i] = t.cell(row, c)
	}
	for from := 0; from < len(heights); {
		to, y := from, f.Y+t.gap
		for to < len(heights) && (to == from || y+heights[to] <= f.Bottom) {
			y += heights[to]
			to++
		}
		t.band(cells, parts, wrapped, heights, from, to)
		f.Y = y + t.gap
		if from = to; from < len(heights) {
			f.Next()
			t.titles()
		}
	}
	f.Page.Fill(nil, t.light, f.Left, f.Y-Point/2, f.Width, Point/2)
}

func (t *Table) cell(row *Element, c Cell) *Element {
	if c.Head {
		return row.Add(HeadCell).Heads("Row", c.Span)
	}
	return row.Add(DataCell).Heads("", c.Span)
}

// wrap breaks the texts of all cells, and gives the height of each line of the row.
func (t *Table) wrap(cells []Cell) (wrapped [][]cellLine, heights []Length, total Length) {
	wrapped = make([][]cellLine, len(cells))
	column := 0
	for i, c := range cells {
		width := t.columns[column].Width
		for range max(c.Span, 1) - 1 {
			column++
			width += Gutter + t.columns[column].Width
		}
		column++
		for _, text := range c.Texts {
			if text.Text == "" {
				continue
			}
			lines := text.Wrap(text.Text, width)
			for n, line := range lines {
				wrapped[i] = append(wrapped[i], cellLine{text.Style, line, n < len(lines)-1})
			}
		}
		for n, line := range wrapped[i] {
			if n == len(heights) {
				heights = append(heights, 0)
			}
			heights[n] = max(heights[n], line.leading())
		}
	}
	for _, h := range heights {
		total += h
	}
	return wrapped, heights, total
}

// band draws some lines of a row.
func (t *Table) band(cells []Cell, parts []*Element, wrapped [][]cellLine, heights []Length, from, to int) {
	f, column, x := t.flow, 0, t.flow.Left
	for i, c := range cells {
		width := t.columns[column].Width
		right := t.columns[column].Right && c.Span <= 1
		for range max(c.Span, 1) - 1 {
			column++
			width += Gutter + t.columns[column].Width
		}
		column++
		if from < len(wrapped[i]) {
			f.Page.open(parts[i])
			y := f.Y + t.gap
			for n := from; n < min(to, len(wrapped[i])); n++ {
				line, at := wrapped[i][n], x
				if right {
					at = x + width - line.Font.width(line.text)*line.Size/1000
				}
				f.Page.line(line.Style, at, y+line.drop(), spaced(line.text, line.more || n < len(wrapped[i])-1))
				y += heights[n]
			}
			f.Page.close()
		}
		x += width + Gutter
	}
}
