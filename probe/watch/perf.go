package watch

import (
	"errors"
	"fmt"

	"github.com/c10kit/c10kit/probe/perf"
)

// cross counts all context switches of the tree by perf events, for those who have the
// right: a live series that costs little however many threads there are, and a second
// opinion on what was read from /proc. The window and the series have one each.
type cross struct {
	counter      *perf.Counter
	err          error // why there is none
	voluntaryErr error // why it has all in one number
}

func newCross(o Options) *cross {
	if !o.Perf {
		return nil
	}
	c := &cross{}
	c.counter, c.voluntaryErr = perf.NewCounter(o.Pid, perf.ContextSwitches, perf.VoluntarySwitches)
	if c.voluntaryErr != nil {
		c.counter, c.err = perf.NewCounter(o.Pid, perf.ContextSwitches)
	}
	return c
}

// crossed is what perf events have counted. Where all is there, so may voluntary be.
type crossed struct {
	all          uint64
	err          error
	voluntary    uint64
	voluntaryErr error
	unsure       int // threads that may be missing: perf.Counter.Unsure
}

// read returns the switches since it was made.
func (c *cross) read() crossed {
	switch {
	case c == nil:
		return crossed{err: errNoPerf, voluntaryErr: errNoPerf}
	case c.err != nil:
		return crossed{err: c.err, voluntaryErr: c.err}
	}
	totals, err := c.counter.Read()
	if err != nil {
		return crossed{err: err, voluntaryErr: err}
	}
	return crossed{
		all: totals[perf.ContextSwitches], voluntary: totals[perf.VoluntarySwitches], voluntaryErr: c.voluntaryErr,
		unsure: c.counter.Unsure(),
	}
}

var errNoPerf = errors.New("perf events were not asked for")

func (c *cross) close() error {
	if c == nil || c.counter == nil {
		return nil
	}
	return c.counter.Close()
}

// disagree says how the two counts differ, if they do by more than can be explained: in all
// and, where the tracepoint may be counted, in the voluntary and the involuntary ones apart.
func (c Counted) disagree(ended uint64) string {
	s := c.Switches
	own := s.Voluntary + s.Involuntary + s.Rest
	if !c.alike(c.Perf, own, own, ended) {
		return fmt.Sprintf("perf events counted %d context switches of the tree, /proc and the board %d", c.Perf, own)
	}
	if c.PerfVoluntaryErr != nil {
		return ""
	}
	// Of some of the rest nobody knows which they were.
	divided := s.RestVoluntary + s.RestInvoluntary
	open := s.Rest - min(divided, s.Rest)
	for _, kind := range []struct {
		name        string
		perf, least uint64
	}{
		{"voluntary", c.PerfVoluntary, s.Voluntary + s.RestVoluntary},
		{"involuntary", c.Perf - min(c.PerfVoluntary, c.Perf), s.Involuntary + s.RestInvoluntary},
	} {
		if !c.alike(kind.perf, kind.least, kind.least+open, ended) {
			return fmt.Sprintf("perf events counted %d %s context switches of the tree, /proc and the board %d", kind.perf, kind.name, kind.least)
		}
	}
	return ""
}

// alike reports whether what perf events counted and what was counted otherwise, from least
// to most, may be the same. Perf may be lower, by up to four switches for each worker that
// ended: the kernel takes its events off before its way out of memory and files (2.3 seen,
// on a busy machine). It may be higher by what happens between two readings, for each thread
// once, and by a switch for each worker that nobody asked for the beginning of its way out.
func (c Counted) alike(perf, least, most, ended uint64) bool {
	s := c.Switches
	slack := most/50 + s.Uncertain + uint64(c.Threads)
	// Half of all is no way out any more. Of the voluntary ones alone it may be: a forked
	// child that serves one connection has hardly another than its last.
	lower := min(slack+4*ended, (s.Voluntary+s.Involuntary+s.Rest)/2+slack)
	return perf <= most+slack+s.Unasked && least <= perf+lower
}
