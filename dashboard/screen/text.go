package screen

import (
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// Align is where a text stands in a field.
type Align uint8

// The alignments.
const (
	Left Align = iota
	Centre
	Right
)

// A Span is a piece of a line in one style.
type Span struct {
	Text  string
	Style Style
}

// maxCluster bounds a user-perceived character in bytes: a letter under a
// hundred accents would be a letter of a hundred code points in one cell.
const maxCluster = 32

// Text draws text from x on, as far as the row has room; what does not fit
// ends in an ellipsis. It returns the column behind the last one drawn.
//
// Characters of two columns take two; escape sequences and other control
// characters of a text that came from elsewhere lose their power: blanks are
// drawn for tabs and line ends, '?' for the rest.
func (a Area) Text(x, y int, text string, s Style) int {
	return a.Field(x, y, a.w-max(x, 0), Left, text, s)
}

// Field draws text in the width columns from x on, aligned, with an ellipsis
// where it is too long, and leaves the rest of the field as it is. It returns the
// column behind the last one drawn.
func (a Area) Field(x, y, width int, align Align, text string, s Style) int {
	field := a.Sub(x, y, width, 1)
	if field.Empty() || y < 0 {
		return max(x, 0)
	}
	start := min(max(x, 0), a.w)
	need := a.canvas.width(text, field.w)
	if need > field.w {
		end := field.draw(0, text, s, field.w-1)
		field.Set(end, 0, a.canvas.ellipsis(), s)
		return start + end + 1
	}
	at := 0
	switch align {
	case Centre:
		at = (field.w - need) / 2
	case Right:
		at = field.w - need
	}
	return start + field.draw(at, text, s, field.w)
}

// TextWidth returns how many columns text takes on a.
func (a Area) TextWidth(text string) int {
	if a.canvas == nil {
		return 0
	}
	return a.canvas.width(text, len(text)*2)
}

// draw draws clusters of text on row 0 of a from x on, while they end at or
// before limit, and returns the column behind the last one.
func (a Area) draw(x int, text string, s Style, limit int) int {
	for len(text) > 0 {
		var g glyph
		g, text = a.canvas.next(text)
		for g.width > 0 {
			if x+int(g.width) > limit {
				return x
			}
			a.canvas.put(a.x+x, a.y, cell{g.char, s, g.width})
			x += int(g.width)
			g = g.following()
		}
	}
	return x
}

// width returns the columns of text, counting no further than the first
// cluster beyond limit.
func (c *canvas) width(text string, limit int) int {
	n, kept := 0, len(c.clusters)
	for len(text) > 0 && n <= limit {
		var g glyph
		g, text = c.next(text)
		n += int(g.width) + len(g.more)
	}
	c.clusters = c.clusters[:kept]
	return n
}

// ellipsis returns the sign of a text that was cut.
func (c *canvas) ellipsis() rune {
	if c.charset == Unicode {
		return '…'
	}
	return '~'
}

// A glyph is a cell to be, and for characters whose ASCII form is longer than
// one the rest of that. Its width is 0 if nothing is to be drawn.
type glyph struct {
	char  rune
	width uint8
	more  string
}

// following returns the glyph of the rest of an ASCII form.
func (g glyph) following() glyph {
	if g.more == "" {
		return glyph{}
	}
	return glyph{rune(g.more[0]), 1, g.more[1:]}
}

// next returns the first glyph of text and what follows it.
func (c *canvas) next(text string) (glyph, string) {
	// ASCII that nothing combines with is nearly all there is.
	if text[0] < utf8.RuneSelf && (len(text) == 1 || text[1] < utf8.RuneSelf) {
		return glyph{char: printable(rune(text[0])), width: 1}, text[1:]
	}
	clusters := displaywidth.Options{EastAsianWidth: c.charset == EastAsian}.StringGraphemes(text)
	clusters.Next()
	cluster := clusters.Value()
	rest := text[len(cluster):]
	r, size := utf8.DecodeRuneInString(cluster)
	if size == len(cluster) {
		return c.glyph(r), rest
	}
	switch {
	case c.charset == ASCII && r < utf8.RuneSelf:
		return glyph{char: printable(r), width: 1}, rest // the letter without its accents
	case c.charset == ASCII, len(cluster) > maxCluster, !allPrintable(cluster):
		return glyph{char: '?', width: 1}, rest
	}
	width := min(clusters.Width(), 2)
	if width <= 0 {
		return glyph{}, rest
	}
	return glyph{char: c.cluster(cluster), width: uint8(width)}, rest
}

// glyph returns how a single code point is drawn.
func (c *canvas) glyph(r rune) glyph {
	if c.charset == Unicode && oneColumn(r) {
		return glyph{char: r, width: 1}
	}
	if r = printable(r); r < utf8.RuneSelf {
		return glyph{char: r, width: 1}
	}
	if c.charset != Unicode {
		if f := fallback(r); f != "" {
			return glyph{rune(f[0]), 1, f[1:]}
		}
		if c.charset == ASCII || r == utf8.RuneError {
			return glyph{char: '?', width: 1}
		}
	}
	width := displaywidth.Options{EastAsianWidth: c.charset == EastAsian}.Rune(r)
	return glyph{char: r, width: uint8(min(max(width, 0), 2))}
}

// char returns how r is drawn in a cell of its own. A sign whose ASCII form
// has several characters is drawn as the first of them.
func (c *canvas) char(r rune) (rune, uint8) {
	if r >= ' ' && r < 0x7f {
		return r, 1
	}
	g := c.glyph(r)
	if g.width == 0 {
		return ' ', 1
	}
	return g.char, g.width
}

// oneColumn reports whether r is of the frames, blocks, shades or braille,
// which are most of what is drawn: known without the tables of Unicode, which
// cost a third of a frame.
func oneColumn(r rune) bool { return r >= 0x2500 && r <= 0x259f || r >= 0x2800 && r <= 0x28ff }

// printable returns what is drawn for r: itself unless it is a control or
// format character, of which some move the cursor or turn the direction of writing.
func printable(r rune) rune {
	switch {
	case r >= ' ' && r < 0x7f:
		return r
	case r == '\t' || r == '\n' || r == '\r':
		return ' '
	case r == 0xa0 || r == 0x3000 || unicode.IsPrint(r):
		return r
	}
	return '?'
}

// allPrintable reports whether every code point of a cluster may be drawn; the
// joiner of emoji is one that may, in the middle.
func allPrintable(cluster string) bool {
	for _, r := range cluster {
		if r != '\u200d' && printable(r) != r {
			return false
		}
	}
	return true
}
