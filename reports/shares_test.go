package reports_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// shared makes one round of a cell for each list of connections.
func shared(lists ...[]uint64) []results.Result {
	all := rounds(make([]float64, len(lists))...)
	for i, conns := range lists {
		all[i].PerWorker = conns
	}
	return all
}

func TestSharesText(t *testing.T) {
	for name, c := range map[string]struct {
		conns []uint64
		want  string // empty: no line
	}{
		"not known":           {nil, ""},
		"one worker":          {[]uint64{5000}, ""},
		"one connection each": {[]uint64{1, 1, 1, 1}, ""},
		"more than there are": {[]uint64{1, 0, 1, 0}, ""},
		"even":                {[]uint64{32, 32}, "2 workers had 32 connections each"},
		"few, in their order": {[]uint64{2038, 1968, 0}, "3 workers had 2038, 1968 and 0 connections"},
		"eight are few":       {[]uint64{8, 7, 6, 5, 4, 3, 2, 1}, "8 workers had 8, 7, 6, 5, 4, 3, 2 and 1 connections"},
		"nine are many":       {[]uint64{9, 8, 7, 6, 5, 4, 3, 2, 1}, "9 workers had 1–9 connections (median 5)"},
		"ten":                 {[]uint64{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, "10 workers had 0–9 connections (median 4.5)"},
		"all to one of many":  {append(make([]uint64, 15), 4096), "16 workers had 0–4096 connections (median 0)"},
	} {
		t.Run(name, func(t *testing.T) {
			got := text(t, &results.Stored{Results: shared(c.conns)}, reports.Options{})
			if line := "\n  iterative: " + c.want + "\n"; c.want != "" && !strings.Contains(got, line) {
				t.Errorf("no line %q in\n%s", line, got)
			}
			if c.want == "" && strings.Contains(got, "workers had") {
				t.Errorf("a line that says nothing in\n%s", got)
			}
		})
	}
}

func TestTypicalShares(t *testing.T) {
	even, uneven, unfair := []uint64{5, 5}, []uint64{400, 600}, []uint64{0, 9}
	for name, c := range map[string]struct {
		rounds [][]uint64
		want   int // the round; 0 is none
	}{
		"no round knows":           {[][]uint64{nil, {}}, 0},
		"one":                      {[][]uint64{nil, uneven, nil}, 2},
		"the one in the middle":    {[][]uint64{unfair, even, uneven}, 3},
		"of two the fairer":        {[][]uint64{unfair, uneven}, 2},
		"of equal ones the first":  {[][]uint64{even, {50, 50}, {500, 500}}, 2},
		"no connections are even":  {[][]uint64{unfair, {0, 0}, uneven}, 3},
		"size does not count":      {[][]uint64{{4, 6}, {4000, 4400}, {9, 21}}, 1},
		"workers may differ, too":  {[][]uint64{{1, 1, 1, 5}, {3, 5}, even}, 2},
		"four, second from fairer": {[][]uint64{unfair, even, uneven, {40, 70}}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s, ok := reports.Summarise(shared(c.rounds...))[0].TypicalShares()
			if ok != (c.want != 0) || s.Round != c.want {
				t.Fatalf("round %d, %v, want %d", s.Round, ok, c.want)
			}
			if ok && !slices.Equal(s.Conns, c.rounds[c.want-1]) {
				t.Errorf("connections %v of round %d", s.Conns, s.Round)
			}
		})
	}
}

// TestSharesAreKept: every round that knows is in the row and in its JSON, in
// order, whatever the order of measuring, and the caller's slices are its own.
func TestSharesAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOfN(rapid.SliceOfN(rapid.Uint64(), 0, 5), 1, 6).Draw(t, "rounds")
		want := []reports.Shares{}
		for i, conns := range lists {
			if len(conns) > 0 {
				want = append(want, reports.Shares{Round: i + 1, Conns: slices.Clone(conns)})
			}
		}
		all := rapid.Permutation(shared(lists...)).Draw(t, "order")
		var b strings.Builder
		if err := reports.JSON(&b, &results.Stored{Results: all}); err != nil {
			t.Fatal(err)
		}
		row := reports.Summarise(all)[0]
		for _, r := range all {
			clear(r.PerWorker)
		}
		var back struct{ Rows []reports.Row }
		if err := json.Unmarshal([]byte(b.String()), &back); err != nil {
			t.Fatal(err)
		}
		for _, got := range [][]reports.Shares{back.Rows[0].PerWorker, row.PerWorker} {
			if diff := cmp.Diff(want, append([]reports.Shares{}, got...)); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// TestSharesOfSeveralRounds names the round that is shown.
func TestSharesOfSeveralRounds(t *testing.T) {
	got := text(t, &results.Stored{Results: shared([]uint64{0, 9}, []uint64{4, 4}, []uint64{4, 5})}, reports.Options{})
	if want := "\n  iterative: 2 workers had 4 and 5 connections in round 3\n"; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}
