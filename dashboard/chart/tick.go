package chart

import (
	"math"
	"slices"
)

// A tick is a labelled position of an axis.
type tick struct {
	at    float64 // in the measure of the axis
	label string
	rank  int // the lower, the sooner it gets room
}

// ticks returns at most about n ticks of s in ascending order.
func (a Axis) ticks(s span, n int) []tick {
	n = max(n, 1)
	switch a.Scale {
	case Percentile:
		ticks := make([]tick, len(percentiles))
		for i, p := range percentiles {
			ticks[i] = tick{float64(i), p.label, p.rank}
		}
		return ticks
	case Log:
		return a.logTicks(s, n)
	}
	return a.linearTicks(s, n)
}

func (a Axis) linearTicks(s span, n int) []tick {
	format := a.Format.or(Number)
	step := niceStep(s.from, s.to, n)
	first := math.Ceil(s.from/step - 1e-6)
	ticks := make([]tick, 0, n+2)
	for i := range n + 2 {
		v := (first + float64(i)) * step
		if !finite(v) || v > s.to+step*1e-6 {
			break
		}
		if math.Abs(v) < step*1e-6 {
			v = 0
		}
		ticks = append(ticks, tick{at: v, label: format(v)})
	}
	return rankEnds(ticks)
}

// logTicks are powers of ten, thinned out if they are many, with 2 and 5 times
// them if they are few.
func (a Axis) logTicks(s span, n int) []tick {
	format := a.Format.or(Number)
	each := max(int(math.Ceil((s.to-s.from)/float64(n))), 1)
	fine := s.to-s.from < 2 && (s.to-s.from)*3 <= float64(n)
	ticks := make([]tick, 0, n+2)
	for e := math.Floor(s.from/float64(each)) * float64(each); e <= s.to+1e-9; e += float64(each) {
		for i, l := range logs[:3] {
			v := math.Pow(10, e+l)
			if i > 0 && !fine || e+l < s.from-1e-9 || e+l > s.to+1e-9 || v == 0 || !finite(v) {
				continue
			}
			ticks = append(ticks, tick{at: e + l, label: format(v)})
		}
	}
	if len(ticks) < 2 { // less than a decade between two of them: the ends say more
		ticks = []tick{
			{at: s.from, label: format(math.Pow(10, s.from))},
			{at: s.to, label: format(min(math.Pow(10, s.to), math.MaxFloat64))},
		}
	}
	return rankEnds(ticks)
}

// rankEnds gives the first and the last tick room before the others.
func rankEnds(ticks []tick) []tick {
	for i := range ticks {
		ticks[i].rank = 2
	}
	if n := len(ticks); n > 0 {
		ticks[n-1].rank, ticks[0].rank = 1, 0
	}
	return ticks
}

// niceStep returns 1, 2 or 5 times a power of ten that divides the range into
// at most n parts. It is positive and finite.
func niceStep(from, to float64, n int) float64 {
	raw := (to/2 - from/2) / float64(max(n, 1)) * 2
	if !(raw > 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if step := m * power; step >= raw && finite(step) {
			return step
		}
	}
	return raw
}

// byRank returns the order in which ticks get room.
func byRank(ticks []tick) []tick {
	sorted := slices.Clone(ticks)
	slices.SortStableFunc(sorted, func(a, b tick) int { return a.rank - b.rank })
	return sorted
}
