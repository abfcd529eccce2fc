package dashboard

import (
	"fmt"
	"slices"

	"github.com/c10kit/c10kit/dashboard/chart"
	"github.com/c10kit/c10kit/dashboard/screen"
	"github.com/c10kit/c10kit/results"
)

// placed is a column of the table with where it stands: figures end at x+width.
type placed struct {
	*column
	x, width int
	texts    []string // by row
	styles   []screen.Style
}

// tablePlan is a table as it is going to be drawn. Before the names stand the selection,
// the digit that toggles the model, and its marker:
//
//	>3 ^ prefork:accept   13.7k ±10%  4.24ms  ...  ▁▃▅▇
type tablePlan struct {
	rows   []*row
	nameX  int
	nameW  int
	cols   []placed
	trendX int
	trendW int
}

const (
	nameX         = 5
	minName       = 9
	minTrend      = 7
	maxTrendWidth = 40
)

// planTable decides which columns of rows fit into a.
func (d *dash) planTable(rows []*row, a screen.Area) tablePlan {
	width := a.Width()
	p := tablePlan{rows: rows, nameX: nameX, nameW: minName}
	for _, r := range rows {
		p.nameW = max(p.nameW, a.TextWidth(d.name(r)))
	}
	p.nameW = max(min(p.nameW, width-nameX-minTrend, width/3), 0)
	p.cols = d.choose(rows, a, width-nameX-p.nameW-minTrend-1)
	x := p.nameX + p.nameW
	for i := range p.cols {
		x += 1
		p.cols[i].x = x
		x += p.cols[i].width
	}
	p.trendX = x + 2
	p.trendW = min(max(width-p.trendX, 0), maxTrendWidth)
	return p
}

// place makes a column's texts and its width, which figures are never cut to.
func (d *dash) place(c *column, rows []*row, a screen.Area) placed {
	p := placed{column: c, width: a.TextWidth(d.header(c))}
	for _, r := range rows {
		text, style := c.text(d, r)
		p.texts, p.styles = append(p.texts, text), append(p.styles, style)
		p.width = max(p.width, a.TextWidth(text))
	}
	return p
}

// choose places the columns that fit into width together, those of the lowest rank first. A
// narrow one may stand where there was no room for a wider one of a lower rank.
func (d *dash) choose(rows []*row, a screen.Area, width int) []placed {
	chosen := make([]placed, len(columns))
	for rank := range rankNever {
		for i := range columns {
			if d.rank(&columns[i]) != rank {
				continue
			}
			if p := d.place(&columns[i], rows, a); p.width < width {
				chosen[i] = p
				width -= 1 + p.width
			}
		}
	}
	chosen = slices.DeleteFunc(chosen, func(p placed) bool { return p.column == nil })
	d.placed = d.placed[:0]
	for _, p := range chosen {
		d.placed = append(d.placed, p.column)
	}
	return chosen
}

// rank is a column's own, or another one for what the user asked for: what the table is sorted
// by, and the difference. Of two runs that is what is looked for; of one it is once a base was
// asked for.
func (d *dash) rank(c *column) rank {
	switch {
	case c.ofTwo && d.other == nil:
		return rankNever
	case d.sort >= 0 && c == &columns[d.sort]:
		return rankSorted
	case c.ofTwo || d.other != nil && c.name == "diff":
		return rankAlways
	case d.base != "" && c.name == "diff":
		return rankAsked
	}
	return c.rank
}

// name tells a row from the others of its group: the variant is left out on a narrow
// screen where no other row has the same model.
func (d *dash) name(r *row) string {
	if d.grid.Width() >= gridWidth {
		return r.spec
	}
	if d.story.twins(r) {
		return r.spec
	}
	return clean(r.cell.Model)
}

// drawTable draws the header and the rows, as many as there is room for, with the selected
// one among them.
func (d *dash) drawTable(a screen.Area) {
	rows := d.rows()
	if len(rows) == 0 {
		d.drawNoRows(a)
		return
	}
	p := d.planTable(rows, a)
	d.seen = a.Height() - 1
	d.scrollTable(p, a.Height()-1)
	d.drawHeader(a, p)
	_, body := a.Top(1)
	for y := 0; y < body.Height() && d.cursor+y < len(rows); y++ {
		d.drawRow(body.Row(y), p, d.cursor+y)
	}
}

