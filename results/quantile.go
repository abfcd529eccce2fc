package results

import "math"

// bound is the chance that an exact 95% interval leaves on either side.
const bound = 0.025

// Needed returns how many answers it takes to tell the quantile q of their latencies,
// with q in 0..1: as many as give its exact (binomial) 95% interval two ends. With fewer,
// the chance that all answers lie on one side of the quantile is above 2.5%, and what
// would be printed is the maximum (or the minimum) under another name.
//
//	q       0.5   0.9   0.99   0.999   0.9999   0, 1
//	needed    6    36    368   3,688   36,887      1
//
// 0 and 1 are the least and the greatest that were seen, and need one. Every percentile
// that the project prints keeps to this rule.
func Needed(q float64) uint64 {
	far := max(q, 1-q)
	if !(far < 1) {
		return 1
	}
	return uint64(math.Ceil(math.Log(bound) / math.Log(far)))
}

// Enough reports whether n answers are as many as Needed(q).
func Enough(q float64, n uint64) bool { return n >= Needed(q) }
