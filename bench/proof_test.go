package bench_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/results"
)

// proof skips what takes minutes unless it is asked for.
func proof(t *testing.T) {
	t.Helper()
	if os.Getenv("C10KIT_PROOFS") == "" {
		t.Skip("takes a minute: make proofs asks for it with C10KIT_PROOFS=1")
	}
}

// TestProofAllocs holds every model to at most 0.001 heap allocations a request in
// the served process, over 10^6 requests after 10^5 of warm-up. `make proofs` asks
// for it.
func TestProofAllocs(t *testing.T) {
	proof(t)
	const bound = 0.001
	p := bench.Plan{
		Modes: []string{results.ModeKeepAlive}, Requests: 1_000_000, WarmupRequests: 100_000,
		Layout: layout(t, results.PlacementSplit),
	}.Default()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(len(p.Layout.Load) + 2))
	for _, m := range models.All() {
		if m.Name == lossy { // the reactor once more, which then sends 20,000 segments again
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			if m.Variants[0].Traits.Tree {
				t.Skip("not ours to keep from allocating")
			}
			if m.Variants[0].Traits.Forks {
				t.Skip("no runtime counts the allocations of forked children: see TestProofMemory")
			}
			p := p
			p.Models = []string{m.Name}
			cells, err := p.Cells()
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Measure(t.Context(), cells[0], nil)
			if err != nil {
				t.Fatal(err)
			}
			r := got.Result
			allocs, ok := r.Values[results.Allocs]
			t.Logf("%s, %d connections, %d requests: %s = %.6f", r.Spec(), r.Conns, r.Requests, results.Allocs, allocs)
			if !ok || r.Requests != p.Requests || allocs > bound {
				t.Errorf("allocs/req %v (counted: %v) over %d requests, want at most %v over %d", allocs, ok, r.Requests, bound, p.Requests)
			}
		})
	}
}
