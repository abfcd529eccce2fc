package chart

import "github.com/c10kit/c10kit/dashboard/screen"

// draw draws the points of p into its frame.
func (p Plot) draw(f frame) {
	traced := p.Mode == Traced && f.plot.Drawing()
	if traced {
		p.trace(f)
	} else {
		p.join(f)
	}
	var last *Series
	column, seen := 0, 0
	end := func() {
		if traced && last != nil && seen >= 0 {
			f.plot.Set(column, seen, last.marker(), last.style())
		}
	}
	every := max(f.plot.Width()/4, 8)
	next := 0
	p.each(func(s *Series, x, y float64, ok bool) {
		if s != last {
			end()
			last, seen = s, -1
			next = every/2 + p.index(s)*3
		}
		if !ok {
			return
		}
		column, seen = f.column(p.X.measure(x)), f.row(p.Y.measure(y))
		if !traced || column >= next {
			f.plot.Set(column, seen, s.marker(), s.style())
			next = column + every
		}
	})
	end()
}

// index returns which series s is, so that markers on lines do not all stand
// in the same columns.
func (p Plot) index(s *Series) int {
	for i := range p.Series {
		if s == &p.Series[i] {
			return i
		}
	}
	return 0
}

// segments calls f with each two points of a series that a line joins: both have a
// place, and nothing that has none is between them. grid maps a point to it.
func (p Plot) segments(grid func(x, y float64) (int, int), f func(s *Series, x0, y0, x1, y1 int)) {
	var last *Series
	var lastX, lastY int
	p.each(func(s *Series, x, y float64, ok bool) {
		if !ok {
			last = nil
			return
		}
		nowX, nowY := grid(p.X.measure(x), p.Y.measure(y))
		if last != s {
			lastX, lastY = nowX, nowY
		}
		f(s, lastX, lastY, nowX, nowY)
		last, lastX, lastY = s, nowX, nowY
	})
}

// join draws dots in the columns between the points of each series.
func (p Plot) join(f frame) {
	grid := func(x, y float64) (int, int) { return f.column(x), f.row(y) }
	p.segments(grid, func(s *Series, x0, y0, x1, y1 int) {
		if x1 < x0 {
			x0, y0, x1, y1 = x1, y1, x0, y0
		}
		for x := x0 + 1; x < x1; x++ {
			f.plot.Set(x, y0+((y1-y0)*(x-x0)*2+(x1-x0))/((x1-x0)*2), '·', s.style())
		}
	})
}

// Dots of a braille character, by column and row of its 2 x 4.
var brailleDots = [2][4]uint8{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}

// trace draws lines of braille: 2 x 4 dots a cell. A cell that several
// series cross has the dots of all and the style of the last.
func (p Plot) trace(f frame) {
	width, height := f.plot.Width(), f.plot.Height()
	dots := make([]uint8, width*height)
	styles := make([]screen.Style, width*height)
	fine := frame{x: f.x, y: f.y}
	grid := func(x, y float64) (int, int) {
		column := min(max(fine.x.cell(x, width*2), 0), width*2-1)
		return column, min(max(height*4-1-fine.y.cell(y, height*4), 0), height*4-1)
	}
	p.segments(grid, func(s *Series, x0, y0, x1, y1 int) {
		line(x0, y0, x1, y1, func(x, y int) {
			i := y/4*width + x/2
			dots[i] |= brailleDots[x%2][y%4]
			styles[i] = s.style()
		})
	})
	for i, d := range dots {
		if d != 0 {
			f.plot.Set(i%width, i/width, 0x2800+rune(d), styles[i])
		}
	}
}

// line calls set for each dot of a straight line (Bresenham's algorithm).
func line(x0, y0, x1, y1 int, set func(x, y int)) {
	dx, dy := abs(x1-x0), -abs(y1-y0)
	stepX, stepY := sign(x1-x0), sign(y1-y0)
	for e := dx + dy; ; {
		set(x0, y0)
		if x0 == x1 && y0 == y1 {
			return
		}
		e2 := 2 * e
		if e2 >= dy {
			e += dy
			x0 += stepX
		}
		if e2 <= dx {
			e += dx
			y0 += stepY
		}
	}
}

func abs(n int) int { return max(n, -n) }

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
