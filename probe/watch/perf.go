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
	counter *perf.Counter
	err     error // why there is none
}

func newCross(o Options) *cross {
	if !o.Perf {
		return nil
	}
	c := &cross{}
	c.counter, c.err = perf.NewCounter(o.Pid)
	return c
}

// read returns the switches since it was made.
func (c *cross) read() (uint64, error) {
	if c == nil {
		return 0, errNoPerf
	}
	if c.err != nil {
		return 0, c.err
	}
	totals, err := c.counter.Read()
	return totals[perf.ContextSwitches], err
}

// unsure is perf.Counter.Unsure.
func (c *cross) unsure() int {
	if c == nil || c.counter == nil {
		return 0
	}
	return c.counter.Unsure()
}

var errNoPerf = errors.New("perf events were not asked for")

func (c *cross) close() error {
	if c == nil || c.counter == nil {
		return nil
	}
	return c.counter.Close()
}

// disagree says how the two counts differ, if they do by more than can be explained.
// Perf may be lower, by up to four switches for each worker that ended: the kernel takes
// its events off before its way out of memory and files (2.3 seen, on a busy machine).
// It has no reason to be higher but what happens between two readings.
func (c Counted) disagree(ended uint64) string {
	own := c.Switches.Voluntary + c.Switches.Involuntary + c.Switches.Rest
	slack := own/50 + c.Switches.Uncertain + uint64(c.Threads)
	lower := min(slack+4*ended, own/2+slack) // half of all is no way out any more
	if c.Perf <= own+slack && own <= c.Perf+lower {
		return ""
	}
	return fmt.Sprintf("perf events counted %d context switches of the tree, /proc and the board %d", c.Perf, own)
}
