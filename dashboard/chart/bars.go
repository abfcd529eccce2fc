package chart

import (
	"strconv"

	"github.com/c10kit/c10kit/dashboard/screen"
)

// A Bar is a labelled value, or the sum of two.
type Bar struct {
	Label string
	Style screen.Style
	Value float64 // drawn full; no number: no bar, and Text or a dash in its place
	More  float64 // a second part behind the first, drawn half-tone
	Text  string  // behind the bar; Bars.Format of the sum if ""
}

// Bars are horizontal bars, one a row, from 0 to the largest.
//
// The text is never cut without an ellipsis, and it takes room before the bar and
// the label do: it is the number, the bar only shows it. Bars that have no row
// are counted in the last one.
type Bars struct {
	Bars   []Bar
	Max    float64 // what a bar of full length is; the largest sum if not positive
	Format Format
	Empty  string
}

// Draw draws b on a.
func (b Bars) Draw(a screen.Area) {
	switch {
	case a.Empty():
		return
	case len(b.Bars) == 0:
		nothing(a, b.Empty)
		return
	}
	shown := min(len(b.Bars), a.Height())
	if more := len(b.Bars) - a.Height(); more > 0 && a.Height() > 1 {
		shown--
		a.Text(0, shown, "+"+strconv.Itoa(more+1)+" more", screen.Dim)
	}
	l := b.measure(a, shown)
	for i := range shown {
		b.Bars[i].draw(a.Row(i), l, b.text(i))
	}
}

// barForLabel is how many columns of bar a label must leave.
const barForLabel = 8

// bounds are the columns that all bars have in common.
type bounds struct {
	label, bar int // widths
	most       float64
}

func (b Bars) measure(a screen.Area, shown int) bounds {
	l := bounds{most: b.Max}
	text, label := 0, 0
	for i := range b.Bars {
		bar := &b.Bars[i]
		if i < shown {
			text = max(text, a.TextWidth(b.text(i)))
			label = max(label, a.TextWidth(bar.Label))
		}
		if !(b.Max > 0) || !finite(b.Max) {
			l.most = max(positive(l.most), bar.sum())
		}
	}
	room := a.Width() - text - 1
	l.label = min(label, max(room-1-min(room/3, barForLabel), 0))
	if l.label > 0 {
		room -= l.label + 1
	}
	l.bar = max(room, 0)
	return l
}

// sum returns the length of the bar, 0 for what is no number.
func (b *Bar) sum() float64 { return positive(positive(b.Value) + positive(b.More)) }

// positive returns v, or 0 if it is negative or no number.
func positive(v float64) float64 {
	if v > 0 && finite(v) {
		return v
	}
	return 0
}

func (b Bars) text(i int) string {
	bar := &b.Bars[i]
	switch {
	case bar.Text != "":
		return bar.Text
	case !finite(bar.Value):
		return "-"
	}
	sum := bar.Value
	if finite(bar.More) {
		sum += bar.More
	}
	if !finite(sum) {
		return "-"
	}
	return b.Format.or(Number)(sum)
}

func (b *Bar) draw(row screen.Area, l bounds, text string) {
	x := 0
	if l.label > 0 {
		row.Field(0, 0, l.label, screen.Left, b.Label, screen.Normal)
		x = l.label + 1
	}
	if end := b.fill(row, x, l); end > x {
		x = end + 1
	}
	style := screen.Normal
	if !finite(b.Value) {
		style = screen.Dim
	}
	row.Text(x, 0, text, style)
}

// eighths are the left parts of a cell.
var eighths = [...]rune{'▏', '▎', '▍', '▌', '▋', '▊', '▉'}

// fill draws both parts from x on and returns the column behind them. Whatever
// is not 0 is seen. A bar of one part ends within a cell where blocks can be
// drawn; with two parts, both are whole cells.
func (b *Bar) fill(row screen.Area, x int, l bounds) int {
	first, second := positive(b.Value), positive(b.More)
	if l.bar == 0 || !(l.most > 0) || first+second == 0 {
		return x
	}
	part := func(v float64) float64 { return min(v/l.most, 1) * float64(l.bar) }
	if second == 0 && row.Drawing() {
		n := max(int(part(first)*8+0.5), 1)
		for ; n >= 8; n -= 8 {
			row.Set(x, 0, '█', b.Style)
			x++
		}
		if n > 0 {
			row.Set(x, 0, eighths[n-1], b.Style)
			x++
		}
		return x
	}
	full, half, total := cells(part(first)), cells(part(second)), cells(part(first)+part(second))
	total = min(max(total, full+min(half, 1)), l.bar)
	full = min(full, max(total-min(half, 1), 0))
	tone := '▒'
	if !row.Drawing() {
		tone = '='
	}
	for i := range total {
		r := '█'
		if i >= full {
			r = tone
		}
		row.Set(x+i, 0, r, b.Style)
	}
	return x + total
}

// cells returns a length in whole cells, at least one if it is not 0.
func cells(length float64) int {
	if length <= 0 {
		return 0
	}
	return max(int(length+0.5), 1)
}
