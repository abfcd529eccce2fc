package bench

import (
	"testing"
	"time"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/probe/watch"
	"github.com/c10kit/c10kit/results"
)

// TestAllocsOfPrograms: what a foreign program allocates nobody counts, however it works;
// what the process that watches it does is no figure of it.
func TestAllocsOfPrograms(t *testing.T) {
	load := loadgen.Result{Elapsed: time.Second, Requests: 100, Rest: [2]bool{true, true}}
	programs := 0
	for _, m := range models.All() {
		for _, v := range m.Variants {
			w := &window{traits: v.Traits, start: time.Now()}
			w.after.Board.Requests, w.after.Allocs = 100, 7
			r := results.Result{}
			w.serverCosts(&r, &load, watch.Counted{})
			_, told := r.Values[results.Allocs]
			if program := v.Traits.Origin == models.Program; program {
				programs++
				if told || r.Missing[results.Allocs] == "" {
					t.Errorf("%s: %v, missing: %q", models.Spec(m, v.Name), r.Values, r.Missing[results.Allocs])
				}
			} else if told == v.Traits.Forks {
				t.Errorf("%s: %v, missing: %q", models.Spec(m, v.Name), r.Values, r.Missing[results.Allocs])
			}
		}
	}
	if programs < 6 {
		t.Errorf("%d programs among the models", programs)
	}
}
