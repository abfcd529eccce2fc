package loadgen

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// latencies draws values from all magnitudes, bucket edges and beyond the range.
func latencies() *rapid.Generator[[]int64] {
	edge := rapid.Custom(func(t *rapid.T) int64 {
		return int64(1)<<rapid.IntRange(0, 40).Draw(t, "bits") + rapid.Int64Range(-2, 2).Draw(t, "off")
	})
	return rapid.SliceOfN(rapid.OneOf(edge, rapid.Int64Range(0, 2*highestNS), rapid.Int64Range(0, 5_000_000)), 1, 300)
}

func TestRecorderEqualsRecordValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, want := NewRecorder(), hdrhistogram.New(lowestNS, highestNS, digits)
		var overflows uint64
		for _, v := range latencies().Draw(t, "ns") {
			r.Record(v)
			if v > highestNS {
				v = highestNS
				overflows++
			}
			if err := want.RecordValue(max(v, 0)); err != nil {
				t.Fatal(err)
			}
		}
		got := r.Histogram()
		if !got.Equals(want) {
			t.Fatalf("histograms differ: %v and %v", got.Export().Counts, want.Export().Counts)
		}
		if r.Overflows() != overflows {
			t.Fatalf("%d overflows, want %d", r.Overflows(), overflows)
		}
		blob, err := got.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := hdrhistogram.Decode(blob)
		if err != nil {
			t.Fatal(err)
		}
		if !decoded.Equals(want) {
			t.Fatal("the decoded histogram differs")
		}
	})
}

// A million values against the sorted oracle: every quantile within three digits.
func TestRecorderQuantilesExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	r, all := NewRecorder(), make([]int64, 1_000_000)
	for i := range all {
		all[i] = 1000 + int64(rng.ExpFloat64()*20e6)*rng.Int64N(1000)
		r.Record(all[i])
		all[i] = min(all[i], highestNS)
	}
	slices.Sort(all)
	h := r.Histogram()
	if h.TotalCount() != int64(len(all)) {
		t.Fatalf("%d values, want %d", h.TotalCount(), len(all))
	}
	for _, p := range []float64{1, 10, 50, 90, 99, 99.9, 99.99, 100} {
		want := all[min(int(p/100*float64(len(all))+0.5), len(all))-1]
		if got := h.ValueAtPercentile(p); !h.ValuesAreEquivalent(got, want) && (got < want-want/1000 || got > want+want/1000+512) {
			t.Errorf("p%v = %d, want %d", p, got, want)
		}
	}
}

func TestMergedQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		merged, one := NewRecorder(), NewRecorder()
		for range rapid.IntRange(1, 5).Draw(t, "threads") {
			part := NewRecorder()
			for _, v := range latencies().Draw(t, "ns") {
				part.Record(v)
				one.Record(v)
			}
			merged.Merge(part)
		}
		if !merged.Histogram().Equals(one.Histogram()) || merged.Overflows() != one.Overflows() {
			t.Fatal("merged histograms differ from one of all values")
		}
		for _, p := range []float64{0, 50, 99, 100} {
			if a, b := merged.Histogram().ValueAtPercentile(p), one.Histogram().ValueAtPercentile(p); a != b {
				t.Fatalf("p%v: %d merged, %d of all", p, a, b)
			}
		}
	})
}

func TestRecorderNegative(t *testing.T) {
	r := NewRecorder()
	r.Record(-5)
	if h := r.Histogram(); h.TotalCount() != 1 || r.Overflows() != 0 || h.Max() >= 512 {
		t.Errorf("a negative latency gave %d values, %d overflows, max %d", h.TotalCount(), r.Overflows(), h.Max())
	}
}

func BenchmarkRecord(b *testing.B) {
	r := NewRecorder()
	v := int64(123_456)
	for b.Loop() {
		r.Record(v)
		v = v*5%50_000_000 + 1000
	}
}
