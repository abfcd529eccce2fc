package bench

import (
	"testing"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/results"
)

// TestLatencyBuckets: the series takes the generator's counts over as they are, so the two
// packages, which do not know each other, must mean the same buckets.
func TestLatencyBuckets(t *testing.T) {
	if loadgen.LatencyBuckets != results.LatencyBuckets {
		t.Fatalf("the generator has %d buckets, the run folder %d", loadgen.LatencyBuckets, results.LatencyBuckets)
	}
	for i := range results.LatencyBuckets {
		from, to := loadgen.LatencyBucket(i)
		if f, u := results.LatencyBucket(i); f != from || u != to {
			t.Errorf("bucket %d is [%v, %v) to the generator, [%v, %v) in the run folder", i, from, to, f, u)
		}
	}
}
