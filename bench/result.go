package bench

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/probe/watch"
	"github.com/c10kit/c10kit/results"
)

// result puts together what the load, the server and the kernel counted.
func (w *window) result(load *loadgen.Result) results.Result {
	r := results.Result{Cell: w.cell, Requests: load.Requests, NeverServed: load.NeverServed}
	if s := load.Elapsed.Seconds(); s > 0 {
		r.Set(results.ReqPerSec, float64(load.Requests)/s)
		r.Set(results.ConnPerSec, float64(load.Conns.Opened)/s)
	}
	latencies(&r, load.Total)
	counted := w.counted()
	w.kernelCounts(&r, load, counted)
	w.serverCosts(&r, load, counted)
	if load.Elapsed > 0 {
		r.Set(results.Errors, float64(load.Window.Failed))
	}
	if !load.Window.Balanced() || !load.Run.Balanced() {
		r.Notes = append(r.Notes, fmt.Sprintf("the load's book does not balance, which is a bug of it: %+v", load.Window))
	}
	for _, f := range load.Failures {
		if r.Errors == nil {
			r.Errors = map[string]uint64{}
		}
		r.Errors[f.Phase.String()+"/"+f.Class.String()] = f.Count
	}
	if load.Interrupted {
		r.Notes = append(r.Notes, fmt.Sprintf("interrupted: the window is %v long", load.Elapsed.Round(time.Millisecond)))
	}
	limits := w.limits(load, counted)
	r.Verdict = limits.verdict()
	r.Notes = append(r.Notes, limits.lacking(load, counted)...)
	r.MissRest(neverOpened)
	return r
}

// neverOpened is why figures are missing of a load that ended in its warm-up.
const neverOpened = "the window was never opened"

// percentiles are the published ones.
var percentiles = []struct {
	metric results.Metric
	q      float64
}{
	{results.P50, 0.5}, {results.P90, 0.9}, {results.P99, 0.99}, {results.P999, 0.999},
}

func latencies(r *results.Result, h *hdrhistogram.Histogram) {
	n := uint64(h.TotalCount())
	for _, p := range percentiles {
		if !results.Enough(p.q, n) {
			r.Miss(p.metric, fmt.Sprintf("it takes %d answers to tell, there were fewer", results.Needed(p.q)))
			continue
		}
		r.Set(p.metric, float64(h.ValueAtQuantile(100*p.q)))
	}
	if n > 0 {
		r.Set(results.MaxLatency, float64(h.Max()))
	} else {
		r.Miss(results.MaxLatency, "no request was answered")
	}
}

// counted is what the watch says, or everything missing for the reason that there is
// no watch.
func (w *window) counted() watch.Counted {
	if w.watch == nil {
		return watch.Missing(w.watchErr)
	}
	return w.watch.Counted()
}

// serverCosts are the CPU time and allocations per request.
//
// A model of ours tells its own clocks, exact to the nanosecond and with the requests
// that its board had counted at the same instant. For a tree of which no worker is ours
// it is the tree's clocks over the requests that the load saw answered.
func (w *window) serverCosts(r *results.Result, load *loadgen.Result, counted watch.Counted) {
	win := w.after.Sub(w.before)
	user, sys, n := win.User, win.Sys, float64(win.Requests)
	why := ""
	if w.traits.Tree {
		user, sys, n = counted.CPU.User, counted.CPU.System, counted.Divisor(load)
	}
	switch {
	case w.traits.Tree && counted.CPUErr != nil:
		why = counted.CPUErr.Error()
	case !w.traits.Tree && w.edgeErr != nil:
		why = "the server did not answer: " + w.edgeErr.Error()
	case w.start.IsZero():
		why = neverOpened
	case n == 0:
		why = "the server answered no request"
	}
	if why != "" {
		for _, m := range []results.Metric{results.CPUPerReq, results.UserPerReq, results.SysPerReq, results.Allocs} {
			r.Miss(m, why)
		}
		return
	}
	r.Set(results.CPUPerReq, float64(user+sys)/n)
	r.Set(results.UserPerReq, float64(user)/n)
	r.Set(results.SysPerReq, float64(sys)/n)
	switch {
	case w.traits.Forks:
		r.Miss(results.Allocs, "no runtime counts the allocations of forked children; make proofs watches their RssAnon instead")
	case w.traits.Origin == models.Program:
		r.Miss(results.Allocs, "a foreign program does not say")
	default:
		r.Set(results.Allocs, float64(win.Allocs)/n)
	}
}
