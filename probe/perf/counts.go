package perf

import (
	"fmt"
	"time"
)

// Switches are context switches of one or more threads, split as getrusage(2) splits them.
type Switches struct {
	Voluntary   uint64 // the thread blocked, gave the CPU away or ended: nvcsw
	Involuntary uint64 // it was preempted, or its time was over: nivcsw
}

// Total is both together.
func (s Switches) Total() uint64 { return s.Voluntary + s.Involuntary }

// Plus is the sum.
func (s Switches) Plus(o Switches) Switches {
	return Switches{s.Voluntary + o.Voluntary, s.Involuntary + o.Involuntary}
}

// Thread is what a [Trace] saw of one thread. Ids are those of the initial pid namespace. An id that was used twice
// gives two threads.
type Thread struct {
	Tid    int
	Tgid   int    // its process; 0 if only its very last switch was seen
	Parent int    // the process that created its process; 0 if nothing told
	Comm   string // its name at its last switch, or its process's
	Switches
	Ending  uint64 // how many of these came after its exit had begun, the one that ends it included: a Counter misses them
	Started bool   // it was created in the window
	Exited  bool   // it ended in the window
}

// Counts is the result of a [Trace].
type Counts struct {
	// Threads are those of the trees of Options.Roots, also those that never switched, sorted by id and age; without
	// roots, all that switched, were created or ended on the machine.
	Threads []Thread
	Other   Switches // of threads that belong to no root
	// Unplaced are switches of threads that may or may not belong to a root: they were not in /proc at the beginning
	// and the trace has not seen who created their process, because it was created or ended in the milliseconds
	// between the first look at /proc and the second. Without roots they are listed and it is 0.
	Unplaced Switches

	Events    uint64        // switches, idle thread excepted, by the kernel's own count
	Lost      uint64        // records that found no room in a ring, of any kind
	Throttled uint64        // times that the kernel paused an event
	Window    time.Duration // from the first CPU's beginning to the last one's end
}

// Complete says whether the counts are exact. A trace with losses is no oracle: take a larger Options.Ring, or less load.
func (c *Counts) Complete() error {
	if c.Lost == 0 && c.Throttled == 0 {
		return nil
	}
	return fmt.Errorf("perf: the trace lost %d records of %d switches and was throttled %d times: the counts are too low; trace with a larger ring or under less load",
		c.Lost, c.Events, c.Throttled)
}

// Sum adds up the threads that keep accepts, all with nil.
func (c *Counts) Sum(keep func(Thread) bool) Switches {
	var sum Switches
	for _, t := range c.Threads {
		if keep == nil || keep(t) {
			sum = sum.Plus(t.Switches)
		}
	}
	return sum
}
