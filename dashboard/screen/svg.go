package screen

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Size of a cell in a picture, in pixels. Eighths of a block are whole pixels.
const (
	cellWidth  = 8
	cellHeight = 16
	baseline   = 12
	fontSize   = 13
	margin     = 8
)

// SVG writes a picture of g to w: one file without references to others, the
// same bytes for the same g. Text is text, which can be searched and read
// aloud, and stretched to its cells whatever the reader's font; frames, blocks,
// shades and braille are shapes, as fonts leave gaps between them. The title
// is for those who cannot see the picture. Errors are w's.
func (g *Grid) SVG(w io.Writer, t Theme, title string) error {
	p := picture{grid: g.canvas, theme: t, shapes: map[shapeKey][]byte{}}
	p.draw()
	out := bufio.NewWriter(w)
	width, height := g.canvas.w*cellWidth+2*margin, g.canvas.h*cellHeight+2*margin
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img">`+"\n",
		width, height)
	fmt.Fprintf(out, "<title>%s</title>\n<style>\n", escape(title))
	fmt.Fprintf(out, "text{font:%dpx ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;white-space:pre}\n", fontSize)
	p.styles(out)
	fmt.Fprintf(out, "</style>\n<rect width=\"100%%\" height=\"100%%\" rx=\"6\" fill=\"%v\"/>\n", t.Background)
	fmt.Fprintf(out, "<g transform=\"translate(%d %d)\">\n", margin, margin)
	out.Write(p.backs)
	for _, key := range p.keys() {
		fmt.Fprintf(out, "<path class=\"s%d\"", key.style)
		if key.opacity != 100 {
			fmt.Fprintf(out, " fill-opacity=\".%d\"", key.opacity)
		}
		fmt.Fprintf(out, " shape-rendering=\"crispEdges\" d=\"%s\"/>\n", p.shapes[key])
	}
	out.Write(p.texts)
	fmt.Fprint(out, "</g>\n</svg>\n")
	return out.Flush() // which returns the first error of all these writes
}

// String returns c as HTML writes it, "#rrggbb".
func (c RGB) String() string { return fmt.Sprintf("#%06x", uint32(c)) }

func escape(s string) string {
	var b strings.Builder
	// A strings.Builder returns no errors.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// shapeKey is what a path of shapes has in common.
type shapeKey struct {
	style   Style
	opacity int // in percent
}

// picture is a Grid on its way to SVG.
type picture struct {
	grid   *canvas
	theme  Theme
	used   [256]bool
	shapes map[shapeKey][]byte // path data
	backs  []byte              // rectangles behind reversed cells
	texts  []byte
}

func (p *picture) keys() []shapeKey {
	keys := make([]shapeKey, 0, len(p.shapes))
	for k := range p.shapes {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b shapeKey) int {
		if a.style != b.style {
			return int(a.style) - int(b.style)
		}
		return a.opacity - b.opacity
	})
	return keys
}

// styles writes a class for each style that is used.
func (p *picture) styles(w io.Writer) {
	for s, used := range p.used {
		if !used {
			continue
		}
		l := p.theme.look(Style(s))
		fill, weight := l.rgb, ""
		if Style(s)&Reverse != 0 {
			fmt.Fprintf(w, ".b%d{fill:%v}", s, fill)
			fill = p.theme.Background
		}
		if l.bold {
			weight = ";font-weight:bold"
		}
		fmt.Fprintf(w, ".s%d{fill:%v%s}\n", s, fill, weight)
	}
}

func (p *picture) draw() {
	for y := range p.grid.h {
		row := p.grid.row(y)
		for x := 0; x < len(row); {
			n := p.run(row, x)
			p.back(row[x].style, x, y, n)
			p.pieces(row, x, x+n, y)
			x += n
		}
	}
}

// run returns how many cells from x on have one style.
func (p *picture) run(row []cell, x int) int {
	n := 1
	for x+n < len(row) && row[x+n].style == row[x].style {
		n++
	}
	return n
}

func (p *picture) back(s Style, x, y, n int) {
	if s&Reverse == 0 {
		return
	}
	p.used[s] = true
	p.backs = fmt.Appendf(p.backs, "<rect class=\"b%d\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n",
		s, x*cellWidth, y*cellHeight, n*cellWidth, cellHeight)
}

// pieces draws the cells [from, to) of a row, all of one style.
func (p *picture) pieces(row []cell, from, to, y int) {
	for x := from; x < to; {
		switch {
		case row[x].char == ' ' || row[x].width == 0:
			x++
		case hasShape(row[x].char):
			x += p.shape(row[:to], x, y)
		default:
			x += p.text(row[:to], x, y)
		}
	}
}

// text draws the text from x on, up to a shape or two blanks, and returns how
// many cells it took.
func (p *picture) text(row []cell, x, y int) int {
	var s []byte
	end := x
	for i := x; i < len(row) && !hasShape(row[i].char); i++ {
		if row[i].char == ' ' && row[i].width == 1 {
			if i+1 >= len(row) || row[i+1].char == ' ' || hasShape(row[i+1].char) {
				break
			}
		}
		s = p.grid.append(s, row[i])
		end = i + 1
	}
	style := row[x].style
	p.used[style] = true
	p.texts = fmt.Appendf(p.texts, "<text class=\"s%d\" x=\"%d\" y=\"%d\" textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\">%s</text>\n",
		style, x*cellWidth, y*cellHeight+baseline, (end-x)*cellWidth, escape(string(s)))
	return max(end-x, 1)
}
