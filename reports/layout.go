package reports

import (
	"slices"
	"unicode/utf8"
)

// The narrowest that the model column is cut to: that of the table of counters
// further, as the main table above it has the same rows with longer names.
const (
	minModel        = 12
	minCounterModel = 8
)

// grid is columns with their widths and the gaps before them.
type grid struct {
	cols   []column
	widths []int
	gaps   []int
	layout layout
}

// fit lays columns, the first of which is the model's, out in the first of
// layouts that is not wider than width. If none is, the gaps of the last give
// way, and then its model column down to model; figures are never cut. prepare
// makes text printable.
func fit(columns func(layout) []column, layouts []layout, width, model int, prepare func(string) string) grid {
	var g grid
	for i, l := range layouts {
		g = newGrid(columns(l), l, prepare)
		if i == len(layouts)-1 {
			g.squeeze(width, model, prepare("…"))
		}
		if g.width() <= width {
			break
		}
	}
	g.lengthen(width)
	return g
}

// newGrid measures columns; one without any text is left out.
func newGrid(cols []column, l layout, prepare func(string) string) grid {
	g := grid{layout: l}
	for _, c := range cols {
		c.header = prepare(c.header)
		if !l.short {
			c.short = ""
		}
		wide, used := utf8.RuneCountInString(c.title()), false
		for i := range c.cells {
			c.cells[i].text = prepare(c.cells[i].text)
			wide = max(wide, c.cells[i].width())
			used = used || c.cells[i].text != ""
		}
		if !used {
			continue
		}
		gap := 2
		switch {
		case len(g.cols) == 0, c.glued:
			gap = 0
		case c.tight:
			gap = 1
		}
		g.cols, g.widths, g.gaps = append(g.cols, c), append(g.widths, wide), append(g.gaps, gap)
	}
	return g
}

func (g *grid) width() int {
	total := 0
	for i := range g.widths {
		total += g.gaps[i] + g.widths[i]
	}
	return total
}

// squeeze narrows gaps to one column from the left, where short headers over
// right-aligned figures leave room anyway, and then the model column, until
// the grid fits width or that column is as narrow as model.
func (g *grid) squeeze(width, model int, mark string) {
	for i := range g.gaps {
		if g.gaps[i] == 2 && g.width() > width {
			g.gaps[i] = 1
		}
	}
	over := g.width() - width
	if over <= 0 || g.widths[0] <= model {
		return
	}
	g.widths[0] = max(g.widths[0]-over, model)
	for i := range g.cols[0].cells {
		c := &g.cols[0].cells[i]
		c.text = truncate(c.text, g.widths[0], mark)
	}
}

// lengthen gives short headers back their length where there is room, from the
// right.
func (g *grid) lengthen(width int) {
	for i := range slices.Backward(g.cols) {
		c := &g.cols[i]
		wide := max(g.widths[i], utf8.RuneCountInString(c.header))
		if c.short != "" && g.width()-g.widths[i]+wide <= width {
			g.widths[i], c.short = wide, ""
		}
	}
}
