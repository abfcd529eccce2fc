package bench

import (
	"errors"
	"fmt"
	"time"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/probe/watch"
	"github.com/c10kit/c10kit/results"
)

// kernelCounts are the figures that the kernel keeps, and those of the scoreboard, each
// with a value or the reason why it has none.
func (w *window) kernelCounts(r *results.Result, load *loadgen.Result, c watch.Counted) {
	values, missing := c.Metrics(load)
	for m, v := range values {
		r.Set(m, v)
	}
	for m, why := range missing {
		r.Miss(m, why)
	}
	if w.series.queued {
		r.Set(results.AcceptQueue, w.series.queue)
	} else {
		r.Miss(results.AcceptQueue, w.series.unread(watch.QueueSource).Error())
	}
	for _, m := range []results.Metric{results.CswRuntime, results.WakeUps, results.TimedWakeUps, results.EAGAINs} {
		switch _, counted := values[m]; {
		case counted || missing[m] != "":
		case m == results.CswRuntime && c.SwitchesErr == nil:
			r.Miss(m, "no worker can be named: the two others are of the whole tree")
		case c.TreeErr == nil:
			r.Miss(m, "the server keeps no scoreboard")
		default:
			r.Miss(m, c.TreeErr.Error())
		}
	}
	r.Notes = append(r.Notes, c.Notes()...)
	switch err := w.series.errs[watch.PerfSource]; {
	case !w.plan.Perf:
	case c.PerfErr != nil:
		r.Notes = append(r.Notes, "no perf events: "+c.PerfErr.Error())
	case c.PerfVoluntaryErr != nil:
		r.Notes = append(r.Notes, "perf events count all switches in one: "+c.PerfVoluntaryErr.Error())
	case err != nil:
		r.Notes = append(r.Notes, "no series of perf events: "+err.Error())
	}
	r.PerWorker = c.PerWorker
}

// limits are the figures that the verdict rests on.
func (w *window) limits(load *loadgen.Result, c watch.Counted) limits {
	l := limits{
		spec: w.cell.Spec(), conns: w.cell.Conns, neverServed: load.NeverServed, slowConnects: load.SlowConnects,
		overflows: c.Overflows, queue: c.Queue, segments: c.Segments, retransmits: c.Retransmits,
		failed: load.Elapsed > 0 && load.Requests == 0,
	}
	unknown := w.edgeErr
	if w.traits.Tree {
		unknown = c.CPUErr
	} else {
		l.concurrency = w.traits.Concurrency(w.cell.Workers)
	}
	for _, f := range load.Failures {
		if f.Class == loadgen.ClassPorts {
			l.ports += f.Count
		}
	}
	l.server, l.client = w.serverSide(c), w.clientSide(load, c)
	l.server.unknown = unknown
	return l
}

// lacking are the figures that the verdict would rest on as well and that are not known: a
// side may have had less time than its evidence says. Where nothing is known of the server,
// the evidence says that.
func (l limits) lacking(load *loadgen.Result, c watch.Counted) (notes []string) {
	if load.Elapsed <= 0 || l.server.unknown != nil {
		return nil
	}
	lack := func(what string, err error) {
		notes = append(notes, fmt.Sprintf("the verdict was found without %s: %v", what, err))
	}
	if c.DelayErr != nil {
		lack("the time that the server waited for a processor", c.DelayErr)
	}
	if c.IdleErr != nil {
		lack("the time that others and the hypervisor took from the processors", c.IdleErr)
	}
	if load.CPU.Waited < 0 {
		lack("the time that the generator waited for a processor", errNoSchedule)
	}
	return notes
}

var errNoSchedule = errors.New("the kernel keeps no schedstat of its threads (CONFIG_SCHED_INFO)")

// serverSide is the share of the processors that the server could use which it did use:
// those that it was given, but no more than it has workers, or threads where no worker can
// be named.
func (w *window) serverSide(c watch.Counted) side {
	given := max(len(w.plan.Layout.Server), 1)
	cpus := given
	switch {
	case w.cell.Workers > 0:
		cpus = min(given, w.cell.Workers)
	case c.CPUErr == nil && c.Threads > 0:
		cpus = min(given, c.Threads)
	}
	s := side{of: counted(cpus, "CPU")}
	win := w.after.Sub(w.before)
	used, elapsed := win.User+win.Sys, win.Elapsed
	if w.traits.Tree {
		used, elapsed = c.CPU.Total(), c.Elapsed
	}
	if elapsed <= 0 {
		return s
	}
	s.used = float64(used) / float64(elapsed) / float64(cpus)
	if c.DelayErr == nil && c.Elapsed > 0 {
		s.waited = min(waited(c, s.used*float64(cpus), given)/float64(cpus), max(0, 1-s.used))
	}
	s.stolen = min(stolenFrom(c, s.used*float64(cpus), given)/float64(cpus), max(0, 1-s.used-s.waited))
	if t := c.Busiest; cpus > 1 && c.DelayErr == nil && c.Elapsed > 0 {
		s.thread = float64(t.Ran+t.Delay) / float64(c.Elapsed)
		s.thread += min(stolenFrom(c, float64(t.Ran)/float64(c.Elapsed), given), max(0, 1-s.thread))
	}
	return s
}

// waited is for how many processors the server's threads waited, on average, because
// others were on them; used is on how many it ran, of those that it was given.
//
// Threads of the server also wait for each other, all at the same time. What others took is
// what neither the server used nor nobody, and it counts as far as the server's threads
// waited at all.
func waited(c watch.Counted, used float64, given int) float64 {
	if c.IdleErr != nil {
		return 0
	}
	elapsed := float64(c.Elapsed)
	others := float64(given) - used - float64(c.Idle+c.Stolen)/elapsed
	return max(0, min(float64(c.Delay)/elapsed, others))
}

// stolenFrom is for how many processors the hypervisor kept threads of the server from
// running, which ran on so many of those that it was given. A processor is stolen only while
// something wants to run on it, so of all that was stolen these threads lost as large a part
// as they had of all that ran there: all of it on processors of their own. When a thread was
// on which processor nobody knows.
func stolenFrom(c watch.Counted, ran float64, given int) float64 {
	if c.IdleErr != nil || c.Elapsed <= 0 {
		return 0
	}
	taken := float64(c.Stolen) / float64(c.Elapsed)
	busy := float64(given) - float64(c.Idle)/float64(c.Elapsed) - taken
	if busy <= ran {
		return taken
	}
	return taken * ran / busy
}

// stolen is which share of each of its processors the hypervisor had taken from the
// generator, whose threads have one each and use it all the time that they may.
func stolen(taken time.Duration, c watch.Counted, cpus int, s side) float64 {
	if c.IdleErr != nil || c.Elapsed <= 0 {
		return 0
	}
	share := float64(taken) / float64(c.Elapsed) / float64(max(cpus, 1))
	return min(share, max(0, 1-s.used-s.waited))
}

// clientSide is the same of the generator's threads, each of which has a processor of its
// own (loadCPUs).
func (w *window) clientSide(load *loadgen.Result, c watch.Counted) side {
	s := side{of: counted(len(load.Threads), "thread")}
	had := load.Elapsed.Seconds() * float64(len(load.Threads))
	if had <= 0 {
		return s
	}
	s.used = load.CPU.Total().Seconds() / had
	if load.CPU.Waited > 0 {
		// A wait is booked when it ends, so that of an edge falls into one window whole.
		s.waited = min(load.CPU.Waited.Seconds()/had, max(0, 1-s.used))
	}
	s.stolen = stolen(c.LoadStolen, c, len(load.Threads), s)
	return s
}
