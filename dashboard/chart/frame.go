package chart

import "github.com/c10kit/c10kit/dashboard/screen"

// A frame is the axes of a chart and the area between them.
type frame struct {
	plot screen.Area
	x, y span
}

func (f frame) row(m float64) int {
	n := f.plot.Height()
	return min(max(n-1-f.y.cell(m, n), 0), n-1)
}

// column is -1 or the width for what is outside.
func (f frame) column(m float64) int { return f.x.cell(m, f.plot.Width()) }

// Sizes from which on a part of the frame is drawn: below them the data needs the room.
const (
	heightForLabels = 4 // of the x axis
	heightForLine   = 6 // below the plot
	heightForUnit   = 9 // of the y axis, in a row of its own
	widthForPlot    = 8 // beside the labels of the y axis
)

// layout draws the axes of a chart on a, which is not empty.
func layout(a screen.Area, ax, ay Axis, x, y extent) frame {
	body := a
	if ay.Unit != "" && a.Height() >= heightForUnit {
		var row screen.Area
		row, body = body.Top(1)
		row.Text(0, 0, ay.Unit, screen.Dim)
	}
	var labels, line screen.Area
	if a.Height() >= heightForLabels {
		labels, body = body.Bottom(1)
	}
	if a.Height() >= heightForLine {
		line, body = body.Bottom(1)
	}
	rows := body.Height()
	wanted := max(rows/3, 2)
	f := frame{y: ay.span(y, true, wanted)}
	ticks := ay.ticks(f.y, wanted)
	width := labelWidth(body, ticks)
	if width+1+widthForPlot <= body.Width() {
		var gutter screen.Area
		gutter, f.plot = body.Left(width + 1)
		drawYAxis(gutter, f, ticks)
		_, labels = labels.Left(width + 1)
		if !line.Empty() {
			_, line = line.Left(width)
			line.Fill('─', screen.Dim)
			line.Set(0, 0, '└', screen.Dim)
		}
	} else {
		f.plot = body
		line.Fill('─', screen.Dim)
	}
	f.x = ax.span(x, false, 0)
	drawXAxis(labels, f, ax)
	return f
}

func labelWidth(a screen.Area, ticks []tick) int {
	width := 0
	for _, t := range ticks {
		width = max(width, a.TextWidth(t.label))
	}
	return width
}

// drawYAxis draws labels, right-aligned, and the line beside them.
func drawYAxis(gutter screen.Area, f frame, ticks []tick) {
	right := gutter.Width() - 1
	for y := range gutter.Height() {
		gutter.Set(right, y, '│', screen.Dim)
	}
	used := -1
	for i := len(ticks) - 1; i >= 0; i-- {
		row := f.row(ticks[i].at)
		if row == used {
			continue
		}
		used = row
		gutter.Field(0, row, right, screen.Right, ticks[i].label, screen.Dim)
		gutter.Set(right, row, '┤', screen.Dim)
	}
}

// drawXAxis writes labels below their columns, as many as have room.
func drawXAxis(row screen.Area, f frame, axis Axis) {
	width := min(row.Width(), f.plot.Width())
	if row.Empty() || width < 1 {
		return
	}
	end := width
	if w := row.TextWidth(axis.Unit); axis.Unit != "" && w+widthForPlot <= width {
		end = row.Width() - w
		row.Text(end, 0, axis.Unit, screen.Dim)
		end--
	}
	var taken [64]struct{ from, to int }
	n := 0
next:
	for _, t := range byRank(axis.ticks(f.x, min(max(width/8, 2), 32))) {
		w := row.TextWidth(t.label)
		from := max(f.column(t.at)-w/2, 0)
		from = min(from, end-w)
		if from < 0 || n == len(taken) {
			continue
		}
		for _, other := range taken[:n] {
			if from <= other.to && other.from <= from+w {
				continue next
			}
		}
		taken[n] = struct{ from, to int }{from, from + w}
		n++
		row.Text(from, 0, t.label, screen.Dim)
	}
}
