package chart

import (
	"math"

	"github.com/c10kit/c10kit/dashboard/screen"
)

// A Spark shows the course of the last values in one row, a column each, the
// newest at the right end of what is drawn. What is no number is a gap.
type Spark struct {
	Values []float64
	Max    float64 // what the full height is, to compare rows; the largest value shown if not positive
	Style  screen.Style
}

var (
	sparkBlocks = []rune("▁▂▃▄▅▆▇█")
	sparkASCII  = []rune(".:-=+*#")
)

// Draw draws s on the first row of a, from the left.
func (s Spark) Draw(a screen.Area) {
	if a.Empty() {
		return
	}
	values := s.Values[max(len(s.Values)-a.Width(), 0):]
	most := s.Max
	if !(most > 0) || !finite(most) {
		most = 0
		for _, v := range values {
			most = max(most, positive(v))
		}
	}
	levels := sparkBlocks
	if !a.Drawing() {
		levels = sparkASCII
	}
	for x, v := range values {
		if !finite(v) {
			continue
		}
		level := 0
		if most > 0 {
			level = int(math.Round(min(positive(v)/most, 1) * float64(len(levels)-1)))
		}
		a.Set(x, 0, levels[level], s.Style)
	}
}
