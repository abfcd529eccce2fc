package results

import "time"

// LatencyBuckets is how many buckets Sample.Latencies has at most.
const LatencyBuckets = 100

// LatencyBucket returns the bounds of bucket i of Sample.Latencies, from inclusive, to
// exclusive. Bucket 0 is everything below 2.048 µs; from there each octave has four
// buckets of equal width, as a coarse HDR histogram would, up to 60.13 s:
//
//	0          1           2            3            4            5
//	|< 2.048 µs| 2.05-2.56 | 2.56-3.07  | 3.07-3.58  | 3.58-4.10  | 4.10-5.12 ...
//
// They are those of package loadgen, which this one does not import.
func LatencyBucket(i int) (from, to time.Duration) { return latencyBound(i), latencyBound(i + 1) }

func latencyBound(i int) time.Duration {
	if i <= 0 {
		return 0
	}
	octave, quarter := (i-1)/4, (i-1)%4
	return time.Duration(4+quarter) << (9 + octave)
}