func (d *dash) drawNoRows(a screen.Area) {
	text := "no run yet: o sets one up"
	switch {
	case d.filter != "":
		text = "no model has " + d.filter + " in its name: Esc ends the filter"
	case len(d.story.groups) > 0:
		text = "this run has no cells"
	}
	a.Field(0, a.Height()/2, a.Width(), screen.Centre, text, screen.Dim)
}

// scrollTable moves the window on the rows so that the selected one is in it.
func (d *dash) scrollTable(p tablePlan, height int) {
	selected := 0
	for i, r := range p.rows {
		if r == d.row() {
			selected = i
		}
	}
	d.cursor = min(d.cursor, selected, max(len(p.rows)-height, 0))
	if selected >= d.cursor+height {
		d.cursor = selected - height + 1
	}
	d.cursor = max(d.cursor, 0)
}

// drawHeader names the columns. Where there is no room for all rows, it says which are seen.
func (d *dash) drawHeader(a screen.Area, p tablePlan) {
	if shown := a.Height() - 1; shown < len(p.rows) {
		text := fmt.Sprintf("%d–%d of %d", d.cursor+1, d.cursor+shown, len(p.rows))
		a.Field(1, 0, p.nameX+p.nameW-1, screen.Left, text, screen.Warn)
	} else {
		a.Field(p.nameX, 0, p.nameW, screen.Left, "model", screen.Title)
	}
	for _, c := range p.cols {
		style := screen.Title
		if d.sort >= 0 && c.column == &columns[d.sort] {
			style = screen.Focus
		}
		a.Field(c.x, 0, c.width, screen.Right, d.header(c.column), style)
		d.click(a.Sub(c.x, 0, c.width, 1), func(d *dash) { d.sortBy(c.column) })
	}
	a.Field(p.trendX, 0, p.trendW, screen.Left, "trend", screen.Title)
}

func (d *dash) drawRow(a screen.Area, p tablePlan, i int) {
	r := p.rows[i]
	selected := r == d.row()
	if selected {
		a.Set(0, 0, '>', screen.Bold)
	}
	style, nameStyle := screen.Series(r.series), screen.Normal
	switch {
	case d.hidden[r.spec]:
		style, nameStyle = screen.Dim, screen.Dim
	case r.running:
		nameStyle = screen.Bold
	}
	if r.series < 9 {
		a.Text(1, 0, fmt.Sprint(r.series+1), screen.Key)
	}
	marker := screen.Marker(r.series)
	if d.hidden[r.spec] {
		marker = '-' // seen without colours too
	}
	a.Set(3, 0, marker, style)
	if r.running {
		a.Set(4, 0, '▶', screen.Bold)
	}
	a.Field(p.nameX, 0, p.nameW, screen.Left, d.name(r), nameStyle)
	for _, c := range p.cols {
		a.Field(c.x, 0, c.width, screen.Right, c.texts[i], c.styles[i])
	}
	d.drawTrend(a.Sub(p.trendX, 0, p.trendW, 1), r, style)
	d.click(a.Sub(0, 0, nameX, 1), func(d *dash) { d.hidden[r.spec] = !d.hidden[r.spec] })
	d.click(a.Sub(nameX, 0, a.Width(), 1), func(d *dash) { d.selected = r.cell.ID })
	if selected {
		a.Sub(0, 0, p.trendX, 1).Select() // a curve in reverse looks upside down
	}
}

// drawTrend shows req/s sample by sample, or the state of a row that has none.
func (d *dash) drawTrend(a screen.Area, r *row, style screen.Style) {
	switch {
	case len(r.trend) > 0:
		chart.Spark{Values: r.trend, Style: style}.Draw(a)
	case r.running:
		a.Text(0, 0, "running", screen.Bold)
	case len(r.results) == 0:
		a.Text(0, 0, "queued", screen.Dim)
	default:
		chart.Spark{Values: roundValues(r, results.ReqPerSec), Style: style}.Draw(a)
	}
}

// roundValues is a metric round by round, for runs without samples.
func roundValues(r *row, m results.Metric) []float64 {
	var all []float64
	for _, x := range r.results {
		if v, ok := x.Values[m]; ok {
			all = append(all, v)
		}
	}
	return all
}
