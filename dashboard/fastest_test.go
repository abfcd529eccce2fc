package dashboard

import (
	"bytes"
	"testing"

	"github.com/c10kit/c10kit/results"
)

// TestFastest: ratios are of what the rounds claim, and what they do not is said to be so.
func TestFastest(t *testing.T) {
	var rounds []results.Result
	for _, c := range []struct {
		model string
		rates []float64
	}{
		{"a", []float64{200, 210, 190, 200, 205}},
		{"b", []float64{100, 105, 95, 100, 102}},
		{"c", []float64{201, 207, 188, 203, 196}},
		{"d", []float64{50, 50}},
	} {
		for i, v := range c.rates {
			rounds = append(rounds, resultOf(c.model, 1, i+1, map[results.Metric]float64{results.ReqPerSec: v}))
		}
	}
	refuses := resultOf("refuses", 1, 1, map[results.Metric]float64{results.ReqPerSec: 9999})
	refuses.Requests = 0
	alone := resultOf("alone", 1, 1, map[results.Metric]float64{results.ReqPerSec: 1})
	alone.Conns = 1
	alone.Cell = alone.Identify()
	var out bytes.Buffer
	if err := fastest(&out, storyOf(append(rounds, refuses, alone)...), true); err != nil {
		t.Fatal(err)
	}
	const want = `
close / c=8: c answered
  2.01 +- 0.09 times as many requests a second as b
  as many as a, as far as the rounds tell
  more than d, not claimed: 4 rounds of both are needed
`
	if out.String() != want {
		t.Errorf("%s, want %s", out.String(), want)
	}
}
