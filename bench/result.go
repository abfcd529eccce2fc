package bench

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
	"github.com/c10kit/c10kit/results"
)

// result puts together what the load and the server counted.
func (w *window) result(load *loadgen.Result, t models.Traits) results.Result {
	r := results.Result{Cell: w.cell, Requests: load.Requests, NeverServed: load.NeverServed}
	if s := load.Elapsed.Seconds(); s > 0 {
		r.Set(results.ReqPerSec, float64(load.Requests)/s)
		r.Set(results.ConnPerSec, float64(load.Conns.Opened)/s)
	}
	latencies(&r, load.Total)
	w.serverCosts(&r, t)
	r.Set(results.Errors, float64(load.Window.Failed))
	for _, f := range load.Failures {
		if r.Errors == nil {
			r.Errors = map[string]uint64{}
		}
		r.Errors[f.Phase.String()+"/"+f.Class.String()] = f.Count
	}
	if load.Interrupted {
		r.Notes = append(r.Notes, fmt.Sprintf("interrupted: the window is %v long", load.Elapsed.Round(time.Millisecond)))
	}
	r.Verdict = w.verdict(load, t)
	r.MissRest("not counted yet: the kernel's counters come with the probe")
	return r
}

// percentiles are the published ones with the smallest number of answers for which
// they can be told: below it the exact binomial 95% upper bound of the quantile
// does not exist (measurement rule R12).
var percentiles = []struct {
	metric results.Metric
	q      float64
	least  int64
}{
	{results.P50, 50, 6}, {results.P90, 90, 36}, {results.P99, 99, 368}, {results.P999, 99.9, 3688},
}

func latencies(r *results.Result, h *hdrhistogram.Histogram) {
	n := h.TotalCount()
	for _, p := range percentiles {
		if n < p.least {
			r.Miss(p.metric, fmt.Sprintf("it takes %d answers to tell, there were fewer", p.least))
			continue
		}
		r.Set(p.metric, float64(h.ValueAtQuantile(p.q)))
	}
	if n > 0 {
		r.Set(results.MaxLatency, float64(h.Max()))
	} else {
		r.Miss(results.MaxLatency, "no request was answered")
	}
}

// serverCosts are the differences of the server's clocks over the requests that it
// answered between the two readings, by its own board: both are of the same
// instants, which the load's window only comes close to.
func (w *window) serverCosts(r *results.Result, t models.Traits) {
	costs := []results.Metric{results.CPUPerReq, results.UserPerReq, results.SysPerReq, results.Allocs}
	win := w.after.Sub(w.before)
	why := ""
	switch {
	case w.edgeErr != nil:
		why = "the server did not answer: " + w.edgeErr.Error()
	case w.after == (control.Edge{}):
		why = "the window was never opened"
	case win.Requests == 0:
		why = "the server answered no request"
	}
	if why != "" {
		for _, m := range costs {
			r.Miss(m, why)
		}
		return
	}
	n := float64(win.Requests)
	r.Set(results.CPUPerReq, float64(win.User+win.Sys)/n)
	r.Set(results.UserPerReq, float64(win.User)/n)
	r.Set(results.SysPerReq, float64(win.Sys)/n)
	if t.Forks {
		r.Miss(results.Allocs, "no runtime counts the allocations of forked children; make proofs watches their RssAnon instead")
	} else {
		r.Set(results.Allocs, float64(win.Allocs)/n)
	}
}
