package reports

import (
	"slices"
	"unicode/utf8"
)

// minModel is the narrowest that the model column is cut to.
const minModel = 12

// grid is columns with their widths and the gaps before them.
type grid struct {
	cols   []column
	widths []int
	gaps   []int
	spread string // header of the quartiles' column, as it was laid out
}

// fit lays rows out in the first layout that is not wider than width. If none
// is, the model column of the last is cut; figures never are. prepare makes
// text printable.
func fit(rows, base []Row, width int, prepare func(string) string) grid {
	var g grid
	for _, l := range layouts {
		cols := columns(rows, base, l)
		g = newGrid(cols, l, prepare)
		g.spread = cols[spreadColumn].header
		if l.compact {
			g.squeeze(width, prepare("…"))
			g.lengthen(width)
		}
		if g.width() <= width {
			break
		}
	}
	return g
}

// newGrid measures columns; one without any text is left out.
func newGrid(cols []column, l layout, prepare func(string) string) grid {
	var g grid
	for _, c := range cols {
		c.header = prepare(c.header)
		if !l.compact {
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
		case len(g.cols) == 0:
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
// the grid fits width.
func (g *grid) squeeze(width int, mark string) {
	for i := range g.gaps {
		if g.gaps[i] == 2 && g.width() > width {
			g.gaps[i] = 1
		}
	}
	over := g.width() - width
	if over <= 0 || g.widths[0] <= minModel {
		return
	}
	g.widths[0] = max(g.widths[0]-over, minModel)
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
