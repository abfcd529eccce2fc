package dashboard

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/c10kit/c10kit/results"
)

// TestThin: samples of the load and of the probe come in turn. What is thinned out has both,
// their order, their latest values, and all that they count.
func TestThin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []results.Sample
		for i := range rapid.IntRange(2, 60).Draw(t, "samples") {
			s := results.Sample{T: float64(i), Values: map[results.Metric]float64{results.Threads: float64(i)}, PerWorker: []uint64{uint64(i)}}
			if rapid.Bool().Draw(t, "load") {
				s = results.Sample{T: float64(i), Latencies: make([]uint64, i%5)}
				s.Values = map[results.Metric]float64{results.ReqPerSec: float64(i), results.Errors: float64(i % 3)}
				for k := range s.Latencies {
					s.Latencies[k] = uint64(k + i)
				}
			}
			all = append(all, s)
		}
		whole := slices.Clone(all)
		for i := range whole {
			whole[i].Values, whole[i].Latencies = maps.Clone(all[i].Values), slices.Clone(all[i].Latencies)
		}
		got := thin(all)
		if len(got) > len(all)/2+2 {
			t.Fatalf("%d of %d are left", len(got), len(all))
		}
		if !slices.IsSortedFunc(got, func(a, b results.Sample) int { return int(a.T - b.T) }) {
			t.Fatalf("out of order: %v", got)
		}
		if a, b := sums(whole), sums(got); !maps.Equal(a, b) {
			t.Fatalf("before %v, after %v", a, b)
		}
		if a, b := sums(whole), sums(all); !maps.Equal(a, b) {
			t.Fatalf("what the recording holds was written to: before %v, after %v", a, b)
		}
	})
}

// sums are what is counted in samples, and the last value of each metric that is seen.
func sums(all []results.Sample) map[string]float64 {
	sum := map[string]float64{}
	for _, s := range all {
		for m, v := range s.Values {
			if m == results.Errors {
				sum["errors"] += v
			} else {
				sum[string(m)] = v
			}
		}
		for _, n := range s.Latencies {
			sum["latencies"] += float64(n)
		}
		if s.PerWorker != nil {
			sum["worker"] = float64(s.PerWorker[0])
		}
	}
	return sum
}
