package screen

import "strings"

// A Grid is a screen of terminal cells. It is an Area (the whole of it) and so
// has all drawing methods. Not safe for concurrent use; Areas of it share it.
type Grid struct {
	Area
}

// cell is what one column of one row shows. width is 2 for a wide cluster,
// whose right neighbour then has width 0 and is not drawn.
type cell struct {
	char  rune // a character, or ^i for canvas.clusters[i]
	style Style
	width uint8
}

var blank = cell{char: ' ', width: 1}

// canvas is the memory of a Grid.
type canvas struct {
	w, h     int
	charset  Charset
	cells    []cell   // h rows of w
	clusters []string // clusters of several code points, since the last Clear
}

// MaxSide bounds the width and height of a Grid: no terminal is larger, and a
// wrong window size does not take all memory.
const MaxSide = 4096

// New returns a blank Grid. Sides are taken into [0, MaxSide].
func New(width, height int, charset Charset) *Grid {
	g := &Grid{Area{canvas: &canvas{charset: charset}}}
	g.Resize(width, height)
	return g
}

// Resize gives g another size and blanks it. Areas made before are of no use
// any more: what is drawn on them may be lost, and is never outside of g.
func (g *Grid) Resize(width, height int) {
	c := g.canvas
	c.w, c.h = min(max(width, 0), MaxSide), min(max(height, 0), MaxSide)
	if n := c.w * c.h; n <= cap(c.cells) {
		c.cells = c.cells[:n]
	} else {
		c.cells = make([]cell, n)
	}
	g.Area = Area{canvas: c, w: c.w, h: c.h}
	g.Clear()
}

// SetCharset changes what may be drawn from now on. What is drawn stays.
func (g *Grid) SetCharset(charset Charset) { g.canvas.charset = charset }

// Clear blanks g, to draw the next frame on the same memory.
func (g *Grid) Clear() {
	for i := range g.canvas.cells {
		g.canvas.cells[i] = blank
	}
	clear(g.canvas.clusters)
	g.canvas.clusters = g.canvas.clusters[:0]
}

// Plain returns the text of g: each row ended by a newline, without blanks at its end.
func (g *Grid) Plain() string {
	var b strings.Builder
	b.Grow(g.canvas.w*g.canvas.h + g.canvas.h)
	line := make([]byte, 0, g.canvas.w*3)
	for y := range g.canvas.h {
		line = line[:0]
		for _, c := range g.canvas.row(y) {
			line = g.canvas.append(line, c)
		}
		b.WriteString(strings.TrimRight(string(line), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

func (c *canvas) row(y int) []cell { return c.cells[y*c.w : (y+1)*c.w] }

// append appends the text of one cell to b: nothing for the right half of a wide cluster.
func (c *canvas) append(b []byte, cell cell) []byte {
	switch {
	case cell.width == 0:
		return b
	case cell.char < 0:
		return append(b, c.clusters[^cell.char]...)
	case cell.char < 0x80:
		return append(b, byte(cell.char))
	}
	return append(b, string(cell.char)...)
}

// put sets the cell at x, y and, for a wide one, its right half. A wide cluster that loses one half to it becomes a blank.
func (c *canvas) put(x, y int, new cell) {
	if y >= c.h || x+int(new.width) > c.w {
		return // the Grid has become smaller
	}
	row := c.row(y)
	c.cut(row, x)
	if new.width == 2 {
		c.cut(row, x+1)
		row[x+1] = cell{char: ' ', style: new.style}
	}
	row[x] = new
}

// cut blanks the other half of the wide cluster that has a half at x.
func (c *canvas) cut(row []cell, x int) {
	switch row[x].width {
	case 0:
		row[x-1].char, row[x-1].width = ' ', 1
	case 2:
		row[x+1].width = 1
	}
}

// cluster returns the char of a cell that shows s, several code points.
func (c *canvas) cluster(s string) rune {
	c.clusters = append(c.clusters, s)
	return ^rune(len(c.clusters) - 1)
}
