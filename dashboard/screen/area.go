package screen

// An Area is a rectangle of a Grid, with its own coordinates from 0, 0 in its
// upper left corner. It clips: whatever is drawn through it with whatever
// arguments, no cell outside of it changes, save that a wide character which
// the edge cuts in two becomes blank on both sides, as a terminal cannot show
// half of one. Areas are values; the zero Area has no cells.
type Area struct {
	canvas     *canvas
	x, y, w, h int
}

// Width returns the number of columns.
func (a Area) Width() int { return a.w }

// Height returns the number of rows.
func (a Area) Height() int { return a.h }

// Empty reports whether a has no cells.
func (a Area) Empty() bool { return a.w <= 0 || a.h <= 0 }

// Charset returns what may be drawn on a.
func (a Area) Charset() Charset {
	if a.canvas == nil {
		return ASCII
	}
	return a.canvas.charset
}

// Drawing reports whether frames, blocks and braille are drawn as such. If not,
// each has an ASCII form, which Set and Text take by themselves; callers ask
// where they can do better, as with markers in place of braille.
func (a Area) Drawing() bool { return a.Charset() == Unicode }

// Origin returns where a begins on its Grid, for the mouse.
func (a Area) Origin() (x, y int) { return a.x, a.y }

// Sub returns the part of the rectangle that is inside a. Its size may be
// smaller than asked for, and 0.
func (a Area) Sub(x, y, width, height int) Area {
	x, width = clip(x, width, a.w)
	y, height = clip(y, height, a.h)
	return Area{canvas: a.canvas, x: a.x + x, y: a.y + y, w: width, h: height}
}

// clip returns the part of [at, at+n) that is in [0, limit). It does not
// overflow for any argument.
func clip(at, n, limit int) (from, count int) {
	if n <= 0 || at >= limit {
		return min(max(at, 0), max(limit, 0)), 0
	}
	if at < 0 {
		n += at // at+n cannot overflow: the signs differ
		at = 0
	}
	return at, max(min(n, limit-at), 0)
}

// Inset returns a without n cells on each side.
func (a Area) Inset(n int) Area {
	n = min(max(n, 0), MaxSide)
	return a.Sub(n, n, a.w-2*n, a.h-2*n)
}

// Row returns the row y of a.
func (a Area) Row(y int) Area { return a.Sub(0, y, a.w, 1) }

// Top returns the first n rows and the rest.
func (a Area) Top(n int) (top, rest Area) {
	n = min(max(n, 0), a.h)
	return a.Sub(0, 0, a.w, n), a.Sub(0, n, a.w, a.h-n)
}

// Bottom returns the last n rows and the rest.
func (a Area) Bottom(n int) (bottom, rest Area) {
	n = min(max(n, 0), a.h)
	return a.Sub(0, a.h-n, a.w, n), a.Sub(0, 0, a.w, a.h-n)
}

// Left returns the first n columns and the rest.
func (a Area) Left(n int) (left, rest Area) {
	n = min(max(n, 0), a.w)
	return a.Sub(0, 0, n, a.h), a.Sub(n, 0, a.w-n, a.h)
}

// Right returns the last n columns and the rest.
func (a Area) Right(n int) (right, rest Area) {
	n = min(max(n, 0), a.w)
	return a.Sub(a.w-n, 0, n, a.h), a.Sub(0, 0, a.w-n, a.h)
}

// Column returns the i-th of n columns of equal width, which together are a:
// the first ones are one cell wider where it does not divide.
func (a Area) Column(i, n int) Area {
	from, to := share(i, n, a.w)
	return a.Sub(from, 0, to-from, a.h)
}

// Band returns the i-th of n bands of equal height, which together are a.
func (a Area) Band(i, n int) Area {
	from, to := share(i, n, a.h)
	return a.Sub(0, from, a.w, to-from)
}

func share(i, n, size int) (from, to int) {
	if n <= 0 || i < 0 || i >= n {
		return 0, 0
	}
	each, more := size/n, size%n
	from = i*each + min(i, more)
	if i < more {
		each++
	}
	return from, from + each
}

// Set draws r at x, y: nothing if that is outside, or if r is wide and only
// half of it would be inside. Control characters are drawn as '?'.
func (a Area) Set(x, y int, r rune, s Style) {
	if x < 0 || y < 0 || x >= a.w || y >= a.h {
		return
	}
	r, width := a.canvas.char(r)
	if width == 2 && x+1 >= a.w {
		return
	}
	a.canvas.put(a.x+x, a.y+y, cell{r, s, width})
}

// Fill draws r, one column wide, on every cell of a.
func (a Area) Fill(r rune, s Style) {
	for y := range a.h {
		for x := range a.w {
			a.Set(x, y, r, s)
		}
	}
}

// Clear blanks a.
func (a Area) Clear() { a.Fill(' ', Normal) }

// Restyle gives every cell of a the style that f makes of its own.
func (a Area) Restyle(f func(Style) Style) {
	for y := range a.h {
		for x := range a.w {
			if c := a.cell(x, y); c != nil {
				c.style = f(c.style)
			}
		}
	}
}

// Select marks a as selected: reversed, as on a menu.
func (a Area) Select() { a.Restyle(func(s Style) Style { return s | Reverse }) }

// At returns what the cell x, y shows, and its style: "" for the right half of
// a wide character, and outside of a.
func (a Area) At(x, y int) (string, Style) {
	c := a.cell(x, y)
	if c == nil {
		return "", Normal
	}
	return string(a.canvas.append(nil, *c)), c.style
}

// cell returns the cell x, y, nil if there is none.
func (a Area) cell(x, y int) *cell {
	if x < 0 || y < 0 || x >= a.w || y >= a.h || a.x+x >= a.canvas.w || a.y+y >= a.canvas.h {
		return nil
	}
	return &a.canvas.row(a.y + y)[a.x+x]
}
