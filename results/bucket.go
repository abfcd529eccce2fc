package results

import (
	"math"
	"time"
)

// LatencyBuckets is how many buckets Sample.Latencies has at most.
const LatencyBuckets = 2*27 + 2

// LatencyBucket returns the bounds of bucket i of Sample.Latencies, from inclusive, to
// exclusive. There are two an octave, which a heat map's row can show: bucket 0 is
// everything below 1 µs, buckets 2k+1 and 2k+2 divide the k-th octave above it at the
// factor sqrt 2, and the last one has no end.
//
//	0        1          2          3        4
//	|< 1 µs  | 1-1.41   | 1.41-2   | 2-2.8  | 2.8-4   ... 134 s |
func LatencyBucket(i int) (from, to time.Duration) {
	if i > 0 {
		from = latencyBound(i - 1)
	}
	if i >= LatencyBuckets-1 {
		return from, math.MaxInt64
	}
	return from, latencyBound(i)
}

// latencyBound is 1 µs times 2 to the power of half of i.
func latencyBound(i int) time.Duration {
	return time.Duration(math.Round(1000 * math.Pow(2, float64(i)/2)))
}
