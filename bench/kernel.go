package bench

import (
	"fmt"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/probe/watch"
	"github.com/c10kit/c10kit/results"
)

// kernelCounts are the figures that the kernel keeps, each with a value or the reason
// why it has none.
func (w *window) kernelCounts(r *results.Result, load *loadgen.Result, c watch.Counted) {
	w.switches(r, load, c)
	set := func(err error, values map[results.Metric]float64) {
		for m, v := range values {
			if err != nil {
				r.Miss(m, err.Error())
			} else {
				r.Set(m, v)
			}
		}
	}
	set(c.MemoryErr, map[results.Metric]float64{results.PSS: float64(c.Memory.PSS)})
	set(c.CPUErr, map[results.Metric]float64{results.Threads: float64(c.Threads), results.Procs: float64(c.Procs)})
	set(c.StandingErr, map[results.Metric]float64{
		results.TimeWaitStandingServer: float64(c.Standing.Server),
		results.TimeWaitStandingClient: float64(c.Standing.Client),
	})
	set(c.OverflowsErr, map[results.Metric]float64{
		results.Overflows: float64(c.Overflows),
	})
	if w.series.queued {
		r.Set(results.AcceptQueue, w.series.queue)
	} else {
		r.Miss(results.AcceptQueue, "no sample of the window saw it")
	}
	set(c.NetErr, map[results.Metric]float64{results.Retransmits: float64(c.Retransmits)})
}

// switches are the context switches per request, the board's requests where it has
// any: read together with them.
func (w *window) switches(r *results.Result, load *loadgen.Result, c watch.Counted) {
	perBoard := []results.Metric{results.WakeUps, results.EAGAINs}
	all := append([]results.Metric{results.CswVoluntary, results.CswInvoluntary, results.CswError, results.CswRuntime}, perBoard...)
	n := c.Requests(answers(load), load.Elapsed)
	why := ""
	switch {
	case c.SwitchesErr != nil:
		why = c.SwitchesErr.Error()
	case n == 0:
		why = "the server answered no request"
	}
	if why != "" {
		for _, m := range all {
			r.Miss(m, why)
		}
		return
	}
	s := c.Switches
	r.Set(results.CswVoluntary, float64(s.Voluntary)/n)
	r.Set(results.CswInvoluntary, float64(s.Involuntary)/n)
	r.Set(results.CswError, float64(s.Uncertain)/n)
	if s.Tree {
		r.Miss(results.CswRuntime, "no worker can be named: the two others are of the whole tree")
		for _, m := range perBoard {
			r.Miss(m, "the server keeps no scoreboard")
		}
	} else {
		r.Set(results.CswRuntime, float64(s.Rest)/n)
		r.Set(results.WakeUps, float64(c.Board.WakeUps)/n)
		r.Set(results.EAGAINs, float64(c.Board.EAGAINs)/n)
	}
	if c.NotMade > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d TIME_WAITs of this network namespace were not made: net.ipv4.tcp_max_tw_buckets were there", c.NotMade))
	}
	r.Notes = append(r.Notes, s.Notes()...)
	if c.Disagrees != "" {
		r.Notes = append(r.Notes, c.Disagrees)
	}
	if w.plan.Perf && c.PerfErr != nil {
		r.Notes = append(r.Notes, "no perf events: "+c.PerfErr.Error())
	}
	r.PerWorker = c.PerWorker
}

// answers is how many answers the load got, of any status: so many the server made.
func answers(load *loadgen.Result) (n uint64) {
	for _, k := range load.Status {
		n += k
	}
	return max(n, load.Requests)
}

// limits are the figures that the verdict rests on.
func (w *window) limits(load *loadgen.Result, c watch.Counted) limits {
	l := limits{
		spec: w.cell.Spec(), conns: w.cell.Conns, neverServed: load.NeverServed, slowConnects: load.SlowConnects,
		overflows: c.Overflows, queue: c.Queue, segments: c.Segments, retransmits: c.Retransmits,
	}
	if w.traits.Tree {
		l.unknown = c.CPUErr
	} else {
		l.unknown = w.edgeErr
		l.concurrency = w.traits.Concurrency(w.cell.Workers)
	}
	for _, f := range load.Failures {
		if f.Class == loadgen.ClassPorts {
			l.ports += f.Count
		}
	}
	l.server, l.client = w.serverSide(c), clientSide(load)
	return l
}

// serverSide is the share of the processors that the server could use which it did
// use: those that it was given, but no more than it has workers.
func (w *window) serverSide(c watch.Counted) side {
	cpus := len(w.plan.Layout.Server)
	if w.cell.Workers > 0 {
		cpus = min(cpus, w.cell.Workers)
	}
	cpus = max(cpus, 1)
	s := side{of: counted(cpus, "CPU")}
	win := w.after.Sub(w.before)
	used, elapsed := win.User+win.Sys, win.Elapsed
	if w.traits.Tree {
		used, elapsed = c.CPU.Total(), c.Elapsed
	}
	if elapsed <= 0 {
		return s
	}
	had := float64(elapsed) * float64(cpus)
	s.used = float64(used) / had
	// Threads of the server also wait for each other, all at the same time. What others
	// took is what neither the server used nor nobody, and it counts as far as the
	// server's threads waited at all.
	if c.DelayErr == nil && c.IdleErr == nil {
		others := max(0, 1-s.used-float64(c.Idle)/had)
		s.waited = min(float64(c.Delay)/had, others)
	}
	return s
}

// clientSide is the same of the generator's threads.
func clientSide(load *loadgen.Result) side {
	s := side{of: counted(len(load.Threads), "thread")}
	had := load.Elapsed.Seconds() * float64(len(load.Threads))
	if had <= 0 {
		return s
	}
	s.used = load.CPU.Total().Seconds() / had
	if load.CPU.Waited > 0 {
		s.waited = load.CPU.Waited.Seconds() / had
	}
	return s
}
