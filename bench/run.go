package bench

import (
	"context"
	"math/rand/v2"
	"runtime"

	"github.com/c10kit/c10kit/results"
)

// Event tells a watcher what an experiment does.
type Event struct {
	Cell        results.Cell
	Round       int
	Done, Total int // cells over all rounds
	// Result is nil when the cell begins.
	Result *results.Result
}

// Run measures every cell in every round and writes run as it goes, so that
// whatever ends it, what was measured is there. It reports whether ctx cut it
// short. watch, if not nil, is called on this goroutine.
func (p Plan) Run(ctx context.Context, cells []results.Cell, run *results.Run, watch func(Event)) (interrupted bool, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(len(p.Layout.Load) + 2))
	done, total := 0, p.Rounds*len(cells)
	for round := 1; round <= p.Rounds; round++ {
		for _, i := range order(p.Seed, round, len(cells)) {
			if ctx.Err() != nil {
				return true, nil
			}
			c := cells[i]
			c.Round = round
			c = c.Identify()
			if watch != nil {
				watch(Event{Cell: c, Round: round, Done: done, Total: total})
			}
			m, err := p.Measure(ctx, c, func(s results.Sample) { _ = run.Sample(s) })
			if err != nil {
				return ctx.Err() != nil, err
			}
			done++
			if m.Load.Elapsed > 0 {
				if err := record(run, m); err != nil {
					return false, err
				}
			}
			if watch != nil {
				watch(Event{Cell: c, Round: round, Done: done, Total: total, Result: &m.Result})
			}
		}
	}
	return ctx.Err() != nil, nil
}

// order is in which order a round visits n cells: a permutation drawn from the
// seed, another one for each round.
func order(seed uint64, round, n int) []int {
	return rand.New(rand.NewPCG(seed, uint64(round))).Perm(n)
}

func record(run *results.Run, m *Measured) error {
	id := m.Result.ID
	if err := run.Result(m.Result); err != nil {
		return err
	}
	if err := run.Latency(id, results.Total, m.Start, m.End, m.Load.Total); err != nil {
		return err
	}
	if err := run.Latency(id, results.Connect, m.Start, m.End, m.Load.Connect); err != nil {
		return err
	}
	if err := run.Latency(id, results.FirstByte, m.Start, m.End, m.Load.FirstByte); err != nil {
		return err
	}
	return run.Update(func(f *results.Manifest) {
		if f.GOMAXPROCS.Models == nil {
			f.GOMAXPROCS.Models = map[string]int{}
		}
		f.GOMAXPROCS.Models[m.Result.Spec()] = m.Gomaxprocs
	})
}
