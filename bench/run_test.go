package bench_test

import (
	"context"
	"testing"
	"time"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/results"
)

// TestSkippedCells: what Before leaves out is in the folder, which is then told as a run
// that came to its end, with the totals that it had.
func TestSkippedCells(t *testing.T) {
	p := bench.Plan{
		Models: []string{"reactor"}, Modes: []string{results.ModeKeepAlive}, Conns: []int{1}, Rounds: 3,
		Window: 20 * time.Millisecond, Layout: layout(t, results.PlacementShared),
		Before: func(_ context.Context, c results.Cell) bool { return c.Round != 2 },
	}.Default()
	cells, err := p.Cells()
	if err != nil {
		t.Fatal(err)
	}
	run, err := results.Create(t.TempDir(), "x", p.Manifest(cells, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close(true)
	var last results.Event
	if _, err := p.Run(t.Context(), cells, run, func(e results.Event) { last = e }); err != nil {
		t.Fatal(err)
	}
	if err := run.Close(false); err != nil {
		t.Fatal(err)
	}
	stored, err := results.Open(run.Dir())
	if err != nil {
		t.Fatal(err)
	}
	events := stored.Events()
	end := events[len(events)-1]
	for name, e := range map[string]results.Event{"live": last, "stored": end} {
		if e.Kind != results.EventEnd || e.Done != 2 || e.Total != 2 || e.Text != "" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if skipped := stored.Manifest.Skipped; len(skipped) != 1 || skipped[0] != stored.Manifest.Cells[1].ID {
		t.Errorf("left out: %q", skipped)
	}
}
