package bench

import (
	"fmt"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/results"
)

// used is the share of its processors' time from which on a side counts as what
// limited the cell. What is missing to 1 is the edges of the window, where the
// clocks are read.
const used = 0.95

// verdict says what limited the cell, as far as the generator's books and the two
// CPU clocks can tell. The other verdicts need the kernel's counters.
//
// Connections beyond what the model serves at once come first: such a cell is
// limited by that whatever else is busy. Of two busy sides it is the busier.
func (w *window) verdict(load *loadgen.Result, t models.Traits) results.Verdict {
	c := w.cell
	if n := t.Concurrency(c.Workers); n > 0 && c.Conns > n && load.NeverServed > 0 {
		return results.Verdict{
			Name: results.VerdictConcurrency,
			Evidence: fmt.Sprintf("%d of %d connections were never served: %s serves %d at a time",
				load.NeverServed, c.Conns, c.Spec(), n),
		}
	}
	server, serverCPUs := w.serverUse()
	client := 0.0
	if s := load.Elapsed.Seconds(); s > 0 {
		client = load.CPU.Total().Seconds() / (s * float64(len(load.Threads)))
	}
	v := results.Verdict{
		Name: results.VerdictNone,
		Evidence: fmt.Sprintf("the server used %.0f%% of %s, the generator %.0f%% of %s",
			100*server, counted(serverCPUs, "CPU"), 100*client, counted(len(load.Threads), "thread")),
	}
	switch {
	case server >= used && server >= client:
		v.Name = results.VerdictServerCPU
	case client >= used:
		v.Name = results.VerdictClient
	}
	return v
}

// serverUse is the share of the processors that the server could use which it did
// use: those that it was given, but no more than it has workers.
func (w *window) serverUse() (share float64, cpus int) {
	cpus = max(1, min(len(w.plan.Layout.Server), w.cell.Workers))
	if w.edgeErr != nil {
		return 0, cpus
	}
	win := w.after.Sub(w.before)
	if win.Elapsed <= 0 {
		return 0, cpus
	}
	return float64(win.User+win.Sys) / (float64(win.Elapsed) * float64(cpus)), cpus
}

// counted is n things in words: "1 CPU", "2 CPUs".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
