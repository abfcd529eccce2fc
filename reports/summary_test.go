package reports_test

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/c10kit/c10kit/internal/golden"
	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// rounds makes one result a value of req/s; NaN stands for a round in which it
// was missing.
func rounds(values ...float64) []results.Result {
	var all []results.Result
	for i, v := range values {
		f := standard[0]
		r := results.Result{Cell: f.cell(i + 1), Requests: 10, Verdict: f.verdict}
		if math.IsNaN(v) {
			r.Miss(results.ReqPerSec, "the clock stood still")
		} else {
			r.Set(results.ReqPerSec, v)
		}
		all = append(all, r)
	}
	return all
}

func TestStat(t *testing.T) {
	for name, c := range map[string]struct {
		values []float64
		want   reports.Stat
	}{
		"one round has no spread":                {[]float64{7}, reports.Stat{N: 1, Min: 7, Q1: 7, Median: 7, Q3: 7, Max: 7, Sum: 7}},
		"two: quartiles are the values":          {[]float64{9, 5}, reports.Stat{N: 2, Min: 5, Q1: 5, Median: 7, Q3: 9, Max: 9, Sum: 14}},
		"three: quartiles are the extremes":      {[]float64{3, 1, 2}, reports.Stat{N: 3, Min: 1, Q1: 1, Median: 2, Q3: 3, Max: 3, Sum: 6}},
		"four: medians of the halves":            {[]float64{4, 1, 3, 2}, reports.Stat{N: 4, Min: 1, Q1: 1.5, Median: 2.5, Q3: 3.5, Max: 4, Sum: 10}},
		"five: the middle is in neither half":    {[]float64{5, 1, 4, 2, 3}, reports.Stat{N: 5, Min: 1, Q1: 1.5, Median: 3, Q3: 4.5, Max: 5, Sum: 15}},
		"a round that lacks it does not count":   {[]float64{math.NaN(), 6, 8}, reports.Stat{N: 2, Min: 6, Q1: 6, Median: 7, Q3: 8, Max: 8, Sum: 14}},
		"zero that was counted is a value":       {[]float64{0, 0, 3}, reports.Stat{N: 3, Median: 0, Q3: 3, Max: 3, Sum: 3}},
		"an outlier moves neither median nor q1": {[]float64{1, 1, 1, 1, 1e9}, reports.Stat{N: 5, Min: 1, Q1: 1, Median: 1, Q3: 5e8 + 0.5, Max: 1e9, Sum: 1e9 + 4}},
	} {
		t.Run(name, func(t *testing.T) {
			rows := reports.Summarise(rounds(c.values...))
			if len(rows) != 1 || rows[0].Rounds != len(c.values) || rows[0].Round != 0 {
				t.Fatalf("rows %+v, want one of %d rounds", rows, len(c.values))
			}
			if diff := cmp.Diff(c.want, rows[0].Stats[results.ReqPerSec]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMissingStaysMissing(t *testing.T) {
	nan := math.NaN()
	all := reports.Summarise(rounds(nan, nan))[0]
	if _, ok := all.Stats[results.ReqPerSec]; ok || all.Missing[results.ReqPerSec] != "the clock stood still" {
		t.Errorf("no round has it: %+v, %q", all.Stats, all.Missing)
	}
	some := reports.Summarise(rounds(1, nan, 2))[0]
	if got := some.Missing[results.ReqPerSec]; got != "in 1 of 3 rounds: the clock stood still" {
		t.Errorf("one round lacks it: %q", got)
	}
}

// percentileRounds are rounds of one cell: a round without answers where n is 0.
func percentileRounds(all [][5]float64, n []uint64) []results.Result {
	var rs []results.Result
	for i, v := range all {
		r := results.Result{Cell: standard[0].cell(i + 1), Requests: n[i]}
		r.Set(results.ReqPerSec, float64(n[i]))
		for k, m := range []results.Metric{results.P50, results.P90, results.P99, results.P999, results.MaxLatency} {
			if q := []float64{0.5, 0.9, 0.99, 0.999, 1}[k]; results.Enough(q, n[i]) {
				r.Set(m, v[k])
			} else {
				r.Miss(m, "too few answers")
			}
		}
		rs = append(rs, r)
	}
	return rs
}

// TestPercentilesAreInOrder: whichever rounds can tell which percentile, those that are
// shown are in their order, and those that are not have a reason.
func TestPercentilesAreInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all [][5]float64
		var n []uint64
		for range rapid.IntRange(1, 5).Draw(t, "rounds") {
			v := rapid.SliceOfN(rapid.Float64Range(1, 1e9), 5, 5).Draw(t, "latencies")
			slices.Sort(v)
			all = append(all, [5]float64(v))
			n = append(n, rapid.SampledFrom([]uint64{0, 1, 7, 40, 367, 368, 3688, 1e6}).Draw(t, "answers"))
		}
		row := reports.Summarise(percentileRounds(all, n))[0]
		last := 0.0
		for _, m := range []results.Metric{results.P50, results.P90, results.P99, results.P999, results.MaxLatency} {
			s, ok := row.Stats[m]
			if ok && s.Median < last {
				t.Fatalf("%s is %v after %v: %v, %v", m, s.Median, last, all, n)
			}
			if ok {
				last = s.Median
			} else if row.Missing[m] == "" {
				t.Fatalf("%s is not there without a reason", m)
			}
		}
	})
}

// TestPercentileOfSomeRounds: the medians of two rounds each, of which only the fast one
// can tell its p99, would put that below the p50.
func TestPercentileOfSomeRounds(t *testing.T) {
	row := reports.Summarise(percentileRounds([][5]float64{{100, 200, 300, 400, 500}, {1000, 2000, 3000, 4000, 5000}}, []uint64{400, 50}))[0]
	if s := row.Stats[results.P50]; s.Median != 550 {
		t.Errorf("p50 %+v", s)
	}
	if s, ok := row.Stats[results.P99]; ok || row.Missing[results.P99] != "in 1 of 2 rounds: too few answers" {
		t.Errorf("p99 %+v, %q", s, row.Missing[results.P99])
	}
}

func TestVerdictsAndErrorsOverRounds(t *testing.T) {
	all := rounds(1, 2, 3)
	all[0].Verdict = results.Verdict{Name: results.VerdictClient, Evidence: "generator used 1 of 1 CPU"}
	all[1].Errors = map[string]uint64{"connect/refused": 2}
	all[2].Errors = map[string]uint64{"connect/refused": 3, "read/reset": 1}
	all[2].NeverServed = 7
	all[0].Notes, all[1].Notes = []string{"n"}, []string{"n"}
	row := reports.Summarise(all)[0]
	want := []reports.Verdict{
		{Verdict: standard[0].verdict, Rounds: 2},
		{Verdict: all[0].Verdict, Rounds: 1},
	}
	if diff := cmp.Diff(want, row.Verdicts); diff != "" {
		t.Errorf("verdicts: %s", diff)
	}
	if diff := cmp.Diff(map[string]uint64{"connect/refused": 5, "read/reset": 1}, row.Errors); diff != "" {
		t.Errorf("errors: %s", diff)
	}
	if n, counted := row.FailedRequests(); n != 6 || !counted {
		t.Errorf("failed requests %v, %v, want 6 from the classes", n, counted)
	}
	if row.NeverServed != 7 || row.Requests != 30 || len(row.Notes) != 1 {
		t.Errorf("never served %d, requests %d, notes %q", row.NeverServed, row.Requests, row.Notes)
	}
	if _, counted := reports.Summarise(rounds(1))[0].FailedRequests(); counted {
		t.Error("errors that nobody counted are reported as counted")
	}
}

// TestSummariseProperties: rounds in any order give the same row, and the
// statistics are where they must be.
func TestSummariseProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1e12), 1, 12).Draw(t, "values")
		all := rounds(values...)
		s := reports.Summarise(all)[0].Stats[results.ReqPerSec]
		if !slices.IsSorted([]float64{s.Min, s.Q1, s.Median, s.Q3, s.Max}) {
			t.Fatalf("%v: not in order: %+v", values, s)
		}
		if s.Min != slices.Min(values) || s.Max != slices.Max(values) || s.N != len(values) {
			t.Fatalf("%v: %+v", values, s)
		}
		below, above := 0, 0
		for _, v := range values {
			if v < s.Median {
				below++
			}
			if v > s.Median {
				above++
			}
		}
		if 2*below > s.N || 2*above > s.N {
			t.Fatalf("%v: median %v has %d below and %d above", values, s.Median, below, above)
		}
		shuffled := rapid.Permutation(all).Draw(t, "order")
		if diff := cmp.Diff(s, reports.Summarise(shuffled)[0].Stats[results.ReqPerSec]); diff != "" {
			t.Fatalf("order matters: %s", diff)
		}
	})
}

