package reports_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
	"pgregory.net/rapid"
)

// counterRow prints one row with what set gives it and returns the fields of its
// line in the table of counters, and the whole text.
func counterRow(t *testing.T, workers int, set map[results.Metric]float64) (fields []string, all string) {
	t.Helper()
	f := standard[0]
	f.workers = workers
	r := results.Result{Cell: f.cell(1), Requests: 10, Verdict: f.verdict}
	for m, v := range set {
		r.Set(m, v)
	}
	all = text(t, &results.Stored{Results: []results.Result{r}}, reports.Options{})
	_, table, ok := strings.Cut(all, "\ncounters")
	if !ok {
		return nil, all
	}
	return strings.Fields(strings.Split(table, "\n")[1]), all
}

func TestSwitchCells(t *testing.T) {
	type values = map[results.Metric]float64
	for name, c := range map[string]struct {
		workers int
		set     values
		want    string // model, vol, inv, run
	}{
		"two decimals":                 {1, values{results.CswVoluntary: 1.2349, results.CswInvoluntary: 0.1}, "iterative 1.23 0.10 –"},
		"zero is zero":                 {1, values{results.CswVoluntary: 0, results.CswInvoluntary: 0}, "iterative 0 0 –"},
		"nearly nothing is not zero":   {1, values{results.CswVoluntary: 0.00499, results.CswInvoluntary: 1e-9}, "iterative <.01 <.01 –"},
		"one half":                     {1, values{results.CswVoluntary: 0.005, results.CswInvoluntary: 9.996}, "iterative 0.01 10.0 –"},
		"many":                         {1, values{results.CswVoluntary: 12.34, results.CswInvoluntary: 123.4}, "iterative 12.3 123 –"},
		"only one of the two":          {1, values{results.CswVoluntary: 1}, "iterative 1.00 – –"},
		"error of a hundredth":         {1, values{results.CswVoluntary: 1.5, results.CswInvoluntary: 0.5, results.CswError: 0.02}, "iterative 1.50±0.02 0.50 –"},
		"error below a hundredth":      {1, values{results.CswVoluntary: 1.5, results.CswInvoluntary: 0.5, results.CswError: 0.0199}, "iterative 1.50 0.50 –"},
		"error that no digit shows":    {1, values{results.CswVoluntary: 0.01, results.CswInvoluntary: 0, results.CswError: 0.0049}, "iterative 0.01 0 –"},
		"error of nothing":             {1, values{results.CswVoluntary: 0, results.CswInvoluntary: 0, results.CswError: 0.5}, "iterative 0±0.50 0 –"},
		"tree":                         {results.WorkersTree, values{results.CswVoluntary: 1, results.CswInvoluntary: 2}, "iterative 1.00* 2.00* –"},
		"tree with an error":           {results.WorkersTree, values{results.CswVoluntary: 1, results.CswInvoluntary: 2, results.CswError: 1}, "iterative 1.00*±1.00 2.00* –"},
		"tree without one of the two":  {results.WorkersTree, values{results.CswInvoluntary: 2}, "iterative – 2.00* –"},
		"nothing but a runtime's":      {1, values{results.CswRuntime: 3}, "iterative – – 3.00"},
		"an error without a figure":    {1, values{results.CswError: 3, results.CswRuntime: 3}, "iterative – – 3.00"},
		"whole tree, nothing counted ": {results.WorkersTree, values{results.PSS: 3}, "iterative – – –"},
	} {
		t.Run(name, func(t *testing.T) {
			fields, all := counterRow(t, c.workers, c.set)
			if len(fields) < 4 || strings.Join(fields[:4], " ") != c.want {
				t.Fatalf("row %q, want it to begin with %q:\n%s", fields, c.want, all)
			}
			_, legend, _ := strings.Cut(all, "Counters, a request")
			for mark, meaning := range map[string]string{"*": "of the whole tree", "±": "how far off"} {
				legend = strings.Join(strings.Fields(legend), " ")
				if strings.Contains(c.want, mark) != strings.Contains(legend, mark+" "+meaning) {
					t.Errorf("legend of a table with %q: %s", c.want, legend)
				}
			}
		})
	}
}

// TestNoCounters: a run in which nothing was counted has no table of dashes.
func TestNoCounters(t *testing.T) {
	fields, all := counterRow(t, 1, map[results.Metric]float64{results.ReqPerSec: 1, results.CswError: 1})
	if fields != nil || strings.Contains(all, "Counters") {
		t.Errorf("a table of counters without any:\n%s", all)
	}
}

