package results

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestNeeded(t *testing.T) {
	for q, want := range map[float64]uint64{
		0.5: 6, 0.9: 36, 0.99: 368, 0.999: 3688, 0.9999: 36887, 0.1: 36, 0: 1, 1: 1, math.NaN(): 1,
	} {
		if got := Needed(q); got != want {
			t.Errorf("Needed(%v) = %d, want %d", q, got, want)
		}
	}
}

// TestNeededIsTheFirst holds Needed against what it stands for: so many answers, and no
// fewer, have one on each side of the quantile with 97.5% certainty each.
func TestNeededIsTheFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.Float64Range(0.01, 0.9999).Draw(t, "q")
		n := Needed(q)
		oneSided := func(n uint64) float64 { return max(math.Pow(q, float64(n)), math.Pow(1-q, float64(n))) }
		if p := oneSided(n); p > bound*(1+1e-9) {
			t.Fatalf("with %d answers the chance of one side only is %v", n, p)
		}
		if p := oneSided(n - 1); p < bound*(1-1e-9) {
			t.Fatalf("%d answers would do: the chance is %v", n-1, p)
		}
		if !Enough(q, n) || Enough(q, n-1) {
			t.Fatalf("Enough(%v) does not begin at %d", q, n)
		}
	})
}
