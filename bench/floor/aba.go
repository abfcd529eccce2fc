package floor

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Confidence is the least probability with which the interval of a Ratio covers the true median.
const Confidence = 0.95

// minRounds is the smallest sample whose range covers the median with Confidence: 1 - 2/2^6 = 0.969; five give 0.9375.
const minRounds = 6

// ErrTooFewRounds is returned by ABA, wrapped, for a number of rounds that allows no interval.
var ErrTooFewRounds = errors.New("an interval of the median at 95% needs at least 6 rounds")

// Ratio is the outcome of paired runs: how much of the base's cost the candidate has.
type Ratio struct {
	Rounds    []float64 // candidate over base, in the order measured
	Median    float64
	Low, High float64 // an interval that covers the median of the distribution with probability Covered
	Covered   float64 // at least Confidence
}

// String shows the median, the interval and the number of rounds: "1.034 [1.021, 1.049] of 20 rounds".
func (r Ratio) String() string {
	return fmt.Sprintf("%.3f [%.3f, %.3f] of %d rounds", r.Median, r.Low, r.High, len(r.Rounds))
}

// ABA measures n rounds of base, candidate, base and returns the ratios candidate / mean(base, base). A drift of the
// machine that is linear over the three runs of a round cancels out; what differs between rounds does too, as only
// quotients within a round are formed. a and b return a cost, positive, in any unit; the first error ends the
// measurement, and the rounds completed so far are returned with it.
func ABA(n int, a, b func() (float64, error)) (Ratio, error) {
	if n < minRounds {
		return Ratio{}, fmt.Errorf("%w, not %d", ErrTooFewRounds, n)
	}
	var rounds []float64
	for range n {
		ratio, err := round(a, b)
		if err != nil {
			return Ratio{Rounds: rounds}, fmt.Errorf("round %d: %w", len(rounds)+1, err)
		}
		rounds = append(rounds, ratio)
	}
	return summarize(rounds), nil
}

func round(a, b func() (float64, error)) (float64, error) {
	var costs [3]float64
	for i, run := range []func() (float64, error){a, b, a} {
		cost, err := run()
		if err != nil {
			return 0, err
		}
		if !(cost > 0) || math.IsInf(cost, 1) {
			return 0, fmt.Errorf("a cost of %v", cost)
		}
		costs[i] = cost
	}
	return costs[1] / ((costs[0] + costs[2]) / 2), nil
}

// summarize computes the median and its interval. The interval is exact for any continuous distribution, with no
// assumption about its shape: how many of n independent samples lie below the true median is binomial(n, 1/2), so the
// k-th smallest and the k-th largest enclose it with probability 1 - 2 P(binomial < k). The largest k that still
// reaches Confidence is taken. len(rounds) must be at least minRounds.
func summarize(rounds []float64) Ratio {
	ascending := slices.Sorted(slices.Values(rounds))
	n := len(ascending)
	k, covered := medianRank(n)
	return Ratio{
		Rounds:  rounds,
		Median:  (ascending[(n-1)/2] + ascending[n/2]) / 2,
		Low:     ascending[k-1],
		High:    ascending[n-k],
		Covered: covered,
	}
}

// medianRank returns the largest k with 1 - 2 P(binomial(n, 1/2) < k) >= Confidence, and that probability; 0 when
// there is none.
func medianRank(n int) (k int, covered float64) {
	below := 0.0 // P(binomial(n, 1/2) <= i)
	for i := range n / 2 {
		below += binomialMass(n, i)
		if 1-2*below < Confidence {
			break
		}
		k, covered = i+1, 1-2*below
	}
	return k, covered
}

// binomialMass returns P(binomial(n, 1/2) = i), by logarithms because 2^-n underflows from n = 1075 on.
func binomialMass(n, i int) float64 {
	logFactorial := func(m int) float64 { v, _ := math.Lgamma(float64(m) + 1); return v }
	return math.Exp(logFactorial(n) - logFactorial(i) - logFactorial(n-i) - float64(n)*math.Ln2)
}
