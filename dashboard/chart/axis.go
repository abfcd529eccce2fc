package chart

import "math"

// A Scale maps values to positions.
type Scale uint8

// The scales.
const (
	Linear Scale = iota
	// Log is logarithmic; values that are not positive are left out.
	Log
	// Percentile is for quantiles from 0 to 1: each of 0 50 75 90 95 99 99.9
	// 99.99 % and the maximum is one step further, and between them goes
	// 1/(1-q) logarithmically, as in the plots of HdrHistogram. So the tail has
	// as much room as all the rest.
	Percentile
)

// An Axis says how one coordinate is drawn.
type Axis struct {
	Scale Scale
	// From and To are the range, if To is larger. Otherwise it is that of the
	// data; a linear y axis then begins at 0 and both ends of a y axis are nice
	// numbers.
	From, To float64
	Format   Format // of the labels; nil is Number
	Unit     string // written once, beside the axis
}

// fixed reports whether the range is given.
func (a Axis) fixed() bool { return finite(a.From) && finite(a.To) && a.To > a.From }

// shows reports whether the scale has a place for v.
func (a Axis) shows(v float64) bool {
	switch a.Scale {
	case Log:
		return finite(v) && v > 0
	case Percentile:
		return v >= 0 && v <= 1
	}
	return finite(v)
}

// A span is a range of an axis in its own measure: the value itself, its
// logarithm, or the step of a percentile.
type span struct {
	scale    Scale
	from, to float64
}

// extent collects the least and the largest of what an axis shows, in its measure.
type extent struct {
	low, high float64
	any       bool
}

func (e *extent) add(v float64) {
	if !e.any {
		e.low, e.high, e.any = v, v, true
		return
	}
	e.low, e.high = min(e.low, v), max(e.high, v)
}

// span returns the range to draw for data of the extent e; nice widens it to
// nice numbers, so that about n of them are labels, and to 0.
func (a Axis) span(e extent, nice bool, n int) span {
	if a.Scale == Percentile {
		return span{Percentile, 0, float64(len(percentiles) - 1)}
	}
	if a.fixed() && a.shows(a.From) {
		return span{a.Scale, a.measure(a.From), a.measure(a.To)}
	}
	low, high := e.low, e.high
	if a.Scale == Linear && nice {
		low, high = min(low, 0), max(high, 0)
	}
	if !(high > low) {
		low, high = a.apart(low)
	}
	if nice {
		low, high = widen(a.Scale, low, high, n)
	}
	return span{a.Scale, low, high}
}

// apart returns a range around the only value, whose measure is m.
func (a Axis) apart(m float64) (low, high float64) {
	switch {
	case a.Scale == Log:
		return m - 0.5, m + 0.5
	case m == 0:
		return 0, 1
	}
	low, high = m-math.Abs(m)/2, m+math.Abs(m)/2
	if !finite(low) || !finite(high) || !(high > low) {
		return min(m, 0), max(m, 0)
	}
	return low, high
}

// widen takes low down and high up to multiples of the step between labels;
// on a logarithmic scale to 1, 2 or 5 times a power of ten.
func widen(s Scale, low, high float64, n int) (float64, float64) {
	if s == Log {
		return logFloor(low), -logFloor(-high)
	}
	step := niceStep(low, high, n)
	a, b := math.Floor(low/step)*step, math.Ceil(high/step)*step
	if !finite(a) || !finite(b) || !(b > a) {
		return low, high
	}
	return a, b
}

// logs are log10 of 1, 2, 5 and 10.
var logs = [...]float64{0, math.Log10(2), math.Log10(5), 1}

// logFloor returns the largest log10 of 1, 2 or 5 times a power of ten that is
// not above v. With both signs turned it is the ceiling: the set is its own
// mirror image.
func logFloor(v float64) float64 {
	whole := math.Floor(v)
	for i := len(logs) - 1; i >= 0; i-- {
		if whole+logs[i] <= v+1e-9 {
			return whole + logs[i]
		}
	}
	return whole
}

// measure returns v in the measure of the axis. v is one that it shows.
func (a Axis) measure(v float64) float64 {
	switch a.Scale {
	case Log:
		return math.Log10(v)
	case Percentile:
		return percentileStep(v)
	}
	return v
}

// at returns where on s the measure m is, as a part of its length, not
// necessarily in [0, 1].
func (s span) at(m float64) float64 {
	// Halves, since the difference of two large numbers may be infinite.
	d := s.to/2 - s.from/2
	if !(d > 0) {
		return 0.5
	}
	return (m/2 - s.from/2) / d
}

// cell returns which of n cells the measure m is nearest to, which may be one
// outside of them: -1 or n.
func (s span) cell(m float64, n int) int {
	f := math.Round(s.at(m) * float64(n-1))
	return int(min(max(f, -1), float64(n)))
}

// percentiles are the ticks of Percentile, with the order in which they get
// room for their labels.
var percentiles = []struct {
	q     float64
	label string
	rank  int
}{
	{0, "0", 3},
	{0.5, "50", 1},
	{0.75, "75", 7},
	{0.9, "90", 4},
	{0.95, "95", 8},
	{0.99, "99", 2},
	{0.999, "99.9", 5},
	{0.9999, "99.99", 6},
	{1, "max", 0},
}

// percentileStep returns the position of q: i at percentiles[i].
func percentileStep(q float64) float64 {
	last := len(percentiles) - 1
	depth := func(q float64) float64 { return -math.Log10(1 - q) }
	for i := 1; i < last; i++ {
		if q <= percentiles[i].q {
			from, to := depth(percentiles[i-1].q), depth(percentiles[i].q)
			return float64(i-1) + (depth(q)-from)/(to-from)
		}
	}
	// Towards the maximum, which is infinitely deep: half of the way for each nine more.
	return float64(last) - math.Pow(2, depth(percentiles[last-1].q)-depth(q))
}