// TestCountersOfManyWorkers: where the model does not name a row, its workers do.
func TestCountersOfManyWorkers(t *testing.T) {
	few := standard[2]
	few.workers = 16
	got := text(t, fixture([]figures{standard[2], few}, 3), reports.Options{})
	for _, want := range []string{"\ncounters         wrk", "\nprethread:accept  64 1.96", "\nprethread:accept  16 1.96"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestLossRemark(t *testing.T) {
	got := text(t, fixture(standard[:3], 3), reports.Options{Width: 160})
	if want := "  prethread:accept: 9 dropped by a full accept queue, 36 TCP segments sent again in the network namespace\n"; strings.Count(got, want) != 1 {
		t.Errorf("no line %q in\n%s", want, got)
	}
	if strings.Count(got, "accept queue") != 1 {
		t.Errorf("rows without an overflow speak of one:\n%s", got)
	}
}

// TestVerdictsShareALine: a row whose rounds disagree has one piece of evidence.
func TestVerdictsShareALine(t *testing.T) {
	s := fixture(standard[:1], 4-1)
	s.Results[0].Verdict = results.Verdict{Name: results.VerdictClient, Evidence: "of another round"}
	got := text(t, s, reports.Options{})
	if want := "\n  iterative: server-cpu in 2 of 3 rounds, client in 1: served processes used\n    0.98 of 1 CPU\n"; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
	if strings.Contains(got, "of another round") {
		t.Errorf("evidence of two verdicts in\n%s", got)
	}
}

// anyFigure is what a metric may be: rates per request below a thousand, whole
// counts, times up to a minute, throughput that a machine can have.
func anyFigure(i results.Info) *rapid.Generator[float64] {
	switch {
	case i.Metric == results.ReqPerSec:
		return rapid.Float64Range(100, 9e6)
	case i.Scale == results.ScaleTime:
		return rapid.Float64Range(1, 60e9)
	case strings.HasSuffix(string(i.Metric), "/req"):
		return rapid.Float64Range(0, 999)
	}
	return rapid.Map(rapid.Uint64Max(1e9), func(n uint64) float64 { return float64(n) })
}

// anyRound has figures as wide as they become.
var anyRound = rapid.Custom(func(t *rapid.T) results.Result {
	f := figures{
		spec: rapid.SampledFrom([]string{"iterative", "prefork", "prethread", "cmd"}).Draw(t, "model"), mode: results.ModeClose,
		variant: rapid.SampledFrom([]string{"", "exclusive", "httpd-prefork", "a-very-long-command"}).Draw(t, "variant"),
		conns:   64, workers: rapid.SampledFrom([]int{results.WorkersTree, 0, 1, 64, 1024}).Draw(t, "workers"),
	}
	r := results.Result{Cell: f.cell(rapid.IntRange(1, 3).Draw(t, "round")), Verdict: standard[0].verdict}
	for _, i := range results.Metrics() {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			r.Miss(i.Metric, "a reason")
		case 1:
			r.Set(i.Metric, 0)
		default:
			r.Set(i.Metric, anyFigure(i).Draw(t, string(i.Metric)))
		}
	}
	r.PerWorker = rapid.SliceOfN(rapid.Uint64Max(1<<20), 0, 70).Draw(t, "per worker")
	return r
})

// TestTextNeverWider: whatever the figures, no line is wider than asked, and no
// layout loses a row.
func TestTextNeverWider(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &results.Stored{Results: rapid.SliceOfN(anyRound, 1, 6).Draw(t, "results")}
		opt := reports.Options{
			Width: rapid.IntRange(80, 200).Draw(t, "width"),
			ASCII: rapid.Bool().Draw(t, "ascii"),
		}
		var b strings.Builder
		if err := reports.Text(&b, s, opt); err != nil {
			t.Fatal(err)
		}
		inTable, lines := false, 0
		for line := range strings.SplitSeq(b.String(), "\n") {
			if n := utf8.RuneCountInString(line); n > opt.Width {
				t.Fatalf("%d columns of %d: %q in\n%s", n, opt.Width, line, b.String())
			}
			inTable = strings.HasPrefix(line, "counters ") || inTable && line != "" && line[0] != ' '
			if inTable && !strings.HasPrefix(line, "counters ") {
				lines++
			}
		}
		want := len(reports.Summarise(s.Results))
		if lines != want && strings.Contains(b.String(), "Counters, a request") {
			t.Fatalf("%d rows of %d have counters:\n%s", lines, want, b.String())
		}
	})
}
