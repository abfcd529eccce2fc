package chart

import (
	"math"
	"strconv"
)

// A Format writes a value for people. It is called with finite values only.
type Format func(v float64) string

var (
	thousands = []string{"", "k", "M", "G", "T"}
	subSecond = []string{"ns", "µs", "ms", "s"}
)

// Number writes v with up to three significant digits and a decimal prefix,
// without zeros at the end: 0, 0.25, 15, 2.5k, 28.2k. It is the Format of axes
// that have none.
func Number(v float64) string { return scaled(v, thousands) }

// Nanoseconds writes v nanoseconds like Number: 250ns, 1ms, 2.5s.
func Nanoseconds(v float64) string {
	if v == 0 {
		return "0"
	}
	return scaled(v, subSecond)
}

// scaled divides v by a thousand while it is larger and there are units.
func scaled(v float64, units []string) string {
	i := 0
	for i+1 < len(units) && math.Abs(v) >= 999.5 {
		v /= 1000
		i++
	}
	if math.Abs(v) >= 999.5 && math.Abs(v) < 1e6 {
		return strconv.FormatFloat(v, 'f', 0, 64) + units[i]
	}
	return strconv.FormatFloat(v, 'g', 3, 64) + units[i]
}

func (f Format) or(other Format) Format {
	if f == nil {
		return other
	}
	return f
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
