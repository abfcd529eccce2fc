package screen

import "fmt"

// Arms of a frame character: how thick its strokes to the four sides are, 0
// for none, in pixels.
type arms struct{ left, right, up, down int }

const (
	thin  = 1
	thick = 3
)

var frames = map[rune]arms{
	'─': {thin, thin, 0, 0}, '│': {0, 0, thin, thin},
	'┌': {0, thin, 0, thin}, '┐': {thin, 0, 0, thin}, '└': {0, thin, thin, 0}, '┘': {thin, 0, thin, 0},
	'├': {0, thin, thin, thin}, '┤': {thin, 0, thin, thin}, '┬': {thin, thin, 0, thin}, '┴': {thin, thin, thin, 0},
	'┼': {thin, thin, thin, thin},
	'━': {thick, thick, 0, 0}, '┃': {0, 0, thick, thick},
	'┏': {0, thick, 0, thick}, '┓': {thick, 0, 0, thick}, '┗': {0, thick, thick, 0}, '┛': {thick, 0, thick, 0},
	'┣': {0, thick, thick, thick}, '┫': {thick, 0, thick, thick},
}

// hasShape reports whether pictures draw r as a shape.
func hasShape(r rune) bool {
	switch {
	case r < 0x2500 || r > 0x28ff:
		return false
	case r < 0x2580:
		_, ok := frames[r]
		return ok
	}
	return r <= 0x2593 || r >= 0x2800
}

// fullWidth reports whether copies of r side by side are one shape.
func fullWidth(r rune) bool {
	return r == '─' || r == '━' || r >= 0x2580 && r <= 0x2588 || r >= 0x2591 && r <= 0x2593
}

// shape draws the character at x, and copies to the right of it with it where
// that is one shape. It returns how many cells it drew.
func (p *picture) shape(row []cell, x, y int) int {
	r, n := row[x].char, 1
	for fullWidth(r) && x+n < len(row) && row[x+n].char == r {
		n++
	}
	key := shapeKey{row[x].style, 100}
	if r >= '░' && r <= '▓' {
		key.opacity = 25 * int(r-'░'+1)
	}
	p.used[key.style] = true
	p.shapes[key] = outline(p.shapes[key], r, x*cellWidth, y*cellHeight, n*cellWidth)
	return n
}

// outline appends the path of r in the cell at x, y to d. Full-width
// characters are as wide as width.
func outline(d []byte, r rune, x, y, width int) []byte {
	const w, h = cellWidth, cellHeight
	switch {
	case r < 0x2580:
		return frameOutline(d, frames[r], x, y, width)
	case r == 0x2580: // upper half
		return rectangle(d, x, y, width, h/2)
	case r <= 0x2588: // lower eighths
		part := int(r-0x2580) * h / 8
		return rectangle(d, x, y+h-part, width, part)
	case r <= 0x258f: // left eighths
		return rectangle(d, x, y, int(0x2590-r)*w/8, h)
	case r == 0x2590: // right half
		return rectangle(d, x+w/2, y, w/2, h)
	case r <= 0x2593: // shades
		return rectangle(d, x, y, width, h)
	}
	return brailleOutline(d, uint8(r-0x2800), x, y)
}

func frameOutline(d []byte, a arms, x, y, width int) []byte {
	const midX, midY = cellWidth / 2, cellHeight / 2
	if a.left > 0 && a.right > 0 && a.up+a.down == 0 {
		return rectangle(d, x, y+midY-a.left/2, width, a.left)
	}
	half := max(a.left, a.right, a.up, a.down) / 2
	if a.left > 0 {
		d = rectangle(d, x, y+midY-a.left/2, midX+half+1, a.left)
	}
	if a.right > 0 {
		d = rectangle(d, x+midX-half, y+midY-a.right/2, cellWidth-midX+half, a.right)
	}
	if a.up > 0 {
		d = rectangle(d, x+midX-a.up/2, y, a.up, midY+half+1)
	}
	if a.down > 0 {
		d = rectangle(d, x+midX-a.down/2, y+midY-half, a.down, cellHeight-midY+half)
	}
	return d
}

// brailleOutline draws the dots of a pattern, which Unicode numbers
//
//	1 4
//	2 5
//	3 6
//	7 8
//
// from the lowest bit on.
func brailleOutline(d []byte, dots uint8, x, y int) []byte {
	columns, rows := [8]int{0, 0, 0, 1, 1, 1, 0, 1}, [8]int{0, 1, 2, 0, 1, 2, 3, 3}
	for i := range 8 {
		if dots>>i&1 != 0 {
			d = rectangle(d, x+1+4*columns[i], y+1+4*rows[i], 2, 2)
		}
	}
	return d
}

func rectangle(d []byte, x, y, w, h int) []byte {
	return fmt.Appendf(d, "M%d %dh%dv%dh-%dz", x, y, w, h, w)
}
