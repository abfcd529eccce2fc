package loadgen

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The geometry of every histogram here: nanoseconds from 1 µs to 60 s with
// three significant digits, which makes buckets of 512 ns below 1 ms.
const (
	lowestNS  = int64(time.Microsecond)
	highestNS = int64(time.Minute)
	digits    = 3

	unitBits = 9  // floor(log2(lowestNS))
	subBits  = 11 // ceil(log2(2 * 10^digits))
	subMask  = (1<<subBits - 1) << unitBits
)

// Recorder counts latencies in the buckets of a HDR histogram. Record is a few
// instructions into a flat array, where RecordValue of the library takes an
// error path and a total along; Histogram hands the counts over to the library,
// through which alone quantiles are read. A Recorder has one writer.
type Recorder struct {
	counts    []uint64
	overflows uint64
}

// NewRecorder returns an empty Recorder of 147 KB.
func NewRecorder() *Recorder {
	return &Recorder{counts: make([]uint64, bucket(highestNS)+1)}
}

// bucket returns the index that the library's flat counts array has for ns,
// 0 <= ns. Each bucket beyond the first is the upper half of a range of 2^11
// steps, twice as wide as the one before.
func bucket(ns int64) int {
	b := bits.Len64(uint64(ns)|subMask) - (unitBits + subBits)
	return b<<(subBits-1) + int(ns>>(unitBits+b))
}

// Record counts one latency. Beyond 60 s it counts as 60 s and as an overflow:
// a late answer is never dropped. A negative one, which a monotonic clock does
// not produce, counts as 0.
func (r *Recorder) Record(ns int64) {
	if uint64(ns) > uint64(highestNS) {
		ns = r.clamp(ns)
	}
	r.counts[bucket(ns)]++
}

func (r *Recorder) clamp(ns int64) int64 {
	if ns < 0 {
		return 0
	}
	r.overflows++
	return highestNS
}

// Merge adds the counts of other. Histograms are merged, percentiles never
// averaged.
func (r *Recorder) Merge(other *Recorder) {
	for i, n := range other.counts {
		r.counts[i] += n
	}
	r.overflows += other.overflows
}

// coarse sums the counts up in the buckets of LatencyBucket. It reads the whole
// array, some 10 µs, which is why it is for samples and not for requests.
func (r *Recorder) coarse() (sums [LatencyBuckets]uint64) {
	i := 0
	for k := range sums {
		for ; i < coarseEnds[k]; i++ {
			sums[k] += r.counts[i]
		}
	}
	return sums
}

// Overflows returns how many latencies were beyond 60 s.
func (r *Recorder) Overflows() uint64 { return r.overflows }

// Histogram returns the counts as a histogram of the library, with nanoseconds
// as the unit. The result shares nothing with r.
func (r *Recorder) Histogram() *hdrhistogram.Histogram {
	h := hdrhistogram.New(lowestNS, highestNS, digits)
	s := h.Export()
	for i, n := range r.counts {
		s.Counts[i] = int64(n)
	}
	return hdrhistogram.Import(s)
}
