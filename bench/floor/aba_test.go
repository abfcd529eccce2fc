package floor

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The table is what tables of order-statistic intervals for the median print, in exact fractions of 2^n.
func TestMedianRank(t *testing.T) {
	for _, tc := range []struct {
		n, k    int
		covered float64
	}{
		{5, 0, 0}, // the whole range covers with 0.9375 only
		{6, 1, 1 - 2.0/64},
		{8, 1, 1 - 2.0/256},
		{9, 2, 1 - 2*(1+9)/512.0},
		{10, 2, 1 - 2*(1+10)/1024.0},
		{20, 6, 1 - 2*(1+20+190+1140+4845+15504)/1048576.0},
	} {
		k, covered := medianRank(tc.n)
		if k != tc.k || math.Abs(covered-tc.covered) > 1e-12 {
			t.Errorf("n = %d: k = %d covers %.12f, expected %d and %.12f", tc.n, k, covered, tc.k, tc.covered)
		}
	}
}

// The rank is the largest that covers: compared with sums of exact integers, up to sizes where 2^-n underflows.
func TestMedianRankExact(t *testing.T) {
	for _, n := range []int{6, 7, 31, 100, 1073, 1200, 2001} {
		k, covered := medianRank(n)
		if exact := coverage(n, k); math.Abs(exact-covered) > 1e-9 || exact < Confidence {
			t.Errorf("n = %d, k = %d: covered %.12f, exactly %.12f", n, k, covered, exact)
		}
		if next := coverage(n, k+1); next >= Confidence {
			t.Errorf("n = %d: k = %d would cover too, with %.6f", n, k+1, next)
		}
	}
}

// coverage is 1 - 2 P(binomial(n, 1/2) < k) in integers.
func coverage(n, k int) float64 {
	sum := new(big.Int)
	for i := range k {
		sum.Add(sum, new(big.Int).Binomial(int64(n), int64(i)))
	}
	outside := new(big.Rat).SetFrac(sum.Lsh(sum, 1), new(big.Int).Lsh(big.NewInt(1), uint(n)))
	covered, _ := new(big.Rat).Sub(big.NewRat(1, 1), outside).Float64()
	return covered
}

// The interval keeps its word for a skewed distribution: it holds the true median in at least 95% of samples, and not
// in so many that it would be wider than it says (20 samples: 0.9586; 4,000 tries have a deviation of 0.003).
func TestIntervalCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const tries = 4000
	held := 0
	for range tries {
		sample := make([]float64, 20)
		for i := range sample {
			sample[i] = rng.ExpFloat64()
		}
		if r := summarize(sample); r.Low <= math.Ln2 && math.Ln2 <= r.High {
			held++
		}
	}
	if share := float64(held) / tries; share < 0.946 || share > 0.971 {
		t.Errorf("the interval held the median in %.4f of samples, expected 0.9586", share)
	}
}

func TestSummarizeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rounds := rapid.SliceOfN(rapid.Float64Range(0.1, 10), minRounds, 60).Draw(t, "rounds")
		before := slices.Clone(rounds)
		r := summarize(rounds)
		if !slices.Equal(before, rounds) {
			t.Fatal("the order of the rounds was lost")
		}
		if r.Low > r.Median || r.Median > r.High || r.Covered < Confidence {
			t.Fatalf("no interval around the median: %+v", r)
		}
		notAbove := len(rounds) - len(slices.DeleteFunc(slices.Clone(rounds), func(v float64) bool { return v <= r.Median }))
		if 2*notAbove < len(rounds) {
			t.Fatalf("%v is no median of %v", r.Median, rounds)
		}
	})
}

// A drift that is linear within a round cancels out: the ratio is exact whatever the machine does meanwhile.
func TestABACancelsDrift(t *testing.T) {
	clock := 100.0
	var order []byte
	cost := func(name byte, factor float64) func() (float64, error) {
		return func() (float64, error) {
			clock += 7
			order = append(order, name)
			return factor * clock, nil
		}
	}
	r, err := ABA(6, cost('a', 1), cost('b', 1.25))
	if err != nil {
		t.Fatal(err)
	}
	if string(order) != "abaabaabaabaabaaba" {
		t.Errorf("order %s", order)
	}
	for _, v := range r.Rounds {
		if math.Abs(v-1.25) > 1e-9 {
			t.Errorf("ratio %v, expected 1.25", v)
		}
	}
	if got := r.String(); got != "1.250 [1.250, 1.250] of 6 rounds" {
		t.Errorf("printed as %q", got)
	}
}

func TestABAErrors(t *testing.T) {
	one := func() (float64, error) { return 1, nil }
	if _, err := ABA(5, one, one); !errors.Is(err, ErrTooFewRounds) {
		t.Errorf("five rounds: %v", err)
	}
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if r, err := ABA(6, one, func() (float64, error) { return bad, nil }); err == nil {
			t.Errorf("a cost of %v gave %v", bad, r)
		}
	}
	failure, runs := errors.New("port taken"), 0
	r, err := ABA(6, func() (float64, error) {
		if runs++; runs > 4 {
			return 0, failure
		}
		return 1, nil
	}, one)
	if !errors.Is(err, failure) || len(r.Rounds) != 2 {
		t.Errorf("failure in the third round: %v after %d rounds", err, len(r.Rounds))
	}
}
