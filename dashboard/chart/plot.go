package chart

import "github.com/c10kit/c10kit/dashboard/screen"

// Series are points of one kind. X and Y are as long as the shorter of them.
type Series struct {
	Marker  rune // screen.Marker(i)
	Style   screen.Style
	Focused bool // drawn last, so on top of the others, and strong
	X, Y    []float64
}

// Mode is how points become a picture.
type Mode uint8

// The modes.
const (
	Joined Mode = iota // markers, with dots between them
	Traced             // a line of braille, with markers on its way and its end; without braille as Joined
)

// A Limit is a horizontal line with a name; none if Value is not positive.
type Limit struct {
	Value float64
	Label string
}

// A Plot draws series over two axes: a percentile curve, throughput over
// time, switches over connections.
//
// A Y that is no number is a gap in the line. Points outside of a fixed range
// of X are left out, those outside of Y are drawn at its edge. Where points
// fall on one cell, the later one is seen, and that of a focused series.
type Plot struct {
	Series []Series
	X, Y   Axis
	Mode   Mode
	// Ceiling is a line that the data should stay below. If the data is far
	// below, the line would press it flat: its label alone is shown then.
	Ceiling Limit
	Empty   string // said where there is nothing to draw; "no samples yet" if ""
}

// Draw draws p on a.
func (p Plot) Draw(a screen.Area) {
	if a.Empty() {
		return
	}
	var x, y extent
	p.each(func(_ *Series, vx, vy float64, ok bool) {
		if ok {
			x.add(p.X.measure(vx))
			y.add(p.Y.measure(vy))
		}
	})
	if !x.any {
		nothing(a, p.Empty)
		return
	}
	ceiling := p.ceilingShown(y)
	if ceiling {
		y.add(p.Y.measure(p.Ceiling.Value))
	}
	f := layout(a, p.X, p.Y, x, y)
	if f.plot.Empty() {
		return
	}
	if ceiling {
		p.ceiling(f)
	}
	p.draw(f)
	p.ceilingLabel(f, ceiling)
}

// each calls f with every point of every series, focused ones last; ok is false
// for those that have no place.
func (p Plot) each(f func(s *Series, x, y float64, ok bool)) {
	for _, focused := range [...]bool{false, true} {
		for i := range p.Series {
			s := &p.Series[i]
			if s.Focused != focused {
				continue
			}
			for j := range min(len(s.X), len(s.Y)) {
				x, y := s.X[j], s.Y[j]
				ok := p.X.shows(x) && p.Y.shows(y)
				if p.X.fixed() && (x < p.X.From || x > p.X.To) {
					ok = false
				}
				f(s, x, y, ok)
			}
		}
	}
}

func (s *Series) style() screen.Style {
	if s.Focused {
		return s.Style | screen.Strong
	}
	return s.Style
}

func (s *Series) marker() rune {
	if s.Marker == 0 {
		return '*'
	}
	return s.Marker
}

// crowded is how many times higher than the data a ceiling may be.
const crowded = 4

func (p Plot) ceilingShown(y extent) bool {
	if p.Y.fixed() && (p.Ceiling.Value < p.Y.From || p.Ceiling.Value > p.Y.To) {
		return false
	}
	return p.Ceiling.Value > 0 && p.Y.shows(p.Ceiling.Value) && p.Y.measure(p.Ceiling.Value/crowded) <= y.high
}

// ceiling draws the line of the limit.
func (p Plot) ceiling(f frame) {
	row := f.row(p.Y.measure(p.Ceiling.Value))
	for x := range f.plot.Width() {
		f.plot.Set(x, row, ceilingLine, screen.Warn)
	}
}

const ceilingLine = '╌'

// ceilingLabel writes the name of the limit over its line, or in the first row
// with an arrow if that is far above: at the right end, or the left one, where
// it hides no data, else not at all.
func (p Plot) ceilingLabel(f frame, line bool) {
	label := p.Ceiling.Label
	if label == "" || !(p.Ceiling.Value > 0) || !finite(p.Ceiling.Value) {
		return
	}
	row := 0
	if line {
		row = f.row(p.Y.measure(p.Ceiling.Value))
	} else {
		label = "↑ " + label
	}
	label = " " + label + " "
	width := f.plot.TextWidth(label)
	for _, x := range [...]int{f.plot.Width() - width, 0} {
		if x >= 0 && unused(f.plot.Sub(x, row, width, 1)) {
			f.plot.Text(x, row, label, screen.Warn)
			return
		}
	}
}

// unused reports whether no data is drawn on a row.
func unused(row screen.Area) bool {
	for x := range row.Width() {
		if text, style := row.At(x, 0); text != " " && style != screen.Warn {
			return false
		}
	}
	return true
}

// nothing says why there is no chart.
func nothing(a screen.Area, why string) {
	if why == "" {
		why = "no samples yet"
	}
	a.Field(0, (a.Height()-1)/2, a.Width(), screen.Centre, why, screen.Dim)
}