// TestSummariseKeepsCellsApart: every key but the round makes another row.
func TestSummariseKeepsCellsApart(t *testing.T) {
	base := standard[0].cell(1)
	changes := []func(*results.Cell){
		func(c *results.Cell) { c.Model = "other" }, func(c *results.Cell) { c.Variant = "v" },
		func(c *results.Cell) { c.App = "echo" }, func(c *results.Cell) { c.Path = "/json" },
		func(c *results.Cell) { c.Conns++ }, func(c *results.Cell) { c.Workers++ },
		func(c *results.Cell) { c.Mode = results.ModeKeepAlive }, func(c *results.Cell) { c.Closer = results.CloserClient },
		func(c *results.Cell) { c.Pipeline++ }, func(c *results.Cell) { c.Rate = 5 },
		func(c *results.Cell) { c.Placement = results.PlacementShared },
	}
	all := []results.Result{{Cell: base}}
	for _, change := range changes {
		c := base
		change(&c)
		all = append(all, results.Result{Cell: c.Identify()})
	}
	again := base
	again.Round = 2
	all = append(all, results.Result{Cell: again.Identify()})
	rows := reports.Summarise(all)
	if len(rows) != len(changes)+1 || rows[0].Rounds != 2 {
		t.Errorf("%d rows, the first of %d rounds, want %d and 2", len(rows), rows[0].Rounds, len(changes)+1)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := reports.JSON(&b, fixture(standard[1:3], 3)); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "compare.json", b.Bytes())

	var back struct{ Rows []reports.Row }
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(reports.Summarise(fixture(standard[1:3], 3).Results), back.Rows); diff != "" {
		t.Errorf("read back: %s", diff)
	}

	b.Reset()
	if err := reports.JSON(&b, new(results.Stored)); err != nil || !json.Valid(b.Bytes()) || !bytes.Contains(b.Bytes(), []byte(`"rows": []`)) {
		t.Errorf("no rows: %v, %s", err, b.String())
	}
}

// TestRatio: the ratio of medians, and what the quartiles of both leave of it.
func TestRatio(t *testing.T) {
	row := func(q1, median, q3 float64) reports.Row {
		return reports.Row{Stats: map[results.Metric]reports.Stat{results.ReqPerSec: {N: 3, Q1: q1, Median: median, Q3: q3}}}
	}
	ratio, spread, ok := row(194, 200, 206).Ratio(row(96, 100, 104), results.ReqPerSec)
	if !ok || ratio != 2 || math.Abs(spread-0.1) > 1e-9 { // 3% and 4% of 2
		t.Errorf("%v ± %v, %v", ratio, spread, ok)
	}
	for name, c := range map[string][2]reports.Row{"no figure": {{}, row(1, 2, 3)}, "no base": {row(1, 2, 3), {}}, "base of 0": {row(1, 2, 3), row(0, 0, 0)}} {
		if _, _, ok := c[0].Ratio(c[1], results.ReqPerSec); ok {
			t.Errorf("%s: a ratio", name)
		}
	}
}
