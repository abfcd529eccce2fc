package results

import (
	"math"
	"strconv"
)

// step is one prefix of a scale: values below limit × factor are shown in it.
type step struct {
	factor float64
	suffix string
}

var scales = map[Scale][]step{
	ScaleCount: {{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}},
	ScaleTime:  {{1, " ns"}, {1e3, " µs"}, {1e6, " ms"}, {1e9, " s"}},
	ScaleBytes: {{1, " B"}, {1 << 10, " KiB"}, {1 << 20, " MiB"}, {1 << 30, " GiB"}, {1 << 40, " TiB"}},
}

// Format writes v, a value of m, for people: three significant digits with a
// prefix, "12.3k", "850 µs", "13.6 KiB"; whole numbers below the first prefix
// without decimals. Metrics that are not known are scaled as counts.
func (m Metric) Format(v float64) string { return infoOf[m].Scale.Format(v) }

// Format writes v, in the base unit of the scale (count, nanoseconds, bytes).
func (s Scale) Format(v float64) string {
	if v < 0 {
		return "-" + s.Format(-v)
	}
	if v == 0 {
		return "0"
	}
	steps := scales[s]
	// 999.5 and above would print as 1000: the next prefix takes over before.
	i := 0
	for i+1 < len(steps) && v/steps[i].factor >= 999.5 {
		i++
	}
	return digits(v/steps[i].factor, i == 0) + steps[i].suffix
}

// digits writes v with three significant digits, or exactly where it is whole
// and not scaled.
func digits(v float64, unscaled bool) string {
	switch {
	case unscaled && v < 1e15 && v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v < 0.9995:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case v < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}
