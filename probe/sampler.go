package probe

import (
	"context"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Values are figures by name: "csw-vol", "tw-standing-server" ...
type Values map[string]float64

// Source is something that can be read again and again during a measurement.
type Source struct {
	// Name is what errors of the source are filed under.
	Name string
	// Cost is a first guess of the CPU time of one Read. The sampler measures it
	// from then on; but a source without a guess that turns out to be dear has
	// been read once without asking whether there is room for it.
	Cost time.Duration
	// Weight is how many parts of the budget it may have where others have one, if it is
	// dear; its first read, from which differences count, is then not put off. 0 stands
	// for 1.
	Weight float64
	// Read adds its figures to into. It is called by the sampler's thread, one
	// source at a time. It may add nothing, when it does its work in several parts.
	// On an error what it has added so far stands.
	Read func(into Values) error
}

// Sample is what was read at one tick.
type Sample struct {
	At time.Time
	// Values has the figures of the sources that were read at this tick, and no
	// others: what is missing was not read, for its cost.
	Values Values
	// Errors has the errors of sources, by name; nil if there were none.
	Errors map[string]error
}

// The defaults of a Sampler: design.md, section 5.
const (
	Interval = 250 * time.Millisecond
	Share    = 0.005
)

// Sampler reads sources at an interval within a budget: a probe that is felt by
// what it measures is none. The budget is kept by the clock of its own thread
// (CLOCK_THREAD_CPUTIME_ID), so it holds for whatever the caller adds, sample
// handling included.
type Sampler struct {
	// Interval is how often cheap sources are read. 0 stands for the default.
	Interval time.Duration
	// Share is the budget in processors: 0.005 is half a percent of one. 0 stands
	// for the default.
	Share float64
	// Sources are read in the order of their cost.
	Sources []Source
}

// Cost is what sampling has cost.
type Cost struct {
	CPU     time.Duration // of the sampler's thread
	Elapsed time.Duration
	Sources map[string]SourceCost
}

// SourceCost is what one source has cost.
type SourceCost struct {
	Reads int
	CPU   time.Duration // all together
}

// Share returns the part of a processor that sampling took.
func (c Cost) Share() float64 { return float64(c.CPU) / float64(max(c.Elapsed, 1)) }

// Run samples until ctx is done and hands each sample to emit, on its own thread:
// what emit costs is charged to the budget. It returns what it has cost, and an
// error only if the thread's clock cannot be read.
func (s *Sampler) Run(ctx context.Context, emit func(Sample)) (Cost, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	base, err := threadCPU()
	if err != nil {
		return Cost{}, err
	}
	run := sampling{Sampler: s, base: base, began: time.Now(), cost: Cost{Sources: map[string]SourceCost{}}}
	run.plan = planner{interval: s.Interval, share: s.Share}
	if s.Interval == 0 {
		run.plan.interval = Interval
	}
	if s.Share == 0 {
		run.plan.share = Share
	}
	for _, source := range s.Sources {
		run.plan.sources = append(run.plan.sources, plan{cost: source.Cost, weight: source.Weight})
	}
	ticker := time.NewTicker(run.plan.interval)
	defer ticker.Stop()
	for {
		run.tick(emit)
		select {
		case <-ctx.Done():
			run.cost.CPU, run.cost.Elapsed = run.spent(), time.Since(run.began)
			return run.cost, nil
		case <-ticker.C:
		}
	}
}

// sampling is a Sampler that runs.
type sampling struct {
	*Sampler
	plan  planner
	base  time.Duration
	began time.Time
	cost  Cost
	last  time.Duration // spent at the end of the last tick
}

// spent is the CPU time since the start. That the clock can be read has been seen.
func (s *sampling) spent() time.Duration {
	now, _ := threadCPU()
	return now - s.base
}

func (s *sampling) tick(emit func(Sample)) {
	now := time.Now()
	since := now.Sub(s.began)
	sample := Sample{At: now, Values: Values{}}
	var reads time.Duration
	for _, i := range s.plan.due(since, s.spent()) {
		source := &s.Sources[i]
		before := s.spent()
		if err := source.Read(sample.Values); err != nil {
			if sample.Errors == nil {
				sample.Errors = map[string]error{}
			}
			sample.Errors[source.Name] = err
		}
		cost := s.spent() - before
		s.plan.read(i, since, cost)
		reads += cost
		c := s.cost.Sources[source.Name]
		s.cost.Sources[source.Name] = SourceCost{c.Reads + 1, c.CPU + cost}
	}
	emit(sample)
	spent := s.spent()
	s.plan.tick(max(spent-s.last-reads, 0))
	s.last = spent
}

// threadCPU is the CPU time of the calling thread.
func threadCPU() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0, os.NewSyscallError("clock_gettime", err)
	}
	return time.Duration(ts.Nano()), nil
}
