package bench

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/probe/watch"
	"github.com/c10kit/c10kit/results"
)

// series is what a cell looks like while its window is open: what the load publishes
// and what the probe reads, each at its own pace, as samples of their own.
type series struct {
	cell string
	emit func(results.Sample)

	last   loadgen.Sample // of the load's goroutine
	isOpen bool           // the window is
	opened time.Duration  // on the load's clock

	stop context.CancelFunc
	done sync.WaitGroup

	began  time.Time // of the probe's goroutine
	before moment
	perf   watch.Sample // the last one with perf events
	queued bool         // it was read
	queue  float64      // the longest accept queue; read after end

	err  error            // why there was no sample; read after end
	errs map[string]error // the last one of each source; read after end
}

// moment is the state of the cumulative figures when switches were last published.
type moment struct {
	known                    bool
	requests, vol, invol, rt float64
	wakeUps, eagains         float64
}

func newSeries(w *window) *series {
	s := &series{cell: w.cell.ID, emit: w.sample, stop: func() {}}
	if s.emit == nil {
		s.emit = func(results.Sample) {}
	}
	return s
}

// begin starts the probe's part.
func (s *series) begin(o watch.Options) {
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.began, s.errs = stop, time.Now(), map[string]error{}
	s.done.Go(func() { _, s.err = watch.Series(ctx, o, s.probed) })
}

func (s *series) end() {
	s.stop()
	s.done.Wait()
}

// unread is why a source was never read.
func (s *series) unread(source string) error {
	return cmp.Or(s.err, s.errs[source], errNoSample)
}

var errNoSample = errors.New("no sample of the window saw it")

// loaded turns the load's running totals into a sample: the first of the window is its
// opening, each other one tells of the time since the one before. An end that comes
// shortly after a sample, as by count, is too short to make a rate of.
func (s *series) loaded(now loadgen.Sample) {
	if !now.Window {
		return
	}
	if !s.isOpen {
		s.isOpen, s.opened, s.last = true, now.At, now
		return
	}
	last := s.last
	dt := (now.At - last.At).Seconds()
	if dt <= 0 || now.Last && dt < shortest.Seconds() {
		return
	}
	s.last = now
	s.emit(results.Sample{
		Cell: s.cell,
		T:    (now.At - s.opened).Seconds(),
		Values: map[results.Metric]float64{
			results.ReqPerSec:  float64(now.OK-last.OK) / dt,
			results.ConnPerSec: float64(now.Opened-last.Opened) / dt,
			results.Errors:     float64(now.Failed - last.Failed),
		},
		Latencies: latenciesSince(now.Latencies, last.Latencies),
	})
}

// shortest is the shortest time of which a rate is told.
const shortest = 25 * time.Millisecond

// probed turns a sample of the probe into one of the results. What was not read this
// time is absent.
func (s *series) probed(now watch.Sample) {
	maps.Copy(s.errs, now.Errors)
	values := map[results.Metric]float64{}
	for from, to := range map[string]results.Metric{
		"procs": results.Procs, "threads": results.Threads, watch.Queued: results.AcceptQueue,
		watch.StandingServer: results.TimeWaitStandingServer, watch.StandingClient: results.TimeWaitStandingClient,
	} {
		if v, ok := now.Values[from]; ok {
			values[to] = v
		}
	}
	s.perSecond(now, values)
	if n, ok := now.Values[watch.Queued]; ok {
		s.queued, s.queue = true, max(s.queue, n)
	}
	s.perRequest(now, values)
	if len(values) == 0 && now.PerWorker == nil {
		return
	}
	s.emit(results.Sample{Cell: s.cell, T: now.At.Sub(s.began).Seconds(), Values: values, PerWorker: now.PerWorker})
}

// perSecond adds the switches that perf events counted since the sample before that had them.
func (s *series) perSecond(now watch.Sample, values map[results.Metric]float64) {
	if _, ok := now.Values[watch.Perf]; !ok {
		return
	}
	before := s.perf
	s.perf = now
	dt := now.At.Sub(before.At).Seconds()
	for from, to := range map[string]results.Metric{watch.Perf: results.SwitchesPerSec, watch.PerfVoluntary: results.VoluntaryPerSec} {
		n, ok1 := now.Values[from]
		was, ok2 := before.Values[from]
		if ok1 && ok2 && dt > 0 {
			values[to] = (n - was) / dt
		}
	}
}

// perRequest adds the figures per request since they were published before, which
// takes a scoreboard: without one nobody says how many requests those were.
func (s *series) perRequest(now watch.Sample, values map[results.Metric]float64) {
	v := now.Values
	vol, ok := v["csw-vol"]
	requests, counted := v[watch.Requests]
	if !ok || !counted {
		return
	}
	m := moment{
		known: true, requests: requests, vol: vol, invol: v["csw-invol"], rt: v["csw-runtime"],
		wakeUps: v[watch.WakeUps], eagains: v[watch.EAGAINs],
	}
	before := s.before
	s.before = m
	n := requests - before.requests
	if !before.known || n <= 0 {
		return
	}
	values[results.CswVoluntary] = (m.vol - before.vol) / n
	values[results.CswInvoluntary] = (m.invol - before.invol) / n
	if _, named := v["csw-runtime"]; named {
		values[results.CswRuntime] = (m.rt - before.rt) / n
	}
	values[results.WakeUps] = (m.wakeUps - before.wakeUps) / n
	values[results.EAGAINs] = (m.eagains - before.eagains) / n
}

// latenciesSince is the difference of two readings of the load's coarse histogram, as
// far as the last bucket that is not 0.
func latenciesSince(now, before []uint64) []uint64 {
	var counts []uint64
	for i, n := range now {
		if i < len(before) {
			n -= before[i]
		}
		if n == 0 {
			continue
		}
		for len(counts) < i {
			counts = append(counts, 0)
		}
		counts = append(counts, n)
	}
	return counts
}
