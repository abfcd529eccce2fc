package perf

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math/bits"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	drainEvery = 50 * time.Millisecond // at the latest; a ring that is a quarter full calls earlier
	// A record's time is taken before the record is published. In between the CPU runs with interrupts off, but a
	// hypervisor may take it away: what is older than this when a drain begins is taken to be complete.
	settle = 20 * time.Millisecond
)

// Options of a [Trace].
type Options struct {
	// Roots are processes; they, all their descendants and all their threads are listed, the rest of the machine is one
	// sum. Empty: every thread of the machine is listed.
	Roots []int
	// Ring is the memory for records of each CPU in bytes, rounded up to a power of two; 0 is DefaultRing. It must hold
	// what a CPU switches while the reader waits for one: a switch takes about 100 bytes.
	Ring int
}

// Trace is a running record of all context switches of the machine. Its methods belong to one goroutine at a time.
type Trace struct {
	options Options
	rings   []*ring
	poll    int // epoll: the rings and stop
	stop    int // eventfd
	book    *book
	decoder decoder
	begin   int64
	result  chan error // of the reader, once
	stopped bool
}

// ErrStopped is the answer to Stop after Stop or Close.
var ErrStopped = errors.New("perf: the trace is stopped")

// NewTrace begins to trace; the window begins before it returns. The caller ends it with Stop, or with Close if it does
// not want the result. It needs what Support.Tracepoint names.
//
// It costs some 1.3 µs of CPU for each switch on the machine (BenchmarkSwitch: 2.8 µs without a trace, 4.1 with one),
// the drain of the rings by a goroutine of this process included. So a run that is traced is no run whose speed is
// published. Closing it waits for the kernel's grace periods, some 10 ms.
func NewTrace(o Options) (*Trace, error) {
	if err := hostPIDs(); err != nil {
		return nil, err
	}
	t := &Trace{options: o, poll: -1, stop: -1, book: newBook(), result: make(chan error, 1)}
	if err := t.open(); err != nil {
		return nil, errors.Join(err, t.release())
	}
	if err := t.start(); err != nil {
		return nil, errors.Join(err, t.release())
	}
	go func() { t.result <- t.read() }()
	return t, nil
}

func (t *Trace) open() error {
	point, err := schedSwitch()
	if err != nil {
		return err
	}
	t.decoder.point = point
	cpus, err := onlineCPUs()
	if err != nil {
		return err
	}
	if t.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if t.stop, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return os.NewSyscallError("eventfd2", err)
	}
	if err := t.watch(t.stop); err != nil {
		return err
	}
	for _, cpu := range cpus {
		r, err := openRing(point, cpu, ringSize(t.options.Ring))
		if err != nil {
			return err
		}
		t.rings = append(t.rings, r)
		if err := t.watch(r.fd); err != nil {
			return err
		}
	}
	return nil
}

func (t *Trace) watch(fd int) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(t.poll, unix.EPOLL_CTL_ADD, fd, &event))
}

// start looks at /proc, switches the events on, and looks again: who was born before the window and was not there at the
// first look is there at the second, unless it has ended in between (Counts.Unplaced).
func (t *Trace) start() error {
	if len(t.options.Roots) == 0 {
		return t.enable()
	}
	before, err := takeSnapshot(t.options.Roots)
	if err != nil {
		return err
	}
	t.book.seed(before, now())
	if err := t.enable(); err != nil {
		return err
	}
	after, err := takeSnapshot(t.options.Roots)
	if err != nil {
		return err
	}
	t.book.seed(after, now())
	t.book.forget(before, after)
	return nil
}

func (t *Trace) enable() error {
	t.begin = now()
	for _, r := range t.rings {
		if err := enable(r.fd); err != nil {
			return err
		}
	}
	return nil
}

// read drains the rings until stop is written, and then what is left.
func (t *Trace) read() error {
	events := make([]unix.EpollEvent, len(t.rings)+1)
	for {
		n, err := unix.EpollWait(t.poll, events, int(drainEvery/time.Millisecond))
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("epoll_wait", err)
		}
		last := slices.ContainsFunc(events[:max(n, 0)], func(e unix.EpollEvent) bool { return int(e.Fd) == t.stop })
		due := now() - int64(settle)
		for _, r := range t.rings {
			if err := r.drain(t.decoder.record); err != nil {
				return err
			}
		}
		if last {
			t.enter(1<<63 - 1)
			return nil
		}
		t.enter(due)
	}
}

// enter books what happened before due, in the order of time, and keeps the rest.
func (t *Trace) enter(due int64) {
	pending := t.decoder.pending
	slices.SortStableFunc(pending, func(a, b happening) int { return cmp.Compare(a.time, b.time) })
	n, _ := slices.BinarySearchFunc(pending, due, func(h happening, due int64) int { return cmp.Compare(h.time, due) })
	for i := range n {
		t.book.add(&pending[i])
	}
	t.decoder.pending = append(pending[:0], pending[n:]...)
}

// Stop ends the window and gives the account of it. The trace is over then, also after an error.
func (t *Trace) Stop() (*Counts, error) {
	if t.stopped {
		return nil, ErrStopped
	}
	t.stopped = true
	events, err := t.halt()
	window := time.Duration(now() - t.begin)
	err = errors.Join(err, t.join(), t.release())
	if err != nil {
		return nil, err
	}
	d := &t.decoder
	counts := t.book.close(len(t.options.Roots) == 0)
	counts.Events, counts.Window, counts.Throttled = events, window, d.throttled
	// LOST records come with the next record that fits, so those of the very end are known only by the difference.
	counts.Lost = max(d.lost, events-min(d.samples, events))
	return counts, nil
}

// Close ends the trace and drops what it has; after Stop it does nothing.
func (t *Trace) Close() error {
	if t.stopped {
		return nil
	}
	_, err := t.Stop()
	return err
}

// halt switches the events off and reads how many switches the kernel has counted.
func (t *Trace) halt() (events uint64, err error) {
	for _, r := range t.rings {
		err = errors.Join(err, disable(r.fd))
	}
	for _, r := range t.rings {
		n, readErr := readCount(r.fd)
		err = errors.Join(err, readErr)
		events += n
	}
	return events, err
}

func (t *Trace) join() error {
	_, err := unix.Write(t.stop, binary.NativeEndian.AppendUint64(nil, 1))
	if err != nil { // cannot happen to an eventfd at 0; without it the reader would never end
		return os.NewSyscallError("write", err)
	}
	return <-t.result
}

func (t *Trace) release() error {
	var err error
	for _, r := range t.rings {
		err = errors.Join(err, r.close())
	}
	for _, fd := range []int{t.poll, t.stop} {
		if fd >= 0 {
			err = errors.Join(err, os.NewSyscallError("close", unix.Close(fd)))
		}
	}
	t.rings, t.poll, t.stop = nil, -1, -1
	return err
}

func ringSize(asked int) int {
	if asked <= 0 {
		return DefaultRing
	}
	return max(minRing, 1<<bits.Len(uint(asked-1)))
}

// now is the clock of the records, CLOCK_MONOTONIC, in ns. Go's monotonic time is the same clock but does not show its
// value.
func now() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // fails only for a clock that does not exist, and every Linux has this one
	return ts.Nano()
}
