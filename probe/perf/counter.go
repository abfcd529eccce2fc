package perf

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Totals are the numbers of a [Counter] since it was made; it has exactly the events that were asked for.
type Totals map[Event]uint64

// Counter counts the context switches of a process tree. Its methods belong to one goroutine at a time.
//
// It holds one descriptor a thread and event, of the threads that existed when it was made; whatever these create later
// is inherited by the kernel's own means and costs no descriptor, and what ended stays counted. Three things it does not
// see:
//
//   - the switches of a thread's end: the kernel takes the events off early in its exit. It is one as a rule, and more
//     for the last thread of a process, which takes the address space apart (Thread.Ending of a Trace has them);
//   - a thread that was created while the counter was being made, by one that had no event yet: see Unsure. So make the
//     counter before the load begins;
//   - voluntary or not, without VoluntarySwitches: the software event is one for both.
//
// It needs what Support.Thread names, and for processes of another user root or CAP_PERFMON; VoluntarySwitches needs
// tracefs as well, which is root's. Each event adds its part to every switch of the tree: 1.2 µs the
// software event, 0.6 the tracepoint (BenchmarkSwitch).
type Counter struct {
	events []Event
	point  *tracepoint // nil without VoluntarySwitches
	fds    []int       // in groups of len(events), a group for each thread
	unsure int
}

// NewCounter attaches to every thread of process pid and of its descendants. Without events it counts context switches.
// The caller closes it.
func NewCounter(pid int, events ...Event) (*Counter, error) {
	if len(events) == 0 {
		events = []Event{ContextSwitches}
	}
	c := &Counter{events: slices.Clone(events)}
	if slices.Contains(events, VoluntarySwitches) {
		var err error
		if c.point, err = schedSwitch(); err != nil {
			return nil, err
		}
	}
	before, err := takeSnapshot([]int{pid})
	if err != nil {
		return nil, err
	}
	for tid := range before.threads {
		if err := c.attach(int(tid)); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	if len(c.fds) == 0 {
		return nil, refuse(fmt.Sprintf("threads of process %d", pid), "perf_event_open", ofThread, unix.ESRCH)
	}
	after, err := takeSnapshot([]int{pid})
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	for tid := range after.threads {
		if _, old := before.threads[tid]; !old {
			c.unsure++
		}
	}
	return c, nil
}

// attach opens all events of a thread, or none if it has ended.
func (c *Counter) attach(tid int) error {
	fds := make([]int, 0, len(c.events))
	for _, event := range c.events {
		fd, err := c.open(event, tid)
		if err == nil {
			fds = append(fds, fd)
			continue
		}
		for _, fd := range fds {
			unix.Close(fd)
		}
		if errors.Is(err, unix.ESRCH) {
			return nil
		}
		return err
	}
	c.fds = append(c.fds, fds...)
	return nil
}

func (c *Counter) open(event Event, tid int) (int, error) {
	if event == VoluntarySwitches {
		return openVoluntary(c.point, tid)
	}
	return openSwitches(tid)
}

// Unsure is how many threads came to be while the counter was being made. Each is either inherited or missing; to attach
// to it could count it twice. 0 means that no thread is missing.
func (c *Counter) Unsure() int { return c.unsure }

// Read adds up all threads. It costs a read(2) a thread and event, 0.6 µs of CPU each: one event of 1,000 threads four
// times a second is 0.23% of a core (BenchmarkCounterRead). What is inherited is read along with its ancestor. After
// Close it is os.ErrClosed.
func (c *Counter) Read() (Totals, error) {
	if c.fds == nil {
		return nil, fmt.Errorf("perf: read a counter: %w", os.ErrClosed)
	}
	totals := make(Totals, len(c.events))
	for i, fd := range c.fds {
		n, err := readCount(fd)
		if err != nil {
			return nil, err
		}
		totals[c.events[i%len(c.events)]] += n
	}
	return totals, nil
}

// Close gives the descriptors back. The last one of VoluntarySwitches waits for the kernel's grace period, some 10 ms.
func (c *Counter) Close() error {
	var err error
	for _, fd := range c.fds {
		err = errors.Join(err, os.NewSyscallError("close", unix.Close(fd)))
	}
	c.fds = nil
	return err
}
