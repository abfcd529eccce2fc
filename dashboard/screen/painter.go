package screen

import (
	"strconv"

	"github.com/charmbracelet/colorprofile"
)

// A Painter turns Grids into what a terminal understands. It keeps its memory
// from one frame to the next. Not safe for concurrent use.
type Painter struct {
	sequences [256]string // that switch to a Style from any other; all "" without escapes
	escapes   bool
	buffer    []byte
}

// NewPainter returns a Painter for t with as many colours as the profile has.
func NewPainter(t Theme, p colorprofile.Profile) *Painter {
	painter := &Painter{escapes: p > colorprofile.NoTTY}
	if painter.escapes {
		for s := range painter.sequences {
			painter.sequences[s] = sequence(t.look(Style(s)), Style(s)&Reverse != 0, p)
		}
	}
	return painter
}

// sequence returns "select graphic rendition" (ECMA-48, 8.3.117) for l. Each
// begins with a reset, so that it does not depend on what was before.
func sequence(l look, reverse bool, p colorprofile.Profile) string {
	s := "\x1b[0"
	if l.bold {
		s += ";1"
	}
	if reverse {
		s += ";7"
	}
	switch {
	case l.natural:
	case p == colorprofile.TrueColor:
		r, g, b := l.rgb.parts()
		s += ";38;2;" + strconv.Itoa(int(r)) + ";" + strconv.Itoa(int(g)) + ";" + strconv.Itoa(int(b))
	case p == colorprofile.ANSI256:
		s += ";38;5;" + strconv.Itoa(int(l.of256))
	case p == colorprofile.ANSI && l.of16 < 8:
		s += ";" + strconv.Itoa(30+int(l.of16))
	case p == colorprofile.ANSI:
		s += ";" + strconv.Itoa(90-8+int(l.of16))
	}
	return s + "m"
}

func (c RGB) parts() (r, g, b uint8) { return uint8(c >> 16), uint8(c >> 8), uint8(c) }

const reset = "\x1b[0m"

// Render returns the rows of g, joined by newlines. Cells of equal style share
// one escape sequence, and each row ends with all of them undone, so that a
// renderer may write some rows and not others. Blanks at the end of a row that
// show nothing are left out: the renderer erases to the end of the line.
func (p *Painter) Render(g *Grid) string {
	b := p.buffer[:0]
	for y := range g.canvas.h {
		if y > 0 {
			b = append(b, '\n')
		}
		b = p.row(b, g.canvas, y)
	}
	p.buffer = b
	return string(b)
}

func (p *Painter) row(b []byte, c *canvas, y int) []byte {
	row := c.row(y)
	for len(row) > 0 && row[len(row)-1].invisible() {
		row = row[:len(row)-1]
	}
	now := Normal
	for i := range row {
		cell := &row[i]
		if cell.style != now && cell.width > 0 && !(cell.invisible() && now&Reverse == 0) {
			if s := p.sequences[cell.style]; s != p.sequences[now] {
				b = append(b, s...)
			}
			now = cell.style
		}
		b = c.append(b, *cell)
	}
	if p.sequences[now] != p.sequences[Normal] {
		b = append(b, reset...)
	}
	return b
}

// invisible reports whether nothing at all is seen of c, so that its colour does
// not matter.
func (c *cell) invisible() bool { return c.char == ' ' && c.style&Reverse == 0 && c.width == 1 }
