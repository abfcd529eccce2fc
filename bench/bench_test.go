package bench_test

import (
	"context"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/moby/sys/reexec"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/internal/netns"
	"github.com/c10kit/c10kit/internal/rawfork"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/all"
	"github.com/c10kit/c10kit/results"
)

func TestMain(m *testing.M) {
	if reexec.Init() { // this process is a server that a test started
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func layout(tb testing.TB, placement string) bench.Layout {
	tb.Helper()
	l, err := bench.NewLayout(placement)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// BenchmarkModels measures what `c10kit compare` measures, a cell a sub-benchmark,
// with b.N as the number of requests, and reports it under the same names, so
// that benchstat puts the two side by side:
//
//	go test -bench Models -count 6 ./bench | tee new.txt; benchstat -col /model new.txt
func BenchmarkModels(b *testing.B) {
	p := bench.Plan{Models: all.Card(), Layout: layout(b, results.PlacementSplit)}.Default()
	cells, err := p.Cells()
	if err != nil {
		b.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(len(p.Layout.Load) + 2))
	for _, c := range cells {
		b.Run(c.SubName(), func(b *testing.B) {
			p := p
			p.Requests = uint64(b.N)
			m, err := p.Measure(context.Background(), c, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(m.Load.Elapsed)/float64(b.N), "ns/op")
			for _, info := range results.Metrics() {
				if v, ok := m.Result.Values[info.Metric]; ok {
					b.ReportMetric(v, string(info.Metric))
				}
			}
			if n := m.Load.Window.Failed; n > 0 {
				b.Errorf("%d of %d requests failed: %v", n, b.N, m.Result.Errors)
			}
		})
	}
}

// A cell of every model, by count: the load's book, the server's board and the
// result agree to the last request.
func TestMeasureCountsEveryRequest(t *testing.T) {
	if !netns.Prefer(t) { // where nobody else's TIME_WAITs fill the table
		return
	}
	for _, m := range models.All() {
		n := 3000.0
		if m.Variants[0].Traits.Forks && rawfork.Supported() != nil {
			n = 300 // a program is started for each connection
		}
		if m.Name == lossy || m.Variants[0].Traits.Kind == models.Command {
			continue // counts what it likes
		}
		for _, mode := range []string{results.ModeKeepAlive, results.ModeClose} {
			t.Run(m.Name+"/"+mode, func(t *testing.T) {
				p := bench.Plan{
					Models: []string{m.Name}, Modes: []string{mode}, Requests: uint64(n),
					Layout: layout(t, results.PlacementShared),
				}.Default()
				cells, err := p.Cells()
				if err != nil {
					t.Fatal(err)
				}
				got, err := p.Measure(t.Context(), cells[0], nil)
				if err != nil {
					t.Fatal(err)
				}
				if got.Result.Requests != uint64(n) || got.Load.Window.Failed != 0 || !got.Load.Window.Balanced() {
					t.Errorf("%d requests, book %+v, failures %v", got.Result.Requests, got.Load.Window, got.Load.Failures)
				}
				if v := got.Result.Values[results.CPUPerReq]; v < 100 {
					t.Errorf("cpu-ns/req = %v: no request is that cheap", v)
				}
				notes := slices.DeleteFunc(got.Result.Notes, func(note string) bool {
					return rawfork.Supported() != nil && strings.Contains(note, "workers are re-executed")
				})
				if len(notes) > 0 {
					t.Errorf("notes: %q", notes)
				}
				for _, i := range results.Metrics() {
					_, counted := got.Result.Values[i.Metric]
					// The last is what result says of figures that it has forgotten.
					if why := got.Result.Missing[i.Metric]; !counted && (why == "" || why == bench.NeverOpened) {
						t.Errorf("%s is neither counted nor missing with a reason of its own: %q", i.Metric, why)
					}
				}
				for _, metric := range []results.Metric{results.CswVoluntary, results.PSS, results.Threads, results.Procs} {
					if v := got.Result.Values[metric]; v <= 0 {
						t.Errorf("%s = %v, missing for %q", metric, v, got.Result.Missing[metric])
					}
				}
				if mode == results.ModeClose {
					if made := got.Result.Values[results.TimeWaitServer]; made != n {
						t.Errorf("%v TIME_WAITs made by the server, want one for each of %v requests", made, n)
					}
				}
			})
		}
	}
}

// Asked for more connections than it can serve, iterative says so.
func TestVerdictConcurrency(t *testing.T) {
	p := bench.Plan{
		Models: []string{"iterative"}, Modes: []string{results.ModeKeepAlive}, Conns: []int{64},
		Window: 300e6, Layout: layout(t, results.PlacementShared),
	}.Default()
	cells, err := p.Cells()
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Measure(t.Context(), cells[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	r := m.Result
	// The window over, the load closes the connection that is served, and the next may
	// still get its answer before it is closed as well.
	if r.Verdict.Name != results.VerdictConcurrency || r.NeverServed < 60 || r.NeverServed > 63 {
		t.Errorf("verdict %+v, %d never served; want concurrency, 63 or a few less", r.Verdict, r.NeverServed)
	}
}

// A run that is interrupted keeps what was measured and says so.
func TestRunInterrupted(t *testing.T) {
	p := bench.Plan{Models: []string{"reactor"}, Rounds: 50, Window: 100e6, Layout: layout(t, results.PlacementShared)}.Default()
	cells, err := p.Cells()
	if err != nil {
		t.Fatal(err)
	}
	run, err := results.Create(t.TempDir(), "test", p.Manifest(cells, nil))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	interrupted, err := p.Run(ctx, cells, run, func(e results.Event) {
		if e.Done == 2 {
			cancel()
		}
	})
	if err != nil || !interrupted {
		t.Fatalf("interrupted = %v, %v", interrupted, err)
	}
	if err := run.Close(interrupted); err != nil {
		t.Fatal(err)
	}
	stored, err := results.Open(run.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if len(stored.Results) != 2 || !stored.Manifest.Interrupted || len(stored.Warnings) != 0 {
		t.Errorf("%d results, interrupted %v, warnings %q", len(stored.Results), stored.Manifest.Interrupted, stored.Warnings)
	}
}
