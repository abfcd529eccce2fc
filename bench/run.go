package bench

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/c10kit/c10kit/results"
)

// Run measures every cell in every round and writes run as it goes, so that
// whatever ends it, what was measured is there. It reports whether ctx cut it
// short. watch, if not nil, is told what happens, one event at a time, the last an
// EventEnd; it must not block, for the load's own goroutine may be who tells.
func (p Plan) Run(ctx context.Context, cells []results.Cell, run *results.Run, watch func(results.Event)) (interrupted bool, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(len(p.Layout.Load) + 2))
	e := experiment{plan: p, run: run, watch: watch, total: p.Rounds * len(cells)}
	defer func() {
		end := results.Event{Kind: results.EventEnd}
		if err != nil {
			end.Text = err.Error()
		} else if interrupted {
			end.Text = "interrupted"
		}
		e.tell(end)
	}()
	for round := 1; round <= p.Rounds; round++ {
		for _, i := range order(p.Seed, round, len(cells)) {
			c := cells[i]
			c.Round = round
			c = c.Identify()
			if p.Before != nil && !p.Before(ctx, c) {
				e.total -= 1
				if err := run.Skip(c); err != nil {
					return ctx.Err() != nil, err
				}
				continue
			}
			if ctx.Err() != nil {
				return true, nil
			}
			if err := e.cell(ctx, c); err != nil {
				return ctx.Err() != nil, err
			}
		}
	}
	return ctx.Err() != nil, nil
}

// experiment is a run under way.
type experiment struct {
	plan Plan
	run  *results.Run

	mu          sync.Mutex // one event at a time
	watch       func(results.Event)
	done, total int
}

func (e *experiment) tell(event results.Event) {
	if e.watch == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	event.At, event.Done, event.Total = time.Now(), e.done, e.total
	e.watch(event)
}

func (e *experiment) cell(ctx context.Context, c results.Cell) error {
	e.tell(results.Event{Kind: results.EventBegin, Cell: c})
	m, err := e.plan.Measure(ctx, c, func(s results.Sample) {
		_ = e.run.Sample(s) // a full disk is told by the result
		e.tell(results.Event{Kind: results.EventSample, Cell: c, Sample: &s})
	})
	if err != nil {
		return err
	}
	if m.Load.Elapsed == 0 { // cut short before its window: there is no result
		return nil
	}
	latencies, err := e.record(m)
	if err != nil {
		return err
	}
	e.done++
	e.tell(results.Event{Kind: results.EventResult, Cell: c, Result: &m.Result, Latencies: latencies})
	return nil
}

// order is in which order a round visits n cells: a permutation drawn from the
// seed, another one for each round.
func order(seed uint64, round, n int) []int {
	return rand.New(rand.NewPCG(seed, uint64(round))).Perm(n)
}

// record writes what a cell gave.
func (e *experiment) record(m *Measured) (latencies []results.Latency, err error) {
	id := m.Result.ID
	if err := e.run.Result(m.Result); err != nil {
		return nil, err
	}
	for _, l := range []struct {
		kind results.Kind
		h    *hdrhistogram.Histogram
	}{
		{results.Total, m.Load.Total}, {results.Connect, m.Load.Connect}, {results.FirstByte, m.Load.FirstByte},
	} {
		if err := e.run.Latency(id, l.kind, m.Start, m.End, l.h); err != nil {
			return nil, err
		}
		latencies = append(latencies, results.Latency{Cell: id, Kind: l.kind, Start: m.Start, End: m.End, Histogram: l.h})
	}
	return latencies, e.run.Update(func(f *results.Manifest) {
		if f.GOMAXPROCS.Models == nil {
			f.GOMAXPROCS.Models = map[string]int{}
		}
		f.GOMAXPROCS.Models[m.Result.Spec()] = m.Gomaxprocs
	})
}
